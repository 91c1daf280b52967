"""How orders move, over the API. Every move answers the order as it then stands; a move made by somebody else first answers 409."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from pydantic import Field

from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Key, Text
from openhtm.workorders.api.shapes import Code, Day, NumbersIn, OrderOut, Reason, SeenAt, Words, actor_of, answer
from openhtm.workorders.services import merging, moving

router = Router(tags=["work orders"])
NeededCode = Annotated[Text, Field(min_length=1, max_length=40)]
SEEN = Field(default=None, description="updated_at as you last read it; 409 if it changed since.")


class WorkMoveIn(Body):
    seen_at: SeenAt = SEEN


@router.post("/work-orders/{number}/start", response={200: OrderOut, **REFUSALS}, operation_id="start_work", summary="Start to work")
def start_work(request: HttpRequest, number: Key, payload: WorkMoveIn) -> dict[str, Any]:
    """Begin to work. An order of nobody becomes the caller's own."""
    actor = actor_of(request)
    moving.start_work(actor=actor, number=number, seen_at=payload.seen_at)
    return answer(actor, number)


@router.post(
    "/work-orders/{number}/accept", response={200: OrderOut, **REFUSALS}, operation_id="accept_work_order", summary="Accept a request"
)
def accept_work_order(request: HttpRequest, number: Key) -> dict[str, Any]:
    """Take a request on as an open order, or put one that was begun back in the queue."""
    actor = actor_of(request)
    moving.accept_order(actor=actor, number=number)
    return answer(actor, number)


class HoldIn(WorkMoveIn):
    reason_code: NeededCode = Field(description="From the list hold; it says whether the targets wait too.")
    until: Day | None = None
    note: Reason = ""


@router.post("/work-orders/{number}/hold", response={200: OrderOut, **REFUSALS}, operation_id="hold_work_order", summary="Put on hold")
def hold_work_order(request: HttpRequest, number: Key, payload: HoldIn) -> dict[str, Any]:
    """Let the work wait. A timer of the caller on it stops."""
    actor = actor_of(request)
    moving.hold_order(actor=actor, number=number, **payload.model_dump())
    return answer(actor, number)


@router.post(
    "/work-orders/{number}/resume", response={200: OrderOut, **REFUSALS}, operation_id="resume_work", summary="Go on with held work"
)
def resume_work(request: HttpRequest, number: Key) -> dict[str, Any]:
    """Go on with what was on hold; the targets move by the time it waited, if the reason stopped the clock."""
    actor = actor_of(request)
    moving.resume_work(actor=actor, number=number)
    return answer(actor, number)


class CompleteIn(WorkMoveIn):
    """Codes left out stay as they are; the failure code must be known by now for most kinds of work."""

    outcome: Annotated[Text, Field(max_length=20)] = Field(default="", description="Attempt outcome code, for scheduled work.")
    failure_code: Code = ""
    problem_code: Code = ""
    cause_code: Code = ""
    resolution_code: Code = ""
    work_done: Words = ""


@router.post("/work-orders/{number}/complete", response={200: OrderOut, **REFUSALS}, operation_id="complete_work_order", summary="Complete")
def complete_work_order(request: HttpRequest, number: Key, payload: CompleteIn) -> dict[str, Any]:
    """Say that the work is done. A timer of the caller on it stops."""
    actor = actor_of(request)
    moving.complete_order(actor=actor, number=number, **payload.model_dump())
    return answer(actor, number)


@router.post("/work-orders/{number}/close", response={200: OrderOut, **REFUSALS}, operation_id="close_work_order", summary="Close")
def close_work_order(request: HttpRequest, number: Key, payload: WorkMoveIn) -> dict[str, Any]:
    """Settle a completed order for good. Refused with workorder-not-ready while something is missing; detail names it."""
    actor = actor_of(request)
    moving.close_order(actor=actor, number=number, seen_at=payload.seen_at)
    return answer(actor, number)


class ReopenIn(Body):
    reason: Annotated[Text, Field(min_length=1, max_length=1000)]


@router.post("/work-orders/{number}/reopen", response={200: OrderOut, **REFUSALS}, operation_id="reopen_work_order", summary="Reopen")
def reopen_work_order(request: HttpRequest, number: Key, payload: ReopenIn) -> dict[str, Any]:
    """Take up a completed, closed or cancelled order again. Its signatures show as broken."""
    actor = actor_of(request)
    moving.reopen_order(actor=actor, number=number, reason=payload.reason)
    return answer(actor, number)


class CancelIn(Body):
    reason_code: NeededCode = Field(description="From the list cancel.")
    reason: Reason = ""


@router.post("/work-orders/{number}/cancel", response={200: OrderOut, **REFUSALS}, operation_id="cancel_work_order", summary="Cancel")
def cancel_work_order(request: HttpRequest, number: Key, payload: CancelIn) -> dict[str, Any]:
    """Give an order up, for a coded reason."""
    actor = actor_of(request)
    moving.cancel_order(actor=actor, number=number, **payload.model_dump())
    return answer(actor, number)


class WorkMergeIn(NumbersIn):
    reason: Reason = ""


@router.post(
    "/work-orders/{number}/merge", response={200: OrderOut, **REFUSALS}, operation_id="merge_work_orders", summary="Merge others into it"
)
def merge_work_orders(request: HttpRequest, number: Key, payload: WorkMergeIn) -> dict[str, Any]:
    """Merge other reports of the same fault into this order, which keeps all that they carried."""
    actor = actor_of(request)
    merging.merge_orders(actor=actor, into=number, numbers=payload.numbers, reason=payload.reason)
    return answer(actor, number)
