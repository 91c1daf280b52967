"""The API of absences, shifts and holiday calendars."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, ClockTime, Code, Cursor, Day, Key, Limit, Name, PageOut
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.workforce.models import Absence, HolidayCalendar, ShiftPattern
from openhtm.workforce.queries import availability as queries
from openhtm.workforce.services import availability as services
from openhtm.workforce.services.access import may_read_record

router = Router(tags=["teams"])
KindOfAbsence = Literal["leave", "sick", "training", "other"]


class AbsenceOut(Schema):
    """Days on which somebody is away, from from_on to before until_on."""

    id: int
    staff_id: int
    person: str
    kind: str | None = Field(description="Null for who may not read personal records.")
    from_on: dt.date
    until_on: dt.date


class AbsencePage(PageOut):
    items: list[AbsenceOut]


class AbsenceIn(Body):
    staff_id: Key
    kind: KindOfAbsence = "leave"
    from_on: Day
    until_on: Day


class ShiftOut(Schema):
    id: int
    name: str
    facility: str | None
    weekdays: list[int] = Field(description="Monday is 1.")
    starts_at: dt.time
    ends_at: dt.time
    break_min: int


class ShiftIn(Body):
    name: Name
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)]
    starts_at: ClockTime
    ends_at: ClockTime
    break_min: Annotated[int, Field(ge=0, le=480)] = 0
    facility: Code | None = None


class HolidayShape(Body):
    on: Day
    name: Name = "Holiday"


class HolidayCalendarOut(Schema):
    id: int
    name: str
    facility: str | None
    days: list[HolidayShape]


class HolidayCalendarIn(Body):
    name: Name
    facility: Code | None = None
    days: Annotated[list[HolidayShape], Field(max_length=2000)]


@router.get("/absences", response={200: AbsencePage, **REFUSALS}, operation_id="list_absences", summary="Who is away from today on")
def list_absences(request: HttpRequest, on_or_after: Day, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    actor = _may(request, Permission.VIEW_STAFF)
    page = keyset_page(queries.absences(actor, on_or_after=on_or_after), order=("from_on", "pk"), cursor=cursor, limit=limit)
    items = [_absence(actor, one) for one in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post("/absences", response={201: AbsenceOut, **REFUSALS}, operation_id="add_absence", summary="Say that somebody is away")
def add_absence(request: HttpRequest, body: AbsenceIn) -> Any:
    actor = _may(request, Permission.VIEW_STAFF)
    return Status(201, _absence(actor, services.add_absence(actor=actor, **body.model_dump())))


@router.delete("/absences/{int:absence_id}", response={200: AbsenceOut, **REFUSALS}, operation_id="cancel_absence", summary="Take it back")
def cancel_absence(request: HttpRequest, absence_id: int) -> dict[str, Any]:
    actor = _may(request, Permission.VIEW_STAFF)
    return _absence(actor, services.cancel_absence(actor=actor, absence_id=absence_id))


@router.get("/shifts", response={200: list[ShiftOut], **REFUSALS}, operation_id="list_shifts", summary="Shifts people work")
def list_shifts(request: HttpRequest) -> list[dict[str, Any]]:
    return [_shift(one) for one in queries.shifts(_may(request, Permission.VIEW_STAFF))[:1000]]


@router.post("/shifts", response={201: ShiftOut, **REFUSALS}, operation_id="add_shift", summary="Add a shift")
def add_shift(request: HttpRequest, body: ShiftIn) -> Any:
    actor, values = _may(request, Permission.MANAGE_STAFF), body.model_dump()
    facility_id = _facility(actor, values.pop("facility"))
    return Status(201, _shift(services.add_shift(actor=actor, facility_id=facility_id, **values)))


@router.get(
    "/holiday-calendars", response={200: list[HolidayCalendarOut], **REFUSALS}, operation_id="list_holiday_calendars", summary="Holidays"
)
def list_holiday_calendars(request: HttpRequest) -> list[dict[str, Any]]:
    found = queries.calendars(_may(request, Permission.VIEW_STAFF)).prefetch_related("days")
    return [_calendar(one) for one in found[:200]]


@router.post(
    "/holiday-calendars", response={201: HolidayCalendarOut, **REFUSALS}, operation_id="add_holiday_calendar", summary="Add a calendar"
)
def add_holiday_calendar(request: HttpRequest, body: HolidayCalendarIn) -> Any:
    return Status(201, _calendar(_set(request, body, None)))


@router.put(
    "/holiday-calendars/{int:calendar_id}", response={200: HolidayCalendarOut, **REFUSALS}, operation_id="set_holiday_calendar",
    summary="Say which days a calendar has",
)  # fmt: skip
def set_holiday_calendar(request: HttpRequest, calendar_id: int, body: HolidayCalendarIn) -> dict[str, Any]:
    return _calendar(_set(request, body, calendar_id))


def _set(request: HttpRequest, body: HolidayCalendarIn, calendar_id: int | None) -> HolidayCalendar:
    actor = _may(request, Permission.MANAGE_STAFF)
    if calendar_id is not None:
        queries.calendars(actor).get(pk=calendar_id)
    days = [(one.on, one.name) for one in body.days]
    return services.set_calendar(
        actor=actor, calendar_id=calendar_id, name=body.name, days=days, facility_id=_facility(actor, body.facility)
    )


def _may(request: HttpRequest, permission: Permission) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, permission)
    return actor


def _facility(actor: Actor, code: str | None) -> int | None:
    return None if code is None else Facility.objects.visible_to(actor).get(code__iexact=code).pk


def _absence(actor: Actor, one: Absence) -> dict[str, Any]:
    kind = one.kind if may_read_record(actor, one.staff) else None
    return {
        "id": one.pk,
        "staff_id": one.staff_id,
        "person": one.staff.full_name,
        "kind": kind,
        "from_on": one.from_on,
        "until_on": one.until_on,
    }


def _shift(one: ShiftPattern) -> dict[str, Any]:
    names = ("name", "weekdays", "starts_at", "ends_at", "break_min")
    return {name: getattr(one, name) for name in names} | {"id": one.pk, "facility": one.facility.code if one.facility else None}


def _calendar(one: HolidayCalendar) -> dict[str, Any]:
    days = [{"on": day.on, "name": day.name} for day in one.days.all()]
    return {"id": one.pk, "name": one.name, "facility": one.facility.code if one.facility else None, "days": days}
