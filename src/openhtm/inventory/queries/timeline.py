"""Everything that ever happened to a device, newest first, with who and why."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from django.apps import apps
from django.db import connection

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import (
    AlternateNumber,
    Device,
    DeviceAttachment,
    DeviceMove,
    DeviceNote,
    NumberKind,
    Sighting,
    SightingSource,
    StatusChange,
)
from openhtm.inventory.rules.device_fields import LABELS
from openhtm.inventory.rules.status import STATUS_LABELS, STATUS_TONES, Status
from openhtm.ui.parts import Event

NOT_TOLD = frozenset(
    "pgh_id pgh_created_at pgh_label pgh_obj_id pgh_context_id id updated_at created_at status_since retired_on status location_id "
    "department_id facility_id last_seen_at last_seen_location_id device_type_id merged_into_id".split()
)
"""Columns that have facts of their own on the timeline, or say nothing to people."""

REFERENCES = {
    "device_model_id": ("catalog", "DeviceModel", "Model"),
    "service_provider_id": ("sites", "ServiceProvider", "Service provider"),
    "parent_id": ("inventory", "Device", "Part of system"),
}
FIRST_PLACE = {"location_id": ("sites", "Location"), "department_id": ("sites", "Department")}
PER_SOURCE = 200
# only what is told: whole records of seven tables would take longer to build than to read
_MOVE = (
    *("reason", "actor_name", "recorded_at", "from_facility__name", "to_facility__name"),
    *("from_location__full_name", "to_location__full_name", "from_department__name", "to_department__name"),
)
_SIGHTING = ("seen_at", "source", "detail", "actor_name", "location__full_name", "location__facility_id")
_ATTACHMENT = ("file_name", "title", "added_at", "removed_at", "removed_reason", "added_by__full_name", "added_by__username")


COSTS = frozenset({"acquisition_cost_cents", "purchase_order", "supplier"})


def timeline(device: Device, *, actor: Actor, limit: int = 100) -> list[Event]:
    """Return at most ``limit`` events, newest first, of the device and of records merged into it. About eight statements.

    Changes of costs are told only to those who may see costs.
    """
    untold = NOT_TOLD if actor.may(Permission.VIEW_COSTS, at=device.facility_id) else NOT_TOLD | COSTS
    ids = [device.pk, *Device.objects.filter(merged_into=device).values_list("pk", flat=True)]
    events = [
        *_field_changes(ids, untold),
        *_status_changes(ids),
        *_moves(ids, actor),
        *_sightings(ids, actor),
        *_notes(ids),
        *_attachments(ids),
        *_numbers(ids),
    ]
    events.sort(key=lambda event: event.when, reverse=True)  # type: ignore[arg-type, return-value]
    return events[:limit]


def _field_changes(ids: list[int], untold: frozenset[str]) -> Iterator[Event]:
    """Differences between consecutive history rows, grouped by the moment they were written."""
    rows = _history(ids)
    names = _reference_names(rows)
    for newer, older in pairwise(rows):
        if newer["pgh_obj_id"] != older["pgh_obj_id"]:
            yield _recorded(newer, names)
            continue
        changes = [(_label(key), _shown(key, older[key], names), _shown(key, newer[key], names)) for key in _changed(newer, older, untold)]
        if changes:
            yield Event(
                when=newer["pgh_created_at"],
                title=_who(newer, "changed"),
                icon="pencil",
                changes=changes,
                reason=(newer["told"] or {}).get("reason", ""),
            )
    if rows and rows[-1]["pgh_label"] == "insert":
        yield _recorded(rows[-1], names)


_HISTORY = """
SELECT e.*, c.metadata AS told
FROM inventory_deviceevent e LEFT JOIN pghistory_context c ON c.id = e.pgh_context_id
WHERE e.pgh_obj_id = ANY(%s) ORDER BY e.pgh_obj_id, e.pgh_id DESC LIMIT %s
"""


def _history(ids: list[int]) -> list[dict[str, Any]]:
    """History rows of the devices, newest first for each, with what was told at the time. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [ids, PER_SOURCE])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row["custom"], row["told"] = json.loads(row["custom"] or "{}"), json.loads(row["told"] or "{}")
    return rows


def _changed(newer: dict[str, Any], older: dict[str, Any], untold: frozenset[str]) -> list[str]:
    return [key for key in newer if key not in untold and key != "told" and newer[key] != older[key]]


def _recorded(row: dict[str, Any], names: dict[str, dict[int, str]]) -> Event:
    """The record's beginning: who added it, and where the device first stood."""
    place = ", ".join(names[key][row[key]] for key in FIRST_PLACE if row[key] in names.get(key, {}))
    detail = _who(row, "added by") + (f" · placed at {place}" if place else "")
    return Event(when=row["pgh_created_at"], title=f"{row['control_number']} recorded", detail=detail, icon="plus")


def _who(row: dict[str, Any], verb: str) -> str:
    actor = (row["told"] or {}).get("actor") or "the system"
    return f"{verb} {actor}" if verb.endswith("by") else f"{actor} {verb}"


def _label(key: str) -> str:
    if key in REFERENCES:
        return REFERENCES[key][2]
    return LABELS.get(key, key.replace("_", " ").capitalize())


