"""What is late on a device, and which devices nobody decided about."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.maintenance.models import Escalation, NoMaintenanceDecision, Schedule, Visit

SHOWN = (
    "device__device_model__manufacturer",
    "device__device_type",
    "device__facility",
    "device__location",
    "schedule__procedure",
    "work_order",
)


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
