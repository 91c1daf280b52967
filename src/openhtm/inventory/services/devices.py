"""Adding and changing devices: the only writers of their own columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from openhtm.catalog.models import DeviceModel
from openhtm.catalog.rules import udi
from openhtm.core.errors import Conflict, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import AlternateNumber, CustomField, Device, DeviceMove, NumberKind, StatusChange
from openhtm.inventory.rules import device_fields
from openhtm.inventory.rules.status import Status
from openhtm.inventory.services.quality import refresh_duplicates
from openhtm.sites.models import Department, Facility, Location, ServiceProvider

REFERENCES = frozenset({"device_model_id", "department_id", "location_id", "service_provider_id", "parent_id"})
PLAIN = frozenset(device_fields.LABELS) - {"facility", "device_model", "department", "location", "service_provider", "parent", "status"}
EDITABLE = PLAIN | REFERENCES
IDENTIFYING = frozenset({"serial_number", "udi_di", "udi_serial", "device_model_id"})
STARTING_STATUSES = frozenset(Status) - {Status.DISPOSED}


@transaction.atomic
def add_device(
    *, actor: Actor, facility_id: int, values: Mapping[str, Any], status: str = Status.IN_SERVICE, now: datetime | None = None
) -> Device:
    """Add a device at a facility. A missing control number is assigned.

    ``values`` maps column names (references as ``…_id``) to Python values. Raises Facility.DoesNotExist outside the
    actor's scope, NotAllowed, Invalid.
    """
    now = now or timezone.now()
    facility = Facility.objects.visible_to(actor).get(pk=facility_id)
    require(actor, Permission.ADD_DEVICES, at=facility.pk, place=facility.name)
    known = _completed({key: value for key, value in values.items() if key in EDITABLE})
    if not known.get("control_number"):
        known["control_number"] = next_control_number()
    errors = _foreign(known, facility, actor)
    if status not in STARTING_STATUSES:
        errors["status"] = [f"A device starts as one of: {', '.join(s for s in Status if s in STARTING_STATUSES)}."]
    _refuse_problems(known, facility=facility, now=now, errors=errors, custom_required=True)
    device = Device(facility=facility, status=Status(status), status_since=_today(facility, now), created_at=now, updated_at=now, **known)
    _set_derived(device)
    with refuse_readably():
        device.save(force_insert=True)
    by: dict[str, Any] = {"actor_id": actor.user_id, "actor_name": actor.name, "recorded_at": now}
    StatusChange.objects.create(device=device, after=device.status, on=_today(facility, now), **by)
    refresh_duplicates([device.pk], now=now)
    return device


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
    _refuse_problems(merged, facility=device.facility, now=now, errors=errors, only=changed, custom_required="custom" in changed)
    _write(device, changed, actor=actor, now=now)
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


def next_control_number() -> str:
    """Return an unused control number of the form BME-000123. Numbers are never given twice, also after a failure."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT nextval('inventory_control_number')")
            number = f"BME-{cursor.fetchone()[0]:06d}"
            taken = Device.objects.filter(control_number=number).exists() or AlternateNumber.objects.filter(number_key=number).exists()
            if not taken:
                return number


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


def _foreign(values: Mapping[str, Any], facility: Facility, actor: Actor, *, device: Device | None = None) -> dict[str, list[str]]:
    """Check references: what they name must exist and belong to the same facility. One statement for each given."""
    errors: dict[str, list[str]] = {}
    model_id = values.get("device_model_id")
    unnamed = model_id is None and (device is None or "device_model_id" in values)
    if unnamed or (model_id is not None and not DeviceModel.objects.filter(pk=model_id).exists()):
        errors["device_model"] = ["Choose a model from the catalogue; add it there first if it is new."]
    for key, model in (("department_id", Department), ("location_id", Location)):
        if values.get(key) is not None and not model.objects.filter(pk=values[key], facility=facility).exists():
            errors[key.removesuffix("_id")] = [f"Choose one that belongs to {facility.name}."]
    provider_id = values.get("service_provider_id")
    if provider_id is not None and not ServiceProvider.objects.filter(pk=provider_id).exists():
        errors["service_provider"] = ["Choose a service provider from the list."]
    if values.get("parent_id") is not None and (why := _bad_parent(values["parent_id"], facility, actor, device)):
        errors["parent"] = [why]
    return errors


_ANCESTORS = """
WITH RECURSIVE up AS (
  SELECT id, parent_id, 1 AS depth FROM inventory_device WHERE id = %s
  UNION ALL SELECT d.id, d.parent_id, up.depth + 1 FROM inventory_device d JOIN up ON d.id = up.parent_id WHERE up.depth < 20
) SELECT id FROM up
"""


def _bad_parent(parent_id: int, facility: Facility, actor: Actor, device: Device | None) -> str:
    if not Device.objects.visible_to(actor).filter(pk=parent_id, facility=facility).exists():
        return f"Choose a system that stands at {facility.name}."
    if device is None:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(_ANCESTORS, [parent_id])
        above = {row[0] for row in cursor.fetchall()}
    return "A device cannot be part of itself or of its own parts." if device.pk in above else ""


def _refuse_problems(
    values: Mapping[str, Any],
    *,
    facility: Facility,
    now: datetime,
    errors: dict[str, list[str]],
    only: Iterable[str] | None = None,
    custom_required: bool = False,
) -> None:
    """Raise Invalid for every error in ``values``; with ``only``, for those fields and what depends on them."""
    found = [p for p in device_fields.problems_of(values, today=_today(facility, now)) if p.severity == "error"]
    if custom_required:
        found += device_fields.custom_problems(values.get("custom") or {}, custom_field_rules())
    for problem in found:
        errors.setdefault(problem.field, []).append(problem.message)
    if errors:
        raise Invalid(errors)


def custom_field_rules() -> dict[str, tuple[str, bool, list[str]]]:
    """Return the active site fields as the rules want them. One statement."""
    rows = CustomField.objects.filter(active=True).values_list("key", "kind", "required", "choices")
    return {key: (kind, required, choices) for key, kind, required, choices in rows}


def _today(facility: Facility, now: datetime) -> date:
    return now.astimezone(ZoneInfo(facility.time_zone)).date()
