"""The passport of a device: everything known about it, on paper, with where and when it was printed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from openhtm.catalog.models import ModelDocument
from openhtm.documents.pdf import render_pdf, render_pictures
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.addresses import device_url
from openhtm.inventory.models import CustomField, Device, MaintenanceStrategy, Ownership
from openhtm.inventory.models.device import DatePrecision
from openhtm.inventory.queries import detail
from openhtm.inventory.rules.status import STATUS_LABELS, STATUS_TONES, Status
from openhtm.ui import barcodes
from openhtm.ui.rules import formats

_TEMPLATE = "inventory/passport.typ"
MOST_ROWS = 40
MOST_NOTE_CHARACTERS = 1200
Fact = tuple[str, str, bool]  # label, value ("" is unknown), whether it is a number to compare letter by letter


def passport_pdf(*, device: Device, actor: Actor, now: dt.datetime, base_url: str) -> bytes:
    """Return the passport of ``device`` (as from ``queries.detail.device_by_number``) as a PDF of one to a few pages.

    Costs, network addresses and history are left out for roles that may not see them, and the paper says so. Times are
    in the facility's zone. About fifteen statements. Raises NotAllowed.
    """
    data, assets = passport_data(device=device, actor=actor, now=now, base_url=base_url)
    return render_pdf(_TEMPLATE, data, assets=assets, created_at=now)


def passport_pictures(*, device: Device, actor: Actor, now: dt.datetime, base_url: str, pixels_per_inch: float = 100) -> list[bytes]:
    """Return the same pages as PNG."""
    data, assets = passport_data(device=device, actor=actor, now=now, base_url=base_url)
    return render_pictures(_TEMPLATE, data, assets=assets, kind="png", pixels_per_inch=pixels_per_inch)


def passport_data(*, device: Device, actor: Actor, now: dt.datetime, base_url: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Gather what the passport shows, as plain values, and its symbols as SVG."""
    require(actor, Permission.VIEW_DEVICES, at=device.facility_id, place=device.facility.name)
    zone = ZoneInfo(device.facility.time_zone)
    address = base_url + device_url(device.control_number)
    status = Status(device.status)
    kind = device.device_type or device.device_model.device_type
    assets = {"qr": barcodes.svg(barcodes.qr(address))}
    if carrier := _udi_symbol(device):
        assets["udi"] = carrier
    sections = [*_fact_sections(device, actor, zone), *_tables(device, actor, zone)]
    data = {
        "number": device.control_number,
        "title": f"{kind.name if kind else 'Device of unknown type'}, {device.device_model}",
        "description": device.description,
        "place": device.location.full_name if device.location else "Place unknown",
        "facility": device.facility.name,
        "organisation": device.facility.organisation.name,
        "synthetic": device.facility.organisation.synthetic,
        "status": {"tone": STATUS_TONES[status], "label": STATUS_LABELS[status]},
        "marks": [word for word, holds in (("High-risk", device.high_risk), ("Life support", bool(kind and kind.life_support))) if holds],
        "address": address,
        "udi_text": device.udi_carrier or device.udi_di,
        "sections": [section for section in sections if section],
        "printed": f"{formats.instant(now, zone=zone)} {formats.zone_label(now, zone=zone)} by {actor.name}",
    }
    return data, assets


def _udi_symbol(device: Device) -> str:
    """The device's UDI as a GS1 DataMatrix, where its parts are known and GS1 can hold them."""
    if len(device.udi_di) != 14 or not device.udi_di.isdecimal():
        return ""
    parts = {"01": device.udi_di, "10": device.lot, "21": device.udi_serial}
    try:
        return barcodes.svg(barcodes.gs1_datamatrix({key: value for key, value in parts.items() if value}))
    except ValueError:  # a serial that GS1 cannot hold is still printed as text
        return ""


def _fact_sections(device: Device, actor: Actor, zone: ZoneInfo) -> Iterable[dict[str, Any] | None]:
    yield {"title": "Identity", "facts": _identity(device)}
    yield {"title": "Kind", "facts": _kind(device)}
    yield {"title": "Place and responsibility", "facts": _place(device, zone)}
    yield {"title": "Life", "facts": _life(device, may_see_costs=actor.may(Permission.VIEW_COSTS, at=device.facility_id))}
    custom = [(one.label, _plain(device.custom.get(one.key)), False) for one in CustomField.objects.filter(active=True)]
    yield {"title": "Site fields", "facts": custom} if custom else None
    yield _risk(device)


