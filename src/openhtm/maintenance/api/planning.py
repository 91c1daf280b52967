"""The API of planning: the work to come by month, and the visits behind it."""

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
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Key, Limit, PageOut, Text
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import LevellingProposal
from openhtm.maintenance.queries.planning import Scope, visits_of_month, workload, workload_by
from openhtm.maintenance.services import levelling
from openhtm.sites.models import Facility

router = Router(tags=["planning"])
Months = Annotated[int, Field(ge=1, le=24)]
Month = Annotated[str, Field(pattern=r"^([0-9]{4}-(0[1-9]|1[0-2])|owed)$", max_length=7)]


class MonthOut(Schema):
    month: dt.date = Field(description="Its first day.")
    visits: int
    minutes: int = Field(description="Estimated.")
    available_min: int | None = Field(description="Minutes people have; null where no hours are known, or for a part of a facility.")


class WorkloadOut(Schema):
    months: list[MonthOut]
    owed_visits: int = Field(description="Open visits due before the first month.")
    owed_min: int


class WorkloadPartOut(Schema):
    key: str = Field(description="Code of the skill, otherwise the key of the record; empty: none is known.")
    name: str
    months: list[MonthOut]
    owed_visits: int
    owed_min: int


class WorkloadPartsOut(Schema):
    items: list[WorkloadPartOut]


class ForeseenOut(Schema):
    due_on: dt.date
    schedule_id: int
    visit_id: int | None = Field(description="Null for a visit that is foreseen from its schedule.")
    control_number: str
    device: str
    procedure: str
    place: str
    minutes: int
    skill: str


class ForeseenPage(PageOut):
    items: list[ForeseenOut]


class LevellingIn(Body):
    facility: Code
    departments: Annotated[list[Key], Field(max_length=200)] = []
    skill: Code | None = None
    leave_high_risk: bool = True
    title: Annotated[Text, Field(max_length=120)] = ""


class LevellingOut(Schema):
    uid: UUID
    facility: str
    title: str
    status: str = Field(description="proposed, accepted, undone or dropped.")
    from_month: dt.date
    before: list[int] = Field(description="Minutes of each of the twelve months from from_month on.")
    after: list[int]
    moves: int


class DecideIn(Body):
    reason: Annotated[Text, Field(min_length=1, max_length=400)]


class CarriedOut(Schema):
    moved: int
    stayed: list[str] = Field(description="Control numbers of devices to which something happened meanwhile.")


class LevellingCarriedOut(CarriedOut):
    month_kept: int | None = Field(None, description="Base month (1 to 12) that somebody chose since, which taking back leaves.")


