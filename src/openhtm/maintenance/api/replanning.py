"""The API of planning by day: the calendar, batches, changes of many visits, base months, and who has how much."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
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
from openhtm.core.schema import Body, Code, Cursor, Key, Limit, PageOut, Text
from openhtm.identity.actor import Actor
from openhtm.maintenance.api.planning import CarriedOut, DecideIn, LevellingOut, levelling_out, planner, read_scope
from openhtm.maintenance.models import Replan, ReplanItem
from openhtm.maintenance.queries.base_months import departments_with_months
from openhtm.maintenance.queries.batching import batches_of
from openhtm.maintenance.queries.planning_people import holders
from openhtm.maintenance.queries.replanning import items_of, verdicts_of
from openhtm.maintenance.queries.visit_calendar import calendar_of, visits_on
from openhtm.maintenance.services import replanning
from openhtm.maintenance.services.base_months import propose_base_month

router = Router(tags=["planning"])
PlainMonth = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", max_length=7)]
Days = Annotated[int, Field(ge=-366, le=366)]
Title = Annotated[Text, Field(max_length=120)]
VisitKeys = Annotated[list[Key], Field(min_length=1, max_length=5000)]


class CalendarDayOut(Schema):
    on: dt.date
    planned: int = Field(description="Visits planned for this day.")
    planned_min: int
    due: int = Field(description="Visits due on this day and planned for none.")
    due_min: int
    hours_min: int | None = Field(description="Minutes people have on a working day; null where no hours are known.")


class CalendarOut(Schema):
    days: list[CalendarDayOut]


class OnDayOut(Schema):
    schedule_id: int
    visit_id: int | None = Field(description="Null for a visit that is foreseen from its schedule.")
    planned: bool
    due_on: dt.date
    until_on: dt.date | None = Field(description="Last day on time.")
    control_number: str
    device: str
    procedure: str
    place: str
    minutes: int
    order: int | None = Field(description="Number of the work order.")
    assignee: str


class OnDayPage(PageOut):
    items: list[OnDayOut]


class BatchOut(Schema):
    place_id: int
    place: str
    skill: str
    visits: list[int]
    minutes: int
    opens_on: dt.date = Field(description="First day that lies in the window of every visit.")
    until_on: dt.date = Field(description="Last day on which every visit is on time.")


class BatchesOut(Schema):
    items: list[BatchOut]
    alone: int = Field(description="Visits that stand alone in their place.")
    nowhere: int = Field(description="Visits of devices whose place is unknown.")


class BatchIn(Body):
    facility: Code
    visits: VisitKeys
    planned_on: dt.date
    user_id: Key | None = None
    team_id: Key | None = None
    title: Title = ""


class ReplanIn(Body):
    facility: Code
    visits: VisitKeys
    mode: Literal["spread", "shift", "keep"] = "spread"
    first_on: dt.date | None = Field(default=None, description="First day to spread over.")
    last_on: dt.date | None = Field(default=None, description="Last day; left out: the first.")
    shift_days: Days = 0
    keep_person: bool = Field(default=True, description="False: the visits get user_id (null: nobody) and team_id.")
    user_id: Key | None = None
    team_id: Key | None = None
    beyond_hours: bool = Field(default=False, description="A day may hold more than the hours people have.")
    into_grace: bool = Field(default=False, description="Visits may leave their window as long as grace lasts.")
    title: Title = ""


class ReplanOut(Schema):
    uid: UUID
    facility: str
    kind: str = Field(description="batch or replan.")
    title: str
    status: str = Field(description="proposed, applied or undone.")
    reason: str
    verdicts: dict[str, int] = Field(
        description="Visits by what their day means: fits, in_grace and overdue are planned; early, late, past, full and no_day stay."
    )


class ReplanItemOut(Schema):
    visit_id: int
    device: str
    order: int | None
    minutes: int
    from_planned_on: dt.date | None
    from_user_id: int | None
    from_team_id: int | None
    to_planned_on: dt.date | None
    to_user_id: int | None
    to_team_id: int | None
    verdict: str
    outcome: str = Field(description="moved, stayed, restored or kept; empty before anything was done.")


class ReplanItemPage(PageOut):
    items: list[ReplanItemOut]


class BaseMonthOut(Schema):
    department_id: int
    name: str
    month: int | None = Field(description="1 to 12; null: devices count from acceptance.")
    schedules: int
    in_step: int


class BaseMonthsOut(Schema):
    items: list[BaseMonthOut]


class BaseMonthIn(Body):
    department_id: Key
    month: Annotated[int, Field(ge=1, le=12)]


class GivenOut(Schema):
    month: dt.date
    orders: int
    minutes: int
    share: int = Field(description="Percent of all work of the month that is in orders.")
    available_min: int | None


class HolderOut(Schema):
    key: int | None = Field(description="Of the person or team; null: nobody yet.")
    name: str
    months: list[GivenOut]
    owed_orders: int
    owed_min: int


class HoldersOut(Schema):
    items: list[HolderOut]


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@router.get("/planning/calendar", response={200: CalendarOut, **REFUSALS}, operation_id="get_visit_calendar", summary="A month, day by day")
def get_visit_calendar(
    request: HttpRequest, month: PlainMonth, facility: Code | None = None, department: Key | None = None, location: Key | None = None,
    skill: Code | None = None, user_id: Key | None = None, team_id: Key | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Each visit stands on the day that is planned for it, or else on the day it is due."""
    scope = read_scope(request, facility, department, location, skill)
    days = calendar_of(
        actor=_actor(request), scope=scope, month=_month(month), today=timezone.localdate(), user_id=user_id, team_id=team_id
    )
    return {"days": [asdict(day) for day in days]}


