"""Spread the work of a year: which month each group of visits should start in, so that no month carries too much.

Greedy, largest first. The proposal is for people to accept; it is never worse than what is planned now.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

LONGEST_HORIZON = 120


@dataclass(frozen=True, slots=True)
class Group:
    """Visits that move together: ``minutes`` at each occurrence, every ``interval_months``, from month ``current_offset`` on.

    Offsets count from 0 to ``interval_months`` - 1; ``allowed`` are those it may move to. ``place`` is where the work is.
    """

    key: str
    minutes: int
    interval_months: int
    current_offset: int
    allowed: frozenset[int]
    place: str = ""

    def __post_init__(self) -> None:
        offsets = range(self.interval_months)
        if self.interval_months > LONGEST_HORIZON:
            raise ValueError(f"group {self.key} comes less than once in {LONGEST_HORIZON} months, too seldom to level")
        if self.minutes < 0 or self.current_offset not in offsets or not self.allowed or not self.allowed <= frozenset(offsets):
            raise ValueError(f"group {self.key} needs offsets from 0 to its interval minus 1, and minutes of 0 or more")


@dataclass(frozen=True, slots=True)
class Move:
    """One group that should start in another month."""

    key: str
    from_offset: int
    to_offset: int


@dataclass(frozen=True, slots=True)
class Loads:
    """Minutes of work in each month of the horizon; ``mean`` is the minutes of an average month, whatever the horizon."""

    minutes: tuple[int, ...]
    mean: float

    @property
    def peak(self) -> int:
        return max(self.minutes, default=0)

    @property
    def peak_to_mean(self) -> float:
        """1.0 is perfectly level, and so is no work at all."""
        return self.peak / self.mean if self.peak else 1.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """Every group's offset, the groups that move, and the load of each month before and after."""

    offsets: Mapping[str, int]
    moves: tuple[Move, ...]
    before: Loads
    after: Loads


def level(groups: Sequence[Group], *, together_minutes: int = 15) -> Proposal:
    """Propose an offset for each group; the same input gives the same proposal whatever its order.

    ``together_minutes`` is what a group may cost more in a month in which its place is visited anyway. The horizon is the
    least common multiple of the intervals, at most 120 months. Raises ValueError if two groups share a key.
    """
    ordered = sorted(groups, key=lambda one: one.key)
    if len({one.key for one in ordered}) < len(ordered):
        raise ValueError("two groups share a key")
    horizon = min(math.lcm(*(one.interval_months for one in ordered)), LONGEST_HORIZON)
    current = {one.key: one.current_offset for one in ordered}
    settled = [one for one in ordered if one.current_offset in one.allowed]
    unsettled = [one for one in ordered if one.current_offset not in one.allowed]
    kept = {one.key: one.current_offset for one in settled}
    candidates = [kept | _spread(unsettled, settled, horizon, together_minutes), _spread(ordered, (), horizon, together_minutes)]
    best = min(candidates, key=lambda one: _loads(ordered, one, horizon).peak)  # of two equal ones the one that moves less
    moves = [Move(one.key, current[one.key], best[one.key]) for one in ordered if best[one.key] != current[one.key]]
    return Proposal(best, tuple(moves), _loads(ordered, current, horizon), _loads(ordered, best, horizon))


def _loads(groups: Iterable[Group], offsets: Mapping[str, int], horizon: int) -> Loads:
    minutes = [0] * horizon
    rates = []
    for group in groups:
        rates.append(Fraction(group.minutes, group.interval_months))
        for month in range(offsets[group.key], horizon, group.interval_months):
            minutes[month] += group.minutes
    return Loads(tuple(minutes), float(sum(rates)))


def _spread(groups: Iterable[Group], fixed: Sequence[Group], horizon: int, together_minutes: int) -> dict[str, int]:
    """Assign the largest group first to the month it burdens least; ``fixed`` groups already stand where they are."""
    minutes = list(_loads(fixed, {one.key: one.current_offset for one in fixed}, horizon).minutes)
    visited = {(one.place, month) for one in fixed for month in range(one.current_offset, horizon, one.interval_months)}
    chosen: dict[str, int] = {}
    for group in sorted(groups, key=lambda one: (-one.minutes, one.interval_months, one.key)):
        offset = _best_offset(group, minutes, visited, together_minutes)
        chosen[group.key] = offset
        for month in range(offset, horizon, group.interval_months):
            minutes[month] += group.minutes
            visited.add((group.place, month))
    return chosen


def _best_offset(group: Group, minutes: Sequence[int], visited: set[tuple[str, int]], together_minutes: int) -> int:
    def cost(offset: int) -> tuple[float, int, bool, int]:
        months = range(offset, len(minutes), group.interval_months)
        together = bool(group.place) and all((group.place, month) in visited for month in months)
        loads = [minutes[month] for month in months]
        return max(loads, default=0) - (together_minutes if together else 0), sum(loads), offset != group.current_offset, offset

    return min(group.allowed, key=cost)
