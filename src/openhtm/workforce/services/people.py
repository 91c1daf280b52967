"""The records of people who work on devices, and how an account comes by one."""

from __future__ import annotations

from collections.abc import Iterable

from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.permissions import Role
from openhtm.workforce.models import CareerRole, StaffKind, StaffMember

_ROLE_OF = {Role.MANAGER: CareerRole.MANAGER, Role.CLINICAL_ENGINEER: CareerRole.ENGINEER, Role.TECHNICIAN: CareerRole.BMET}


def staff_of_accounts(user_ids: Iterable[int]) -> dict[int, StaffMember]:
    """Return the staff record behind each account, made from its name and roles where there was none. At most four statements."""
    wanted = set(user_ids)
    found = {staff.user_id: staff for staff in StaffMember.objects.filter(user_id__in=wanted)}
    missing = User.objects.filter(pk__in=wanted - found.keys(), is_service_account=False).order_by("pk")
    if wanted - found.keys():
        StaffMember.objects.bulk_create(_records(list(missing)), ignore_conflicts=True)
        found = {staff.user_id: staff for staff in StaffMember.objects.filter(user_id__in=wanted)}
    return {user_id: staff for user_id, staff in found.items() if user_id is not None}


def _records(users: list[User]) -> list[StaffMember]:
    roles: dict[int, list[RoleAssignment]] = {}
    for held in RoleAssignment.objects.filter(user__in=users).order_by("pk"):
        roles.setdefault(held.user_id, []).append(held)
    return [_record(user, roles.get(user.pk, [])) for user in users]


def _record(user: User, held: list[RoleAssignment]) -> StaffMember:
    facilities = {one.facility_id for one in held}
    provider = next((one.provider_id for one in held if one.provider_id), None)
    return StaffMember(
        user=user,
        full_name=user.full_name or user.username,
        email=user.email,
        phone=user.phone,
        kind=StaffKind.VENDOR if provider else StaffKind.IN_HOUSE,
        provider_id=provider,
        facility_id=next(iter(facilities)) if len(facilities) == 1 else None,
        career_role=next((role for given, role in _ROLE_OF.items() if any(one.role == given for one in held)), CareerRole.OTHER),
    )
