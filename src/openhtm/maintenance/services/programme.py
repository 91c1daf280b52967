"""The programme: which procedure is due how often for a type, a model or one device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.maintenance.models import NoMaintenanceDecision, PlanLine, Schedule
from openhtm.maintenance.models.programme import ProgrammeSource
from openhtm.maintenance.services.deciding import guard_line
from openhtm.maintenance.services.inherit import Inherited, refresh_schedules
from openhtm.maintenance.services.settling import settle

FIELDS = (
    "needed", "cycle", "every_n", "every_unit", "meter", "meter_every", "window_profile_id", "blackout_months", "join_base_month", "anchor_on",
    "est_min", "skill", "priority", "source", "source_text", "reason",
)  # fmt: skip
SUBJECTS = ("device_type_id", "device_model_id", "device_id")
SETTLE_AT_ONCE = 2_000
"""More devices than these get their visits by the next run."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """What a line did to schedules, and for how many devices."""

    line: PlanLine
    schedules: Inherited
    devices: int


@transaction.atomic
def set_line(
    *, actor: Actor, procedure_id: int, device_type_id: int | None = None, device_model_id: int | None = None, device_id: int | None = None,
    facility_id: int | None = None, values: Mapping[str, Any], now: datetime | None = None,
) -> LineChange:  # fmt: skip
    """Add the line of a procedure for a type, a model or one device, or change the one that is there; schedules follow at once.

    ``values`` are fields of a plan line (see ``FIELDS``). Raises Device.DoesNotExist, NotAllowed, NotQualified, Invalid,
    NoWindows.
    """
    now = now or timezone.now()
    _require(actor, device_id=device_id, facility_id=facility_id)
    subject: dict[str, Any] = {"device_type_id": device_type_id, "device_model_id": device_model_id, "device_id": device_id}
    _refuse(subject, values)
    subject |= {"procedure_id": procedure_id, "facility_id": facility_id}
    found = PlanLine.objects.select_for_update(of=("self",)).filter(ended_on__isnull=True, **subject)
    line = found.first() or PlanLine(effective_from=now.date(), **subject)
    if _decides_aem(line, values):
        guard_line(actor=actor, now=now, facility_id=facility_id, **{name: getattr(line, name) for name in SUBJECTS})
    for name in FIELDS:
        if name in values:
            setattr(line, name, values[name])
    line.decided_by_id, line.changed_at = actor.user_id, now
    with refuse_readably():
        line.save()
    return _carried_out(actor, line, now)


def _decides_aem(line: PlanLine, values: Mapping[str, Any]) -> bool:
    """True if the line comes to rest on an alternate maintenance decision, or one that does so changes what is due.

    That nothing is due is as much a decision as how often.
    """
    if values.get("source", line.source) != ProgrammeSource.AEM:
        return False
    told = ("source", "cycle", "every_n", "every_unit", "meter", "meter_every", "needed")
    return line.pk is None or any(name in values and getattr(line, name) != values[name] for name in told)


@transaction.atomic
def end_line(*, actor: Actor, line_id: int, reason: str, now: datetime | None = None) -> LineChange:
    """End a line: what a less specific line says holds again, or nothing. Raises PlanLine.DoesNotExist, NotAllowed, Invalid."""
    now = now or timezone.now()
    line = PlanLine.objects.select_for_update(of=("self",)).get(pk=line_id, ended_on__isnull=True)
    _require(actor, device_id=line.device_id, facility_id=line.facility_id)
    if not reason.strip():
        raise Invalid({"reason": ["Give the reason."]})
    line.ended_on, line.changed_at, line.reason = now.date(), now, reason.strip()[:400]
    line.save(update_fields=["ended_on", "changed_at", "reason"])
    return _carried_out(actor, line, now)


@transaction.atomic
def decide_none_needed(
    *, actor: Actor, reason: str, device_type_id: int | None = None, device_model_id: int | None = None, device_id: int | None = None,
    now: datetime | None = None,
) -> NoMaintenanceDecision:  # fmt: skip
    """Write down that no scheduled maintenance is needed; schedules at or above that level end. Raises NotAllowed, Invalid."""
    now = now or timezone.now()
    _require(actor, device_id=device_id, facility_id=None)
    with refuse_readably():
        decision = NoMaintenanceDecision.objects.create(
            device_type_id=device_type_id, device_model_id=device_model_id, device_id=device_id, reason=reason.strip(),
            decided_by_id=actor.user_id, decided_by_name=actor.name[:120], decided_at=now,
        )  # fmt: skip
    subject = PlanLine(device_type_id=device_type_id, device_model_id=device_model_id, device_id=device_id)
    _follow(actor, subject, reason, now)
    return decision


def preview(*, actor: Actor, line: PlanLine) -> dict[str, int]:
    """Return how many devices a line reaches, and how many of them have a schedule of their own that stays. Two statements."""
    devices = devices_of(line).visible_to(actor)
    own = Schedule.objects.filter(device__in=devices.values("pk"), procedure_id=line.procedure_id, live=True).aggregate(count=Count("pk"))
    more_specific = PlanLine.objects.filter(procedure_id=line.procedure_id, device__in=devices.values("pk"), ended_on__isnull=True).count()
    return {"devices": devices.count(), "schedules": own["count"], "own_lines": 0 if line.device_id else more_specific}


def devices_of(line: PlanLine) -> Any:
    """Return the devices in the inventory that a line is about."""
    devices = Device.objects.in_inventory().current()
    if line.facility_id:
        devices = devices.filter(facility_id=line.facility_id)
    if line.device_id:
        return devices.filter(pk=line.device_id)
    if line.device_model_id:
        return devices.filter(device_model_id=line.device_model_id)
    return devices.filter(device_type_id=line.device_type_id)


def _require(actor: Actor, *, device_id: int | None, facility_id: int | None) -> None:
    """One device needs the right at its facility, a facility's line there, a general line everywhere."""
    if device_id is not None:
        device = Device.objects.visible_to(actor).select_related("facility").get(pk=device_id)
        require(actor, Permission.EDIT_SCHEDULES, at=device.facility_id, place=device.facility.name)
    elif facility_id is not None:
        require(actor, Permission.EDIT_SCHEDULES, at=facility_id)
    else:
        require_everywhere(actor, Permission.EDIT_SCHEDULES)


def _refuse(subject: Mapping[str, int | None], values: Mapping[str, Any]) -> None:
    errors: dict[str, list[str]] = {}
    if sum(one is not None for one in subject.values()) != 1:
        errors["device"] = ["A line is for a type, a model or one device."]
    months = values.get("blackout_months") or []
    if len(set(months)) >= 12 or not set(months) <= set(range(1, 13)):
        errors["blackout_months"] = ["Leave at least one month in which it may be done; months are 1 to 12."]
    if not 1 <= values.get("every_n", 1) <= 1200:
        errors["every_n"] = ["Give an interval from 1 to 1,200."]
    if errors:
        raise Invalid(errors)


def _carried_out(actor: Actor, line: PlanLine, now: datetime) -> LineChange:
    devices, schedules = _follow(actor, line, line.reason or "The programme was changed.", now)
    return LineChange(line, schedules, devices)


def _follow(actor: Actor, line: PlanLine, reason: str, now: datetime) -> tuple[int, Inherited]:
    ids = list(devices_of(line).order_by("pk").values_list("pk", flat=True))
    schedules = refresh_schedules(actor=actor, device_ids=ids, reason=reason, now=now)
    if len(ids) <= SETTLE_AT_ONCE:
        settle(device_ids=ids, now=now)
    return len(ids), schedules
