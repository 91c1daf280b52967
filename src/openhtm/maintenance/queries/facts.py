"""What is recorded about one schedule, as ``rules.due`` takes it: for explaining a date, and for checking the set-based run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from openhtm.inventory.models import StatusChange
from openhtm.inventory.rules.status import Status
from openhtm.maintenance.models import Escalation, MeterReading, Schedule, Visit, WindowStep
from openhtm.maintenance.rules import due
from openhtm.maintenance.rules.calendar import Unit, local_day
from openhtm.maintenance.rules.cycle import Cycle, Kind
from openhtm.maintenance.rules.due import Plan, Settled
from openhtm.maintenance.rules.holding import HOLDING
from openhtm.maintenance.rules.holds import Hold
from openhtm.maintenance.rules.meter import Reading
from openhtm.maintenance.rules.windows import WindowRule

FACTS = ("device__facility", "window_step__profile")


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything ``rules.due.plan`` asks for, for one schedule."""

    cycle: Cycle
    settled: Settled | None
    holds: tuple[Hold, ...]
    readings: tuple[Reading, ...]
    reading_at_last_done: float | None


def window_rule(step: WindowStep) -> WindowRule:
    """Return the window of a profile's step, under the profile's name."""
    return WindowRule(
        step.before_n,
        Unit(step.before_unit),
        step.after_n,
        Unit(step.after_unit),
        step.snap_to_month,
        step.grace_days,
        step.profile.name,
    )


def cycle_of(schedule: Schedule) -> Cycle:
    """Return the schedule as a cycle. Give it with its window step and profile loaded."""
    return Cycle(
        kind=Kind(schedule.cycle),
        every_n=schedule.every_n,
        every_unit=Unit(schedule.every_unit),
        anchor_on=schedule.anchor_on,
        starts_on=schedule.starts_on,
        ends_on=schedule.ends_on,
        window=window_rule(schedule.window_step),
        blackout_months=frozenset(schedule.blackout_months),
        meter_every=schedule.meter_every if schedule.cycle == Kind.METER else None,
    )


def facts_of(schedule: Schedule) -> Facts:
    """Gather the facts of one schedule. Four statements, one more for a meter."""
    settled = settled_of(schedule.pk)
    base_on = settled.counts_from if settled else schedule.anchor_on
    readings, base = readings_of(schedule, base_on=base_on)
    return Facts(cycle_of(schedule), settled, holds_of(schedule), readings, base)


def plan_of(schedule: Schedule, *, today: date) -> Plan:
    """Return what is owed on ``today``, a day of the facility, with the reasons."""
    facts = facts_of(schedule)
    return due.plan(
        facts.cycle,
        settled=facts.settled,
        holds=facts.holds,
        readings=facts.readings,
        reading_at_last_done=facts.reading_at_last_done,
        today=today,
    )


def today_at(schedule: Schedule, *, now: datetime) -> date:
    """Return the calendar day at the facility of the schedule's device."""
    return local_day(now, ZoneInfo(schedule.device.facility.time_zone))


def settled_of(schedule_id: int) -> Settled | None:
    """Return the newest settled visit that counts: done, covered or excluded."""
    row = (
        Visit.objects.filter(schedule_id=schedule_id, state__in=("done", "covered", "excluded"))
        .order_by("-due_on")
        .values_list("due_on", "performed_on")
        .first()
    )
    return Settled(*row) if row else None


def holds_of(schedule: Schedule) -> tuple[Hold, ...]:
    """Return the days in which the status of the device held its visits, and those of a device signed as missing."""
    device = schedule.device
    changes = list(StatusChange.objects.filter(device_id=device.pk).order_by("on", "recorded_at", "pk").values_list("after", "on"))
    if not changes and device.status in HOLDING:
        return (Hold(device.status_since or device.created_at.date(), None, device.status),)
    signed = list(
        Escalation.objects.filter(device_id=device.pk, step="propose_missing", outcome="signed", second_at__isnull=False).values_list(
            "second_at", flat=True
        )
    )
    zone = ZoneInfo(device.facility.time_zone)
    return tuple(_holds(changes, [local_day(at, zone) for at in signed if at]))


def _holds(changes: Sequence[tuple[str, date]], signed: Sequence[date]) -> Iterable[Hold]:
    ends: list[date | None] = [*(on for _, on in changes[1:]), None]
    for (status, on), to_on in zip(changes, ends, strict=False):
        if status in HOLDING:
            yield Hold(on, to_on, status)
        elif status == Status.MISSING:
            days = [day for day in signed if on <= day and (to_on is None or day < to_on)]
            if days:
                yield Hold(max(days), to_on, status)


def readings_of(schedule: Schedule, *, base_on: date) -> tuple[tuple[Reading, ...], float | None]:
    """Return the readings after ``base_on``, and what the meter showed on that day or last before it."""
    if schedule.cycle != Kind.METER:
        return (), None
    of_meter = MeterReading.objects.filter(device_id=schedule.device_id, meter=schedule.meter)
    later = of_meter.filter(Q(read_on__gt=base_on)).order_by("read_on", "value").values_list("read_on", "value")
    before = of_meter.filter(read_on__lte=base_on).order_by("-read_on", "-value").values_list("value", flat=True).first()
    return tuple(Reading(on, value) for on, value in later), before if before is not None else schedule.meter_at_done
