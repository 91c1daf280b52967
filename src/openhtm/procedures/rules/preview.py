"""A procedure as the technician will see it, read only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openhtm.procedures.rules.content import Content
from openhtm.procedures.rules.fields import Fields, Problems
from openhtm.procedures.rules.judging import answers, limit_in_words
from openhtm.procedures.rules.limits import CONFIDENCES
from openhtm.procedures.rules.safety.limits import tests_for
from openhtm.procedures.rules.safety.model import COMPARATORS, NoLimit
from openhtm.procedures.rules.safety.model import Limit as SafetyLimit
from openhtm.procedures.rules.safety.units import shown
from openhtm.procedures.rules.steps import KINDS, PERIODS, SEVERITIES, SafetyBlock, Step, read_step
from openhtm.procedures.rules.units import symbol

TONES = {"pass": "ok", "fail": "late", "note": "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPreview:
    """One step with everything about it in words. ``number`` is 0 for a heading."""

    step: Step
    number: int
    kind: str
    on_fail: str
    phases: tuple[str, ...]
    answers: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    target: str = ""
    limit: str = ""
    source: str = ""
    confidence: str = ""
    note: str = ""
    part: str = ""
    standard: str = ""
    tests: tuple[tuple[str, str, bool], ...] = ()

    @property
    def images(self) -> list[tuple[str, str]]:
        return [(image.sha256, image.caption or "Picture") for image in self.step.images]


def preview(content: Content) -> list[StepPreview]:
    """Return the steps of a version in order, headings among them."""
    return preview_steps(content.steps)


def preview_raw(raw: object) -> list[StepPreview]:
    """Return those steps of a draft that can be read so far."""
    steps = []
    for one in raw if isinstance(raw, list) else []:
        problems = Problems()
        step = read_step(Fields(one, path="", problems=problems))
        if not problems:
            steps.append(step)
    return preview_steps(steps)


def preview_steps(steps: Sequence[Step]) -> list[StepPreview]:
    found, number = [], 0
    for step in steps:
        number += step.kind != "heading"
        found.append(_view(step, 0 if step.kind == "heading" else number))
    return found


def _view(step: Step, number: int) -> StepPreview:
    field, limit = step.number, step.number.limit if step.number else None
    return StepPreview(
        step=step,
        number=number,
        kind=KINDS[step.kind],
        on_fail=SEVERITIES[step.on_fail],
        phases=("As found", "As left") if step.phase != "single" else ("",),
        answers=tuple((label, TONES[verdict]) for label, verdict in answers(step).values()),
        unit=symbol(field.unit) if field else "",
        target=f"{field.target:f} {symbol(field.unit)}" if field and field.target is not None else "",
        limit=limit_in_words(field) if field else "",
        source=f"{limit.source} {limit.edition}".strip() if limit else "",
        confidence=CONFIDENCES[limit.confidence] if limit else "",
        note=limit.note if limit else "",
        part=_part(step),
        standard=f"{step.electrical_safety.standard} {step.electrical_safety.edition}" if step.electrical_safety else "",
        tests=_tests(step.electrical_safety) if step.electrical_safety else (),
    )


def _part(step: Step) -> str:
    if step.consumable is None:
        return ""
    every = step.consumable.replace_every
    period = (
        f"every {every.count} {PERIODS[every.period]}{'s' if every.count > 1 and ' ' not in PERIODS[every.period] else ''}" if every else ""
    )
    return ", ".join(filter(None, (step.consumable.part, step.consumable.part_number, period)))


def _tests(block: SafetyBlock) -> tuple[tuple[str, str, bool], ...]:
    found = tests_for(
        standard=block.standard,
        edition=block.edition,
        device_class=block.device_class,
        applied_parts=block.applied_parts,
        methods=block.methods,
        options=block.options,
    )
    if isinstance(found, NoLimit):
        return ((found.why, "", True),)
    chosen = [one for one in found if not block.tests or one.test in block.tests]
    return tuple((one.title, _limit(one.limit), one.required) for one in chosen)


def _limit(limit: SafetyLimit | NoLimit | None) -> str:
    if limit is None:
        return "looked at"
    if isinstance(limit, NoLimit):
        return limit.why
    return f"{COMPARATORS[limit.comparator]} {shown(value=limit.value, unit=limit.unit)}"
