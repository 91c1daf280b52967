"""Education and employment: dated facts, entered by the person or by who manages staff."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone

from openhtm.audit.context import acting
from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor
from openhtm.workforce.models import CareerRole, Degree, EducationFact, EducationKind, EmploymentFact, StudyField
from openhtm.workforce.services.access import checked_text, found_staff, require_keeping
from openhtm.workforce.services.days import refuse_wrong_days, wrong_days
from openhtm.workforce.services.evidence import Upload, stored_evidence


@transaction.atomic
def add_education(
    *,
    actor: Actor,
    staff_id: int,
    kind: str = "degree",
    degree: str = "none",
    field: str = "other",
    institution: str = "",
    completed_on: dt.date | None = None,
    evidence: Upload | None = None,
) -> EducationFact:
    """Record a degree or the military programme. Raises StaffMember.DoesNotExist, NotAllowed, Invalid, FileRefused."""
    staff = found_staff(actor, staff_id)
    require_keeping(actor, staff)
    errors = _wrong_choice(kind=(kind, EducationKind.values), degree=(degree, Degree.values), field=(field, StudyField.values))
    errors |= wrong_days(today=timezone.localdate(), completed_on=completed_on)
    if kind == EducationKind.DEGREE and degree == Degree.NONE:
        errors["degree"] = ["Choose the degree."]
    if errors:
        raise Invalid(errors)
    text = checked_text(institution, field="institution", most=160)
    with refuse_readably():
        return EducationFact.objects.create(
            staff=staff,
            kind=kind,
            degree=degree,
            field=field,
            institution=text,
            completed_on=completed_on,
            **stored_evidence(actor, evidence),
        )


@transaction.atomic
def add_employment(
    *,
    actor: Actor,
    staff_id: int,
    role: str,
    employer: str,
    started_on: dt.date,
    ended_on: dt.date | None = None,
    full_time: bool = True,
    evidence: Upload | None = None,
) -> EmploymentFact:
    """Record a job; ``ended_on`` is the first day after it. Raises StaffMember.DoesNotExist, NotAllowed, Invalid, FileRefused."""
    staff = found_staff(actor, staff_id)
    require_keeping(actor, staff)
    values = _job(role, employer, started_on, ended_on)
    with refuse_readably():
        return EmploymentFact.objects.create(staff=staff, full_time=full_time, **values, **stored_evidence(actor, evidence))


@transaction.atomic
def end_employment(*, actor: Actor, staff_id: int, fact_id: int, ended_on: dt.date) -> EmploymentFact:
    """Say on which day a job was over. Raises StaffMember.DoesNotExist, EmploymentFact.DoesNotExist, NotAllowed, Invalid."""
    staff = found_staff(actor, staff_id)
    require_keeping(actor, staff)
    refuse_wrong_days(today=timezone.localdate(), ended_on=ended_on)
    job = EmploymentFact.objects.select_for_update().get(pk=fact_id, staff=staff)
    if ended_on <= job.started_on:
        raise Invalid({"ended_on": ["The first day after the job must come after its first day."]})
    job.ended_on = ended_on
    job.save(update_fields=["ended_on"])
    return job


@transaction.atomic
def remove_fact(*, actor: Actor, staff_id: int, kind: str, fact_id: int, reason: str) -> None:
    """Take back a wrong education or employment; the history keeps it with the reason. Raises as ``end_employment``."""
    staff = found_staff(actor, staff_id)
    require_keeping(actor, staff)
    why = checked_text(reason, field="reason", most=200, required=True)
    with acting(actor, reason=why):
        model = EducationFact if kind == "education" else EmploymentFact
        model.objects.get(pk=fact_id, staff=staff).delete()


def _job(role: str, employer: str, started_on: dt.date, ended_on: dt.date | None) -> dict[str, Any]:
    errors = _wrong_choice(role=(role, CareerRole.values))
    today = timezone.localdate()
    errors |= wrong_days(today=today, ahead=dt.timedelta(days=366), started_on=started_on) | wrong_days(today=today, ended_on=ended_on)
    if ended_on is not None and ended_on <= started_on:
        errors["ended_on"] = ["The first day after the job must come after its first day."]
    if errors:
        raise Invalid(errors)
    text = checked_text(employer, field="employer", most=160, required=True)
    return {"role": role, "employer": text, "started_on": started_on, "ended_on": ended_on}


def _wrong_choice(**choices: tuple[str, list[str]]) -> dict[str, list[str]]:
    return {name: [f"Choose one of: {', '.join(known)}."] for name, (value, known) in choices.items() if value not in known}
