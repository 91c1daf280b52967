"""Several reports of one fault become one order, which keeps everything they carried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.events import publish
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models import (
    Downtime,
    LabourEntry,
    OtherCost,
    PartUsed,
    Result,
    VendorReport,
    WorkEvent,
    WorkOrder,
    WorkWatcher,
)
from openhtm.workorders.rules.events import OrderMoved
from openhtm.workorders.rules.kinds import STATUS_LABELS, WORKABLE, Status
from openhtm.workorders.services.costs import refresh_costs
from openhtm.workorders.services.moving import check_move
from openhtm.workorders.services.shared import clean_words, event, lock_orders

MOVED = (LabourEntry, PartUsed, VendorReport, OtherCost, Downtime)
"""Records that go over to the order that stays. Comments, files and events stay where they were written and are shown with it."""


class CannotMergeOrders(DomainError):
    """These orders cannot become one as they stand."""

    code = "cannot-merge-orders"
    message = "{number} cannot be merged: {why}"


@transaction.atomic
def merge_orders(*, actor: Actor, into: int, numbers: Sequence[int], reason: str = "", now: datetime | None = None) -> WorkOrder:
    """Merge the orders ``numbers`` into ``into``, which gets their labour, parts, reports, watchers, children and urgency.

    Reporters follow the order that stays; ``queries.detail.family`` finds what was written on the others. About fifteen
    statements. Raises WorkOrder.DoesNotExist, NotAllowed, AlreadySo, MoveRefused, CannotMergeOrders, Invalid.
    """
    now = now or timezone.now()
    if into in numbers or not numbers:
        raise Invalid({"numbers": ["Choose other orders to merge into this one."]})
    words = clean_words(reason, field="reason", limit=1000)
    orders = {order.number: order for order in lock_orders(actor=actor, numbers=[into, *numbers], permission=Permission.CANCEL_WORK)}
    kept = orders.pop(into)
    _refuse(kept, list(orders.values()))
    befores = {order.pk: check_move(order, Status.MERGED) for order in orders.values()}
    given_up = list(orders.values())
    _carry_over(kept, given_up, now)
    _move_records(kept, given_up)
    for order in given_up:
        order.status, order.merged_into, order.updated_at = Status.MERGED.value, kept, now
        order.hold_reason = order.hold_until = order.held_since = None
    WorkOrder.objects.bulk_update(given_up, ["status", "merged_into", "hold_reason", "hold_until", "held_since", "updated_at"])
    ids = [order.pk for order in given_up]
    WorkOrder.objects.filter(merged_into__in=ids).update(merged_into=kept, updated_at=now)
    _tell(kept, given_up, befores, actor=actor, now=now, words=words)
    refresh_costs([kept.pk, *ids])
    kept.refresh_from_db()
    return kept


def _refuse(kept: WorkOrder, given_up: Sequence[WorkOrder]) -> None:
    if Status(kept.status) not in WORKABLE:
        raise CannotMergeOrders(number=kept, why=f"it is {STATUS_LABELS[Status(kept.status)].lower()}. Choose one that is being worked on.")
    for order in given_up:
        if order.facility_id != kept.facility_id:
            raise CannotMergeOrders(number=order, why="it belongs to another facility.")
        if order.device_id and kept.device_id and order.device_id != kept.device_id:
            raise CannotMergeOrders(number=order, why="it is about another device. Make it a child order instead.")
        if order.pk == kept.parent_id:
            raise CannotMergeOrders(number=order, why=f"{kept} is a part of it.")
    tested = Result.objects.filter(work_order__in=[order.pk for order in given_up]).select_related("work_order").first()
    if tested is not None:
        raise CannotMergeOrders(number=tested.work_order, why="results were recorded on it. Merge the other way round, or complete it.")


def _carry_over(kept: WorkOrder, given_up: Sequence[WorkOrder], now: datetime) -> None:
    """What any of the reports said counts for the order that stays: the most urgent, a patient involved, a device set aside."""
    family = [kept, *given_up]
    kept.priority = min(order.priority for order in family)
    kept.incident = any(order.incident for order in family)
    kept.patient_involved = _any_known([order.patient_involved for order in family])
    kept.set_aside = _any_known([order.set_aside for order in family])
    kept.return_test_required = any(order.return_test_required for order in family)
    kept.device_id = kept.device_id or next((order.device_id for order in given_up if order.device_id), None)
    kept.response_due_at = min((order.response_due_at for order in family if order.response_due_at), default=None)
    kept.completion_due_at = min((order.completion_due_at for order in family if order.completion_due_at), default=None)
    kept.updated_at = now
    kept.save(
        update_fields=[
            *("priority", "incident", "patient_involved", "set_aside", "return_test_required", "device"),
            *("response_due_at", "completion_due_at", "updated_at"),
        ]
    )


def _any_known(answers: Sequence[bool | None]) -> bool | None:
    known = [answer for answer in answers if answer is not None]
    return any(known) if known else None


def _move_records(kept: WorkOrder, given_up: Sequence[WorkOrder]) -> None:
    ids = [order.pk for order in given_up]
    for model in MOVED:
        model.objects.filter(work_order__in=ids).update(work_order=kept)
    watchers = WorkWatcher.objects.filter(work_order__in=ids).values_list("user_id", flat=True).distinct()
    WorkWatcher.objects.bulk_create([WorkWatcher(work_order=kept, user_id=user) for user in watchers], ignore_conflicts=True)
    WorkOrder.objects.filter(parent__in=ids).exclude(pk=kept.pk).update(parent=kept)


def _tell(kept: WorkOrder, given_up: Sequence[WorkOrder], befores: dict[int, Status], *, actor: Actor, now: datetime, words: str) -> None:
    events = [
        event(order.pk, "status", actor=actor, now=now, before=befores[order.pk].value, after="merged", text=words or f"Goes on as {kept}", public=True)
        for order in given_up
    ]  # fmt: skip
    events += [event(kept.pk, "merged", actor=actor, now=now, after=str(order), text=words or order.title) for order in given_up]
    WorkEvent.objects.bulk_create(events)
    for order in given_up:
        before = befores[order.pk].value
        publish(OrderMoved(order_id=order.pk, before=before, after=Status.MERGED.value, outcome="", actor=actor, at=now))
