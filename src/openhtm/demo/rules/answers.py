"""Believable answers to the steps of a procedure, judged once by the procedure's own limits and then drawn from."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openhtm.demo.rules.chance import Chance
from openhtm.procedures.rules.content import Content
from openhtm.procedures.rules.judging import answers
from openhtm.procedures.rules.limits import bounds_of
from openhtm.procedures.rules.steps import NumberField, Step
from openhtm.procedures.rules.units import units
from openhtm.workorders.rules.results import Sent
from openhtm.workorders.rules.verdicts import Judged, judge_sent

GOOD, WATCH, BAD = "good", "watch", "bad"
NEAR_SHARE = 0.03
_SOME_DAY = dt.date(2020, 1, 1)
_ANY = uuid.UUID(int=0)
_POSITIONS = (0.18, 0.27, 0.35, 0.42, 0.5, 0.58, 0.66, 0.74)


@dataclass(frozen=True, slots=True)
class Answer:
    """One judged answer in the columns of a result. ``limit`` and ``detail`` are JSON text, ``reasons`` an array's text."""

    phase: str
    number: float | None
    unit: str
    entered: str
    choice: str
    text: str
    verdict: str
    limit: str
    share: float | None
    detail: str
    reasons: str


@dataclass(frozen=True, slots=True)
class StepAnswers:
    """The answers to one step in one phase. ``family`` is the family of its unit, empty for what is not measured."""

    key: str
    kind: str
    family: str
    good: tuple[Answer, ...]
    watch: tuple[Answer, ...]
    bad: tuple[Answer, ...]

    def draw(self, chance: Chance, *, failing: bool) -> Answer:
        if failing and self.bad:
            return chance.pick(self.bad)
        if self.watch and chance.maybe(NEAR_SHARE):
            return chance.pick(self.watch)
        return chance.pick(self.good)


def answers_of(content: Content) -> tuple[StepAnswers, ...]:
    """Return what may be answered to each step of a procedure, in order; steps that need a photo or part are left out."""
    found = []
    for step in content.steps:
        for phase in ("",) if step.phase == "single" else ("as_found", "as_left"):
            pool = _pool(step, phase)
            if pool.good:
                found.append(pool)
    return tuple(found)


def _pool(step: Step, phase: str) -> StepAnswers:
    family = units()[step.number.unit].family if step.number else ""
    if step.number:
        judged = [_answer(step, phase, value) for value in _values(step.number)]
    elif step.kind == "text":
        judged = [_answer(step, phase, "As before")]
    else:
        judged = [_answer(step, phase, code) for code in answers(step)]
    kept = [one for one in judged if one is not None and one.verdict in ("pass", "fail", "recorded")]
    good = tuple(one for one in kept if one.verdict != "fail" and "near_limit" not in one.reasons)
    if not step.number and any(one.verdict == "pass" for one in good):
        good = tuple(one for one in good if one.verdict == "pass")
    watch = tuple(one for one in kept if "near_limit" in one.reasons)
    return StepAnswers(step.key, step.kind, family, good, watch, tuple(one for one in kept if one.verdict == "fail"))


def _values(number: NumberField) -> list[str]:
    """Return readings as typed: some within the limit, one near each end, one beyond each."""
    limit, digits = number.limit, Decimal(1).scaleb(-number.decimals)
    if limit is None or limit.is_open:
        middle = number.target or Decimal(10)
        return [_typed(middle * (1 + Decimal(step) / 200), digits) for step in range(-3, 4)]
    bounds = bounds_of(limit)
    high = bounds.high if bounds.high is not None else (bounds.low or Decimal(1)) * Decimal("1.6") + digits
    low = bounds.low if bounds.low is not None else (high * Decimal("0.2") if high > 0 else high * 2 - 1)
    span = high - low
    inside = [_typed(low + span * Decimal(str(position)), digits) for position in _POSITIONS]
    edges = [_typed(low + span * Decimal("0.97"), digits), _typed(low + span * Decimal("0.03"), digits)]
    beyond = [_typed(high + span / 8, digits)] if bounds.high is not None else []
    beyond += [_typed(low - span / 8, digits)] if bounds.low is not None else []
    return list(dict.fromkeys([*inside, *edges, *beyond]))


def _typed(value: Decimal, digits: Decimal) -> str:
    return format(value.quantize(digits), "f")


def _answer(step: Step, phase: str, value: str) -> Answer | None:
    sent = Sent(
        uid=_ANY, checklist=_ANY, step=step.key, phase=phase, value=value, unit="", skip="", text="", files=(), tester="", detail={},
        measured_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), supersedes=None, reason="", fingerprint="",
    )  # fmt: skip
    judged = judge_sent(step=step, sent=sent, tester=None, day=_SOME_DAY)
    if not isinstance(judged, Judged):
        return None
    reasons = [code for code, holds in (("failed", judged.verdict == "fail"), ("near_limit", judged.near_limit)) if holds]
    return Answer(
        phase, judged.number, judged.unit, value if step.number else "", judged.choice[:40], value if step.kind == "text" else "",
        judged.verdict, _json(judged.limit), judged.share, _json({"why": judged.why}), "{" + ",".join(reasons) + "}",
    )  # fmt: skip


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), ensure_ascii=False, default=str)
