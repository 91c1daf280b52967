"""Devices on their way out: every field the import knows, in its words, streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg, StringAgg
from django.db.models import OuterRef, QuerySet, Subquery, Value

from openhtm.exchange.rules.export import OutCell, date_cell, numbers_cell
from openhtm.inventory.models import AlternateNumber, CustomField, Device, DeviceNote, NetworkInterface, NumberKind
from openhtm.inventory.models.device import DeviceQuerySet
from openhtm.inventory.rules.import_fields import device_fields
from openhtm.inventory.rules.import_values import NOTE_BREAK

COSTS = frozenset({"acquisition_cost", "purchase_order", "supplier"})
ADDRESSES = frozenset({"mac_address", "ip_address", "hostname", "vlan"})
CHUNK = 2000
_RENAMED = {
    "manufacturer": "device_model__manufacturer__name",
    "model": "device_model__name",
    "catalog_number": "device_model__catalog_number",
    "device_type": "device_type__name",
    "umdns": "device_type__umdns",
    "gmdn": "device_type__gmdn",
    "emdn": "device_type__emdn",
    "fda_product_code": "device_type__product_code_id",
    "udi": "udi_carrier",
    "facility": "facility__code",
    "location": "location__full_name",
    "department": "department__name",
    "service_provider": "service_provider__name",
    "acquisition_cost": "acquisition_cost_cents",
}
_SITE = {"risk_class": "risk_class", "registration_number": "registration_number"}


def export_columns(*, costs: bool, addresses: bool) -> list[str]:
    """Return the names of the columns: the fields of the import, then the site's own. One statement."""
    hidden = (frozenset() if costs else COSTS) | (frozenset() if addresses else ADDRESSES)
    site = CustomField.objects.filter(active=True).exclude(key__in=_SITE).order_by("position", "key").values_list("key", flat=True)
    return [field.code for field in device_fields() if field.code not in hidden] + [f"custom:{key}" for key in site]


def export_rows(queryset: DeviceQuerySet, columns: Sequence[str]) -> Iterator[list[OutCell]]:
    """Yield one row of cells for each device, by control number, through a cursor on the server: memory stays flat."""
    names = _values(columns)
    found = _beside(queryset, columns).order_by("control_number", "pk")
    for row in found.values(*names).iterator(chunk_size=CHUNK):
        yield [_cell(name, row) for name in columns]


def _values(columns: Sequence[str]) -> list[str]:
    own = {field.attname for field in Device._meta.concrete_fields}
    names = {_RENAMED.get(name, name) for name in columns}
    return sorted({name for name in names if name in own or "__" in name} | _extra(columns))


def _extra(columns: Sequence[str]) -> set[str]:
    wanted = {"alternate_number": "x_numbers", "notes": "x_notes", **{name: f"x_{name}" for name in ADDRESSES}}
    found = {alias for name, alias in wanted.items() if name in columns}
    return found | {"acquired_precision", "custom"}


def _beside(queryset: DeviceQuerySet, columns: Sequence[str]) -> QuerySet[Any]:
    """Numbers, notes and the first network address, as subqueries of the one statement."""
    mine: dict[str, Any] = {"device": OuterRef("pk")}
    if "alternate_number" in columns:
        numbers = AlternateNumber.objects.filter(**mine).exclude(kind=NumberKind.OLD_CONTROL_NUMBER).order_by().values("device")
        queryset = queryset.annotate(x_numbers=Subquery(numbers.values(all=ArrayAgg("number", order_by=["pk"]))))
    if "notes" in columns:
        notes = DeviceNote.objects.filter(**mine).order_by().values("device")
        joined = StringAgg("text", delimiter=Value(NOTE_BREAK), order_by=["recorded_at", "pk"])
        queryset = queryset.annotate(x_notes=Subquery(notes.values(all=joined)))
    first = NetworkInterface.objects.filter(**mine).order_by("pk")
    return queryset.annotate(**{f"x_{name}": Subquery(first.values(name)[:1]) for name in sorted(ADDRESSES & set(columns))})


def _cell(name: str, row: dict[str, Any]) -> OutCell:
    if name.startswith("custom:"):
        return row["custom"].get(name.removeprefix("custom:"))
    if name in _SITE:
        return row["custom"].get(name)
    if name == "alternate_number":
        return numbers_cell(row["x_numbers"] or ())
    if name == "notes" or name in ADDRESSES:
        value = row[f"x_{name}"]
        return None if value is None else str(value)
    if name == "acquired_on":
        return date_cell(row["acquired_on"], row["acquired_precision"])
    value = row[_RENAMED.get(name, name)]
    if name == "acquisition_cost":
        return None if value is None else _amount(value)
    return value


def _amount(cents: int) -> OutCell:
    return Decimal(cents) / 100
