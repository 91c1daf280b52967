"""The clocks of an order: targets that wait while the work waits for somebody else, and how long it took.

Times are aware datetimes, periods half-open, amounts whole seconds. Turnaround is shown in two figures, with and without the
time on hold (docs/reference/work-orders.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class TargetState(StrEnum):
    NONE = "none"
    RUNNING = "running"
    WAITING = "waiting"
    LATE = "late"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Hold:
    """A time on hold. ``until`` None: still. ``stops_clock``: the reason says that the targets wait too."""

    since: datetime
    until: datetime | None
    stops_clock: bool = True


def target_at(opened_at: datetime, minutes: int | None, *, held_s: int = 0) -> datetime | None:
    """Return when something of ``minutes`` is due, later by the seconds on hold; None without a target."""
    return None if minutes is None else opened_at + timedelta(minutes=minutes, seconds=held_s)


def seconds_on_hold(since: datetime, until: datetime) -> int:
    """Whole seconds of one hold, never negative: a clock that was set back gives none."""
    return max(int((until - since).total_seconds()), 0)


def held_seconds(holds: Sequence[Hold], *, until: datetime) -> int:
    """Seconds in which the clock stood before ``until``. Overlapping holds count once."""
    total, covered = timedelta(0), None
    for hold in sorted((h for h in holds if h.stops_clock), key=lambda h: h.since):
        start = hold.since if covered is None else max(hold.since, covered)
        end = until if hold.until is None else min(hold.until, until)
        if end > start:
            total += end - start
            covered = end
    return int(total.total_seconds())


def elapsed_seconds(opened_at: datetime, until: datetime, holds: Sequence[Hold]) -> int:
    """Seconds between the two moments in which the clock ran."""
    inside = [Hold(max(h.since, opened_at), h.until, h.stops_clock) for h in holds]
    return max(int((until - opened_at).total_seconds()), 0) - held_seconds(inside, until=max(until, opened_at))


def target_state(*, due_at: datetime | None, done_at: datetime | None, now: datetime, held_since: datetime | None = None) -> TargetState:
    """Say how a target stands. ``held_since``: the clock stands since then, so it is judged at that moment."""
    if due_at is None:
        return TargetState.NONE
    if done_at is not None:
        return TargetState.MET if done_at <= due_at else TargetState.MISSED
    if (held_since or now) > due_at:
        return TargetState.LATE
    return TargetState.RUNNING if held_since is None else TargetState.WAITING
