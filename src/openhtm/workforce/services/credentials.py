"""Certifications: adding, renewing, suspending, verifying. The person keeps their own; somebody else verifies."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone

from openhtm.audit.context import acting
from openhtm.core.errors import DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.ui.rules import formats
from openhtm.workforce.models import Credential, CredentialStatus, CredentialTier, StaffMember
from openhtm.workforce.rules.programmes import Programme, reference
from openhtm.workforce.rules.renewal import usual_last_day
from openhtm.workforce.services.access import checked_text, found_staff, is_oneself, require_at_staff, require_keeping
from openhtm.workforce.services.days import wrong_days
from openhtm.workforce.services.evidence import Upload, stored_evidence

_IN_PRACTICE = (CredentialTier.CANDIDATE, CredentialTier.FULL)


class OwnSignature(DomainError):
    """Somebody would confirm their own facts."""

    code = "own-signature"
    message = "Nobody confirms their own {what}: ask a colleague who manages staff."


@transaction.atomic
def add_credential(
    *,
    actor: Actor,
    staff_id: int,
    programme: str,
    issued_on: dt.date,
    expires_on: dt.date | None = None,
    tier: str = "full",
    number: str = "",
    cycle_started_on: dt.date | None = None,
    evidence: Upload | None = None,
    now: dt.datetime | None = None,
) -> Credential:
    """Record a certification. Entered by whoever manages staff it counts as seen; entered by oneself it waits to be verified.

    Raises StaffMember.DoesNotExist, NotAllowed, Invalid, FileRefused.
    """
    staff = found_staff(actor, staff_id)
    require_keeping(actor, staff)
    values = _checked({
        "programme": programme, "tier": tier, "number": number, "issued_on": issued_on, "expires_on": expires_on,
        "cycle_started_on": cycle_started_on,
    }, today=(now or timezone.now()).date())  # fmt: skip
    made = Credential(staff=staff, **values, **stored_evidence(actor, evidence))
    if not is_oneself(actor, staff) and evidence:
        made.verified_by_id, made.verified_at = actor.user_id, (now or timezone.now()) if actor.user_id else None
    with refuse_readably():
        made.save()
    return made


@transaction.atomic
def update_credential(
    *, actor: Actor, staff_id: int, credential_id: int, evidence: Upload | None = None, now: dt.datetime | None = None, **values: Any
) -> Credential:
    """Correct or renew a certification. What was verified must be verified again. Raises as ``add_credential``."""
    staff, record = _locked(actor, staff_id, credential_id)
    require_keeping(actor, staff)
    merged = {name: values.get(name, getattr(record, name)) for name in _FIELDS}
    changed = {**_checked(merged, today=(now or timezone.now()).date()), **stored_evidence(actor, evidence)}
    if any(getattr(record, name) != value for name, value in changed.items()):
        changed |= {"verified_by_id": None, "verified_at": None}
    return _save(actor, record, changed)


@transaction.atomic
def verify_credential(*, actor: Actor, staff_id: int, credential_id: int, now: dt.datetime | None = None) -> Credential:
    """Say that the certificate was seen. Raises StaffMember.DoesNotExist, Credential.DoesNotExist, NotAllowed, OwnSignature."""
    staff, record = _locked(actor, staff_id, credential_id)
    require_at_staff(actor, Permission.MANAGE_STAFF, staff)
    if is_oneself(actor, staff):
        raise OwnSignature(what="certification")
    return _save(actor, record, {"verified_by_id": actor.user_id, "verified_at": now or timezone.now()})


@transaction.atomic
def set_credential_status(
    *, actor: Actor, staff_id: int, credential_id: int, status: str, since: dt.date | None = None, reason: str = ""
) -> Credential:
    """Suspend a certification, withdraw it, or make it active again. Raises as ``add_credential``.

    Whoever changes the suspension or withdrawal of their own waits for somebody else to verify it again.
    """
    staff, record = _locked(actor, staff_id, credential_id)
    require_keeping(actor, staff)
    if status not in CredentialStatus.values:
        raise Invalid({"status": [f"Choose one of: {', '.join(CredentialStatus.values)}."]})
    again: dict[str, Any] = {}
    if is_oneself(actor, staff) and record.status != CredentialStatus.ACTIVE:
        again = {"verified_by_id": None, "verified_at": None}
    if status == CredentialStatus.ACTIVE:
        return _save(actor, record, {"status": status, "status_since": None, "status_reason": "", **again}, reason=reason)
    why = checked_text(reason, field="reason", most=200, required=True)
    since = since or timezone.localdate()
    if errors := wrong_days(today=timezone.localdate(), since=since):
        raise Invalid(errors)
    if since < record.issued_on:
        raise Invalid({"since": ["This is before the certification began."]})
    return _save(actor, record, {"status": status, "status_since": since, "status_reason": why, **again}, reason=why)


_FIELDS = ("programme", "tier", "number", "issued_on", "expires_on", "cycle_started_on")


def _locked(actor: Actor, staff_id: int, credential_id: int) -> tuple[StaffMember, Credential]:
    staff = found_staff(actor, staff_id)
    return staff, Credential.objects.select_for_update().get(pk=credential_id, staff=staff)


def _save(actor: Actor, record: Credential, values: dict[str, Any], *, reason: str = "") -> Credential:
    for name, value in values.items():
        setattr(record, name, value)
    with refuse_readably(), acting(actor, reason=reason):
        record.save(update_fields=[name.removesuffix("_id") for name in values])
    return record


def _checked(values: dict[str, Any], *, today: dt.date) -> dict[str, Any]:
    """Return the values with the programme's own code and, where none is given, its usual last day. Raises Invalid."""
    programme = reference().programme(values["programme"])
    if programme is None:
        raise Invalid(
            {"programme": [f"There is no programme {values['programme'][:40]!r}. Known are {', '.join(reference().programmes)}."]}
        )
    issued_on, expires_on, cycle = values["issued_on"], values["expires_on"], values["cycle_started_on"]
    errors: dict[str, list[str]] = {}
    if values["tier"] not in programme.tiers:
        errors["tier"] = [f"{programme.code} has these tiers: {', '.join(programme.tiers)}."]
    if expires_on is not None and expires_on < issued_on:
        errors["expires_on"] = ["A certification cannot expire before it starts."]
    if cycle is not None and not issued_on <= cycle <= (expires_on or cycle):
        errors["cycle_started_on"] = ["The reporting period starts between the first and the last day of the certification."]
    errors |= wrong_days(today=today, ahead=dt.timedelta(days=1), issued_on=issued_on)
    errors |= wrong_days(today=today, expires_on=expires_on, cycle_started_on=cycle)
    if errors:
        raise Invalid(errors)
    last = expires_on or _usual_last_day(programme, values["tier"], cycle or issued_on, today)
    return {**values, "programme": programme.code, "number": checked_text(values["number"], field="number", most=60), "expires_on": last}


def _usual_last_day(programme: Programme, tier: str, since: dt.date, today: dt.date) -> dt.date | None:
    """The last day the programme gives; None only for those who have retired, as anything else would never lapse. Raises Invalid."""
    if tier not in _IN_PRACTICE:
        return None
    last = usual_last_day(programme, tier=tier, since=since)
    if last is None:
        raise Invalid({"expires_on": ["Enter the last valid day, as the certificate names it."]})
    if last < today:
        told = f"Counted from {formats.day(since)} it ended on {formats.day(last)}."
        raise Invalid({"expires_on": [f"{told} Enter the last valid day, or the day on which the reporting period began."]})
    return last
