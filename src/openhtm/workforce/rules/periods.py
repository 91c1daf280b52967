"""Time worked: half-open periods ``[start, end)``, counted once where they overlap, in whole calendar months.

Several periods are counted as one of the same number of days that ends on the last day worked. So one job of exactly
two years is 24 months whatever its months, breaks cost nothing but their own days, and another day never counts for less.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from openhtm.core.months import add_months


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from ``start`` up to, not including, ``end``. Raises ValueError if there is none."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"{self.start} to {self.end} holds no day")

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def clip(periods: Iterable[Period], *, start: date | None, end: date) -> list[Period]:
    """Return what of each period lies in ``[start, end)``."""
    bounds = ((max(one.start, start) if start else one.start, min(one.end, end)) for one in periods)
    return [Period(first, last) for first, last in bounds if first < last]


def merged(periods: Iterable[Period]) -> list[Period]:
    """Return the same days as separate periods in order; those that overlap or touch become one."""
    found: list[Period] = []
    for one in sorted(periods):
        if found and one.start <= found[-1].end:
            found[-1] = Period(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def days_in(periods: Iterable[Period]) -> int:
    """Return the days covered, each counted once."""
    return sum(one.days for one in merged(periods))


def whole_months(start: date, end: date) -> int:
    """Return the greatest number of months that fit into ``[start, end)``; 0 if it is empty."""
    if end <= start:
        return 0
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


def months_in(periods: Sequence[Period]) -> int:
    """Return the whole months of work in ``periods``, days counted once."""
    span = _as_one(periods)
    return whole_months(span.start, span.end) if span else 0


def months_short(periods: Sequence[Period], months: int) -> int:
    """Return how many further months, worked on from the last day, make ``months`` in all; 0 if there are enough."""
    span = _as_one(periods)
    if span is None:
        return months
    short = max(months - whole_months(span.start, span.end), 0)
    # the month after a 31st is a shorter one: 31 Jan to 28 Feb is a month, and to 28 Mar not yet two
    return short + 1 if short and whole_months(span.start, add_months(span.end, short)) < months else short


def _as_one(periods: Sequence[Period]) -> Period | None:
    if not periods:
        return None
    end = max(one.end for one in periods)
    return Period(end - timedelta(days=days_in(periods)), end)


def months_for_days(days: int, end: date) -> int:
    """Return the fewest whole months up to ``end`` that hold at least ``days`` days."""
    months = max(days // 31, 0)
    while (end - add_months(end, -months)).days < days:
        months += 1
    return months


def overlapping(periods: Sequence[Period]) -> list[tuple[int, int]]:
    """Return pairs of positions of periods that share a day, each with the nearest earlier one it meets."""
    order = sorted(range(len(periods)), key=lambda index: periods[index])
    found: list[tuple[int, int]] = []
    longest: int | None = None
    for index in order:
        if longest is not None and periods[index].start < periods[longest].end:
            found.append((longest, index))
        if longest is None or periods[index].end > periods[longest].end:
            longest = index
    return found
