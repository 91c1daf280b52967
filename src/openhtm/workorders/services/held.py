"""Results that could not be stored: kept as they came, shown to people, and settled by one of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from openhtm.core.errors import Conflict, Invalid
from openhtm.core.ids import uuid7
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models import HeldResult, WorkOrder
from openhtm.workorders.rules.results import Refusal, ResultIn, State, as_payload, from_payload

STORED, DISCARDED = "stored", "discarded"


class AlreadySettled(Conflict):
    """Somebody decided about this held result before."""

    code = "held-result-settled"
    message = "Somebody has settled this result meanwhile: it was {decision}."


class CannotStoreHeld(Invalid):
    """The held result still cannot be stored as it stands."""

    code = "held-result-cannot-be-stored"


@dataclass(frozen=True, slots=True)
class Keeping:
    """A result that is to be held: as it came, its order if that is known and visible, and why."""

    item: ResultIn
    fingerprint: str
    order: WorkOrder | None
    why: Refusal


def keep(keeping: Sequence[Keeping], *, actor: Actor, now: datetime) -> None:
    """Keep results for a person. The same content of the same id is kept once. One statement, none for nothing."""
    if not keeping:
        return
    HeldResult.objects.bulk_create(
        [
            HeldResult(
                claimed_uid=str(one.item.uid)[:60].lower(),
                work_order=one.order,
                facility_id_at=one.order.facility_id if one.order else None,
                payload=as_payload(one.item),
                fingerprint=one.fingerprint,
                reason=one.why.code,
                sentence=one.why.sentence[:400],
                sender_id=actor.user_id,
                received_at=now,
            )
            for one in keeping
        ],
        ignore_conflicts=True,
    )


def settle_stored(stored: Mapping[str, str], *, actor: Actor, now: datetime) -> None:
    """Settle what was held before and has now been stored, sent once more by its client. One statement, none for nothing."""
    if not stored:
        return
    held = HeldResult.objects.filter(claimed_uid__in=stored, fingerprint__in=stored.values(), settled_at__isnull=True)
    held.update(settled_at=now, settled_by_id=actor.user_id, decision=STORED, decision_note="Sent again and stored.")


def visible_held(actor: Actor) -> QuerySet[HeldResult]:
    """Held results the actor may read: of orders of their facilities, their own, and all without an order for whoever sees everything."""
    reach = actor.reach()
    if reach.everywhere:
        return HeldResult.objects.all()
    mine = Q(sender_id=actor.user_id) if actor.user_id else Q(pk__in=[])
    return HeldResult.objects.filter(Q(facility_id_at__in=reach.facility_ids) | mine)


@transaction.atomic
def settle_held(*, actor: Actor, uid: uuid.UUID, decision: str, note: str, checklist: str = "", now: datetime | None = None) -> HeldResult:
    """Store a held result after all, or discard it: the record of it stays either way.

    ``checklist`` names another checklist than the one it was sent for. A second result under a used id is stored under a new
    id, as a correction of the first. Raises HeldResult.DoesNotExist, NotAllowed, AlreadySettled, CannotStoreHeld, Invalid.
    """
    now = now or timezone.now()
    held = visible_held(actor).select_for_update(of=("self",)).get(uid=uid)
    require(actor, Permission.REVIEW_WORK, at=held.facility_id_at)
    if held.settled_at:
        raise AlreadySettled(decision=held.decision)
    words = note.strip()
    if not words or len(words) > 400 or "\0" in words:
        raise Invalid({"note": ["Say why, in at most 400 characters."]})
    if decision not in (STORED, DISCARDED):
        raise Invalid({"decision": [f"Choose one of: {STORED}, {DISCARDED}."]})
    if decision == STORED:
        _store(held, actor=actor, note=words, checklist=checklist, now=now)
    held.settled_at, held.settled_by_id, held.decision, held.decision_note = now, actor.user_id, decision, words
    held.save(update_fields=["settled_at", "settled_by", "decision", "decision_note"])
    return held


def _store(held: HeldResult, *, actor: Actor, note: str, checklist: str, now: datetime) -> None:
    from openhtm.workorders.services.results import store_results  # results keep what they cannot store here

    item = from_payload(held.payload)
    if checklist:
        item = replace(item, checklist=checklist)
    if held.reason in ("uid-reused", "already-corrected"):
        item = replace(item, uid=str(uuid7()), supersedes=_last_of(item), reason=note)
    [outcome] = store_results(actor=actor, items=[item], now=now).items
    if outcome.state not in (State.STORED, State.REPEATED):
        raise CannotStoreHeld({"": [outcome.sentence]})


def _last_of(item: ResultIn) -> str:
    """Return the uid of the result that stands now for the step of ``item``; empty if there is none. One statement."""
    from openhtm.workorders.models import Result

    standing = Result.objects.filter(checklist__uid=item.checklist, step_key=item.step, phase=item.phase, superseded_by__isnull=True)
    last = standing.order_by("-measured_at", "-uid").values_list("uid", flat=True).first()
    return str(last or "")
