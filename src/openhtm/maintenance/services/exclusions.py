"""Taking a visit out of the count: one person proposes it with a reason, another decides."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import Schedule, Visit, VisitExclusion
from openhtm.maintenance.services.settling import settle

CODES = {
    "cancelled": "Duplicate or opened by mistake",
    "done_recently": "Done shortly before",
    "out_of_service": "Not in use",
    "other": "Another reason",
}
EXCLUDABLE = frozenset({"missed"})


class CannotExclude(DomainError):
    """The visit cannot be taken out of the count."""

    code = "visit-cannot-be-excluded"
    status = 409
    message = "The visit of {due_on} cannot be excluded: {why}"


class SamePerson(DomainError):
    """Whoever proposed an exclusion may not confirm it."""

    code = "exclusion-needs-second-person"
    status = 409
    message = "You proposed this yourself. A second person must confirm it."


@transaction.atomic
def propose(*, actor: Actor, visit_id: int, code: str, reason: str, now: datetime | None = None) -> VisitExclusion:
    """Propose that a visit is not counted. It changes nothing until somebody else decides.

    Raises Visit.DoesNotExist, NotAllowed, Invalid, CannotExclude.
    """
    visit = Visit.objects.visible_to(actor).select_related("device__facility").get(pk=visit_id)
    require(actor, Permission.EXCLUDE_VISITS, at=visit.device.facility_id, place=visit.device.facility.name)
    errors = {}
    if code not in CODES:
        errors["code"] = [f"Choose one of: {', '.join(CODES)}."]
    if not reason.strip() or len(reason) > 400 or "\0" in reason:
        errors["reason"] = ["Give the reason, in up to 400 characters."]
    if errors:
        raise Invalid(errors)
    if actor.user_id is None:
        raise Invalid({"": ["Only a person can propose this."]})
    if not visit.is_open and visit.state not in EXCLUDABLE:
        raise CannotExclude(due_on=visit.due_on.isoformat(), why=f"it is {visit.get_state_display().lower()}.")
    if visit.exclusions.filter(confirmed__isnull=True).exists():
        raise CannotExclude(due_on=visit.due_on.isoformat(), why="it is proposed already and waits for a second person.")
    with refuse_readably():
        return VisitExclusion.objects.create(
            visit=visit, code=code, reason=reason.strip(), proposed_by_id=actor.user_id, proposed_by_name=actor.name[:120],
            proposed_at=now or timezone.now(),
        )  # fmt: skip


@transaction.atomic
def decide(*, actor: Actor, exclusion_uid: str, confirmed: bool, note: str = "", now: datetime | None = None) -> VisitExclusion:
    """Confirm or refuse a proposal. Confirmed, the visit leaves both percentages and the next one opens.

    Raises VisitExclusion.DoesNotExist, NotAllowed, SamePerson, Conflict by ``CannotExclude`` if it was decided before.
    """
    now = now or timezone.now()
    visible = VisitExclusion.objects.filter(visit__in=Visit.objects.visible_to(actor)).select_related("visit__device__facility")
    device_id = visible.values_list("visit__device_id", flat=True).get(uid=exclusion_uid)
    list(Schedule.objects.filter(device_id=device_id).select_for_update().order_by("pk").values_list("pk", flat=True))
    found = visible.select_for_update(of=("self",)).get(uid=exclusion_uid)
    facility = found.visit.device.facility
    require(actor, Permission.EXCLUDE_VISITS, at=facility.pk, place=facility.name)
    if found.confirmed is not None:
        raise CannotExclude(due_on=found.visit.due_on.isoformat(), why="this proposal was decided before.")
    if confirmed and (actor.user_id is None or actor.user_id == found.proposed_by_id):
        raise SamePerson()
    found.confirmed, found.decided_by_id, found.decided_by_name = confirmed, actor.user_id, actor.name[:120]
    found.decided_at, found.decision_note = now, note.strip()[:400]
    with refuse_readably():
        found.save(update_fields=["confirmed", "decided_by", "decided_by_name", "decided_at", "decision_note"])
    if confirmed:
        settle(device_ids=[device_id], now=now)
    return found
