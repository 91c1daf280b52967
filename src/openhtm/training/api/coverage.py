"""Coverage, roll-outs and the policy in the API."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Key, Limit, Name, PageOut
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Department, Facility
from openhtm.training.api.common import may, who
from openhtm.training.models import TrainingPolicy
from openhtm.training.queries import coverage as queries
from openhtm.training.rules.coverage import State
from openhtm.training.services import policies
from openhtm.training.services.reminders import ROLL_OUTS_SINCE

router = Router(tags=["training"])


class CoverageCellOut(Schema):
    """A unit and a device type. The four counts add up to ``should``."""

    facility: str
    department_id: int
    department: str
    device_type: str
    devices: int
    should: int
    trained: int
    due: int
    lapsed: int
    unknown: int = Field(description="Nobody recorded a training: not known to be trained.")


class TrainingCoverageOut(Schema):
    on: dt.date
    items: list[CoverageCellOut]
    units_without_people: list[str] = Field(description="Units with such devices of which nobody listed the people.")


class CoveragePersonOut(Schema):
    person: UUID
    name: str
    department: str
    device_type_id: int
    state: Literal["trained", "due", "lapsed", "unknown"]
    trained_on: dt.date | None
    due_on: dt.date | None


class RollOutOut(Schema):
    facility: str
    department: str
    model_id: int
    model: str
    first_in_service_on: dt.date
    due_by: dt.date | None
    devices: int
    should: int
    trained: int
    late: bool


class TrainingPolicyOut(Schema):
    uid: UUID
    code: str
    name: str
    facility: str | None
    device_type: str | None
    device_model_id: int | None
    high_risk: bool
    each_model: bool
    repeat_months: int | None
    roll_out_days: int | None
    source: str
    edition: str
    confidence: str
    effective_from: dt.date
    effective_to: dt.date | None


class TrainingPolicyPage(PageOut):
    items: list[TrainingPolicyOut]


class TrainingPolicyIn(Body):
    code: Code
    name: Name
    source: Name
    effective_from: dt.date
    facility: Code | None = None
    device_type: Code | None = None
    device_model_id: Key | None = None
    high_risk: bool = False
    each_model: bool = False
    repeat_months: Annotated[int, Field(ge=1, le=120)] | None = None
    roll_out_days: Annotated[int, Field(ge=0, le=730)] | None = None


class TrainingPolicyEndIn(Body):
    effective_to: dt.date
    reason: Name


@router.get(
    "/training/coverage", response={200: TrainingCoverageOut, **REFUSALS}, operation_id="get_training_coverage", summary="Coverage by unit"
)
def get_training_coverage(request: HttpRequest, facility: Code | None = None, on: dt.date | None = None) -> dict[str, Any]:
    """Every unit and device type that the policy is about, on a day (today if none is given)."""
    actor, day = may(request), on or timezone.localdate()
    found = queries.coverage(queries.units(actor, facility=facility or ""), on=day)
    shown = ("devices", "should", "trained", "due", "lapsed", "unknown")
    cells = [
        {
            "facility": unit.department.facility.code, "department_id": unit.department.pk, "department": unit.department.name,
            "device_type": cell.type_code, **{name: getattr(cell, name) for name in shown},
        }
        for unit in found
        for cell in unit.cells
    ]  # fmt: skip
    return {"on": day, "items": cells, "units_without_people": [unit.department.name for unit in found if unit.cells and not unit.people]}


@router.get(
    "/training/units/{int:department_id}/people",
    response={200: list[CoveragePersonOut], **REFUSALS},
    operation_id="list_training_people",
    summary="The people behind a unit's coverage",
)
def list_training_people(
    request: HttpRequest, department_id: int, state: State | None = None, on: dt.date | None = None
) -> list[dict[str, Any]]:
    actor = may(request)
    units = queries.units(actor, department_id=department_id)
    if not units:
        raise Department.DoesNotExist("no such unit in reach")
    found = queries.people_behind(units, on=on or timezone.localdate(), wanted=state)
    return [
        {
            "person": one.person.uid, "name": one.person.name, "department": units[0].name, "device_type_id": one.type_id, "state": one.state,
            "trained_on": one.trained_on, "due_on": one.due_on,
        }
        for one in found
    ]  # fmt: skip


@router.get(
    "/training/roll-outs", response={200: list[RollOutOut], **REFUSALS}, operation_id="list_roll_outs", summary="New models in units"
)
def list_roll_outs(request: HttpRequest, facility: Code | None = None, everything: bool = False) -> list[dict[str, Any]]:
    """Models that came into a unit within a year; without ``everything`` those on which somebody is not trained."""
    actor, today = may(request), timezone.localdate()
    units = queries.units(actor, facility=facility or "")
    return [
        {
            "facility": one.department.facility.code, "department": one.department.name, "model_id": one.model.pk, "model": str(one.model),
            "first_in_service_on": one.since, "due_by": one.due_by, "devices": one.devices, "should": one.should, "trained": one.trained,
            "late": one.late,
        }
        for one in queries.roll_outs(units, on=today, since=today - ROLL_OUTS_SINCE, everything=everything)
    ]  # fmt: skip


@router.get(
    "/training/policies",
    response={200: TrainingPolicyPage, **REFUSALS},
    operation_id="list_training_policies",
    summary="Lines of the policy",
)
def list_training_policies(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    actor = may(request)
    found = TrainingPolicy.objects.visible_to(actor).select_related("facility", "device_type")
    page = keyset_page(found, order=("name", "pk"), cursor=cursor, limit=limit)
    return {"items": [_policy(one) for one in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post(
    "/training/policies",
    response={201: TrainingPolicyOut, **REFUSALS},
    operation_id="add_training_policy",
    summary="Add a line of the policy",
)
def add_training_policy(request: HttpRequest, body: TrainingPolicyIn) -> Any:
    actor, values = may(request, Permission.MANAGE_TRAINING), body.model_dump()
    code = values.pop("facility")
    values["facility_id"] = None if code is None else Facility.objects.visible_to(actor).get(code__iexact=code).pk
    values["device_type_code"] = values.pop("device_type") or ""
    return Status(201, _policy(policies.add_policy(actor=actor, **values)))


@router.post(
    "/training/policies/{uuid:uid}/end",
    response={200: TrainingPolicyOut, **REFUSALS},
    operation_id="end_training_policy",
    summary="End a line",
)
def end_training_policy(request: HttpRequest, uid: UUID, body: TrainingPolicyEndIn) -> dict[str, Any]:
    return _policy(policies.end_policy(actor=who(request), uid=uid, effective_to=body.effective_to, reason=body.reason))


def _policy(one: TrainingPolicy) -> dict[str, Any]:
    shown = (
        "uid", "code", "name", "device_model_id", "high_risk", "each_model", "repeat_months", "roll_out_days", "source", "edition", "confidence",
        "effective_from", "effective_to",
    )  # fmt: skip
    facts = {name: getattr(one, name) for name in shown}
    return facts | {
        "facility": one.facility.code if one.facility else None,
        "device_type": one.device_type.code if one.device_type else None,
    }
