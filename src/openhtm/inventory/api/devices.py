"""Devices over the API: list, detail, creation, change, and a device's life."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from django.db.models.functions import Upper
from django.http import HttpRequest, HttpResponse
from ninja import Header, Query, Schema
from ninja import Status as Answer
from pydantic import AwareDatetime, Field

from openhtm.core.errors import Invalid, NotFound
from openhtm.core.pagination import count_up_to
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, ClientKey, Cursor, Key, Limit, Long, PageOut, Short, Text, given
from openhtm.core.text import control_number_key
from openhtm.exchange.services.repeatable import answer_once
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, NetworkInterface
from openhtm.inventory.queries import detail, filters
from openhtm.inventory.queries.lists import page_of_values
from openhtm.inventory.queries.timeline import timeline
from openhtm.inventory.rules.device_fields import TEXT_LIMITS
from openhtm.inventory.rules.status import Status
from openhtm.inventory.services import devices, life, network
from openhtm.sites.models import Facility

router = Router(tags=["devices"])
StatusCode = Literal[tuple(s.value for s in Status)]  # type: ignore[valid-type]
ConnectionCode = Literal["wired", "wireless", "bluetooth", "cellular", "serial", "unknown"]
OwnershipCode = Literal["owned", "leased", "rental", "loaner", "demo", "physician_owned", "patient_owned"]
StrategyCode = Literal["unknown", "oem", "aem"]
Number = Annotated[Text, Field(min_length=1, max_length=40)]
Day = dt.date

LIST_VALUES = (
    "control_number", "serial_number", "status", "high_risk", "software_version", "udi_di", "ownership", "maintenance_strategy", "acquired_on",
    "last_seen_at", "updated_at", "facility__code", "device_type__code", "device_type__name", "device_model_id", "device_model__name",
    "device_model__catalog_number", "device_model__manufacturer__name", "department_id", "department__name", "location_id", "location__full_name",
)  # fmt: skip


class DeviceRow(Schema):
    """A device as lists show it."""

    control_number: str = Field(examples=["BME-000123"])
    facility: str = Field(description="Code of the facility.", examples=["NORTH"])
    device_type: str | None = Field(description="Code of the device type; null if unknown.")
    device_type_name: str | None
    manufacturer: str
    model: str = Field(description="Empty if unknown.")
    catalog_number: str
    model_id: int
    serial_number: str = Field(description="Empty if unknown.")
    udi_di: str
    status: str
    high_risk: bool
    ownership: str
    maintenance_strategy: str
    software_version: str = Field(description="Empty if unknown.")
    department: str | None
    department_id: int | None
    location: str | None = Field(description="Names from the building down; null if unknown.")
    location_id: int | None
    acquired_on: Day | None
    last_seen_at: dt.datetime | None
    updated_at: dt.datetime


class DeviceList(PageOut):
    items: list[DeviceRow]


class InterfaceOut(Schema):
    id: int
    name: str
    connection: str
    mac_address: str | None
    ip_address: str | None
    vlan: int | None
    hostname: str


class NumberOut(Schema):
    kind: str
    number: str


class DeviceOut(DeviceRow):
    """A device in full. What the caller's role does not show is null."""

    description: str
    lot: str
    udi_carrier: str
    udi_serial: str
    udi_expires_on: Day | None
    owner_name: str
    service_provider: str | None
    part_of: str | None = Field(description="Control number of the system this is part of.")
    status_since: Day | None
    high_risk_override: bool | None
    high_risk_reason: str
    software_read_on: Day | None
    manufactured_on: Day | None
    acquired_precision: str
    accepted_on: Day | None
    in_service_on: Day | None
    warranty_ends_on: Day | None
    retired_on: Day | None
    acquisition_cost_cents: int | None
    purchase_order: str | None
    supplier: str | None
    expected_life_years: int | None
    custom: dict[str, Any]
    alternate_numbers: list[NumberOut]
    interfaces: list[InterfaceOut] | None
    created_at: dt.datetime


