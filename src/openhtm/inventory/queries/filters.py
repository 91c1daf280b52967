"""The filters of a device list: read from an address, shown as a sentence of chips, applied to a queryset.

Page, API, export and bulk action share them, so that each means exactly the same devices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from openhtm.catalog.models import DeviceModel, DeviceType, Manufacturer
from openhtm.core.text import control_number_key, number_key
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device, NetworkInterface, Ownership
from openhtm.inventory.models.device import DeviceQuerySet, MaintenanceStrategy
from openhtm.inventory.rules.addresses import normal_ip, normal_mac
from openhtm.inventory.rules.status import IN_INVENTORY, STATUS_LABELS, Status
from openhtm.sites.models import Department, Facility, Location, ServiceProvider


def _outside_buildings() -> Any:
    """Places that stand in no building. A subquery."""
    building = Location.objects.filter(kind="building", path__holds=OuterRef("path"))
    return Location.objects.filter(~Exists(building)).order_by().values("pk")


MISSING: dict[str, tuple[str, Q]] = {
    "serial": ("serial number", Q(serial_number="")),
    "manufacturer": ("manufacturer", Q(device_model__manufacturer__is_unknown=True)),
    "model": ("model", Q(device_model__name="")),
    "type": ("device type", Q(device_type__isnull=True)),
    "location": ("location", Q(location__isnull=True)),
    "department": ("department", Q(department__isnull=True)),
    "version": ("software version", Q(software_version="")),
    "udi": ("UDI", Q(udi_di="")),
    "cost": ("acquisition cost", Q(acquisition_cost_cents__isnull=True)),
    "acquired": ("acquisition date", Q(acquired_on__isnull=True)),
    "accepted": ("acceptance date", Q(accepted_on__isnull=True)),
    "provider": ("service provider", Q(service_provider__isnull=True)),
    "seen": ("a sighting", Q(last_seen_at__isnull=True)),
    "address": ("network address", Q(~Exists(NetworkInterface.objects.filter(device=OuterRef("pk"))))),
    "building": ("a building", Q(location__in=_outside_buildings())),
    "risk_inputs": ("risk inputs of its type", Q(device_type__isnull=True) | Q(device_type__risk_inputs={})),
}
MAX_MODELS = 2000
MAX_OTHERS = 500
GROUPS = {"in_inventory": ("in the inventory", sorted(IN_INVENTORY)), "gone": ("retired or disposed", [Status.RETIRED, Status.DISPOSED])}


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of the sentence: ``name`` is the parameter to drop when the chip is removed."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. ``problems`` maps a parameter to what is wrong with it; such a one narrows nothing."""

    condition: Q
    chips: tuple[Chip, ...]
    params: dict[str, str]
    problems: dict[str, str]
    search: str = ""


@dataclass(slots=True)
class _Reading:
    """Filters while they are read."""

    actor: Actor
    condition: Q = field(default_factory=Q)
    chips: list[Chip] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, raw: str, label: str, value: str, condition: Q) -> None:
        self.condition &= condition
        self.chips.append(Chip(name, label, value))
        self.params[name] = raw


def read_filters(params: Mapping[str, str], *, actor: Actor) -> Filters:
    """Read the filters named in ``params``. At most one statement for each that names a record."""
    reading = _Reading(actor)
    for name, reader in _READERS.items():
        raw = (params.get(name) or "").strip()
        if not raw:
            continue
        if "\0" in raw or len(raw) > 400:
            reading.problems[name] = "This value cannot be searched for."
        else:
            reader(reading, name, raw)
    return Filters(reading.condition, tuple(reading.chips), reading.params, reading.problems, reading.params.get("q", ""))


def filtered(*, actor: Actor, filters: Filters) -> DeviceQuerySet:
    """Return the devices the actor may see that match. Merged records are not shown."""
    return Device.objects.visible_to(actor).current().filter(filters.condition)


def _q(reading: _Reading, name: str, raw: str) -> None:
    reading.take(name, raw, "matching", f"“{raw}”", search_condition(raw, actor=reading.actor))


def search_condition(text: str, *, actor: Actor) -> Q:
    """Every word must occur in the tag, serial, description, UDI, an old number, an address, or the kind of device.

    The small tables are asked first, so that the big one is met by index and literal keys only. One statement, and one
    for each of the first six words.
    """
    words = text.split()[:6]
    if exact := _exact_condition(text, actor=actor):
        return exact
    condition = Q()
    for word in words:
        condition &= _word_condition(word) if len(word) > 2 or len(words) > 1 else _beginning(word)
    if len(words) > 1 and (serial := number_key(text)):  # a serial number written with spaces
        condition |= Q(serial_key=serial, serial_key__gt="")
    return condition


