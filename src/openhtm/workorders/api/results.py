"""Results over the API: one or a thousand at once, the checklists they stand on, signatures, review, and what was held."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, BinaryIO, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import File, Query, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Cursor, Key, Limit, Text
from openhtm.core.text import control_number_key
from openhtm.identity.actor import require
from openhtm.identity.addresses import client_address
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.asking import actor_of
from openhtm.procedures.rules.content import dump
from openhtm.procedures.rules.judging import client_rule
from openhtm.workorders.api import result_shapes as shapes
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.queries.checklists import current_results, previous_values, standings, visible_checklists, visible_results
from openhtm.workorders.queries.evidence import contents_of
from openhtm.workorders.queries.review import queue
from openhtm.workorders.services import held, reviewing, signing
from openhtm.workorders.services.checklists import add_checklist, finish_checklist, store_photo
from openhtm.workorders.services.results import store_results

router = Router(tags=["results"])


@router.post(
    "/results", response={201: shapes.StoredOut, 200: shapes.StoredOut, **REFUSALS}, operation_id="store_results", summary="Store results"
)
def store(request: HttpRequest, payload: shapes.ResultsIn) -> Any:
    """Store up to 1,000 results; sending one again stores nothing. 201 if any was stored, else 200; read the state of each."""
    outcome = store_results(actor=actor_of(request), items=[one.as_result() for one in payload.items])
    answer = {
        "items": [shapes.item_out(one) for one in outcome.items],
        "stored": outcome.stored,
        "repeated": outcome.repeated,
        "held": outcome.held,
        "refused": outcome.refused,
        "repair_orders": list(outcome.corrective),
    }
    return Status(201 if outcome.stored else 200, answer)


class ResultQuery(Schema):
    work_order: Key | None = Field(default=None, description="Number of an order.")
    device: Annotated[Text, Field(max_length=60)] | None = Field(default=None, description="Control number.")
    checklist: UUID | None = None
    step: Annotated[Text, Field(max_length=80)] | None = None
    tester: Annotated[Text, Field(max_length=60)] | None = Field(default=None, description="Control number of a tester.")
    current: bool = Field(default=False, description="Leave out what was corrected.")


@router.get("/results", response={200: shapes.ResultList, **REFUSALS}, operation_id="list_results", summary="List results")
def list_results(
    request: HttpRequest, query: Query[ResultQuery], cursor: Cursor | None = None, limit: Limit = 50, count: bool = False
) -> dict[str, Any]:
    """Results of orders the caller may see, those made last first."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    found = visible_results(actor)
    named: dict[str, Any] = {
        "work_order__number": query.work_order,
        "device__control_number": control_number_key(query.device) if query.device else None,
        "checklist__uid": query.checklist,
        "step_key": query.step,
        "tester__device__control_number": control_number_key(query.tester) if query.tester else None,
    }
    found = found.filter(**{name: value for name, value in named.items() if value is not None})
    if query.current:
        found = found.filter(superseded_by__isnull=True)
    return _page(found, ("-uid",), partial(shapes.result_out, actor=actor), cursor=cursor, limit=limit, count=count)


