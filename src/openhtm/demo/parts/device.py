"""One synthetic device as rows: its facts today and everything that is recorded about its past."""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass, field
from typing import Any

from openhtm.core.text import control_number_key
from openhtm.demo.parts.demo import Demo, FacilityPlaces, ModelFacts, UnitPlaces
from openhtm.demo.rules import habits
from openhtm.demo.rules.chance import Chance
from openhtm.demo.rules.identity import mac_address, private_ip, serial_number
from openhtm.demo.rules.life import Life, live
from openhtm.demo.rules.plan import data
from openhtm.inventory.rules.status import Status

COLUMNS = (
    "id", "control_number", "facility_id", "device_model_id", "device_type_id", "description", "serial_number", "lot", "udi_carrier",
    "udi_di", "udi_serial", "udi_expires_on", "ownership", "owner_name", "department_id", "location_id", "service_provider_id",
    "parent_id", "status", "status_since", "maintenance_strategy", "high_risk", "high_risk_override", "high_risk_reason",
    "software_version", "software_read_on", "manufactured_on", "acquired_on", "acquired_precision", "accepted_on", "in_service_on",
    "warranty_ends_on", "retired_on", "acquisition_cost_cents", "purchase_order", "supplier", "expected_life_years", "last_seen_at",
    "last_seen_location_id", "custom", "created_at", "updated_at",
)  # fmt: skip
DAY = dt.timedelta(days=1)
_BLANK: dict[str, Any] = dict.fromkeys(COLUMNS) | dict.fromkeys(
    ("description", "serial_number", "lot", "udi_carrier", "udi_di", "udi_serial", "owner_name", "high_risk_reason", "software_version",
     "purchase_order", "supplier"), "",
) | {"acquired_precision": "day", "custom": "{}"}  # fmt: skip


@dataclass(slots=True)
class Made:
    """A device's column values and the rows of other tables that belong to it."""

    values: dict[str, Any]
    model: ModelFacts
    life: Life
    place: FacilityPlaces
    unit: UnitPlaces
    chance: Chance
    facts: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    @property
    def device(self) -> tuple[Any, ...]:
        values = self.values
        return tuple([values[name] for name in COLUMNS])

    @property
    def may_be_doubled(self) -> bool:
        return bool(len(self.values["serial_number"]) > 3 and self.values["parent_id"] is None and self.life.status is Status.IN_SERVICE)

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        self.facts.setdefault(table, []).append(row)


