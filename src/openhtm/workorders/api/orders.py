"""Work orders over the API: list, detail, creation one by one or by thousands, correction, assignment."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Cursor, Key, Limit, Short, Text, given
from openhtm.core.text import control_number_key
from openhtm.exchange.services.repeatable import answer_once
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.procedures.models import ProcedureVersion, VersionStatus
from openhtm.sites.models import Facility, Location
from openhtm.workorders.api.shapes import (
    LIST_VALUES,
    ByHeader,
    Code,
    Day,
    DeviceNumber,
    KindCode,
    NewOrderIn,
    NumbersIn,
    OrderList,
    OrderOut,
    PriorityCode,
    SeenAt,
    Words,
    actor_of,
    answer,
    row_out,
)
from openhtm.workorders.models import CodeList, Origin, WorkCode, WorkOrder
from openhtm.workorders.queries import order_filters
from openhtm.workorders.rules.kinds import Kind
from openhtm.workorders.rules.wanted import NewOrder
from openhtm.workorders.services import assigning, editing, opening

router = Router(tags=["work orders"])


class OrderQuery(Schema):
    """Filters, the same as the list page's."""

    q: Short | None = Field(default=None, description="A number, the tag or serial number of a device, or words of the title.")
    status: Short | None = Field(default=None, description="Codes joined by commas, or under_way, to_do, settled.")
    kind: Short | None = None
    priority: Short | None = None
    late: Short | None = Field(default=None, description="true: past its window or target.")
    incident: Short | None = None
    assignee: Short | None = Field(default=None, description="Id of a person, me or nobody.")
    team: Short | None = Field(default=None, description="Id of a team, or mine.")
    provider: Short | None = None
    facility: Short | None = None
    department: Short | None = None
    location: Short | None = Field(default=None, description="Id of a place; everything below it counts.")
    device: Short | None = Field(default=None, description="Control number.")
    origin: Short | None = None
    planned_on: Short | None = None
    due_to: Short | None = None
    opened_from: Short | None = None
    opened_to: Short | None = None


