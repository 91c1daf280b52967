"""Judging an answer to a step: one pure function for the server, and the same limits as plain JSON for the browser.

A value that cannot be understood is ``invalid`` and says why; nothing is guessed. A value without numbers to judge it by is
``recorded``. Numbers are compared exactly as entered: ``decimals`` is only how a value is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from openhtm.procedures.rules.fields import LARGEST, plain
from openhtm.procedures.rules.limits import Bounds, Limit, bounds_of
from openhtm.procedures.rules.safety.block import BLOCK_LABELS, INCOMPLETE, MINOR_REMARK, NOT_SAFE, SAFE
from openhtm.procedures.rules.steps import NumberField, Step
from openhtm.procedures.rules.units import NotConvertible, convert, symbol, units

OUTCOMES = ("pass", "fail", "recorded", "invalid")
CONSUMABLE_ANSWERS: Mapping[str, str] = {"replaced": "Replaced", "not_due": "Not due yet", "unavailable": "Due, but no part at hand"}
SAFETY_ANSWERS: Mapping[str, str] = {code: BLOCK_LABELS[code] for code in (SAFE, MINOR_REMARK, NOT_SAFE)}
LONGEST_TEXT = 4000
_MOST_DIGITS = 15


@dataclass(frozen=True)
class Verdict:
    """What an answer amounts to. ``code`` is stable for programs, ``why`` is the sentence people read.

    ``value`` is the number in the unit of the step (at most 15 digits if it had to be converted), else nothing.
    ``near_limit`` is true for a passing value past 90 % of the way to a bound.
    """

    outcome: str
    code: str
    why: str
    limit: Limit | None = None
    unit: str = ""
    value: Decimal | None = None
    near_limit: bool = False


@dataclass(frozen=True)
class PairVerdict:
    """Both values of an as-found / as-left step. ``outcome`` is the one as left; ``found_failing`` is kept as evidence."""

    found: Verdict
    left: Verdict
    outcome: str
    found_failing: bool


def judge(step: Step, *, value: object = None, unit: str = "", not_applicable: bool = False, reason: str = "") -> Verdict:
    """Judge one answer.

    ``value`` is "pass" or "fail", an option's code, a number (or its digits as text), a text, how many photos there are,
    a key of CONSUMABLE_ANSWERS, or a key of SAFETY_ANSWERS, by the kind of the step. ``unit`` is the unit of a number;
    empty means the unit of the step.
    """
    if step.kind == "heading":
        return _invalid("heading", "A heading takes no answer.")
    if not_applicable:
        return _not_applicable(step, reason)
    if value is None or (isinstance(value, str) and not value.strip()):
        if step.required:
            return _invalid("empty", "An answer is needed here.")
        return Verdict("recorded", "empty", "Nothing was entered; this step is optional.")
    if step.number:
        return _judge_number(step.number, value, unit)
    if unit:
        return _invalid("unit", "This step takes no unit.")
    return _judge_answer(step, value)


def judge_pair(step: Step, *, found: object, left: object, unit: str = "") -> PairVerdict:
    """Judge a value as found and one as left. The device leaves in the second state, so that one decides."""
    as_found, as_left = judge(step, value=found, unit=unit), judge(step, value=left, unit=unit)
    outcome = "invalid" if as_found.outcome == "invalid" else as_left.outcome
    return PairVerdict(as_found, as_left, outcome, as_found.outcome == "fail")


def _invalid(code: str, why: str) -> Verdict:
    return Verdict("invalid", code, why)


def _not_applicable(step: Step, reason: str) -> Verdict:
    if not step.allow_na:
        return _invalid("na-not-allowed", "This step cannot be left out.")
    if step.na_needs_reason and not reason.strip():
        return _invalid("na-reason", "Say why this step does not apply.")
    return Verdict("recorded", "not-applicable", f"Does not apply: {reason.strip()}." if reason.strip() else "Does not apply.")


def _judge_answer(step: Step, value: object) -> Verdict:
    if step.kind == "photo":
        return _judge_photo(step.photo_min_count, value)
    if not isinstance(value, str):
        return _invalid("type", "This answer must be a text.")
    if step.kind == "text":
        if len(value) > LONGEST_TEXT or "\0" in value:
            return _invalid("text", f"The text must have at most {LONGEST_TEXT} characters, all of them printable.")
        return Verdict("recorded", "text", "Recorded.")
    if step.kind == "electrical_safety" and value == INCOMPLETE:
        return _invalid(INCOMPLETE, f"{BLOCK_LABELS[INCOMPLETE]}.")
    found = answers(step).get(value)
    if found is None:
        return _invalid("unknown-answer", f"{value[:40]} is not an answer here. Use one of {', '.join(answers(step))}.")
    label, verdict = found
    return Verdict({"note": "recorded"}.get(verdict, verdict), value, f"{label}.")


def answers(step: Step) -> dict[str, tuple[str, str]]:
    """Return the coded answers of a step: code -> (label, pass | fail | note). Empty for numbers, texts and photos."""
    if step.kind == "pass_fail":
        return {"pass": ("Pass", "pass"), "fail": ("Fail", "fail")}
    if step.kind == "choice":
        return {option.code: (option.label, option.verdict) for option in step.options}
    if step.kind == "consumable":
        verdicts = {"replaced": "pass", "not_due": "note", "unavailable": "fail"}
        return {code: (label, verdicts[code]) for code, label in CONSUMABLE_ANSWERS.items()}
    if step.kind == "electrical_safety":
        verdicts = {SAFE: "pass", MINOR_REMARK: "pass", NOT_SAFE: "fail"}
        return {code: (label, verdicts[code]) for code, label in SAFETY_ANSWERS.items()}
    return {}


def _judge_photo(least: int, value: object) -> Verdict:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000:
        return _invalid("type", "Give how many photos there are.")
    if value < least:
        return _invalid(
            "too-few-photos", f"{least} photo{'s are' if least > 1 else ' is'} needed; there {'is' if value == 1 else 'are'} {value}."
        )
    return Verdict("recorded", "photos", f"{value} photo{'' if value == 1 else 's'}.")


def _judge_number(field: NumberField, value: object, unit: str) -> Verdict:
    number, refusal = read_number(value)
    if number is None:
        return _invalid("number", refusal)
    try:
        exact = convert(number, unit=unit or field.unit, to=field.unit)
    except NotConvertible as wrong:
        return _invalid("unit", str(wrong))
    if abs(exact) > Fraction(LARGEST):
        return _invalid("number", "The number is too large.")
    converted = bool(unit) and unit != field.unit
    verdict = _compare(field, exact, _shown(exact, field))
    said = f"{number:f} {symbol(unit)} is {_shown(exact, field)}. " if converted else ""
    return replace(verdict, why=said + verdict.why, value=_decimal(exact), unit=field.unit)


def read_number(value: object) -> tuple[Decimal | None, str]:
    """Return the number of an answer, or nothing and the sentence that says why not.

    Texts must be written with a decimal point. At most 15 significant digits, smaller than 10^12, so that the browser
    sees the same number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None, "This answer must be a number."
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and "," in text:
        return None, "Write the number with a decimal point, without commas."
    if (isinstance(text, str) and len(text) > 40) or (isinstance(text, int) and abs(text) > LARGEST):
        return None, "The number is too large or too long."
    try:
        number = Decimal(repr(text) if isinstance(text, float) else text)
    except InvalidOperation:
        return None, "This is not a number."
    if not number.is_finite() or (isinstance(text, str) and ("_" in text or not text.isascii())):
        return None, "This is not a number that can be measured."
    number = number.normalize() if number else Decimal(0)
    if abs(number) > LARGEST or (number and abs(number) < Decimal("1e-12")) or len(number.as_tuple().digits) > _MOST_DIGITS:
        return None, "The number is too large or has too many digits."
    return number, ""


