"""The API of the staffing forecast."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Day, Key, Limit, Line, Name, PageOut
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.rules.calendar import add_months, month_start
from openhtm.staffing import queries, services
from openhtm.staffing.models import Scenario, StaffingProject
from openhtm.staffing.rules.forecast import Cell, MonthNeed

router = Router(tags=["staffing"])
ChangeCode = Literal["hire", "leave", "fleet", "repairs", "scheduled"]
AssumptionKey = Literal[
    "paid_hours_per_year", "present_hours_per_year", "productive_fraction", "training_hours_per_year", "administration_hours_per_month",
    "corrective_months", "interval_confidence",
]  # fmt: skip


class SkillNeedOut(Schema):
    """Minutes of one skill; blank: any skill."""

    skill: str
    scheduled_min: int
    corrective_min: int
    corrective_low_min: int
    corrective_high_min: int
    projects_min: int
    available_min: int = Field(description="A person counts for each of their skills, so these cannot be added up.")


class MonthNeedOut(Schema):
    """One month, in minutes."""

    month: dt.date
    needed_min: int
    needed_low_min: int
    needed_high_min: int
    training_min: int
    administration_min: int
    available_min: int
    people: int
    skills: list[SkillNeedOut]


class AssumptionOut(Schema):
    """A value the forecast goes by, and the shipped one beside it."""

    key: str
    label: str
    value: float
    unit: str
    shipped_value: float
    source: str
    confidence: str
    reason: str | None = Field(description="Why another value holds; null: the shipped one does.")


class ForecastOut(Schema):
    """Months to come: needed and available hours, and full-time people they amount to."""

    facility: str | None
    scenario: uuid.UUID | None
    fte_needed: float
    fte_low: float
    fte_high: float
    fte_available: float
    months: list[MonthNeedOut]
    assumptions: list[AssumptionOut]


class AssumptionIn(Body):
    key: AssumptionKey
    value: Annotated[float, Field(allow_inf_nan=False)] | None = Field(description="Null: the shipped value holds again.")
    reason: Annotated[Line, Field(min_length=1)]
    effective_from: Day
    facility: Code | None = None


class ProjectOut(Schema):
    id: int
    name: str
    facility: str | None
    skill: str
    hours: int
    from_on: dt.date
    until_on: dt.date
    active: bool


class ProjectPage(PageOut):
    items: list[ProjectOut]


class ProjectIn(Body):
    name: Name
    hours: Annotated[int, Field(ge=1, le=1_000_000)]
    from_on: Day
    until_on: Day
    skill: Annotated[Line, Field(max_length=40)] = ""
    facility: Code | None = None
    active: bool = True


class ScenarioIn(Body):
    name: Name
    facility: Code | None = None


class ChangeIn(Body):
    kind: ChangeCode
    from_on: Day
    amount: Annotated[float, Field(ge=-100, le=1000, allow_inf_nan=False)] = 0
    skill: Annotated[Line, Field(max_length=40)] = ""
    staff_id: Key | None = None


class ChangeOut(Schema):
    id: int
    kind: str
    from_on: dt.date
    amount: float
    skill: str
    staff_id: int | None


class ScenarioOut(Schema):
    uid: uuid.UUID
    name: str
    facility: str | None
    changes: list[ChangeOut]


@router.get("/staffing/forecast", response={200: ForecastOut, **REFUSALS}, operation_id="staffing_forecast", summary="Hours needed and had")
def staffing_forecast(
    request: HttpRequest, facility: Code | None = None, months: Annotated[int, Field(ge=1, le=24)] = 12, scenario: uuid.UUID | None = None
) -> dict[str, Any]:
    """From the next month on. Without a facility all of them, which needs the right everywhere."""
    actor, today = _may(request), timezone.localdate()
    facility_id = _facility(actor, facility)
    asked = queries.Asked(facility_id, add_months(month_start(today), 1), months)
    facts = queries.facts_of(actor=actor, asked=asked, today=today)
    changes = queries.changes_of(_scenario(actor, scenario)) if scenario else []
    found = queries.forecast_of(facts, changes)
    figures = {name: round(getattr(found, name), 2) for name in ("fte_needed", "fte_low", "fte_high", "fte_available")}
    held = [_assumption(one) for one in queries.assumptions_on(facility_id=facility_id, on=today)]
    return figures | {"facility": facility, "scenario": scenario, "months": [_month(one) for one in found.months], "assumptions": held}


@router.post(
    "/staffing/assumptions", response={201: AssumptionOut, **REFUSALS}, operation_id="overrule_assumption", summary="Put another value"
)
def overrule_assumption(request: HttpRequest, body: AssumptionIn) -> Any:
    actor, values = _may(request), body.model_dump()
    facility_id = _facility(actor, values.pop("facility"))
    services.overrule_assumption(actor=actor, facility_id=facility_id, **values)
    held = queries.assumptions_on(facility_id=facility_id, on=max(body.effective_from, timezone.localdate()))
    return Status(201, _assumption(next(one for one in held if one.shipped.key == body.key)))


@router.get("/staffing/projects", response={200: ProjectPage, **REFUSALS}, operation_id="list_staffing_projects", summary="Projects")
def list_staffing_projects(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    found = StaffingProject.objects.visible_to(_may(request)).select_related("facility")
    page = keyset_page(found, order=("from_on", "pk"), cursor=cursor, limit=limit)
    items = [_project(one) for one in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post("/staffing/projects", response={201: ProjectOut, **REFUSALS}, operation_id="add_staffing_project", summary="Add a project")
def add_staffing_project(request: HttpRequest, body: ProjectIn) -> Any:
    return Status(201, _project(_save(request, body, None)))


@router.put(
    "/staffing/projects/{int:project_id}", response={200: ProjectOut, **REFUSALS}, operation_id="set_staffing_project", summary="Change one"
)
def set_staffing_project(request: HttpRequest, project_id: int, body: ProjectIn) -> dict[str, Any]:
    return _project(_save(request, body, project_id))


@router.post("/staffing/scenarios", response={201: ScenarioOut, **REFUSALS}, operation_id="add_scenario", summary="Begin a scenario")
def add_scenario(request: HttpRequest, body: ScenarioIn) -> Any:
    actor = _may(request)
    return Status(201, _scenario_out(services.add_scenario(actor=actor, name=body.name, facility_id=_facility(actor, body.facility))))


@router.get("/staffing/scenarios/{uuid:uid}", response={200: ScenarioOut, **REFUSALS}, operation_id="get_scenario", summary="A scenario")
def get_scenario(request: HttpRequest, uid: uuid.UUID) -> dict[str, Any]:
    return _scenario_out(_scenario(_may(request), uid))


@router.post(
    "/staffing/scenarios/{uuid:uid}/changes",
    response={201: ChangeOut, **REFUSALS},
    operation_id="add_scenario_change",
    summary="Add a change",
)
def add_scenario_change(request: HttpRequest, uid: uuid.UUID, body: ChangeIn) -> Any:
    return Status(201, _change(services.add_change(actor=_may(request), uid=uid, **body.model_dump())))


@router.delete(
    "/staffing/scenarios/{uuid:uid}/changes/{int:change_id}", response={200: ScenarioOut, **REFUSALS}, operation_id="remove_scenario_change",
    summary="Take a change out",
)  # fmt: skip
def remove_scenario_change(request: HttpRequest, uid: uuid.UUID, change_id: int) -> dict[str, Any]:
    actor = _may(request)
    services.remove_change(actor=actor, uid=uid, change_id=change_id)
    return _scenario_out(_scenario(actor, uid))


def _may(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.VIEW_STAFFING)
    return actor


def _facility(actor: Actor, code: str | None) -> int | None:
    if code is None:
        require_everywhere(actor, Permission.VIEW_STAFFING)
        return None
    return queries.facilities_of(actor).get(code__iexact=code).pk


def _scenario(actor: Actor, uid: uuid.UUID) -> Any:
    return Scenario.objects.visible_to(actor).select_related("facility").filter(active=True).get(uid=uid)


def _save(request: HttpRequest, body: ProjectIn, project_id: int | None) -> StaffingProject:
    actor, values = _may(request), body.model_dump()
    if project_id is not None:
        StaffingProject.objects.visible_to(actor).get(pk=project_id)
    return services.save_project(actor=actor, facility_id=_facility(actor, values.pop("facility")), project_id=project_id, **values)


def _month(one: MonthNeed) -> dict[str, Any]:
    figures = {"needed": one.needed, "needed_low": one.low, "needed_high": one.high, "training": one.training,
               "administration": one.administration, "available": one.available}  # fmt: skip
    return {f"{name}_min": round(value) for name, value in figures.items()} | {
        "month": one.month, "people": one.people, "skills": [_cell(skill, cell) for skill, cell in one.skills.items()],
    }  # fmt: skip


def _cell(skill: str, cell: Cell) -> dict[str, Any]:
    return {f"{name}_min": round(getattr(cell, name)) for name in Cell.__dataclass_fields__} | {"skill": skill}


def _assumption(one: queries.InForce) -> dict[str, Any]:
    shown = {name: getattr(one.shipped, name) for name in ("key", "label", "unit", "source", "confidence")}
    return shown | {"value": one.value, "shipped_value": one.shipped.value, "reason": one.override.reason if one.override else None}


def _project(one: StaffingProject) -> dict[str, Any]:
    names = ("name", "skill", "hours", "from_on", "until_on", "active")
    return {name: getattr(one, name) for name in names} | {"id": one.pk, "facility": one.facility.code if one.facility else None}


def _scenario_out(one: Scenario) -> dict[str, Any]:
    changes = [_change(change) for change in one.changes.order_by("from_on", "pk")]
    return {"uid": one.uid, "name": one.name, "facility": one.facility.code if one.facility else None, "changes": changes}


def _change(one: Any) -> dict[str, Any]:
    names = ("kind", "from_on", "skill", "staff_id")
    return {name: getattr(one, name) for name in names} | {"id": one.pk, "amount": float(one.amount)}


routers: tuple[Router, ...] = (router,)
