"""The due bar as numbers: where the window opens, the due day, the end of grace and today stand on one line."""

from dataclasses import dataclass
from datetime import date

from openhtm.ui.rules import formats


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWindow:
    """One due date with its tolerance: work counts as on time up to ``on_time_until`` (None: the due day), in grace up to ``grace_until``."""

    opens_on: date
    due_on: date
    grace_until: date
    today: date
    on_time_until: date | None = None

    @property
    def last_on_time(self) -> date:
        return self.on_time_until or self.due_on

    def __post_init__(self) -> None:
        if not self.opens_on <= self.due_on <= self.last_on_time <= self.grace_until:
            raise ValueError("a window must open before it is due, and be due before its grace ends")


@dataclass(frozen=True, slots=True)
class DueMarks:
    """Positions on the bar in percent of its width, 0 to 100: ``due`` is the end of the time that counts as on time; ``now`` is free."""

    opens: float
    due: float
    grace: float
    now: float


def marks(window: DueWindow) -> DueMarks:
    """Lay the window on a line with a margin before and after it; today never leaves the line."""
    span = max((window.grace_until - window.opens_on).days, 1)
    start = window.opens_on.toordinal() - span * 0.15
    length = span * 1.4

    def at(day: date) -> float:
        return round(min(max((day.toordinal() - start) / length * 100, 1.0), 99.0), 1)

    return DueMarks(at(window.opens_on), at(window.last_on_time), at(window.grace_until), at(window.today))


def tone(window: DueWindow) -> str:
    """``info`` before the window, ``ok`` within it, ``due`` in grace, ``late`` after."""
    if window.today > window.grace_until:
        return "late"
    if window.today > window.last_on_time:
        return "due"
    return "ok" if window.today >= window.opens_on else "info"


def in_words(window: DueWindow) -> str:
    """The bar for people who cannot see it: ``"Due 12 Dec 2026, grace until 30 Dec 2026, late by 9 days"``."""
    base = f"Due {formats.day(window.due_on)}, window from {formats.day(window.opens_on)}, "
    if window.on_time_until and window.on_time_until != window.due_on:
        base += f"on time until {formats.day(window.on_time_until)}, "
    base += f"grace until {formats.day(window.grace_until)}"
    late = (window.today - window.grace_until).days
    states = {"late": f"late by {late} day{'s' if late != 1 else ''}", "due": "in grace", "ok": "in window"}
    return f"{base}; {states.get(tone(window), 'not yet open')}"