def _compare(field: NumberField, exact: Fraction, shown: str) -> Verdict:
    limit = field.limit
    if limit is None:
        return Verdict("recorded", "no-limit", f"{shown}. This step has no limit.")
    if limit.is_open:
        return Verdict(
            "recorded", "limit-in-ifu", f"{shown}. Compare it with the manufacturer's instructions; no limit is entered yet.", limit
        )
    bounds = bounds_of(limit)
    if _below(exact, bounds):
        return Verdict("fail", "too-low", f"{shown} is too low: {limit_in_words(field)}.", limit)
    if _above(exact, bounds):
        return Verdict("fail", "too-high", f"{shown} is too high: {limit_in_words(field)}.", limit)
    near = _is_near(exact, bounds)
    ending = ", but near the limit" if near else ""
    return Verdict(
        "pass", "near-limit" if near else "within", f"{shown} is within {limit_in_words(field)}{ending}.", limit, near_limit=near
    )


def _below(exact: Fraction, bounds: Bounds) -> bool:
    low = None if bounds.low is None else Fraction(bounds.low)
    return low is not None and (exact < low or (exact == low and not bounds.low_inclusive))


def _above(exact: Fraction, bounds: Bounds) -> bool:
    high = None if bounds.high is None else Fraction(bounds.high)
    return high is not None and (exact > high or (exact == high and not bounds.high_inclusive))


