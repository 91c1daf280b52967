"""Days that can be meant: outside of them somebody mistyped a year, and no page could count with it."""

from __future__ import annotations

import datetime as dt

from openhtm.core.errors import Invalid
from openhtm.ui.rules import formats

EARLIEST = dt.date(1930, 1, 1)
AHEAD = dt.timedelta(days=366 * 21)


def wrong_days(*, today: dt.date, ahead: dt.timedelta = AHEAD, **days: dt.date | None) -> dict[str, list[str]]:
    """Return the errors of days before 1930 or more than ``ahead`` after today, by the name of their field. None is no error."""
    last = today + ahead
    sentence = f"Give a day between {formats.day(EARLIEST)} and {formats.day(last)}."
    return {name: [sentence] for name, day in days.items() if day is not None and not EARLIEST <= day <= last}


def refuse_wrong_days(*, today: dt.date, ahead: dt.timedelta = AHEAD, **days: dt.date | None) -> None:
    """Raise Invalid for what ``wrong_days`` returns."""
    if errors := wrong_days(today=today, ahead=ahead, **days):
        raise Invalid(errors)
