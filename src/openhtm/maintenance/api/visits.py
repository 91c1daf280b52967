"""The API of visits, attempts, exclusions, schedules and the programme."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Schema, Status
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Limit, PageOut, Short, Text
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.maintenance.models import Attempt, PlanLine, Schedule, Visit, VisitExclusion
from openhtm.maintenance.queries import visit_filters
from openhtm.maintenance.queries.counts import counts_by_state
from openhtm.maintenance.queries.lists import SHOWN
from openhtm.maintenance.services import attempts, declaring, exclusions, programme
from openhtm.maintenance.services.why import why_this_date

router = Router(tags=["visits"])
Reason = Annotated[Text, Field(min_length=1, max_length=400)]


class MissingIn(Body):
    reason: Annotated[Text, Field(max_length=400)] = Field(default="", description="Asked for with the first signature.")


class MissingOut(Schema):
    """``second_by`` is empty while a second signature is waited for."""

    device: str
    reason: str
    first_by: str
    first_at: dt.datetime
    second_by: str | None
    second_at: dt.datetime | None


class VisitOut(Schema):
    id: int
    schedule_id: int
    device: str = Field(description="Control number.")
    procedure: str = Field(description="Code of the procedure.")
    due_on: dt.date
    opens_on: dt.date
    on_time_until: dt.date
    grace_until: dt.date
    state: str
    next_change_on: dt.date | None
    performed_on: dt.date | None
    timing: str = Field(description="on_time, within_grace or late; of visits that are done.")
    outcome: str = Field(description="Code of the newest attempt.")
    attempts: int
    policy_compliant: bool | None
    work_order: int | None = Field(description="1042 for WO-1042.")


class VisitDetailOut(VisitOut):
    why: list[str] = Field(description="Why it is due on this day, from the function that computed the day.")


class VisitPage(PageOut):
    items: list[VisitOut]


class CountsOut(Schema):
    as_of: dt.date
    states: dict[str, int]
    attempts: dict[str, int]


class AttemptIn(Body):
    uid: UUID | None = Field(default=None, description="Your own UUIDv7 of this attempt; sent again, it answers the stored one.")
    outcome: Code
    attempted_at: dt.datetime | None = None
    note: Annotated[Text, Field(max_length=1000)] = ""
    meter_value: Annotated[float, Field(ge=0, lt=1e15, allow_inf_nan=False)] | None = None


class AttemptOut(Schema):
    uid: UUID
    visit_id: int
    outcome: str
    attempted_at: dt.datetime
    attempted_on: dt.date
    note: str
    performer: str


class VisitReasonIn(Body):
    reason: Reason


class ExclusionIn(Body):
    code: Code
    reason: Reason


class VisitDecisionIn(Body):
    confirmed: bool
    note: Annotated[Text, Field(max_length=400)] = ""


class ExclusionOut(Schema):
    uid: UUID
    visit_id: int
    code: str
    reason: str
    proposed_by: str
    confirmed: bool | None


class ScheduleOut(Schema):
    id: int
    device: str
    procedure: str
    cycle: str
    every_n: int
    every_unit: str
    anchor_on: dt.date
    starts_on: dt.date
    ends_on: dt.date | None
    inherited: str
    live: bool


class SchedulePage(PageOut):
    items: list[ScheduleOut]


class LineOut(Schema):
    id: int
    procedure: str
    device_type: str | None
    device_model_id: int | None
    device: str | None
    facility: str | None
    needed: bool
    cycle: str
    every_n: int
    every_unit: str
    reason: str


class LinePage(PageOut):
    items: list[LineOut]


class VisitQuery(Schema):
    """Filters, the same as the list page's."""

    q: Short | None = Field(default=None, description="The whole tag or serial number of a device.")
    group: Short | None = Field(default=None, description="A worklist: now, late, held, not_located, coming, missed, to_confirm or all.")
    state: Short | None = Field(default=None, description="Codes joined by commas.")
    share: Short | None = Field(
        default=None, description="owed, by_policy, performed, not_by_policy or not_performed: the two percentages' rows."
    )
    facility: Short | None = None
    department: Short | None = None
    location: Short | None = Field(default=None, description="Id of a place; everything below it counts.")
    device_type: Short | None = None
    procedure: Short | None = Field(default=None, description="Code of the procedure.")
    device: Short | None = Field(default=None, description="Control number.")
    high_risk: Short | None = None
    assignee: Short | None = Field(default=None, description="Id of a person, me or nobody.")
    due_from: Short | None = None
    due_to: Short | None = None
    until_from: Short | None = None
    until_to: Short | None = None


