"""Who may give which role to whom. Nobody hands out more than they hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from openhtm.identity.rules.permissions import GRANTS, Permission, Role


class Held(Protocol):
    """A role at a facility (None: everywhere), such as ``actor.Grant``."""

    @property
    def role(self) -> Role: ...

    @property
    def facility_id(self) -> int | None: ...


def rights_at(held: Iterable[Held], facility_id: int | None) -> frozenset[Permission]:
    """The permissions that ``held`` roles give at a facility; for None only those held everywhere count."""
    return frozenset().union(*(GRANTS[grant.role] for grant in held if grant.facility_id in (None, facility_id)))


def may_give(held: Iterable[Held], *, role: Role, facility_id: int | None) -> bool:
    """True if holders of ``held`` may give or take ``role`` at ``facility_id`` (None: everywhere).

    They must manage people there, and hold every permission of the role there themselves.
    """
    rights = rights_at(held, facility_id)
    return Permission.MANAGE_PEOPLE in rights and GRANTS[role] <= rights


def covers(held: Iterable[Held], others: Iterable[Held]) -> bool:
    """True if holders of ``held`` may act on an account with the roles ``others``: reset its password, close it, name it.

    Otherwise an administrator of one facility could enter another one through a colleague's account.
    """
    mine = list(held)
    return all(may_give(mine, role=other.role, facility_id=other.facility_id) for other in others)


def needs(role: Role, *, facility_id: int | None, department_id: int | None, provider_id: int | None, ends: bool) -> dict[str, str]:
    """What is missing or too much for an assignment of ``role``: field to code; empty if nothing."""
    wrong = {
        "provider": ("provider-needed", role == Role.VENDOR_TECHNICIAN and provider_id is None),
        "department": ("department-not-here", department_id is not None and (role != Role.REQUESTER or facility_id is None)),
        "valid_until": ("end-needed", role == Role.SURVEYOR and not ends),
    }
    found = {field: code for field, (code, applies) in wrong.items() if applies}
    if provider_id is not None and role != Role.VENDOR_TECHNICIAN:
        found["provider"] = "provider-not-here"
    return found
