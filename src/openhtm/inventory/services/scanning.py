"""Whatever was scanned or typed leads somewhere: to a device, to a choice of devices, or to what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.db.models import QuerySet

from openhtm.catalog.models import DeviceModel, GudidRecord, ModelIdentifier
from openhtm.catalog.rules import udi
from openhtm.core.text import control_number_key, number_key
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.inventory.models.device import DeviceQuerySet
from openhtm.inventory.rules.addresses import normal_mac
from openhtm.inventory.rules.printed import Address, read_address
from openhtm.sites.models import Location

Kind = Literal["device", "devices", "model", "gudid", "location", "unknown", "unreadable"]
MAX_LENGTH = 1000
SHOWN = 50
_SHORTEST_SERIAL = 3


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a code leads to. ``devices`` are those the actor sees (at most ``SHOWN``); ``prefill`` fills the form for a new one."""

    kind: Kind
    code: str
    explanation: str
    devices: Sequence[Device] = ()
    models: Sequence[DeviceModel] = ()
    gudid: GudidRecord | None = None
    location: Location | None = None
    parsed: udi.ParsedUdi | None = None
    more_devices: bool = False
    prefill: dict[str, str] = field(default_factory=dict)


def resolve(code: str, actor: Actor) -> ScanResult:
    """Find what ``code`` stands for among what ``actor`` may see.

    In this order: our own addresses, control number, former number, UDI, serial number, MAC address, GUDID. A merged
    record leads to the one it became. One to nine statements. Never raises on any text.
    """
    text = code.strip(" \t\r\n\x00\ufeff")
    if refusal := _unreadable(text):
        return ScanResult("unreadable", text[:MAX_LENGTH], refusal)
    if address := read_address(text):
        return _by_address(address, text, actor)
    parsed = udi.parse(text)
    understood = parsed if parsed.error is None and parsed.di else None
    for found in (
        _by_number(text, actor),
        _by_udi(text, understood, actor) if understood else None,
        _by_serial(text, actor),
        _by_mac(text, actor),
        _by_gudid(text, understood) if understood else None,
    ):
        if found is not None:
            return found
    return _unknown(text, parsed)


def _unreadable(text: str) -> str:
    if not text:
        return "Nothing was read. Scan again, or type the number below."
    if len(text) > MAX_LENGTH:
        return f"This code holds {len(text):,} characters; no label of a device does. Scan another code on the label."
    if "\0" in text or any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        return "This code holds bytes that are no text. Scan another code on the label, or type its number."
    return ""


def _devices(actor: Actor) -> DeviceQuerySet:
    related = ("facility", "location", "device_type", "device_model__manufacturer", "merged_into")
    return Device.objects.visible_to(actor).select_related(*related).order_by("control_number")


def _by_address(address: Address, text: str, actor: Actor) -> ScanResult:
    if address.kind == "device":
        found = _answer(text, _devices(actor).filter(control_number=address.name), f"The label of {address.name}.")
        absent = f"This is the label of {address.name}, and there is no such device that you can see. It may belong to another facility."
        return found or ScanResult("unknown", text, absent)
    place = Location.objects.visible_to(actor).select_related("facility").filter(public_code=address.name).first()
    if place is None:
        return ScanResult("unknown", text, "This is the label of a place that you cannot see. It may belong to another facility.")
    return ScanResult("location", text, f"The label of {place}, {place.facility.name}.", location=place)


def _by_number(text: str, actor: Actor) -> ScanResult | None:
    key = control_number_key(text)
    visible = _devices(actor)
    return _answer(text, visible.filter(control_number=key), f"Control number {key}.") or _answer(
        text, visible.filter(alternate_numbers__number_key=key).distinct(), f"{key} is another number of this device."
    )


