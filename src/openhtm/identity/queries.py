"""Reads of the identity room."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from openhtm.identity.actor import Actor, Grant
from openhtm.identity.models import ApiToken, LogInAttempt, RoleAssignment, User
from openhtm.identity.rules.permissions import Permission, Role

NO_ROLE = "none"
"""Asks ``people`` for accounts that hold no role now."""
EXPIRES_SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may act, as read in one statement."""

    actor: Actor
    must_change_password: bool
    session_hash: str

    def session_matches(self, stored: str) -> bool:
        return constant_time_compare(stored, self.session_hash)


_PERSON = """
SELECT u.id, u.username, u.full_name, u.email, u.password, u.must_change_password, u.session_version,
       a.role, a.facility_id, a.department_id, a.provider_id
FROM identity_user u
LEFT JOIN identity_roleassignment a
  ON a.user_id = u.id AND a.valid_from <= %(now)s AND (a.valid_until IS NULL OR a.valid_until > %(now)s)
WHERE u.id = %(user_id)s AND u.is_active
"""


def person_with_roles(*, user_id: int, now: datetime | None = None) -> Person | None:
    """Return the active person and the roles valid now. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_PERSON, {"user_id": user_id, "now": now or timezone.now()})
        rows = cursor.fetchall()
    if not rows:
        return None
    pk, username, full_name, email, password, must_change, version = rows[0][:7]
    user = User(pk=pk, username=username, full_name=full_name, email=email, password=password, session_version=version)
    grants = tuple(Grant(Role(role), facility, department, provider) for *_, role, facility, department, provider in rows if role)
    return Person(Actor(pk, full_name or username, grants), must_change, user.get_session_auth_hash())


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """A valid API token: whose it is and what it may do."""

    token_id: int
    actor: Actor
    last_used_at: datetime | None


_BY_DIGEST = """
SELECT t.id, t.role, t.facility_id, t.read_only, t.last_used_at, t.name, u.id, u.full_name,
       a.role, a.facility_id, a.department_id, a.provider_id
FROM identity_apitoken t
JOIN identity_user u ON u.id = t.user_id AND u.is_active
LEFT JOIN identity_roleassignment a
  ON a.user_id = u.id AND a.valid_from <= %(now)s AND (a.valid_until IS NULL OR a.valid_until > %(now)s)
WHERE t.token_hash = %(hash)s AND t.revoked_at IS NULL AND t.expires_at > %(now)s
"""


def token_digest(secret: str) -> str:
    """SHA-256 of a token: enough for 256 random bits, where a slow hash would only slow the API."""
    return hashlib.sha256(secret.encode()).hexdigest()


def holder_of_token(*, secret: str, now: datetime | None = None) -> TokenHolder | None:
    """Return the holder of a bearer token that is neither revoked nor expired. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_DIGEST, {"hash": token_digest(secret), "now": now or timezone.now()})
        rows = cursor.fetchall()
    if not rows:
        return None
    token_id, role, facility, read_only, last_used, name, user_id, full_name = rows[0][:8]
    owned = [Grant(Role(r), f, d, p) for *_, r, f, d, p in rows if r]
    grants = tuple(narrowed for grant in owned if (narrowed := _narrow(grant, role=role, facility_id=facility)))
    return TokenHolder(token_id, Actor(user_id, f"{full_name} · {name}", grants, token_id, read_only), last_used)


def _narrow(grant: Grant, *, role: str, facility_id: int | None) -> Grant | None:
    """Return the part of ``grant`` that the token keeps, or None."""
    if role and grant.role != role:
        return None
    if facility_id is None or grant.facility_id == facility_id:
        return grant
    if grant.facility_id is None:
        return Grant(grant.role, facility_id, grant.department_id, grant.provider_id)
    return None


def people(
    actor: Actor, *, q: str = "", role: str = "", facility: str = "", active: bool | None = None, service: bool | None = None
) -> QuerySet[User]:
    """Accounts the actor may see, with ``shown_roles``: their roles as far as the actor may see them. Two statements."""
    found = User.objects.visible_to(actor).prefetch_related(Prefetch("role_assignments", assignments(actor), to_attr="shown_roles"))
    if q:
        found = found.filter(Q(full_name__icontains=q) | Q(username__icontains=q) | Q(email__icontains=q))
    if role == NO_ROLE:
        valid = Q(valid_until__isnull=True) | Q(valid_until__gt=timezone.now())
        found = found.filter(~Exists(RoleAssignment.objects.filter(valid, user=OuterRef("pk"))))
    elif role or facility:
        held = assignments(actor).order_by()
        held = held.filter(role=role) if role else held
        held = held.filter(facility__code__iexact=facility) if facility else held
        found = found.filter(pk__in=held.values("user_id"))
    if service is not None:
        found = found.filter(is_service_account=service)
    return found if active is None else found.filter(is_active=active)


def assignments(actor: Actor, *, user_id: int | None = None, role: str = "", facility: str = "") -> QuerySet[RoleAssignment]:
    """Roles held at facilities where the actor may see people, roles held everywhere, and all of the actor's own."""
    found = RoleAssignment.objects.select_related("facility", "department", "provider", "user", "granted_by")
    facilities = actor.facilities_for(Permission.VIEW_PEOPLE)
    if facilities is not None:
        found = found.filter(Q(facility_id__in=facilities) | Q(facility=None) | Q(user_id=actor.user_id))
        found = found.filter(user__in=User.objects.visible_to(actor))
    if user_id is not None:
        found = found.filter(user_id=user_id)
    if role:
        found = found.filter(role=role)
    if facility:
        found = found.filter(facility__code__iexact=facility)
    return found.order_by("user__full_name", "role", "pk")


def tokens(actor: Actor, *, user_id: int | None = None, live: bool | None = None, now: datetime | None = None) -> QuerySet[ApiToken]:
    """The actor's own tokens, and those of accounts at facilities where the actor manages tokens."""
    found = ApiToken.objects.select_related("user", "facility")
    facilities = actor.facilities_for(Permission.MANAGE_TOKENS)
    if facilities is not None:
        managed = RoleAssignment.objects.filter(facility_id__in=facilities).values("user_id")
        found = found.filter(Q(user_id=actor.user_id) | Q(user_id__in=managed))
    if user_id is not None:
        found = found.filter(user_id=user_id)
    if live is not None:
        alive = Q(revoked_at=None, expires_at__gt=now or timezone.now())
        found = found.filter(alive if live else ~alive)
    return found


def recent_log_ins(*, username_key: str, limit: int = 10) -> list[LogInAttempt]:
    """The latest tries under a name, newest first. One statement."""
    return list(LogInAttempt.objects.filter(username_key=username_key).order_by("-at", "-pk")[:limit])
