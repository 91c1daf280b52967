"""What a device record may say. The form, the API and every imported row are judged here, by the same words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from openhtm.inventory.rules.control_numbers import refuse_control_number

Severity = Literal["error", "warning"]

TEXT_LIMITS: dict[str, int] = {
    "control_number": 40,
    "description": 200,
    "serial_number": 80,
    "lot": 40,
    "udi_carrier": 400,
    "udi_di": 30,
    "udi_serial": 40,
    "owner_name": 120,
    "software_version": 80,
    "purchase_order": 60,
    "supplier": 200,
    "high_risk_reason": 200,
}
DATE_FIELDS = (
    "manufactured_on",
    "acquired_on",
    "accepted_on",
    "in_service_on",
    "warranty_ends_on",
    "software_read_on",
    "udi_expires_on",
)
PAST_ONLY = frozenset({"manufactured_on", "accepted_on", "in_service_on", "software_read_on"})
ORDER_OF_EVENTS = ("manufactured_on", "acquired_on", "accepted_on", "in_service_on")
EARLIEST = date(1900, 1, 1)
LATEST = date(2100, 12, 31)
MAX_CENTS = 10**12
MAX_LIFE_YEARS = 60

LABELS: dict[str, str] = {
    "control_number": "Control number",
    "facility": "Facility",
    "device_model": "Model",
    "description": "Description",
    "serial_number": "Serial number",
    "lot": "Lot",
    "udi_carrier": "UDI as read",
    "udi_di": "UDI-DI",
    "udi_serial": "UDI serial",
    "udi_expires_on": "UDI expiry",
    "ownership": "Ownership",
    "owner_name": "Owner",
    "department": "Department",
    "location": "Location",
    "service_provider": "Service provider",
    "parent": "Part of system",
    "status": "Status",
    "maintenance_strategy": "Maintenance strategy",
    "high_risk_override": "High-risk override",
    "high_risk_reason": "Reason for the override",
    "software_version": "Software version",
    "software_read_on": "Version read on",
    "manufactured_on": "Manufactured",
    "acquired_on": "Acquired",
    "acquired_precision": "Precision of the acquisition date",
    "accepted_on": "Accepted",
    "in_service_on": "In service since",
    "warranty_ends_on": "Warranty ends",
    "acquisition_cost_cents": "Acquisition cost",
    "purchase_order": "Purchase order",
    "supplier": "Supplier",
    "expected_life_years": "Expected life",
    "custom": "Site fields",
}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Something wrong with one field, and what would fix it. Errors stop the record, warnings only tell."""

    field: str
    code: str
    message: str
    severity: Severity = "error"


def problems_of(values: Mapping[str, Any], *, today: date) -> list[FieldProblem]:
    """Judge the given fields of a device. Missing keys are not judged. Pure: ``today`` is the facility's day."""
    return [*_text(values), *_control_number(values), *_dates(values, today), *_figures(values), *_together(values)]


def _text(values: Mapping[str, Any]) -> Iterator[FieldProblem]:
    for field, limit in TEXT_LIMITS.items():
        text = values.get(field) or ""
        if len(text) > limit:
            yield FieldProblem(field, "too-long", f"{LABELS[field]} has {len(text)} characters; {limit} fit. Shorten it.")
        if field not in ("udi_carrier", "control_number") and any(ord(char) < 32 or ord(char) == 127 for char in text):
            yield FieldProblem(
                field, "control-characters", f"{LABELS[field]} holds a tab, line break or other control character. Remove it."
            )
        if "\0" in text:
            yield FieldProblem(field, "nul", f"{LABELS[field]} holds a NUL character. Remove it.")


def _control_number(values: Mapping[str, Any]) -> Iterator[FieldProblem]:
    number = values.get("control_number")
    if number is not None and (sentence := refuse_control_number(number)):
        yield FieldProblem("control_number", "control-number", sentence)


def _dates(values: Mapping[str, Any], today: date) -> Iterator[FieldProblem]:
    for field in DATE_FIELDS:
        day = values.get(field)
        if day is None:
            continue
        if not EARLIEST <= day <= LATEST:
            yield FieldProblem(field, "implausible-date", f"{LABELS[field]} {day.isoformat()} lies outside 1900 to 2100. Check the year.")
        elif field in PAST_ONLY and day > today:
            yield FieldProblem(field, "future-date", f"{LABELS[field]} {day.isoformat()} lies in the future. Give a day up to today.")
    yield from _order(values)


def _order(values: Mapping[str, Any]) -> Iterator[FieldProblem]:
    known = [(field, values[field]) for field in ORDER_OF_EVENTS if values.get(field)]
    exact = [(f, d) for f, d in known if not (f == "acquired_on" and values.get("acquired_precision", "day") != "day")]
    for (earlier, first), (later, second) in pairwise(exact):
        if second < first:
            message = f"{LABELS[later]} {second.isoformat()} comes before {LABELS[earlier].lower()} {first.isoformat()}. Check both."
            yield FieldProblem(later, "dates-out-of-order", message, "warning")


def _figures(values: Mapping[str, Any]) -> Iterator[FieldProblem]:
    cents, years = values.get("acquisition_cost_cents"), values.get("expected_life_years")
    if cents is not None and not 0 <= cents <= MAX_CENTS:
        yield FieldProblem(
            "acquisition_cost_cents", "implausible-cost", "The cost must lie between 0 and 10,000,000,000. Check the amount."
        )
    if years is not None and not 1 <= years <= MAX_LIFE_YEARS:
        yield FieldProblem("expected_life_years", "implausible-life", f"The expected life must be 1 to {MAX_LIFE_YEARS} years.")


def _together(values: Mapping[str, Any]) -> Iterator[FieldProblem]:
    if values.get("high_risk_override") is not None and not (values.get("high_risk_reason") or "").strip():
        yield FieldProblem("high_risk_reason", "required", "Give the reason for overriding the high-risk flag.")
    if values.get("ownership") in ("physician_owned", "patient_owned", "leased") and not (values.get("owner_name") or "").strip():
        yield FieldProblem(
            "owner_name", "owner-unknown", "Name the owner, so that the device can be returned to the right hands.", "warning"
        )


def custom_problems(custom: Mapping[str, Any], fields: Mapping[str, tuple[str, bool, list[str]]]) -> list[FieldProblem]:
    """Judge site-defined values. ``fields`` maps a key to (kind, required, choices)."""
    found = [
        FieldProblem(f"custom.{key}", "unknown-field", f"There is no site field {key!r}. Define it first or leave it out.")
        for key in custom
        if key not in fields
    ]
    for key, (kind, required, choices) in fields.items():
        value = custom.get(key)
        if value in (None, ""):
            if required:
                found.append(FieldProblem(f"custom.{key}", "required", "This field is required at this site."))
        elif problem := _custom_problem(kind, choices, value):
            found.append(FieldProblem(f"custom.{key}", "wrong-kind", problem))
    return found


def _custom_problem(kind: str, choices: list[str], value: Any) -> str:
    if kind == "number":
        return "" if isinstance(value, int | float) and not isinstance(value, bool) else "Give a number."
    if kind == "yes_no":
        return "" if isinstance(value, bool) else "Give yes or no."
    if not isinstance(value, str):
        return "Give a text."
    if kind == "date":
        return "" if _is_iso_date(value) else "Give a date as YYYY-MM-DD."
    if kind == "choice" and value not in choices:
        return f"Choose one of: {', '.join(choices)}."
    return "" if len(value) <= 1000 else "Shorten this to 1,000 characters."


def _is_iso_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
