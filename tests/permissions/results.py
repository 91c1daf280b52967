"""Routes of results, checklists, signatures and review."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from openhtm.core.ids import uuid7
from openhtm.documents.models import StoredFile
from openhtm.documents.services import path_of
from openhtm.identity.rules.permissions import Permission as P
from openhtm.workorders.models import Checklist, HeldResult, Result
from openhtm.workorders.tests.evidence import ChecklistFactory
from tests.permissions.rows import Row
from tests.permissions.world import World


def checklist_of(world: World) -> Checklist:
    """A checklist on the device of North."""
    found = Checklist.objects.filter(work_order__device=world.device).select_related("work_order").first()
    return found or ChecklistFactory(work_order__device=world.device)


def order(world: World) -> dict[str, Any]:
    return {"number": checklist_of(world).work_order.number}


def checklist(world: World) -> dict[str, Any]:
    return {"uid": str(checklist_of(world).uid)}


def on_page(world: World) -> dict[str, Any]:
    return order(world) | checklist(world)


def result(world: World) -> dict[str, Any]:
    one = checklist_of(world)
    made = Result.objects.create(
        checklist=one, work_order=one.work_order, device=world.device, step_key="case", kind="pass_fail", verdict="pass", choice="pass",
        performer_name="Maria", measured_at=timezone.now(), fingerprint="0" * 64,
    )  # fmt: skip
    return {"uid": str(made.uid)}


def held(world: World) -> dict[str, Any]:
    one = checklist_of(world)
    made = HeldResult.objects.create(
        claimed_uid=str(uuid7()), work_order=one.work_order, facility_id_at=one.work_order.facility_id, payload={"step": "case"},
        fingerprint="0" * 64, reason="unknown-step", sentence="No such step.",
    )  # fmt: skip
    return {"uid": str(made.uid)}


def sent(world: World) -> dict[str, Any]:
    one = {
        "uid": str(uuid7()),
        "checklist": str(checklist_of(world).uid),
        "step": "case",
        "value": "pass",
        "measured_at": "2026-11-22T10:00:00Z",
    }
    return {"items": [one]}


def picture(world: World) -> dict[str, Any]:
    one = checklist_of(world)
    stored, _ = StoredFile.objects.get_or_create(sha256="1" * 64, defaults={"size_bytes": 1, "media_type": "image/png"})
    path = path_of(stored.sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    Result.objects.create(
        checklist=one, work_order=one.work_order, step_key="label-photo", kind="photo", verdict="recorded", files=[stored.sha256],
        performer_name="Maria", measured_at=timezone.now(), fingerprint="0" * 64,
    )  # fmt: skip
    return order(world) | {"sha256": stored.sha256}


IN_PERSON = (403,)
"""Signing takes a person's session: a token of somebody with the right is refused too, for its own reason."""

ROWS = [
    Row("api:store_results", "POST", P.DO_WORK, data=sent),
    Row("api:list_results", "GET", P.VIEW_WORK),
    Row("api:get_result", "GET", P.VIEW_WORK, kwargs=result, scoped=True),
    Row("api:list_checklists", "GET", P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:add_checklist", "POST", P.DO_WORK, kwargs=order, data=lambda world: {"procedure": "none"}, scoped=True),
    Row("api:get_checklist", "GET", P.VIEW_WORK, kwargs=checklist, scoped=True),
    Row("api:finish_checklist", "POST", P.DO_WORK, kwargs=checklist, scoped=True),
    Row("api:add_photo", "POST", P.DO_WORK, kwargs=order, scoped=True),
    Row("api:list_signatures", "GET", P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:sign_order", "POST", P.DO_WORK, kwargs=order, data=lambda world: {"meaning": "performed", "password": "x"}, scoped=True, ok=IN_PERSON),
    Row("api:list_review_queue", "GET", P.REVIEW_WORK),
    Row("api:review_order", "POST", P.REVIEW_WORK, kwargs=order, data=lambda world: {"password": "x"}, scoped=True, ok=IN_PERSON),
    Row("api:list_held_results", "GET", P.DO_WORK),
    Row(
        "api:settle_held_result", "POST", P.REVIEW_WORK, kwargs=held, scoped=True,
        data=lambda world: {"decision": "discarded", "note": "Sent by mistake"},
    ),
    Row("workorders:checklist", "GET", P.VIEW_WORK, kwargs=on_page, scoped=True),
    Row("workorders:checklist-answer", "POST", P.DO_WORK, kwargs=on_page, data=lambda world: {"step": "case", "value": "pass"}, scoped=True),
    Row("workorders:checklist-finish", "POST", P.DO_WORK, kwargs=on_page, scoped=True),
    Row("workorders:checklist-add", "GET", P.DO_WORK, kwargs=order, scoped=True),
    Row("workorders:checklist-add", "POST", P.DO_WORK, kwargs=order, scoped=True),
    Row("workorders:photo", "GET", P.VIEW_WORK, kwargs=picture, scoped=True),
    Row("workorders:sign", "GET", P.DO_WORK, kwargs=order, scoped=True),
    Row("workorders:sign", "POST", P.DO_WORK, kwargs=order, scoped=True),
    Row("workorders:review-list", "GET", P.REVIEW_WORK),
    Row("workorders:review", "GET", P.REVIEW_WORK, kwargs=order, scoped=True),
    Row("workorders:review", "POST", P.REVIEW_WORK, kwargs=order, scoped=True),
    Row("workorders:held-list", "GET", P.DO_WORK),
    Row("workorders:held-settle", "GET", P.REVIEW_WORK, kwargs=held, scoped=True),
    Row("workorders:held-settle", "POST", P.REVIEW_WORK, kwargs=held, scoped=True),
]  # fmt: skip
