"""Adding and changing devices: the only writers of their own columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from openhtm.catalog.models import DeviceModel
from openhtm.catalog.rules import udi
from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.events import publish
from openhtm.core.integrity import refuse_readably
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import AlternateNumber, CustomField, Device, DeviceMove, MaintenanceStrategy, NumberKind, StatusChange
from openhtm.inventory.rules import device_fields
from openhtm.inventory.rules.events import StrategyChosen
from openhtm.inventory.rules.status import Status
from openhtm.inventory.services.quality import refresh_duplicates
from openhtm.sites.models import Department, Facility, Location, ServiceProvider

REFERENCES = frozenset({"device_model_id", "department_id", "location_id", "service_provider_id", "parent_id"})
PLAIN = frozenset(device_fields.LABELS) - {"facility", "device_model", "department", "location", "service_provider", "parent", "status"}
EDITABLE = PLAIN | REFERENCES
IDENTIFYING = frozenset({"serial_number", "udi_di", "udi_serial", "device_model_id"})
AT_ONCE = 500
CustomRules = dict[str, tuple[str, bool, list[str]]]
STARTING_STATUSES = frozenset(Status) - {Status.DISPOSED}


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to be added. ``values`` maps column names (references as ``…_id``) to Python values."""

    facility_id: int
    values: Mapping[str, Any]
    status: str = Status.IN_SERVICE


class SomeInvalid(DomainError):
    """Some of many new devices were refused, and none was added. ``rows`` maps a position to its errors by field."""

    code = "invalid"
    message = "Some devices need correcting."

    def __init__(self, rows: Mapping[int, Mapping[str, list[str]]]) -> None:
        self.rows = dict(rows)
        super().__init__()


def add_device(
    *, actor: Actor, facility_id: int, values: Mapping[str, Any], status: str = Status.IN_SERVICE, now: datetime | None = None
) -> Device:
    """Add a device at a facility. A missing control number is assigned.

    ``values`` maps column names (references as ``…_id``) to Python values. Raises Facility.DoesNotExist outside the
    actor's scope, NotAllowed, Invalid.
    """
    try:
        return add_devices(actor=actor, new=[NewDevice(facility_id, values, status)], now=now)[0]
    except SomeInvalid as refusal:
        raise Invalid(refusal.rows[0]) from refusal


@transaction.atomic
def add_devices(*, actor: Actor, new: Sequence[NewDevice], now: datetime | None = None) -> list[Device]:
    """Add all these devices, or none, in their order. At most fifteen statements for any number up to 1,000.

    Raises Facility.DoesNotExist outside the actor's scope, NotAllowed, SomeInvalid with every wrong field of every row.
    """
    now = now or timezone.now()
    facilities = Facility.objects.visible_to(actor).in_bulk({one.facility_id for one in new})
    if strange := {one.facility_id for one in new} - set(facilities):
        raise Facility.DoesNotExist(f"{min(strange)} is not there")
    for facility in facilities.values():
        require(actor, Permission.ADD_DEVICES, at=facility.pk, place=facility.name)
    errors: dict[int, dict[str, list[str]]] = {}
    known = _completed_rows(new, errors)
    stored, custom = _stored_references(known.values(), actor), custom_field_rules()
    for row, problem in _taken_numbers(known).items():
        errors.setdefault(row, {})["control_number"] = [problem]
    for row, values in known.items():
        facility = facilities[new[row].facility_id]
        found = _foreign_problems(values, facility, stored) | errors.get(row, {})
        if new[row].status not in STARTING_STATUSES:
            found["status"] = [f"A device starts as one of: {', '.join(s for s in Status if s in STARTING_STATUSES)}."]
        if all_found := _problems(values, facility=facility, now=now, errors=found, custom=custom):
            errors[row] = all_found
    if errors:
        raise SomeInvalid(dict(sorted(errors.items())))
    return _insert([(facilities[one.facility_id], one.status, known[row]) for row, one in enumerate(new)], stored, actor=actor, now=now)


