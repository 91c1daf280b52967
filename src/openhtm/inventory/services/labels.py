"""Labels for devices and places: what stands on them, and the printed sheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openhtm.core.errors import Invalid, NotFound
from openhtm.core.text import control_number_key
from openhtm.documents.pdf import render_pdf, render_pictures
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.addresses import device_url
from openhtm.inventory.models import Device, LabelTemplate
from openhtm.inventory.rules.labels import Layout, design, positions
from openhtm.inventory.rules.printed import place_url
from openhtm.sites.models import Location
from openhtm.ui import barcodes

MAX_LABELS = 2000
_TEMPLATE = "inventory/labels.typ"


@dataclass(frozen=True, slots=True)
class Label:
    """The content of one label: the address in its QR code, the text in its DataMatrix, and its lines by name."""

    qr: str
    datamatrix: str
    texts: dict[str, str]


def device_labels(*, control_numbers: Sequence[str], actor: Actor, base_url: str) -> list[Label]:
    """Return the labels of these devices in the order given. One statement.

    Raises Invalid if there are none or too many, NotFound naming those the actor cannot see, NotAllowed.
    """
    wanted = list(dict.fromkeys(key for number in control_numbers if (key := control_number_key(number))))
    if not wanted:
        raise Invalid({"devices": ["Give at least one control number, one on each line."]})
    _refuse_too_many(len(wanted))
    visible = Device.objects.visible_to(actor).filter(control_number__in=wanted)
    related = ("facility__organisation", "department", "location", "device_type", "device_model__manufacturer")
    found = {device.control_number: device for device in visible.select_related(*related)}
    if missing := [number for number in wanted if number not in found]:
        raise NotFound(kind="device", name=_named(missing))
    for facility_id, facility in {device.facility_id: device.facility for device in found.values()}.items():
        require(actor, Permission.PRINT_LABELS, at=facility_id, place=facility.name)
    return [_device_label(found[number], base_url) for number in wanted]


def place_labels(*, public_code: str, actor: Actor, base_url: str, whole_subtree: bool = False) -> list[Label]:
    """Return the label of a place, or with ``whole_subtree`` those of all active places in it. Two statements.

    Raises NotFound, NotAllowed, Invalid if there are too many.
    """
    place = Location.objects.visible_to(actor).select_related("facility").filter(public_code=public_code).first()
    if place is None:
        raise NotFound(kind="place", name=public_code)
    require(actor, Permission.PRINT_LABELS, at=place.facility_id, place=place.facility.name)
    if not whole_subtree:
        return [_place_label(place, base_url)]
    branch = Location.objects.visible_to(actor).within(place).filter(active=True).select_related("facility")
    places = list(branch.order_by("full_name", "pk")[: MAX_LABELS + 1])
    _refuse_too_many(len(places))
    return [_place_label(one, base_url) for one in places]


def labels_pdf(*, labels: Sequence[Label], template: LabelTemplate, start: int = 1, now: dt.datetime) -> bytes:
    """Print ``labels`` on ``template``; ``start`` is the first free label of the first sheet. No statement. Raises Invalid."""
    data, assets = _sheets(labels, layout_of(template), start)
    return render_pdf(_TEMPLATE, data, assets=assets, created_at=now)


def first_sheet_svg(*, labels: Sequence[Label], template: LabelTemplate, start: int = 1) -> bytes:
    """Return the picture of the first sheet, drawn by what prints it. No statement. Raises Invalid."""
    layout = layout_of(template)
    data, assets = _sheets(labels[: layout.per_page], layout, start)
    return render_pictures(_TEMPLATE, data | {"sheets": data["sheets"][:1]}, assets=assets)[0]


def layout_of(template: LabelTemplate) -> Layout:
    return Layout(
        width_mm=float(template.width_mm),
        height_mm=float(template.height_mm),
        page=template.page,
        columns=template.columns,
        rows=template.rows,
        padding_mm=float(template.margin_mm),
        column_gap_mm=float(template.gap_mm),
        row_gap_mm=float(template.row_gap_mm),
        show_qr=template.show_qr,
        show_datamatrix=template.show_datamatrix,
        lines=tuple(template.lines),
    )


def _sheets(labels: Sequence[Label], layout: Layout, start: int) -> tuple[dict[str, Any], dict[str, str]]:
    if not 1 <= start <= layout.per_page:
        raise Invalid({"start": [f"This sheet has {layout.per_page} labels. Give a number from 1 to {layout.per_page}."]})
    assets: dict[str, str] = {}
    rest = iter(labels)
    sheets = [
        [_printed(next(rest), layout, corner, assets) for corner in page] for page in positions(layout, count=len(labels), start=start)
    ]
    return {"page": layout.page_mm, "size": (layout.width_mm, layout.height_mm), "sheets": sheets}, assets


def _printed(label: Label, layout: Layout, corner: tuple[float, float], assets: dict[str, str]) -> dict[str, Any]:
    placed = design(layout, available=[name for name, text in label.texts.items() if text])
    symbols = []
    for symbol in placed.symbols:
        text = label.qr if symbol.kind == "qr" else label.datamatrix
        key = f"{symbol.kind}:{text}"
        if key not in assets:
            assets[key] = barcodes.svg(barcodes.qr(text) if symbol.kind == "qr" else barcodes.datamatrix(text))
        symbols.append({"x": symbol.x_mm, "y": symbol.y_mm, "side": symbol.side_mm, "asset": key, "alt": text})
    lines = [
        {
            "x": line.x_mm,
            "y": line.y_mm,
            "width": line.width_mm,
            "size": line.size_pt,
            "head": line.head,
            "cut": line.may_be_cut,
            "text": label.texts[line.name],
        }
        for line in placed.lines
    ]
    return {"x": corner[0], "y": corner[1], "symbols": symbols, "lines": lines}


def _device_label(device: Device, base_url: str) -> Label:
    texts = {
        "control_number": device.control_number,
        "device_type": device.device_type.name if device.device_type else "",
        "model": "" if device.device_model.manufacturer.is_unknown else str(device.device_model),
        "serial_number": f"SN {device.serial_number}" if device.serial_number else "",
        "description": device.description,
        "facility": device.facility.name,
        "department": device.department.name if device.department else "",
        "location": device.location.full_name if device.location else "",
        "organisation": device.facility.organisation.name,
    }
    return Label(qr=base_url + device_url(device.control_number), datamatrix=device.control_number, texts=texts)


def _place_label(place: Location, base_url: str) -> Label:
    """A place's name stands where a device's number does; the lines that only devices have stay empty."""
    texts = {
        "control_number": place.name,
        "device_type": place.get_kind_display() + (f" {place.code}" if place.code else ""),
        "location": place.full_name,
        "facility": place.facility.name,
    }
    address = base_url + place_url(place.public_code)
    return Label(qr=address, datamatrix=place_url(place.public_code), texts=texts)


def _refuse_too_many(count: int) -> None:
    if count > MAX_LABELS:
        raise Invalid(
            {"devices": [f"At most {MAX_LABELS:,} labels are printed at once. Narrow the selection and print the rest after it."]}
        )


def _named(numbers: Sequence[str]) -> str:
    shown = ", ".join(numbers[:5])
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"