def _exact_condition(text: str, *, actor: Actor) -> Q | None:
    """A whole tag, serial number or device identifier of a device the actor may see is an answer by itself.

    Records merged into another do not count: their numbers lead to the one that stands. One statement on three indexes.
    """
    upper, serial = control_number_key(text), number_key(text)
    hit = Q(control_number=upper) | Q(udi_di=upper, udi_di__gt="")
    if len(serial) > 3:
        hit |= Q(serial_key=serial, serial_key__gt="")
    return hit if len(upper) > 3 and Device.objects.visible_to(actor).current().filter(hit).exists() else None


def _beginning(word: str) -> Q:
    """One or two characters alone are the beginning of a tag or serial: trigrams need three."""
    return Q(control_number__startswith=word.upper()) | Q(serial_key__startswith=number_key(word) or word.upper(), serial_key__gt="")


def _word_condition(word: str) -> Q:
    upper = word.upper()
    condition = Q(search_text__contains=upper)
    serial = number_key(word)
    if len(serial) > 2:  # also where the stored serial holds hyphens or spaces
        condition |= Q(serial_key=serial, serial_key__gt="")
    meant = _meant(word)
    if meant.models:
        condition |= Q(device_model_id__in=meant.models)
    if meant.devices:
        condition |= Q(pk__in=meant.devices)
    return condition


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a word means besides what devices say of themselves: models, and devices by their other numbers and addresses."""

    models: list[int]
    devices: list[int]


# Names are joined by line breaks, which no word holds: putting one text into capitals is quicker than three, and a word of
# one or two letters is looked for after a break only, because too many names hold it somewhere.
_MEANT = r"""
WITH maker AS (
  SELECT id FROM catalog_manufacturer WHERE upper(E'\n' || name) LIKE upper(%(part)s)
  UNION SELECT manufacturer_id FROM catalog_manufactureralias WHERE upper(E'\n' || alias) LIKE upper(%(part)s)
), kind AS (
  SELECT id FROM catalog_devicetype WHERE upper(E'\n' || name) LIKE upper(%(part)s) OR upper(synonyms::text) LIKE upper(%(inside)s)
)
SELECT
  ARRAY(SELECT id FROM catalog_devicemodel
        WHERE upper(E'\n' || name || E'\n' || catalog_number || E'\n' || brand_name) LIKE upper(%(part)s)
           OR manufacturer_id IN (SELECT id FROM maker) OR device_type_id IN (SELECT id FROM kind) LIMIT %(models)s),
  ARRAY(SELECT device_id FROM inventory_alternatenumber WHERE number_key LIKE %(number)s LIMIT %(others)s),
  ARRAY(SELECT device_id FROM inventory_networkinterface WHERE upper(hostname) = upper(%(word)s) AND hostname <> ''
        UNION ALL SELECT device_id FROM inventory_networkinterface WHERE ip_address = %(ip)s
        UNION ALL SELECT device_id FROM inventory_networkinterface WHERE mac_address = %(mac)s LIMIT %(others)s)
"""


def _meant(word: str) -> _Meant:
    """Ask the small tables what a word means, so that the big one is met by literal keys. One statement."""
    long, inside = len(word) > 2, f"%{_literal(word)}%"
    asked: dict[str, str | int | None] = {
        "part": inside if long else f"%\n{_literal(word)}%",
        "inside": inside,
        "number": f"%{_literal(control_number_key(word))}%",
        "word": word,
        "ip": normal_ip(word) or None,
        "mac": normal_mac(word) or None,
        "models": MAX_MODELS,
        "others": MAX_OTHERS if long else 0,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEANT, asked)
        models, numbers, interfaces = cursor.fetchone()
    return _Meant(models, [*numbers, *interfaces])


def _literal(text: str) -> str:
    """Return ``text`` as LIKE finds it literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _facility(reading: _Reading, name: str, raw: str) -> None:
    codes = [code.strip().upper() for code in raw.split(",")]
    found = list(Facility.objects.visible_to(reading.actor).filter(code__in=codes))
    if len(found) != len(set(codes)):
        reading.problems[name] = f"There is no facility {raw} that you can see."
        reading.take(name, raw, "at", raw, Q(pk__in=[]))
        return
    reading.take(name, raw, "at", " or ".join(f.name for f in found), Q(facility__in=[f.pk for f in found]))


def _status(reading: _Reading, name: str, raw: str) -> None:
    if raw in GROUPS:
        words, members = GROUPS[raw]
        reading.take(name, raw, "that are", words, Q(status__in=members))
        return
    codes = raw.split(",")
    if not set(codes) <= set(Status):
        reading.problems[name] = f"status takes {', '.join(Status)}, in_inventory or gone."
        return
    reading.take(name, raw, "status", " or ".join(STATUS_LABELS[Status(c)].lower() for c in codes), Q(status__in=codes))


