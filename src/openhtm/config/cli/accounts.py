"""What ``openhtm user`` and ``openhtm token`` do once Django is set up. Whoever has the shell has every right."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from openhtm.audit.context import acting
from openhtm.core.errors import DomainError, Invalid, NotFound
from openhtm.core.ids import public_code
from openhtm.identity import queries
from openhtm.identity.actor import Actor
from openhtm.identity.models import ApiToken, User
from openhtm.identity.rules.permissions import ROLE_LABELS, Role
from openhtm.identity.services import passwords, people, tokens
from openhtm.sites.models import Facility, ServiceProvider

SHELL = Actor.system("command line")


def refusing(work: Callable[[], None]) -> int:
    """Run ``work`` as the command line; 0, or 1 with a refusal's sentence on standard error."""
    try:
        with acting(SHELL):
            work()
    except DomainError as error:
        print(error.sentence, file=sys.stderr)
        return 1
    return 0


@transaction.atomic
def create_user(args: argparse.Namespace, password: str | None) -> None:
    """Add the person; with a given ``password`` nothing is printed but who was added."""
    gift = _gift(args, days=args.days)
    user, one_time = people.add_person(actor=SHELL, gift=gift, username=args.username, full_name=args.name, email=args.email)
    if password is None:
        print(one_time)
        return
    passwords.set_given_password(user=user, password=password)
    print(f"Added {user.username}.", file=sys.stderr)


def reset_password(username: str) -> None:
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise NotFound(kind="account", name=username)
    print(passwords.reset_password(actor=SHELL, user_id=user.pk))


@transaction.atomic
def create_token(args: argparse.Namespace) -> None:
    """Print the bearer token of a new service account, and nothing else."""
    role, facility = Role(args.role), _facility_id(args.facility)
    name = args.name.strip() or f"{ROLE_LABELS[role]} {args.facility or 'everywhere'}"
    wish = tokens.TokenWish(name=name, role=role, facility_id=facility, read_only=args.read_only, days=args.days)
    gift = _gift(args, days=args.days if role == Role.SURVEYOR else None)
    account = f"service-{public_code().lower()}"
    user, _ = people.add_person(actor=SHELL, gift=gift, service=True, username=account, full_name=name)
    _, secret = tokens.insert_token(user=user, wish=wish, now=timezone.now())
    print(secret)


def list_tokens(everything: bool) -> None:
    """Print number, first characters, name, account, scope, last use and expiry, separated by tabs."""
    for token in queries.tokens(SHELL, live=None if everything else True).order_by("pk"):
        scope = f"{token.role or 'all roles'} at {token.facility.code if token.facility else 'all facilities'}"
        if token.read_only:
            scope += ", read only"
        used = f"used {token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never used"
        state = "revoked" if token.revoked_at else f"until {token.expires_at:%Y-%m-%d}"
        print(token.pk, token.hint, token.name, token.user.username, scope, used, state, sep="\t")


def revoke_token(which: str) -> None:
    """``which`` is a number, the first ten characters, or the whole token."""
    found = ApiToken.objects.filter(revoked_at=None)
    if which.isascii() and which.isdecimal() and len(which) < 19:
        found = found.filter(pk=int(which))
    elif len(which) > 10:
        found = found.filter(token_hash=queries.token_digest(which))
    else:
        found = found.filter(hint=which)
    keys = list(found.values_list("pk", flat=True)[:2])
    if len(keys) != 1:
        raise NotFound(kind="single working token", name=which[:10])
    tokens.revoke_token(actor=SHELL, token_id=keys[0], now=timezone.now())


def _gift(args: argparse.Namespace, *, days: int | None) -> people.RoleGift:
    if days is not None and not 1 <= days <= 36_500:
        raise Invalid({"days": ["Give 1 to 36,500 days."]})
    until = timezone.now() + dt.timedelta(days=days) if days else None
    provider = _provider_id(args.provider)
    return people.RoleGift(role=Role(args.role), facility_id=_facility_id(args.facility), provider_id=provider, valid_until=until)


def _facility_id(code: str | None) -> int | None:
    if not code:
        return None
    facility = Facility.objects.filter(code__iexact=code).first()
    if facility is None:
        raise NotFound(kind="facility", name=code)
    return facility.pk


def _provider_id(name: str | None) -> int | None:
    if not name:
        return None
    provider = ServiceProvider.objects.filter(name__iexact=name).first()
    if provider is None:
        raise NotFound(kind="service provider", name=name)
    return provider.pk
