"""One measurement judged against one limit, and everything about it that a reader of the record would ask.

A value that cannot be one (NaN, negative, a unit of another family) is refused. A value that can be one but proves nothing,
because its tester was out of calibration or its limit is not for recurrent tests, is judged ``invalid``: it is kept, and says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

from openhtm.procedures.rules.safety.model import COMPARATORS, RECURRENT, TYPE_TEST, Limit
from openhtm.procedures.rules.safety.units import UnitRefused, converted, shown, unit_named
from openhtm.procedures.rules.safety.vocabulary import vocabulary

PASS, FAIL, INVALID = "pass", "fail", "invalid"
EXACT, ABOVE, BELOW = "", ">", "<"
_LARGEST = Decimal(10) ** 15
_MOST_DIGITS = 20  # below the 28 digits Python's decimals keep, so that changing the unit never rounds
_MOST_PLACES = 30
_LARGEST_SHARE = Decimal(10) ** 6
_SHOWN_PLACES = Decimal("0.0001")
Number = Decimal | int | float | str


class ReadingRefused(ValueError):
    """A measured value that cannot be one. ``code`` is stable; the sentence says what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


@dataclass(frozen=True)
class Reading:
    """A measured value. ``sign`` is ``>`` or ``<`` where the instrument only said more or less than its range."""

    value: Decimal
    unit: str
    sign: str = EXACT


@dataclass(frozen=True)
class Mains:
    """Mains voltage in volts: measured during the test, and nominal for the device."""

    measured_v: Decimal
    nominal_v: Decimal


@dataclass(frozen=True)
class TesterState:
    """The instrument as it stood at the time: last calibration, the last day it is good for, and whether it was in use."""

    __test__ = False  # not a test case, whatever a test runner thinks of the name

    name: str
    calibrated_on: date | None
    due_on: date | None
    usable: bool = True


@dataclass(frozen=True)
class Remark:
    """Something worth knowing beside the verdict; ``code`` is stable."""

    code: str
    text: str


@dataclass(frozen=True)
class Judgement:
    """A verdict with its reasons. ``value`` is in the unit of the limit, after normalisation to nominal mains if that applies.

    ``measured`` is the same before it. ``by_limit`` is what the limit alone says, also where the verdict is invalid; None when
    the instrument's range leaves it open. ``share`` is how much of the limit is used (1 is the limit), None when unknown.
    """

    verdict: str
    code: str
    why: str
    by_limit: str | None
    value: Decimal
    measured: Decimal
    sign: str
    unit: str
    share: Decimal | None
    near_limit: bool
    limit: Limit
    remarks: tuple[Remark, ...]

    def as_json(self) -> dict[str, object]:
        """Return the judgement as plain JSON values, numbers as text so that no digit changes."""
        return {
            "verdict": self.verdict,
            "code": self.code,
            "why": self.why,
            "by_limit": self.by_limit,
            "value": format(self.value, "f"),
            "measured": format(self.measured, "f"),
            "sign": self.sign,
            "unit": self.unit,
            "share": None if self.share is None else format(self.share, "f"),
            "near_limit": self.near_limit,
            "limit": self.limit.as_json(),
            "remarks": [{"code": one.code, "text": one.text} for one in self.remarks],
        }


def reading(*, value: Number, unit: str, sign: str = EXACT) -> Reading:
    """Return a checked reading. Raises ReadingRefused: no number, not finite, negative, absurdly large, unknown unit or sign."""
    number = _decimal(value)
    if not number.is_finite():
        raise ReadingRefused("not-finite", "The value is not a number. Type the number the tester shows.")
    if number < 0:
        raise ReadingRefused("negative", f"{number} is below zero. Leakage and resistance are never negative; check the tester.")
    if number > _LARGEST or len(number.as_tuple().digits) > _MOST_DIGITS or int(number.as_tuple().exponent) < -_MOST_PLACES:
        raise ReadingRefused("out-of-range", "The value has more digits than any tester shows. Check what was typed.")
    if sign not in (EXACT, ABOVE, BELOW):
        raise ReadingRefused("sign", f"{sign!r} is no sign of a range. Use > or < or nothing.")
    try:
        return Reading(number, unit_named(text=unit).code, sign)
    except UnitRefused as error:
        raise ReadingRefused("unit", str(error)) from None


