"""Competencies are signed and withdrawn here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.competence.models import Competency
from openhtm.competence.rules.levels import Basis, Level
from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures.models import Procedure
from openhtm.workforce.models import StaffMember
from openhtm.workforce.services.access import require_at_staff

FURTHEST = timedelta(days=7305)  # twenty years: a last day beyond that is a typing mistake


class SignedOffThemselves(DomainError):
    """Somebody tried to sign, or to watch, their own competency."""

    code = "signed-off-themselves"
    message = "Nobody signs off themselves. Let another person {what} for {person}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What is to be granted to whom, for exactly one of type, model and procedure. ``valid_until`` is the last day on which it holds."""

    staff_id: int
    device_type_id: int | None = None
    device_model_id: int | None = None
    procedure_id: int | None = None
    level: str
    basis: str
    granted_on: date
    valid_until: date | None = None
    observer_id: int | None = None
    certificate: str = ""
    note: str = ""


@transaction.atomic
def sign_competency(
    *,
    actor: Actor,
    grant: Grant,
    evidence: tuple[str, BinaryIO | bytes] | None = None,
    uid: UUID | None = None,
    now: datetime | None = None,
) -> Competency:
    """Grant a competency, with the file that proves it (name and content) if there is one. The same ``uid`` again returns what is stored.

    Raises StaffMember.DoesNotExist, NotAllowed, SignedOffThemselves, Conflict, Invalid, FileRefused.
    """
    now = now or timezone.now()
    require(actor, Permission.SIGN_COMPETENCIES)
    staff = StaffMember.objects.visible_to(actor).select_related("facility").select_for_update(of=("self",)).get(pk=grant.staff_id)
    require_at_staff(actor, Permission.SIGN_COMPETENCIES, staff)
    if uid and (stored := Competency.objects.filter(uid=uid).first()):
        if stored.staff_id != staff.pk:
            raise Conflict(what="That competency")
        return stored
    _refuse_own(actor, staff, grant)
    _refuse_wrong(actor, grant, today=timezone.localdate(now))
    file = store_file(content=evidence[1], file_name=evidence[0], actor=actor) if evidence else None
    with refuse_readably():
        return Competency.objects.create(
            **({"uid": uid} if uid else {}), staff=staff, device_type_id=grant.device_type_id, device_model_id=grant.device_model_id,
            procedure_id=grant.procedure_id, level=grant.level, basis=grant.basis, granted_on=grant.granted_on, valid_until=grant.valid_until,
            observer_id=grant.observer_id, certificate=grant.certificate.strip(), note=grant.note.strip(), evidence=file,
            evidence_name=evidence[0][:200] if evidence else "", signed_by_id=actor.user_id, signed_by_name=actor.name[:120], signed_at=now,
        )  # fmt: skip


@transaction.atomic
def withdraw_competency(*, actor: Actor, uid: UUID, reason: str, on: date | None = None, now: datetime | None = None) -> Competency:
    """Take a competency away from a day on (default: today); what it covered before stays covered.

    Raises Competency.DoesNotExist, NotAllowed, Conflict, Invalid.
    """
    now = now or timezone.now()
    today = timezone.localdate(now)
    require(actor, Permission.SIGN_COMPETENCIES)
    found = Competency.objects.visible_to(actor).select_related("staff__facility").select_for_update(of=("self",)).get(uid=uid)
    require_at_staff(actor, Permission.SIGN_COMPETENCIES, found.staff)
    words = reason.strip()
    if not words or len(words) > 400 or "\0" in words:
        raise Invalid({"reason": ["Give the reason in 1 to 400 characters."]})
    day = on or today
    if not found.granted_on <= day <= today:
        raise Invalid({"on": ["Give a day from its granting up to today."]})
    if found.withdrawn_on is not None:
        raise Conflict(what="This competency")
    found.withdrawn_on, found.withdrawn_by_id, found.withdrawn_reason = day, actor.user_id, words
    with refuse_readably():
        found.save(update_fields=["withdrawn_on", "withdrawn_by", "withdrawn_reason"])
    return found


def _refuse_own(actor: Actor, staff: StaffMember, grant: Grant) -> None:
    if grant.observer_id == staff.pk:
        raise SignedOffThemselves(what="watch the work and sign", person=staff.full_name)
    if actor.user_id is not None and staff.user_id == actor.user_id:
        raise SignedOffThemselves(what="sign", person=staff.full_name)


def _refuse_wrong(actor: Actor, grant: Grant, *, today: date) -> None:
    errors: dict[str, list[str]] = {}
    if grant.level not in set(Level):
        errors["level"] = [f"Choose one of: {', '.join(Level)}."]
    if grant.basis not in set(Basis):
        errors["basis"] = [f"Choose one of: {', '.join(Basis)}."]
    if grant.granted_on > today:
        errors["granted_on"] = ["A competency is granted for what was seen: give today or a day before."]
    if grant.valid_until is not None and grant.valid_until < grant.granted_on:
        errors["valid_until"] = ["It cannot run out before it was granted."]
    elif grant.valid_until is not None and grant.valid_until - grant.granted_on > FURTHEST:
        errors["valid_until"] = ["Give a last day within twenty years, or none."]
    errors |= _wrong_texts(grant) | _wrong_subject(grant) | _wrong_observer(actor, grant)
    if errors:
        raise Invalid(errors)


def _wrong_texts(grant: Grant) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for name, limit in (("certificate", 120), ("note", 400)):
        text = getattr(grant, name)
        if len(text) > limit or "\0" in text:
            errors[name] = [f"Write at most {limit} characters, without the NUL character."]
    if grant.basis in (Basis.VENDOR_SCHOOL, Basis.CERTIFICATION) and not grant.certificate.strip():
        errors["certificate"] = ["Name the course or certificate."]
    return errors


def _wrong_subject(grant: Grant) -> dict[str, list[str]]:
    given = [
        (name, model, pk)
        for name, model, pk in (
            ("device_type", DeviceType, grant.device_type_id),
            ("device_model", DeviceModel, grant.device_model_id),
            ("procedure", Procedure, grant.procedure_id),
        )
        if pk is not None
    ]
    if len(given) != 1:
        return {"device_type": ["A competency is for exactly one device type, model or procedure."]}
    name, model, pk = given[0]
    return {} if model.objects.filter(pk=pk).exists() else {name: [f"There is no such {name.replace('_', ' ')}."]}


def _wrong_observer(actor: Actor, grant: Grant) -> dict[str, list[str]]:
    if grant.observer_id is None:
        needed = grant.basis == Basis.ON_THE_JOB
        return {"observer": ["An on-the-job sign-off names who watched the work."]} if needed else {}
    if not StaffMember.objects.visible_to(actor).filter(pk=grant.observer_id).exists():
        return {"observer": ["Choose somebody whom you can see."]}
    return {}