def _device_type(reading: _Reading, name: str, raw: str) -> None:
    found = DeviceType.objects.filter(code=raw).first()
    if found is None:
        reading.problems[name] = f"There is no device type with the code {raw}."
        return
    reading.take(name, raw, "type", found.name, Q(device_type=found.pk))


def _by_key(label: str, column: str, model: Any, *, scoped: bool) -> Any:
    def read(reading: _Reading, name: str, raw: str) -> None:
        candidates = model.objects.visible_to(reading.actor) if scoped else model.objects.all()
        found = candidates.filter(pk=int(raw)).first() if raw.isdecimal() and len(raw) < 18 else None
        if found is None:
            reading.problems[name] = f"There is no {name.replace('_', ' ')} {raw[:40]} that you can see."
            return
        reading.take(name, raw, label, str(found), Q(**{column: found.pk}))

    return read


def _location(reading: _Reading, name: str, raw: str) -> None:
    found = Location.objects.visible_to(reading.actor).filter(pk=int(raw)).first() if raw.isdecimal() and len(raw) < 18 else None
    if found is None:
        reading.problems[name] = f"There is no location {raw[:40]} that you can see."
        return
    below = list(Location.objects.within(found).values_list("pk", flat=True))
    reading.take(name, raw, "in", found.full_name, Q(location_id__in=below))


def _manufacturer(reading: _Reading, name: str, raw: str) -> None:
    found = Manufacturer.objects.filter(pk=int(raw)).first() if raw.isdecimal() and len(raw) < 18 else None
    if found is None:
        reading.problems[name] = f"There is no manufacturer {raw[:40]}."
        return
    models = list(DeviceModel.objects.filter(manufacturer=found).order_by().values_list("pk", flat=True))
    reading.take(name, raw, "made by", found.name, Q(device_model_id__in=models))


def _yes_no(label: str, yes: str, no: str, column: str) -> Any:
    def read(reading: _Reading, name: str, raw: str) -> None:
        answer = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(raw.lower())
        if answer is None:
            reading.problems[name] = f"{name} takes true or false."
            return
        reading.take(name, raw, label, yes if answer else no, Q(**{column: answer}))

    return read


def _choice(label: str, column: str, choices: Sequence[tuple[str, str]]) -> Any:
    words = dict(choices)

    def read(reading: _Reading, name: str, raw: str) -> None:
        codes = raw.split(",")
        if not set(codes) <= set(words):
            reading.problems[name] = f"{name} takes {', '.join(words)}."
            return
        reading.take(name, raw, label, " or ".join(words[c].lower() for c in codes), Q(**{f"{column}__in": codes}))

    return read


def _missing(reading: _Reading, name: str, raw: str) -> None:
    codes = raw.split(",")
    if not set(codes) <= set(MISSING):
        reading.problems[name] = f"missing takes {', '.join(MISSING)}."
        return
    condition = Q()
    for code in codes:
        condition &= MISSING[code][1]
    reading.take(name, raw, "without", " and ".join(MISSING[c][0] for c in codes), condition)


def _date(label: str, lookup: str) -> Any:
    def read(reading: _Reading, name: str, raw: str) -> None:
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            reading.problems[name] = f"{name} takes a date as YYYY-MM-DD."
            return
        reading.take(name, raw, label, f"{day.day} {day:%b %Y}", Q(**{lookup: day}))

    return read


_READERS: dict[str, Any] = {
    "q": _q,
    "facility": _facility,
    "status": _status,
    "device_type": _device_type,
    "model": _by_key("model", "device_model_id", DeviceModel, scoped=False),
    "manufacturer": _manufacturer,
    "department": _by_key("of", "department_id", Department, scoped=True),
    "location": _location,
    "high_risk": _yes_no("risk", "high-risk", "not high-risk", "high_risk"),
    "ownership": _choice("ownership", "ownership", Ownership.choices),
    "strategy": _choice("strategy", "maintenance_strategy", MaintenanceStrategy.choices),
    "provider": _by_key("serviced by", "service_provider_id", ServiceProvider, scoped=False),
    "missing": _missing,
    "acquired_from": _date("acquired since", "acquired_on__gte"),
    "acquired_to": _date("acquired until", "acquired_on__lte"),
    "warranty_until": _date("warranty ends by", "warranty_ends_on__lte"),
    "not_seen_since": _date("not seen since", "last_seen_at__date__lt"),
    "support_ended_by": _date("support ended by", "device_model__support_ends_on__lte"),
    "networked": _yes_no("type", "networked", "not networked", "device_type__networked"),
}
FILTER_NAMES = tuple(_READERS)