def read_scope(request: HttpRequest, facility: str | None, department: int | None, location: int | None, skill: str | None) -> Scope:
    """Raises NotAllowed, Facility.DoesNotExist (404)."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.PLAN_MAINTENANCE)
    keys = actor.facilities_for(Permission.PLAN_MAINTENANCE)
    if facility is None:
        require_everywhere(actor, Permission.PLAN_MAINTENANCE)
        facility_id = None
    else:
        found = Facility.objects.all() if keys is None else Facility.objects.filter(pk__in=keys)
        facility_id = found.get(code=facility.upper()).pk
    return Scope(facility_id=facility_id, department_id=department, location_id=location, skill=skill or "")


@router.get(
    "/planning/workload", response={200: WorkloadOut, **REFUSALS}, operation_id="get_workload", summary="Work to come by month, and hours"
)
def get_workload(
    request: HttpRequest, facility: Code | None = None, department: Key | None = None, location: Key | None = None,
    skill: Code | None = None, months: Months = 12,
) -> dict[str, Any]:  # fmt: skip
    today = timezone.localdate()
    scope = read_scope(request, facility, department, location, skill)
    return asdict(workload(actor=request.actor, scope=scope, first_on=today, months=months, today=today))  # type: ignore[attr-defined]


@router.get(
    "/planning/workload/{by}",
    response={200: WorkloadPartsOut, **REFUSALS},
    operation_id="get_workload_by",
    summary="Work to come by month, taken apart",
)
def get_workload_by(
    request: HttpRequest, by: Literal["facility", "department", "place", "skill", "procedure"], facility: Code | None = None,
    department: Key | None = None, location: Key | None = None, skill: Code | None = None, months: Months = 12,
) -> dict[str, Any]:  # fmt: skip
    """By facility, department, place (floor), skill or procedure, the most work first."""
    today = timezone.localdate()
    scope = read_scope(request, facility, department, location, skill)
    _, found = workload_by(actor=request.actor, scope=scope, by=by, first_on=today, months=months, today=today)  # type: ignore[attr-defined]
    return {"items": [{"key": "" if part.key is None else str(part.key), "name": part.name, **asdict(part.load)} for part in found]}


@router.get(
    "/planning/visits", response={200: ForeseenPage, **REFUSALS}, operation_id="list_planned_visits", summary="The visits of one month"
)
def list_planned_visits(
    request: HttpRequest, month: Month, facility: Code | None = None, department: Key | None = None, location: Key | None = None,
    skill: Code | None = None, cursor: Cursor | None = None, limit: Limit = 50,
) -> dict[str, Any]:  # fmt: skip
    """``month`` is 2026-03, or ``owed`` for what is due from before this month."""
    today = timezone.localdate()
    scope = read_scope(request, facility, department, location, skill)
    try:
        wanted = None if month == "owed" else dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Invalid({"month": ["Give a month such as 2026-03, or owed."]}) from None
    rows, following = visits_of_month(
        actor=request.actor,  # type: ignore[attr-defined]
        scope=scope, month=wanted, first_on=today, cursor=cursor or "", limit=limit,
    )  # fmt: skip
    return {"items": [asdict(row) for row in rows], "next_cursor": following, "previous_cursor": None}


def planner(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.PLAN_MAINTENANCE)
    return actor


def levelling_out(proposal: LevellingProposal) -> dict[str, Any]:
    return {
        "uid": proposal.uid,
        "facility": proposal.facility.code,
        "title": proposal.title,
        "status": proposal.status,
        "from_month": proposal.scope["from"],
        "before": proposal.before,
        "after": proposal.after,
        "moves": proposal.items.count(),
    }


@router.post(
    "/planning/levelling", response={201: LevellingOut, **REFUSALS}, operation_id="propose_levelling", summary="Propose a more even year"
)
def propose_levelling(request: HttpRequest, body: LevellingIn) -> Any:
    actor, scope = planner(request), read_scope(request, body.facility, None, None, body.skill)
    made = levelling.propose(
        actor=actor, facility_id=scope.facility_id or 0, department_ids=body.departments, skill=scope.skill,
        leave_high_risk=body.leave_high_risk, title=body.title,
    )  # fmt: skip
    return Status(201, levelling_out(made))


@router.get(
    "/planning/levelling/{uuid:uid}", response={200: LevellingOut, **REFUSALS}, operation_id="get_levelling", summary="One proposal"
)
def get_levelling(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    return levelling_out(levelling.proposals(planner(request)).get(uid=uid))


@router.post(
    "/planning/levelling/{uuid:uid}/accept",
    response={200: LevellingCarriedOut, **REFUSALS},
    operation_id="accept_levelling",
    summary="Carry a proposal out",
)
def accept_levelling(request: HttpRequest, uid: UUID, body: DecideIn) -> dict[str, Any]:
    return asdict(levelling.accept(actor=planner(request), uid=uid, reason=body.reason))


@router.post(
    "/planning/levelling/{uuid:uid}/undo",
    response={200: LevellingCarriedOut, **REFUSALS},
    operation_id="undo_levelling",
    summary="Take it back",
)
def undo_levelling(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    return asdict(levelling.undo(actor=planner(request), uid=uid))