class DeviceFields(Body):
    """What may be said about a device. Leave out what is unknown; null clears a value."""

    model_id: Key | None = Field(default=None, description="From /api/v1/models.")
    description: Annotated[Text, Field(max_length=200)] | None = ""
    serial_number: Annotated[Text, Field(max_length=80)] | None = ""
    lot: Annotated[Text, Field(max_length=40)] | None = ""
    udi_carrier: Annotated[Text, Field(max_length=400)] | None = Field(default="", description="The bar code as read; fills what it says.")
    ownership: OwnershipCode = "owned"
    owner_name: Annotated[Text, Field(max_length=120)] | None = ""
    department_id: Key | None = None
    location_id: Key | None = None
    service_provider_id: Key | None = None
    part_of: Number | None = None
    maintenance_strategy: StrategyCode = "unknown"
    high_risk_override: bool | None = None
    high_risk_reason: Short | None = ""
    software_version: Annotated[Text, Field(max_length=80)] | None = ""
    software_read_on: Day | None = None
    manufactured_on: Day | None = None
    acquired_on: Day | None = None
    acquired_precision: Literal["day", "month", "year", "before"] = "day"
    accepted_on: Day | None = None
    in_service_on: Day | None = None
    warranty_ends_on: Day | None = None
    acquisition_cost_cents: Annotated[int, Field(ge=0, le=10**12)] | None = None
    purchase_order: Annotated[Text, Field(max_length=60)] | None = ""
    supplier: Short | None = ""
    expected_life_years: Annotated[int, Field(ge=1, le=60)] | None = None
    custom: dict[Annotated[Text, Field(max_length=40)], Annotated[Text, Field(max_length=1000)] | bool | int | float | None] | None = Field(
        default_factory=dict, description="Site fields by key. Only the keys that are sent change; null clears one, or all of them."
    )


class NewDevice(DeviceFields):
    facility: Annotated[Text, Field(min_length=1, max_length=20)] = Field(description="Code of the facility.")
    control_number: Number | None = Field(default=None, description="Left out: the next one is assigned.")
    status: StatusCode = "in_service"  # type: ignore[valid-type]


class DeviceIn(NewDevice):
    """A new device. Sending the same ``client_key`` again answers the same and adds nothing."""

    client_key: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Your own key of this creation. The header Idempotency-Key means the same."
    )


class DeviceChange(DeviceFields):
    """Only what is sent is changed."""

    control_number: Number | None = Field(default=None, description="A new one; the old stays searchable.")
    seen_at: AwareDatetime | None = Field(default=None, description="updated_at as you last read it; 409 if it changed since.")


class DeviceQuery(Schema):
    """Filters, the same as the list page's."""

    q: Annotated[Text, Field(max_length=200)] | None = Field(
        default=None, description="Words: tag, serial, UDI, name, old number, address."
    )
    facility: Short | None = None
    status: Short | None = Field(default=None, description="Codes joined by commas, or in_inventory, or gone.")
    device_type: Short | None = None
    model: Short | None = None
    manufacturer: Short | None = None
    department: Short | None = None
    location: Short | None = Field(default=None, description="Id of a place; everything below it counts.")
    high_risk: Short | None = None
    ownership: Short | None = None
    strategy: Short | None = None
    provider: Short | None = None
    missing: Short | None = Field(
        default=None, description="What is not recorded, such as serial, model, type, location, version or provider; several with commas."
    )
    acquired_from: Short | None = None
    acquired_to: Short | None = None
    warranty_until: Short | None = None
    not_seen_since: Short | None = None
    support_ended_by: Short | None = Field(default=None, description="Last day of support, at the latest; YYYY-MM-DD.")
    networked: Short | None = Field(default=None, description="Whether its type is usually on the network: true or false.")


