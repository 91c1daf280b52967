"""The API of teams, skills and hours."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Day, Key, Limit, Name, PageOut, given
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.workforce import queries
from openhtm.workforce.api import availability, staff
from openhtm.workforce.models import Skill, StaffHours, Team
from openhtm.workforce.services import teams as services

router = Router(tags=["teams"])
SpecialtyCode = Literal["general", "biomed", "imaging", "laboratory", "dialysis", "sterilization", "networking"]


class TeamOut(Schema):
    id: int
    name: str
    facility: str | None = Field(description="Code of the facility; null: works everywhere.")
    specialty: str
    active: bool
    people: int


class TeamPage(PageOut):
    items: list[TeamOut]


class TeamIn(Body):
    name: Name
    facility: Code | None = None
    specialty: SpecialtyCode = "general"


class TeamPatch(Body):
    name: Name | None = None
    active: bool | None = None
    specialty: SpecialtyCode | None = None


class MembersIn(Body):
    staff_ids: Annotated[list[Key], Field(max_length=500)]
    lead_ids: Annotated[list[Key], Field(max_length=500)] = []


class MembersOut(Schema):
    members: int


class SkillOut(Schema):
    code: str
    name: str
    active: bool


class HoursOut(Schema):
    staff_id: int
    person: str
    facility: str | None
    weekly_min: int
    paid_weekly_min: int | None
    shift_id: int | None
    skills: list[str]
    effective_from: dt.date
    effective_to: dt.date | None


class HoursIn(Body):
    staff_id: Key
    weekly_min: Annotated[int, Field(ge=0, le=10_080)]
    effective_from: Day
    facility: Code | None = None
    paid_weekly_min: Annotated[int, Field(ge=0, le=10_080)] | None = Field(
        default=None, description="Everything included; null: not known."
    )
    shift_id: Key | None = None
    loaded_rate_cents: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    skills: Annotated[list[Code], Field(max_length=50)] = []


@router.get("/teams", response={200: TeamPage, **REFUSALS}, operation_id="list_teams", summary="Teams you can see")
def list_teams(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    actor = _may(request, Permission.VIEW_SCHEDULES)
    page = keyset_page(queries.teams(actor), order=("name", "pk"), cursor=cursor, limit=limit)
    items = [_team(team) for team in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post("/teams", response={201: TeamOut, **REFUSALS}, operation_id="add_team", summary="Add a team")
def add_team(request: HttpRequest, body: TeamIn) -> Any:
    actor = _may(request, Permission.MANAGE_TEAMS)
    facility_id = _facility(actor, body.facility)
    return Status(201, _team(services.add_team(actor=actor, name=body.name, facility_id=facility_id, specialty=body.specialty)))


@router.patch("/teams/{int:team_id}", response={200: TeamOut, **REFUSALS}, operation_id="update_team", summary="Rename a team or end it")
def update_team(request: HttpRequest, team_id: int, body: TeamPatch) -> dict[str, Any]:
    return _team(services.update_team(actor=_who(request), team_id=team_id, **given(body)))


@router.put(
    "/teams/{int:team_id}/members", response={200: MembersOut, **REFUSALS}, operation_id="set_team_members", summary="Say who is in"
)
def set_team_members(request: HttpRequest, team_id: int, body: MembersIn) -> dict[str, int]:
    return {"members": services.set_members(actor=_who(request), team_id=team_id, staff_ids=body.staff_ids, lead_ids=body.lead_ids)}


@router.get("/skills", response={200: list[SkillOut], **REFUSALS}, operation_id="list_skills", summary="Skills work can ask for")
def list_skills(request: HttpRequest) -> list[dict[str, Any]]:
    _may(request, Permission.VIEW_SCHEDULES)
    return [{"code": skill.code, "name": skill.name, "active": skill.active} for skill in Skill.objects.all()]


@router.get("/staff-hours", response={200: list[HoursOut], **REFUSALS}, operation_id="list_staff_hours", summary="Hours that hold on a day")
def list_staff_hours(request: HttpRequest, on: Day) -> list[dict[str, Any]]:
    actor = _may(request, Permission.VIEW_SCHEDULES)
    return [_hours(line) for line in queries.hours_in_force(on=on, actor=actor)[:5000]]


@router.post("/staff-hours", response={200: HoursOut, **REFUSALS}, operation_id="set_staff_hours", summary="Say which hours a person has")
def set_staff_hours(request: HttpRequest, body: HoursIn) -> dict[str, Any]:
    actor = _may(request, Permission.MANAGE_TEAMS)
    values = body.model_dump()
    values["facility_id"] = _facility(actor, values.pop("facility"))
    return _hours(services.set_hours(actor=actor, **values))


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _may(request: HttpRequest, permission: Permission) -> Actor:
    actor = _who(request)
    require(actor, permission)
    return actor


def _facility(actor: Actor, code: str | None) -> int | None:
    return None if code is None else Facility.objects.visible_to(actor).get(code__iexact=code).pk


def _team(team: Team) -> dict[str, Any]:
    people = getattr(team, "people", None)
    return {
        "id": team.pk,
        "name": team.name,
        "facility": team.facility.code if team.facility else None,
        "specialty": team.specialty,
        "active": team.active,
        "people": team.members.count() if people is None else people,
    }


def _hours(line: StaffHours) -> dict[str, Any]:
    shown = ("weekly_min", "paid_weekly_min", "shift_id", "skills", "effective_from", "effective_to")
    facts = {name: getattr(line, name) for name in shown}
    return facts | {"staff_id": line.staff_id, "person": line.staff.full_name, "facility": line.facility.code if line.facility else None}


routers: tuple[Router, ...] = (router, staff.router, availability.router)
