"""What maintenance does when lower rooms tell of a change, in the same transaction."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from openhtm.core.events import subscribe
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Role
from openhtm.inventory.models import Device
from openhtm.inventory.rules.events import DeviceSeen, DevicesMerged, StatusChanged
from openhtm.inventory.rules.status import Status
from openhtm.inventory.services.life import change_status
from openhtm.maintenance.models import Escalation, MeterReading, Visit
from openhtm.maintenance.rules.outcomes import RECORDABLE
from openhtm.maintenance.services import workload
from openhtm.maintenance.services.attempts import record_for_order, take_back_for_order
from openhtm.maintenance.services.declaring import FIRST_SIGNED, proposals
from openhtm.maintenance.services.inherit import NoWindows, refresh_schedules
from openhtm.maintenance.services.settling import lock_schedules, settle
from openhtm.notices.services import Message, tell_many
from openhtm.sites.rules.events import PlaceMoved
from openhtm.workorders.models import Checklist, WorkOrder
from openhtm.workorders.rules.events import OrderMoved, OrderReopened
from openhtm.workorders.rules.kinds import Kind
from openhtm.workorders.rules.kinds import Status as OrderStatus
from openhtm.workorders.services.opening import open_order

FOUND_REASON = "Found again after it was missing: inspect it, and do what maintenance was missed, before use."
SETTLE_AT_ONCE = 500
"""More devices than these are brought in line by the next run, not while somebody waits."""


def follow_status(event: StatusChanged) -> None:
    """Schedules end with the device and live again with it; holding statuses hold its visits from today on."""
    if len(event.device_ids) > SETTLE_AT_ONCE:
        return
    actor, now = cast(Actor, event.actor), _changed_at(event.device_ids)
    if event.after in (Status.RETIRED, Status.DISPOSED) or event.before in (
        Status.RETIRED,
        Status.DISPOSED,
        Status.RECEIVED,
        Status.IN_ACCEPTANCE,
    ):
        _refresh(actor, event.device_ids, f"Status {event.after}.", now)
    settle(device_ids=event.device_ids, now=now)


def follow_sighting(event: DeviceSeen) -> None:
    """A missing device that is seen is set aside, with an order to inspect it and do what it missed (DOMAIN 2.4).

    Searches for a device that is merely looked for are done with.
    """
    now, actor = timezone.now(), cast(Actor, event.actor)
    searches = Escalation.objects.filter(
        device_id=event.device_id, done_at__isnull=True, step__in=("search", "notify", "escalate", "propose_missing")
    )
    searches.update(done_at=event.seen_at, done_by_id=actor.user_id, done_by_name=actor.name[:120], outcome="found")
    proposals(event.device_id).filter(outcome=FIRST_SIGNED).update(outcome="found")  # the first signature stays readable
    if not event.was_missing:
        return
    system = Actor.system(f"found by {actor.name}"[:120])
    device = Device.objects.select_related("facility").get(pk=event.device_id)
    change_status(actor=system, control_number=device.control_number, after=Status.OUT_OF_SERVICE, reason=FOUND_REASON, now=now)
    order = open_order(
        actor=system, title=f"Found again: inspect {device.control_number} before use", kind=Kind.CORRECTIVE, device=device.control_number,
        description=_found_text(device), priority=2, origin="found", return_test_required=True, now=now,
    )  # fmt: skip
    visit = Visit.objects.filter(device=device).order_by("-is_open", "-due_on").first()
    if visit:
        Escalation.objects.get_or_create(
            visit=visit, device=device, step="flag", due_on=device.last_seen_at.date() if device.last_seen_at else now.date()
        )
    tell_many(
        [
            Message(
                key=f"device-found:{event.sighting_id}", kind="device-found", subject=f"{device.control_number} was missing and was seen again",
                text=FOUND_REASON, url=f"/work/{order.number}", role=Role.MANAGER, facility_id=device.facility_id, urgent=True,
            )
        ],
        now=now,
    )  # fmt: skip


def _found_text(device: Device) -> str:
    missed = (
        Visit.objects.filter(device=device, state__in=("missed", "passed_held")).order_by("-due_on").values_list("due_on", flat=True)[:6]
    )
    owed = Visit.objects.filter(device=device, is_open=True).exclude(state="not_due").values_list("due_on", flat=True)
    days = ", ".join(day.isoformat() for day in sorted({*missed, *owed}))
    return f"{FOUND_REASON} Visits not done: {days}." if days else FOUND_REASON


def follow_order(event: OrderMoved) -> None:
    """Completing an order is an attempt at each of its visits; an order merged away hands its visits over."""
    actor = cast(Actor, event.actor)
    if event.after == OrderStatus.COMPLETED:
        record_for_order(
            actor=actor, order_id=event.order_id, outcomes=_outcomes(event.order_id), default=_known(event.outcome) or "pass", now=event.at
        )
    elif event.after == OrderStatus.MERGED:
        into = WorkOrder.objects.filter(pk=event.order_id).values_list("merged_into_id", flat=True).first()
        if into:
            Visit.objects.filter(work_order_id=event.order_id, is_open=True).update(work_order_id=into, updated_at=event.at)


def _outcomes(order_id: int) -> dict[int, str]:
    """Return what the checklists of an order came to, by procedure."""
    rows = (
        Checklist.objects.filter(work_order_id=order_id, purpose="work").exclude(outcome="").values_list("version__procedure_id", "outcome")
    )
    return {procedure: code for procedure, outcome in rows if (code := _known(outcome))}


def _known(outcome: str) -> str:
    return outcome if outcome in RECORDABLE else ""


def follow_reopened(event: OrderReopened) -> None:
    take_back_for_order(actor=cast(Actor, event.actor), order_id=event.order_id, reason=event.reason, now=event.at)


def follow_merger(event: DevicesMerged) -> None:
    """The record given up ends its schedules; its attempts stay with it, its newest readings count for the one kept."""
    actor = cast(Actor, event.actor)
    readings = MeterReading.objects.filter(device_id=event.given_up_id)
    known = set(MeterReading.objects.filter(device_id=event.kept_id).values_list("meter", "read_on", "value"))
    MeterReading.objects.bulk_create(
        MeterReading(device_id=event.kept_id, meter=one.meter, value=one.value, read_on=one.read_on, source="merge", actor_id=one.actor_id,
                     actor_name=one.actor_name)
        for one in readings if (one.meter, one.read_on, one.value) not in known
    )  # fmt: skip
    _refresh(actor, (event.kept_id, event.given_up_id), "Two records became one.", timezone.now())
    settle(device_ids=(event.kept_id, event.given_up_id))


def follow_place(event: PlaceMoved) -> None:
    """Work to come is stored by floor: it moves with the place. Four statements for any number of devices."""
    devices = workload.devices_elsewhere(event.location_id)
    if not devices:
        return
    lock_schedules(devices)
    with connection.cursor() as cursor:
        workload.keep(cursor, devices)


def _changed_at(device_ids: tuple[int, ...]) -> datetime:
    """Return when the change was made: the time its writer put on the devices."""
    return Device.objects.filter(pk__in=device_ids).aggregate(at=Max("updated_at"))["at"] or timezone.now()


def _refresh(actor: Actor, device_ids: tuple[int, ...], reason: str, now: datetime) -> None:
    try:
        refresh_schedules(actor=actor, device_ids=device_ids, reason=reason, now=now)
    except NoWindows:
        return  # a register without a programme


def listen() -> None:
    """Subscribe to what sites, the inventory and work orders publish."""
    subscribe(PlaceMoved, "maintenance", follow_place)
    subscribe(StatusChanged, "maintenance", follow_status)
    subscribe(DeviceSeen, "maintenance", follow_sighting)
    subscribe(DevicesMerged, "maintenance", follow_merger)
    subscribe(OrderMoved, "maintenance", follow_order)
    subscribe(OrderReopened, "maintenance", follow_reopened)
