"""Courses, sessions and attendance in the API."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Key, Limit, Line, Long, Name, PageOut
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.training.api.common import may, who
from openhtm.training.models import Attendance, Course, SignedBy, TrainingSession
from openhtm.training.queries import sessions as queries
from openhtm.training.rules.lists import ListRow
from openhtm.training.services import attendance, sessions

router = Router(tags=["training"])


class CourseOut(Schema):
    uid: UUID
    title: str
    device_type: str
    device_model_id: int | None
    minutes: int
    active: bool


class CoursePage(PageOut):
    items: list[CourseOut]


class CourseIn(Body):
    title: Name
    device_type: Code | None = None
    device_model_id: Key | None = None
    minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    content: Annotated[Long, Field(max_length=4000)] = ""


class SessionOut(Schema):
    uid: UUID
    course: UUID
    title: str
    facility: str
    department_id: int | None
    held_at: dt.datetime
    minutes: int
    kind: Literal["roll_out", "yearly", "on_request"]
    trainer_name: str
    place: str
    cancelled: bool


class SessionPage(PageOut):
    items: list[SessionOut]


class SessionIn(Body):
    uid: UUID | None = Field(default=None, description="Made by the client: sent again, it plans nothing new.")
    course: UUID
    facility: Code
    department_id: Key | None = None
    held_at: dt.datetime
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    kind: Literal["roll_out", "yearly", "on_request"]
    trainer_name: Name
    place: Line = ""
    note: Annotated[Line, Field(max_length=400)] = ""


class SessionCancelIn(Body):
    reason: Name


class AttendanceOut(Schema):
    uid: UUID
    name: str = Field(description="As written.")
    employee_number: str = Field(description="As written, capitals and digits; empty unless you run training there.")
    person: UUID | None = Field(description="Who it is; null: not settled, or nobody of ours.")
    decision: str
    by: str
    recorded_at: dt.datetime


class AttendeeIn(Body):
    uid: UUID | None = None
    name: Name
    employee_number: Annotated[Line, Field(max_length=40)] = ""
    unit: Annotated[Line, Field(max_length=120)] = ""


class AttendeesIn(Body):
    people: Annotated[list[AttendeeIn], Field(min_length=1, max_length=500)]


class AttendeesOut(Schema):
    recorded: int
    unknown: int = Field(description="Kept to be settled.")
    known: int = Field(description="On the list already.")
    refused: int


class UnsettledOut(AttendanceOut):
    session: UUID


class UnsettledPage(PageOut):
    items: list[UnsettledOut]


class AttendanceSettleIn(Body):
    decision: Literal["clinician", "new", "not_ours", "not_there"]
    person: UUID | None = None
    department_id: Key | None = None
    full_name: Annotated[Line, Field(max_length=120)] = ""
    employee_number: Annotated[Line, Field(max_length=40)] = ""
    note: Line = ""


class SettlementOut(Schema):
    uid: UUID
    decision: str
    person: UUID | None


@router.get("/training/courses", response={200: CoursePage, **REFUSALS}, operation_id="list_training_courses", summary="Courses")
def list_training_courses(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    may(request)
    page = keyset_page(queries.courses(active=None), order=("title", "pk"), cursor=cursor, limit=limit)
    return {"items": [_course(one) for one in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post("/training/courses", response={201: CourseOut, **REFUSALS}, operation_id="add_training_course", summary="Add a course")
def add_training_course(request: HttpRequest, body: CourseIn) -> Any:
    actor, values = may(request, Permission.MANAGE_TRAINING), body.model_dump()
    values["device_type_code"] = values.pop("device_type") or ""
    return Status(201, _course(sessions.save_course(actor=actor, **values)))


@router.get("/training/sessions", response={200: SessionPage, **REFUSALS}, operation_id="list_training_sessions", summary="Sessions")
def list_training_sessions(
    request: HttpRequest, facility: Code | None = None, cursor: Cursor | None = None, limit: Limit = 50
) -> dict[str, Any]:
    found = queries.sessions(may(request), facility=facility or "")
    page = keyset_page(found, order=("-held_at", "-pk"), cursor=cursor, limit=limit)
    return {"items": [_session(one) for one in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post("/training/sessions", response={201: SessionOut, **REFUSALS}, operation_id="plan_training_session", summary="Plan a session")
def plan_training_session(request: HttpRequest, body: SessionIn) -> Any:
    actor, values = may(request, Permission.MANAGE_TRAINING), body.model_dump()
    if body.held_at.tzinfo is None:
        raise Invalid({"held_at": ["Give the time with its offset, such as 2026-11-22T14:00:00Z."]})
    values["facility_id"] = Facility.objects.visible_to(actor).get(code__iexact=values.pop("facility")).pk
    values["course_uid"] = values.pop("course")
    return Status(201, _session(sessions.plan_session(actor=actor, **values, now=timezone.now())))


@router.get(
    "/training/sessions/{uuid:uid}", response={200: SessionOut, **REFUSALS}, operation_id="get_training_session", summary="One session"
)
def get_training_session(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    return _session(_visible(request, uid))


@router.post(
    "/training/sessions/{uuid:uid}/cancel",
    response={200: SessionOut, **REFUSALS},
    operation_id="cancel_training_session",
    summary="Cancel one",
)
def cancel_training_session(request: HttpRequest, uid: UUID, body: SessionCancelIn) -> dict[str, Any]:
    return _session(sessions.cancel_session(actor=who(request), uid=uid, reason=body.reason, now=timezone.now()))


@router.get(
    "/training/sessions/{uuid:uid}/attendance",
    response={200: list[AttendanceOut], **REFUSALS},
    operation_id="list_attendance",
    summary="Who was there",
)
def list_attendance(request: HttpRequest, uid: UUID) -> list[dict[str, Any]]:
    """For who runs training there: the names of other units are not for everybody."""
    session = _visible(request, uid)
    may(request, Permission.MANAGE_TRAINING)
    return [_attendance(one) for one in queries.attendees(session)]


@router.post(
    "/training/sessions/{uuid:uid}/attendance",
    response={200: AttendeesOut, **REFUSALS},
    operation_id="record_attendance",
    summary="Record people",
)
def record_attendance(request: HttpRequest, uid: UUID, body: AttendeesIn) -> dict[str, int]:
    """Sent again it records nobody twice. Whoever is not known is kept to be settled."""
    rows = [ListRow(place, one.name, one.employee_number, one.unit) for place, one in enumerate(body.people, start=1)]
    uids = [one.uid for one in body.people if one.uid] if all(one.uid for one in body.people) else []
    done = attendance.record_list(actor=who(request), session_uid=uid, rows=rows, by=SignedBy.LIST, uids=uids, now=timezone.now())
    names = {"recorded": "matched", "unknown": "unknown", "known": "known", "refused": "refused"}
    return {name: sum(1 for one in done if one.verdict == verdict) for name, verdict in names.items()}


@router.get("/training/unsettled", response={200: UnsettledPage, **REFUSALS}, operation_id="list_unsettled", summary="Names to settle")
def list_unsettled(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    found = queries.unsettled(may(request, Permission.MANAGE_TRAINING))
    page = keyset_page(found, order=("recorded_at", "pk"), cursor=cursor, limit=limit)
    items = [_written(one) | {"person": None, "decision": "", "session": one.session.uid} for one in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post(
    "/training/attendance/{uuid:uid}/settle",
    response={200: SettlementOut, **REFUSALS},
    operation_id="settle_attendance",
    summary="Say who it was",
)
def settle_attendance(request: HttpRequest, uid: UUID, body: AttendanceSettleIn) -> dict[str, Any]:
    values = body.model_dump()
    values["clinician_uid"] = values.pop("person")
    done = attendance.settle(actor=who(request), attendance_uid=uid, **values, now=timezone.now())
    return {"uid": done.uid, "decision": done.decision, "person": done.clinician.uid if done.clinician else None}


def _visible(request: HttpRequest, uid: UUID) -> TrainingSession:
    return TrainingSession.objects.visible_to(may(request)).select_related("course", "facility").get(uid=uid)


def _course(one: Course) -> dict[str, Any]:
    shown = ("uid", "title", "device_model_id", "minutes", "active")
    return {name: getattr(one, name) for name in shown} | {"device_type": one.device_type.code}


def _session(one: TrainingSession) -> dict[str, Any]:
    shown = ("uid", "department_id", "held_at", "minutes", "kind", "trainer_name", "place")
    facts = {name: getattr(one, name) for name in shown}
    return facts | {
        "course": one.course.uid, "title": one.title, "facility": one.facility.code, "cancelled": one.cancelled_at is not None,
    }  # fmt: skip


def _written(one: Attendance) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("uid", "name", "employee_number", "by", "recorded_at")}


def _attendance(one: queries.Attendee) -> dict[str, Any]:
    return _written(one.attendance) | {"person": one.clinician.uid if one.clinician else None, "decision": one.decision}
