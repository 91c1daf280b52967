"""Which roles people held where and when, those taken away since included."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from openhtm.competence.rules.guard import Policy


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """A role at a facility (None: everywhere) from ``since`` up to, not including, ``until``."""

    role: str
    facility_id: int | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class RolesHeld:
    """What was read: ask it for the roles of one account at one facility at one moment."""

    by_user: dict[int, list[RoleHeld]] = field(default_factory=dict)

    def at(self, user_id: int | None, facility_id: int, moment: datetime) -> frozenset[str]:
        return frozenset(
            one.role
            for one in self.by_user.get(user_id or 0, ())
            if one.facility_id in (None, facility_id) and one.since <= moment and (one.until is None or moment < one.until)
        )


def roles_of(user_ids: Collection[int | None], policies: Iterable[Policy]) -> RolesHeld:
    """Read the roles of people where a policy lets roles suffice. One statement, else none."""
    return roles_held(user_ids) if any(one.roles for one in policies) else RolesHeld()


def roles_held(user_ids: Collection[int | None]) -> RolesHeld:
    """Read every role these people have or had; history knows when one was taken away. One statement."""
    found: dict[int, list[RoleHeld]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"users": sorted({pk for pk in user_ids if pk})})
        for user_id, *line in cursor.fetchall():
            found.setdefault(user_id, []).append(RoleHeld(*line))
    return RolesHeld(found)


_HELD = """
SELECT user_id, role, facility_id, valid_from, valid_until FROM identity_roleassignment WHERE user_id = ANY(%(users)s::bigint[])
UNION ALL
SELECT user_id, role, facility_id, valid_from, least(valid_until, pgh_created_at) FROM identity_roleassignmentevent
WHERE user_id = ANY(%(users)s::bigint[]) AND pgh_label = 'delete'
"""
