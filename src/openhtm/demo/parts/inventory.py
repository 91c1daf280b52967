"""The devices: streamed unit by unit into COPY, with their dated past, places, numbers, addresses and the usual mess."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from openhtm.demo.copying import TableCopy, reserve_ids
from openhtm.demo.parts.demo import Demo, FacilityPlaces, UnitPlaces
from openhtm.demo.parts.device import COLUMNS, DeviceMaker, Made
from openhtm.demo.rules.chance import shuffle_step
from openhtm.demo.rules.plan import fleet
from openhtm.inventory.models import (
    AlternateNumber,
    Device,
    DeviceMove,
    DeviceNote,
    DeviceRiskInput,
    NetworkInterface,
    Sighting,
    StatusChange,
)

BATCH = 10_000
FIRST_BATCH = 500
LEARN_AT = (FIRST_BATCH, BATCH, 10 * BATCH)
"""After so many devices the statistics are renewed: the checks of foreign keys keep their plans, and plans made for empty
tables read them from end to end."""
NUMBER_SEQUENCE = "inventory_control_number"
DUPLICATES = 1 / 150
_TABLES = {
    "statuses": (StatusChange, ("uid", "device_id", "before", "after", "on", "reason", "actor_id", "actor_name", "recorded_at")),
    "moves": (
        DeviceMove,
        ("uid", "device_id", "from_facility_id", "to_facility_id", "from_location_id", "to_location_id", "from_department_id",
         "to_department_id", "reason", "actor_id", "actor_name", "recorded_at"),
    ),
    "sightings": (Sighting, ("uid", "device_id", "seen_at", "location_id", "source", "detail", "actor_id", "actor_name", "recorded_at")),
    "notes": (DeviceNote, ("uid", "device_id", "text", "author_id", "author_name", "recorded_at")),
    "numbers": (AlternateNumber, ("device_id", "kind", "number", "number_key", "source", "added_at")),
    "interfaces": (
        NetworkInterface,
        ("device_id", "name", "connection", "mac_address", "ip_address", "vlan", "hostname", "last_observed_at"),
    ),
    "risk_inputs": (DeviceRiskInput, ("device_id", "family", "inputs", "reason", "set_by_id", "set_at")),
}  # fmt: skip


def build(demo: Demo) -> None:
    """Add every device and what belongs to it, with statistics. Eight COPY statements for each 10,000 devices."""
    devices = TableCopy(Device, COLUMNS)
    others = {name: TableCopy(model, columns) for name, (model, columns) in _TABLES.items()}
    first_id = reserve_ids(Device, demo.devices)
    _analyze()
    maker = DeviceMaker(demo, first_id)
    for number, made in enumerate(_devices(demo, maker), start=1):
        devices.add(made.device)
        for name, rows in made.facts.items():
            for row in rows:
                others[name].add(row)
        if number % BATCH == 0 or number == FIRST_BATCH:
            _flush(devices, others)
            if number in LEARN_AT:
                _analyze()
            demo.tell(f"{number:,} of {demo.devices:,} devices")
    _flush(devices, others)
    _raise_number_sequence(demo.devices)
    _analyze()
    demo.counts |= {"devices": devices.written} | {name: table.written for name, table in others.items()}


def _devices(demo: Demo, maker: DeviceMaker) -> Iterator[Made]:
    index, step = 0, shuffle_step(demo.devices)
    for facility in demo.facilities:
        wanted = index + facility.plan.devices
        for unit, turn in _turns(facility):
            for made in _unit_devices(demo, maker, facility, unit, turn):
                if index == wanted:
                    break
                yield maker.number(made, index, index * step % demo.devices + 1)
                index += 1
            if index == wanted:
                break


def _turns(facility: FacilityPlaces) -> Iterator[tuple[UnitPlaces, int]]:
    """Yield every unit once, then the equipment pool again and again for what is left of the facility's share."""
    for unit in facility.units:
        yield unit, 0
    turn = 0
    while facility.units:
        turn += 1
        yield facility.units[-1], turn


def _unit_devices(demo: Demo, maker: DeviceMaker, facility: FacilityPlaces, unit: UnitPlaces, turn: int) -> Iterator[Made]:
    """Make the devices of one unit; members of a system follow their parent and point to it."""
    chance = demo.chance("unit", facility.plan.code, unit.area - facility.units[0].area, unit.plan.name, turn)
    others = demo.places_of_types.get(unit.plan.place, [])
    belongs = {child: parent for parent, children in unit.plan.systems.items() for child in children}
    systems: dict[str, Made] = {}
    last: Made | None = None
    for room, code in fleet(unit.plan, chance, others=others):
        if code not in demo.models:
            continue
        if last is not None and last.may_be_doubled and chance.maybe(DUPLICATES):
            yield maker.twin(last, chance)
            last = None
            continue
        parent = systems.get(belongs.get(code, ""))
        last = maker.make(facility, unit, unit.rooms[room], code, chance, parent=parent)
        yield last
        if code in unit.plan.systems:
            systems[code] = last


def _flush(devices: TableCopy, others: dict[str, TableCopy]) -> None:
    devices.flush()
    for table in others.values():
        table.flush()


def _raise_number_sequence(highest: int) -> None:
    """Let the next number that is given out follow ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [NUMBER_SEQUENCE])
        if cursor.fetchone()[0]:
            cursor.execute("SELECT setval(%s, %s)", [NUMBER_SEQUENCE, highest])


def _analyze() -> None:
    """Tell the planner what there is; autovacuum would take a minute to notice, and what follows joins large tables."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
