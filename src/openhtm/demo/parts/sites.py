"""The organisation, its facilities, every building, floor, area and room, departments and service providers."""

from __future__ import annotations

from openhtm.core.ids import CROCKFORD
from openhtm.demo.copying import TableCopy, reserve_ids
from openhtm.demo.parts.demo import Demo, FacilityPlaces, UnitPlaces
from openhtm.demo.rules.chance import Chance
from openhtm.demo.rules.plan import UnitPlan, data
from openhtm.sites.models import Department, Facility, Location, LocationKind, Organisation, ServiceProvider

SEPARATOR = " › "
_COLUMNS = ("id", "facility_id", "parent_id", "kind", "name", "code", "path", "full_name", "public_code", "active")


def build(demo: Demo) -> None:
    """Add places. A handful of statements and one COPY."""
    organisation = Organisation.objects.create(name=data("sites")["organisation"], synthetic=True)
    for plan in demo.plan:
        facility = Facility.objects.create(
            organisation=organisation, code=plan.code, name=plan.name, time_zone=plan.time_zone, address=plan.address
        )
        demo.facilities.append(FacilityPlaces(plan, facility.pk))
    _Tree(demo).build()
    _add_departments(demo)
    providers = [ServiceProvider(**spec) for spec in data("sites")["providers"]]
    demo.providers = {one.name: one.pk for one in ServiceProvider.objects.bulk_create(providers)}
    demo.counts |= {"facilities": len(demo.facilities), "rooms": sum(len(f.rooms) for f in demo.facilities)}


class _Tree:
    """The location tree, written in one COPY: keys are reserved first so that paths can be written at once."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.table = TableCopy(Location, _COLUMNS)
        self.codes: set[str] = set()
        self.chance = demo.chance("places")
        self.next_id = reserve_ids(Location, sum(_count(facility.plan.units) for facility in demo.facilities))

    def build(self) -> None:
        for facility in self.demo.facilities:
            self._facility(facility)
        self.table.flush()
        self.demo.counts["locations"] = self.table.written

    def _facility(self, facility: FacilityPlaces) -> None:
        above: dict[str, tuple[int, str, str]] = {}
        for number, unit in enumerate(facility.plan.units, start=1):
            if unit.building not in above:
                above[unit.building] = self._place(facility.pk, None, LocationKind.BUILDING, unit.building, "")
            floor_key = f"{unit.building}/{unit.floor}"
            if floor_key not in above:
                above[floor_key] = self._place(facility.pk, above[unit.building], LocationKind.FLOOR, unit.floor, "")
            area = self._place(facility.pk, above[floor_key], LocationKind.AREA, unit.name, f"A{number:03d}")
            rooms = [
                self._place(facility.pk, area, LocationKind.ROOM, room.name, f"{number:03d}-{position:02d}")[0]
                for position, room in enumerate(unit.rooms, start=1)
            ]
            facility.units.append(UnitPlaces(unit, area[0], rooms, 0))
            facility.rooms += rooms

    def _place(self, facility: int, parent: tuple[int, str, str] | None, kind: str, name: str, code: str) -> tuple[int, str, str]:
        """Keep one row; returns (key, path, full name) for the places below it."""
        pk, self.next_id = self.next_id, self.next_id + 1
        path = f"{parent[1]}.{pk}" if parent else str(pk)
        full_name = f"{parent[2]}{SEPARATOR}{name}" if parent else name
        self.table.add((pk, facility, parent[0] if parent else None, kind, name, code, path, full_name, self._public_code(), True))
        return pk, path, full_name

    def _public_code(self) -> str:
        while True:
            code = _letters(self.chance)
            if code not in self.codes:
                self.codes.add(code)
                return code


def _letters(chance: Chance) -> str:
    bits = chance.getrandbits(40)
    return "".join(CROCKFORD[bits >> shift & 31] for shift in range(0, 40, 5))


def _count(units: tuple[UnitPlan, ...]) -> int:
    floors = {(unit.building, unit.floor) for unit in units}
    return len({unit.building for unit in units}) + len(floors) + len(units) + sum(len(unit.rooms) for unit in units)


def _add_departments(demo: Demo) -> None:
    """One department for each kind of unit in a facility, with a cost centre and somebody to call."""
    people = data("sites")["people"]
    wanted: dict[tuple[int, str], Department] = {}
    for number, facility in enumerate(demo.facilities, start=1):
        for unit in facility.plan.units:
            if (facility.pk, unit.department) in wanted:
                continue
            chance = demo.chance("department", facility.plan.code, unit.department)
            name = f"{chance.pick(people['first'])} {chance.pick(people['last'])}"
            wanted[facility.pk, unit.department] = Department(
                facility_id=facility.pk,
                code=f"{facility.plan.code}-{unit.cost_centre}",
                name=unit.department,
                cost_centre=f"{number}{unit.cost_centre}",
                contact_name=name,
                contact_phone=f"555-01{chance.randrange(100):02d}",
                contact_email=f"{name.lower().replace(' ', '.')}@riverbend.example.org",
            )
    Department.objects.bulk_create(wanted.values())
    for facility in demo.facilities:
        for placed in facility.units:
            placed.department = wanted[facility.pk, placed.plan.department].pk
    demo.counts["departments"] = len(wanted)
