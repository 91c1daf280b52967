"""The worklist of visits, by tab, and what one device and one schedule show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.maintenance.models import Escalation, NoMaintenanceDecision, Schedule, Visit, VisitExclusion

TABS = {
    "now": "Due now",
    "late": "Late",
    "held": "Held",
    "not_located": "Not located",
    "coming": "Coming",
    "missed": "Missed",
    "exclude": "Excluded to confirm",
}
COMING_DAYS = 60
SETTLED_DAYS = 400
SHOWN = (
    "device__device_model__manufacturer",
    "device__device_type",
    "device__facility",
    "device__location",
    "schedule__procedure",
    "work_order",
)
TONES = {
    "not_due": "info", "in_window": "info", "due": "due", "grace": "due", "late": "late", "held": "hold", "done": "ok", "missed": "late",
    "excluded": "hold", "passed_held": "hold", "covered": "ok", "removed": "hold",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the worklist."""

    facility_id: int | None = None
    department_id: int | None = None
    procedure_id: int | None = None


def worklist(*, actor: Actor, tab: str, filters: Filters, today: date) -> QuerySet[Visit]:
    """Return the visits of a tab. All tabs are read by (on_time_until, pk) except those of settled visits."""
    found = Visit.objects.visible_to(actor)
    if filters.facility_id:
        found = found.filter(device__facility_id=filters.facility_id)
    if filters.department_id:
        found = found.filter(device__department_id=filters.department_id)
    if filters.procedure_id:
        found = found.filter(schedule__procedure_id=filters.procedure_id)
    return found.filter(_of_tab(tab, today)).select_related(*SHOWN)


def _of_tab(tab: str, today: date) -> Q:
    if tab == "late":
        return Q(is_open=True, state="late")
    if tab == "held":
        return Q(is_open=True, state="held")
    if tab == "not_located":
        return Q(is_open=True, outcome="not_located")
    if tab == "coming":
        return Q(is_open=True, state="not_due", on_time_until__gte=today, opens_on__lte=today + timedelta(days=COMING_DAYS))
    if tab == "missed":
        return Q(state="missed", on_time_until__gte=today - timedelta(days=SETTLED_DAYS))
    if tab == "exclude":
        return Q(Exists(VisitExclusion.objects.filter(visit=OuterRef("pk"), confirmed__isnull=True)))
    return Q(is_open=True, state__in=("in_window", "due", "grace"))


def schedules_of(device: Device) -> list[dict[str, Any]]:
    """Return the live schedules of a device with their open visit and the newest one done. Three statements."""
    schedules = list(device.schedules.filter(live=True).select_related("procedure", "window_step__profile").order_by("procedure__name"))
    open_visits = {visit.schedule_id: visit for visit in Visit.objects.filter(device=device, is_open=True)}
    performed = Visit.objects.filter(device=device, performed_on__isnull=False).order_by("due_on")
    done = dict(performed.values_list("schedule_id", "performed_on"))  # the newest stays
    return [
        {"schedule": one, "visit": open_visits.get(one.pk), "last_done_on": done.get(one.pk), "every": interval_words(one)}
        for one in schedules
    ]


def attention(device: Device) -> dict[str, Any]:
    """Return what somebody who uses or repairs the device must know: late visits, and maintenance required before use."""
    late = list(Visit.objects.filter(device=device, is_open=True, state="late").select_related("schedule__procedure"))
    flagged = Escalation.objects.filter(device=device, step="flag", done_at__isnull=True, visit__is_open=True).exists()
    owed = device.status not in ("in_service",) and Visit.objects.filter(device=device, is_open=True, state="held").exists()
    return {"late": late, "before_use": flagged or owed}


def interval_words(schedule: Any) -> str:
    """``"every 6 months"``; with the meter where there is one."""
    unit = schedule.every_unit if schedule.every_n == 1 else f"{schedule.every_unit}s"
    count = "" if schedule.every_n == 1 else f"{schedule.every_n} "
    words = f"every {count}{unit}"
    if schedule.cycle == "floating":
        return f"{words} after the last time"
    return f"every {schedule.meter_every:g} of {schedule.meter.replace('_', ' ')}, or {words}" if schedule.cycle == "meter" else words


def uncovered(actor: Actor) -> QuerySet[Device]:
    """Devices of the inventory with neither a live schedule nor a decision that none is needed."""
    decided = NoMaintenanceDecision.objects.filter(withdrawn_at__isnull=True)
    return (
        Device.objects.visible_to(actor)
        .in_inventory()
        .current()
        .filter(~Exists(Schedule.objects.filter(device=OuterRef("pk"), live=True)))
        .filter(
            ~Exists(decided.filter(device_id=OuterRef("pk"))),
            ~Exists(decided.filter(device_model_id=OuterRef("device_model_id"))),
            ~Exists(decided.filter(device_type_id=OuterRef("device_type_id"))),
        )
    )
