"""What is stored already, asked for some thousand rows of an import at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from django.db import connection

from openhtm.inventory.models import AlternateNumber, Device, DeviceNote, NetworkInterface, NumberKind

PLAIN = (
    "control_number", "description", "serial_number", "lot", "udi_carrier", "udi_di", "udi_serial", "udi_expires_on", "ownership", "owner_name",
    "status", "status_since", "maintenance_strategy", "high_risk", "high_risk_override", "software_version", "manufactured_on", "acquired_on",
    "acquired_precision", "accepted_on", "in_service_on", "warranty_ends_on", "acquisition_cost_cents", "purchase_order", "supplier",
    "expected_life_years", "custom",
)  # fmt: skip
_WITH = {
    "facility_id": "facility_id",
    "facility__name": "facility",
    "department_id": "department_id",
    "department__name": "department",
    "location_id": "location_id",
    "location__full_name": "location",
    "service_provider_id": "service_provider_id",
    "service_provider__name": "service_provider",
    "device_model_id": "device_model_id",
    "device_model__name": "model",
    "device_model__catalog_number": "catalog_number",
    "device_model__manufacturer_id": "manufacturer_id",
    "device_model__manufacturer__name": "manufacturer",
    "device_type_id": "device_type_id",
    "device_type__name": "device_type",
    "serial_key": "serial_key",
    "updated_at": "updated_at",
    "pk": "pk",
}


class Held(NamedTuple):
    """Who bears a number. ``former``: it is an old number of that device."""

    device_id: int
    facility_id: int
    former: bool


def holders_of_numbers(numbers: Collection[str]) -> dict[str, list[Held]]:
    """Devices by control number of today or of former days; merged records answer with their successor. Two statements."""
    found: dict[str, list[Held]] = defaultdict(list)
    wanted = list(numbers)
    now = Device.objects.filter(control_number__in=wanted).values_list("control_number", "pk", "merged_into_id", "facility_id")
    for number, pk, successor, facility_id in now:
        found[number].append(Held(successor or pk, facility_id, former=bool(successor)))
    rest = [number for number in wanted if number not in found]
    former = AlternateNumber.objects.filter(number_key__in=rest, kind=NumberKind.OLD_CONTROL_NUMBER)
    for old, device_id, merged_into, its_facility in former.values_list(
        "number_key", "device_id", "device__merged_into_id", "device__facility_id"
    ):
        found[old].append(Held(merged_into or device_id, its_facility, former=True))
    return found


class Identity(NamedTuple):
    device_id: int
    manufacturer_id: int
    serial_key: str
    udi_di: str


_BY_SERIAL = """
SELECT d.id, COALESCE(k.merged_into_id, k.id), d.serial_key, d.udi_di
FROM inventory_device d
JOIN catalog_devicemodel m ON m.id = d.device_model_id
JOIN catalog_manufacturer k ON k.id = m.manufacturer_id
WHERE d.serial_key = ANY(%(keys)s) AND NOT (d.serial_key = '') AND d.merged_into_id IS NULL
  AND (%(all)s OR d.facility_id = ANY(%(facilities)s))
"""


def devices_by_serial(keys: Collection[str], *, facilities: Collection[int] | None) -> dict[str, list[Identity]]:
    """Devices at ``facilities`` (None: all) by the key of their serial number. One statement."""
    found: dict[str, list[Identity]] = defaultdict(list)
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(_BY_SERIAL, {"keys": list(keys), "all": facilities is None, "facilities": list(facilities or ())})
            for row in cursor.fetchall():
                found[row[2]].append(Identity(*row))
    return found


def devices_by_other_number(keys: Collection[str], *, facilities: Collection[int] | None) -> dict[str, set[int]]:
    """Devices by any other number they bear. One statement."""
    found: dict[str, set[int]] = defaultdict(set)
    if keys:
        rows = AlternateNumber.objects.filter(number_key__in=list(keys), device__merged_into__isnull=True)
        if facilities is not None:
            rows = rows.filter(device__facility_id__in=facilities)
        for key, pk in rows.values_list("number_key", "device_id"):
            found[key].add(pk)
    return found


def stored_devices(ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What is recorded of each device, under short names. One statement."""
    rows = Device.objects.filter(pk__in=list(ids)).values_list(*PLAIN, *_WITH)
    names = (*PLAIN, *_WITH.values())
    return {row[-1]: dict(zip(names, row, strict=True)) for row in rows.iterator(chunk_size=2000)}


def stored_numbers(ids: Iterable[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for pk, key in AlternateNumber.objects.filter(device_id__in=list(ids)).values_list("device_id", "number_key"):
        found[pk].add(key)
    return found


def stored_interfaces(ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = NetworkInterface.objects.filter(device_id__in=list(ids)).order_by("pk")
    for row in rows.values("pk", "device_id", "mac_address", "ip_address", "hostname", "vlan"):
        found[row["device_id"]].append(dict(row))
    return found


def stored_notes(ids: Iterable[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for pk, text in DeviceNote.objects.filter(device_id__in=list(ids)).order_by("recorded_at", "pk").values_list("device_id", "text"):
        found[pk].append(text)
    return found


def reserved_ids(count: int) -> list[int]:
    """Keys for devices that an import may add: taken from the sequence, so nobody else gets them. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('inventory_device', 'id')) FROM generate_series(1, %s)", [count])
        return [int(row[0]) for row in cursor.fetchall()]