def _is_near(exact: Fraction, bounds: Bounds) -> bool:
    below = bounds.near_low is not None and exact < Fraction(bounds.near_low)
    return below or (bounds.near_high is not None and exact > Fraction(bounds.near_high))


def _decimal(exact: Fraction) -> Decimal:
    number = Decimal(exact.numerator) / Decimal(exact.denominator)
    return number if Fraction(number) == exact else number.quantize(Decimal(1).scaleb(number.adjusted() - _MOST_DIGITS + 1))


def _shown(exact: Fraction, field: NumberField) -> str:
    number = _decimal(exact)
    digits = max(field.decimals, -int(number.normalize().as_tuple().exponent)) if Fraction(number) == exact else field.decimals + 3
    return f"{number:.{min(digits, 12)}f} {symbol(field.unit)}".strip()


def limit_in_words(field: NumberField) -> str:
    """Return the limit as people read it, such as "170 to 230 J" or "at most 100 µA"; empty without one."""
    if field.limit is None:
        return ""
    if field.limit.is_open:
        return "as the manufacturer states"
    bounds = bounds_of(field.limit)
    sign = symbol(field.unit)
    if bounds.low is None or bounds.high is None:
        one_sided = [
            (bounds.low, "at least" if bounds.low_inclusive else "more than"),
            (bounds.high, "at most" if bounds.high_inclusive else "less than"),
        ]
        return next(f"{words} {_digits(bound)} {sign}".strip() for bound, words in one_sided if bound is not None)
    ends = "" if bounds.low_inclusive and bounds.high_inclusive else ", ends not included"
    if bounds.low_inclusive != bounds.high_inclusive:
        ends = ", highest not included" if bounds.low_inclusive else ", lowest not included"
    return f"{_digits(bounds.low)} to {_digits(bounds.high)} {sign}".strip() + ends


def _digits(bound: Decimal) -> str:
    return f"{bound.normalize():f}"


def client_rule(step: Step) -> dict[str, Any]:
    """Return what the browser needs to judge as typed: plain JSON, numbers in the unit of the step.

    For a number the value fails if ``value < low`` (or equal and not ``low_inclusive``), likewise ``high``, and is near
    the limit if it passes and ``value < near_low`` or ``value > near_high``. Absent bounds do not apply.
    """
    rule: dict[str, Any] = {
        "key": step.key,
        "kind": step.kind,
        "required": step.required,
        "phase": step.phase,
        "on_fail": step.on_fail,
        "allow_na": step.allow_na,
        "na_needs_reason": step.na_needs_reason,
    }
    if step.number:
        return rule | {"number": _client_number(step.number)}
    if step.kind == "photo":
        return rule | {"min_count": step.photo_min_count}
    coded = [{"code": code, "label": label, "verdict": verdict} for code, (label, verdict) in answers(step).items()]
    return rule | ({"answers": coded} if coded else {})


def _client_number(field: NumberField) -> dict[str, Any]:
    family = units()[field.unit].family
    out: dict[str, Any] = {"unit": field.unit, "symbol": symbol(field.unit), "decimals": field.decimals}
    out["other_units"] = [unit.code for unit in units().values() if unit.family == family and unit.code != field.unit]
    if field.limit is None:
        return out
    out |= {"words": limit_in_words(field), "open": field.limit.is_open}
    bounds = bounds_of(field.limit)
    numbers = {name: getattr(bounds, name) for name in ("low", "high", "near_low", "near_high")}
    out |= {name: plain(number) for name, number in numbers.items() if number is not None}
    return out | {"low_inclusive": bounds.low_inclusive, "high_inclusive": bounds.high_inclusive}
