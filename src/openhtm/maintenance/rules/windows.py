"""When a visit may start, until when it is on time, and until when it is within grace. Windows are data, per profile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from openhtm.maintenance.rules.calendar import Unit, add_days, add_interval, month_end, month_start, nominal_days


class Timing(StrEnum):
    """How a performed visit counts. Grace decides whether it is overdue, never whether it was on time."""

    ON_TIME = "on_time"
    WITHIN_GRACE = "within_grace"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class WindowRule:
    """Tolerance around a due day. ``snap_to_month`` widens to whole months; ``profile`` is the name people know it by."""

    before_n: int = 0
    before_unit: Unit = Unit.DAY
    after_n: int = 0
    after_unit: Unit = Unit.DAY
    snap_to_month: bool = False
    grace_days: int = 0
    profile: str = ""

    def __post_init__(self) -> None:
        if min(self.before_n, self.after_n, self.grace_days) < 0:
            raise ValueError("a window cannot have a negative tolerance")


@dataclass(frozen=True, slots=True)
class Window:
    """Calendar days, all included: in window from ``opens_on``, on time until ``on_time_until``, then grace, then late."""

    opens_on: date
    due_on: date
    on_time_until: date
    grace_until: date

    def __post_init__(self) -> None:
        if not self.opens_on <= self.due_on <= self.on_time_until <= self.grace_until:
            raise ValueError("a window opens, is due, closes and ends its grace in this order")


@dataclass(frozen=True, slots=True)
class ProfileRule:
    """From this nominal interval (days) on, ``rule`` applies, until a longer one does."""

    from_interval_days: int
    rule: WindowRule


def window_for(rule: WindowRule, due_on: date) -> Window:
    """Return the window of a visit due on ``due_on``, looked at alone."""
    opens_on = add_interval(due_on, -rule.before_n, rule.before_unit)
    on_time_until = add_interval(due_on, rule.after_n, rule.after_unit)
    if rule.snap_to_month:
        opens_on, on_time_until = month_start(opens_on), month_end(on_time_until)
    return Window(opens_on, due_on, on_time_until, add_days(on_time_until, rule.grace_days))


def rule_for(profile: Sequence[ProfileRule], *, every_n: int, every_unit: Unit | str) -> WindowRule:
    """Return the rule with the greatest ``from_interval_days`` not above the nominal interval.

    Raises ValueError when the interval is shorter than every rule of the profile.
    """
    length = nominal_days(every_n, every_unit)
    fitting = [one for one in profile if one.from_interval_days <= length]
    if not fitting:
        raise ValueError(f"the profile has no window for an interval of {length} days")
    return max(fitting, key=lambda one: one.from_interval_days).rule


def timing(window: Window, *, performed_on: date) -> Timing:
    """Say how work done on ``performed_on`` counts for the visit with this window. Early work is on time."""
    if performed_on <= window.on_time_until:
        return Timing.ON_TIME
    return Timing.WITHIN_GRACE if performed_on <= window.grace_until else Timing.LATE
