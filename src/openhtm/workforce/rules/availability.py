"""How many minutes somebody is there in a month: paid time by the days of their shift, less holidays and absences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

WORKWEEK = frozenset({1, 2, 3, 4, 5})
Period = tuple[date, date]
"""First day and first day no longer in it."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Minutes of one person in a period: paid by the rota, and how many of them fall on holidays and absences."""

    rota_min: int
    off_min: int

    @property
    def present_min(self) -> int:
        return self.rota_min - self.off_min


def days_worked(period: Period, weekdays: frozenset[int]) -> int:
    """How many days of ``period`` (half-open) fall on ``weekdays`` (Monday is 1). Constant time: no day is looked at."""
    first, until = period
    length = (until - first).days
    if length <= 0:
        return 0
    weeks, rest = divmod(length, 7)
    starts = first.isoweekday()
    return weeks * len(weekdays) + sum((starts - 1 + k) % 7 + 1 in weekdays for k in range(rest))


def clipped(period: Period, to: Period) -> Period:
    """The part of ``period`` inside ``to``; empty periods end where they begin."""
    first = max(period[0], to[0])
    return first, max(first, min(period[1], to[1]))


def presence(
    *, period: Period, weekly_min: int, weekdays: frozenset[int] = WORKWEEK, holidays: Iterable[date] = (), absences: Iterable[Period] = ()
) -> Presence:
    """Return the minutes of a person with ``weekly_min`` in ``period``.

    A holiday inside an absence counts once. Raises ValueError for a week without days of work.
    """
    if not weekdays:
        raise ValueError("a week needs at least one day of work")
    away = [clipped(one, period) for one in absences]
    free = {day for day in holidays if period[0] <= day < period[1] and day.isoweekday() in weekdays}
    free = {day for day in free if not any(first <= day < until for first, until in away)}
    off = len(free) + sum(days_worked(one, weekdays) for one in away)
    worked = days_worked(period, weekdays)
    return Presence(_minutes(weekly_min, worked, weekdays), _minutes(weekly_min, min(off, worked), weekdays))


def shift_min(*, starts_minute: int, ends_minute: int, break_min: int) -> int:
    """Paid minutes of a shift that may end after midnight. Minutes count from midnight. Never negative."""
    length = (ends_minute - starts_minute) % 1440 or 1440
    return max(length - break_min, 0)


def month_of(day: date) -> Period:
    """The month in which ``day`` lies."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def _minutes(weekly_min: int, days: int, weekdays: frozenset[int]) -> int:
    return round(weekly_min * days / len(weekdays))
