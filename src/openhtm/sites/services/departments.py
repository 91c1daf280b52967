"""Departments: who owns devices clinically and pays for them."""

from __future__ import annotations

from typing import TypedDict, Unpack

from django.db import transaction

from openhtm.sites.models import Department, Facility
from openhtm.sites.scope import Right, Scoped, require
from openhtm.sites.services import guards
from openhtm.sites.services.records import change, insert, tidy


class DepartmentFields(TypedDict, total=False):
    code: str
    name: str
    cost_centre: str
    contact_name: str
    contact_phone: str
    contact_email: str


@transaction.atomic
def add_department(*, actor: Scoped, facility_id: int, **fields: Unpack[DepartmentFields]) -> Department:
    """Add a department to a facility. Raises Facility.DoesNotExist, NotAllowed, Invalid."""
    facility = Facility.objects.visible_to(actor).get(pk=facility_id)
    require(actor, Right.EDIT_SITES, at=facility.pk)
    department = Department(facility=facility, **tidy(fields))
    insert(department)
    return department


@transaction.atomic
def update_department(*, actor: Scoped, department_id: int, **changes: Unpack[DepartmentFields]) -> Department:
    """Change a department. Raises Department.DoesNotExist, NotAllowed, Invalid."""
    department = _locked(actor, department_id)
    change(department, tidy(changes))
    return department


@transaction.atomic
def set_department_active(*, actor: Scoped, department_id: int, active: bool) -> Department:
    """Close or reopen a department. Raises as above."""
    department = _locked(actor, department_id)
    if department.active and not active:
        guards.refuse_closing(department)
    change(department, {"active": active})
    return department


def _locked(actor: Scoped, department_id: int) -> Department:
    department = Department.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=department_id)
    require(actor, Right.EDIT_SITES, at=department.facility_id)
    return department
