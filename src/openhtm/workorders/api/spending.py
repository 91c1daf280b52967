"""Parts, other costs, service reports and downtime over the API."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Schema, Status
from pydantic import AwareDatetime, Field

from openhtm.core.errors import Invalid
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Key, Text
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.inventory.queries.detail import device_by_number
from openhtm.workorders.api.records import WorkRemovalIn
from openhtm.workorders.api.shapes import Cents, Day, actor_of, found_order
from openhtm.workorders.models import Downtime, OtherCost, PartUsed, VendorReport
from openhtm.workorders.services import downtime, spending, talking

router = Router(tags=["work orders"])
Line = Annotated[Text, Field(min_length=1, max_length=200)]


class PartIn(Body):
    description: Line
    quantity: Annotated[Decimal, Field(gt=0, le=1_000_000, max_digits=9, decimal_places=2)] = Decimal(1)
    part_number: Annotated[Text, Field(max_length=80)] = ""
    unit_cost_cents: Cents | None = None
    serial_or_lot: Annotated[Text, Field(max_length=80)] = ""
    expires_on: Day | None = None


class PartOut(Schema):
    uid: UUID
    description: str
    quantity: float
    part_number: str
    unit_cost_cents: int | None = Field(description="Null: unknown, or not yours to see.")
    serial_or_lot: str
    expires_on: Day | None
    added_at: dt.datetime


def _part_out(part: PartUsed, costs: bool) -> dict[str, Any]:
    return {
        "uid": part.uid, "description": part.description, "quantity": float(part.quantity), "part_number": part.part_number,
        "unit_cost_cents": part.unit_cost_cents if costs else None, "serial_or_lot": part.serial_or_lot, "expires_on": part.expires_on,
        "added_at": part.added_at,
    }  # fmt: skip


def _sees_costs(actor: Actor, facility_id: int) -> bool:
    return actor.may(Permission.VIEW_COSTS, at=facility_id)


@router.get("/work-orders/{number}/parts", response={200: list[PartOut], **REFUSALS}, operation_id="list_parts_used", summary="Parts used")
def list_parts_used(request: HttpRequest, number: Key) -> Any:
    """Parts put into the device, at most a thousand."""
    actor = actor_of(request)
    order = found_order(actor, number)
    costs = _sees_costs(actor, order.facility_id)
    return [_part_out(part, costs) for part in order.parts.filter(removed_at__isnull=True)[:1000]]


@router.post("/work-orders/{number}/parts", response={201: PartOut, **REFUSALS}, operation_id="add_part_used", summary="Add a part")
def add_part_used(request: HttpRequest, number: Key, payload: PartIn) -> Any:
    """Record a part put into the device."""
    actor = actor_of(request)
    part = spending.add_part(actor=actor, number=number, **payload.model_dump())
    return Status(201, _part_out(part, _sees_costs(actor, part.work_order.facility_id)))


@router.delete("/parts-used/{uid}", response={204: None, **REFUSALS}, operation_id="remove_part_used", summary="Take a part off")
def remove_part_used(request: HttpRequest, uid: UUID, query: Query[WorkRemovalIn]) -> Any:
    """Take a part off its order; the history keeps it."""
    spending.remove_part(actor=actor_of(request), uid=uid, reason=query.reason)
    return Status(204, None)


class CostIn(Body):
    description: Line
    cost_cents: Cents


class CostOut(Schema):
    id: int
    description: str
    cost_cents: int
    added_at: dt.datetime


@router.get(
    "/work-orders/{number}/costs", response={200: list[CostOut], **REFUSALS}, operation_id="list_other_costs", summary="Other costs"
)
def list_other_costs(request: HttpRequest, number: Key) -> Any:
    """Costs that are neither labour, part nor service report, at most a thousand."""
    actor = actor_of(request)
    order = found_order(actor, number)
    require(actor, Permission.VIEW_COSTS, at=order.facility_id, place=order.facility.name)
    return list(order.other_costs.filter(removed_at__isnull=True).values(*CostOut.model_fields)[:1000])


@router.post("/work-orders/{number}/costs", response={201: CostOut, **REFUSALS}, operation_id="add_other_cost", summary="Add a cost")
def add_other_cost(request: HttpRequest, number: Key, payload: CostIn) -> Any:
    """Record a cost, such as freight."""
    cost: OtherCost = spending.add_cost(actor=actor_of(request), number=number, **payload.model_dump())
    return Status(201, {name: getattr(cost, name) for name in CostOut.model_fields})


@router.delete("/other-costs/{cost_id}", response={204: None, **REFUSALS}, operation_id="remove_other_cost", summary="Take a cost off")
def remove_other_cost(request: HttpRequest, cost_id: Key, query: Query[WorkRemovalIn]) -> Any:
    """Take a cost off its order; the history keeps it."""
    spending.remove_cost(actor=actor_of(request), cost_id=cost_id, reason=query.reason)
    return Status(204, None)


class ReportIn(Body):
    """A service report of a company. Its file is attached to the order first and named here."""

    provider_id: Key
    performed_on: Day
    report_number: Annotated[Text, Field(max_length=80)] = ""
    performed_by: Annotated[Text, Field(max_length=120)] = ""
    summary: Annotated[Text, Field(max_length=4000)] = ""
    labour_min: Annotated[int, Field(ge=0, le=100_000)] | None = None
    cost_cents: Cents | None = None
    file_uid: UUID | None = Field(default=None, description="uid of a file of this order.")


class ReportOut(Schema):
    uid: UUID
    provider: str
    report_number: str
    performed_on: Day
    performed_by: str
    summary: str
    labour_min: int | None
    cost_cents: int | None = Field(description="Null: unknown, or not yours to see.")
    file_name: str
    verdict: str
    received_at: dt.datetime
    reviewed_at: dt.datetime | None
    review_note: str


_REPORT_PLAIN = tuple(name for name in ReportOut.model_fields if name not in ("provider", "cost_cents"))


def _report_out(report: VendorReport, costs: bool) -> dict[str, Any]:
    plain = {name: getattr(report, name) for name in _REPORT_PLAIN}
    return plain | {"provider": str(report.provider), "cost_cents": report.cost_cents if costs else None}


@router.get(
    "/work-orders/{number}/vendor-reports", response={200: list[ReportOut], **REFUSALS}, operation_id="list_vendor_reports",
    summary="Service reports",
)  # fmt: skip
def list_vendor_reports(request: HttpRequest, number: Key) -> Any:
    """Service reports of companies, at most a thousand."""
    actor = actor_of(request)
    order = found_order(actor, number)
    costs = _sees_costs(actor, order.facility_id)
    return [_report_out(report, costs) for report in order.vendor_reports.select_related("provider")[:1000]]


@router.post(
    "/work-orders/{number}/vendor-reports", response={201: ReportOut, **REFUSALS}, operation_id="receive_vendor_report",
    summary="Add a service report",
)  # fmt: skip
def receive_vendor_report(request: HttpRequest, number: Key, payload: ReportIn) -> Any:
    """Keep a service report until somebody of the department reviewed it."""
    actor = actor_of(request)
    values = payload.model_dump(exclude={"file_uid"})
    attachment = talking.visible_files(actor).filter(uid=payload.file_uid, work_order__number=number).first() if payload.file_uid else None
    if payload.file_uid and attachment is None:
        raise Invalid({"file_uid": ["There is no such file with this order. Attach it first."]})
    report = spending.receive_report(actor=actor, number=number, attachment=attachment, **values)
    return Status(201, _report_out(report, _sees_costs(actor, report.work_order.facility_id)))


class VerdictIn(Body):
    accept: bool
    note: Annotated[Text, Field(max_length=400)] = Field(default="", description="Needed when it is sent back.")


@router.post(
    "/vendor-reports/{uid}/settle", response={200: ReportOut, **REFUSALS}, operation_id="settle_vendor_report", summary="Review it"
)
def settle_vendor_report(request: HttpRequest, uid: UUID, payload: VerdictIn) -> Any:
    """Accept a service report, or send it back. 409 if somebody did before."""
    actor = actor_of(request)
    report = spending.settle_report(actor=actor, uid=uid, accept=payload.accept, note=payload.note)
    return _report_out(report, _sees_costs(actor, report.work_order.facility_id))


class DowntimeOut(Schema):
    """A time in which a device could not be used. ``ended_at`` null: it still cannot."""

    uid: UUID
    device: str
    number: int | None = Field(description="Order it belongs to.")
    planned: bool
    started_at: dt.datetime
    ended_at: dt.datetime | None


def _downtime_out(one: Downtime) -> dict[str, Any]:
    return {
        "uid": one.uid, "device": one.device.control_number, "number": one.work_order.number if one.work_order else None, "planned": one.planned,
        "started_at": one.started_at, "ended_at": one.ended_at,
    }  # fmt: skip


@router.get(
    "/devices/{control_number}/downtimes", response={200: list[DowntimeOut], **REFUSALS}, operation_id="list_downtimes", summary="Downtimes"
)
def list_downtimes(request: HttpRequest, control_number: str) -> Any:
    """When a device could not be used, newest first, at most a thousand."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    found = _device(actor, control_number)
    return [_downtime_out(one) for one in found.downtimes.select_related("device", "work_order")[:1000]]


