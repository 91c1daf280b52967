"""People and their roles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Unpack

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.core.events import publish
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.events import RoleGiven
from openhtm.identity.rules.granting import may_give, needs
from openhtm.identity.rules.permissions import ROLE_LABELS, Permission, Role
from openhtm.identity.services.accounts import PersonFields, insert_account, refuse_last_administrator
from openhtm.identity.services.passwords import one_time_password
from openhtm.sites.models import Department, Facility, ServiceProvider

_NEEDS_WORDS = {
    "provider-needed": "A vendor technician needs a service provider. Choose whose devices they see.",
    "provider-not-here": "Only a vendor technician has a service provider. Leave it empty.",
    "department-not-here": "Only a requester at one facility is narrowed to a department. Leave it empty.",
    "end-needed": "A surveyor's access needs an end. Give the day it stops.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGift:
    """A role to be given. ``facility_id`` None: everywhere. ``valid_until`` is an instant, None: for good."""

    role: Role
    facility_id: int | None
    department_id: int | None = None
    provider_id: int | None = None
    valid_until: datetime | None = None


@transaction.atomic
def add_person(*, actor: Actor, gift: RoleGift, service: bool = False, **fields: Unpack[PersonFields]) -> tuple[User, str | None]:
    """Add an account with its first role; return it and its one-time password (None for a service account).

    Raises Facility.DoesNotExist, NotAllowed, Invalid.
    """
    require(actor, Permission.MANAGE_PEOPLE)
    _refuse_gift(actor, gift)
    password = None if service else one_time_password()
    user = insert_account(password=password, must_change=not service, service=service, **fields)
    _insert(actor, user, gift)
    return user, password


@transaction.atomic
def assign_role(*, actor: Actor, user_id: int, gift: RoleGift) -> RoleAssignment:
    """Give a role. Raises User.DoesNotExist, Facility.DoesNotExist, NotAllowed, Invalid."""
    require(actor, Permission.VIEW_PEOPLE)
    user = User.objects.visible_to(actor).get(pk=user_id)
    require(actor, Permission.MANAGE_PEOPLE)
    _refuse_gift(actor, gift)
    return _insert(actor, user, gift)


@transaction.atomic
def revoke_role(*, actor: Actor, assignment_id: int) -> None:
    """Take a role away at once. Raises RoleAssignment.DoesNotExist, NotAllowed, LastAdministrator."""
    require(actor, Permission.VIEW_PEOPLE)
    people = User.objects.visible_to(actor)
    found = RoleAssignment.objects.filter(user__in=people).select_related("user").select_for_update(of=("self",))
    assignment = found.get(pk=assignment_id)
    if not may_give(actor.grants, role=Role(assignment.role), facility_id=assignment.facility_id):
        raise _not_yours(Role(assignment.role))
    refuse_last_administrator(leaving=assignment.user, assignment=assignment)
    assignment.delete()


def _refuse_gift(actor: Actor, gift: RoleGift) -> None:
    """Check what the database cannot: the actor's right, and that department and end make sense. Three statements at most."""
    if gift.facility_id is not None:
        Facility.objects.visible_to(actor).get(pk=gift.facility_id)
    if not may_give(actor.grants, role=gift.role, facility_id=gift.facility_id):
        raise _not_yours(gift.role)
    missing = needs(
        gift.role,
        facility_id=gift.facility_id,
        department_id=gift.department_id,
        provider_id=gift.provider_id,
        ends=gift.valid_until is not None,
    )
    errors = {field: [_NEEDS_WORDS[code]] for field, code in missing.items()}
    if (
        gift.facility_id
        and gift.department_id
        and not Department.objects.filter(pk=gift.department_id, facility_id=gift.facility_id).exists()
    ):
        errors["department"] = ["This department is not at that facility. Choose one of its own."]
    if gift.provider_id and not ServiceProvider.objects.filter(pk=gift.provider_id).exists():
        errors["provider"] = ["There is no such service provider."]
    if gift.valid_until and gift.valid_until <= timezone.now():
        errors["valid_until"] = ["The end must lie in the future."]
    if errors:
        raise Invalid(errors)


def _insert(actor: Actor, user: User, gift: RoleGift) -> RoleAssignment:
    assignment = RoleAssignment(
        user=user,
        role=gift.role,
        facility_id=gift.facility_id,
        department_id=gift.department_id,
        provider_id=gift.provider_id,
        valid_until=gift.valid_until,
        granted_by_id=actor.user_id,
    )
    with refuse_readably():
        assignment.save(force_insert=True)
    publish(RoleGiven(user.pk, gift.role))
    return assignment


def _not_yours(role: Role) -> NotAllowed:
    return NotAllowed(permission=f"give or take the role {ROLE_LABELS[role]} there", place="that facility")