@router.get("/planning/calendar/{day}", response={200: OnDayPage, **REFUSALS}, operation_id="list_visits_on_day", summary="One day")
def list_visits_on_day(
    request: HttpRequest, day: dt.date, facility: Code | None = None, department: Key | None = None, location: Key | None = None,
    skill: Code | None = None, user_id: Key | None = None, team_id: Key | None = None, cursor: Cursor | None = None, limit: Limit = 50,
) -> dict[str, Any]:  # fmt: skip
    """The visits of a day of the calendar, floor by floor."""
    scope = read_scope(request, facility, department, location, skill)
    rows, following = visits_on(
        actor=_actor(request), scope=scope, day=day, today=timezone.localdate(), user_id=user_id, team_id=team_id, cursor=cursor or "",
        limit=limit,
    )  # fmt: skip
    return {"items": [asdict(row) for row in rows], "next_cursor": following, "previous_cursor": None}


@router.get(
    "/planning/holders/{by}", response={200: HoldersOut, **REFUSALS}, operation_id="get_workload_of_people", summary="Who has how much"
)
def get_workload_of_people(
    request: HttpRequest, by: Literal["person", "team"], facility: Code | None = None, department: Key | None = None,
    location: Key | None = None, skill: Code | None = None, months: Annotated[int, Field(ge=1, le=24)] = 12,
) -> dict[str, Any]:  # fmt: skip
    """Orders under way by the day that is planned, or else due: those of each person or team, and those that nobody has."""
    today = timezone.localdate()
    scope = read_scope(request, facility, department, location, skill)
    found = holders(actor=_actor(request), scope=scope, by=by, first_on=today, months=months, today=today)
    return {"items": [asdict(one) for one in found]}


