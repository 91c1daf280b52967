"""How an order stands against its window or its target, in one word a technician reads while walking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Urgency(StrEnum):
    """In the order in which work is shown; the first is done first."""

    LATE = "late"
    GRACE = "grace"
    DUE = "due"
    IN_WINDOW = "in_window"
    NOT_OPEN = "not_open"
    OPEN = "open"


TONES: dict[Urgency, str] = {
    Urgency.LATE: "late", Urgency.GRACE: "due", Urgency.DUE: "due", Urgency.IN_WINDOW: "ok", Urgency.NOT_OPEN: "hold", Urgency.OPEN: "info",
}  # fmt: skip
RANKS: dict[Urgency, int] = {Urgency.LATE: 0, Urgency.GRACE: 1, Urgency.DUE: 2, Urgency.OPEN: 3, Urgency.IN_WINDOW: 4, Urgency.NOT_OPEN: 5}
"""A repair without a window stands before maintenance that has time."""
_HOUR_S, _DAY_S = 3600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What an order knows of its time: a window of days, or an instant by which it should be done. Either may be missing."""

    opens_on: date | None = None
    due_on: date | None = None
    on_time_until: date | None = None
    grace_until: date | None = None
    completion_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """``words`` is empty where nothing is to be said; ``rank`` sorts, smaller first."""

    urgency: Urgency
    words: str

    @property
    def tone(self) -> str:
        return TONES[self.urgency]

    @property
    def rank(self) -> int:
        return RANKS[self.urgency]


def standing(*, timing: Timing, today: date, now: datetime) -> Standing:
    """Return how the order stands ``today`` (a day of its facility) and ``now`` (aware). A window counts before a target."""
    if timing.due_on is not None:
        return _in_window(timing, timing.due_on, today)
    if timing.completion_due_at is None:
        return Standing(Urgency.OPEN, "")
    left_s = (timing.completion_due_at - now).total_seconds()
    if left_s < 0:
        return Standing(Urgency.LATE, f"Late {_span(-left_s)}")
    return Standing(Urgency.DUE if left_s < _DAY_S else Urgency.OPEN, f"{_span(left_s)} left")


def _in_window(timing: Timing, due_on: date, today: date) -> Standing:
    on_time = timing.on_time_until or due_on
    grace = timing.grace_until or on_time
    if today > grace:
        return Standing(Urgency.LATE, f"Late {(today - grace).days} d")
    if today > on_time:
        return Standing(Urgency.GRACE, "In grace")
    if today >= due_on:
        return Standing(Urgency.DUE, "Due")
    if timing.opens_on is None or today >= timing.opens_on:
        return Standing(Urgency.IN_WINDOW, "In window")
    return Standing(Urgency.NOT_OPEN, f"Opens in {(timing.opens_on - today).days} d")


def _span(seconds: float) -> str:
    if seconds >= 2 * _DAY_S:
        return f"{int(seconds // _DAY_S)} d"
    if seconds >= _HOUR_S:
        return f"{int(seconds // _HOUR_S)} h"
    return f"{max(int(seconds // 60), 1)} min"
