"""What the API of work orders says and takes: the shapes several of its parts share."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Header, Schema
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from openhtm.core.schema import Body, ClientKey, Key, PageOut, Short, Text
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.queries import detail
from openhtm.workorders.rules.kinds import Kind, Status

KindCode = Literal[tuple(k.value for k in Kind)]  # type: ignore[valid-type]
StatusCode = Literal[tuple(s.value for s in Status)]  # type: ignore[valid-type]
PriorityCode = Annotated[int, Field(ge=1, le=4, description="1 emergency, 2 urgent, 3 normal, 4 low.")]
Code = Annotated[Text, Field(max_length=40)]
Reason = Annotated[Text, Field(max_length=1000)]
Why = Annotated[Text, Field(min_length=1, max_length=200)]
Words = Annotated[Text, Field(max_length=20_000)]
Minutes = Annotated[int, Field(ge=1, le=10_080)]
Cents = Annotated[int, Field(ge=0, le=10**12)]
Day = dt.date
DeviceNumber = Annotated[Text, Field(min_length=1, max_length=40)]
ByHeader = Annotated[ClientKey | None, Header(alias="Idempotency-Key", description="The same as client_key.")]
SeenAt = AwareDatetime | None
MAX_CHOSEN = 5000


class OrderRow(Schema):
    """An order as lists show it."""

    number: int = Field(examples=[1042], description="People say WO-1042.")
    kind: str
    status: str
    priority: int
    title: str
    origin: str
    facility: str = Field(description="Code of the facility.")
    device: str | None = Field(description="Control number; null for work at a place.")
    device_type: str | None
    location: str | None
    location_id: int | None
    department: str | None
    department_id: int | None
    assigned_user: str | None
    assigned_user_id: int | None
    assigned_team: str | None
    assigned_team_id: int | None
    assigned_provider: str | None
    assigned_provider_id: int | None
    incident: bool = Field(description="A patient was involved, or it is an incident.")
    hold_reason: str | None = Field(description="Code of why it waits.")
    hold_until: Day | None
    opened_at: dt.datetime
    opens_on: Day | None
    due_on: Day | None
    on_time_until: Day | None
    grace_until: Day | None
    planned_on: Day | None
    response_due_at: dt.datetime | None
    completion_due_at: dt.datetime | None
    responded_at: dt.datetime | None
    started_at: dt.datetime | None
    completed_at: dt.datetime | None
    closed_at: dt.datetime | None
    est_min: int | None
    labour_min: int = Field(description="Labour booked so far, in minutes.")
    updated_at: dt.datetime


class OrderList(PageOut):
    items: list[OrderRow]


class ChecklistBrief(Schema):
    uid: UUID
    procedure: str
    version: int
    purpose: str
    finished_at: dt.datetime | None
    outcome: str


class OrderOut(OrderRow):
    """An order in full. Costs are null for those who may not see them."""

    uid: UUID
    description: str
    reporter: str
    reporter_contact: str
    call_back: bool
    patient_involved: bool | None
    set_aside: bool | None
    opened_by: str
    skill: str
    held_s: int = Field(description="Seconds it waited with its clock stopped.")
    problem: str | None
    cause: str | None
    resolution: str | None
    failure: str | None
    cancel_reason: str | None
    work_done: str
    return_test_required: bool
    review_reasons: list[str]
    completed_by: str | None
    closed_by: str | None
    closed_by_rule: bool
    parent: int | None
    children: list[int]
    merged_into: int | None
    merged: list[int] = Field(description="Orders that were merged into this one.")
    checklists: list[ChecklistBrief]
    labour_cents: int | None
    parts_cents: int | None
    vendor_cents: int | None
    other_cents: int | None
    total_cents: int | None


class NewOrderIn(BaseModel):
    """What may be said about a new order. Name a device, or a place, or at least the facility.

    A plain pydantic model: thousands come at once, and ninja's own schemas look every attribute up through Django.
    """

    model_config = ConfigDict(extra="forbid")

    title: Short = Field(default="", description="Only with a template may it be left out.")
    kind: KindCode = "corrective"  # type: ignore[valid-type]
    device: DeviceNumber | None = Field(default=None, description="Control number.")
    facility: Annotated[Text, Field(max_length=20)] | None = Field(default=None, description="Code; left out: the device's or place's.")
    location_id: Key | None = None
    department_id: Key | None = None
    description: Words = ""
    priority: PriorityCode | None = None
    procedures: Annotated[list[Annotated[Text, Field(max_length=80)]], Field(max_length=20)] = Field(
        default_factory=list, description="Codes of released procedures to carry out."
    )
    opens_on: Day | None = None
    due_on: Day | None = None
    on_time_until: Day | None = None
    grace_until: Day | None = None
    planned_on: Day | None = None
    assigned_user_id: Key | None = None
    assigned_team_id: Key | None = None
    assigned_provider_id: Key | None = None
    skill: Code = ""
    est_min: Annotated[int, Field(ge=0, le=100_000)] | None = None
    parent: Key | None = Field(default=None, description="Number of the order this is part of.")
    reporter_name: Annotated[Text, Field(max_length=120)] = ""
    reporter_contact: Annotated[Text, Field(max_length=120)] = ""
    call_back: bool = False
    patient_involved: bool | None = None
    set_aside: bool | None = None
    problem_code: Code = ""
    return_test_required: bool = False


class NumbersIn(Body):
    numbers: Annotated[list[Key], Field(min_length=1, max_length=MAX_CHOSEN)]


def actor_of(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def found_order(actor: Actor, number: int) -> WorkOrder:
    """Return the order of an address. Raises WorkOrder.DoesNotExist (404), NotAllowed."""
    order = detail.order_by_number(actor=actor, number=number)
    require(actor, Permission.VIEW_WORK, at=order.facility_id, place=order.facility.name)
    return order


def answer(actor: Actor, number: int) -> dict[str, Any]:
    """Return an order in full as it now stands. Five statements."""
    return order_out(found_order(actor, number), actor)


LIST_VALUES = (
    "number", "kind", "status", "priority", "title", "origin", "opened_at", "updated_at", "opens_on", "due_on", "on_time_until", "grace_until",
    "planned_on", "response_due_at", "completion_due_at", "responded_at", "started_at", "completed_at", "closed_at", "hold_until", "incident",
    "facility__code", "device__control_number", "device__device_type__name", "location_id", "location__full_name", "department_id",
    "department__name", "assigned_user_id", "assigned_user__full_name", "assigned_team_id", "assigned_team__name", "assigned_provider_id",
    "assigned_provider__name", "hold_reason__code", "est_min", "labour_min",
)  # fmt: skip
_RENAMED = {
    "facility__code": "facility", "device__control_number": "device", "device__device_type__name": "device_type", "location__full_name": "location",
    "department__name": "department", "assigned_user__full_name": "assigned_user", "assigned_team__name": "assigned_team",
    "assigned_provider__name": "assigned_provider", "hold_reason__code": "hold_reason",
}  # fmt: skip
_PLAIN_ROW = tuple(name for name in LIST_VALUES if name not in _RENAMED)
_PLAIN_OUT = (
    *_PLAIN_ROW, "uid", "description", "reporter_contact", "call_back", "patient_involved", "set_aside", "skill", "held_s", "work_done",
    "return_test_required", "review_reasons", "closed_by_rule",
)  # fmt: skip
_CODES = ("problem", "cause", "resolution", "failure", "cancel_reason", "hold_reason")
_NAMES = ("department", "assigned_user", "assigned_team", "assigned_provider", "completed_by", "closed_by")
_COSTS = ("labour_cents", "parts_cents", "vendor_cents", "other_cents")


def row_out(row: dict[str, Any]) -> dict[str, Any]:
    """Return a list row under the names of the contract."""
    return {_RENAMED.get(name, name): value for name, value in row.items()}


def order_out(order: WorkOrder, actor: Actor) -> dict[str, Any]:
    """Return an order in full, less what the actor's role does not show. Three statements."""
    costs = actor.may(Permission.VIEW_COSTS, at=order.facility_id)
    device, kind = order.device, order.device.device_type if order.device else None
    checklists = order.checklists.select_related("version__procedure")
    return (
        {name: getattr(order, name) for name in _PLAIN_OUT}
        | {name: value.code if (value := getattr(order, name)) else None for name in _CODES}
        | {name: str(value) if (value := getattr(order, name)) else None for name in _NAMES}
        | {name: getattr(order, name) if costs else None for name in _COSTS}
        | {
            "facility": order.facility.code,
            "device": device.control_number if device else None,
            "device_type": kind.name if kind else None,
            "location": order.location.full_name if order.location else None,
            "reporter": order.reporter_name or (str(order.reporter) if order.reporter else ""),
            "opened_by": order.opened_by_name,
            "parent": order.parent.number if order.parent else None,
            "children": list(order.children.order_by("number").values_list("number", flat=True)[:1000]),
            "merged_into": order.merged_into.number if order.merged_into else None,
            "merged": list(order.merged_orders.order_by("number").values_list("number", flat=True)[:1000]),
            "checklists": [
                {
                    "uid": one.uid,
                    "procedure": one.version.procedure.code,
                    "version": one.version.number,
                    "purpose": one.purpose,
                    "finished_at": one.finished_at,
                    "outcome": one.outcome,
                }
                for one in checklists
            ],
            "total_cents": sum(getattr(order, name) for name in _COSTS) if costs else None,
        }
    )
