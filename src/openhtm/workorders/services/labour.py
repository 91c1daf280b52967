"""Time spent on orders: a timer of one tap, or minutes booked afterwards."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.workforce.queries import rate_on
from openhtm.workorders.models import CodeList, LabourEntry, WorkCode, WorkOrder
from openhtm.workorders.rules.kinds import Kind
from openhtm.workorders.services.assignees import refuse_strange_assignees
from openhtm.workorders.services.costs import refresh_costs
from openhtm.workorders.services.shared import clean_words, code_of, lock_order, log, refuse_settled, today_at

MAX_MINUTES = 10_080
FUTURE_TOLERANCE = timedelta(minutes=5)  # clocks of phones differ a little
_USUAL = {Kind.SCHEDULED: "pm", Kind.SAFETY_TEST: "pm", Kind.CALIBRATION: "pm", Kind.RECALL_ACTION: "recall", Kind.PROJECT: "project"}


class TimerElsewhere(Conflict):
    """The person's timer already runs on another order."""

    code = "timer-elsewhere"
    message = "Your timer already runs on {number}. Stop it there first, or switch."


def usual_category(kind: str) -> str:
    """The kind of labour that a timer is booked under unless somebody says otherwise."""
    return _USUAL.get(Kind(kind), "repair")


@transaction.atomic
def start_timer(*, actor: Actor, number: int, category: str = "", switch: bool = False, now: datetime | None = None) -> LabourEntry:
    """Start the actor's timer on an order. It runs already there: that one. ``switch`` stops one that runs elsewhere.

    Raises WorkOrder.DoesNotExist, NotAllowed, OrderSettled, TimerElsewhere, Invalid.
    """
    now = now or timezone.now()
    user_id = _person(actor)
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK)
    refuse_settled(order)
    running = _running(user_id).select_related("work_order").select_for_update(of=("self",)).first()
    if running is not None:
        if running.work_order_id == order.pk:
            return running
        if not switch:
            raise TimerElsewhere(number=running.work_order)
        _stop(running, minutes=None, ended_at=now, note="")
    code = _category(category or usual_category(order.kind))
    with refuse_readably():
        entry = LabourEntry.objects.create(
            work_order=order,
            user_id=user_id,
            user_name=actor.name[:120],
            category=code,
            started_at=now,
            rate_cents=rate_on(user_id=user_id, on=today_at(order.facility, now)),
        )
    WorkOrder.objects.filter(pk=order.pk, responded_at__isnull=True).update(responded_at=now)
    return entry


@transaction.atomic
def stop_timer(
    *, actor: Actor, minutes: int | None = None, note: str = "", ended_at: datetime | None = None, now: datetime | None = None
) -> LabourEntry:
    """Stop the actor's running timer and book what it counted, or ``minutes`` if it ran on by mistake.

    Raises LabourEntry.DoesNotExist (no timer runs), NotAllowed, Invalid.
    """
    now = now or timezone.now()
    running = _running(_person(actor)).select_related("work_order").select_for_update(of=("self",)).get()
    require(actor, Permission.DO_WORK, at=running.work_order.facility_id)
    end = ended_at or now
    if not running.started_at <= end <= now + FUTURE_TOLERANCE:
        raise Invalid({"ended_at": ["Give a time between the start of the timer and now."]})
    return _stop(running, minutes=minutes, ended_at=end, note=note)


def stop_own_timer(*, actor: Actor, order: WorkOrder, now: datetime) -> LabourEntry | None:
    """Stop the actor's timer if it runs on this order. One statement where none runs."""
    if actor.user_id is None:
        return None
    running = _running(actor.user_id).filter(work_order=order).select_for_update(of=("self",)).first()
    return _stop(running, minutes=None, ended_at=max(now, running.started_at), note="") if running else None


