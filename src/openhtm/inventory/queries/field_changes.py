"""What changed in the fields of a device's record: its history rows, each beside the one before."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import Any

from django.apps import apps
from django.db import connection

from openhtm.inventory.rules.device_fields import LABELS
from openhtm.ui.parts import Event

NOT_TOLD = frozenset(
    "pgh_id pgh_created_at pgh_label pgh_obj_id pgh_context_id id updated_at created_at status_since retired_on status location_id "
    "department_id facility_id last_seen_at last_seen_location_id device_type_id merged_into_id told first_place survivor".split()
)
"""Columns that have facts of their own on the timeline, or say nothing to people."""

COSTS = frozenset({"acquisition_cost_cents", "purchase_order", "supplier"})
REFERENCES = {
    "device_model_id": ("catalog", "DeviceModel", "Model"),
    "service_provider_id": ("sites", "ServiceProvider", "Service provider"),
    "parent_id": ("inventory", "Device", "Part of system"),
}
ROWS = 200

_HISTORY = """
SELECT e.*, c.metadata AS told,
  CASE WHEN e.pgh_label = 'insert' THEN concat_ws(', ',
    (SELECT coalesce(nullif(full_name, ''), name) FROM sites_location WHERE id = e.location_id),
    (SELECT name FROM sites_department WHERE id = e.department_id)) END AS first_place,
  (SELECT control_number FROM inventory_device WHERE id = e.merged_into_id AND facility_id = e.facility_id) AS survivor
FROM inventory_deviceevent e LEFT JOIN pghistory_context c ON c.id = e.pgh_context_id
WHERE e.pgh_obj_id = ANY(%s) ORDER BY e.pgh_id DESC LIMIT %s
"""


def field_changes(ids: Sequence[int], *, may_see_costs: bool) -> Iterator[tuple[int, Event]]:
    """Yield (device id, event) of what the newest ``ROWS`` history rows tell. One statement, and one for each kind of record named."""
    rows = _history(ids)
    names = _reference_names(rows)
    untold = NOT_TOLD if may_see_costs else NOT_TOLD | COSTS
    for newer, older in zip_longest(rows, rows[1:]):
        if newer["pgh_label"] == "insert":
            yield newer["pgh_obj_id"], _recorded(newer)
        elif older is not None and older["pgh_obj_id"] == newer["pgh_obj_id"]:
            changes = [
                (_label(key), _shown(key, older[key], names), _shown(key, newer[key], names)) for key in _changed(newer, older, untold)
            ]
            if newer["merged_into_id"] != older["merged_into_id"]:
                yield newer["pgh_obj_id"], _merge(newer, older)
            if changes:
                yield newer["pgh_obj_id"], _event(newer, title=_who(newer, "changed"), icon="pencil", changes=changes)


def _history(ids: Sequence[int]) -> list[dict[str, Any]]:
    """History rows of the devices, newest first for each, with what was told at the time. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [list(ids), ROWS])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row["custom"], row["told"] = json.loads(row["custom"] or "{}"), json.loads(row["told"] or "{}")
    return sorted(rows, key=lambda row: (row["pgh_obj_id"], -row["pgh_id"]))


def _changed(newer: dict[str, Any], older: dict[str, Any], untold: frozenset[str]) -> list[str]:
    return [key for key in newer if key not in untold and newer[key] != older[key]]


def _recorded(row: dict[str, Any]) -> Event:
    """The record's beginning: who added it, and where the device first stood. A restored record keeps its day."""
    detail = _who(row, "added by") + (f" · placed at {row['first_place']}" if row["first_place"] else "")
    return Event(when=row["created_at"], title=f"{row['control_number']} recorded", detail=detail, icon="plus")


def _merge(newer: dict[str, Any], older: dict[str, Any]) -> Event:
    """A record was merged into another, or stands for itself again. A record elsewhere is not named."""
    if newer["merged_into_id"] is None:
        title = f"Merge of {newer['control_number']} into {older['survivor'] or 'another record'} taken back"
    else:
        title = f"{newer['control_number']} merged into {newer['survivor'] or 'another record'}"
    return _event(newer, title=title, detail=_who(newer, "by"), icon="merge")


def _event(row: dict[str, Any], **said: Any) -> Event:
    return Event(when=row["pgh_created_at"], reason=row["told"].get("reason", ""), **said)


def _who(row: dict[str, Any], verb: str) -> str:
    actor = row["told"].get("actor") or "the system"
    return f"{verb} {actor}" if verb.endswith("by") else f"{actor} {verb}"


def _label(key: str) -> str:
    if key in REFERENCES:
        return REFERENCES[key][2]
    return LABELS.get(key, key.replace("_", " ").capitalize())


def _reference_names(rows: Sequence[dict[str, Any]]) -> dict[str, dict[int, str]]:
    """Names of the records that changes refer to. One statement for each kind that occurs."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for newer, older in pairwise(rows):
        for key in REFERENCES:
            if newer["pgh_obj_id"] == older["pgh_obj_id"] and newer[key] != older[key]:
                wanted[key] |= {newer[key], older[key]} - {None}
    return {key: _names(key, ids) for key, ids in wanted.items() if ids}


def _names(key: str, ids: set[int]) -> dict[int, str]:
    room, model_name = REFERENCES[key][:2]
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
