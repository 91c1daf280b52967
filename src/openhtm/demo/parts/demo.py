"""What the parts of the demo hospital share while it is built."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openhtm.demo.rules.answers import StepAnswers
from openhtm.demo.rules.chance import Chance
from openhtm.demo.rules.plan import FacilityPlan, UnitPlan
from openhtm.identity.actor import Actor

if TYPE_CHECKING:
    from openhtm.demo.parts.orders import Numbers


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A device model in the catalogue: its key, its type's, and what its devices take over."""

    pk: int
    maker: str
    name: str
    introduced: int
    price_cents: int
    life_years: int
    di: str
    versions: tuple[str, ...]
    type_code: str
    type_pk: int
    high_risk: bool
    networked: bool
    aem_ineligible: bool


@dataclass(slots=True)
class UnitPlaces:
    """Where a unit is: keys of its area, of its rooms in the order of the plan, and of its department."""

    plan: UnitPlan
    area: int
    rooms: list[int]
    department: int


@dataclass(slots=True, eq=False)
class FacilityPlaces:
    """A facility's key and its units, with all rooms for moves and sightings."""

    plan: FacilityPlan
    pk: int
    units: list[UnitPlaces] = field(default_factory=list)
    rooms: list[int] = field(default_factory=list)
    staff: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does the work: skills, and (from day, cents an hour) in force from that day on, newest first."""

    pk: int
    name: str
    skills: tuple[str, ...]
    rates: tuple[tuple[dt.date, int], ...]

    def rate_on(self, day: dt.date) -> int:
        return next((cents for since, cents in self.rates if since <= day), self.rates[-1][1])


@dataclass(frozen=True, slots=True)
class TesterFacts:
    """An instrument: what it serves as, and its calibrations (performed, due), newest first."""

    pk: int
    device: int
    kinds: frozenset[str]
    calibrations: tuple[tuple[dt.date, dt.date], ...]

    def due_for(self, day: dt.date) -> dt.date | None:
        """The due day of the calibration in force on ``day``; None if there was none."""
        return next((due for done, due in self.calibrations if done <= day <= due), None)


@dataclass(frozen=True, slots=True)
class ProcedureFacts:
    """A released procedure and the answers its steps are drawn from."""

    pk: int
    code: str
    name: str
    kind: str
    version: int
    est_min: int
    skill: str
    tester_kinds: tuple[str, ...]
    answers: tuple[StepAnswers, ...]


@dataclass(slots=True)
class Demo:
    """One build: what was asked for, and what the parts have made so far."""

    devices: int
    seed: int
    years: int
    as_of: dt.date
    actor: Actor
    tell: Callable[[str], None]
    plan: tuple[FacilityPlan, ...]
    facilities: list[FacilityPlaces] = field(default_factory=list)
    providers: dict[str, int] = field(default_factory=dict)
    users: dict[str, tuple[int, str]] = field(default_factory=dict)
    models: dict[str, list[ModelFacts]] = field(default_factory=dict)
    unreadable: dict[str, ModelFacts] = field(default_factory=dict)
    places_of_types: dict[str, list[str]] = field(default_factory=dict)
    people: dict[int, list[Person]] = field(default_factory=dict)
    teams: dict[int, int] = field(default_factory=dict)
    staff: dict[int, int] = field(default_factory=dict)
    """Key of the staff record behind an account, by the key of the account."""
    testers: dict[int, list[TesterFacts]] = field(default_factory=dict)
    procedures: dict[int, ProcedureFacts] = field(default_factory=dict)
    codes: dict[tuple[str, str], int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    numbers: Numbers | None = None

    def chance(self, *names: object) -> Chance:
        """Return the stream of chance that belongs to ``names``."""
        return Chance.of(self.seed, *names)

    @property
    def horizon(self) -> dt.date:
        """The first day of which there is a record."""
        return self.as_of - dt.timedelta(days=int(self.years * 365.25))

    @property
    def now(self) -> dt.datetime:
        """The moment up to which things have happened: noon of the reference day, UTC."""
        return dt.datetime.combine(self.as_of, dt.time(12), tzinfo=dt.UTC)
