"""Adding people and changing what is known of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Conflict, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility, ServiceProvider
from openhtm.workforce.models import CareerRole, CeuEntry, StaffKind, StaffMember
from openhtm.workforce.services.access import checked_text, found_staff, require_at_staff
from openhtm.workforce.services.days import wrong_days

FIELDS = (
    "full_name", "kind", "provider_id", "facility_id", "user_id", "job_title", "career_role", "email", "phone", "started_on", "leaves_on",
    "leave_reason",
)  # fmt: skip
CAREER = timedelta(days=366 * 60)  # somebody who begins may say already when they retire
_TEXTS = {"full_name": 120, "job_title": 120, "email": 254, "phone": 40, "leave_reason": 120}


@transaction.atomic
def add_staff(*, actor: Actor, full_name: str, **values: Any) -> StaffMember:
    """Add a person; ``values`` are among FIELDS. Raises NotAllowed, Facility.DoesNotExist, Conflict, Invalid."""
    staff = StaffMember(**_checked(actor, {"full_name": full_name, **values}))
    require_at_staff(actor, Permission.MANAGE_STAFF, staff)
    _check_account(staff)
    with refuse_readably():
        staff.save()
    return staff


@transaction.atomic
def update_staff(*, actor: Actor, staff_id: int, **values: Any) -> StaffMember:
    """Change what is given; moving somebody needs the right at both facilities.

    With another account what its owner confirmed about the record counts no more, as nobody confirms their own.
    Raises StaffMember.DoesNotExist, NotAllowed, Facility.DoesNotExist, Conflict, Invalid.
    """
    staff = found_staff(actor, staff_id, lock=True)
    require_at_staff(actor, Permission.MANAGE_STAFF, staff)
    checked, before = _checked(actor, values), staff.user_id
    for name, value in checked.items():
        setattr(staff, name, value)
    require_at_staff(actor, Permission.MANAGE_STAFF, staff)
    _check_account(staff)
    if before is not None and before == actor.user_id != staff.user_id:
        raise Invalid({"user": ["Nobody takes the account off their own record: ask a colleague who manages staff."]})
    with refuse_readably():
        staff.save(update_fields=list(checked))
        if staff.user_id != before:
            _undo_own_signatures(staff)
    return staff


def _undo_own_signatures(staff: StaffMember) -> None:
    """Take back what the owner of the account had confirmed about this record before it was theirs. Two statements."""
    staff.credentials.filter(verified_by=staff.user_id).update(verified_by=None, verified_at=None)
    CeuEntry.objects.filter(credential__staff=staff, approved_by=staff.user_id).update(approved_by=None, approved_at=None)


def _checked(actor: Actor, values: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(values.keys() - set(FIELDS)):
        raise Invalid({unknown[0]: ["There is no such field."]})
    found = dict(values)
    for name in _TEXTS.keys() & found.keys():
        found[name] = checked_text(found[name] or "", field=name, most=_TEXTS[name], required=name == "full_name")
    errors = wrong_days(today=timezone.localdate(), started_on=found.get("started_on"))
    errors |= wrong_days(today=timezone.localdate(), ahead=CAREER, leaves_on=found.get("leaves_on"))
    if found.get("kind", StaffKind.IN_HOUSE) not in StaffKind.values:
        errors["kind"] = [f"Choose one of: {', '.join(StaffKind.values)}."]
    if found.get("career_role", CareerRole.BMET) not in CareerRole.values:
        errors["career_role"] = [f"Choose one of: {', '.join(CareerRole.values)}."]
    if found.get("email") and "@" not in found["email"]:
        errors["email"] = ["Write an address such as maria@example.org."]
    if errors:
        raise Invalid(errors)
    _check_references(actor, found)
    return found


def _check_references(actor: Actor, values: dict[str, Any]) -> None:
    """Raise Facility.DoesNotExist or Invalid for what the actor cannot see."""
    if (facility_id := values.get("facility_id")) is not None:
        Facility.objects.visible_to(actor).get(pk=facility_id)
    if (provider_id := values.get("provider_id")) is not None and not ServiceProvider.objects.filter(pk=provider_id).exists():
        raise Invalid({"provider": ["There is no such service provider."]})
    if (user_id := values.get("user_id")) is not None and not User.objects.visible_to(actor).filter(pk=user_id).exists():
        raise Invalid({"user": ["There is no such account that you can see."]})


def _check_account(staff: StaffMember) -> None:
    if staff.user_id is not None and StaffMember.objects.filter(user_id=staff.user_id).exclude(pk=staff.pk).exists():
        raise Conflict(what="The record of the person with this account")