def judge(
    *,
    measured: Reading,
    limit: Limit,
    measured_on: date,
    tester: TesterState | None,
    reference: Reading | None = None,
    previous: Reading | None = None,
    mains: Mains | None = None,
    type_test_allowed: bool = False,
) -> Judgement:
    """Judge one reading by one limit as of the day it was measured. Raises ReadingRefused for a unit of another family.

    ``reference`` is the first accepted value of the device, ``previous`` the last one. ``type_test_allowed`` is the policy that
    lets type-test limits decide recurrent tests. Source: IEC 62353 (normalisation, 90 % rule), source of each limit in its data.
    """
    raw = _in_limit_unit(measured, limit)
    value, remarks = _normalised(raw, limit, mains)
    by_limit = _by_limit(value, measured.sign, limit)
    share = _share(value, limit) if measured.sign == EXACT else None
    near = by_limit == PASS and measured.sign == EXACT and _is_near(value, limit)
    verdict, code, why = _verdict(by_limit, measured.sign, value, limit, _objection(limit, measured_on, tester, type_test_allowed))
    remarks += _compared(value, limit, near, reference, previous)
    return Judgement(
        verdict=verdict,
        code=code,
        why=why,
        by_limit=by_limit,
        value=value,
        measured=raw,
        sign=measured.sign,
        unit=limit.unit,
        share=share,
        near_limit=near,
        limit=limit,
        remarks=tuple(remarks),
    )


def _decimal(value: Number) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        raise ReadingRefused("not-a-number", "The value is not a number. Type the number the tester shows.")
    try:
        return Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError):
        raise ReadingRefused("not-a-number", f"{str(value)[:20]!r} is not a number. Type the number the tester shows.") from None


def _in_limit_unit(measured: Reading, limit: Limit) -> Decimal:
    try:
        return converted(value=measured.value, unit=measured.unit, to=limit.unit)
    except UnitRefused as error:
        raise ReadingRefused("unit", str(error)) from None


def _normalised(value: Decimal, limit: Limit, mains: Mains | None) -> tuple[Decimal, list[Remark]]:
    if not limit.normalised:
        return value, []
    if mains is None:
        return value, [Remark("mains-unknown", "Not brought to the nominal mains voltage: the voltage during the test is not recorded.")]
    if not all(one.is_finite() and one > 0 for one in (mains.measured_v, mains.nominal_v)):
        raise ReadingRefused("mains", "The mains voltage is not a number above zero. Give what the tester measured, in volts.")
    at_nominal = value * mains.nominal_v / mains.measured_v
    text = f"Measured at {mains.measured_v:f} V, brought to {mains.nominal_v:f} V."
    return at_nominal, [Remark("normalised", text)]


def _by_limit(value: Decimal, sign: str, limit: Limit) -> str | None:
    """What the limit says; None when the value lies somewhere beyond a range and the limit does too."""
    if sign == EXACT:
        return PASS if limit.holds(value) else FAIL
    if sign == ABOVE:
        certain = FAIL if limit.is_upper else PASS
        return certain if value >= limit.value else None
    certain = PASS if limit.is_upper else FAIL
    return certain if value <= limit.value else None


def _is_near(value: Decimal, limit: Limit) -> bool:
    share = vocabulary().near_share
    return value > share * limit.value if limit.is_upper else value * share < limit.value


def _share(value: Decimal, limit: Limit) -> Decimal | None:
    """How much of the limit is used, to four places; a million times the limit is as far as it counts."""
    if not limit.is_upper and not value:
        return None
    share = value / limit.value if limit.is_upper else limit.value / value
    return min(share, _LARGEST_SHARE).quantize(_SHOWN_PLACES, rounding=ROUND_HALF_EVEN)


