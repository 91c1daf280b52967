"""What a person may reach and do, in the terms of this room. Whoever asks is described by ``identity``, which lies above."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from openhtm.core.errors import NotAllowed


class Right(StrEnum):
    """The permissions of this room, worded as in ``identity.rules.permissions`` (a test there keeps them equal)."""

    VIEW_SITES = "see places and departments"
    EDIT_SITES = "change places and departments"
    EDIT_ORGANISATION = "change facilities and the organisation"


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

    def sees_facility(self, facility_id: int) -> bool:
        """True if everything at the facility is seen, not a department's or a provider's part of it."""
        return self.everywhere or facility_id in self.facility_ids


class Scoped(Protocol):
    """Anything that can say how far it reaches and what it may do: in practice ``identity.actor.Actor``."""

    def reach(self) -> Reach: ...

    def may(self, permission: Any, *, at: int | None = None) -> bool: ...

    def may_everywhere(self, permission: Any) -> bool: ...


def require(actor: Scoped, right: Right, *, at: int | None = None) -> None:
    """Raise NotAllowed unless ``actor`` holds ``right`` at facility ``at`` (None: anywhere)."""
    if not actor.may(right, at=at):
        raise NotAllowed(permission=right.value, place="this facility")


def require_everywhere(actor: Scoped, right: Right) -> None:
    """Raise NotAllowed unless ``actor`` holds ``right`` for the whole organisation."""
    if not actor.may_everywhere(right):
        raise NotAllowed(permission=right.value, place="the whole organisation")
