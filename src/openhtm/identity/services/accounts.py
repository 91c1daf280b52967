"""Accounts of people and of services: adding, changing and closing them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid, NotAllowed
from openhtm.core.integrity import refuse_readably
from openhtm.core.validation import refuse_unclean
from openhtm.identity.actor import Actor, Grant, require
from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.granting import covers
from openhtm.identity.rules.permissions import Permission, Role


class PersonFields(TypedDict, total=False):
    username: str
    full_name: str
    email: str
    phone: str


class LastAdministrator(DomainError):
    """Without an administrator of everything nobody could let people in again."""

    code = "last-administrator"
    status = 409
    message = "{name} is the last administrator of the whole organisation. Give somebody else that role first."


def insert_account(*, password: str | None, must_change: bool, service: bool, **fields: Unpack[PersonFields]) -> User:
    """Store a new account without any role. One statement. Raises Invalid. For services that have checked the right."""
    user = User(is_service_account=service, must_change_password=must_change, **_tidy(fields))
    refuse_unclean(user, fields=["username", "full_name", "email", "phone"])
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    with refuse_readably():
        user.save(force_insert=True)
    return user


@transaction.atomic
def update_account(*, actor: Actor, user_id: int, **changes: Unpack[PersonFields]) -> User:
    """Change name, user name or contact of an account. Raises User.DoesNotExist, NotAllowed, Invalid."""
    user = locked(actor, user_id)
    wanted = _tidy(changes)
    names = [name for name, value in wanted.items() if getattr(user, name) != value]
    for name in names:
        setattr(user, name, wanted[name])
    if names:
        refuse_unclean(user, fields=names)
        with refuse_readably():
            user.save(update_fields=names)
    return user


@transaction.atomic
def set_account_active(*, actor: Actor, user_id: int, active: bool) -> User:
    """Close or reopen an account. Closing ends its sessions and its tokens stop working. Raises as above, LastAdministrator."""
    user = locked(actor, user_id)
    if user.is_active == active:
        return user
    if not active and user.pk == actor.user_id:
        raise Invalid({"": ["You cannot close your own account. Ask another administrator."]})
    if not active:
        refuse_last_administrator(leaving=user)
    user.is_active = active
    user.session_version += 1
    user.save(update_fields=["is_active", "session_version"])
    return user


def locked(actor: Actor, user_id: int) -> User:
    """Lock an account that ``actor`` may act upon: all its roles must be theirs to give. Three statements.

    Raises User.DoesNotExist (not visible), NotAllowed (visible, but it reaches further than the actor).
    """
    require(actor, Permission.VIEW_PEOPLE)
    user = User.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=user_id)
    require(actor, Permission.MANAGE_PEOPLE)
    refuse_beyond(actor, user)
    return user


def refuse_beyond(actor: Actor, user: User) -> None:
    """Raise NotAllowed if ``user`` holds, or held, a role that ``actor`` could not give. One statement."""
    held = [Grant(Role(role), facility) for role, facility in user.role_assignments.values_list("role", "facility_id")]
    allowed = covers(actor.grants, held) if held else actor.may_everywhere(Permission.MANAGE_PEOPLE)
    if not allowed:
        raise NotAllowed(permission=f"manage {user.full_name}, whose roles reach further than yours", place="the whole organisation")


def refuse_last_administrator(*, leaving: User, assignment: RoleAssignment | None = None) -> None:
    """Raise LastAdministrator if without ``leaving`` (or that assignment) nobody administers everything for good.

    One such question at a time until the transaction ends, so that two administrators cannot remove each other at the
    same moment. Two statements; the second must see what the one before has committed, so it locks nothing itself.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('openhtm.identity.last_administrator'))")
    keys = list(_permanent_administrators(timezone.now()).values_list("pk", "user_id"))
    gone = {pk for pk, user_id in keys if (pk == assignment.pk if assignment else user_id == leaving.pk)}
    if gone and len(gone) == len(keys):
        raise LastAdministrator(name=leaving.full_name)


def _permanent_administrators(now: datetime) -> Any:
    everything = Q(role=Role.ADMINISTRATOR, facility=None, valid_from__lte=now, valid_until=None)
    return RoleAssignment.objects.filter(everything, user__is_active=True, user__is_service_account=False)


def _tidy(fields: PersonFields) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}