def _reference_names(rows: Sequence[dict[str, Any]]) -> dict[str, dict[int, str]]:
    """Names of the records that are told of: changed references and first places. One statement for each kind that occurs."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for newer, older in pairwise(rows):
        for key in REFERENCES:
            if newer["pgh_obj_id"] == older["pgh_obj_id"] and newer[key] != older[key]:
                wanted[key] |= {newer[key], older[key]} - {None}
    for row in rows:
        if row["pgh_label"] == "insert":
            for key in FIRST_PLACE:
                wanted[key] |= {row[key]} - {None}
    return {key: _names(key, ids) for key, ids in wanted.items() if ids}


def _names(key: str, ids: set[int]) -> dict[int, str]:
    room, model_name = (FIRST_PLACE.get(key) or REFERENCES[key])[:2]
    model = apps.get_model(room, model_name)
    related = ("manufacturer",) if key == "device_model_id" else ()
    return {record.pk: str(record) for record in model._default_manager.select_related(*related).filter(pk__in=ids)}


def _shown(key: str, value: Any, names: dict[str, dict[int, str]]) -> Any:
    if key in REFERENCES:
        return names.get(key, {}).get(value, value)
    if key.endswith("_cents") and value is not None:
        return f"{value / 100:,.2f}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {item}" for name, item in sorted(value.items()))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def _status_changes(ids: list[int]) -> Iterator[Event]:
    for change in StatusChange.objects.filter(device_id__in=ids)[:PER_SOURCE]:
        before = f"was {STATUS_LABELS[Status(change.before)].lower()} · " if change.before else ""
        yield Event(
            when=change.recorded_at,
            title=STATUS_LABELS[Status(change.after)],
            detail=f"{before}from {change.on.day} {change.on:%b %Y} · {change.actor_name}".rstrip(" ·"),
            reason=change.reason,
            icon="circle-dot",
            tone=STATUS_TONES[Status(change.after)],
        )


def _moves(ids: list[int], actor: Actor) -> Iterator[Event]:
    places = ("from_facility", "to_facility", "from_location", "to_location", "from_department", "to_department")
    for move in DeviceMove.objects.filter(device_id__in=ids).select_related(*places).only(*_MOVE)[:PER_SOURCE]:
        yield Event(when=move.recorded_at, title=_move_title(move, actor), detail=move.actor_name, reason=move.reason, icon="move-right")


def _move_title(move: DeviceMove, actor: Actor) -> str:
    crossing = move.from_facility_id != move.to_facility_id
    target = _place(move.to_facility, move.to_location, move.to_department, actor=actor, named=crossing)
    if move.from_location is None and move.from_department is None and not crossing:
        return f"Placed at {target}"
    return f"Moved from {_place(move.from_facility, move.from_location, move.from_department, actor=actor, named=crossing)} to {target}"


def _place(facility: Any, location: Any, department: Any, *, actor: Actor, named: bool) -> str:
    """A place in words; of a facility the actor does not see, no more than that it is one. ``named`` adds the facility."""
    if facility is not None and not _sees(actor, facility.pk):
        return "another facility"
    parts = [location.full_name if location else "", department.name if department else "", facility.name if facility and named else ""]
    known = ", ".join(part for part in parts if part) if location or department else ""
    return known or (f"{facility.name} (place unknown)" if facility else "place unknown")


def _sees(actor: Actor, facility_id: int) -> bool:
    reach = actor.reach()
    return reach.everywhere or facility_id in reach.touched_facility_ids


def _sightings(ids: list[int], actor: Actor) -> Iterator[Event]:
    for sighting in Sighting.objects.filter(device_id__in=ids).select_related("location").only(*_SIGHTING)[:50]:
        place = sighting.location
        where = f" at {place.full_name if _sees(actor, place.facility_id) else 'another facility'}" if place else ""
        source = SightingSource(sighting.source).label.lower()
        yield Event(
            when=sighting.seen_at,
            title=f"Seen{where}",
            detail=" · ".join(p for p in (source, sighting.detail, sighting.actor_name) if p),
            icon="eye",
        )


def _notes(ids: list[int]) -> Iterator[Event]:
    for note in DeviceNote.objects.filter(device_id__in=ids)[:PER_SOURCE]:
        yield Event(when=note.recorded_at, title=f"Note by {note.author_name or 'the system'}", detail=note.text, icon="message-square")


def _attachments(ids: list[int]) -> Iterator[Event]:
    for attachment in DeviceAttachment.objects.filter(device_id__in=ids).select_related("added_by").only(*_ATTACHMENT)[:PER_SOURCE]:
        who = str(attachment.added_by) if attachment.added_by else ""
        yield Event(when=attachment.added_at, title=f"File added: {attachment.title or attachment.file_name}", detail=who, icon="paperclip")
        if attachment.removed_at:
            title = f"File taken away: {attachment.title or attachment.file_name}"
            yield Event(when=attachment.removed_at, title=title, reason=attachment.removed_reason, icon="paperclip")


def _numbers(ids: list[int]) -> Iterator[Event]:
    for number in AlternateNumber.objects.filter(device_id__in=ids)[:PER_SOURCE]:
        yield Event(when=number.added_at, title=f"{NumberKind(number.kind).label}: {number.number}", detail=number.source, icon="hash")
