"""What is kept with an order over the API: what happened, remarks, files, watchers, labour."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, BinaryIO, cast
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Form, Query, Schema, Status
from ninja.files import UploadedFile
from pydantic import AwareDatetime, Field

from openhtm.core.errors import Invalid
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Key, Long, Text
from openhtm.documents.responses import inert_response
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.workforce.services.access import may_see_pay
from openhtm.workorders.api.shapes import Code, Minutes, Why, actor_of, found_order
from openhtm.workorders.models import LabourEntry, WorkAttachment
from openhtm.workorders.queries import detail
from openhtm.workorders.services import labour, talking

router = Router(tags=["work orders"])
NOTE = Field(default="", max_length=200)


class WorkEventOut(Schema):
    """One thing that happened. ``number`` is the order it was written on, which may have been merged into this one."""

    number: int
    kind: str
    before: str
    after: str
    text: str
    by: str
    at: dt.datetime


@router.get(
    "/work-orders/{number}/events", response={200: list[WorkEventOut], **REFUSALS}, operation_id="work_order_events", summary="Timeline"
)
def work_order_events(request: HttpRequest, number: Key) -> Any:
    """The newest thousand events. Requesters and companies read what is public."""
    actor = actor_of(request)
    order = found_order(actor, number)
    events = detail.events_of(order, public_only=not detail.sees_everything(actor, order))[:1000]
    return [
        {
            "number": one.work_order.number,
            "kind": one.kind,
            "before": one.before,
            "after": one.after,
            "text": one.text,
            "by": one.actor_name,
            "at": one.recorded_at,
        }
        for one in events
    ]


class CommentIn(Body):
    text: Annotated[Long, Field(min_length=1)]
    public: bool = Field(default=False, description="Shown to whoever reported it. What requesters write always is.")


class CommentOut(Schema):
    uid: UUID
    number: int
    text: str
    public: bool
    author: str
    recorded_at: dt.datetime


@router.get(
    "/work-orders/{number}/comments", response={200: list[CommentOut], **REFUSALS}, operation_id="list_work_comments", summary="Remarks"
)
def list_work_comments(request: HttpRequest, number: Key) -> Any:
    """Remarks on the order and on those merged into it, the oldest first, at most a thousand."""
    actor = actor_of(request)
    order = found_order(actor, number)
    comments = detail.comments_of(order, public_only=not detail.sees_everything(actor, order))[:1000]
    return [_comment_out(one, one.work_order.number) for one in comments]


@router.post(
    "/work-orders/{number}/comments", response={201: CommentOut, **REFUSALS}, operation_id="add_work_comment", summary="Add a remark"
)
def add_work_comment(request: HttpRequest, number: Key, payload: CommentIn) -> Any:
    """Add a remark, signed by the caller; also on settled orders."""
    made = talking.add_comment(actor=actor_of(request), number=number, text=payload.text, public=payload.public)
    return Status(201, _comment_out(made, number))


def _comment_out(one: Any, number: int) -> dict[str, Any]:
    return {
        "uid": one.uid, "number": number, "text": one.text, "public": one.public, "author": one.author_name, "recorded_at": one.recorded_at,
    }  # fmt: skip


class WorkFileOut(Schema):
    """A file kept with an order."""

    uid: UUID
    number: int
    file_name: str
    media_type: str = Field(description="As found in the content, not as claimed by the sender.")
    size_bytes: int
    sha256: str
    public: bool
    added_by: str
    added_at: dt.datetime


class WorkFileIn(Body):
    public: bool = False


def _file_out(one: WorkAttachment) -> dict[str, Any]:
    return {
        "uid": one.uid,
        "number": one.work_order.number,
        "file_name": one.file_name,
        "media_type": one.file.media_type,
        "size_bytes": one.file.size_bytes,
        "sha256": one.file.sha256,
        "public": one.public,
        "added_by": one.added_by_name,
        "added_at": one.added_at,
    }


@router.get("/work-orders/{number}/files", response={200: list[WorkFileOut], **REFUSALS}, operation_id="list_work_files", summary="Files")
def list_work_files(request: HttpRequest, number: Key) -> Any:
    """Files of the order and of those merged into it, at most a thousand."""
    actor = actor_of(request)
    order = found_order(actor, number)
    return [_file_out(one) for one in detail.files_of(order, public_only=not detail.sees_everything(actor, order))[:1000]]


@router.post("/work-orders/{number}/files", response={201: WorkFileOut, **REFUSALS}, operation_id="add_work_file", summary="Attach a file")
def add_work_file(
    request: HttpRequest,
    number: Key,
    payload: Form[WorkFileIn],
    file: UploadedFile | None = File(None),  # noqa: B008 (ninja's way)
) -> Any:
    """Keep a file (multipart) with an order."""
    actor = actor_of(request)
    order = found_order(actor, number)
    talking.refuse_silent(actor, order)
    if file is None:
        raise Invalid({"file": ["Send the file as the part named file of a multipart form."]})
    made = talking.attach_file(
        actor=actor, number=number, content=cast(BinaryIO, file.file), file_name=file.name or "", public=payload.public
    )
    return Status(201, _file_out(talking.visible_files(actor).get(pk=made.pk)))


@router.get(
    "/work-order-files/{uid}/content", response={200: None, **REFUSALS}, operation_id="work_file_content", summary="A file's content"
)
def work_file_content(request: HttpRequest, uid: UUID) -> Any:
    """The file itself, always as a download, under the media type found in its content."""
    actor = actor_of(request)
    found = talking.visible_files(actor).get(uid=uid)
    require(actor, Permission.VIEW_WORK, at=found.work_order.facility_id)
    if not found.public and not detail.sees_everything(actor, found.work_order):
        raise WorkAttachment.DoesNotExist
    return inert_response(found.file, found.file_name)


class WorkRemovalIn(Schema):
    reason: Why = Field(description="Why; others will look for it.")


@router.delete("/work-order-files/{uid}", response={204: None, **REFUSALS}, operation_id="remove_work_file", summary="Take a file away")
def remove_work_file(request: HttpRequest, uid: UUID, query: Query[WorkRemovalIn]) -> Any:
    """Take a file away from its order. Its content, and who removed it and why, stay."""
    talking.remove_file(actor=actor_of(request), uid=uid, reason=query.reason)
    return Status(204, None)


@router.post("/work-orders/{number}/watch", response={204: None, **REFUSALS}, operation_id="watch_work_order", summary="Watch")
def watch_work_order(request: HttpRequest, number: Key) -> Any:
    """Hear about the order from now on."""
    talking.watch(actor=actor_of(request), number=number)
    return Status(204, None)


@router.delete("/work-orders/{number}/watch", response={204: None, **REFUSALS}, operation_id="unwatch_work_order", summary="Watch no more")
def unwatch_work_order(request: HttpRequest, number: Key) -> Any:
    """Hear no more about the order."""
    talking.unwatch(actor=actor_of(request), number=number)
    return Status(204, None)


class LabourOut(Schema):
    """Time of one person. ``ended_at`` null: the timer runs."""

    uid: UUID
    number: int
    person: str
    user_id: int
    category: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    minutes: int
    cost_cents: int | None = Field(
        description="Null: unknown, or not yours to see. It tells what an hour of this person costs: theirs, and for who may see pay."
    )
    note: str


def _labour_out(one: LabourEntry, actor: Actor) -> dict[str, Any]:
    theirs = one.user_id == actor.user_id or may_see_pay(actor, getattr(one.user, "staff", None))
    shown = one.rate_cents is not None and theirs and actor.may(Permission.VIEW_COSTS, at=one.work_order.facility_id)
    return {
        "uid": one.uid, "number": one.work_order.number, "person": one.user_name, "user_id": one.user_id, "category": one.category.code,
        "started_at": one.started_at, "ended_at": one.ended_at, "minutes": one.minutes, "note": one.note,
        "cost_cents": (one.minutes * (one.rate_cents or 0) + 30) // 60 if shown else None,
    }  # fmt: skip


@router.get("/work-orders/{number}/labour", response={200: list[LabourOut], **REFUSALS}, operation_id="list_labour", summary="Labour")
def list_labour(request: HttpRequest, number: Key) -> Any:
    """Time booked on the order, at most a thousand entries."""
    actor = actor_of(request)
    order = found_order(actor, number)
    entries = LabourEntry.objects.filter(work_order=order, removed_at__isnull=True)
    entries = entries.select_related("category", "work_order", "user__staff")
    return [_labour_out(one, actor) for one in entries[:1000]]


class LabourIn(Body):
    minutes: Minutes
    category: Code = Field(default="", description="From the list labour; left out: what is usual for the kind of work.")
    started_at: AwareDatetime | None = None
    user_id: Key | None = Field(default=None, description="Somebody else's time needs the right to assign work.")
    note: Annotated[Text, NOTE] = ""


@router.post("/work-orders/{number}/labour", response={201: LabourOut, **REFUSALS}, operation_id="book_labour", summary="Book time")
def book_labour(request: HttpRequest, number: Key, payload: LabourIn) -> Any:
    """Book time that was worked."""
    actor = actor_of(request)
    return Status(201, _labour_out(labour.book_labour(actor=actor, number=number, **payload.model_dump()), actor))


class TimerIn(Body):
    category: Code = ""
    switch: bool = Field(default=False, description="Stop a timer that runs on another order.")


@router.post("/work-orders/{number}/timer", response={200: LabourOut, **REFUSALS}, operation_id="start_timer", summary="Start the timer")
def start_timer(request: HttpRequest, number: Key, payload: TimerIn) -> Any:
    """Start the caller's timer on the order; if it runs there already, that one answers."""
    actor = actor_of(request)
    entry = labour.start_timer(actor=actor, number=number, category=payload.category, switch=payload.switch)
    return _labour_out(entry, actor)


