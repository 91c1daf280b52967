"""Review: in-tolerance work passes by rule once it is signed; people read the exceptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from openhtm.core.events import subscribe
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models import Checklist, HeldResult, Result, Signature, SignatureMeaning, WorkOrder
from openhtm.workorders.queries.closing import facts_of
from openhtm.workorders.rules.closing import closing_gaps, in_words
from openhtm.workorders.rules.events import OrderMoved, ResultsStored
from openhtm.workorders.rules.kinds import Status
from openhtm.workorders.rules.review import order_reasons
from openhtm.workorders.services import signing
from openhtm.workorders.services.moving import NotReadyToClose, close_order
from openhtm.workorders.services.qualification import NotQualified
from openhtm.workorders.services.shared import clean_words, log


def refresh_review(order_ids: Collection[int]) -> None:
    """Bring the stored review reasons of completed and closed orders in line with what stands on them. Five statements or four."""
    orders = list(
        WorkOrder.objects.filter(pk__in=order_ids, status__in=(Status.COMPLETED, Status.CLOSED)).only("pk", "incident", "review_reasons")
    )
    if not orders:
        return
    wanted = _reasons(orders)
    changed = [order for order in orders if list(order.review_reasons) != list(wanted[order.pk])]
    for order in changed:
        order.review_reasons = list(wanted[order.pk])
    if changed:
        WorkOrder.objects.bulk_update(changed, ["review_reasons"])


def _reasons(orders: Collection[WorkOrder]) -> Mapping[int, tuple[str, ...]]:
    keys = [order.pk for order in orders]
    told: dict[int, set[str]] = defaultdict(set)
    counted: dict[int, int] = defaultdict(int)
    for order, reasons in Result.objects.filter(work_order__in=keys).values_list("work_order", "review_reasons"):
        told[order] |= set(reasons)
        counted[order] += 1
    outcomes: dict[int, list[str]] = defaultdict(list)
    for order, outcome in Checklist.objects.filter(work_order__in=keys).values_list("work_order", "outcome"):
        outcomes[order].append(outcome)
    open_held = HeldResult.objects.filter(work_order__in=keys, settled_at__isnull=True).values("work_order")
    held = dict(open_held.annotate(n=Count("pk")).values_list("work_order", "n"))
    return {
        order.pk: order_reasons(
            result_reasons=told[order.pk],
            outcomes=outcomes[order.pk],
            incident=order.incident,
            has_results=counted[order.pk] > 0,
            held=held.get(order.pk, 0),
        )
        for order in orders
    }


def settle_by_rule(*, actor: Actor, number: int, now: datetime) -> WorkOrder | None:
    """Close a completed, signed order that nobody has to read. Returns it, or None if a person must look or something is missing.

    The signature must stand for what is on the order now.
    """
    order = WorkOrder.objects.visible_to(actor).select_related("facility", "device").get(number=number)
    if order.status != Status.COMPLETED or order.review_reasons or closing_gaps(facts_of(order)):
        return None
    states = signing.signature_state(order)
    if not any(one.intact and one.signature.meaning == SignatureMeaning.PERFORMED for one in states):
        return None
    try:
        return close_order(actor=actor, number=number, by_rule=True, now=now)
    except NotQualified:  # a person decides: done again by somebody else, or overridden by two
        return None


def sign_performed(
    *, actor: Actor, number: int, password: str, address: str | None = None, now: datetime | None = None
) -> tuple[Signature, WorkOrder | None]:
    """Sign that one did the work, and let the order pass by rule if nothing on it needs a reader.

    Returns the signature, and the order if it was closed. Raises what ``signing.sign`` raises.
    """
    now = now or timezone.now()
    made = signing.sign(actor=actor, number=number, meaning=SignatureMeaning.PERFORMED, password=password, address=address, now=now)
    return made, settle_by_rule(actor=actor, number=number, now=now)


def review(
    *, actor: Actor, number: int, password: str, note: str = "", address: str | None = None, now: datetime | None = None
) -> WorkOrder:
    """Sign a completed order as reviewed and close it: both or neither.

    Raises WorkOrder.DoesNotExist, NotAllowed, WrongPassword, TooManyTries, CannotSign, NotReadyToClose, AlreadySo.
    """
    now = now or timezone.now()
    words = clean_words(note, field="note", limit=1000)
    order = WorkOrder.objects.visible_to(actor).select_related("facility").get(number=number)
    require(actor, Permission.REVIEW_WORK, at=order.facility_id, place=order.facility.name)
    if order.status == Status.COMPLETED and (gaps := closing_gaps(facts_of(order))):
        raise NotReadyToClose(number=order, gaps=in_words(gaps))
    signer = signing.prove(actor, password=password, address=address, now=now)
    with transaction.atomic():
        signing.append(actor, number=number, meaning=SignatureMeaning.REVIEWED, signer=signer, now=now)
        closed = close_order(actor=actor, number=number, now=now)
        if words:
            log(closed, "review_note", actor=actor, now=now, text=words)
    return closed


def exceptions_of(order_ids: Iterable[int]) -> dict[int, list[Result]]:
    """Return the results that a person must read, by order, in order of measuring. One statement."""
    found: dict[int, list[Result]] = defaultdict(list)
    results = (
        Result.objects.filter(work_order__in=list(order_ids)).exclude(review_reasons=[]).select_related("checklist__version__procedure")
    )
    for one in results.defer("checklist__version__content", "limit", "qualification").order_by("measured_at", "uid"):
        found[one.work_order_id].append(one)
    return found


def signed_and_intact(orders: Sequence[WorkOrder]) -> dict[int, bool]:
    """Return by order whether it is signed as performed and unchanged since. Four statements for any number."""
    return {
        pk: any(one.intact and one.signature.meaning == SignatureMeaning.PERFORMED for one in states)
        for pk, states in signing.signature_states(orders).items()
    }


def _follow_moves(event: OrderMoved) -> None:
    if event.after == Status.COMPLETED:
        refresh_review([event.order_id])


def _follow_results(event: ResultsStored) -> None:
    if event.settled_order_ids:
        refresh_review(event.settled_order_ids)


def listen() -> None:
    """Subscribe to what orders tell."""
    subscribe(OrderMoved, "workorders.review", _follow_moves)
    subscribe(ResultsStored, "workorders.review", _follow_results)