def _identity(device: Device) -> list[Fact]:
    model = device.device_model
    return [
        ("Manufacturer", "" if model.manufacturer.is_unknown else model.manufacturer.name, False),
        ("Model", model.name or model.catalog_number, False),
        ("Catalogue number", model.catalog_number, True),
        ("Serial number", device.serial_number, True),
        ("UDI-DI", device.udi_di, True),
        ("Lot", device.lot, True),
        ("Software", device.software_version, True),
        ("Software read on", _day(device.software_read_on), False),
        ("Part of system", device.parent.control_number if device.parent else "none", bool(device.parent)),
    ]


def _kind(device: Device) -> list[Fact]:
    kind = device.device_type or device.device_model.device_type
    if kind is None:
        return [("Device type", "", False)]
    why = device.high_risk_reason if device.high_risk_override is not None else kind.high_risk_source
    return [
        ("Device type", kind.name, False),
        ("FDA product code", kind.product_code_id or "", True),
        ("FDA class", kind.device_class, False),
        ("Regulation", f"21 CFR {kind.regulation_number}" if kind.regulation_number else "", False),
        ("GMDN", kind.gmdn, True),
        ("EMDN", kind.emdn, True),
        ("UMDNS", kind.umdns, True),
        ("High-risk", f"{'yes' if device.high_risk else 'no'}{f', {why}' if why else ''}", False),
        ("Strategy", MaintenanceStrategy(device.maintenance_strategy).label, False),
    ]


def _place(device: Device, zone: ZoneInfo) -> list[Fact]:
    department, provider = device.department, device.service_provider
    seen = f"{formats.instant(device.last_seen_at, zone=zone)}" if device.last_seen_at else "never recorded"
    return [
        ("Facility", device.facility.name, False),
        ("Location", device.location.full_name if device.location else "", False),
        ("Department", department.name if department else "", False),
        ("Cost centre", department.cost_centre if department else "", True),
        ("Ownership", f"{Ownership(device.ownership).label}{f', {device.owner_name}' if device.owner_name else ''}", False),
        ("Maintained by", provider.name if provider else "", False),
        ("Last seen", seen, False),
        ("Last seen in", device.last_seen_location.full_name if device.last_seen_location else "", False),
    ]


def _life(device: Device, *, may_see_costs: bool) -> list[Fact]:
    kind = device.device_type
    years = device.expected_life_years or device.device_model.expected_life_years or (kind.expected_life_years if kind else None)
    facts: list[Fact] = [
        ("Manufactured", _day(device.manufactured_on), False),
        ("Acquired", _acquired(device), False),
        ("Accepted", _day(device.accepted_on), False),
        ("In service since", _day(device.in_service_on), False),
        ("Warranty ends", _day(device.warranty_ends_on), False),
        ("Expected life", f"{years} years" if years else "", False),
        ("Support ends", _day(device.device_model.support_ends_on), False),
    ]
    if device.retired_on:
        facts.append(("Retired", _day(device.retired_on), False))
    if may_see_costs:
        cents, currency = device.acquisition_cost_cents, device.facility.organisation.currency
        facts += [
            ("Acquisition cost", "" if cents is None else formats.money(cents, currency=currency), False),
            ("Purchase order", device.purchase_order, True),
            ("Supplier", device.supplier, False),
        ]
    return facts


def _risk(device: Device) -> dict[str, Any] | None:
    """The organisation's score and every other that can be computed; those that cannot are named below."""
    rows, unscored = [], []
    for shown in detail.risk_scores(device):
        score = shown.score
        if score.value is None and shown.profile.code != device.facility.organisation.risk_profile:
            unscored.append(shown.profile.name)
            continue
        parts = ", ".join(f"{part.label.lower()} {'unknown' if part.input is None else f'{part.input:g}'}" for part in score.parts)
        value = "unknown" if score.value is None else f"{score.value:g} of {score.high:g}"
        rows.append([shown.profile.name, value, score.verdict_words, parts])
    note = "A score never takes a device off the inventory."
    if unscored:
        note = f"Not scored, as inputs are unknown: {', '.join(unscored)}. {note}"
    return _table("Risk", ["Scored by", "Score", "Meaning", "Inputs"], rows, note=note)


