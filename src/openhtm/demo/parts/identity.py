"""The people: one account for each role, and colleagues whose names appear in the history but who cannot log in."""

from __future__ import annotations

import datetime as dt

from openhtm.demo.accounts import DEMO_ACCOUNTS, DemoAccount
from openhtm.demo.parts.demo import Demo
from openhtm.demo.rules.plan import data
from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.permissions import Role
from openhtm.sites.models import Department

COLLEAGUES = 3  # technicians of each facility who cannot log in
SERVED = dt.timedelta(days=3650)  # longer than the history goes back: who did its work had the role then


def build(demo: Demo) -> None:
    """Add people and their roles."""
    facilities = {facility.plan.code: facility.pk for facility in demo.facilities}
    for account in DEMO_ACCOUNTS:
        user = User(username=account.username, full_name=account.full_name, email=account.email, created_at=demo.now)
        user.set_password(account.password)
        user.save()
        demo.users[account.username] = (user.pk, user.full_name)
        _assignment(account, user, facilities, demo).save()
    for facility in demo.facilities:
        facility.staff = _colleagues(demo, facility.plan.code, facility.pk)
        if facility.plan.code == "MAIN":
            facility.staff.append(demo.users["technician"])
    demo.counts["accounts"] = len(DEMO_ACCOUNTS)


def _assignment(account: DemoAccount, user: User, facilities: dict[str, int], demo: Demo) -> RoleAssignment:
    facility = facilities[account.facility] if account.facility else None
    department = Department.objects.get(facility_id=facility, name=account.department) if facility and account.department else None
    return RoleAssignment(
        user=user,
        role=account.role,
        facility_id=facility,
        department=department,
        provider_id=demo.providers[account.provider] if account.provider else None,
        valid_from=demo.now - SERVED,
        valid_until=demo.now + dt.timedelta(days=365) if account.role is Role.SURVEYOR else None,
    )


def _colleagues(demo: Demo, code: str, facility: int) -> list[tuple[int, str]]:
    names, chance = data("sites")["people"], demo.chance("colleagues", code)
    users = []
    for number in range(1, COLLEAGUES + 1):
        user = User(
            username=f"{code.lower()}-technician-{number}",
            full_name=f"{chance.pick(names['first'])} {chance.pick(names['last'])}",
            created_at=demo.now,
        )
        user.set_unusable_password()
        users.append(user)
    User.objects.bulk_create(users)
    RoleAssignment.objects.bulk_create(
        RoleAssignment(user=user, role=Role.TECHNICIAN, facility_id=facility, valid_from=demo.now - SERVED) for user in users
    )
    return [(user.pk, user.full_name) for user in users]
