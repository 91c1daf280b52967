"""For which periods a readiness check is owed, and how each of them stands: derived, never stored.

A period is half-open: what is done at its end counts for the next one. Days and shifts are those of the facility's clocks, so a
shift in the night when the clocks change lasts an hour less or more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

DAY = dt.timedelta(days=1)


class Every(StrEnum):
    """How often a check is owed."""

    SHIFT = "shift"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class SlotState(StrEnum):
    """How one period stands."""

    DONE = "done"
    PROBLEM = "problem"
    MISSED = "missed"
    OPEN = "open"
    NOT_YET = "not_yet"


STATE_WORDS = {
    SlotState.DONE: "Done",
    SlotState.PROBLEM: "Done with a problem",
    SlotState.MISSED: "Missed",
    SlotState.OPEN: "Open now",
    SlotState.NOT_YET: "Not yet",
}


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a check is owed. ``shift_starts`` are times of day at the facility; ``week_days`` (1 Monday to 7) narrow shifts and days.

    ``ends_on`` is the last day on which it is owed. A shift that starts on it runs to its end; a week or month ends with it.
    """

    every: Every
    zone: ZoneInfo
    starts_on: dt.date
    ends_on: dt.date | None = None
    shift_starts: tuple[dt.time, ...] = ()
    week_days: frozenset[int] = frozenset()

    def owes(self, day: dt.date) -> bool:
        """Say whether a period may begin on ``day``."""
        if day < self.starts_on or (self.ends_on is not None and day > self.ends_on):
            return False
        return not self.week_days or self.every not in (Every.SHIFT, Every.DAILY) or day.isoweekday() in self.week_days