def _stop(entry: LabourEntry, *, minutes: int | None, ended_at: datetime, note: str) -> LabourEntry:
    counted = max(round((ended_at - entry.started_at).total_seconds() / 60), 1)
    if minutes is None and counted > MAX_MINUTES:
        raise Invalid({"minutes": ["This timer ran for more than a week. Say how many minutes were worked."]})
    entry.minutes = counted if minutes is None else _minutes(minutes)
    entry.ended_at = ended_at
    entry.note = clean_words(note, field="note", limit=200) or entry.note
    entry.save(update_fields=["minutes", "ended_at", "note"])
    refresh_costs([entry.work_order_id])
    return entry


@transaction.atomic
def book_labour(
    *, actor: Actor, number: int, minutes: int, category: str = "", started_at: datetime | None = None, user_id: int | None = None,
    note: str = "", now: datetime | None = None,
) -> LabourEntry:  # fmt: skip
    """Book time that was worked, one's own; that of a colleague needs the right to assign work.

    Raises WorkOrder.DoesNotExist, NotAllowed, OrderSettled, Invalid.
    """
    now = now or timezone.now()
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK)
    refuse_settled(order)
    who = user_id or _person(actor)
    if who != actor.user_id:
        require(actor, Permission.ASSIGN_WORK, at=order.facility_id, place=order.facility.name)
        refuse_strange_assignees(user_ids={(who, order.facility_id)}, now=now)
    worked = _minutes(minutes)
    start = started_at or now - timedelta(minutes=worked)
    if start > now + FUTURE_TOLERANCE or start < now - timedelta(days=3660):
        raise Invalid({"started_at": ["Give a time that is not in the future."]})
    code = _category(category or usual_category(order.kind))
    name = actor.name if who == actor.user_id else str(User.objects.get(pk=who))
    with refuse_readably():
        entry = LabourEntry.objects.create(
            work_order=order, user_id=who, user_name=name[:120], category=code, started_at=start, ended_at=start + timedelta(minutes=worked),
            minutes=worked, rate_cents=rate_on(user_id=who, on=today_at(order.facility, start)), note=clean_words(note, field="note", limit=200),
        )  # fmt: skip
    refresh_costs([order.pk])
    return entry


@transaction.atomic
def remove_labour(*, actor: Actor, uid: uuid.UUID, reason: str, now: datetime | None = None) -> LabourEntry:
    """Take an entry off its order: one's own, or a colleague's with the right to review work. The history keeps it.

    Raises LabourEntry.DoesNotExist, NotAllowed, OrderSettled, Invalid.
    """
    now = now or timezone.now()
    visible = LabourEntry.objects.filter(work_order__in=WorkOrder.objects.visible_to(actor), removed_at__isnull=True)
    entry = visible.select_related("work_order__facility").get(uid=uid)
    order = lock_order(actor=actor, number=entry.work_order.number, permission=Permission.DO_WORK)
    refuse_settled(order)
    if entry.user_id != actor.user_id:
        require(actor, Permission.REVIEW_WORK, at=order.facility_id, place=order.facility.name)
    words = clean_words(reason, field="reason", limit=200, required=True)
    entry.removed_at, entry.ended_at = now, entry.ended_at or max(now, entry.started_at)
    entry.save(update_fields=["removed_at", "ended_at"])
    log(order, "labour_removed", actor=actor, now=now, before=f"{entry.minutes} min {entry.user_name}", text=words)
    refresh_costs([order.pk])
    return entry


def _running(user_id: int) -> QuerySet[LabourEntry]:
    return LabourEntry.objects.filter(user_id=user_id, ended_at__isnull=True, removed_at__isnull=True)


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotAllowed(permission="book labour as a person", place="the organisation")
    return actor.user_id


def _minutes(minutes: int) -> int:
    if not 1 <= minutes <= MAX_MINUTES:
        raise Invalid({"minutes": [f"Book 1 to {MAX_MINUTES:,} minutes."]})
    return minutes


def _category(code: str) -> WorkCode:
    found = code_of(code, list=CodeList.LABOUR, field="category", required=True)
    assert found is not None
    return found
