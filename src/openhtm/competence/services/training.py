"""Proposed training becomes planned training; planned training is done or given up."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from openhtm.competence.models import Competency, PlannedTraining
from openhtm.competence.queries.cover import Scope
from openhtm.competence.queries.training import proposals
from openhtm.competence.rules.levels import Basis, Level
from openhtm.competence.services.signing import Grant, sign_competency
from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.core.months import add_months
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.workforce.models import StaffMember


class PlanMovedOn(DomainError):
    """What was to be accepted is no longer proposed, because people, devices or sign-offs changed meanwhile."""

    code = "training-plan-moved-on"
    status = 409
    message = "{count} of the chosen trainings are no longer proposed. Nothing was planned; look at the plan again."


@transaction.atomic
def accept_proposals(
    *, actor: Actor, scope: Scope, chosen: Collection[tuple[int, int]], due_on: date | None = None, now: datetime | None = None
) -> int:
    """Plan the chosen proposals, (staff, type) each, and return how many: all or none. About twelve statements.

    Raises NotAllowed, PlanMovedOn, Invalid.
    """
    now = now or timezone.now()
    today = timezone.localdate(now)
    require(actor, Permission.MANAGE_STAFF)
    if not chosen:
        raise Invalid({"": ["Choose at least one training."]})
    if due_on is not None and due_on < today:
        raise Invalid({"due_on": ["Give a day from today on."]})
    proposed = proposals(actor=actor, scope=scope, on=today)
    found = {(one.staff_id, one.type_id): one for one in proposed.plan.proposals}
    if gone := [pair for pair in chosen if pair not in found]:
        raise PlanMovedOn(count=len(gone))
    _require_all(actor, {staff_id for staff_id, _ in chosen})
    rows = []
    for pair in sorted(set(chosen)):
        one, offer = found[pair], proposed.offers.get(pair[1])
        rows.append(
            PlannedTraining(
                staff_id=pair[0], device_type_id=pair[1], offer=offer, title=offer.title if offer else "Training to be found",
                cost_cents=offer.cost_cents if offer else None, minutes=offer.minutes if offer else 0, because=one.cover.value, due_on=due_on,
                planned_by_id=actor.user_id, planned_at=now,
            )
        )  # fmt: skip
    with refuse_readably():
        return len(PlannedTraining.objects.bulk_create(rows))


@transaction.atomic
def finish_training(
    *, actor: Actor, uid: UUID, done_on: date, certificate: str = "", observer_id: int | None = None, now: datetime | None = None
) -> Competency:
    """Say that planned training was done: the person can do the type alone now, for as long as the offer says.

    Raises PlannedTraining.DoesNotExist, NotAllowed, Conflict, SignedOffThemselves, Invalid.
    """
    now, found = now or timezone.now(), _locked(actor, uid)
    if done_on > timezone.localdate(now):
        raise Invalid({"done_on": ["Training is done when it is over: give today or a day before."]})
    basis = found.offer.basis if found.offer else (Basis.ON_THE_JOB if observer_id else Basis.VENDOR_SCHOOL)
    months = found.offer.valid_months if found.offer else None
    granted = sign_competency(
        actor=actor,
        grant=Grant(
            staff_id=found.staff_id, device_type_id=found.device_type_id, level=Level.INDEPENDENT, basis=basis, granted_on=done_on,
            valid_until=add_months(done_on, months) - timedelta(days=1) if months else None, observer_id=observer_id,
            certificate=certificate or ("" if basis == Basis.ON_THE_JOB else found.title),
        ),
        now=now,
    )  # fmt: skip
    found.done_on, found.competency = done_on, granted
    with refuse_readably():
        found.save(update_fields=["done_on", "competency"])
    return granted


@transaction.atomic
def give_up_training(*, actor: Actor, uid: UUID, reason: str, now: datetime | None = None) -> PlannedTraining:
    """Take planned training off, with the reason. Raises PlannedTraining.DoesNotExist, NotAllowed, Conflict, Invalid."""
    found = _locked(actor, uid)
    words = reason.strip()
    if not words or len(words) > 400 or "\0" in words:
        raise Invalid({"reason": ["Give the reason in 1 to 400 characters."]})
    found.given_up_on, found.given_up_reason = timezone.localdate(now or timezone.now()), words
    found.save(update_fields=["given_up_on", "given_up_reason"])
    return found


def _locked(actor: Actor, uid: UUID) -> PlannedTraining:
    require(actor, Permission.MANAGE_STAFF)
    visible = PlannedTraining.objects.visible_to(actor).select_related("staff", "offer")
    found = visible.select_for_update(of=("self",)).get(uid=uid)
    _require_all(actor, {found.staff_id})
    if found.done_on or found.given_up_on:
        raise Conflict(what="This training")
    return found


def _require_all(actor: Actor, staff_ids: set[int]) -> None:
    """The right at the home of each person; everywhere for those who work everywhere. One statement."""
    for facility_id in set(StaffMember.objects.filter(pk__in=staff_ids).values_list("facility_id", flat=True)):
        if facility_id is None:
            require_everywhere(actor, Permission.MANAGE_STAFF)
        else:
            require(actor, Permission.MANAGE_STAFF, at=facility_id)