def _objection(limit: Limit, measured_on: date, tester: TesterState | None, type_test_allowed: bool) -> Remark | None:
    """The first reason why the reading proves nothing, whatever its value."""
    if limit.purpose != RECURRENT and not (limit.purpose == TYPE_TEST and type_test_allowed):
        kind = "type-test" if limit.purpose == TYPE_TEST else "historical"
        return Remark(
            f"{kind}-limit", f"{limit.standard} {limit.edition} is a {kind} limit and not for recurrent tests. Choose another standard."
        )
    if tester is None:
        return Remark("tester-unknown", "No tester is named. Name the instrument that measured this.")
    if not tester.usable:
        return Remark("tester-set-aside", f"{tester.name} was set aside and must not be used. Test again with another one.")
    if tester.due_on is None:
        return Remark(
            "calibration-unknown", f"{tester.name} has no calibration on record. Record it, then test again or have this reviewed."
        )
    if tester.due_on < measured_on:
        return Remark(
            "calibration-expired",
            f"The calibration of {tester.name} ended on {tester.due_on.isoformat()}, before this test of {measured_on.isoformat()}. Test again.",
        )
    if tester.calibrated_on is not None and tester.calibrated_on > measured_on:
        return Remark(
            "calibration-later",
            f"{tester.name} was calibrated on {tester.calibrated_on.isoformat()}, after this test of {measured_on.isoformat()}.",
        )
    return None


def _verdict(by_limit: str | None, sign: str, value: Decimal, limit: Limit, objection: Remark | None) -> tuple[str, str, str]:
    said = f"{sign} {_said(value, limit)}".strip()
    asked = f"{COMPARATORS[limit.comparator]} {shown(value=limit.value, unit=limit.unit)} ({limit.standard} {limit.edition})"
    if objection:
        return INVALID, objection.code, objection.text
    if by_limit is None:
        return INVALID, "out-of-tester-range", f"{said} leaves the limit open: {asked}. Measure in another range."
    if by_limit == PASS:
        return PASS, "within-limit", f"{said} keeps the limit: {asked}."
    return FAIL, "beyond-limit", f"{said} does not keep the limit: {asked}."


def _said(value: Decimal, limit: Limit) -> str:
    """Return a value with as few digits as show on which side of its limit it lies."""
    for digits in (6, 12):
        rounded = Context(prec=digits).plus(value)
        if rounded.compare(limit.value) == value.compare(limit.value):
            return shown(value=rounded, unit=limit.unit)
    return shown(value=value, unit=limit.unit)


def _compared(value: Decimal, limit: Limit, near: bool, reference: Reading | None, previous: Reading | None) -> list[Remark]:
    remarks = [one for name, old in (("reference", reference), ("previous", previous)) for one in _change(value, limit, name, old)]
    if near:
        share = f"{vocabulary().near_share * 100:f}".rstrip("0").rstrip(".")
        text = (
            f"More than {share} % of the limit is used. Compare with the reference and the previous value, and consider a shorter interval."
        )
        remarks.insert(0, Remark("near-limit", text))
        if reference is None:
            remarks.append(Remark("no-reference", "This device has no reference value for this test."))
    return remarks


def _change(value: Decimal, limit: Limit, name: str, old: Reading | None) -> Iterator[Remark]:
    """Say how far a value moved from an earlier one; an earlier one that cannot be compared never spoils the verdict."""
    if old is None:
        return
    try:
        before = converted(value=old.value, unit=old.unit, to=limit.unit)
    except UnitRefused:
        before = Decimal("NaN")
    if old.sign or not before.is_finite():
        yield Remark(f"{name}-not-comparable", f"The {name} value cannot be compared.")
    elif before == value:
        yield Remark(f"{name}-same", f"The same as the {name} value.")
    else:
        step = f"{abs((value - before) / before * 100):.0f} % " if before else ""
        text = f"{step}{'above' if value > before else 'below'} the {name} value of {shown(value=before, unit=limit.unit)}."
        yield Remark(f"{name}-changed", text)
