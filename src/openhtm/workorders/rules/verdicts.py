"""The verdict of one answer as it is stored: the rule of the procedure, the tester it was measured with, the safety block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from openhtm.procedures.rules.judging import Verdict, judge, limit_in_words
from openhtm.procedures.rules.limits import Limit, bounds_of, dump_limit
from openhtm.procedures.rules.safety import block, limits
from openhtm.procedures.rules.safety import judge as safety
from openhtm.procedures.rules.safety.model import Limit as SafetyLimit
from openhtm.procedures.rules.safety.model import NoLimit, SafetyTest
from openhtm.procedures.rules.steps import NumberField, SafetyBlock, Step
from openhtm.procedures.rules.units import symbol
from openhtm.workorders.rules.results import PHASES, Refusal, Sent

MEASURED_KINDS = ("number", "electrical_safety")


@dataclass(frozen=True, slots=True)
class TesterThen:
    """A tester as it stood on the day of measuring. ``due_on`` None: no calibration on record."""

    __test__ = False

    name: str
    calibrated_on: date | None
    due_on: date | None
    usable: bool = True
    in_tolerance: bool = True

    def objection(self, day: date) -> str:
        """Return why its readings of ``day`` do not count, in a sentence; empty if they do."""
        if not self.usable:
            return f"Tester {self.name} was set aside. The value is kept, but does not count."
        if self.due_on is None:
            return f"Tester {self.name} had no calibration on record on {day:%d %b %Y}. The value is kept, but does not count."
        if self.due_on < day:
            return f"The calibration of tester {self.name} ended on {self.due_on:%d %b %Y}. The value is kept, but does not count."
        if not self.in_tolerance:
            return f"Tester {self.name} had been found out of tolerance. The value is kept, but does not count."
        return ""


@dataclass(frozen=True, slots=True)
class CalibrationFact:
    """One calibration that was not superseded."""

    performed_on: date
    due_on: date
    verdict: str


def tester_on(*, name: str, usable: bool, calibrations: Sequence[CalibrationFact], day: date) -> TesterThen:
    """Return a tester as of ``day``: its newest calibration of that day or before counts."""
    past = [one for one in calibrations if one.performed_on <= day]
    last = max(past, key=lambda one: one.performed_on, default=None)
    if last is None:
        return TesterThen(name, None, None, usable)
    return TesterThen(name, last.performed_on, last.due_on, usable, last.verdict != "out_of_tolerance")


@dataclass(frozen=True, slots=True)
class Judged:
    """What is stored of an answer. ``verdict`` is pass, fail, recorded, invalid, na or skipped; ``why`` is the sentence."""

    verdict: str
    code: str
    why: str
    number: float | None = None
    unit: str = ""
    choice: str = ""
    limit: Mapping[str, Any] = field(default_factory=dict)
    share: float | None = None
    near_limit: bool = False
    tester_expired: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)


def judge_sent(*, step: Step, sent: Sent, tester: TesterThen | None, day: date) -> Judged | Refusal:
    """Judge what was sent for ``step`` as of ``day``. A value that cannot be understood is refused with its sentence."""
    if refusal := _refuse_phase(step, sent):
        return refusal
    if sent.skip:
        return _skipped(step, sent)
    if step.electrical_safety and sent.detail.get("tests"):
        return _judge_block(step.electrical_safety, sent, tester=tester, day=day)
    value = len(sent.files) if step.kind == "photo" else sent.value
    verdict = judge(step, value=value, unit=sent.unit)
    if verdict.outcome == "invalid" or verdict.code == "empty":
        return Refusal(verdict.code, verdict.why if verdict.code != "empty" else "An answer is needed here.")
    return _with_tester(_judged(step, verdict, sent), step=step, tester=tester, day=day)


def _refuse_phase(step: Step, sent: Sent) -> Refusal | None:
    if step.phase == "single" and sent.phase:
        return Refusal("phase", "This step has one value, neither as found nor as left.")
    if step.phase != "single" and sent.phase not in PHASES:
        return Refusal("phase", "Say whether this is as_found or as_left.")
    return None


def _skipped(step: Step, sent: Sent) -> Judged | Refusal:
    if step.kind == "heading":
        return Refusal("heading", "A heading takes no answer.")
    if sent.skip == "skipped":
        if not sent.text:
            return Refusal("skip-reason", "Say why this step was skipped.")
        return Judged("skipped", "skipped", f"Skipped: {sent.text}", choice="skipped")
    verdict = judge(step, not_applicable=True, reason=sent.text)
    if verdict.outcome == "invalid":
        return Refusal(verdict.code, verdict.why)
    return Judged("na", verdict.code, verdict.why, choice="na")


def _judged(step: Step, verdict: Verdict, sent: Sent) -> Judged:
    if step.number is None or verdict.value is None:
        choice = sent.value if isinstance(sent.value, str) and step.kind not in ("text", "photo") else ""
        return Judged(verdict.outcome, verdict.code, verdict.why, choice=choice, detail=sent.detail)
    return Judged(
        verdict.outcome,
        verdict.code,
        verdict.why,
        number=float(verdict.value),
        unit=verdict.unit,
        limit=limit_as_stored(step.number),
        share=share_of_limit(value=verdict.value, limit=verdict.limit),
        near_limit=verdict.near_limit,
        detail=sent.detail,
    )


def limit_as_stored(number: NumberField) -> dict[str, Any]:
    """Return the limit a value was judged by as plain JSON, so that it can be read again after the procedure changed."""
    if number.limit is None:
        return {}
    bounds = bounds_of(number.limit)
    edges = {"low": bounds.low, "high": bounds.high}
    return dump_limit(number.limit) | {
        "words": limit_in_words(number),
        "unit": number.unit,
        **{name: float(edge) for name, edge in edges.items() if edge is not None},
    }


def share_of_limit(*, value: Decimal, limit: Limit | None) -> float | None:
    """Return how much of a limit is used: 1 is the limit itself. None without a limit, or where it has no meaning."""
    if limit is None or limit.is_open:
        return None
    bounds = bounds_of(limit)
    if bounds.low is not None and bounds.high is not None and bounds.low and bounds.high > bounds.low:
        middle = (bounds.low + bounds.high) / 2
        return float(abs(value - middle) / (bounds.high - middle))
    if bounds.high is not None:
        return float(value / bounds.high) if bounds.high > 0 else None
    return float(bounds.low / value) if bounds.low is not None and bounds.low > 0 and value > 0 else None


def _with_tester(judged: Judged, *, step: Step, tester: TesterThen | None, day: date) -> Judged:
    if step.kind not in MEASURED_KINDS or tester is None:
        return judged
    if not (objection := tester.objection(day)):
        return judged
    return Judged(
        "invalid", "tester-expired", objection, number=judged.number, unit=judged.unit, choice=judged.choice, limit=judged.limit,
        share=judged.share, tester_expired=True, detail={**judged.detail, "by_limit": judged.verdict},
    )  # fmt: skip


def safety_tests(chosen: SafetyBlock) -> tuple[SafetyTest, ...]:
    """Return the measurements of an electrical-safety block, in the order of its standard; empty if there is no table."""
    found = limits.tests_for(
        standard=chosen.standard,
        edition=chosen.edition,
        device_class=chosen.device_class,
        applied_parts=chosen.applied_parts,
        methods=chosen.methods,
        options=chosen.options,
    )
    if isinstance(found, NoLimit):
        return ()
    return tuple(one for one in found if not chosen.tests or one.test in chosen.tests)


def _judge_block(chosen: SafetyBlock, sent: Sent, *, tester: TesterThen | None, day: date) -> Judged | Refusal:
    """Judge every measurement sent in ``detail["tests"]`` (key of the test to its value), and the block as a whole."""
    wanted = {one.key: one for one in safety_tests(chosen)}
    answers = sent.detail["tests"]
    if not isinstance(answers, Mapping) or not all(isinstance(one, Mapping) for one in answers.values()):
        return Refusal("tests", "Give the measurements by the key of their test.")
    if unknown := [key for key in answers if key not in wanted]:
        return Refusal("tests", f"{str(unknown[0])[:60]} is not a test of this block.")
    judged: dict[str, dict[str, Any]] = {}
    for key, answer in answers.items():
        one = _judge_test(wanted[key], answer, tester=tester, day=day)
        if isinstance(one, Refusal):
            return Refusal(one.code, f"{wanted[key].title}: {one.sentence}")
        judged[key] = one
    outcomes = [
        block.Outcome(key, one["verdict"], str(one.get("remark") or ""), bool(one.get("near_limit"))) for key, one in judged.items()
    ]
    whole = block.overall(required=[key for key, one in wanted.items() if one.required], outcomes=outcomes)
    return _of_block(whole, judged, chosen=chosen, sent=sent, tester=tester, day=day)


def _of_block(
    whole: block.BlockVerdict, judged: Mapping[str, Any], *, chosen: SafetyBlock, sent: Sent, tester: TesterThen | None, day: date
) -> Judged | Refusal:
    if whole.code == block.INCOMPLETE and not whole.invalid:
        return Refusal("incomplete", f"{len(whole.missing)} of the required tests are missing, such as {whole.missing[0]}.")
    limit = {"standard": chosen.standard, "edition": chosen.edition, "source": f"{chosen.standard} {chosen.edition}"}
    detail = {**sent.detail, "tests": judged, "block": whole.code}
    objection = tester.objection(day) if tester else ""
    if whole.code == block.INCOMPLETE:
        why = objection or "A measurement does not count, so the block has no verdict."
        return Judged(
            "invalid", "tester-expired" if objection else "invalid", why, limit=limit, tester_expired=bool(objection), detail=detail
        )
    shares = [float(one["share"]) for one in judged.values() if one.get("share") is not None]
    return Judged(
        "fail" if whole.code == block.NOT_SAFE else "pass",
        whole.code,
        f"{whole.label}.",
        choice=whole.code,
        limit=limit,
        share=max(shares, default=None),
        near_limit=bool(whole.watch),
        tester_expired=bool(objection),
        detail=detail,
    )


_LOOKED = ("pass", "fail", "minor", "not_applicable")


def _judge_test(wanted: SafetyTest, answer: Mapping[str, Any], *, tester: TesterThen | None, day: date) -> dict[str, Any] | Refusal:
    remark = str(answer.get("remark") or "")[:400]
    if (said := answer.get("verdict")) is not None:
        if said not in _LOOKED or (said in ("pass", "fail") and isinstance(wanted.limit, SafetyLimit)):
            return Refusal("tests", "This test is judged by its value." if said in _LOOKED else f"Say one of {', '.join(_LOOKED)}.")
        if said in ("minor", "not_applicable") and not remark:
            return Refusal("tests", "Say what was found, or why it does not apply.")
        return {"verdict": said, "remark": remark}
    return _judge_reading(wanted, answer, remark=remark, tester=tester, day=day)


def _judge_reading(
    wanted: SafetyTest, answer: Mapping[str, Any], *, remark: str, tester: TesterThen | None, day: date
) -> dict[str, Any] | Refusal:
    value, unit, sign = answer.get("value"), str(answer.get("unit") or wanted.unit or ""), str(answer.get("sign") or "")
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 40:
        return Refusal("tests", "Give a number.")
    if not isinstance(wanted.limit, SafetyLimit):
        why = wanted.limit.why if isinstance(wanted.limit, NoLimit) else "This test is looked at, not measured."
        return Refusal("tests", f"{why} Say pass or fail instead.")
    state = safety.TesterState(tester.name, tester.calibrated_on, tester.due_on) if tester else None
    try:
        measured = safety.reading(value=value, unit=unit, sign=sign)
        found = safety.judge(measured=measured, limit=wanted.limit, measured_on=day, tester=state)
    except safety.ReadingRefused as refused:
        return Refusal(refused.code, str(refused))
    return {**found.as_json(), "remark": remark, "shown": f"{sign}{value} {symbol(unit)}".strip()}
