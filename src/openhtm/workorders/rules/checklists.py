"""A checklist as a whole: which steps are answered, what its outcome is, and what stands in the way of finishing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openhtm.procedures.rules.steps import Step

OUTCOMES: tuple[str, ...] = ("pass", "pass_adjusted", "partial", "fail")
"""Attempt outcomes a checklist can have, best first."""
PASSED: frozenset[str] = frozenset({"pass", "pass_adjusted"})
OUTCOME_LABELS: dict[str, str] = {
    "pass": "Passed",
    "pass_adjusted": "Passed after adjustment",
    "partial": "Partly done",
    "fail": "Failed",
}
OUTCOME_TONES: dict[str, str] = {"pass": "ok", "pass_adjusted": "ok", "partial": "due", "fail": "late"}


@dataclass(frozen=True, slots=True)
class Answer:
    """The result that stands for one step and phase: the newest that was not superseded."""

    step_key: str
    phase: str
    verdict: str
    adjusted: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a checklist stands. ``missing`` and ``failed`` are keys of steps in their order; ``asked`` counts required steps."""

    asked: int
    answered: int
    missing: tuple[str, ...]
    failed: tuple[str, ...]
    critical: tuple[str, ...]
    outcome: str


def standing(*, steps: Sequence[Step], answers: Sequence[Answer]) -> Standing:
    """Return where a checklist stands, and its outcome if it were finished now.

    Of a step with two values the one as left decides; without it the one as found, if that did not fail: what was found in
    order is left in order. A skipped step, or one whose tester had expired, leaves the work partly done: nothing is called
    passed that was not shown to be. A step that was left out as not applying counts as answered.
    """
    by_slot = {(one.step_key, one.phase): one for one in answers}
    verdicts = {step.key: _verdict(step, by_slot) for step in steps if step.kind != "heading"}
    asking = [step for step in steps if step.kind != "heading"]
    required = [step for step in asking if step.required]
    missing = tuple(step.key for step in required if verdicts[step.key] == "")
    failed = tuple(step.key for step in asking if verdicts[step.key] == "fail")
    critical = tuple(step.key for step in asking if verdicts[step.key] == "fail" and step.on_fail == "critical")
    open_ends = bool(missing) or any(verdicts[step.key] in ("skipped", "invalid") for step in asking)
    adjusted = any(one.adjusted for one in answers) or any(_was_mended(step, by_slot) for step in asking)
    outcome = "fail" if failed else "partial" if open_ends else "pass_adjusted" if adjusted else "pass"
    return Standing(
        asked=len(asking),
        answered=sum(1 for step in asking if verdicts[step.key]),
        missing=missing,
        failed=failed,
        critical=critical,
        outcome=outcome,
    )


def _verdict(step: Step, by_slot: dict[tuple[str, str], Answer]) -> str:
    """Return the verdict that counts for a step; empty while it is not answered."""
    if step.phase == "single":
        only = by_slot.get((step.key, ""))
        return only.verdict if only else ""
    left, found = by_slot.get((step.key, "as_left")), by_slot.get((step.key, "as_found"))
    if left:
        return left.verdict
    return found.verdict if found and found.verdict != "fail" else ""


def _was_mended(step: Step, by_slot: dict[tuple[str, str], Answer]) -> bool:
    found, left = by_slot.get((step.key, "as_found")), by_slot.get((step.key, "as_left"))
    return bool(found and left and found.verdict == "fail" and left.verdict != "fail")


def refuse_outcome(*, wanted: str, proposed: str) -> str:
    """Return why ``wanted`` cannot be the outcome, in a sentence; empty if it can. A person may judge worse, never better."""
    if wanted not in OUTCOMES:
        return f"Choose one of: {', '.join(OUTCOMES)}."
    if OUTCOMES.index(wanted) < OUTCOMES.index(proposed):
        return f"The results say: {OUTCOME_LABELS[proposed].lower()}. Correct a result first, or choose a worse outcome."
    return ""


def worst(outcomes: Sequence[str]) -> str:
    """Return the outcome of an order from those of its checklists; empty without any."""
    return max(outcomes, key=OUTCOMES.index, default="")
