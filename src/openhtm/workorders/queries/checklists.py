"""What stands on checklists: the results that count, those of the visit before, and where a checklist stands."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from openhtm.identity.actor import Actor
from openhtm.workorders.models import Checklist, Result, ReviewReason, WorkOrder
from openhtm.workorders.queries.evidence import contents_of
from openhtm.workorders.rules.checklists import Answer, Standing, standing


def visible_checklists(actor: Actor) -> QuerySet[Checklist]:
    """Checklists of orders the actor may see, with their order, device and procedure; the version's content is left out."""
    found = Checklist.objects.filter(work_order__in=WorkOrder.objects.visible_to(actor))
    return found.select_related(
        "work_order__facility", "work_order__device__device_model__manufacturer", "work_order__location", "version__procedure"
    ).defer("version__content")


def visible_results(actor: Actor) -> QuerySet[Result]:
    """Results of orders the actor may see, with what a list of them shows."""
    found = Result.objects.filter(work_order__in=WorkOrder.objects.visible_to(actor))
    return found.select_related("work_order", "checklist__version__procedure", "tester__device").defer("checklist__version__content")


def current_results(checklist_ids: Iterable[int]) -> dict[int, list[Result]]:
    """Return, by checklist, the newest result of each step and phase that was not superseded, in order of measuring. One statement."""
    slots: dict[tuple[int, str, str], Result] = {}
    found = Result.objects.filter(checklist__in=list(checklist_ids), superseded_by__isnull=True).select_related("tester__device")
    for one in found.order_by("measured_at", "uid"):
        slots[one.checklist_id, one.step_key, one.phase] = one
    by_checklist: dict[int, list[Result]] = defaultdict(list)
    for one in slots.values():
        by_checklist[one.checklist_id].append(one)
    return by_checklist


def standings(checklists: Sequence[Checklist]) -> dict[int, Standing]:
    """Return where each checklist stands, by its key. Two statements, one where every content was read before."""
    results = current_results(one.pk for one in checklists)
    contents = contents_of({one.version_id: one.version.content_hash for one in checklists})
    return {one.pk: standing(steps=contents[one.version_id].steps, answers=answers_of(results.get(one.pk, ()))) for one in checklists}


def answers_of(results: Iterable[Result]) -> tuple[Answer, ...]:
    return tuple(Answer(one.step_key, one.phase, one.verdict, ReviewReason.ADJUSTED in one.review_reasons) for one in results)


@dataclass(frozen=True, slots=True)
class Previous:
    """What a step of the same device was answered with the last time."""

    uid: uuid.UUID
    number: float | None
    unit: str
    choice: str
    text: str
    entered: str
    verdict: str
    measured_at: datetime

    @property
    def answer(self) -> str:
        """The answer as it would be typed."""
        return f"{self.number:g}" if self.number is not None else self.choice or self.text


_ONE_EACH = """
SELECT p.* FROM unnest(%s::text[]) AS wanted(key)
CROSS JOIN LATERAL (
    SELECT r.step_key, r.phase, r.uid, r.number, r.unit, r.choice, r.text, r.entered, r.verdict, r.measured_at
    FROM workorders_result r
    WHERE r.device_id = %s AND r.step_key = wanted.key AND r.checklist_id <> %s
      AND NOT EXISTS (SELECT FROM workorders_result later WHERE later.supersedes_id = r.uid)
    ORDER BY r.measured_at DESC LIMIT 1
) p
"""
"""For each step the newest result, straight from the index of device, step and time: a device of ten years costs the same."""


def previous_values(*, checklist: Checklist, step_keys: Sequence[str]) -> dict[str, Previous]:
    """Return by step what stood on this device the last time, on another checklist. One statement; none without a device.

    Of a step with two values it is the one measured last, so as left.
    """
    device_id = checklist.work_order.device_id
    if device_id is None or not step_keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_ONE_EACH, [list(step_keys), device_id, checklist.pk])
        return {row[0]: Previous(*row[2:]) for row in cursor.fetchall()}