def actor_of(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _filters(actor: Actor, query: DeviceQuery) -> filters.Filters:
    require(actor, Permission.VIEW_DEVICES)
    sent = {name: value for name, value in query.model_dump().items() if value}
    found = filters.read_filters(sent, actor=actor)
    if found.problems:
        raise Invalid({name: [text] for name, text in found.problems.items()})
    return found


@router.get("/devices", response={200: DeviceList, **REFUSALS}, operation_id="list_devices", summary="List devices")
def list_devices(
    request: HttpRequest, query: Query[DeviceQuery], cursor: Cursor | None = None, limit: Limit = 50, count: bool = False
) -> dict[str, Any] | HttpResponse:
    """Devices the caller may see, by control number. One statement besides the filters' own; count=true adds one or two."""
    found = _filters(actor_of(request), query)
    queryset = filters.filtered(actor=actor_of(request), filters=found)
    page = page_of_values(queryset, LIST_VALUES, order=("control_number",), cursor=cursor, limit=limit, searched=bool(found.search))
    total = count_up_to(queryset) if count else None
    return {
        "items": [row_out(row) for row in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": total.value if total else None,
        "count_is_exact": total.exact if total else None,
    }


def row_out(row: dict[str, Any]) -> dict[str, Any]:
    """Return a list row under the names of the contract."""
    return {
        "control_number": row["control_number"],
        "facility": row["facility__code"],
        "device_type": row["device_type__code"],
        "device_type_name": row["device_type__name"],
        "manufacturer": row["device_model__manufacturer__name"],
        "model": row["device_model__name"],
        "catalog_number": row["device_model__catalog_number"],
        "model_id": row["device_model_id"],
        "serial_number": row["serial_number"],
        "udi_di": row["udi_di"],
        "status": row["status"],
        "high_risk": row["high_risk"],
        "ownership": row["ownership"],
        "maintenance_strategy": row["maintenance_strategy"],
        "software_version": row["software_version"],
        "department": row["department__name"],
        "department_id": row["department_id"],
        "location": row["location__full_name"],
        "location_id": row["location_id"],
        "acquired_on": row["acquired_on"],
        "last_seen_at": row["last_seen_at"],
        "updated_at": row["updated_at"],
    }


@router.get("/devices/{control_number}", response={200: DeviceOut, **REFUSALS}, operation_id="get_device", summary="One device")
def get_device(request: HttpRequest, control_number: str) -> dict[str, Any]:
    """A device by its control number, or by one it used to have."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_DEVICES)
    return device_out(found_device(actor, control_number), actor=actor)


def found_device(actor: Actor, control_number: str) -> Device:
    """Return the device of an address. Raises NotFound or Device.DoesNotExist, both answered with 404."""
    if "\0" in control_number or len(control_number) > 80:
        raise NotFound(kind="device", name="of that number")
    return detail.device_by_number(actor=actor, number=control_number)


def device_out(device: Device, *, actor: Actor) -> dict[str, Any]:
    """Return a device in full, less what the actor's role does not show. Two statements."""
    costs = actor.may(Permission.VIEW_COSTS, at=device.facility_id)
    addresses = actor.may(Permission.VIEW_NETWORK, at=device.facility_id)
    model, kind = device.device_model, device.device_type
    plain = {name: getattr(device, name) for name in _PLAIN_OUT}
    return plain | {
        "facility": device.facility.code,
        "device_type": kind.code if kind else None,
        "device_type_name": kind.name if kind else None,
        "manufacturer": model.manufacturer.name,
        "model": model.name,
        "catalog_number": model.catalog_number,
        "model_id": model.pk,
        "department": device.department.name if device.department else None,
        "location": device.location.full_name if device.location else None,
        "service_provider": device.service_provider.name if device.service_provider else None,
        "part_of": device.parent.control_number if device.parent else None,
        "acquisition_cost_cents": device.acquisition_cost_cents if costs else None,
        "purchase_order": device.purchase_order if costs else None,
        "supplier": device.supplier if costs else None,
        "alternate_numbers": list(device.alternate_numbers.values("kind", "number")),
        "interfaces": list(device.interfaces.values(*InterfaceOut.model_fields)) if addresses else None,
    }


_PLAIN_OUT = (
    "control_number", "serial_number", "udi_di", "status", "high_risk", "ownership", "maintenance_strategy", "software_version", "department_id",
    "location_id", "acquired_on", "last_seen_at", "updated_at", "description", "lot", "udi_carrier", "udi_serial", "udi_expires_on", "owner_name",
    "status_since", "high_risk_override", "high_risk_reason", "software_read_on", "manufactured_on", "acquired_precision", "accepted_on",
    "in_service_on", "warranty_ends_on", "retired_on", "expected_life_years", "custom", "created_at",
)  # fmt: skip


COSTS = frozenset({"acquisition_cost_cents", "purchase_order", "supplier"})
_COLUMNS = {"model_id": "device_model_id"}
_OUR_NAMES = {
    "device_model": "model_id", "department": "department_id", "location": "location_id", "service_provider": "service_provider_id",
    "parent": "part_of", "devices": "control_numbers",
}  # fmt: skip


@contextlib.contextmanager
def in_our_names() -> Iterator[None]:
    """Let a service's refusal name the fields as the contract does."""
    try:
        yield
    except Invalid as refusal:
        raise Invalid(our_names(refusal.errors)) from refusal


def _values(
    actor: Actor, sent: dict[str, Any], *, facility: Facility, parents: Mapping[str, int], stored: Device | None = None
) -> dict[str, Any]:
    """Turn what the caller sent into columns. Who may not see costs cannot set them either. ``parents``: as found_parents gives."""
    if COSTS & sent.keys():
        require(actor, Permission.VIEW_COSTS, at=facility.pk, place=facility.name)
    values: dict[str, Any] = {
        _COLUMNS.get(key, key): ("" if value is None and key in TEXT_LIMITS else value) for key, value in sent.items()
    }
    if "part_of" in values:
        number = values.pop("part_of")
        if number and control_number_key(number) not in parents:
            raise Invalid({"part_of": [f"There is no device {number} that you can see."]})
        values["parent_id"] = parents[control_number_key(number)] if number else None
    if "custom" in values:
        kept = dict(stored.custom) if stored is not None and values["custom"] is not None else {}
        values["custom"] = {key: value for key, value in (kept | (values["custom"] or {})).items() if value not in (None, "")}
    return values


def _found_parents(actor: Actor, bodies: Collection[DeviceFields]) -> dict[str, int]:
    """Return the ids of the systems that the bodies name, by control number. One statement, none if they name none."""
    numbers = {control_number_key(body.part_of) for body in bodies if body.part_of}
    found = Device.objects.visible_to(actor).filter(control_number__in=numbers).order_by() if numbers else Device.objects.none()
    return dict(found.values_list("control_number", "pk"))


def _facilities(actor: Actor, codes: Collection[str]) -> dict[str, Facility]:
    """Return the facilities with these codes by their code in capitals. One statement."""
    found = Facility.objects.visible_to(actor).alias(capitals=Upper("code")).filter(capitals__in={code.upper() for code in codes})
    return {facility.code.upper(): facility for facility in found}


def _facility(code: str, among: Mapping[str, Facility]) -> Facility:
    """Return the facility of this code. Raises Invalid, since it is a field of the body, not the address."""
    if code.upper() not in among:
        raise Invalid({"facility": [f"There is no facility {code} that you can see."]})
    return among[code.upper()]


ByHeader = Annotated[ClientKey | None, Header(alias="Idempotency-Key", description="The same as client_key.")]


@router.post("/devices", response={201: DeviceOut, 200: DeviceOut, **REFUSALS}, operation_id="add_device", summary="Add a device")
def add_device(request: HttpRequest, payload: DeviceIn, header_key: ByHeader = None) -> Any:
    """Add a device. 201, or 200 with the first answer if the same client_key came before."""
    actor = actor_of(request)

    def make() -> tuple[int, dict[str, Any]]:
        fresh = detail.device_by_number(actor=actor, number=create(actor, payload).control_number)
        return 201, DeviceOut.model_validate(device_out(fresh, actor=actor)).model_dump(mode="json")

    body, key = payload.model_dump(mode="json", exclude={"client_key"}), payload.client_key or header_key
    status_code, answer, replayed = answer_once(actor=actor, key=key, route="add_device", body=body, make=make)
    return Answer(200 if replayed else status_code, answer)


def create(actor: Actor, payload: NewDevice) -> Device:
    """Add one device as the caller described it. Raises NotAllowed, and Invalid by the contract's names."""
    (draft,) = drafts(actor, [payload])
    if isinstance(draft, Invalid):
        raise draft
    with in_our_names():
        return devices.add_device(actor=actor, facility_id=draft.facility_id, values=draft.values, status=draft.status)


def drafts(actor: Actor, payloads: Sequence[NewDevice]) -> list[devices.NewDevice | Invalid]:
    """Return what is to be added, or what is refused of it, for each of the bodies. Two statements. Raises NotAllowed."""
    facilities = _facilities(actor, [payload.facility for payload in payloads])
    parents = _found_parents(actor, payloads)
    found: list[devices.NewDevice | Invalid] = []
    for payload in payloads:
        sent = given(payload)
        sent.pop("client_key", None)
        code, status = sent.pop("facility"), sent.pop("status", "in_service")
        try:
            facility = _facility(code, facilities)
            found.append(devices.NewDevice(facility.pk, _values(actor, sent, facility=facility, parents=parents), status))
        except Invalid as refusal:
            found.append(refusal)
    return found


def our_names(errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Name the fields of a service's refusal as the contract does."""
    return {_OUR_NAMES.get(field, field): texts for field, texts in errors.items()}


@router.patch("/devices/{control_number}", response={200: DeviceOut, **REFUSALS}, operation_id="change_device", summary="Change a device")
def change_device(request: HttpRequest, control_number: str, payload: DeviceChange) -> dict[str, Any]:
    """Change what is sent and nothing else."""
    actor, sent = actor_of(request), given(payload)
    device = found_device(actor, control_number)
    seen, number = sent.pop("seen_at", None), device.control_number
    with in_our_names():
        values = _values(actor, sent, facility=device.facility, parents=_found_parents(actor, [payload]), stored=device)
        changed = devices.edit_device(actor=actor, control_number=number, values=values, seen_at=seen)
    return device_out(detail.device_by_number(actor=actor, number=changed.control_number), actor=actor)


class StatusIn(Body):
    status: StatusCode  # type: ignore[valid-type]
    on: Day | None = Field(default=None, description="Left out: today at the facility.")
    reason: Annotated[Text, Field(max_length=400)] = ""


@router.post(
    "/devices/{control_number}/status", response={200: DeviceOut, **REFUSALS}, operation_id="change_device_status", summary="Change status"
)
def change_device_status(request: HttpRequest, control_number: str, payload: StatusIn) -> dict[str, Any]:
    """Change the status by the transition table."""
    actor = actor_of(request)
    number = found_device(actor, control_number).control_number
    life.change_status(actor=actor, control_number=number, after=payload.status, reason=payload.reason, on=payload.on)
    return device_out(detail.device_by_number(actor=actor, number=number), actor=actor)


class DeviceMoveIn(Body):
    """Where devices go. Null means unknown."""

    facility: Annotated[Text, Field(min_length=1, max_length=20)]
    location_id: Key | None = None
    department_id: Key | None = None
    reason: Annotated[Text, Field(max_length=400)] = ""


@router.post("/devices/{control_number}/move", response={200: DeviceOut, **REFUSALS}, operation_id="move_device", summary="Move a device")
def move_device(request: HttpRequest, control_number: str, payload: DeviceMoveIn) -> dict[str, Any]:
    """Move a device to a place and department of a facility."""
    actor = actor_of(request)
    number = found_device(actor, control_number).control_number
    move(actor, [number], payload)
    return device_out(detail.device_by_number(actor=actor, number=number), actor=actor)


def move(actor: Actor, numbers: list[str], payload: DeviceMoveIn) -> int:
    with in_our_names():
        return life.move_devices(
            actor=actor,
            control_numbers=numbers,
            facility_id=_facility(payload.facility, _facilities(actor, [payload.facility])).pk,
            location_id=payload.location_id,
            department_id=payload.department_id,
            reason=payload.reason,
        )


class NoteIn(Body):
    text: Annotated[Long, Field(min_length=1)]


class NoteOut(Schema):
    text: str
    author: str
    recorded_at: dt.datetime


@router.post("/devices/{control_number}/notes", response={201: NoteOut, **REFUSALS}, operation_id="add_device_note", summary="Add a note")
def add_device_note(request: HttpRequest, control_number: str, payload: NoteIn) -> Any:
    """Add a remark, signed by the caller."""
    actor = actor_of(request)
    note = life.add_note(actor=actor, control_number=found_device(actor, control_number).control_number, text=payload.text)
    return Answer(201, {"text": note.text, "author": note.author_name, "recorded_at": note.recorded_at})


def interface_out(interface: NetworkInterface) -> dict[str, Any]:
    return {name: getattr(interface, name) for name in InterfaceOut.model_fields}


class InterfaceIn(Body):
    name: Annotated[Text, Field(max_length=40)] = ""
    connection: ConnectionCode = "unknown"
    mac_address: Annotated[Text, Field(max_length=40)] | None = None
    ip_address: Annotated[Text, Field(max_length=60)] | None = None
    vlan: Annotated[int, Field(ge=1, le=4094)] | None = None
    hostname: Annotated[Text, Field(max_length=255)] = ""


@router.post(
    "/devices/{control_number}/interfaces",
    response={201: InterfaceOut, **REFUSALS},
    operation_id="add_device_interface",
    summary="Add an interface",
)
def add_device_interface(request: HttpRequest, control_number: str, payload: InterfaceIn) -> Any:
    """Add a network interface to a device."""
    actor = actor_of(request)
    number = found_device(actor, control_number).control_number
    interface = network.save_interface(actor=actor, control_number=number, values=payload.model_dump())
    return Answer(201, interface_out(interface))


class InterfaceChange(Body):
    """Only what is sent is changed; null clears."""

    name: Annotated[Text, Field(max_length=40)] = ""
    connection: ConnectionCode = "unknown"
    mac_address: Annotated[Text, Field(max_length=40)] | None = None
    ip_address: Annotated[Text, Field(max_length=60)] | None = None
    vlan: Annotated[int, Field(ge=1, le=4094)] | None = None
    hostname: Annotated[Text, Field(max_length=255)] = ""


@router.patch(
    "/devices/{control_number}/interfaces/{interface_id}",
    response={200: InterfaceOut, **REFUSALS},
    operation_id="change_device_interface",
    summary="Change an interface",
)
def change_device_interface(request: HttpRequest, control_number: str, interface_id: Key, payload: InterfaceChange) -> dict[str, Any]:
    """Change what is sent of an interface and nothing else."""
    actor = actor_of(request)
    device = found_device(actor, control_number)
    stored = device.interfaces.values(*network.FIELDS).get(pk=interface_id)
    interface = network.save_interface(
        actor=actor, control_number=device.control_number, values=stored | given(payload), interface_id=interface_id
    )
    return interface_out(interface)


@router.delete(
    "/devices/{control_number}/interfaces/{interface_id}",
    response={204: None, **REFUSALS},
    operation_id="remove_device_interface",
    summary="Take an interface away",
)
def remove_device_interface(request: HttpRequest, control_number: str, interface_id: Key) -> Any:
    """Take an interface away; its history stays."""
    actor = actor_of(request)
    network.remove_interface(actor=actor, control_number=found_device(actor, control_number).control_number, interface_id=interface_id)
    return Answer(204, None)


class EventOut(Schema):
    """One fact of a device's timeline."""

    when: dt.datetime
    title: str
    detail: str
    reason: str
    changes: list[tuple[str, str | None, str | None]]


@router.get(
    "/devices/{control_number}/timeline", response={200: list[EventOut], **REFUSALS}, operation_id="device_timeline", summary="Timeline"
)
def device_timeline(request: HttpRequest, control_number: str) -> Any:
    """The newest hundred facts about a device, who recorded them and why."""
    actor = actor_of(request)
    device = found_device(actor, control_number)
    require(actor, Permission.VIEW_HISTORY, at=device.facility_id, place=device.facility.name)
    return [
        {
            "when": event.when,
            "title": event.title,
            "detail": event.detail,
            "reason": event.reason,
            "changes": [(name, _worded(old), _worded(new)) for name, old, new in event.changes],
        }
        for event in timeline(device, actor=actor)
    ]


def _worded(value: Any) -> str | None:
    return None if value is None else str(value)
