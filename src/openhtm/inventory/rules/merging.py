"""Which facts two records of one device are compared by, and what the merged record says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["survivor", "loser"]


@dataclass(frozen=True, slots=True)
class MergeField:
    """One choice of a guided merge: ``columns`` are taken together, because each says something about the others."""

    key: str
    label: str
    columns: tuple[str, ...]


FIELDS: tuple[MergeField, ...] = (
    MergeField("model", "Model", ("device_model_id",)),
    MergeField("serial_number", "Serial number", ("serial_number",)),
    MergeField("udi", "UDI", ("udi_carrier", "udi_di", "udi_serial", "udi_expires_on")),
    MergeField("lot", "Lot", ("lot",)),
    MergeField("description", "Description", ("description",)),
    MergeField("location", "Location", ("location_id",)),
    MergeField("department", "Department", ("department_id",)),
    MergeField("ownership", "Ownership", ("ownership", "owner_name")),
    MergeField("service_provider", "Service provider", ("service_provider_id",)),
    MergeField("parent", "Part of system", ("parent_id",)),
    MergeField("maintenance_strategy", "Maintenance strategy", ("maintenance_strategy",)),
    MergeField("high_risk", "High-risk override", ("high_risk_override", "high_risk_reason")),
    MergeField("software", "Software version", ("software_version", "software_read_on")),
    MergeField("manufactured_on", "Manufactured", ("manufactured_on",)),
    MergeField("acquired", "Acquired", ("acquired_on", "acquired_precision")),
    MergeField("accepted_on", "Accepted", ("accepted_on",)),
    MergeField("in_service_on", "In service since", ("in_service_on",)),
    MergeField("warranty_ends_on", "Warranty ends", ("warranty_ends_on",)),
    MergeField("cost", "Acquisition cost", ("acquisition_cost_cents",)),
    MergeField("purchase_order", "Purchase order", ("purchase_order",)),
    MergeField("supplier", "Supplier", ("supplier",)),
    MergeField("expected_life_years", "Expected life", ("expected_life_years",)),
)
BY_KEY = {field.key: field for field in FIELDS}
PLACES = frozenset({"location", "department", "parent"})
COSTS = frozenset({"cost", "purchase_order", "supplier"})
COLUMNS = tuple(column for field in FIELDS for column in field.columns)
CUSTOM = "custom."


def is_known(value: Any) -> bool:
    return value not in (None, "", "unknown")


def proposed_side(field: MergeField, survivor: Mapping[str, Any], loser: Mapping[str, Any]) -> Side:
    """Propose the record that says something; where both do, the one that stays."""
    lacking = not is_known(survivor[field.columns[0]]) and is_known(loser[field.columns[0]])
    return "loser" if lacking else "survivor"


def merged_values(*, survivor: Mapping[str, Any], loser: Mapping[str, Any], choices: Mapping[str, Side]) -> dict[str, Any]:
    """Return the columns of the survivor that change. ``custom`` is chosen key by key as ``custom.<key>``.

    Both mappings hold every column of COLUMNS and ``custom``. Keys without a choice stay as the survivor has them.
    Raises KeyError for a choice that is none.
    """
    changed: dict[str, Any] = {}
    custom = dict(survivor["custom"])
    for key, side in choices.items():
        if key.startswith(CUSTOM):
            name = key.removeprefix(CUSTOM)
            if side == "loser" and name in loser["custom"]:
                custom[name] = loser["custom"][name]
            elif side == "loser":
                custom.pop(name, None)
            continue
        for column in BY_KEY[key].columns:
            if side == "loser" and loser[column] != survivor[column]:
                changed[column] = loser[column]
    if custom != survivor["custom"]:
        changed["custom"] = custom
    return changed
