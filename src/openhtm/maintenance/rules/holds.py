"""Stretches of days in which the status of a device holds its visits."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date


@dataclass(frozen=True, slots=True)
class Hold:
    """The half-open days ``[from_on, to_on)``; None while it lasts. ``status`` is the status of the device."""

    from_on: date
    to_on: date | None = None
    status: str = ""

    def covers(self, day: date) -> bool:
        return self.from_on <= day and (self.to_on is None or day < self.to_on)


def stretches(holds: Iterable[Hold], *, today: date) -> tuple[Hold, ...]:
    """Return the holds as known on ``today``: touching ones joined (with the newest status), later facts left out.

    An end after ``today`` is not known yet, so a list of last March is the same whenever it is asked for.
    """
    known = (replace(one, to_on=None) if one.to_on and one.to_on > today else one for one in holds if one.from_on <= today)
    joined: list[Hold] = []
    for hold in sorted(known, key=lambda one: (one.from_on, one.to_on or date.max)):
        if hold.to_on and hold.to_on <= hold.from_on:
            continue
        if joined and (joined[-1].to_on is None or hold.from_on <= joined[-1].to_on):
            joined[-1] = _joined(joined[-1], hold)
        else:
            joined.append(hold)
    return tuple(joined)


def covering(joined: Iterable[Hold], day: date) -> Hold | None:
    """Return the stretch that covers ``day``."""
    return next((one for one in joined if one.covers(day)), None)


def _joined(first: Hold, second: Hold) -> Hold:
    if first.to_on is None or second.to_on is None:
        return Hold(first.from_on, None, second.status if second.to_on is None else first.status)
    lasting = second if second.to_on >= first.to_on else first
    return Hold(first.from_on, lasting.to_on, lasting.status)
