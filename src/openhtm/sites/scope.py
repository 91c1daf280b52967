"""What a person may reach, in the terms of this room. Whoever asks is described by ``identity``, which lies above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody may see records, as plain keys, so that a list needs no join to check it.

    ``facility_ids`` see everything there; ``department_ids`` only that department's; ``provider_facilities`` pairs
    (service provider, facility or None for all) only what that provider maintains.
    """

    everywhere: bool = False
    facility_ids: frozenset[int] = frozenset()
    department_ids: frozenset[int] = frozenset()
    provider_facilities: frozenset[tuple[int, int | None]] = frozenset()
    touched_facility_ids: frozenset[int] = frozenset()


class Scoped(Protocol):
    """Anything that can say how far it reaches: in practice ``identity.actor.Actor``."""

    def reach(self) -> Reach: ...
