"""The life of one synthetic device: bought, accepted, repaired, and for some retired. Pure; every step is an allowed one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from openhtm.demo.rules.chance import Chance, Weighted
from openhtm.inventory.rules.status import Status

S = Status
DAYS_PER_YEAR = 365.25

TODAY = Weighted({
    S.IN_SERVICE: 0.872, S.IN_REPAIR: 0.026, S.OUT_OF_SERVICE: 0.012, S.STORED: 0.022, S.MISSING: 0.012, S.SEQUESTERED: 0.002,
    S.IN_ACCEPTANCE: 0.005, S.RECEIVED: 0.004, S.ORDERED: 0.004, S.PLANNED: 0.003, S.RETIRED: 0.015, S.DISPOSED: 0.023,
})  # fmt: skip
"""How a fleet is spread over the statuses on any day; devices far past their life are retired more often."""
BEFORE_USE: dict[Status, tuple[Status, ...]] = {
    S.PLANNED: (S.PLANNED,),
    S.ORDERED: (S.PLANNED, S.ORDERED),
    S.RECEIVED: (S.ORDERED, S.RECEIVED),
    S.IN_ACCEPTANCE: (S.RECEIVED, S.IN_ACCEPTANCE),
}
REASONS: dict[Status, tuple[str, ...]] = {
    S.IN_REPAIR: (
        "Does not power on",
        "Battery does not hold charge",
        "Alarm fault",
        "Display damaged",
        "Failed its inspection",
        "Dropped",
    ),
    S.OUT_OF_SERVICE: ("Waiting for parts", "Waiting for a decision on repair", "Accessory missing"),
    S.MISSING: ("Not found on three rounds", "Not found at inventory count"),
    S.SEQUESTERED: ("Kept as evidence after an event report",),
    S.RETIRED: ("Replaced by a newer model", "Parts no longer available", "Not worth repairing", "Service no longer offered here"),
    S.DISPOSED: ("Recycled by a certified company", "Returned to the lessor", "Traded in"),
    S.STORED: ("Ward closed for rebuilding", "Kept as a spare"),
}


@dataclass(slots=True)
class Step:
    """One dated change of status; ``before`` is empty for the first."""

    before: str
    after: str
    on: dt.date
    reason: str


@dataclass(slots=True)
class Life:
    """Dates and steps of one device. ``acquired_on`` is None before it was received."""

    status: Status
    steps: list[Step] = field(default_factory=list)
    manufactured_on: dt.date | None = None
    acquired_on: dt.date | None = None
    in_service_on: dt.date | None = None
    warranty_ends_on: dt.date | None = None
    retired_on: dt.date | None = None


def last_sold_on(introduced: int) -> dt.date | None:
    """Return the last day a model of that year was sold, None while it still is; its support ends three years later."""
    return dt.date(introduced + 11, 12, 31) if introduced <= 2010 else None


def live(chance: Chance, *, life_years: int, introduced: int, as_of: dt.date, years: int) -> Life:
    """Make the life of a device whose model came in the year ``introduced`` and whose kind lasts ``life_years``.

    Steps older than ``years`` before ``as_of`` are not known: such a device begins as taken over from an older list.
    """
    age = chance.triangular(0, 1.25, 0.45) * life_years * DAYS_PER_YEAR
    acquired = max(as_of - dt.timedelta(days=int(age) + 30), dt.date(introduced, 1, 15))
    sold_until = last_sold_on(introduced) or as_of
    acquired = min(acquired, as_of - dt.timedelta(days=30), sold_until)
    status = chance.by_weight(TODAY)
    if age > life_years * 1.1 * DAYS_PER_YEAR and status is S.IN_SERVICE and chance.maybe(0.3):
        status = S.DISPOSED
    if status in BEFORE_USE and sold_until < as_of:
        status = S.IN_SERVICE
    if status in BEFORE_USE:
        return _not_yet(chance, status, as_of)
    if (as_of - acquired).days < 400 and status in (S.RETIRED, S.DISPOSED):
        status = S.IN_SERVICE
    life = Life(status, manufactured_on=acquired - dt.timedelta(days=chance.randrange(30, 240)), acquired_on=acquired)
    life.in_service_on = acquired + dt.timedelta(days=chance.randrange(2, 25))
    life.warranty_ends_on = acquired.replace(day=min(acquired.day, 28), year=acquired.year + (2 if chance.maybe(0.3) else 1))
    horizon = as_of - dt.timedelta(days=int(years * DAYS_PER_YEAR))
    _enter(life, acquired, horizon)
    _use(chance, life, as_of, max(horizon, life.in_service_on))
    return life


def _not_yet(chance: Chance, status: Status, as_of: dt.date) -> Life:
    life = Life(status)
    day = as_of - dt.timedelta(days=chance.randrange(20, 90))
    for step in BEFORE_USE[status]:
        _step(life, step, day, "")
        day = min(day + dt.timedelta(days=chance.randrange(3, 20)), as_of)
    if status in (S.RECEIVED, S.IN_ACCEPTANCE):
        life.acquired_on = life.steps[-1].on
    return life


def _enter(life: Life, acquired: dt.date, horizon: dt.date) -> None:
    assert life.in_service_on
    if acquired < horizon:
        _step(life, S.IN_SERVICE, max(horizon, life.in_service_on), "Taken over from an older list")
        return
    _step(life, S.RECEIVED, acquired, "")
    _step(life, S.IN_ACCEPTANCE, acquired + dt.timedelta(days=1), "")
    _step(life, S.IN_SERVICE, life.in_service_on, "")


def _use(chance: Chance, life: Life, as_of: dt.date, since: dt.date) -> None:
    """Repairs on the way, one every seven years or so, then what leads to today's status."""
    last = _last_day(chance, life.status, as_of, since)
    span = (last - since).days
    for day in sorted(chance.randrange(span) for _ in range(chance.around(span / 2500)) if span > 90):
        began = max(since + dt.timedelta(days=day), life.steps[-1].on)
        ended = began + dt.timedelta(days=chance.randrange(1, 21))
        if ended >= last:
            break
        _step(life, S.IN_REPAIR, began, chance.pick(REASONS[S.IN_REPAIR]))
        _step(life, S.IN_SERVICE, ended, "Repaired and tested")
    last = max(last, life.steps[-1].on)
    if life.status is S.DISPOSED:
        _step(life, S.RETIRED, last, chance.pick(REASONS[S.RETIRED]))
        last = min(last + dt.timedelta(days=chance.randrange(10, 90)), as_of)
    if life.status is not S.IN_SERVICE:
        _step(life, life.status, last, chance.pick(REASONS[life.status]))
    if life.status in (S.RETIRED, S.DISPOSED):
        life.retired_on = last


def _last_day(chance: Chance, status: Status, as_of: dt.date, since: dt.date) -> dt.date:
    if status is S.IN_SERVICE:
        return as_of
    longest = 1500 if status in (S.RETIRED, S.DISPOSED) else 120
    return max(as_of - dt.timedelta(days=chance.randrange(1, longest)), since)


def _step(life: Life, after: Status, on: dt.date, reason: str) -> None:
    life.steps.append(Step(life.steps[-1].after if life.steps else "", after.value, on, reason))