def _page(found: QuerySet[Any], order: tuple[str, ...], out: Any, *, cursor: str | None, limit: int, count: bool) -> dict[str, Any]:
    page = keyset_page(found, order=order, cursor=cursor, limit=limit)
    total = count_up_to(found) if count else None
    return {
        "items": [out(row) for row in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": total.value if total else None,
        "count_is_exact": total.exact if total else None,
    }


@router.get("/results/{uid}", response={200: shapes.ResultOut, **REFUSALS}, operation_id="get_result", summary="One result")
def get_result(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """A result with everything it was judged by."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    return shapes.result_out(visible_results(actor).get(uid=uid), actor=actor)


@router.get(
    "/work-orders/{number}/checklists", response={200: list[shapes.ChecklistRow], **REFUSALS}, operation_id="list_checklists",
    summary="Checklists of an order",
)  # fmt: skip
def list_checklists(request: HttpRequest, number: Key) -> list[dict[str, Any]]:
    """What is to be carried out on an order, and where each stands."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    order = WorkOrder.objects.visible_to(actor).get(number=number)
    found = list(visible_checklists(actor).filter(work_order=order))
    stands = standings(found)
    return [shapes.checklist_row(one, stands[one.pk]) for one in found]


@router.post(
    "/work-orders/{number}/checklists",
    response={201: shapes.ChecklistRow, **REFUSALS},
    operation_id="add_checklist",
    summary="Add a checklist",
)
def post_checklist(request: HttpRequest, number: Key, payload: shapes.ChecklistIn) -> Any:
    """Put the released version of a procedure on an order. It keeps that version."""
    actor = actor_of(request)
    made = add_checklist(actor=actor, number=number, procedure_code=payload.procedure, purpose=payload.purpose)
    return Status(201, shapes.checklist_row(made, standings([made])[made.pk]))


@router.get("/checklists/{uid}", response={200: shapes.ChecklistOut, **REFUSALS}, operation_id="get_checklist", summary="One checklist")
def get_checklist(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """A checklist with its steps, limits, previous values and results. Six statements."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    one = visible_checklists(actor).get(uid=uid)
    content = contents_of({one.version_id: one.version.content_hash})[one.version_id]
    previous = previous_values(checklist=one, step_keys=[step.key for step in content.steps if step.show_previous])
    standing_results = visible_results(actor).filter(pk__in=[found.pk for found in current_results([one.pk]).get(one.pk, ())])
    return shapes.checklist_row(one, standings([one])[one.pk]) | {
        "content": dump(content),
        "rules": [client_rule(step) for step in content.steps],
        "previous": {
            key: {"answer": old.answer, "unit": old.unit, "verdict": old.verdict, "measured_at": old.measured_at}
            for key, old in previous.items()
        },
        "results": [shapes.result_out(found, actor=actor) for found in standing_results],
    }


@router.post(
    "/checklists/{uid}/finish",
    response={200: shapes.FinishedOut, **REFUSALS},
    operation_id="finish_checklist",
    summary="Finish a checklist",
)
def post_finish(request: HttpRequest, uid: UUID, payload: shapes.FinishIn) -> dict[str, Any]:
    """Say that a checklist is done; every required step needs an answer."""
    done = finish_checklist(actor=actor_of(request), uid=uid, outcome=payload.outcome, open_repair=payload.open_repair)
    row = shapes.checklist_row(done.checklist, done.standing)
    return row | {"repair_orders": [order.number for order in done.repairs]}


@router.post("/work-orders/{number}/photos", response={201: shapes.PhotoOut, **REFUSALS}, operation_id="add_photo", summary="Send a photo")
def post_photo(
    request: HttpRequest,
    number: Key,
    file: UploadedFile | None = File(None),  # noqa: B008 (ninja's way)
) -> Any:
    """Keep a photo (multipart, JPEG, PNG or WebP) so that a result can name it. The same photo twice is kept once."""
    actor = actor_of(request)
    order = WorkOrder.objects.visible_to(actor).select_related("facility").get(number=number)
    require(actor, Permission.DO_WORK, at=order.facility_id, place=order.facility.name)
    if file is None:
        raise Invalid({"file": ["Send the photo as the part named file of a multipart form."]})
    stored = store_photo(actor=actor, number=number, content=cast(BinaryIO, file.file), file_name=file.name or "photo")
    return Status(201, {"sha256": stored.sha256, "media_type": stored.media_type, "size_bytes": stored.size_bytes})


@router.get(
    "/work-orders/{number}/signatures", response={200: list[shapes.SignatureOut], **REFUSALS}, operation_id="list_signatures",
    summary="Signatures of an order",
)  # fmt: skip
def list_signatures(request: HttpRequest, number: Key) -> list[dict[str, Any]]:
    """Who signed with which meaning, and whether what was signed still stands."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    order = WorkOrder.objects.visible_to(actor).get(number=number)
    return [shapes.signature_out(one) for one in signing.signature_state(order)]


@router.post("/work-orders/{number}/signatures", response={201: shapes.SignatureOut, **REFUSALS}, operation_id="sign_order", summary="Sign")
def post_signature(request: HttpRequest, number: Key, payload: shapes.SignIn) -> Any:
    """Sign in person, with the password once more. Work that nobody has to read is closed by rule when it is signed as performed."""
    actor, address = actor_of(request), client_address(request)
    if payload.meaning == "performed":
        made, _ = reviewing.sign_performed(actor=actor, number=number, password=payload.password, address=address)
    else:
        made = signing.sign(actor=actor, number=number, meaning=payload.meaning, password=payload.password, address=address)
    return Status(201, shapes.signature_out(signing.SignatureState(made, intact=True)))


@router.get(
    "/review-queue", response={200: shapes.ReviewList, **REFUSALS}, operation_id="list_review_queue", summary="What waits for review"
)
def review_queue(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50, count: bool = False) -> dict[str, Any]:
    """Completed orders where the caller reviews, the most urgent first, each with the reasons why a person must read it."""
    actor = actor_of(request)
    found = queue(actor)
    page = keyset_page(found, order=("priority", "number"), cursor=cursor, limit=limit)
    total = count_up_to(found) if count else None
    signed = reviewing.signed_and_intact(page.rows)
    return {
        "items": [_review_row(order, signed) for order in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": total.value if total else None,
        "count_is_exact": total.exact if total else None,
    }


def _review_row(order: WorkOrder, signed: Mapping[int, bool]) -> dict[str, Any]:
    return {
        "number": order.number,
        "kind": order.kind,
        "title": order.title,
        "device": order.device.control_number if order.device else None,
        "facility": order.facility.code,
        "completed_at": order.completed_at,
        "completed_by": str(order.completed_by) if order.completed_by else None,
        "reasons": list(order.review_reasons),
        "signed": signed.get(order.pk, False),
    }


@router.post("/work-orders/{number}/review", response={200: shapes.ReviewedOut, **REFUSALS}, operation_id="review_order", summary="Review")
def post_review(request: HttpRequest, number: Key, payload: shapes.ReviewIn) -> dict[str, Any]:
    """Sign a completed order as reviewed and close it. Nobody reviews their own work."""
    closed = reviewing.review(
        actor=actor_of(request), number=number, password=payload.password, note=payload.note, address=client_address(request)
    )
    return {"number": closed.number, "status": closed.status, "closed_at": closed.closed_at}


@router.get(
    "/held-results", response={200: shapes.HeldList, **REFUSALS}, operation_id="list_held_results", summary="Results that were held"
)
def list_held(
    request: HttpRequest, settled: bool = False, cursor: Cursor | None = None, limit: Limit = 50, count: bool = False
) -> dict[str, Any]:
    """What was sent as a result and could not be stored as one: kept until somebody settles it."""
    actor = actor_of(request)
    require(actor, Permission.DO_WORK)
    found = held.visible_held(actor).filter(settled_at__isnull=not settled).select_related("work_order", "sender")
    return _page(found, ("-received_at", "-pk"), shapes.held_out, cursor=cursor, limit=limit, count=count)


@router.post("/held-results/{uid}/settle", response={200: shapes.HeldOut, **REFUSALS}, operation_id="settle_held_result", summary="Settle")
def post_settle(request: HttpRequest, uid: UUID, payload: shapes.WorkSettleIn) -> dict[str, Any]:
    """Store a held result after all, or discard it. The record of it stays."""
    settled = held.settle_held(actor=actor_of(request), uid=uid, decision=payload.decision, note=payload.note, checklist=payload.checklist)
    return shapes.held_out(settled)
