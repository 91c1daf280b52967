"""The first visit of a new device: one interval after acceptance, or with its department or its kind."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from openhtm.maintenance.rules.calendar import Unit, add_interval, add_months, grid_date, grid_index_on_or_after, month_end, month_start
from openhtm.ui.rules import formats


class Joined(StrEnum):
    ACCEPTANCE = "acceptance"
    DEPARTMENT = "department"
    MODEL_GROUP = "model_group"


@dataclass(frozen=True, slots=True)
class FirstDue:
    """The first due day, and the anchor of the grid it lies on. ``shorter_by_days`` is what joining took off the interval."""

    due_on: date
    anchor_on: date
    joined: Joined
    shorter_by_days: int
    reasons: tuple[str, ...]


def first_due(
    *,
    accepted_on: date,
    every_n: int,
    every_unit: Unit | str,
    department_base_month: int | None = None,
    group_anchor_on: date | None = None,
) -> FirstDue:
    """Return the first due day after acceptance, never later than acceptance plus one interval.

    A group's anchor wins over the department's base month (1 to 12; due on its last day). Intervals in days or weeks keep their
    own count. A first interval that joining makes shorter is said in the reasons. Raises ValueError for a month that is none.
    """
    own = add_interval(accepted_on, every_n, every_unit)
    unit = Unit(every_unit)
    months = every_n * {Unit.MONTH: 1, Unit.YEAR: 12}.get(unit, 0)
    if group_anchor_on is not None:
        return _joined(accepted_on, own, _newest_on_grid(group_anchor_on, every_n, unit, own), group_anchor_on, Joined.MODEL_GROUP)
    if department_base_month is not None and months:
        day = _base_day(accepted_on, own, months, department_base_month)
        return _joined(accepted_on, own, day, _base_anchor(day, months), Joined.DEPARTMENT)
    return _own(accepted_on, own)


def _own(accepted_on: date, own: date) -> FirstDue:
    """Count from acceptance itself: counted from ``own``, the 31st would not come back after a short month."""
    return FirstDue(own, accepted_on, Joined.ACCEPTANCE, 0, ("One interval after acceptance.",))


def _joined(accepted_on: date, own: date, day: date, anchor_on: date, joined: Joined) -> FirstDue:
    if day <= accepted_on:  # only where a short month clamps the interval
        return _own(accepted_on, own)
    shorter = (own - day).days
    with_whom = {Joined.DEPARTMENT: "the base month of the department", Joined.MODEL_GROUP: "the devices of the same model"}[joined]
    reasons = [f"Joined to {with_whom}."]
    if shorter:
        reasons.append(f"The first interval is {shorter} days shorter: {formats.day(own)} would be one interval after acceptance.")
    return FirstDue(day, anchor_on, joined, shorter, tuple(reasons))


def _newest_on_grid(anchor_on: date, n: int, unit: Unit, last_on: date) -> date:
    return grid_date(anchor_on, n, unit, grid_index_on_or_after(anchor_on, n, unit, last_on + timedelta(days=1)) - 1)


def _base_day(accepted_on: date, own: date, months: int, base_month: int) -> date:
    """Return the newest month end up to ``own`` that keeps the device in step with its department.

    Longer than a year, any base month will do; else months are counted from the base month of the year before acceptance.
    """
    first_on = date(accepted_on.year - 1, base_month, 1)
    newest_on = _newest_on_grid(first_on, min(months, 12), Unit.MONTH, own)
    end_on = month_end(newest_on)
    return end_on if end_on <= own else month_end(add_months(newest_on, -min(months, 12)))


def _base_anchor(day: date, months: int) -> date:
    """Return a month end of the same grid in its longest month, so that later dates stay at the end of theirs."""
    back = min(12, (day.year - 1) * 12 // months + 1)  # twelve steps meet every month of the grid
    starts = (add_months(month_start(day), -months * k) for k in range(back))
    return max((month_end(one) for one in starts), key=lambda one: (one.day, one))
