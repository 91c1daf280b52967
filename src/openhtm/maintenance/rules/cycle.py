"""What a schedule promises, as values: how often, counted from when, in which window, never in which months."""

import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from openhtm.maintenance.rules.calendar import Unit, add_interval, add_months, month_end, month_start
from openhtm.maintenance.rules.windows import WindowRule


class Kind(StrEnum):
    """``fixed`` keeps its own grid; ``floating`` counts from the last visit; ``meter`` from use, with a calendar back-stop."""

    FIXED = "fixed"
    FLOATING = "floating"
    METER = "meter"


@dataclass(frozen=True, slots=True)
class Cycle:
    """One version of a schedule. Days are calendar days of the facility; ``meter_every`` is in the unit of the meter.

    ``anchor_on`` is the origin of a fixed grid, and the day a meter starts to count on a device never visited.
    ``starts_on`` is the day from which visits are owed; for floating and meter it is the first due day.
    ``ends_on`` is the last day a visit may be due. Raises ValueError for a cycle that cannot be planned.
    """

    kind: Kind
    every_n: int
    every_unit: Unit
    anchor_on: date
    starts_on: date
    ends_on: date | None = None
    window: WindowRule = field(default_factory=WindowRule)
    blackout_months: frozenset[int] = frozenset()
    meter_every: float | None = None

    def __post_init__(self) -> None:
        if self.every_n < 1:
            raise ValueError("an interval must be at least 1")
        if not self.blackout_months <= frozenset(range(1, 13)):
            raise ValueError("months are numbered 1 to 12")
        if len(self.blackout_months) == 12:
            raise ValueError("a schedule needs at least one month in which a visit may be due")
        if self.kind == Kind.METER and not (self.meter_every and 0 < self.meter_every < math.inf):
            raise ValueError("a meter schedule needs an amount of use greater than 0")

    def after(self, day: date) -> date:
        """Return ``day`` plus one interval."""
        return add_interval(day, self.every_n, self.every_unit)


def move_out_of(forbidden: frozenset[int], day: date, *, not_before: date) -> date:
    """Return ``day``, or when its month is forbidden the last day of the nearest earlier allowed month.

    If that would be before ``not_before``, it is the first day of the next allowed month instead.
    """
    if day.month not in forbidden:
        return day
    earlier = month_start(day) - timedelta(days=1)
    while earlier.month in forbidden:
        earlier = month_start(earlier) - timedelta(days=1)
    if earlier >= not_before:
        return earlier
    later = add_months(month_start(day), 1)
    while later.month in forbidden:
        later = month_end(later) + timedelta(days=1)
    return later