class DeviceMaker:
    """Makes devices of one demo; keys and control numbers are given in ``number``, when it is sure the device is kept."""

    def __init__(self, demo: Demo, first_id: int) -> None:
        self.demo, self.first_id = demo, first_id
        self.suppliers: list[str] = data("sites")["suppliers"]
        self.last_moment = dt.datetime.combine(demo.as_of, dt.time(12), tzinfo=dt.UTC)

    def make(self, facility: FacilityPlaces, unit: UnitPlaces, room: int, code: str, chance: Chance, *, parent: Made | None = None) -> Made:
        """Return a new device of the type ``code`` that stands in ``room``."""
        model = self._model(facility, code, chance)
        life = live(chance, life_years=model.life_years, introduced=model.introduced, as_of=self.demo.as_of, years=self.demo.years)
        made = Made(dict(_BLANK), model, life, facility, unit, chance)
        made.values["parent_id"] = parent.values["id"] if parent and parent.life.status is Status.IN_SERVICE else None
        self._place(made, room)
        self._classify(made)
        self._buy(made)
        return made

    def twin(self, original: Made, chance: Chance) -> Made:
        """Return a second record of the same device, as it comes from merging two lists: same serial, otherwise sparse."""
        made = Made(dict(original.values), original.model, original.life, original.place, original.unit, chance)
        serial = original.values["serial_number"]
        made.values |= {
            "serial_number": chance.pick((serial, serial.lower(), f"{serial[:3]} {serial[3:]}")),
            "location_id": None, "department_id": None, "software_version": "", "software_read_on": None, "udi_carrier": "",
            "purchase_order": "", "acquisition_cost_cents": None, "custom": "{}", "last_seen_at": None, "last_seen_location_id": None,
        }  # fmt: skip
        return made

    def number(self, made: Made, index: int, tag: int) -> Made:
        """Give ``made`` its key and control number and record its past."""
        values = made.values
        twin = values["id"] is not None
        values["id"], values["control_number"] = self.first_id + index, f"BME-{tag:06d}"
        if not twin:
            self._identify(made, index)
        first, last = self._record_life(made)
        seen = self._record_places(made, last) if not twin else None
        if not twin:
            self._record_extras(made, index, last)
        values |= {"created_at": first, "updated_at": max(last, seen or last)}
        return made

    def _model(self, facility: FacilityPlaces, code: str, chance: Chance) -> ModelFacts:
        """Seven of ten devices are the facility's standard model of that type."""
        if code in self.demo.unreadable and chance.maybe(0.06):
            return self.demo.unreadable[code]
        models = self.demo.models[code]
        if len(models) > 1 and not chance.maybe(0.7):
            return chance.pick(models)
        return models[zlib.crc32(f"{facility.plan.code}{code}".encode()) % len(models)]

    def _place(self, made: Made, room: int) -> None:
        values, chance, gone = made.values, made.chance, made.life.status in (Status.DISPOSED, Status.PLANNED, Status.ORDERED)
        values["facility_id"] = made.place.pk
        values["department_id"] = None if chance.maybe(0.01) else made.unit.department
        values["location_id"] = None if gone or made.life.status is Status.MISSING or chance.maybe(0.025) else room

    def _classify(self, made: Made) -> None:
        values, model, chance = made.values, made.model, made.chance
        values |= {"device_model_id": model.pk, "device_type_id": model.type_pk, "high_risk": model.high_risk}
        if chance.maybe(0.004):
            values["high_risk"] = values["high_risk_override"] = not model.high_risk
            values["high_risk_reason"] = "Used without a back-up" if values["high_risk"] else "Used for training only"
        values["maintenance_strategy"] = habits.strategy(chance, high_risk=values["high_risk"], ineligible=model.aem_ineligible)
        values["ownership"], values["owner_name"] = habits.ownership(chance, place=made.unit.plan.place, price_cents=model.price_cents)
        provider = habits.provider(chance, place=made.unit.plan.place, price_cents=model.price_cents)
        values["service_provider_id"] = self.demo.providers[provider] if provider else None
        values["description"] = chance.pick(habits.DESCRIPTIONS) if chance.maybe(0.05) else ""
        values["custom"] = habits.custom(chance)

    def _buy(self, made: Made) -> None:
        values, life, chance, model = made.values, made.life, made.chance, made.model
        values |= {
            "status": life.status.value, "manufactured_on": life.manufactured_on if chance.maybe(0.6) else None,
            "acquired_on": life.acquired_on, "accepted_on": life.in_service_on and life.in_service_on - DAY,
            "in_service_on": life.in_service_on, "warranty_ends_on": life.warranty_ends_on, "retired_on": life.retired_on,
            "status_since": life.steps[-1].on,
        }  # fmt: skip
        if life.acquired_on is None:
            return
        if chance.maybe(0.88):
            values["acquisition_cost_cents"] = int(model.price_cents * (0.85 + 0.3 * chance.random())) // 100 * 100
        if chance.maybe(0.7):
            year = life.acquired_on.year
            batch = zlib.crc32(f"{made.place.plan.code}{model.type_code}{year}".encode()) % 100_000
            values["purchase_order"], values["supplier"] = f"PO-{year}-{batch:05d}", chance.pick(self.suppliers)
        elif chance.maybe(0.2):
            values["acquired_on"], values["acquired_precision"] = life.acquired_on.replace(month=1, day=1), "year"
        values["expected_life_years"] = model.life_years + chance.randrange(-2, 3) if chance.maybe(0.03) else None

    def _identify(self, made: Made, index: int) -> None:
        """Serial, UDI and software: each is missing for some, as in life."""
        values, life, chance, model = made.values, made.life, made.chance, made.model
        if life.acquired_on is None:
            return
        serial = "" if chance.maybe(0.05) else "N/A" if chance.maybe(0.003) else serial_number(model.maker, index)
        values["serial_number"] = serial
        if life.acquired_on.year >= 2015 and model.name and chance.maybe(0.72):
            values |= {"udi_di": model.di, "udi_serial": serial}
            if len(serial) > 3 and life.manufactured_on and chance.maybe(0.6):
                values["udi_carrier"] = f"(01){model.di}(11){life.manufactured_on:%y%m%d}(21){serial}"
        if model.versions and not chance.maybe(0.22):
            age = (self.demo.as_of - life.acquired_on).days / 365.25
            newest = len(model.versions) - 1 - min(int(age / 3), len(model.versions) - 1)
            values["software_version"] = model.versions[min(newest + chance.around(0.4), len(model.versions) - 1)]
            values["software_read_on"] = self.demo.as_of - chance.randrange(1, 700) * DAY

    def _record_life(self, made: Made) -> tuple[dt.datetime, dt.datetime]:
        """Add the status steps; returns the moments of the first and the last."""
        chance, staff = made.chance, made.place.staff
        before = first = None
        for step in made.life.steps:
            moment = min(_at(step.on, chance), self.last_moment)
            if before is not None and moment <= before:
                moment = before + dt.timedelta(minutes=7)
            actor_id, actor_name = chance.pick(staff)
            row = (habits.uuid7(moment, chance), made.values["id"], step.before, step.after, step.on, step.reason, actor_id, actor_name)
            made.add("statuses", (*row, moment))
            before, first = moment, first or moment
        assert first and before
        return first, before

    def _record_places(self, made: Made, last: dt.datetime) -> dt.datetime | None:
        """Add a move for some and sightings for most that are in use; returns when it was last seen."""
        values, chance, place = made.values, made.chance, made.place
        room, device = values["location_id"], values["id"]
        if room and made.life.in_service_on and chance.maybe(0.12):
            moment = _at(max(made.life.in_service_on, self.demo.as_of - chance.randrange(40, 1500) * DAY), chance)
            origin = chance.pick(place.rooms)
            department = values["department_id"]
            row = (habits.uuid7(moment, chance), device, place.pk, place.pk, origin, room, department, department)
            made.add("moves", (*row, chance.pick(habits.MOVES), *chance.pick(place.staff), moment))
        if made.life.status not in habits.SEEN or not chance.maybe(0.65):
            return None
        seen_room = room if chance.maybe(0.9) else chance.pick(place.rooms)
        seen = _at(self.demo.as_of - chance.randrange(1, 400) * DAY, chance)
        seen = max(seen, min(_at(made.life.steps[-1].on, chance), self.last_moment))
        source = chance.by_weight(habits.SIGHTINGS)
        actor = chance.pick(place.staff) if source in ("scan", "person") else (None, "Demo feed")
        made.add("sightings", (habits.uuid7(seen, chance), device, seen, seen_room, source, "", *actor, seen))
        values["last_seen_at"], values["last_seen_location_id"] = seen, seen_room
        return seen

    def _record_extras(self, made: Made, index: int, last: dt.datetime) -> None:
        chance, device = made.chance, made.values["id"]
        acquired = made.life.acquired_on
        if acquired and (self.demo.as_of - acquired).days > 2200 and chance.maybe(0.4):
            old = f"{made.place.plan.code[:1]}{(index * 7 + 10_000) % 10_000_000:05d}"
            made.add("numbers", (device, "old_control_number", old, control_number_key(old), "older list", last))
        if made.model.price_cents >= 500_000 and chance.maybe(0.6):
            finance = f"FA-{200_000 + index}"
            made.add("numbers", (device, "finance", finance, control_number_key(finance), "finance", last))
        if chance.maybe(0.04):
            author = chance.pick(made.place.staff)
            made.add("notes", (habits.uuid7(last, chance), device, chance.pick(habits.NOTES), *author, last))
        if chance.maybe(0.003):
            engineer = self.demo.users["engineer"][0]
            inputs = f'{{"function": {chance.randrange(5, 11)}, "risk": {chance.randrange(3, 6)}, "maintenance": {chance.randrange(2, 6)}}}'
            made.add("risk_inputs", (device, "fennigkoh", inputs, "Scored with the unit after an event (synthetic)", engineer, last))
        if acquired and made.model.networked and chance.maybe(0.85):
            self._connect(made, index)

    def _connect(self, made: Made, index: int) -> None:
        chance, code, facility = made.chance, made.place.plan.code, self.demo.facilities.index(made.place)
        kind = "wireless" if made.model.price_cents < 1_000_000 and chance.maybe(0.7) else "wired"
        address = private_ip(facility, index) if chance.maybe(0.9) else None
        observed = self.last_moment - chance.randrange(1, 90) * DAY if address and chance.maybe(0.7) else None
        host = f"{code}-{made.model.type_code.split('-')[0][:8]}-{index:06d}".lower()
        vlan = 100 + facility % 40 * 10 + (kind == "wireless")
        made.add("interfaces", (made.values["id"], "LAN 1", kind, mac_address(index + 1), address, vlan, host, observed))


def _at(day: dt.date, chance: Chance) -> dt.datetime:
    """Return a moment in the working hours of that day in the Americas."""
    return dt.datetime(day.year, day.month, day.day, 14 + int(chance.random() * 6), int(chance.random() * 60), tzinfo=dt.UTC)
