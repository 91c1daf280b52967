"""Coverage: how many people of a unit are trained on the devices it uses, and who they are.

``coverage`` is what rooms above read as evidence that staff are trained on equipment: it says, for every unit and device type, how many
people should be trained and how many of them are trained, due, lapsed or without a record, on any day. ``people_behind`` gives the
people of each number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.identity.actor import Actor
from openhtm.sites.models import Department
from openhtm.training.queries import facts
from openhtm.training.queries.facts import Person
from openhtm.training.rules.coverage import Line, Need, Standing, State, due_again, needs, newest, state, worst
from openhtm.training.rules.shipped import limits


@dataclass(frozen=True, slots=True)
class Cell:
    """A unit and a device type: how many people should be trained, by where they stand. Every state has its count; they add up."""

    department: Department
    type_id: int
    type_code: str
    type_name: str
    devices: int
    trained: int
    due: int
    lapsed: int
    unknown: int
    lines: tuple[int, ...]

    @property
    def should(self) -> int:
        return self.trained + self.due + self.lapsed + self.unknown

    @property
    def counts(self) -> tuple[tuple[State, int], ...]:
        return (State.TRAINED, self.trained), (State.DUE, self.due), (State.LAPSED, self.lapsed), (State.UNKNOWN, self.unknown)


@dataclass(frozen=True, slots=True)
class UnitCoverage:
    """A unit with its cells. A unit whose people nobody listed says so: ``people`` is 0."""

    department: Department
    people: int
    cells: tuple[Cell, ...]

    def count(self, wanted: State) -> int:
        return sum(amount for cell in self.cells for found, amount in cell.counts if found is wanted)

    @property
    def should(self) -> int:
        return sum(cell.should for cell in self.cells)

    @property
    def share(self) -> float | None:
        """Trained and not due again soon, as a share of those who should be; None where nobody should."""
        return self.count(State.TRAINED) / self.should if self.should else None


@dataclass(frozen=True, slots=True)
class Behind:
    """One person behind a number: where they stand with one device type, and why."""

    person: Person
    type_id: int
    state: State
    trained_on: date | None
    due_on: date | None
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True)
class RollOut:
    """A model that came into a unit, and whether its people are trained on it."""

    department: Department
    model: DeviceModel
    since: date
    due_by: date | None
    devices: int
    should: int
    trained: int
    late: bool

    @property
    def missing(self) -> int:
        return self.should - self.trained


@dataclass(slots=True)
class _Unit:
    """A unit with everything its states follow from."""

    department: Department
    standings: list[Standing]
    needs: tuple[Need, ...]
    people: list[Person] = field(default_factory=list)


def units(actor: Actor, *, facility: str = "", department_id: int | None = None) -> list[Department]:
    """Active units the actor sees, by facility and name. One statement."""
    found = Department.objects.visible_to(actor).filter(_within(actor), active=True)
    if facility:
        found = found.filter(facility__code__iexact=facility)
    if department_id is not None:
        found = found.filter(pk=department_id)
    return list(found.select_related("facility").order_by("facility__name", "name", "pk"))


def coverage(departments: Sequence[Department], *, on: date) -> list[UnitCoverage]:
    """Return the coverage of units on a day, in their order. Five statements for any number of units and people.

    Take the units from ``units(actor)``, so that nobody reads of units they do not see. A person counts once for each type: with the
    worst state among what the policy asks of the type (docs/reference/clinical-training.md). Units, people and policy are those of the
    day; where devices stand is known for today only.
    """
    found = _units(departments, on=on)
    states = _states(found, on=on)
    types = _types(found)
    result = []
    for unit in found:
        tally: dict[int, Counter[State]] = defaultdict(Counter)
        for one in states.get(unit.department.pk, ()):
            tally[one.type_id][one.state] += 1
        cells = [_cell(unit, types[type_id], tally[type_id]) for type_id in dict.fromkeys(need.type_id for need in unit.needs)]
        result.append(
            UnitCoverage(unit.department, len(unit.people), tuple(sorted(cells, key=lambda cell: (cell.type_name, cell.type_id))))
        )
    return result


def people_behind(departments: Sequence[Department], *, on: date, type_id: int | None = None, wanted: State | None = None) -> list[Behind]:
    """The people behind the numbers of ``coverage``, by unit and name. Four statements."""
    states = _states(_units(departments, on=on), on=on)
    return [
        one
        for department in departments
        for one in states.get(department.pk, ())
        if (type_id is None or one.type_id == type_id) and (wanted is None or one.state is wanted)
    ]


def roll_outs(departments: Sequence[Department], *, on: date, since: date, everything: bool = False) -> list[RollOut]:
    """Models whose first device came into a unit from ``since`` on, where the policy asks for training on each model.

    Without ``everything`` only those on which somebody is not trained yet. The latest deadline first. Five statements.
    """
    found = _units(departments, on=on)
    trained = facts.trained([person.pk for unit in found for person in unit.people], on=on)
    fresh = [
        (unit, standing, need)
        for unit in found
        for standing in unit.standings
        for need in unit.needs
        if need.model_id == standing.model_id and standing.first_on is not None and standing.first_on >= since
    ]
    models = DeviceModel.objects.select_related("manufacturer", "device_type").in_bulk({standing.model_id for _, standing, _ in fresh})
    rows = []
    for unit, standing, need in fresh:
        done = sum(1 for person in unit.people if newest(need, trained.get(person.pk, {})) is not None)
        missing = len(unit.people) - done
        if standing.first_on and (everything or missing):
            late = bool(missing) and (need.due_by is None or on > need.due_by)
            rows.append(
                RollOut(
                    unit.department,
                    models[standing.model_id],
                    standing.first_on,
                    need.due_by,
                    standing.devices,
                    len(unit.people),
                    done,
                    late,
                )
            )
    return sorted(rows, key=lambda row: (not row.missing, row.due_by or row.since, row.department.name, row.model.pk))


def needs_of(person_units: Sequence[Department], *, on: date) -> dict[int, tuple[Need, ...]]:
    """What the people of each unit need, by unit. Two statements."""
    return {unit.department.pk: unit.needs for unit in _units(person_units, on=on, with_people=False)}


def standing_of(person: Person, asked: Sequence[Need], *, on: date) -> list[Behind]:
    """Where one person stands with each type they need. One statement."""
    return list(_of_person(person, _by_type(asked), facts.trained([person.pk], on=on).get(person.pk, {}), on))


def _within(actor: Actor) -> Q:
    reach = actor.reach()
    return Q() if reach.everywhere else Q(facility_id__in=reach.facility_ids) | Q(pk__in=reach.department_ids)


def _units(departments: Sequence[Department], *, on: date, with_people: bool = True) -> list[_Unit]:
    keys = [department.pk for department in departments]
    stand, lines = facts.standings(keys, on=on), facts.policy_lines(on=on)
    people = facts.people(keys, on=on) if with_people else {}
    made = []
    for department in departments:
        here: list[Line] = [line for facility, line in lines if facility in (None, department.facility_id)]
        there = stand.get(department.pk, [])
        made.append(_Unit(department, there, needs(there, here), people.get(department.pk, [])))
    return made


def _states(found: Sequence[_Unit], *, on: date) -> dict[int, list[Behind]]:
    """Everybody's state with each type, by unit. One statement."""
    trained = facts.trained([person.pk for unit in found for person in unit.people], on=on)
    result: dict[int, list[Behind]] = {}
    for unit in found:
        asked = _by_type(unit.needs)
        result[unit.department.pk] = [one for person in unit.people for one in _of_person(person, asked, trained.get(person.pk, {}), on)]
    return result


