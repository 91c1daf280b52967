"""Dice that fall the same way for the same seed, on every machine and in every order of the rest."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class Chance(random.Random):
    """A stream of its own for each thing that is made: naming it differently never disturbs the others."""

    @classmethod
    def of(cls, seed: int, *names: object) -> Chance:
        """Return the stream that belongs to ``seed`` and ``names``; text seeds are hashed with SHA-512, not ``hash()``."""
        return cls("/".join(map(str, (seed, *names))))

    def maybe(self, share: float) -> bool:
        return self.random() < share

    def pick(self, things: Sequence[T]) -> T:
        return things[int(self.random() * len(things))]

    def around(self, mean: float) -> int:
        """Return a whole number near ``mean`` whose average is ``mean``."""
        whole = int(mean)
        return whole + (self.random() < mean - whole)

    def by_weight(self, table: Weighted[T]) -> T:
        return table.at(self.random())


class Weighted(Generic[T]):
    """Things with weights, prepared once for many draws."""

    def __init__(self, things: dict[T, float]) -> None:
        total = sum(things.values())
        self._things = tuple(things)
        self._ends = tuple(end / total for end in accumulate(things.values()))

    def at(self, position: float) -> T:
        """Return the thing at ``position`` in [0, 1)."""
        for end, thing in zip(self._ends, self._things, strict=True):
            if position < end:
                return thing
        return self._things[-1]


def shuffle_step(count: int) -> int:
    """Return a step near the golden section of ``count`` that shares no divisor with it."""
    step = max(int(count * 0.6180339887), 1)
    while math.gcd(step, count) != 1:
        step += 1
    return step
