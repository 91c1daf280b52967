"""Clinical staff: added, changed, left; and the places in which a unit works."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.sites.models import Department, Location
from openhtm.training.models import Clinician, UnitPlace
from openhtm.training.rules.matching import name_key
from openhtm.training.services.shared import line, manageable_unit, require_training

MOST_PLACES = 200


@transaction.atomic
def add_clinician(
    *,
    actor: Actor,
    department_id: int,
    full_name: str,
    employee_number: str = "",
    job_title: str = "",
    user_id: int | None = None,
    started_on: date | None = None,
) -> Clinician:
    """Add somebody to a unit. Raises Department.DoesNotExist, User.DoesNotExist, NotAllowed, Invalid."""
    unit = manageable_unit(actor, department_id)
    return insert_clinician(
        unit=unit,
        full_name=full_name,
        employee_number=employee_number,
        job_title=job_title,
        user_id=_user(actor, user_id),
        started_on=started_on,
    )


def insert_clinician(*, unit: Department, full_name: str, employee_number: str = "", job_title: str = "", **more: Any) -> Clinician:
    """Write a new person, for services that checked who asks. Raises Invalid."""
    name = _name(full_name)
    with refuse_readably():
        return Clinician.objects.create(
            department=unit, full_name=name, name_key=name_key(name), employee_number=_number(employee_number),
            job_title=line(job_title, field="job_title", limit=80), **more,
        )  # fmt: skip


@transaction.atomic
def update_clinician(*, actor: Actor, uid: UUID, **changes: Any) -> Clinician:
    """Change what is named: department_id, full_name, employee_number, job_title, user_id, started_on, left_on.

    Raises Clinician.DoesNotExist, Department.DoesNotExist, NotAllowed, Invalid.
    """
    person = Clinician.objects.visible_to(actor).select_related("department__facility").select_for_update(of=("self",)).get(uid=uid)
    require_training(actor, person.department.facility)
    if "department_id" in changes:
        person.department = manageable_unit(actor, changes["department_id"])
    if "full_name" in changes:
        person.full_name = _name(changes["full_name"])
        person.name_key = name_key(person.full_name)
    if "employee_number" in changes:
        person.employee_number = _number(changes["employee_number"])
    if "job_title" in changes:
        person.job_title = line(changes["job_title"], field="job_title", limit=80)
    if "user_id" in changes:
        person.user_id = _user(actor, changes["user_id"])
    for name in ("started_on", "left_on"):
        if name in changes:
            setattr(person, name, changes[name])
    _check_days(person)
    with refuse_readably():
        person.save(update_fields=["department", "full_name", "name_key", "employee_number", "job_title", "user", "started_on", "left_on"])
    return person


@transaction.atomic
def set_unit_places(*, actor: Actor, department_id: int, public_codes: Sequence[str]) -> int:
    """Say in which places a unit works; exactly these. Returns how many. Raises Department.DoesNotExist, NotAllowed, Invalid."""
    unit = manageable_unit(actor, department_id)
    wanted = {code.strip().upper()[:12] for code in public_codes if code.strip()}
    if len(wanted) > MOST_PLACES:
        raise Invalid({"places": [f"Name up to {MOST_PLACES} places; name a floor instead of its rooms."]})
    found = dict(Location.objects.filter(facility_id=unit.facility_id, public_code__in=wanted).values_list("public_code", "pk"))
    if missing := wanted - set(found):
        raise Invalid({"places": [f"There is no place {min(missing)} at {unit.facility}."]})
    UnitPlace.objects.filter(department=unit).exclude(location_id__in=found.values()).delete()
    UnitPlace.objects.bulk_create([UnitPlace(department=unit, location_id=pk) for pk in found.values()], ignore_conflicts=True)
    return len(found)


def _check_days(person: Clinician) -> None:
    if person.left_on and person.started_on and person.left_on <= person.started_on:
        raise Invalid({"left_on": ["The last day must come after the first."]})


def _name(text: str) -> str:
    name = line(text, field="full_name", limit=120, needed=True)
    if not name_key(name):
        raise Invalid({"full_name": ["Give a name with letters."]})
    return name


def _number(text: str) -> str:
    return line(text, field="employee_number", limit=40)


def _user(actor: Actor, user_id: int | None) -> int | None:
    if user_id is None:
        return None
    found = User.objects.visible_to(actor).filter(pk=user_id, is_active=True).values_list("pk", flat=True).first()
    if found is None:
        raise Invalid({"user_id": ["There is no such account that you can see."]})
    return int(found)
