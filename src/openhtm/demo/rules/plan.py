"""Which facilities, units and rooms the synthetic hospital has, for any number of devices. Pure: reads only our own data files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from openhtm.demo.rules.chance import Chance

DATA = Path(__file__).resolve().parent.parent / "data"
ONE_NETWORK = 12_000  # up to here four facilities hold everything
DEVICES_PER_FACILITY = 25_000
MOST_FACILITIES = 40
FULL = 0.93  # planned a little short: the equipment pool takes what is left
UNITS_PER_FLOOR = 3


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """A room and the mean number of devices of each type in it."""

    name: str
    equipment: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A ward, suite or laboratory: one area on one floor, with its department."""

    key: str
    name: str
    building: str
    floor: str
    department: str
    cost_centre: str
    place: str
    tail: float
    rooms: tuple[RoomPlan, ...]
    systems: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class FacilityPlan:
    """A facility, its units, and how many devices it gets."""

    code: str
    name: str
    time_zone: str
    address: str
    units: tuple[UnitPlan, ...]
    devices: int


@cache
def data(name: str) -> dict[str, Any]:
    """Return one of our data files, read once."""
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


def plan_facilities(*, devices: int) -> tuple[FacilityPlan, ...]:
    """Plan the hospital for ``devices`` devices: four facilities, more of them above 12,000, at most 40."""
    specs = _facility_specs(devices)
    quotas = shares(devices, [spec["weight"] for spec in specs])
    return tuple(
        FacilityPlan(spec["code"], spec["name"], spec["time_zone"], spec["address"], _units(spec["kind"], spec["buildings"], quota), quota)
        for spec, quota in zip(specs, quotas, strict=True)
    )


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """Split ``total`` by ``weights`` into whole parts that add up to it (largest remainders)."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [int(value) for value in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], i))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def fleet(unit: UnitPlan, chance: Chance, *, others: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield (index of the room, device type code) for what stands in ``unit``; ``others`` is what such a unit may also own."""
    for index, room in enumerate(unit.rooms):
        for code, mean in room.equipment.items():
            for _ in range(chance.around(mean)):
                yield index, code
                if others and chance.maybe(unit.tail):
                    yield index, chance.pick(others)


def unit_size(unit: UnitPlan) -> float:
    """Return the mean number of devices of a unit."""
    return sum(sum(room.equipment.values()) for room in unit.rooms) * (1 + unit.tail)


def _facility_specs(devices: int) -> list[dict[str, Any]]:
    sites = data("sites")
    specs = list(sites["facilities"])
    extra = min(max((devices - ONE_NETWORK) // DEVICES_PER_FACILITY + (devices > ONE_NETWORK), 0), MOST_FACILITIES - len(specs))
    further = sites["further"]
    for number in range(extra):
        place, kind = further["places"][number], further["kinds"][number % len(further["kinds"])]
        specs.append(
            {
                "code": place.upper(),
                "name": f"{place} {kind.capitalize()} Campus (synthetic)",
                "kind": kind,
                "time_zone": further["time_zones"][number % len(further["time_zones"])],
                "weight": {"hospital": 62, "community": 40, "ambulatory": 20}[kind],
                "address": f"{number + 5} Example Road, {place}",
                "buildings": ["North Building", "South Building", "Outpatient Building"],
            }
        )
    return specs


def _units(kind: str, buildings: Sequence[str], quota: int) -> tuple[UnitPlan, ...]:
    """Repeat the kind's units until they hold ``quota`` devices; a small quota gets all units with fewer rooms."""
    keys: Sequence[str] = data("wards")["kinds"][kind]
    complete = sum(unit_size(_unit(key, key, buildings[0], "", 1.0)) for key in keys)
    rounds = max(round(quota / complete), 1)
    factor = min(quota * FULL / (complete * rounds), 1.0)
    units: list[UnitPlan] = []
    seen: dict[str, int] = {}
    for key in list(keys) * rounds:
        seen[key] = seen.get(key, 0) + 1
        building, floor = _address(len(units), len(keys) * rounds, buildings)
        units.append(_unit(key, _numbered(key, seen[key], keys), building, floor, factor))
    return tuple(units)


def _numbered(key: str, number: int, keys: Sequence[str]) -> str:
    name: str = data("wards")["units"][key]["name"]
    return name if number == 1 and keys.count(key) == 1 else f"{name} {number}"


def _address(position: int, count: int, buildings: Sequence[str]) -> tuple[str, str]:
    """Spread units over the buildings, three to a floor."""
    per_building = -(-count // len(buildings))
    return buildings[position // per_building], f"Floor {position % per_building // UNITS_PER_FLOOR + 1}"


def _unit(key: str, name: str, building: str, floor: str, factor: float) -> UnitPlan:
    spec = data("wards")["units"][key]
    rooms = []
    for room_name, count, equipment in spec["rooms"]:
        wanted = max(round(count * factor), 1)
        thinned = equipment if count * factor >= 1 else {code: mean * count * factor for code, mean in equipment.items()}
        rooms += [RoomPlan(room_name if wanted == 1 else f"{room_name} {number:02d}", thinned) for number in range(1, wanted + 1)]
    return UnitPlan(
        key, name, building, floor, spec["department"], spec["cost_centre"], spec["place"], spec["tail"], tuple(rooms),
        spec.get("systems", {}),
    )  # fmt: skip