@router.get("/work-orders", response={200: OrderList, **REFUSALS}, operation_id="list_work_orders", summary="List work orders")
def list_work_orders(
    request: HttpRequest, query: Query[OrderQuery], cursor: Cursor | None = None, limit: Limit = 50, count: bool = False
) -> dict[str, Any]:
    """Orders the caller may see, newest first. One statement besides the filters' own; count=true adds one or two."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    sent = {name: value for name, value in query.model_dump().items() if value}
    found = order_filters.read_filters(sent, actor=actor, today=timezone.localdate())
    if found.problems:
        raise Invalid({name: [text] for name, text in found.problems.items()})
    queryset = order_filters.filtered(actor=actor, filters=found)
    page = keyset_page(queryset.values(*LIST_VALUES), order=("-number",), cursor=cursor, limit=limit)
    total = count_up_to(queryset) if count else None
    return {
        "items": [row_out(row) for row in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": total.value if total else None,
        "count_is_exact": total.exact if total else None,
    }


@router.get("/work-orders/{number}", response={200: OrderOut, **REFUSALS}, operation_id="get_work_order", summary="One work order")
def get_work_order(request: HttpRequest, number: Key) -> dict[str, Any]:
    """An order by its number, without the letters: 1042 for WO-1042."""
    return answer(actor_of(request), number)


class OrderIn(NewOrderIn):
    """A new order. Sending the same ``client_key`` again answers the same and adds nothing."""

    template_id: Key | None = Field(default=None, description="Fills what is left out.")
    client_key: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Your own key of this creation. The header Idempotency-Key means the same."
    )


@router.post(
    "/work-orders", response={201: OrderOut, 200: OrderOut, **REFUSALS}, operation_id="open_work_order", summary="Open a work order"
)
def open_work_order(request: HttpRequest, payload: OrderIn, header_key: ByHeader = None) -> Any:
    """Open an order; people who may only report faults open a request. 201, or 200 if the same client_key came before."""
    actor = actor_of(request)

    def make() -> tuple[int, dict[str, Any]]:
        values = payload.model_dump(exclude={"client_key", "facility", "procedures"})
        order = opening.open_order(
            actor=actor,
            facility_id=_facility_id(actor, payload.facility) if payload.facility else None,
            procedure_codes=payload.procedures,
            origin=Origin.API if actor.token_id else Origin.PERSON,
            **values,
        )
        return 201, OrderOut.model_validate(answer(actor, order.number)).model_dump(mode="json")

    body, key = payload.model_dump(mode="json", exclude={"client_key"}), payload.client_key or header_key
    status, made, replayed = answer_once(actor=actor, key=key, route="open_work_order", body=body, make=make)
    return Status(200 if replayed else status, made)


def _facility_id(actor: Actor, code: str) -> int:
    """Return the facility of this code. Raises Invalid, since it is a field of the body, not the address."""
    found = Facility.objects.visible_to(actor).filter(code__iexact=code).values_list("pk", flat=True).first()
    if found is None:
        raise Invalid({"facility": [f"There is no facility {code} that you can see."]})
    return found


class BulkOrderIn(NewOrderIn):
    """One of many new orders."""

    title: Annotated[Text, Field(min_length=1, max_length=200)]


class WorkManyIn(Body):
    items: Annotated[list[BulkOrderIn], Field(min_length=1, max_length=5000)]
    client_key: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Your own key of the whole. The header Idempotency-Key means the same."
    )


class WorkManyOut(Schema):
    added: int
    numbers: list[int] = Field(description="In the order of the items.")


@router.post(
    "/bulk/work-orders",
    response={201: WorkManyOut, 200: WorkManyOut, **REFUSALS},
    operation_id="bulk_open_work_orders",
    summary="Open many orders",
)
def bulk_open_work_orders(request: HttpRequest, payload: WorkManyIn, header_key: ByHeader = None) -> Any:
    """Open up to 5,000 orders, all or none. A refusal names every wrong field with its item, counted from 0: items.3.title.

    201, or 200 with the first answer if the same client_key came before.
    """
    actor = actor_of(request)
    require(actor, Permission.ADD_WORK)

    def make() -> tuple[int, dict[str, Any]]:
        orders = opening.open_many(actor=actor, wanted=_wanted(actor, payload.items))
        return 201, {"added": len(orders), "numbers": [order.number for order in orders]}

    body, key = payload.model_dump(mode="json", exclude={"client_key"}), payload.client_key or header_key
    status, made, replayed = answer_once(actor=actor, key=key, route="bulk_open_work_orders", body=body, make=make)
    return Status(200 if replayed else status, made)


_CARRIED = frozenset(NewOrderIn.model_fields) & frozenset(NewOrder.__dataclass_fields__) - {"kind", "priority"}


def _wanted(actor: Actor, items: list[BulkOrderIn]) -> list[NewOrder]:
    """Turn what was sent into orders by keys. Up to six statements for any number. Raises Invalid for all wrong items."""
    known = _Known(actor, items)
    wanted: list[NewOrder] = []
    errors: dict[str, list[str]] = {}
    for position, item in enumerate(items):
        keys, wrong = known.keys_of(item)
        if wrong:
            errors |= {f"items.{position}.{field}": texts for field, texts in wrong.items()}
            continue
        plain = {name: getattr(item, name) for name in _CARRIED}
        origin = Origin.API.value if actor.token_id else Origin.PERSON.value
        wanted.append(NewOrder(**plain, **keys, kind=Kind(item.kind), priority=item.priority or 3, origin=origin))
    if errors:
        raise Invalid(errors)
    return wanted


class _Known:
    """What many new orders name, looked up at once."""

    def __init__(self, actor: Actor, items: list[BulkOrderIn]) -> None:
        codes, tags = {i.facility.upper() for i in items if i.facility}, {control_number_key(i.device) for i in items if i.device}
        places, parents = {i.location_id for i in items if i.location_id}, {i.parent for i in items if i.parent}
        procedures, problems = {code for i in items for code in i.procedures}, {i.problem_code for i in items if i.problem_code}
        self.facilities = {f.code.upper(): f.pk for f in Facility.objects.visible_to(actor)} if codes else {}
        found = Device.objects.visible_to(actor).filter(control_number__in=tags).values_list("control_number", "pk", "facility_id")
        self.devices = {tag: (pk, facility) for tag, pk, facility in found} if tags else {}
        visible = Location.objects.visible_to(actor).filter(pk__in=places)
        self.places = dict(visible.values_list("pk", "facility_id")) if places else {}
        above = WorkOrder.objects.visible_to(actor).filter(number__in=parents)
        self.parents = dict(above.values_list("number", "pk")) if parents else {}
        released = ProcedureVersion.objects.filter(procedure__code__in=procedures, status=VersionStatus.RELEASED)
        self.versions = dict(released.values_list("procedure__code", "pk")) if procedures else {}
        listed = WorkCode.objects.filter(list=CodeList.PROBLEM, code__in=problems, active=True)
        self.problems = dict(listed.values_list("code", "pk")) if problems else {}

    def keys_of(self, item: BulkOrderIn) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """Return the keys an item names, and what is wrong with its names."""
        device, own = self.devices.get(control_number_key(item.device or ""), (None, None))
        facility = self.facilities.get(item.facility.upper()) if item.facility else own or self.places.get(item.location_id or 0)
        wrong: dict[str, list[str]] = {}
        if item.device and device is None:
            wrong["device"] = [f"There is no device {item.device} that you can see."]
        elif facility is None:
            wrong["facility"] = ["Name a device, a place or a facility that you can see."]
        if item.parent and item.parent not in self.parents:
            wrong["parent"] = [f"There is no order WO-{item.parent} that you can see."]
        if unknown := [code for code in item.procedures if code not in self.versions]:
            wrong["procedures"] = [f"There is no released version of {', '.join(unknown)}."]
        if item.problem_code and item.problem_code not in self.problems:
            wrong["problem_code"] = [f"{item.problem_code} is not in the list: problem."]
        keys = {
            "device_id": device,
            "facility_id": facility,
            "parent_id": self.parents.get(item.parent or 0),
            "version_ids": tuple(self.versions[code] for code in item.procedures if code in self.versions),
            "problem_id": self.problems.get(item.problem_code),
        }
        return keys, wrong


class OrderChange(Body):
    """Only what is sent is changed; null clears."""

    title: Annotated[Text, Field(min_length=1, max_length=200)] = ""
    kind: KindCode = "corrective"  # type: ignore[valid-type]
    priority: PriorityCode = 3
    description: Words = ""
    device: DeviceNumber | None = None
    location_id: Key | None = None
    department_id: Key | None = None
    opens_on: Day | None = None
    due_on: Day | None = None
    on_time_until: Day | None = None
    grace_until: Day | None = None
    planned_on: Day | None = None
    skill: Code = ""
    est_min: Annotated[int, Field(ge=0, le=100_000)] | None = None
    parent: Key | None = None
    reporter_name: Annotated[Text, Field(max_length=120)] = ""
    reporter_contact: Annotated[Text, Field(max_length=120)] = ""
    call_back: bool = False
    patient_involved: bool | None = None
    set_aside: bool | None = None
    incident: bool = False
    work_done: Words = ""
    return_test_required: bool = False
    failure_code: Code | None = None
    problem_code: Code | None = None
    cause_code: Code | None = None
    resolution_code: Code | None = None
    seen_at: SeenAt = Field(default=None, description="updated_at as you last read it; 409 if it changed since.")


@router.patch(
    "/work-orders/{number}", response={200: OrderOut, **REFUSALS}, operation_id="change_work_order", summary="Correct a work order"
)
def change_work_order(request: HttpRequest, number: Key, payload: OrderChange) -> dict[str, Any]:
    """Change what is sent and nothing else, on an order under way."""
    actor, sent = actor_of(request), given(payload)
    seen = sent.pop("seen_at", None)
    editing.edit_order(actor=actor, number=number, values=sent, seen_at=seen)
    return answer(actor, number)


class AssignIn(Body):
    """Only what is sent is changed; null takes the person, team, company or day away."""

    user_id: Key | None = None
    team_id: Key | None = None
    provider_id: Key | None = None
    planned_on: Day | None = None


class BulkAssignIn(AssignIn, NumbersIn):
    """Many orders at once."""


class WorkChangedOut(Schema):
    changed: int = Field(description="Orders that were really changed.")


@router.post(
    "/work-orders/{number}/assign",
    response={200: OrderOut, **REFUSALS},
    operation_id="assign_work_order",
    summary="Assign or plan an order",
)
def assign_work_order(request: HttpRequest, number: Key, payload: AssignIn) -> dict[str, Any]:
    """Say who gets the order, and on which day it is planned. Taking an unassigned one oneself needs no right to assign."""
    actor = actor_of(request)
    assigning.assign_orders(actor=actor, numbers=[number], **given(payload))
    return answer(actor, number)


@router.post(
    "/bulk/work-orders/assign",
    response={200: WorkChangedOut, **REFUSALS},
    operation_id="bulk_assign_work_orders",
    summary="Assign many orders",
)
def bulk_assign_work_orders(request: HttpRequest, payload: BulkAssignIn) -> dict[str, int]:
    """Set what is sent on all these orders, or on none."""
    sent = given(payload)
    numbers = sent.pop("numbers")
    return {"changed": assigning.assign_orders(actor=actor_of(request), numbers=numbers, **sent)}