class BeginIn(Body):
    number: Key | None = Field(default=None, description="Order it belongs to.")
    planned: bool = False
    started_at: AwareDatetime | None = None


@router.post(
    "/devices/{control_number}/downtimes", response={200: DowntimeOut, **REFUSALS}, operation_id="begin_downtime", summary="Start the clock"
)
def begin_downtime(request: HttpRequest, control_number: str, payload: BeginIn) -> Any:
    """Start the downtime clock of a device; if it runs already, that one answers."""
    actor = actor_of(request)
    return _downtime_out(downtime.begin(actor=actor, device=_device(actor, control_number).control_number, **payload.model_dump()))


class WorkEndIn(Body):
    ended_at: AwareDatetime | None = None


@router.post(
    "/devices/{control_number}/downtimes/end",
    response={200: DowntimeOut, **REFUSALS},
    operation_id="end_downtime",
    summary="Stop the clock",
)
def end_downtime(request: HttpRequest, control_number: str, payload: WorkEndIn) -> Any:
    """Stop the downtime clock of a device."""
    actor = actor_of(request)
    return _downtime_out(downtime.end(actor=actor, device=_device(actor, control_number).control_number, ended_at=payload.ended_at))


class CorrectionIn(Body):
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    planned: bool = False


@router.patch("/downtimes/{uid}", response={200: DowntimeOut, **REFUSALS}, operation_id="correct_downtime", summary="Set a downtime right")
def correct_downtime(request: HttpRequest, uid: UUID, payload: CorrectionIn) -> Any:
    """Set the times of a downtime right; the history keeps what they were."""
    return _downtime_out(downtime.correct(actor=actor_of(request), uid=uid, **payload.model_dump()))


def _device(actor: Actor, number: str) -> Device:
    if "\0" in number or len(number) > 80:
        raise Device.DoesNotExist
    return device_by_number(actor=actor, number=number)
