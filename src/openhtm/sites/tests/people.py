"""Somebody acting, for tests of a room that does not know users."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from openhtm.sites.scope import Reach, Right


@dataclass(frozen=True)
class Somebody:
    """Holds ``rights`` at ``facilities`` (None: everywhere)."""

    rights: frozenset[Right] = frozenset(Right)
    facilities: frozenset[int] | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def reach(self) -> Reach:
        if self.facilities is None:
            return Reach(everywhere=True)
        return Reach(facility_ids=self.facilities, touched_facility_ids=self.facilities)

    def may(self, permission: Any, *, at: int | None = None) -> bool:
        return permission in self.rights and (self.facilities is None or at is None or at in self.facilities)

    def may_everywhere(self, permission: Any) -> bool:
        return self.facilities is None and permission in self.rights


EVERYBODY = Somebody()


def of(*facilities: Any, rights: frozenset[Right] = frozenset(Right)) -> Somebody:
    return Somebody(rights, frozenset(facility.pk for facility in facilities))
