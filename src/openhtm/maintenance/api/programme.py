"""The API of what is set: lines of the programme, decisions, meter readings, windows."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import Field

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.errors import Invalid
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Key, Limit, PageOut, Text
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.maintenance.api.visits import LineOut, Reason, line_out
from openhtm.maintenance.models import MeterReading, MissPolicy, NoMaintenanceDecision, WindowProfile
from openhtm.maintenance.queries.lists import uncovered
from openhtm.maintenance.services import policies, readings
from openhtm.maintenance.services import programme as services
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Facility

router = Router(tags=["maintenance programme"])
UnitCode = Literal["day", "week", "month", "year"]
Month = Annotated[int, Field(ge=1, le=12)]


class LineIn(Body):
    """A line is for a device type, a model or one device: give one of the three."""

    procedure: Code = Field(description="Code of the procedure.")
    device_type_id: Key | None = None
    device_model_id: Key | None = None
    device: Code | None = Field(default=None, description="Control number.")
    facility: Code | None = Field(default=None, description="Code of the facility; left out: everywhere.")
    needed: bool = True
    cycle: Literal["fixed", "floating", "meter"] = "fixed"
    every_n: Annotated[int, Field(ge=1, le=1200)] = 12
    every_unit: UnitCode = "month"
    meter: Annotated[Text, Field(max_length=40, pattern="^[a-z0-9_-]*$")] = ""
    meter_every: Annotated[float, Field(gt=0, lt=1e15, allow_inf_nan=False)] | None = None
    blackout_months: Annotated[list[Month], Field(max_length=11)] = []
    source: Literal["oem", "aem", "law", "policy", "starter"] = "policy"
    source_text: Annotated[Text, Field(max_length=300)] = ""
    reason: Annotated[Text, Field(max_length=400)] = ""


class LineSetOut(Schema):
    line: LineOut
    devices: int = Field(description="Devices the line reaches.")
    created: int
    changed: int
    ended: int


class DecisionIn(Body):
    device_type_id: Key | None = None
    device_model_id: Key | None = None
    device: Code | None = None
    reason: Reason


class ProgrammeDecisionOut(Schema):
    id: int
    reason: str
    decided_by: str
    decided_at: dt.datetime
    withdrawn_at: dt.datetime | None


class ReadingIn(Body):
    uid: UUID | None = Field(default=None, description="Your own UUIDv7 of this reading; sent again, it answers the stored one.")
    device: Code = Field(description="Control number.")
    meter: Annotated[Text, Field(min_length=1, max_length=40, pattern="^[a-z0-9_-]+$")]
    value: Annotated[float, Field(ge=0, lt=1e15, allow_inf_nan=False)]
    read_on: dt.date | None = None


class ReadingOut(Schema):
    uid: UUID
    device: str
    meter: str
    value: float
    read_on: dt.date
    recorded_at: dt.datetime


class ReadingPage(PageOut):
    items: list[ReadingOut]


class ProgrammeFindingOut(Schema):
    device: str
    facility: str
    device_type: str | None


class FindingPage(PageOut):
    items: list[ProgrammeFindingOut]


class StepOut(Schema):
    from_interval_days: int
    before_n: int
    before_unit: str
    after_n: int
    after_unit: str
    snap_to_month: bool
    grace_days: int


class WindowOut(Schema):
    id: int
    code: str
    name: str
    is_default: bool
    source: str
    steps: list[StepOut]


class MissPolicyIn(Body):
    """Numbers left out stay as they are."""

    facility: Code | None = Field(default=None, description="Code of the facility; left out: everywhere else.")
    reason: Reason
    search_after_days: Annotated[int, Field(ge=0, le=1000)] | None = None
    escalate_after_attempts: Annotated[int, Field(ge=1, le=1000)] | None = None
    in_use_retry_days: Annotated[int, Field(ge=0, le=1000)] | None = None
    missing_after_misses: Annotated[int, Field(ge=1, le=1000)] | None = None
    missing_after_months: Annotated[int, Field(ge=1, le=1000)] | None = None
    high_risk_steps_earlier: Annotated[int, Field(ge=0, le=1000)] | None = None


class MissPolicyOut(Schema):
    facility: str | None = Field(description="Code of the facility; null: everywhere else.")
    effective_from: dt.date | None = Field(description="First day it holds; null: from the beginning.")
    effective_to: dt.date | None = Field(description="First day it no longer holds; null: it still does.")
    search_after_days: int
    escalate_after_attempts: int
    in_use_retry_days: int
    missing_after_misses: int
    missing_after_months: int
    high_risk_steps_earlier: int
    source: str
    reason: str
    set_by: str = Field(description="Who set it; empty: it came with the system.")
    set_at: dt.datetime | None


class MissPolicyPage(PageOut):
    items: list[MissPolicyOut]


@router.put("/programme/lines", response={200: LineSetOut, **REFUSALS}, operation_id="set_plan_line", summary="Add or change a line")
def set_plan_line(request: HttpRequest, body: LineIn) -> dict[str, Any]:
    """The line of this procedure for this subject becomes what is sent; schedules follow at once. Sent twice, it changes nothing more."""
    actor = _edits(request)
    procedure = Procedure.objects.filter(code=body.procedure, active=True).first()
    if procedure is None:
        raise Invalid({"procedure": ["There is no procedure with this code."]})
    values = body.model_dump(exclude={"procedure", "device_type_id", "device_model_id", "device", "facility"})
    facility_id = _facility(actor, body.facility)
    change = services.set_line(actor=actor, procedure_id=procedure.pk, facility_id=facility_id, values=values, **_subject(actor, body))
    made = change.schedules
    return {"line": line_out(change.line), "devices": change.devices, "created": made.created, "changed": made.changed, "ended": made.ended}


@router.post(
    "/programme/decisions",
    response={201: ProgrammeDecisionOut, **REFUSALS},
    operation_id="decide_none_needed",
    summary="No maintenance needed",
)
def decide_none_needed(request: HttpRequest, body: DecisionIn) -> Any:
    """Write down that a type, a model or one device needs no scheduled maintenance."""
    actor = _edits(request)
    return Status(201, _decision(services.decide_none_needed(actor=actor, reason=body.reason, **_subject(actor, body))))


@router.post(
    "/programme/decisions/{decision_id}/withdraw",
    response={200: ProgrammeDecisionOut, **REFUSALS},
    operation_id="withdraw_decision",
    summary="Withdraw a decision",
)
def withdraw_decision(request: HttpRequest, decision_id: Key) -> dict[str, Any]:
    """What the programme says holds again."""
    return _decision(policies.withdraw_decision(actor=_edits(request), decision_id=decision_id))


@router.get(
    "/programme/findings", response={200: FindingPage, **REFUSALS}, operation_id="list_undecided_devices", summary="Undecided devices"
)
def list_undecided_devices(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    """Devices of the inventory with neither a schedule nor a decision that none is needed."""
    found = uncovered(_sees(request)).values("control_number", "facility__code", "device_type__name")
    page = keyset_page(found, order=("control_number",), cursor=cursor, limit=limit)
    items = [{"device": r["control_number"], "facility": r["facility__code"], "device_type": r["device_type__name"]} for r in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.get("/maintenance-windows", response={200: list[WindowOut], **REFUSALS}, operation_id="list_windows", summary="Window profiles")
def list_windows(request: HttpRequest) -> list[dict[str, Any]]:
    """When a visit may be done and still counts. Two statements."""
    _sees(request)
    plain = ("id", "code", "name", "is_default", "source")
    found = WindowProfile.objects.filter(active=True).prefetch_related("steps")
    return [{name: getattr(one, name) for name in plain} | {"steps": list(one.steps.all())} for one in found]


@router.get("/miss-policies", response={200: MissPolicyPage, **REFUSALS}, operation_id="list_miss_policies", summary="Miss policies")
def list_miss_policies(
    request: HttpRequest, facility: Code | None = None, on: dt.date | None = None, cursor: Cursor | None = None, limit: Limit = 50
) -> dict[str, Any]:
    """What follows when a visit does not happen: every version, the newest first. ``on`` leaves those that held that day."""
    actor = _sees(request)
    found = MissPolicy.objects.visible_to(actor).select_related("facility")
    if (facility_id := _facility(actor, facility)) is not None:
        found = found.filter(facility_id=facility_id)
    if on:
        found = found.filter(Q(effective_from__isnull=True) | Q(effective_from__lte=on))
        found = found.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=on))
    page = keyset_page(found, order=("-pk",), cursor=cursor, limit=limit)
    items = [_miss_policy(one) for one in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.put("/miss-policies", response={200: MissPolicyOut, **REFUSALS}, operation_id="set_miss_policy", summary="Change a miss policy")
def set_miss_policy(request: HttpRequest, body: MissPolicyIn) -> dict[str, Any]:
    """Holds from today on; what was tried before stays judged by the policy of its day. Sent twice, it changes nothing more."""
    actor = _edits(request)
    values = {name: value for name in policies.POLICY_FIELDS if (value := getattr(body, name)) is not None}
    facility_id = _facility(actor, body.facility)
    saved = policies.save_miss_policy(actor=actor, values=values, reason=body.reason, facility_id=facility_id)
    return _miss_policy(saved)


@router.get(
    "/meter-readings", response={200: ReadingPage, **REFUSALS}, operation_id="list_meter_readings", summary="Meter readings of a device"
)
def list_meter_readings(request: HttpRequest, device: Code, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    """What the meters of one device showed, the newest first."""
    record = _device(_sees(request), device)
    page = keyset_page(MeterReading.objects.filter(device=record), order=("-read_on", "-pk"), cursor=cursor, limit=limit)
    return {
        "items": [_reading(one, record) for one in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
    }


@router.post(
    "/meter-readings",
    response={201: ReadingOut, 200: ReadingOut, **REFUSALS},
    operation_id="record_meter_reading",
    summary="Record a meter reading",
)
def record_meter_reading(request: HttpRequest, body: ReadingIn) -> Any:
    """Append a reading; visits due by it follow at once. 201, or 200 if the same uid came before."""
    actor = _sees(request)
    require(actor, Permission.RECORD_ATTEMPTS)
    record = _device(actor, body.device)
    uid = str(body.uid) if body.uid else None
    made, fresh = readings.record_reading(
        actor=actor, control_number=record.control_number, meter=body.meter, value=body.value, read_on=body.read_on, uid=uid
    )
    return Status(201 if fresh else 200, _reading(made, record))


def _sees(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.VIEW_SCHEDULES)
    return actor


def _edits(request: HttpRequest) -> Actor:
    actor = _sees(request)
    require(actor, Permission.EDIT_SCHEDULES)
    return actor


def _device(actor: Actor, control_number: str) -> Device:
    found = Device.objects.visible_to(actor).filter(control_number=control_number_key(control_number)).first()
    if found is None:
        raise Invalid({"device": ["There is no device with this control number that you can see."]})
    return found


def _facility(actor: Actor, code: str | None) -> int | None:
    if not code:
        return None
    found = Facility.objects.visible_to(actor).filter(code__iexact=code).values_list("pk", flat=True).first()
    if found is None:
        raise Invalid({"facility": [f"There is no facility {code} that you can see."]})
    return found


def _subject(actor: Actor, body: LineIn | DecisionIn) -> dict[str, Any]:
    """Return what a line or decision is about. Raises Invalid for more or less than one, or one that is not there."""
    given = [name for name in ("device_type_id", "device_model_id", "device") if getattr(body, name)]
    if len(given) != 1:
        raise Invalid({"": ["Give a device type, a model or one device."]})
    if body.device_type_id and not DeviceType.objects.filter(pk=body.device_type_id).exists():
        raise Invalid({"device_type_id": ["There is no such device type."]})
    if body.device_model_id and not DeviceModel.objects.filter(pk=body.device_model_id).exists():
        raise Invalid({"device_model_id": ["There is no such model."]})
    device_id = _device(actor, body.device).pk if body.device else None
    return {"device_type_id": body.device_type_id, "device_model_id": body.device_model_id, "device_id": device_id}


def _miss_policy(one: MissPolicy) -> dict[str, Any]:
    plain = (*policies.POLICY_FIELDS, "effective_from", "effective_to", "source", "reason", "set_at")
    about = {"facility": one.facility.code if one.facility else None, "set_by": one.set_by_name}
    return {name: getattr(one, name) for name in plain} | about


def _decision(one: NoMaintenanceDecision) -> dict[str, Any]:
    plain = ("id", "reason", "decided_at", "withdrawn_at")
    return {name: getattr(one, name) for name in plain} | {"decided_by": one.decided_by_name}


def _reading(one: MeterReading, device: Device) -> dict[str, Any]:
    plain = ("uid", "meter", "value", "read_on", "recorded_at")
    return {name: getattr(one, name) for name in plain} | {"device": device.control_number}
