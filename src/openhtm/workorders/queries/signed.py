"""What changed on an order since it was signed: why a signature no longer stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from openhtm.procedures.rules.judging import answers
from openhtm.procedures.rules.steps import Step
from openhtm.workorders.models import Result, WorkEvent, WorkOrder
from openhtm.workorders.queries.evidence import contents_of
from openhtm.workorders.rules.kinds import Status

SIGNED_WORDS = frozenset({"kind", "device", "title", "work done", "failure", "problem", "cause", "resolution"})
"""What a signature covers of the order itself, in the words of its timeline."""
TOLD = {"": "", "as_found": ", as found", "as_left": ", as left"}
UNANSWERED = {"na": "does not apply", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class SignedChange:
    """One change of something that was signed: what, by whom, when (as received here), and the reason given."""

    what: str
    by: str
    at: datetime
    reason: str = ""


def changes_since(order: WorkOrder, *, since: datetime) -> list[SignedChange]:
    """Return what changed after an instant of what signatures cover, in order of time. Two statements, three after a restart."""
    return sorted([*_results(order, since), *_events(order, since)], key=lambda one: one.at)


def _results(order: WorkOrder, since: datetime) -> list[SignedChange]:
    found = Result.objects.filter(work_order=order, received_at__gt=since).select_related("checklist__version", "supersedes")
    rows = list(found.defer("checklist__version__content", "limit", "qualification").order_by("received_at", "uid"))
    contents = contents_of({one.checklist.version_id: one.checklist.version.content_hash for one in rows})
    steps = {pk: {step.key: step for step in content.steps} for pk, content in contents.items()}
    return [_of_result(one, steps[one.checklist.version_id]) for one in rows]


def _of_result(one: Result, steps: Mapping[str, Step]) -> SignedChange:
    step = steps.get(one.step_key)
    title = f"{step.title if step else one.step_key}{TOLD.get(one.phase, '')}"
    now = _answer(one, step)
    what = f"{title}: {now} instead of {_answer(one.supersedes, step)}" if one.supersedes else f"{title}: {now}, recorded later"
    return SignedChange(what, one.performer_name, one.received_at, one.reason)


def _answer(one: Result, step: Step | None) -> str:
    if one.verdict in UNANSWERED:
        return UNANSWERED[one.verdict]
    label = answers(step).get(one.choice) if step and one.choice else None
    return label[0] if label else one.entered or one.text[:60] or one.choice or one.verdict


def _events(order: WorkOrder, since: datetime) -> list[SignedChange]:
    reopened = Q(kind="status", before__in=(Status.COMPLETED, Status.CLOSED), after=Status.IN_PROGRESS)
    found = WorkEvent.objects.filter(reopened | Q(kind__in=("edited", "checklist_added")), work_order=order, recorded_at__gt=since)
    told = ((_of_event(one), one) for one in found.order_by("recorded_at", "pk"))
    return [SignedChange(what, one.actor_name, one.recorded_at, one.text if one.kind == "status" else "") for what, one in told if what]


def _of_event(one: WorkEvent) -> str:
    """Return what happened in words; nothing if the signature does not cover it."""
    if one.kind == "status":
        return "The order was reopened"
    if one.kind == "checklist_added":
        return f"A checklist was added: {one.after}"
    covered = [name for name in one.text.split(", ") if name in SIGNED_WORDS]
    return f"The order was edited: {', '.join(covered)}" if covered else ""
