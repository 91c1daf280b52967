"""What is late on a device, and which devices nobody decided about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.maintenance.models import NoMaintenanceDecision, Schedule

SHOWN = (
    "device__device_model__manufacturer",
    "device__device_type",
    "device__facility",
    "device__location",
    "schedule__procedure",
    "work_order",
)


@dataclass(frozen=True, slots=True)
class Late:
    """An open visit past its grace."""

    visit_id: int
    procedure: str
    due_on: date
    grace_until: date


@dataclass(frozen=True, slots=True)
class Standing:
    """How maintenance of a device stands: what it owes, what is late, and whether it comes before the device is used."""

    schedules: int
    late: list[Late]
    before_use: bool


STANDING = """
SELECT jsonb_build_array(
  (SELECT count(*) FROM maintenance_schedule WHERE device_id = %(pk)s AND live),
  (SELECT jsonb_agg(jsonb_build_array(v.id, p.name, v.due_on, v.grace_until) ORDER BY v.due_on, v.id)
   FROM maintenance_visit v JOIN maintenance_schedule s ON s.id = v.schedule_id JOIN procedures_procedure p ON p.id = s.procedure_id
   WHERE v.device_id = %(pk)s AND v.is_open AND v.state = 'late'),
  EXISTS (SELECT FROM maintenance_escalation e JOIN maintenance_visit v ON v.id = e.visit_id
          WHERE e.device_id = %(pk)s AND e.step = 'flag' AND e.done_at IS NULL AND v.is_open),
  EXISTS (SELECT FROM maintenance_visit WHERE device_id = %(pk)s AND is_open AND state = 'held'))
"""
"""A question about a device, for ``ui.panels``: what ``standing`` reads."""


def standing(answer: list[Any], *, in_service: bool) -> Standing:
    """Read the answer to ``STANDING``: what somebody who uses or repairs the device must know."""
    schedules, late, flagged, held = answer
    shown = [Late(pk, name, date.fromisoformat(due_on), date.fromisoformat(grace)) for pk, name, due_on, grace in late or []]
    return Standing(schedules, shown, before_use=flagged or (held and not in_service))


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
