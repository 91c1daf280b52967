"""API tokens: made once, shown once, stored as a digest, never wider than whoever makes them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.core.integrity import refuse_readably
from openhtm.core.validation import refuse_unclean
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import ApiToken, User
from openhtm.identity.queries import token_digest
from openhtm.identity.rules.permissions import Permission, Role
from openhtm.identity.services.accounts import refuse_beyond
from openhtm.sites.models import Facility

PREFIX = "oht_"
DEFAULT_DAYS = 90
MAX_DAYS = 365
_HINT_LENGTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """What a token shall be. ``role`` None: all of the owner's roles; ``facility_id`` None: all of their facilities."""

    name: str
    role: Role | None = None
    facility_id: int | None = None
    read_only: bool = False
    days: int = DEFAULT_DAYS


@transaction.atomic
def create_own_token(*, actor: Actor, wish: TokenWish, now: datetime) -> tuple[ApiToken, str]:
    """Make a token for the actor's own account; return it with its secret, which is not kept.

    A token may make a token that is no wider than itself; it ends with the first one at the latest. Raises NotAllowed, Invalid.
    """
    require(actor, Permission.USE_TOKENS)
    if actor.user_id is None:
        raise NotAllowed(permission="hold API tokens as the system itself", place="this instance")
    _refuse_not_held(actor, wish)
    latest = _end_of_own_token(actor, wish)
    return insert_token(user=User.objects.get(pk=actor.user_id), wish=wish, now=now, latest=latest)


@transaction.atomic
def create_service_token(*, actor: Actor, user_id: int, wish: TokenWish, now: datetime) -> tuple[ApiToken, str]:
    """Make a token for a service account that the actor manages. Raises User.DoesNotExist, NotAllowed, Invalid."""
    require(actor, Permission.VIEW_PEOPLE)
    user = User.objects.visible_to(actor).get(pk=user_id)
    require(actor, Permission.MANAGE_TOKENS)
    refuse_beyond(actor, user)
    if not user.is_service_account:
        raise Invalid({"": ["People make their own tokens, on their profile page. Only service accounts get them from others."]})
    if actor.token_id is not None:
        raise NotAllowed(permission="make tokens for others through a token", place="this instance")
    return insert_token(user=user, wish=wish, now=now)


@transaction.atomic
def revoke_token(*, actor: Actor, token_id: int, now: datetime) -> ApiToken:
    """End a token, one's own or one of an account the actor manages. Again is harmless. Raises ApiToken.DoesNotExist, NotAllowed."""
    require(actor, Permission.VIEW_PEOPLE)
    visible = ApiToken.objects.filter(user__in=User.objects.visible_to(actor))
    token = visible.select_related("user", "facility").select_for_update(of=("self",)).get(pk=token_id)
    if token.user_id != actor.user_id:
        require(actor, Permission.MANAGE_TOKENS)
        refuse_beyond(actor, token.user)
    else:
        require(actor, Permission.USE_TOKENS)
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
    return token


def insert_token(*, user: User, wish: TokenWish, now: datetime, latest: datetime | None = None) -> tuple[ApiToken, str]:
    """Store a token for ``user``, ending at ``latest`` if not before. One statement. Raises Invalid.

    For services that have checked the right, and the command line.
    """
    if not 1 <= wish.days <= MAX_DAYS:
        raise Invalid({"days": [f"Choose 1 to {MAX_DAYS} days."]})
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        user=user,
        name=wish.name.strip(),
        token_hash=token_digest(secret),
        hint=secret[:_HINT_LENGTH],
        role=wish.role or "",
        facility_id=wish.facility_id,
        read_only=wish.read_only,
        created_at=now,
        expires_at=min(now + timedelta(days=wish.days), latest or datetime.max.replace(tzinfo=UTC)),
    )
    refuse_unclean(token, fields=["name"])
    with refuse_readably():
        token.save(force_insert=True)
    return token, secret


def _refuse_not_held(actor: Actor, wish: TokenWish) -> None:
    if wish.role is not None and wish.role not in actor.roles:
        raise Invalid({"role": ["You do not hold this role, so a token of yours cannot either."]})
    if wish.facility_id is not None and not Facility.objects.visible_to(actor).filter(pk=wish.facility_id).exists():
        raise Invalid({"facility": ["You hold no role at this facility, so a token of yours cannot either."]})


def _end_of_own_token(actor: Actor, wish: TokenWish) -> datetime | None:
    """When the token that asks expires (None: a person asks). Raises Invalid if ``wish`` is wider than that token."""
    if actor.token_id is None:
        return None
    own = ApiToken.objects.get(pk=actor.token_id)
    wider = {"role": own.role and wish.role != own.role, "facility": own.facility_id and wish.facility_id != own.facility_id}
    if errors := {field: ["A token cannot make one that is wider than itself."] for field, applies in wider.items() if applies}:
        raise Invalid(errors)
    return own.expires_at
