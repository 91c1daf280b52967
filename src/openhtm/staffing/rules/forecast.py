"""Hours needed by skill and month against hours people have: a pure function of facts and assumptions.

What is needed: scheduled visits, repairs expected from past rates, projects, and for everybody with paid hours training and
administration. What there is: the paid time of the month less absences (recorded or expected, whichever is more), of which a share can
be booked on work. People of whom only bookable hours are known bring those, and no training or administration is added for them.
Source of the sum: workload-based staffing, FTE = needed hours / (paid hours of a year x productive fraction).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from openhtm.staffing.rules.assumptions import Assumed
from openhtm.staffing.rules.intervals import poisson_interval


@dataclass(frozen=True, slots=True)
class Repairs:
    """Repairs of one skill that were closed in the months looked back at, and the minutes booked on them."""

    skill: str
    orders: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Project:
    """Minutes of one skill, spread evenly over [from_on, until_on)."""

    skill: str
    minutes: int
    from_on: date
    until_on: date


@dataclass(frozen=True, slots=True)
class Person:
    """One person (or line of hours) in a month, all in minutes. ``paid_min`` None: only ``bookable_min`` is known."""

    staff_id: int
    skills: tuple[str, ...]
    bookable_min: int
    paid_min: int | None
    off_min: int = 0


@dataclass(slots=True)
class Cell:
    """What one skill needs in one month and what there is for it, in minutes. ``*_low`` and ``*_high``: the interval of the repairs."""

    scheduled: float = 0
    corrective: float = 0
    corrective_low: float = 0
    corrective_high: float = 0
    projects: float = 0
    available: float = 0

    @property
    def needed(self) -> float:
        return self.scheduled + self.corrective + self.projects


@dataclass(slots=True)
class MonthNeed:
    """One month: its cells by skill (blank: any), what people need for themselves, and what all of them have."""

    month: date
    skills: dict[str, Cell] = field(default_factory=dict)
    training: float = 0
    administration: float = 0
    available: float = 0
    people: int = 0
    estimated_people: int = 0

    @property
    def work(self) -> float:
        return sum(cell.needed for cell in self.skills.values())

    @property
    def needed(self) -> float:
        return self.work + self.training + self.administration

    @property
    def low(self) -> float:
        return self.needed - sum(cell.corrective - cell.corrective_low for cell in self.skills.values())

    @property
    def high(self) -> float:
        return self.needed + sum(cell.corrective_high - cell.corrective for cell in self.skills.values())


@dataclass(frozen=True, slots=True)
class Forecast:
    """Months in order."""

    months: tuple[MonthNeed, ...]
    assumed: Assumed

    @property
    def needed(self) -> float:
        return sum(month.needed for month in self.months)

    @property
    def available(self) -> float:
        return sum(month.available for month in self.months)

    @property
    def fte_needed(self) -> float:
        """Full-time people that the work of these months takes."""
        return self._fte(self.needed)

    @property
    def fte_low(self) -> float:
        return self._fte(sum(month.low for month in self.months))

    @property
    def fte_high(self) -> float:
        return self._fte(sum(month.high for month in self.months))

    @property
    def fte_available(self) -> float:
        return self._fte(self.available)

    def _fte(self, minutes: float) -> float:
        years = len(self.months) / 12
        return minutes / 60 / (self.assumed.paid_hours_per_year * self.assumed.productive_fraction * years) if years else 0.0

    def by_skill(self) -> dict[str, Cell]:
        """The months of each skill added up, the most needed first."""
        total: dict[str, Cell] = {}
        for month in self.months:
            for skill, cell in month.skills.items():
                add(total.setdefault(skill, Cell()), cell)
        return dict(sorted(total.items(), key=lambda entry: (-entry[1].needed, entry[0])))


def add(to: Cell, cell: Cell) -> None:
    for name in Cell.__dataclass_fields__:
        setattr(to, name, getattr(to, name) + getattr(cell, name))


def forecast(
    *, months: Sequence[tuple[date, date]], scheduled: Mapping[tuple[date, str], float], repairs: Sequence[Sequence[Repairs]],
    projects: Iterable[Project], people: Sequence[Sequence[Person]], assumed: Assumed,
) -> Forecast:  # fmt: skip
    """Put the months together. ``months`` are half-open; ``scheduled`` are minutes by first day of the month and skill; ``repairs`` and
    ``people`` go month by month beside ``months``. Nothing is lost: what is needed over all months is the sum of what went in.
    """
    given = list(projects)
    found = (_month(month, scheduled, repairs[k], given, people[k], assumed) for k, month in enumerate(months))
    return Forecast(tuple(found), assumed)


def _month(
    month: tuple[date, date], scheduled: Mapping[tuple[date, str], float], repairs: Sequence[Repairs], projects: Sequence[Project],
    people: Sequence[Person], assumed: Assumed,
) -> MonthNeed:  # fmt: skip
    cells: dict[str, Cell] = defaultdict(Cell)
    for (first, skill), minutes in scheduled.items():
        if first == month[0]:
            cells[skill].scheduled += minutes
    for one in repairs:
        add(cells[one.skill], _rate(one, assumed))
    for project in projects:
        if share := _share(project, month):
            cells[project.skill].projects += share
    found = MonthNeed(month[0], cells)
    _people(found, people, assumed)
    found.skills = dict(sorted(cells.items()))
    return found


def _people(found: MonthNeed, people: Sequence[Person], assumed: Assumed) -> None:
    """Count everybody once in all, and once for each of their skills: a skill's hours may be somebody else's too."""
    for person in people:
        minutes = bookable(person, assumed)
        found.available += minutes
        for skill in person.skills:
            found.skills.setdefault(skill, Cell()).available += minutes
    paid = {person.staff_id for person in people if person.paid_min}
    found.people = len({person.staff_id for person in people})
    found.estimated_people = found.people - len(paid)
    found.training = len(paid) * assumed.training_hours_per_year * 60 / 12
    found.administration = len(paid) * assumed.administration_hours_per_month * 60


def bookable(person: Person, assumed: Assumed) -> float:
    """Minutes that can be booked on work. Absences not recorded yet are expected at the usual share."""
    if person.paid_min is None:
        return person.bookable_min
    present = person.paid_min - max(person.off_min, person.paid_min * assumed.expected_off)
    return max(present, 0) * assumed.productive_of_present


def _rate(repairs: Repairs, assumed: Assumed) -> Cell:
    """Repairs of one month: the mean, and the interval of their number at the mean minutes of one."""
    each = repairs.minutes / repairs.orders if repairs.orders else 0.0
    low, high = poisson_interval(repairs.orders, confidence=assumed.interval_confidence)
    per_month = each / assumed.corrective_months
    return Cell(corrective=repairs.orders * per_month, corrective_low=low * per_month, corrective_high=high * per_month)


def _share(project: Project, month: tuple[date, date]) -> float:
    days = (min(project.until_on, month[1]) - max(project.from_on, month[0])).days
    return project.minutes * days / (project.until_on - project.from_on).days if days > 0 else 0.0