def _by_udi(text: str, parsed: udi.ParsedUdi, actor: Actor) -> ScanResult | None:
    """The device of this identifier and serial; without such a device, the models it names and their devices."""
    models = list(_models_of(parsed))
    visible = _devices(actor).current()
    of_this_kind = visible.filter(udi_di=parsed.di) | visible.filter(device_model__in=[model.pk for model in models])
    if parsed.serial:
        same = number_key(parsed.serial)
        with_serial = of_this_kind.filter(udi_serial=parsed.serial) | (
            of_this_kind.filter(serial_key=same) if same else of_this_kind.none()
        )
        if found := _answer(text, with_serial, f"UDI {parsed.di}, serial number {parsed.serial}.", parsed=parsed):
            return found
    if not models:
        return None if parsed.serial else _answer(text, of_this_kind, f"UDI {parsed.di}.", parsed=parsed)
    listed = list(of_this_kind[: SHOWN + 1])
    named = f"{models[0]}" if len(models) == 1 else f"{len(models)} models"
    words = (
        f"The UDI names {named}, but no device of yours has serial number {parsed.serial}." if parsed.serial else f"The UDI names {named}."
    )
    prefill = _prefill(parsed) | ({"model": str(models[0].pk)} if len(models) == 1 else {})
    shown, more = tuple(listed[:SHOWN]), len(listed) > SHOWN
    return ScanResult("model", text, words, devices=shown, models=tuple(models), parsed=parsed, more_devices=more, prefill=prefill)


def _models_of(parsed: udi.ParsedUdi) -> QuerySet[DeviceModel]:
    named = ModelIdentifier.objects.filter(di=parsed.di).values("device_model_id")
    return DeviceModel.objects.filter(pk__in=named).select_related("manufacturer", "device_type").order_by("pk")[:SHOWN]


def _by_serial(text: str, actor: Actor) -> ScanResult | None:
    key = number_key(text)
    if len(key) < _SHORTEST_SERIAL:
        return None
    return _answer(text, _devices(actor).current().filter(serial_key=key), f"Serial number {text}.")


def _by_mac(text: str, actor: Actor) -> ScanResult | None:
    address = normal_mac(text)
    if not address:
        return None
    return _answer(text, _devices(actor).current().filter(interfaces__mac_address=address).distinct(), f"MAC address {address}.")


def _by_gudid(text: str, parsed: udi.ParsedUdi) -> ScanResult | None:
    record = GudidRecord.objects.filter(identifiers__di=parsed.di).order_by("pk").first()
    if record is None:
        return None
    name = " ".join(part for part in (record.company_name, record.brand_name, record.version_or_model) if part)
    words = f"FDA's database knows this identifier: {name}. No device of yours has it yet."
    prefill = _prefill(parsed) | {"gudid": record.record_key}
    return ScanResult("gudid", text, words, gudid=record, parsed=parsed, prefill=prefill)


def _unknown(text: str, parsed: udi.ParsedUdi) -> ScanResult:
    shown = text if len(text) <= 60 else f"{text[:57]}…"
    if parsed.error is None and parsed.di:
        words = f"This is a UDI ({parsed.di}), and neither your inventory nor the loaded GUDID records know it."
        return ScanResult("unknown", text, words, parsed=parsed, prefill=_prefill(parsed))
    if parsed.issuer is not None and parsed.error is not None:
        return ScanResult("unknown", text, f"This looks like a {parsed.issuer} code, but {_lower(parsed.error.message)}", parsed=parsed)
    return ScanResult("unknown", text, f"No device that you can see has {shown} as control number, former number, serial number or UDI.")


def _answer(text: str, found: QuerySet[Device], words: str, *, parsed: udi.ParsedUdi | None = None) -> ScanResult | None:
    """One device, a choice of several, or None. Merged records count as the device they became."""
    rows = list(found[: SHOWN + 1])
    devices = list({device.pk: device for device in (row.merged_into or row for row in rows)}.values())
    if not devices:
        return None
    if len(devices) == 1:
        return ScanResult("device", text, words, devices=(devices[0],), parsed=parsed)
    return ScanResult(
        "devices", text, f"{words} Several devices have it.", tuple(devices[:SHOWN]), parsed=parsed, more_devices=len(rows) > SHOWN
    )


def _prefill(parsed: udi.ParsedUdi) -> dict[str, str]:
    found = {
        "udi_carrier": parsed.raw,
        "udi_di": parsed.di,
        "serial_number": parsed.serial,
        "lot": parsed.lot,
        "software_version": parsed.software_version,
        "manufactured_on": parsed.manufactured_on.isoformat() if parsed.manufactured_on else None,
        "udi_expires_on": parsed.expires_on.isoformat() if parsed.expires_on else None,
    }
    return {key: value for key, value in found.items() if value}


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
