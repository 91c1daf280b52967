"""Signatures: who vouches for an order, with which meaning, for exactly which content.

What is signed is the hash of the work as it stands: what the order says was done, every result that counts, the outcome of
each checklist and the hash of the procedure it followed. When any of it changes, the signature shows as broken; it stays.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid, NotAllowed
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.identity.services.log_in import WrongNameOrPassword, check_log_in
from openhtm.workorders.models import Checklist, Result, Signature, SignatureMeaning, WorkEvent, WorkOrder
from openhtm.workorders.queries.signed import SignedChange, changes_since
from openhtm.workorders.rules.kinds import STATUS_LABELS, Status
from openhtm.workorders.services.shared import lock_order, log

NEEDS: Mapping[str, Permission] = {
    SignatureMeaning.PERFORMED: Permission.DO_WORK,
    SignatureMeaning.REVIEWED: Permission.REVIEW_WORK,
    SignatureMeaning.RELEASED: Permission.DO_WORK,
    SignatureMeaning.ACCEPTED_REPORT: Permission.REVIEW_WORK,
}
SIGNABLE = frozenset({Status.OPEN, Status.IN_PROGRESS, Status.ON_HOLD, Status.COMPLETED, Status.CLOSED})


class WrongPassword(DomainError):
    """The password given for signing is not the signer's."""

    code = "wrong-password"
    message = "This is not your password, so nothing was signed."


class CannotSign(DomainError):
    """The order is not in a state in which this can be signed."""

    code = "cannot-sign"
    message = "{number} cannot be signed now: {why}"


@dataclass(frozen=True, slots=True)
class SignatureState:
    """A signature and whether what it was given for still stands unchanged. ``changes`` are why not, where they were asked for."""

    signature: Signature
    intact: bool
    changes: tuple[SignedChange, ...] = ()


def sign(*, actor: Actor, number: int, meaning: str, password: str, address: str | None = None, now: datetime | None = None) -> Signature:
    """Sign an order after proving who one is, again, by the password. Wrong passwords count as failed log-ins.

    Raises WorkOrder.DoesNotExist, NotAllowed (the right, a token, the system), WrongPassword, TooManyTries, CannotSign, Invalid.
    """
    now = now or timezone.now()
    if meaning not in SignatureMeaning.values:
        raise Invalid({"meaning": [f"Choose one of: {', '.join(SignatureMeaning.values)}."]})
    order = WorkOrder.objects.visible_to(actor).select_related("facility").get(number=number)
    require(actor, NEEDS[meaning], at=order.facility_id, place=order.facility.name)
    signer = prove(actor, password=password, address=address, now=now)  # outside the transaction: failed tries must count
    return append(actor, number=number, meaning=meaning, signer=signer, now=now)


def prove(actor: Actor, *, password: str, address: str | None, now: datetime) -> User:
    """Return the person behind ``actor`` if the password is theirs. Raises NotAllowed (a token, the system), WrongPassword, TooManyTries."""
    if actor.user_id is None or actor.token_id is not None:
        raise NotAllowed(permission="sign through a token; sign in person", place="this instance")
    user = User.objects.get(pk=actor.user_id)
    try:
        return check_log_in(username=user.username, password=password, address=address, now=now)
    except WrongNameOrPassword:
        raise WrongPassword from None


@transaction.atomic
def append(actor: Actor, *, number: int, meaning: str, signer: User, now: datetime) -> Signature:
    """Append the signature of somebody who has just proved who they are. Raises what ``sign`` raises but for the password."""
    order = lock_order(actor=actor, number=number, permission=NEEDS[meaning])
    if Status(order.status) not in SIGNABLE:
        raise CannotSign(number=order, why=f"it is {STATUS_LABELS[Status(order.status)].lower()}.")
    if meaning == SignatureMeaning.REVIEWED:
        refuse_own_review(order, signer_id=signer.pk)
    made = Signature.objects.create(
        work_order=order,
        meaning=meaning,
        signer=signer,
        signer_name=actor.name[:120],
        signer_roles=sorted({grant.role.value for grant in actor.grants if grant.facility_id in (None, order.facility_id)}),
        content_hash=content_hash_of([order])[order.pk],
        signed_at=now,
    )
    log(order, "signed", actor=actor, now=now, after=meaning, text=SignatureMeaning(meaning).label)
    return made