@router.get("/timer", response={200: LabourOut, **REFUSALS}, operation_id="running_timer", summary="The running timer")
def running_timer(request: HttpRequest) -> Any:
    """The caller's running timer; 404 where none runs."""
    actor = actor_of(request)
    running = LabourEntry.objects.filter(user_id=actor.user_id or 0, ended_at__isnull=True, removed_at__isnull=True)
    return _labour_out(running.select_related("category", "work_order").get(), actor)


class StopIn(Body):
    minutes: Minutes | None = Field(default=None, description="What was really worked, if the timer ran on by mistake.")
    note: Annotated[Text, NOTE] = ""


@router.post("/timer/stop", response={200: LabourOut, **REFUSALS}, operation_id="stop_timer", summary="Stop the timer")
def stop_timer(request: HttpRequest, payload: StopIn) -> Any:
    """Stop the caller's timer and book what it counted; 404 where none runs."""
    actor = actor_of(request)
    return _labour_out(labour.stop_timer(actor=actor, minutes=payload.minutes, note=payload.note), actor)


@router.delete("/labour/{uid}", response={204: None, **REFUSALS}, operation_id="remove_labour", summary="Take time off")
def remove_labour(request: HttpRequest, uid: UUID, query: Query[WorkRemovalIn]) -> Any:
    """Take an entry off its order, one's own or, with the right to review work, a colleague's. The history keeps it."""
    labour.remove_labour(actor=actor_of(request), uid=uid, reason=query.reason)
    return Status(204, None)