@router.get("/planning/batches", response={200: BatchesOut, **REFUSALS}, operation_id="list_batches", summary="Visits to do in one go")
def list_batches(
    request: HttpRequest, facility: Code, month: PlainMonth, near: Literal["room", "area", "floor"] = "area", department: Key | None = None,
    location: Key | None = None, skill: Code | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Visits due in a month, without a day, that stand together and ask for the same skill."""
    scope = read_scope(request, facility, department, location, skill)
    found = batches_of(actor=_actor(request), scope=scope, month=_month(month), level=near, today=timezone.localdate())
    items = [
        {"place_id": one.place_id, "place": one.place, "skill": one.skill, "visits": one.batch.keys, "minutes": one.batch.minutes,
         "opens_on": one.batch.opens_on, "until_on": one.batch.until_on}
        for one in found.found
    ]  # fmt: skip
    return {"items": items, "alone": found.alone, "nowhere": found.nowhere}


@router.post("/planning/batches", response={201: ReplanOut, **REFUSALS}, operation_id="accept_batch", summary="Plan visits for one day")
def accept_batch(request: HttpRequest, body: BatchIn) -> Any:
    """All these visits get one day and one person or team, at once; undo takes it back. The day must lie in every window."""
    actor = planner(request)
    facility_id = read_scope(request, body.facility, None, None, None).facility_id or 0
    made = replanning.accept_batch(
        actor=actor, facility_id=facility_id, visit_ids=body.visits, planned_on=body.planned_on, user_id=body.user_id, team_id=body.team_id,
        title=body.title,
    )  # fmt: skip
    return Status(201, _replan(replanning.replans(actor).get(uid=made.uid)))


@router.post(
    "/planning/replans", response={201: ReplanOut, **REFUSALS}, operation_id="propose_replan", summary="Propose other days or people"
)
def propose_replan(request: HttpRequest, body: ReplanIn) -> Any:
    """Nothing is changed before it is applied."""
    actor = planner(request)
    facility_id = read_scope(request, body.facility, None, None, None).facility_id or 0
    wish = replanning.Wish(**body.model_dump(exclude={"facility", "visits", "title"}))
    made = replanning.propose(actor=actor, facility_id=facility_id, visit_ids=body.visits, wish=wish, title=body.title)
    return Status(201, _replan(made))


@router.get("/planning/replans/{uuid:uid}", response={200: ReplanOut, **REFUSALS}, operation_id="get_replan", summary="One change")
def get_replan(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    return _replan(replanning.replans(planner(request)).get(uid=uid))


@router.get(
    "/planning/replans/{uuid:uid}/visits",
    response={200: ReplanItemPage, **REFUSALS},
    operation_id="list_replan_visits",
    summary="Its visits",
)
def list_replan_visits(request: HttpRequest, uid: UUID, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    """Day, person and team of each visit before and after, and whether its day lies in its window."""
    found = items_of(replanning.replans(planner(request)).get(uid=uid))
    page = keyset_page(found, order=("pk",), cursor=cursor, limit=limit)
    return {"items": [_item(one) for one in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post(
    "/planning/replans/{uuid:uid}/apply", response={200: CarriedOut, **REFUSALS}, operation_id="apply_replan", summary="Carry a change out"
)
def apply_replan(request: HttpRequest, uid: UUID, body: DecideIn) -> dict[str, Any]:
    return asdict(replanning.apply(actor=planner(request), uid=uid, reason=body.reason))


@router.post(
    "/planning/replans/{uuid:uid}/undo", response={200: CarriedOut, **REFUSALS}, operation_id="undo_replan", summary="Take it back"
)
def undo_replan(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    return asdict(replanning.undo(actor=planner(request), uid=uid))


@router.get("/planning/base-months", response={200: BaseMonthsOut, **REFUSALS}, operation_id="list_base_months", summary="Base months")
def list_base_months(request: HttpRequest, facility: Code) -> dict[str, Any]:
    scope = read_scope(request, facility, None, None, None)
    return {"items": [asdict(one) for one in departments_with_months(actor=_actor(request), facility_id=scope.facility_id or 0)]}


@router.post(
    "/planning/base-months", response={201: LevellingOut, **REFUSALS}, operation_id="propose_base_month", summary="Propose a base month"
)
def propose_department_month(request: HttpRequest, body: BaseMonthIn) -> Any:
    """The answer is a levelling proposal: accepting it sets the base month and moves the schedules; undo takes both back."""
    return Status(201, levelling_out(propose_base_month(actor=planner(request), department_id=body.department_id, month=body.month)))


def _month(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Invalid({"month": ["Give a month such as 2026-03."]}) from None


def _replan(one: Replan) -> dict[str, Any]:
    return {
        "uid": one.uid,
        "facility": one.facility.code,
        "kind": one.kind,
        "title": one.title,
        "status": one.status,
        "reason": one.reason,
        "verdicts": verdicts_of(one),
    }


def _item(one: ReplanItem) -> dict[str, Any]:
    names = (
        "visit_id", "minutes", "from_planned_on", "from_user_id", "from_team_id", "to_planned_on", "to_user_id", "to_team_id", "verdict", "outcome",
    )  # fmt: skip
    number = one.work_order.number if one.work_order else None
    return {name: getattr(one, name) for name in names} | {"device": one.visit.device.control_number, "order": number}