@dataclass(frozen=True, slots=True)
class Slot:
    """One period, ``[start, end)`` in UTC; ``day`` is the calendar day at the facility on which it begins."""

    start: dt.datetime
    end: dt.datetime
    day: dt.date

    def holds(self, moment: dt.datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Done:
    """One check done, at an instant, with or without a problem found."""

    at: dt.datetime
    problem: bool = False


def slots_between(rhythm: Rhythm, *, since: dt.datetime, until: dt.datetime) -> list[Slot]:
    """Return the periods that overlap ``[since, until)``, in order. They never overlap each other. Raises ValueError for a shift without starts."""
    if rhythm.every is Every.SHIFT and not rhythm.shift_starts:
        raise ValueError("a check of every shift needs the times at which the shifts start")
    first = max(since.astimezone(rhythm.zone).date() - DAY, rhythm.starts_on)
    found = takewhile(lambda slot: slot.start < until, _slots_from(rhythm, first))
    return [slot for slot in found if slot.end > since]


def slot_at(rhythm: Rhythm, moment: dt.datetime) -> Slot | None:
    """Return the period that holds ``moment``; None if nothing is owed then."""
    return next(
        (slot for slot in slots_between(rhythm, since=moment, until=moment + dt.timedelta(microseconds=1)) if slot.holds(moment)), None
    )


def next_slot(rhythm: Rhythm, *, after: dt.datetime) -> Slot | None:
    """Return the first period that begins later than ``after``; None if the check ends before."""
    first = max(after.astimezone(rhythm.zone).date() - DAY, rhythm.starts_on)
    return next((slot for slot in _slots_from(rhythm, first) if slot.start > after), None)


def state_of(slot: Slot, done: Iterable[Done], *, now: dt.datetime) -> SlotState:
    """Say how ``slot`` stands at ``now``. One problem marks the period, whatever was found after it."""
    inside = [one for one in done if slot.holds(one.at)]
    if inside:
        return SlotState.PROBLEM if any(one.problem for one in inside) else SlotState.DONE
    if now < slot.start:
        return SlotState.NOT_YET
    return SlotState.OPEN if now < slot.end else SlotState.MISSED


def states(slots: Sequence[Slot], done: Iterable[Done], *, now: dt.datetime) -> list[tuple[Slot, SlotState]]:
    """Say how each of ``slots`` (in order) stands: one pass over both."""
    waiting = sorted(done, key=lambda one: one.at)
    position, answers = 0, []
    for slot in slots:
        while position < len(waiting) and waiting[position].at < slot.start:
            position += 1
        begin = position
        while position < len(waiting) and waiting[position].at < slot.end:
            position += 1
        answers.append((slot, state_of(slot, waiting[begin:position], now=now)))
    return answers


def missed_runs(told: Sequence[tuple[Slot, SlotState]]) -> Iterator[tuple[Slot, int]]:
    """Yield every missed period with its place in its run of missed ones, counted from 1. Open ones do not end a run."""
    run = 0
    for slot, state in told:
        if state is SlotState.MISSED:
            run += 1
            yield slot, run
        elif state in (SlotState.DONE, SlotState.PROBLEM):
            run = 0


def _slots_from(rhythm: Rhythm, first: dt.date) -> Iterator[Slot]:
    """Yield periods from the one that holds the day ``first`` on, for as long as the check is owed."""
    bounds = {Every.SHIFT: _shift_bounds, Every.DAILY: _day_bounds, Every.WEEKLY: _week_bounds, Every.MONTHLY: _month_bounds}[rhythm.every]
    for (day, start), (_, end) in pairwise(_never_back(bounds(rhythm, first))):
        if rhythm.ends_on is not None and day > rhythm.ends_on:
            return
        if start < end and rhythm.owes(day):  # a day or hour that the clocks leave out is owed by nobody
            yield Slot(start, end, day)


Bound = tuple[dt.date, dt.datetime]


def _never_back(bounds: Iterator[Bound]) -> Iterator[Bound]:
    """Times within the hour that the clocks leave out come later than times after it: let no period end before it begins."""
    latest: dt.datetime | None = None
    for day, moment in bounds:
        latest = moment if latest is None else max(latest, moment)
        yield day, latest


def _day_bounds(rhythm: Rhythm, first: dt.date) -> Iterator[Bound]:
    for day in _days(first):
        yield day, _instant(day, dt.time(), rhythm.zone)


def _shift_bounds(rhythm: Rhythm, first: dt.date) -> Iterator[Bound]:
    starts = sorted(set(rhythm.shift_starts))
    for day in _days(first):
        for start in starts:
            yield day, _instant(day, start, rhythm.zone)


def _week_bounds(rhythm: Rhythm, first: dt.date) -> Iterator[Bound]:
    """Weeks begin on Monday; the first and the last may be shorter."""
    return _clipped(rhythm, _days(first - dt.timedelta(days=first.weekday()), step=7))


def _month_bounds(rhythm: Rhythm, first: dt.date) -> Iterator[Bound]:
    return _clipped(rhythm, _months(first.replace(day=1)))


def _clipped(rhythm: Rhythm, days: Iterator[dt.date]) -> Iterator[Bound]:
    last = None if rhythm.ends_on is None else rhythm.ends_on + DAY
    for day, following in pairwise(days):
        if following <= rhythm.starts_on:
            continue
        day = max(day, rhythm.starts_on)
        yield day, _instant(day, dt.time(), rhythm.zone)
        if last is not None and last < following:
            yield last, _instant(last, dt.time(), rhythm.zone)
            return


def _days(first: dt.date, *, step: int = 1) -> Iterator[dt.date]:
    ordinal = first.toordinal()
    while ordinal <= dt.date.max.toordinal():
        yield dt.date.fromordinal(ordinal)
        ordinal += step


def _months(first: dt.date) -> Iterator[dt.date]:
    year, month = first.year, first.month
    while year <= dt.MAXYEAR:
        yield dt.date(year, month, 1)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _instant(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """The instant of a time of day at the facility; of two equal ones the first, and one left out as if the clocks had waited."""
    return dt.datetime.combine(day, time, tzinfo=zone).astimezone(dt.UTC)