def _completed_rows(new: Sequence[NewDevice], errors: dict[int, dict[str, list[str]]]) -> dict[int, dict[str, Any]]:
    """Return the rows that could be read, normalised and each with a control number; ``errors`` takes the others."""
    known: dict[int, dict[str, Any]] = {}
    for row, one in enumerate(new):
        try:
            known[row] = _completed({key: value for key, value in one.values.items() if key in EDITABLE})
        except Invalid as refusal:
            errors[row] = refusal.errors
    unnamed = [values for values in known.values() if not values.get("control_number")]
    own = {values["control_number"] for values in known.values() if values.get("control_number")}
    for values, number in zip(unnamed, next_control_numbers(len(unnamed), besides=own), strict=True):
        values["control_number"] = number
    return known


def _taken_numbers(known: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    """Return, by row, why its control number cannot be given. One statement."""
    numbers = {values["control_number"] for values in known.values()}
    stored = set(Device.objects.filter(control_number__in=numbers).order_by().values_list("control_number", flat=True))
    first: dict[str, int] = {}
    found: dict[int, str] = {}
    for row, values in known.items():
        number = values["control_number"]
        if number in stored:
            found[row] = f"The control number {number} is already taken. Choose another."
        elif first.setdefault(number, row) != row:
            found[row] = f"The control number {number} was already given to an earlier one of these devices."
    return found


def _insert(rows: Sequence[tuple[Facility, str, Mapping[str, Any]]], stored: _Stored, *, actor: Actor, now: datetime) -> list[Device]:
    """Write checked devices with their first status. Three statements for each 500, and one for duplicates."""
    devices = []
    for facility, status, values in rows:
        device = Device(facility=facility, status=Status(status), status_since=_today(facility, now), **values)
        device.created_at = device.updated_at = now
        device.device_model = stored.models[values["device_model_id"]]
        _set_derived(device)
        devices.append(device)
    with refuse_readably():
        Device.objects.bulk_create(devices, batch_size=AT_ONCE)
    by: dict[str, Any] = {"actor_id": actor.user_id, "actor_name": actor.name, "recorded_at": now}
    changes = [StatusChange(device=device, after=device.status, on=_today(device.facility, now), **by) for device in devices]
    StatusChange.objects.bulk_create(changes, batch_size=AT_ONCE)
    refresh_duplicates([device.pk for device in devices], now=now)
    _tell_strategies(devices, actor)
    return devices


def _tell_strategies(devices: Sequence[Device], actor: Actor) -> None:
    """New devices that come with a maintenance strategy were put on it by whoever adds them."""
    chosen: dict[str, list[int]] = {}
    for device in devices:
        if device.maintenance_strategy != MaintenanceStrategy.UNKNOWN:
            chosen.setdefault(device.maintenance_strategy, []).append(device.pk)
    for strategy, keys in sorted(chosen.items()):
        publish(StrategyChosen(device_ids=tuple(keys), strategy=strategy, actor=actor))


@transaction.atomic
def edit_device(
    *, actor: Actor, control_number: str, values: Mapping[str, Any], seen_at: datetime | None = None, now: datetime | None = None
) -> Device:
    """Change columns of a device. A new control number keeps the old one searchable; a new place is a move.

    ``seen_at`` is the ``updated_at`` the actor last saw: if the record is newer, Conflict. Raises Device.DoesNotExist,
    NotAllowed, Invalid.
    """
    now = now or timezone.now()
    device = lock_device(actor=actor, control_number=control_number)
    require(actor, Permission.EDIT_DEVICES, at=device.facility_id, place=device.facility.name)
    if seen_at is not None and device.updated_at > seen_at:
        raise Conflict(what=device.control_number)
    known = _completed({key: value for key, value in values.items() if key in EDITABLE}, stored=device)
    changed = {key: value for key, value in known.items() if getattr(device, key) != value}
    if not changed:
        return device
    merged = {key: getattr(device, key) for key in PLAIN} | changed
    errors = _foreign(changed, device.facility, actor, device=device)
    custom = custom_field_rules() if "custom" in changed else None
    if found := _problems(merged, facility=device.facility, now=now, errors=errors, custom=custom):
        raise Invalid(found)
    _write(device, changed, actor=actor, now=now)
    if "maintenance_strategy" in changed:
        publish(StrategyChosen(device_ids=(device.pk,), strategy=changed["maintenance_strategy"], actor=actor))
    if IDENTIFYING & set(changed):
        refresh_duplicates([device.pk], now=now)
    return device


def lock_device(*, actor: Actor, control_number: str) -> Device:
    """Return the device locked for change. Raises Device.DoesNotExist outside the actor's scope. One statement."""
    visible = Device.objects.visible_to(actor).select_related("facility", "device_model__device_type")
    return visible.select_for_update(of=("self",)).get(control_number=control_number_key(control_number))


def _write(device: Device, changed: dict[str, Any], *, actor: Actor, now: datetime) -> None:
    before = {key: getattr(device, key) for key in ("control_number", "location_id", "department_id")}
    for key, value in changed.items():
        setattr(device, key, value)
    _set_derived(device)
    device.updated_at = now
    fields = {key.removesuffix("_id") for key in changed} | {"device_type", "high_risk", "updated_at"}
    with refuse_readably():
        device.save(update_fields=sorted(fields))
    if device.control_number != before["control_number"]:
        keep_number(device=device, number=before["control_number"], kind=NumberKind.OLD_CONTROL_NUMBER, source="renumbered")
    if (device.location_id, device.department_id) != (before["location_id"], before["department_id"]):
        DeviceMove.objects.create(
            device=device,
            from_facility_id=device.facility_id,
            to_facility_id=device.facility_id,
            from_location_id=before["location_id"],
            to_location_id=device.location_id,
            from_department_id=before["department_id"],
            to_department_id=device.department_id,
            actor_id=actor.user_id,
            actor_name=actor.name,
            recorded_at=now,
        )


def keep_number(*, device: Device, number: str, kind: str, source: str) -> None:
    """Keep another number of a device searchable for ever. Repeating it changes nothing."""
    key = control_number_key(number)
    AlternateNumber.objects.get_or_create(device=device, number_key=key, defaults={"number": number, "kind": kind, "source": source})


def next_control_numbers(count: int, *, besides: Collection[str] = ()) -> list[str]:
    """Return unused control numbers of the form BME-000123, none of ``besides``. Numbers are never given twice, also after a failure.

    Three statements, and three more for each time that some of the next were taken.
    """
    found: list[str] = []
    while wanted := count - len(found):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('inventory_control_number') FROM generate_series(1, %s)", [wanted])
            numbers = [f"BME-{number:06d}" for (number,) in cursor.fetchall()]
        taken = set(Device.objects.filter(control_number__in=numbers).order_by().values_list("control_number", flat=True))
        taken |= set(AlternateNumber.objects.filter(number_key__in=numbers).order_by().values_list("number_key", flat=True))
        found += [number for number in numbers if number not in taken and number not in besides]
    return found


def _completed(values: dict[str, Any], *, stored: Device | None = None) -> dict[str, Any]:
    """Normalise texts, and fill from a newly read UDI what nobody typed."""
    known = {key: value.strip() if isinstance(value, str) and key != "udi_carrier" else value for key, value in values.items()}
    if "control_number" in known:
        known["control_number"] = control_number_key(known["control_number"] or "")
        if stored is not None and not known["control_number"]:
            raise Invalid({"control_number": ["Give a control number: a device cannot lose its own."]})
    carrier = known.get("udi_carrier")
    if carrier and (stored is None or carrier != stored.udi_carrier):
        known |= {key: value for key, value in udi_values(carrier).items() if not known.get(key)}
    return known


def udi_values(carrier: str) -> dict[str, Any]:
    """Return the columns that a UDI as read fills. Raises Invalid with the place of the fault."""
    read = udi.parse(carrier)
    if read.error is not None:
        raise Invalid({"udi_carrier": [f"{read.error.message} (character {read.error.position + 1})"]})
    found = {
        "udi_di": read.di,
        "udi_serial": read.serial,
        "serial_number": read.serial,
        "lot": read.lot,
        "udi_expires_on": read.expires_on,
        "manufactured_on": read.manufactured_on,
        "software_version": read.software_version,
    }
    return {key: value for key, value in found.items() if value}


def _set_derived(device: Device) -> None:
    kind = device.device_model.device_type
    device.device_type = kind
    device.high_risk = device.high_risk_override if device.high_risk_override is not None else bool(kind and kind.high_risk)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What references may name: models, the facility of each department, place and visible device, and providers."""

    models: Mapping[int, DeviceModel]
    departments: Mapping[int, int]
    locations: Mapping[int, int]
    parents: Mapping[int, int]
    providers: Collection[int]


def _stored_references(rows: Collection[Mapping[str, Any]], actor: Actor) -> _Stored:
    """Look up everything the rows refer to. One statement for each kind that occurs."""

    def wanted(key: str) -> set[int]:
        return {row[key] for row in rows if row.get(key) is not None}

    def places(queryset: QuerySet[Any], key: str) -> dict[int, int]:
        ids = wanted(key)
        return dict(queryset.filter(pk__in=ids).order_by().values_list("pk", "facility_id")) if ids else {}

    models, providers = wanted("device_model_id"), wanted("service_provider_id")
    return _Stored(
        models=DeviceModel.objects.select_related("device_type").in_bulk(models) if models else {},
        departments=places(Department.objects.all(), "department_id"),
        locations=places(Location.objects.all(), "location_id"),
        parents=places(Device.objects.visible_to(actor), "parent_id"),
        providers=set(ServiceProvider.objects.filter(pk__in=providers).values_list("pk", flat=True)) if providers else (),
    )


def _foreign(values: Mapping[str, Any], facility: Facility, actor: Actor, *, device: Device) -> dict[str, list[str]]:
    """Check the references that change on ``device``. One statement for each given, and one for the system it is part of."""
    errors = _foreign_problems(values, facility, _stored_references([values], actor), required="device_model_id" in values)
    parent_id = values.get("parent_id")
    if parent_id is not None and "parent" not in errors and device.pk in _above(parent_id):
        errors["parent"] = ["A device cannot be part of itself or of its own parts."]
    return errors


def _foreign_problems(values: Mapping[str, Any], facility: Facility, stored: _Stored, *, required: bool = True) -> dict[str, list[str]]:
    """Check references: what they name must exist and belong to the same facility. ``required``: a model must be named."""
    errors: dict[str, list[str]] = {}
    model_id, provider_id, parent_id = (values.get(key) for key in ("device_model_id", "service_provider_id", "parent_id"))
    if (model_id is None and required) or (model_id is not None and model_id not in stored.models):
        errors["device_model"] = ["Choose a model from the catalogue; add it there first if it is new."]
    for key, facilities in (("department_id", stored.departments), ("location_id", stored.locations)):
        if values.get(key) is not None and facilities.get(values[key]) != facility.pk:
            errors[key.removesuffix("_id")] = [f"Choose one that belongs to {facility.name}."]
    if provider_id is not None and provider_id not in stored.providers:
        errors["service_provider"] = ["Choose a service provider from the list."]
    if parent_id is not None and stored.parents.get(parent_id) != facility.pk:
        errors["parent"] = [f"Choose a system that stands at {facility.name}."]
    return errors


_ANCESTORS = """
WITH RECURSIVE up AS (
  SELECT id, parent_id, 1 AS depth FROM inventory_device WHERE id = %s
  UNION ALL SELECT d.id, d.parent_id, up.depth + 1 FROM inventory_device d JOIN up ON d.id = up.parent_id WHERE up.depth < 20
) SELECT id FROM up
"""


def _above(device_id: int) -> set[int]:
    """Return the device and every system it is part of, however far up. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_ANCESTORS, [device_id])
        return {row[0] for row in cursor.fetchall()}


def _problems(
    values: Mapping[str, Any], *, facility: Facility, now: datetime, errors: dict[str, list[str]], custom: CustomRules | None
) -> dict[str, list[str]]:
    """Add to ``errors`` what the rules refuse in ``values``, site fields by ``custom`` if given. Returns it."""
    found = [p for p in device_fields.problems_of(values, today=_today(facility, now)) if p.severity == "error"]
    if custom is not None:
        found += device_fields.custom_problems(values.get("custom") or {}, custom)
    for problem in found:
        errors.setdefault(problem.field, []).append(problem.message)
    return errors


def custom_field_rules() -> CustomRules:
    """Return the active site fields as the rules want them. One statement."""
    rows = CustomField.objects.filter(active=True).values_list("key", "kind", "required", "choices")
    return {key: (kind, required, choices) for key, kind, required, choices in rows}


def _today(facility: Facility, now: datetime) -> date:
    return now.astimezone(ZoneInfo(facility.time_zone)).date()
