"""Visits that one person can do in one go: the same place, the same skill, and a day that lies in every window (DOMAIN 2.5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class DueWork:
    """A visit to be done: where, with which skill, how long (minutes), and its first and last day on time."""

    key: int
    place: str
    skill: str
    minutes: int
    opens_on: date
    until_on: date


@dataclass(slots=True)
class Batch:
    """Visits done together; every day from ``opens_on`` to ``until_on`` lies in the window of each."""

    place: str
    skill: str
    opens_on: date
    until_on: date
    keys: list[int] = field(default_factory=list)
    minutes: int = 0

    def takes(self, work: DueWork, day_min: int) -> bool:
        meets = max(self.opens_on, work.opens_on) <= min(self.until_on, work.until_on)
        return meets and (not self.keys or self.minutes + work.minutes <= day_min)

    def add(self, work: DueWork) -> None:
        self.opens_on, self.until_on = max(self.opens_on, work.opens_on), min(self.until_on, work.until_on)
        self.keys.append(work.key)
        self.minutes += work.minutes


def batches(works: Sequence[DueWork], *, day_min: int, smallest: int = 2) -> tuple[list[Batch], list[int]]:
    """Return batches of at most ``day_min`` minutes (one visit may be longer), and the keys of visits that stand alone.

    Every visit is in one batch or alone. Batches come by place, then skill, then their last day.
    """
    found: dict[tuple[str, str], list[Batch]] = {}
    for work in sorted(works, key=lambda one: (one.place, one.skill, one.until_on, one.opens_on, one.key)):
        mine = found.setdefault((work.place, work.skill), [])
        batch = next((one for one in mine if one.takes(work, day_min)), None)
        if batch is None:
            batch = Batch(work.place, work.skill, work.opens_on, work.until_on)
            mine.append(batch)
        batch.add(work)
    every = [batch for mine in found.values() for batch in mine]
    alone = sorted(key for batch in every if len(batch.keys) < smallest for key in batch.keys)
    return sorted(
        (one for one in every if len(one.keys) >= smallest), key=lambda one: (one.place, one.skill, one.until_on, one.keys)
    ), alone
