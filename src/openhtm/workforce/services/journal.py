"""The renewal journal: entering, approving and taking back units."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Conflict, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.workforce.models import CeuEntry, Credential, StaffMember
from openhtm.workforce.rules.programmes import reference
from openhtm.workforce.services.access import checked_text, found_staff, is_oneself, require_at_staff, require_keeping
from openhtm.workforce.services.credentials import OwnSignature
from openhtm.workforce.services.evidence import Upload, stored_evidence


@transaction.atomic
def add_ceu(
    *,
    actor: Actor,
    staff_id: int,
    credential_id: int,
    category: str,
    units: Decimal,
    done_on: dt.date,
    title: str,
    evidence: Upload | None = None,
    now: dt.datetime | None = None,
) -> CeuEntry:
    """Enter an activity. Above the cap of its category it is kept and counts only up to it.

    Raises StaffMember.DoesNotExist, Credential.DoesNotExist, NotAllowed, Invalid, FileRefused.
    """
    staff = found_staff(actor, staff_id)
    require_keeping(actor, staff)
    credential = Credential.objects.get(pk=credential_id, staff=staff)
    now = now or timezone.now()
    _check(credential, category, units, done_on, now.date())
    text = checked_text(title, field="title", most=200, required=True)
    proof = stored_evidence(actor, evidence)
    with refuse_readably():
        return CeuEntry.objects.create(
            credential=credential, category=category, units=units, done_on=done_on, title=text, recorded_by_id=actor.user_id,
            recorded_at=now, **proof,
        )  # fmt: skip


@transaction.atomic
def approve_ceu(*, actor: Actor, staff_id: int, entry_id: int, now: dt.datetime | None = None) -> CeuEntry:
    """Say that the proof was looked at. Raises StaffMember.DoesNotExist, CeuEntry.DoesNotExist, NotAllowed, OwnSignature, Conflict."""
    staff, entry = _locked(actor, staff_id, entry_id)
    require_at_staff(actor, Permission.MANAGE_STAFF, staff)
    if is_oneself(actor, staff) or entry.recorded_by_id == actor.user_id:
        raise OwnSignature(what="entry")
    entry.approved_by_id, entry.approved_at = actor.user_id, now or timezone.now()
    with refuse_readably():
        entry.save(update_fields=["approved_by", "approved_at"])
    return entry


@transaction.atomic
def withdraw_ceu(*, actor: Actor, staff_id: int, entry_id: int, reason: str, now: dt.datetime | None = None) -> CeuEntry:
    """Take an entry back; it stays readable and counts no more. Raises as ``approve_ceu``, and Invalid."""
    staff, entry = _locked(actor, staff_id, entry_id)
    require_keeping(actor, staff)
    entry.withdrawn_reason = checked_text(reason, field="reason", most=200, required=True)
    entry.withdrawn_at = now or timezone.now()
    with refuse_readably():
        entry.save(update_fields=["withdrawn_at", "withdrawn_reason"])
    return entry


def _locked(actor: Actor, staff_id: int, entry_id: int) -> tuple[StaffMember, CeuEntry]:
    staff = found_staff(actor, staff_id)
    entry = CeuEntry.objects.select_for_update().get(pk=entry_id, credential__staff=staff)
    if entry.withdrawn_at is not None:
        raise Conflict(what="This entry")
    return staff, entry


def _check(credential: Credential, category: str, units: Decimal, done_on: dt.date, today: dt.date) -> None:
    programme = reference().programme(credential.programme)
    renewal = programme.renewal if programme else None
    errors: dict[str, list[str]] = {}
    if renewal is None:
        errors[""] = [f"{credential.programme} is not renewed by units, so it has no journal."]
    elif renewal.category(category) is None:
        errors["category"] = [f"Choose one of: {', '.join(one.code for one in renewal.categories)}."]
    if not units.is_finite() or not 0 < units <= 200 or units != round(units, 2):
        errors["units"] = ["Give more than 0 and at most 200 units, with at most two decimals."]
    if done_on > today:
        errors["done_on"] = ["This day lies in the future."]
    elif done_on < credential.issued_on:
        errors["done_on"] = ["This is before the certification began."]
    if errors:
        raise Invalid(errors)