def _by_type(asked: Sequence[Need]) -> dict[int, tuple[Need, ...]]:
    grouped: dict[int, list[Need]] = defaultdict(list)
    for need in asked:
        grouped[need.type_id].append(need)
    return {type_id: tuple(group) for type_id, group in grouped.items()}


def _of_person(person: Person, asked: dict[int, tuple[Need, ...]], trained: dict[tuple[int, int], date], on: date) -> Iterator[Behind]:
    soon = limits().due_soon_days
    for type_id, group in asked.items():
        days = [newest(need, trained) for need in group]
        states = [state(need, day, on=on, soon_days=soon) for need, day in zip(group, days, strict=True)]
        last = max((day for day in days if day), default=None)
        again = [due_again(need, day) if day else need.due_by for need, day in zip(group, days, strict=True)]
        yield Behind(person, type_id, worst(states), last, min((day for day in again if day), default=None), group)


def _cell(unit: _Unit, kind: DeviceType, tally: Counter[State]) -> Cell:
    asked = [need for need in unit.needs if need.type_id == kind.pk]
    return Cell(
        department=unit.department,
        type_id=kind.pk,
        type_code=kind.code,
        type_name=kind.name,
        devices=sum(one.devices for one in unit.standings if one.type_id == kind.pk),
        trained=tally[State.TRAINED],
        due=tally[State.DUE],
        lapsed=tally[State.LAPSED],
        unknown=tally[State.UNKNOWN],
        lines=tuple(sorted({line for need in asked for line in need.lines})),
    )


def _types(found: Sequence[_Unit]) -> dict[int, DeviceType]:
    return DeviceType.objects.only("pk", "code", "name").in_bulk({need.type_id for unit in found for need in unit.needs})
