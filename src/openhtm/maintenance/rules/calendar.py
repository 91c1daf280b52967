"""Month arithmetic that never drifts, and which calendar day an instant belongs to.

A grid is ``anchor + k * interval`` counted from the anchor's own day: the 31st becomes 28 Feb in February and is the 31st
again in March. PostgreSQL's ``date + k * interval '1 month'`` clamps the same way.
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from openhtm.core.months import add_months as add_months


class Unit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_DAYS = {Unit.DAY: 1, Unit.WEEK: 7}
_MONTHS = {Unit.MONTH: 1, Unit.YEAR: 12}


def add_days(day: date, days: int) -> date:
    """Return the day ``days`` later, or earlier if negative."""
    return date.fromordinal(day.toordinal() + days)


def add_interval(day: date, n: int, unit: Unit | str) -> date:
    """Return ``day`` plus ``n`` units; ``n`` may be negative."""
    unit = Unit(unit)
    if unit in _DAYS:
        return add_days(day, n * _DAYS[unit])
    return add_months(day, n * _MONTHS[unit])


def grid_date(anchor: date, n: int, unit: Unit | str, k: int) -> date:
    """Return the ``k``-th date of the grid, counted from ``anchor`` itself (``k`` = 0); ``k`` may be negative."""
    return add_interval(anchor, n * k, unit)


def grid_index_on_or_after(anchor: date, n: int, unit: Unit | str, day: date) -> int:
    """Return the smallest ``k`` whose grid date is ``day`` or later. Raises ValueError if ``n`` < 1."""
    if n < 1:
        raise ValueError(f"an interval must be at least 1, got {n}")
    unit = Unit(unit)
    if unit in _DAYS:
        return -((anchor - day).days // (n * _DAYS[unit]))
    elapsed = (day.year - anchor.year) * 12 + day.month - anchor.month
    k = elapsed // (n * _MONTHS[unit])
    return k if grid_date(anchor, n, unit, k) >= day else k + 1


def first_grid_on_or_after(anchor: date, n: int, unit: Unit | str, day: date) -> date:
    """Return the first grid date that is ``day`` or later."""
    return grid_date(anchor, n, unit, grid_index_on_or_after(anchor, n, unit, day))


def nominal_days(n: int, unit: Unit | str) -> int:
    """Return how long an interval is by rule: a month counts 1461/48 days, so 12 months and a year are both 365."""
    unit = Unit(unit)
    return n * _DAYS[unit] if unit in _DAYS else n * _MONTHS[unit] * 1461 // 48


def month_start(day: date) -> date:
    """Return the first day of the month of ``day``."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """Return the last day of the month of ``day``."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def local_day(instant: datetime, zone: tzinfo) -> date:
    """Return the calendar day of ``instant`` on the wall clock of ``zone``. Raises ValueError for a naive ``instant``.

    Due dates are days of the facility. At 23:30 in Chicago it is already tomorrow in UTC; the work still counts for today.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return instant.astimezone(zone).date()


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the half-open ``[start, end)`` of ``day`` in ``zone``, in UTC: 23 or 25 hours long where the clock is changed.

    A midnight that the clock skips starts at the change; one that it shows twice starts at the first.
    """
    start, end = (datetime.combine(one, time.min, zone).astimezone(UTC) for one in (day, day + timedelta(days=1)))
    return start, end
