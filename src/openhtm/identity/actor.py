"""Whoever does something: a person, a token or the system, with the rights they hold at this moment.

Built once per request from one query, so that every list can be restricted by plain keys (ADR 0007).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from openhtm.core.errors import NotAllowed
from openhtm.identity.rules.permissions import GRANTS, Permission, Role
from openhtm.sites.scope import Reach


@dataclass(frozen=True, slots=True)
class Grant:
    """One role at one facility (None: all). ``department_id`` and ``provider_id`` narrow what is seen there."""

    role: Role
    facility_id: int | None = None
    department_id: int | None = None
    provider_id: int | None = None

    def gives(self, permission: Permission) -> bool:
        return permission in GRANTS[self.role]


@dataclass(frozen=True)
class Actor:
    """Somebody acting. ``user_id`` is None for the system itself."""

    user_id: int | None
    name: str
    grants: tuple[Grant, ...]
    token_id: int | None = None
    read_only: bool = False

    @classmethod
    def system(cls, name: str) -> Actor:
        """The platform acting by itself, such as ``Actor.system("nightly job")``: every right everywhere."""
        return cls(user_id=None, name=name, grants=(Grant(Role.ADMINISTRATOR),))

    def may(self, permission: Permission, *, at: int | None = None) -> bool:
        """True if any grant gives ``permission`` at facility ``at``; with ``at=None``: anywhere at all."""
        return any(g.gives(permission) and (at is None or g.facility_id in (None, at)) for g in self.grants)

    def may_everywhere(self, permission: Permission) -> bool:
        return any(g.gives(permission) and g.facility_id is None for g in self.grants)

    def facilities_for(self, permission: Permission) -> frozenset[int] | None:
        """The facilities where ``permission`` is held; None means all of them."""
        if self.may_everywhere(permission):
            return None
        return frozenset(g.facility_id for g in self.grants if g.gives(permission) and g.facility_id is not None)

    @cached_property
    def roles(self) -> frozenset[Role]:
        return frozenset(g.role for g in self.grants)

    @cached_property
    def _reach(self) -> Reach:
        whole = [g for g in self.grants if g.department_id is None and g.provider_id is None]
        vendor = [g for g in self.grants if g.provider_id is not None]
        if any(g.facility_id is None for g in whole):
            return Reach(everywhere=True)
        return Reach(
            facility_ids=frozenset(g.facility_id for g in whole if g.facility_id is not None),
            department_ids=frozenset(g.department_id for g in self.grants if g.department_id is not None),
            provider_facilities=frozenset((g.provider_id, g.facility_id) for g in vendor if g.provider_id is not None),
            touched_facility_ids=frozenset(g.facility_id for g in self.grants if g.facility_id is not None),
        )

    def reach(self) -> Reach:
        return self._reach


def require(actor: Actor, permission: Permission, *, at: int | None = None, place: str = "this facility") -> None:
    """Raise NotAllowed unless ``actor`` holds ``permission`` at facility ``at`` (None: anywhere)."""
    if not actor.may(permission, at=at):
        raise NotAllowed(permission=permission.value, place=place)


def require_everywhere(actor: Actor, permission: Permission) -> None:
    """Raise NotAllowed unless ``actor`` holds ``permission`` for the whole organisation."""
    if not actor.may_everywhere(permission):
        raise NotAllowed(permission=permission.value, place="the whole organisation")
