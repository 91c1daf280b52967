"""When a meter will reach its threshold, from the readings taken since the last visit."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from openhtm.maintenance.rules.calendar import add_days

Amount = float | Decimal


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter showed on a day, in its own unit (hours, cycles, exposures)."""

    read_on: date
    value: Amount


@dataclass(frozen=True, slots=True)
class Expected:
    """The day the threshold was reached (``reached``) or will be; ``newest`` is the reading this rests on."""

    day: date
    reached: bool
    threshold: float
    newest: Reading


def expect(
    *, base_on: date, base_value: Amount | None, every: Amount, readings: Iterable[Reading], today: date, no_later_than: date
) -> Expected | None:
    """Return when the meter reaches ``base_value + every``, counted from ``base_on``.

    None if that cannot be said, or lies after ``no_later_than``. A prediction is the straight line from the base to the newest
    reading, rounded up to a whole day; it needs two readings on different days and a rise. Readings after ``today`` are not known yet.
    Amounts are compared as the decimals people see, so 0.1 + 0.2 reaches 0.3.
    """
    if base_value is None:
        return None
    since = sorted((one for one in readings if base_on < one.read_on <= today), key=lambda one: (one.read_on, one.value))
    threshold = _exact(base_value) + _exact(every)
    reached = next((one for one in since if _exact(one.value) >= threshold), None)
    if reached:
        return Expected(reached.read_on, True, float(threshold), reached) if reached.read_on <= no_later_than else None
    if not since or (rise := _exact(since[-1].value) - _exact(base_value)) <= 0:
        return None
    newest = since[-1]
    days = math.ceil((threshold - _exact(newest.value)) * (newest.read_on - base_on).days / rise)
    if days > (no_later_than - newest.read_on).days:
        return None
    return Expected(add_days(newest.read_on, days), False, float(threshold), newest)


def _exact(value: Amount) -> Fraction:
    return Fraction(str(value))
