"""Who should learn what, so that each type has the people it should have, and what that costs.

Proposals are reproducible: the same facts give the same plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappush, heapreplace

from openhtm.competence.rules.cover import URGENCY, Cover
from openhtm.competence.rules.levels import RANKS, Level


@dataclass(frozen=True, slots=True)
class Want:
    """A type that lacks ``people``. ``skill`` is the skill its procedures name, or empty."""

    type_id: int
    cover: Cover
    high_risk: bool
    people: int
    skill: str = ""


@dataclass(frozen=True, slots=True)
class Trainee:
    """Somebody who stays. ``load`` is how many types they cover already."""

    staff_id: int
    skills: frozenset[str] = frozenset()
    load: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """What training one person for a type costs; ``cost_cents`` None: nobody said."""

    offer_id: int
    cost_cents: int | None
    minutes: int


@dataclass(frozen=True, slots=True)
class Proposal:
    type_id: int
    staff_id: int
    cover: Cover
    course: Course | None
    nearness: str
    """Why this person: ``has_begun`` (holds a lower level), ``lapsed``, ``same_skill`` or ``least_load``."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The proposals; ``unfilled`` maps a type to the number of people for whom nobody could be found."""

    proposals: tuple[Proposal, ...]
    unfilled: Mapping[int, int]

    @property
    def cost_cents(self) -> int:
        return sum(one.course.cost_cents or 0 for one in self.proposals if one.course)

    @property
    def uncosted(self) -> int:
        """How many proposals have no known cost: the total is at least this incomplete."""
        return sum(1 for one in self.proposals if one.course is None or one.course.cost_cents is None)


MOST_FOR_ONE = 3
"""More courses than these for one person in one plan are not proposed while others are free."""
_NEAR = ("has_begun", "lapsed", "same_skill", "least_load")


def plan(
    *, wants: Iterable[Want], people: Sequence[Trainee], begun: Mapping[tuple[int, int], Level], lapsed: frozenset[tuple[int, int]],
    able: Mapping[int, frozenset[int]], courses: Mapping[int, Course],
) -> Plan:  # fmt: skip
    """Propose people for each want, the worst cover first, high-risk before others.

    ``begun`` and ``lapsed`` are (staff, type) with a lower level, or a sign-off that ran out; ``able`` maps a type to those who can
    already or are planned to; ``courses`` maps a type to its course. Nobody is proposed twice for a type, nor who is able.
    """
    load = {one.staff_id: one.load for one in people}
    given = dict.fromkeys(load, 0)
    proposals: list[Proposal] = []
    unfilled: dict[int, int] = {}
    near = _near(begun, lapsed, load)
    for want in sorted(wants, key=lambda one: (URGENCY.index(one.cover), not one.high_risk, one.type_id)):
        chosen = _choose(want, people, near.get(want.type_id, {}), able.get(want.type_id, frozenset()), given)
        for staff_id, nearness in chosen:
            given[staff_id] += 1
            proposals.append(Proposal(want.type_id, staff_id, want.cover, courses.get(want.type_id), nearness))
        if len(chosen) < want.people:
            unfilled[want.type_id] = want.people - len(chosen)
    return Plan(tuple(proposals), unfilled)


def _near(
    begun: Mapping[tuple[int, int], Level], lapsed: frozenset[tuple[int, int]], load: Mapping[int, int]
) -> dict[int, dict[int, tuple[int, int]]]:
    """By type: whoever holds something of it, with how near that is."""
    found: dict[int, dict[int, tuple[int, int]]] = {}
    for staff_id, type_id in lapsed:
        if staff_id in load:
            found.setdefault(type_id, {})[staff_id] = (1, 0)
    for (staff_id, type_id), level in begun.items():
        if staff_id in load:
            found.setdefault(type_id, {})[staff_id] = (0, -RANKS[level])
    return found


def _choose(
    want: Want, people: Sequence[Trainee], near: Mapping[int, tuple[int, int]], able: frozenset[int], given: Mapping[int, int]
) -> list[tuple[int, str]]:
    """Return the best ``want.people``: nearest first, then who got least in this plan, then who carries least. One pass over the people."""
    best: list[tuple[tuple[int, ...], Trainee, str]] = []
    for one in people:
        if one.staff_id in able:
            continue
        step, closeness = near.get(one.staff_id, (2 if want.skill and want.skill in one.skills else 3, 0))
        full = int(given[one.staff_id] >= MOST_FOR_ONE)
        rank = (full, step, closeness, given[one.staff_id], one.load, one.staff_id)
        entry = (tuple(-part for part in rank), one, _NEAR[step])
        if len(best) < want.people:
            heappush(best, entry)
        elif best and entry[0] > best[0][0]:
            heapreplace(best, entry)
    return [(one.staff_id, word) for _, one, word in sorted(best, reverse=True, key=lambda entry: entry[0])]
