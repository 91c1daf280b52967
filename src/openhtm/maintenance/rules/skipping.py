"""Work done so late that the next visit comes soon after: whether that one may be skipped, with a reason."""

from datetime import date

from openhtm.maintenance.rules.calendar import Unit, nominal_days


def may_be_skipped(*, performed_on: date, next_due_on: date, every_n: int, every_unit: Unit | str, recent_share: float = 0.5) -> bool:
    """Say whether ``next_due_on`` is less than ``recent_share`` of the interval away from the last work.

    It only opens the way to an exclusion by two people with a reason; the grid stays, and nothing is skipped by itself.
    """
    return 0 < (next_due_on - performed_on).days < recent_share * nominal_days(every_n, every_unit)