@router.get("/visits", response={200: VisitPage, **REFUSALS}, operation_id="list_visits", summary="Visits you can see")
def list_visits(
    request: HttpRequest, query: Query[VisitQuery], cursor: Cursor | None = None, limit: Limit = 50, count: bool = False
) -> dict[str, Any]:
    """Open worklists by the last day on time, others from the newest due day back; count=true adds one or two statements."""
    actor = _may(request)
    read = visit_filters.read_filters({name: value for name, value in query.model_dump().items() if value}, actor=actor)
    if read.problems:
        raise Invalid({name: [text] for name, text in read.problems.items()})
    found = visit_filters.filtered(actor=actor, filters=read)
    page = keyset_page(found.select_related(*SHOWN), order=visit_filters.order_of(read), cursor=cursor, limit=limit)
    total = count_up_to(found) if count else None
    return {
        "items": [_visit(one) for one in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": total.value if total else None,
        "count_is_exact": total.exact if total else None,
    }


@router.get(
    "/visits/counts", response={200: CountsOut, **REFUSALS}, operation_id="count_visits", summary="Visits by state, attempts by outcome"
)
def count_visits(request: HttpRequest) -> dict[str, Any]:
    counts = counts_by_state(actor=_may(request))
    return {"as_of": counts.as_of, "states": counts.states, "attempts": counts.attempts}


@router.get(
    "/visits/{int:visit_id}", response={200: VisitDetailOut, **REFUSALS}, operation_id="get_visit", summary="One visit, and why this date"
)
def get_visit(request: HttpRequest, visit_id: int) -> dict[str, Any]:
    found = _found(Visit.objects.visible_to(_may(request)).select_related(*SHOWN), pk=visit_id)
    return _visit(found) | {"why": why_this_date(visit=found)}


@router.get(
    "/visits/{int:visit_id}/attempts",
    response={200: list[AttemptOut], **REFUSALS},
    operation_id="list_attempts",
    summary="Every try at a visit",
)
def list_attempts(request: HttpRequest, visit_id: int) -> list[dict[str, Any]]:
    found = _found(Visit.objects.visible_to(_may(request)), pk=visit_id)
    return [_attempt(one) for one in found.attempts.all()[:500]]


@router.post(
    "/visits/{int:visit_id}/attempts",
    response={201: AttemptOut, **REFUSALS},
    operation_id="record_attempt",
    summary="Record a try at a visit",
)
def record_attempt(request: HttpRequest, visit_id: int, body: AttemptIn) -> Any:
    _found(Visit.objects.visible_to(_may(request)), pk=visit_id)
    if body.attempted_at is not None and body.attempted_at.tzinfo is None:
        raise Invalid({"attempted_at": ["Give the time with its time zone, such as 2026-11-22T09:30:00Z."]})
    made = attempts.record_attempt(actor=_who(request), visit_id=visit_id, **body.model_dump())
    return Status(201, _attempt(made))


@router.post(
    "/attempts/{uuid:uid}/take-back",
    response={200: AttemptOut, **REFUSALS},
    operation_id="take_back_attempt",
    summary="Take an attempt back",
)
def take_back_attempt(request: HttpRequest, uid: UUID, body: VisitReasonIn) -> dict[str, Any]:
    _found(Attempt.objects.filter(visit__in=Visit.objects.visible_to(_may(request))), uid=uid)
    return _attempt(attempts.take_back(actor=_who(request), attempt_uid=str(uid), reason=body.reason))


@router.post(
    "/visits/{int:visit_id}/exclusions",
    response={201: ExclusionOut, **REFUSALS},
    operation_id="propose_exclusion",
    summary="Propose not to count a visit",
)
def propose_exclusion(request: HttpRequest, visit_id: int, body: ExclusionIn) -> Any:
    _found(Visit.objects.visible_to(_may(request)), pk=visit_id)
    return Status(201, _exclusion(exclusions.propose(actor=_who(request), visit_id=visit_id, code=body.code, reason=body.reason)))


@router.post(
    "/exclusions/{uuid:uid}/decision",
    response={200: ExclusionOut, **REFUSALS},
    operation_id="decide_exclusion",
    summary="Confirm or refuse an exclusion",
)
def decide_exclusion(request: HttpRequest, uid: UUID, body: VisitDecisionIn) -> dict[str, Any]:
    _found(VisitExclusion.objects.filter(visit__in=Visit.objects.visible_to(_may(request))), uid=uid)
    return _exclusion(exclusions.decide(actor=_who(request), exclusion_uid=str(uid), confirmed=body.confirmed, note=body.note))


@router.post(
    "/devices/{control_number}/missing",
    response={200: MissingOut, **REFUSALS},
    operation_id="sign_missing",
    summary="Sign that a device is missing",
)
def sign_missing(request: HttpRequest, control_number: Code, body: MissingIn) -> dict[str, Any]:
    """A manager signs first, with the reason; another manager or somebody of its department signs second, and it becomes missing."""
    actor = _who(request)
    require(actor, Permission.SIGN_MISSING)
    device = _found(Device.objects.visible_to(actor), control_number=control_number_key(control_number))
    made = declaring.sign_missing(actor=actor, control_number=device.control_number, reason=body.reason)
    return {
        "device": device.control_number,
        "reason": made.note,
        "first_by": made.done_by_name,
        "first_at": made.done_at,
        "second_by": made.second_by_name or None,
        "second_at": made.second_at,
    }


@router.get("/schedules", response={200: SchedulePage, **REFUSALS}, operation_id="list_schedules", summary="Schedules you can see")
def list_schedules(request: HttpRequest, device: Code | None = None, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    found = Schedule.objects.visible_to(_may(request)).select_related("device", "procedure")
    if device:
        found = found.filter(device__control_number=device.upper())
    page = keyset_page(found, order=("pk",), cursor=cursor, limit=limit)
    return {"items": [_schedule(one) for one in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.get("/schedules/{int:schedule_id}", response={200: ScheduleOut, **REFUSALS}, operation_id="get_schedule", summary="One schedule")
def get_schedule(request: HttpRequest, schedule_id: int) -> dict[str, Any]:
    return _schedule(_found(Schedule.objects.visible_to(_may(request)).select_related("device", "procedure"), pk=schedule_id))


@router.get("/programme", response={200: LinePage, **REFUSALS}, operation_id="list_plan_lines", summary="Lines of the programme in force")
def list_plan_lines(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    actor = _may(request)
    found = PlanLine.objects.filter(ended_on__isnull=True).select_related("procedure", "device_type", "device", "facility")
    if not actor.reach().everywhere:
        found = found.exclude(device__isnull=False)
    page = keyset_page(found, order=("pk",), cursor=cursor, limit=limit)
    return {"items": [line_out(one) for one in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post(
    "/programme/{int:line_id}/end", response={200: LineOut, **REFUSALS}, operation_id="end_plan_line", summary="End a line of the programme"
)
def end_plan_line(request: HttpRequest, line_id: int, body: VisitReasonIn) -> dict[str, Any]:
    actor = _may(request)
    require(actor, Permission.EDIT_SCHEDULES)
    line = _found(PlanLine.objects.filter(ended_on__isnull=True), pk=line_id)
    return line_out(programme.end_line(actor=actor, line_id=line.pk, reason=body.reason).line)


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _may(request: HttpRequest) -> Actor:
    require(_who(request), Permission.VIEW_SCHEDULES)
    return _who(request)


def _found(queryset: Any, **key: Any) -> Any:
    """Return the record. Raises DoesNotExist, which the API answers with 404; a key beyond 64 bits is none of ours."""
    if any(isinstance(value, int) and value > 2**63 - 1 for value in key.values()):
        raise queryset.model.DoesNotExist
    return queryset.get(**key)


def _visit(one: Visit) -> dict[str, Any]:
    plain = (
        "id",
        "schedule_id",
        "due_on",
        "opens_on",
        "on_time_until",
        "grace_until",
        "state",
        "next_change_on",
        "performed_on",
        "timing",
        "outcome",
    )
    return {name: getattr(one, name) for name in (*plain, "policy_compliant")} | {
        "device": one.device.control_number,
        "procedure": one.schedule.procedure.code,
        "attempts": one.attempts_count,
        "work_order": one.work_order.number if one.work_order else None,
    }


def _attempt(one: Attempt) -> dict[str, Any]:
    plain = ("uid", "visit_id", "outcome", "attempted_at", "attempted_on", "note")
    return {name: getattr(one, name) for name in plain} | {"performer": one.performer_name}


def _exclusion(one: VisitExclusion) -> dict[str, Any]:
    plain = ("uid", "visit_id", "code", "reason", "confirmed")
    return {name: getattr(one, name) for name in plain} | {"proposed_by": one.proposed_by_name}


def _schedule(one: Schedule) -> dict[str, Any]:
    plain = ("id", "cycle", "every_n", "every_unit", "anchor_on", "starts_on", "ends_on", "inherited", "live")
    return {name: getattr(one, name) for name in plain} | {"device": one.device.control_number, "procedure": one.procedure.code}


def line_out(one: PlanLine) -> dict[str, Any]:
    plain = ("id", "device_model_id", "needed", "cycle", "every_n", "every_unit", "reason")
    return {name: getattr(one, name) for name in plain} | {
        "procedure": one.procedure.code,
        "device_type": one.device_type.code if one.device_type else None,
        "device": one.device.control_number if one.device else None,
        "facility": one.facility.code if one.facility else None,
    }