def _tables(device: Device, actor: Actor, zone: ZoneInfo) -> Iterable[dict[str, Any] | None]:
    at = device.facility_id
    if actor.may(Permission.VIEW_NETWORK, at=at):
        yield _network(device)
    yield _table(
        "Other numbers",
        ["Kind", "Number", "Source"],
        [[number.get_kind_display(), number.number, number.source] for number in device.alternate_numbers.all()],
        mono=[1],
    )
    yield _documents(device)
    if actor.may(Permission.VIEW_HISTORY, at=at):
        yield from _history(device, zone)


def _network(device: Device) -> dict[str, Any] | None:
    rows = [
        [one.name, one.get_connection_display(), one.mac_address or "", one.ip_address or "", str(one.vlan or ""), one.hostname]
        for one in device.interfaces.all()
    ]
    return _table("Network", ["Name", "Connection", "MAC", "IP", "VLAN", "Host name"], rows, mono=[2, 3, 5])


def _documents(device: Device) -> dict[str, Any] | None:
    model = ModelDocument.objects.filter(device_model_id=device.device_model_id, superseded_by__isnull=True)
    rows = [[one.get_kind_display(), one.title, one.revision, "model"] for one in model[:MOST_ROWS]]
    own, more = _first(device.attachments.filter(removed_at__isnull=True))
    rows += [["File", one.title or one.file_name, "", "this device"] for one in own]
    return _table("Documents", ["Kind", "Title", "Revision", "Kept with"], rows, more=more)


def _history(device: Device, zone: ZoneInfo) -> Iterable[dict[str, Any] | None]:
    changes, more = _first(device.status_changes.all())
    rows = [
        [
            _day(one.on),
            f"{one.get_before_display()} → {one.get_after_display()}" if one.before else one.get_after_display(),
            one.reason,
            one.actor_name,
        ]
        for one in changes
    ]
    yield _table("Status history", ["On", "Status", "Reason", "By"], rows, more=more)
    places = ("from_facility", "to_facility", "from_location", "to_location", "from_department", "to_department")
    moves, more = _first(device.moves.select_related(*places))
    rows = [
        [
            formats.day(one.recorded_at.astimezone(zone)),
            _where(one.from_facility, one.from_location, one.from_department),
            _where(one.to_facility, one.to_location, one.to_department),
            one.reason,
            one.actor_name,
        ]
        for one in moves
    ]
    yield _table("Moves", ["On", "From", "To", "Reason", "By"], rows, more=more)
    notes, more = _first(device.notes.all())
    rows = [[formats.instant(one.recorded_at, zone=zone), _cut(one.text), one.author_name] for one in notes]
    yield _table("Notes", ["When", "Note", "By"], rows, more=more)


def _first(rows: QuerySet[Any]) -> tuple[list[Any], bool]:
    found = list(rows[: MOST_ROWS + 1])
    return found[:MOST_ROWS], len(found) > MOST_ROWS


def _table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, mono: Sequence[int] = (), more: bool = False, note: str = ""
) -> dict[str, Any] | None:
    """A section with a table, or None without rows. ``more``: older rows exist and are only on the device's page."""
    if not rows:
        return None
    foot = f"The newest {len(rows)} are printed; all are on the device's page." if more else note
    return {"title": title, "heads": list(heads), "rows": [list(row) for row in rows], "mono": list(mono), "note": foot}


def _where(facility: Any, location: Any, department: Any) -> str:
    return ", ".join(str(part) for part in (location or facility, department) if part)


def _acquired(device: Device) -> str:
    if device.acquired_on is None:
        return ""
    if device.acquired_precision == DatePrecision.MONTH:
        return formats.month(device.acquired_on)
    if device.acquired_precision == DatePrecision.YEAR:
        return str(device.acquired_on.year)
    before = "before " if device.acquired_precision == DatePrecision.BEFORE else ""
    return before + formats.day(device.acquired_on)


def _day(value: dt.date | None) -> str:
    return formats.day(value) if value else ""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_NOTE_CHARACTERS else f"{text[:MOST_NOTE_CHARACTERS]}… (cut; the whole note is on the device's page)"
