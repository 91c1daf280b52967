"""Clinical staff: lists, and one person's training record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.training.models import Clinician, TrainingSession
from openhtm.training.queries import coverage
from openhtm.training.queries.coverage import Behind
from openhtm.training.queries.facts import COUNTED, Person
from openhtm.training.rules.matching import Known


@dataclass(frozen=True, slots=True)
class Record:
    """What somebody was trained on, the newest first, and where they stand with what their unit asks."""

    clinician: Clinician
    sessions: list[TrainingSession]
    standing: list[Behind]


def clinicians(
    actor: Actor, *, q: str = "", facility: str = "", department_id: int | None = None, gone: bool = False
) -> QuerySet[Clinician]:
    """People of units the actor sees, by name; without ``gone`` those who have not left."""
    found: QuerySet[Clinician] = Clinician.objects.visible_to(actor).select_related("department__facility")
    if q:
        found = found.filter(Q(full_name__icontains=q) | Q(employee_number__iexact=q))
    if facility:
        found = found.filter(department__facility__code__iexact=facility)
    if department_id is not None:
        found = found.filter(department_id=department_id)
    return found if gone else found.filter(left_on__isnull=True)


def known_at(facility_id: int, *, department_id: int | None = None) -> list[Known]:
    """Everybody at a facility who may have been at a session there: to find who somebody is. One statement."""
    found = Clinician.objects.filter(department__facility_id=facility_id, left_on__isnull=True)
    if department_id is not None:
        found = found.filter(department_id=department_id)
    return [Known(*row) for row in found.order_by("pk").values_list("pk", "full_name", "employee_number")]


def record(clinician: Clinician, *, on: date) -> Record:
    """The training record of somebody on a day. Five statements."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT session_id FROM ({COUNTED}) counted", {"people": [clinician.pk]})  # noqa: S608 - a constant
        keys = {row[0] for row in cursor.fetchall()}
    held = TrainingSession.objects.filter(pk__in=keys, cancelled_at__isnull=True).select_related(
        "course__device_type", "course__device_model__manufacturer", "facility"
    )
    unit = clinician.department
    asked = coverage.needs_of([unit], on=on)[unit.pk]
    person = Person(clinician.pk, str(clinician.uid), clinician.full_name, unit.pk)
    return Record(clinician, list(held.order_by("-held_at", "-pk")), coverage.standing_of(person, asked, on=on))
