"""Passwords: changing one's own, and one-time passwords for those who forgot theirs."""

from __future__ import annotations

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.identity.services import accounts

MAX_LENGTH = 256
_WORD = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread when copied from a note


@transaction.atomic
def change_password(*, actor: Actor, old: str, new: str) -> User:
    """Change the actor's own password and end their other sessions. Raises Invalid, NotAllowed (for a token)."""
    if actor.user_id is None or actor.token_id is not None:
        raise NotAllowed(permission="change a password through a token", place="this instance")
    user = User.objects.select_for_update().get(pk=actor.user_id)
    if not user.check_password(old):
        raise Invalid({"old": ["This is not your present password."]})
    if old == new:
        raise Invalid({"new": ["Choose a password that differs from the present one."]})
    refuse_weak(new, user=user)
    _store(user, new, must_change=False)
    return user


@transaction.atomic
def reset_password(*, actor: Actor, user_id: int) -> str:
    """Give somebody a one-time password, end their sessions, and return it: it is shown once and must be changed.

    Raises User.DoesNotExist, NotAllowed, Invalid (a service account has no password).
    """
    user = accounts.locked(actor, user_id)
    if user.is_service_account:
        raise Invalid({"": ["A service account has no password. Give it an API token instead."]})
    password = one_time_password()
    _store(user, password, must_change=True)
    return password


def set_given_password(*, user: User, password: str) -> None:
    """Give a new account the password its owner chose. One statement. Raises Invalid. For the command line."""
    refuse_weak(password, user=user)
    _store(user, password, must_change=False)


def refuse_weak(password: str, *, user: User) -> None:
    """Raise Invalid unless ``password`` is long and uncommon enough for ``user``."""
    if len(password) > MAX_LENGTH or "\0" in password:
        raise Invalid({"new": [f"Use at most {MAX_LENGTH} characters."]})
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid({"new": list(error.messages)}) from None


def one_time_password() -> str:
    """Four groups of four, 79 random bits, easy to read aloud."""
    return "-".join("".join(secrets.choice(_WORD) for _ in range(4)) for _ in range(4))


def _store(user: User, password: str, *, must_change: bool) -> None:
    user.set_password(password)
    user.session_version += 1
    user.must_change_password = must_change
    user.save(update_fields=["password", "session_version", "must_change_password"])
