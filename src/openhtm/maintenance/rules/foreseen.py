"""Work to come by month, from rhythms: how often work that shares one rhythm falls into each month."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from openhtm.maintenance.rules.calendar import add_months, month_start


@dataclass(frozen=True, slots=True)
class Rhythm:
    """``visits`` schedules due first on ``first_on``, then every ``step_days`` or ``step_months``: one of the two is 0.

    With steps of months only the month of ``first_on`` counts. ``minutes`` is their work at each time, all together.
    """

    first_on: date
    step_days: int
    step_months: int
    visits: int
    minutes: int


@dataclass(slots=True)
class Months:
    """Visits and minutes of each month, and those due before the first of them."""

    first_on: date
    visits: list[int]
    minutes: list[int]
    owed_visits: int = 0
    owed_min: int = 0

    def add(self, other: Months) -> None:
        """Add the work of ``other``, which has as many months from the same one on."""
        self.visits = [mine + theirs for mine, theirs in zip(self.visits, other.visits, strict=True)]
        self.minutes = [mine + theirs for mine, theirs in zip(self.minutes, other.minutes, strict=True)]
        self.owed_visits += other.owed_visits
        self.owed_min += other.owed_min


def spread_over_months(rhythms: Iterable[Rhythm], *, first_on: date, months: int) -> Months:
    """Return how many visits fall into each of ``months`` months from that of ``first_on`` on.

    Of what was due before, only the first time is owed: later ones take over when their own time comes.
    """
    first_on = month_start(first_on)
    found = Months(first_on, [0] * months, [0] * months)
    bounds = [add_months(first_on, k) for k in range(months + 1)]
    for rhythm in rhythms:
        if rhythm.first_on < first_on:
            found.owed_visits += rhythm.visits
            found.owed_min += rhythm.minutes
        times = _by_months(rhythm, first_on, months) if rhythm.step_months else _by_days(rhythm, bounds)
        for month, count in times:
            found.visits[month] += count * rhythm.visits
            found.minutes[month] += count * rhythm.minutes
    return found


def _by_months(rhythm: Rhythm, first_on: date, months: int) -> Iterable[tuple[int, int]]:
    ahead = (rhythm.first_on.year - first_on.year) * 12 + rhythm.first_on.month - first_on.month
    begin = ahead if ahead >= 0 else ahead % rhythm.step_months
    return ((month, 1) for month in range(begin, months, rhythm.step_months))


def _by_days(rhythm: Rhythm, bounds: Sequence[date]) -> Iterable[tuple[int, int]]:
    """Count the days of the rhythm up to each bound; a month has those up to its end less those up to its start."""
    passed = [_times_before(rhythm, day) for day in bounds]
    return ((month, after - before) for month, (before, after) in enumerate(itertools.pairwise(passed)) if after > before)


def _times_before(rhythm: Rhythm, day: date) -> int:
    last = (day - timedelta(days=1) - rhythm.first_on).days
    return 0 if last < 0 else last // rhythm.step_days + 1
