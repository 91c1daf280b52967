"""What a row's values mean for the columns of a device, before anything stored is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from openhtm.core.text import control_number_key
from openhtm.exchange.rules.numbers import read_number
from openhtm.exchange.rules.values import Problem, ReadOptions, Value, read_boolean, read_date_cell

CUSTOM = "custom:"
KEPT_AS_SITE_FIELDS = {"risk_class": "Risk class", "registration_number": "Registration number"}
SAME_NAME = (
    "serial_number", "description", "lot", "owner_name", "supplier", "purchase_order", "software_version", "ownership", "maintenance_strategy",
    "status", "udi_di", "accepted_on", "in_service_on", "manufactured_on", "warranty_ends_on",
)  # fmt: skip
FROM_UDI = ("udi_di", "udi_serial", "serial_number", "lot", "udi_expires_on", "manufactured_on", "software_version")
TYPE_CODES = {"umdns": "umdns", "gmdn": "gmdn", "emdn": "emdn", "fda_product_code": "product_code"}
NOTE_BREAK = "\n\n"  # between the notes of a device in one cell
INTERFACE = ("mac_address", "ip_address", "hostname", "vlan")


class Said(NamedTuple):
    """A remark about one field of a row: ``error`` refuses it, ``warning`` only tells."""

    field: str
    code: str
    message: str
    severity: str = "error"


class Meant(NamedTuple):
    """Columns of the device, its network address, and remarks."""

    columns: dict[str, Any]
    interface: dict[str, Any]
    said: list[Said]


def meant(values: Mapping[str, Value], *, currency: str) -> Meant:
    """Turn normalised cells into columns of a device. References are left to the lookups. ``currency`` is the organisation's."""
    columns: dict[str, Any] = {name: values[name].value for name in SAME_NAME if name in values}
    said: list[Said] = []
    if "control_number" in values:
        columns["control_number"] = control_number_key(values["control_number"].value)
    if "acquired_on" in values:
        columns["acquired_on"] = values["acquired_on"].value
        columns["acquired_precision"] = values["acquired_on"].precision or "day"
    if "udi" in values:
        columns["udi_carrier"] = values["udi"].value
    if "acquisition_cost" in values:
        _cost(columns, values["acquisition_cost"].value, currency, said)
    if "expected_life_years" in values:
        _life(columns, values["expected_life_years"].value, said)
    return Meant(columns, _interface(values, said), said)


def _cost(columns: dict[str, Any], money: Any, currency: str, said: list[Said]) -> None:
    cents = (money.amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    if cents > 10**14:
        said.append(Said("acquisition_cost", "implausible-cost", "The cost must lie between 0 and 10,000,000,000. Check the amount."))
        return
    columns["acquisition_cost_cents"] = int(cents)
    if money.currency and money.currency != currency:
        message = f"The amount is kept as it stands, in {money.currency}; costs here are counted in {currency}."
        said.append(Said("acquisition_cost", "other-currency", message, "warning"))


def _life(columns: dict[str, Any], years: Decimal, said: list[Said]) -> None:
    whole = int(years.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    columns["expected_life_years"] = whole
    if whole != years:
        said.append(Said("expected_life_years", "rounded", f"Read {years:f} years as {whole}.", "warning"))


def _interface(values: Mapping[str, Value], said: list[Said]) -> dict[str, Any]:
    found: dict[str, Any] = {name: values[name].value for name in INTERFACE if name in values}
    vlan = found.pop("vlan", None)
    if vlan is not None:
        if vlan.isdecimal() and 1 <= int(vlan[:9]) <= 4094:
            found["vlan"] = int(vlan)
        else:
            said.append(Said("vlan", "not-a-vlan", "A VLAN is a number from 1 to 4094. Write only the number."))
    if len(found.get("hostname", "")) > 255:
        said.append(Said("hostname", "too-long", "A host name has at most 255 characters. Shorten it."))
    if found and not {"mac_address", "ip_address", "hostname"} & set(found):
        said.append(
            Said("vlan", "vlan-alone", "A VLAN needs a MAC address, an IP address or a host name beside it; it is not kept.", "warning")
        )
        return {}
    return found


def site_value(text: Any, *, kind: str, choices: list[str]) -> Any:
    """Read a text as a site-defined field of ``kind``; what cannot be read comes back as it is, for the rules to refuse."""
    raw = text if isinstance(text, str) else str(text)
    reader = _SITE_READERS.get(kind)
    if reader is not None:
        return reader(raw)
    if kind == "choice":
        return next((choice for choice in choices if choice.casefold() == raw.strip().casefold()), raw)
    return raw


def _site_number(raw: str) -> Any:
    read = read_number(raw, decimal_mark=None)
    if read is None:
        return raw
    return int(read.value) if read.value == read.value.to_integral_value() else float(read.value)


def _site_date(raw: str) -> Any:
    result = read_date_cell(raw, ReadOptions())
    return raw if isinstance(result, Problem) or result.value is None else result.value.isoformat()


def _site_yes_no(raw: str) -> Any:
    result = read_boolean(raw, ReadOptions())
    return raw if isinstance(result, Problem) else result.value


_SITE_READERS: dict[str, Callable[[str], Any]] = {"number": _site_number, "date": _site_date, "yes_no": _site_yes_no}


def shown(value: Any) -> Any:
    """A value as the difference shows it: plain JSON."""
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | float | bool | dict | list) else str(value)
