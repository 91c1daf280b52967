"""The downtime clock of devices: it follows their status by itself, and can be set by hand."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Conflict, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.inventory.rules.events import StatusChanged
from openhtm.inventory.rules.status import Status
from openhtm.inventory.services.devices import lock_device
from openhtm.workorders.models import Downtime, WorkOrder
from openhtm.workorders.rules import downtime as rules

DOWN: frozenset[Status] = frozenset({Status.OUT_OF_SERVICE, Status.IN_REPAIR, Status.SEQUESTERED})
"""Statuses in which the clock runs. A stored, missing or retired device is not down: nobody waits for it."""
FUTURE_TOLERANCE = timedelta(minutes=5)


class AlreadyDown(Conflict):
    """The device's downtime clock is in that state already (409)."""

    code = "downtime-unchanged"
    message = "The downtime clock of {device} {state}."


@transaction.atomic
def begin(
    *, actor: Actor, device: str, number: int | None = None, planned: bool = False, started_at: datetime | None = None,
    now: datetime | None = None,
) -> Downtime:  # fmt: skip
    """Start the downtime clock of a device, at ``started_at`` if it went down earlier. Runs it already: that one, with the order named.

    Raises Device.DoesNotExist, WorkOrder.DoesNotExist, NotAllowed, Invalid.
    """
    now = now or timezone.now()
    found = _device(actor, device)
    order = WorkOrder.objects.visible_to(actor).get(number=number, device=found) if number is not None else None
    running = Downtime.objects.select_for_update().filter(device=found, ended_at__isnull=True).first()
    if running is not None:
        if order is not None and running.work_order_id is None:
            running.work_order = order
            running.save(update_fields=["work_order"])
        return running
    start = started_at or now
    _refuse_time(start, now, "started_at")
    _refuse_overlap(found, rules.Down(start, None))
    with refuse_readably():
        return Downtime.objects.create(device=found, work_order=order, planned=planned, started_at=start)


@transaction.atomic
def end(*, actor: Actor, device: str, ended_at: datetime | None = None, now: datetime | None = None) -> Downtime:
    """Stop the downtime clock of a device. Raises Device.DoesNotExist, NotAllowed, AlreadyDown (it does not run), Invalid."""
    now = now or timezone.now()
    found = _device(actor, device)
    running = Downtime.objects.select_for_update().filter(device=found, ended_at__isnull=True).first()
    if running is None:
        raise AlreadyDown(device=found, state="does not run")
    stop = ended_at or now
    _refuse_time(stop, now, "ended_at")
    running.ended_at = stop
    with refuse_readably():
        running.save(update_fields=["ended_at"])
    return running


@transaction.atomic
def correct(
    *, actor: Actor, uid: uuid.UUID, started_at: datetime, ended_at: datetime | None, planned: bool, now: datetime | None = None
) -> Downtime:
    """Set the times of a downtime right; the history keeps what they were.

    Raises Downtime.DoesNotExist, NotAllowed, Invalid.
    """
    now = now or timezone.now()
    time = Downtime.objects.filter(device__in=Device.objects.visible_to(actor)).select_related("device").get(uid=uid)
    found = _device(actor, time.device.control_number)
    _refuse_time(started_at, now, "started_at")
    if ended_at is not None:
        _refuse_time(ended_at, now, "ended_at")
    _refuse_overlap(found, rules.Down(started_at, ended_at), besides=time.pk)
    time.started_at, time.ended_at, time.planned = started_at, ended_at, planned
    with refuse_readably():
        time.save(update_fields=["started_at", "ended_at", "planned"])
    return time


def follow_status(event: StatusChanged) -> None:
    """Start or stop the clock with the status of the devices. Two statements for any number."""
    now = timezone.now()
    if event.after in DOWN:
        start_for(event.device_ids, now=now)
    else:
        Downtime.objects.filter(device_id__in=event.device_ids, ended_at__isnull=True, started_at__lte=now).update(ended_at=now)


def start_for(device_ids: Collection[int], *, now: datetime) -> None:
    """Start the clock of devices where it does not run yet. One statement."""
    Downtime.objects.bulk_create([Downtime(device_id=pk, started_at=now) for pk in device_ids], ignore_conflicts=True)


def _device(actor: Actor, number: str) -> Device:
    found = lock_device(actor=actor, control_number=number)
    require(actor, Permission.DO_WORK, at=found.facility_id, place=found.facility.name)
    return found


def _refuse_time(at: datetime, now: datetime, field: str) -> None:
    if not now - timedelta(days=36_600) <= at <= now + FUTURE_TOLERANCE:
        raise Invalid({field: ["Give a time that is not in the future."]})


def _refuse_overlap(device: Device, wanted: rules.Down, *, besides: int | None = None) -> None:
    others = Downtime.objects.filter(device=device).exclude(pk=besides or 0).values_list("started_at", "ended_at")
    if any(rules.overlaps(wanted, rules.Down(since, until)) for since, until in others):
        raise Invalid({"started_at": ["The device is recorded as down at that time already."]})