def refuse_own_review(order: WorkOrder, *, signer_id: int) -> None:
    """Raise CannotSign if the reviewer did the work: a second pair of eyes is what the word means. One statement."""
    did = Signature.objects.filter(work_order=order, meaning=SignatureMeaning.PERFORMED, signer=signer_id).exists()
    if did or order.completed_by_id == signer_id:
        raise CannotSign(number=order, why="you did this work, so somebody else reviews it.")


def signature_states(orders: Sequence[WorkOrder]) -> dict[int, list[SignatureState]]:
    """Return the signatures of orders with their state, in order of signing, by the order's key. Four statements for any number.

    Reopening an order breaks what was signed before, even if nothing else changed.
    """
    found: dict[int, list[Signature]] = defaultdict(list)
    for one in Signature.objects.filter(work_order__in=[order.pk for order in orders]).select_related("signer"):
        found[one.work_order_id].append(one)
    signed = [order for order in orders if order.pk in found]
    hashes = content_hash_of(signed) if signed else {}
    reopened = _last_reopened(signed) if signed else {}
    return {
        pk: [SignatureState(one, one.content_hash == hashes[pk] and not one.signed_at < reopened.get(pk, one.signed_at)) for one in given]
        for pk, given in found.items()
    }


def _last_reopened(orders: Sequence[WorkOrder]) -> dict[int, datetime]:
    moves = WorkEvent.objects.filter(work_order__in=[order.pk for order in orders], kind="status", after=Status.IN_PROGRESS)
    reopened = moves.filter(before__in=(Status.COMPLETED, Status.CLOSED))
    return dict(reopened.values("work_order").annotate(last=Max("recorded_at")).values_list("work_order", "last"))


def signature_state(order: WorkOrder) -> list[SignatureState]:
    """Return the signatures of an order with their state and why one is broken. Four statements; two or three more if one is."""
    states = signature_states([order]).get(order.pk, [])
    broken = [one.signature.signed_at for one in states if not one.intact]
    changes = changes_since(order, since=min(broken)) if broken else []
    return [
        one if one.intact else replace(one, changes=tuple(change for change in changes if change.at > one.signature.signed_at))
        for one in states
    ]


def content_hash_of(orders: Sequence[WorkOrder]) -> dict[int, str]:
    """Return the hash of what stands on each order, as 64 hexadecimal digits by its key. Two statements for any number."""
    keys = [order.pk for order in orders]
    checklists: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = (
        Checklist.objects.filter(work_order__in=keys)
        .order_by("uid")
        .values_list("work_order", "uid", "version__content_hash", "purpose", "outcome")
    )
    for order, uid, version_hash, purpose, outcome in rows:
        checklists[order].append({"uid": str(uid), "version": version_hash, "purpose": purpose, "outcome": outcome})
    results: dict[int, list[list[str]]] = defaultdict(list)
    standing = Result.objects.filter(work_order__in=keys, superseded_by__isnull=True).order_by("uid")
    for order, uid, fingerprint, verdict in standing.values_list("work_order", "uid", "fingerprint", "verdict"):
        results[order].append([str(uid), fingerprint, verdict])
    return {order.pk: _hash(_content(order, checklists[order.pk], results[order.pk])) for order in orders}


SIGNED_FIELDS = ("number", "kind", "device_id", "title", "work_done", "failure_id", "problem_id", "cause_id", "resolution_id")


def _content(order: WorkOrder, checklists: list[dict[str, Any]], results: list[list[str]]) -> dict[str, Any]:
    said = {name: getattr(order, name) for name in SIGNED_FIELDS}
    return {"format": 1, "order": said, "checklists": checklists, "results": results}


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
