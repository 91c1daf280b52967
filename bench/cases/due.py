"""Due dates of every device: from nothing, after a day's facts, and compared with the rule row by row."""

from __future__ import annotations

import os
import time
from datetime import date, timedelta
from typing import Any

from bench.instance import AS_OF, Instance
from bench.results import Result

TARGET_SCALE = 1_000_000
FACTS = 5_000
SAMPLE = 10_000
AS_OF_DAY = date.fromisoformat(AS_OF)


def run(instance: Instance) -> list[Result]:
    """Give every device one or two schedules, then measure. Targets are those of a million devices."""
    os.environ["DATABASE_URL"] = instance.database_url
    import django

    django.setup()
    from django.db import connection

    schedules = _programme()
    at_scale = instance.scale >= TARGET_SCALE
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE maintenance_visit, maintenance_reconcilerun CASCADE")
        cursor.execute("VACUUM ANALYZE maintenance_schedule")
    whole_s = _settle_all()
    daily_s = _after_facts()
    differing = _differing()
    connection.close()
    return [
        Result(f"due states of {schedules:,} schedules from nothing", whole_s, "s", 60.0 if at_scale else None),
        Result(f"run after {FACTS:,} facts", daily_s, "s", 2.0),
        Result(f"rows of {SAMPLE:,} that differ from the rule", differing, "rows", 0),
    ]


def _programme() -> int:
    """Write a yearly line for every type and a half-yearly one for every second, once. Returns live schedules."""
    from openhtm.catalog.models import DeviceType
    from openhtm.identity.actor import Actor
    from openhtm.maintenance.models import PlanLine, Schedule
    from openhtm.maintenance.services.inherit import refresh_schedules
    from openhtm.procedures.models import Procedure

    if not Schedule.objects.filter(procedure__code="bench-yearly").exists():
        yearly = Procedure.objects.create(code="bench-yearly", name="Measured yearly")
        half = Procedure.objects.create(code="bench-half-yearly", name="Measured half-yearly")
        types = list(DeviceType.objects.filter(devices__isnull=False).order_by("pk").distinct())
        since = AS_OF_DAY - timedelta(days=400)
        lines = [PlanLine(device_type=one, procedure=yearly, every_n=12, effective_from=since) for one in types]
        lines += [PlanLine(device_type=one, procedure=half, every_n=6, effective_from=since) for one in types[::2]]
        PlanLine.objects.bulk_create(lines, ignore_conflicts=True)
        refresh_schedules(actor=Actor.system("bench"), as_of=AS_OF_DAY)
    return Schedule.objects.filter(live=True).count()


def _settle_all() -> float:
    from django.utils import timezone

    from openhtm.maintenance.queries.owed import days_at_facilities
    from openhtm.maintenance.services import reconcile

    now = timezone.now()
    today = days_at_facilities(now=now, as_of=AS_OF_DAY)
    began = time.monotonic()
    for _ in reconcile.settled_chunks(today=today, now=now):
        pass
    return time.monotonic() - began


def _after_facts() -> float:
    """Record attempts at visits whose window is open, as a day of imports would, and bring what they touch in line."""
    from django.utils import timezone

    from openhtm.maintenance.models import Attempt, Visit
    from openhtm.maintenance.queries.owed import days_at_facilities
    from openhtm.maintenance.services.settling import settle

    now = timezone.now()
    visits = list(Visit.objects.filter(is_open=True, state__in=("in_window", "due", "grace")).order_by("pk")[:FACTS])
    Attempt.objects.bulk_create(
        [
            Attempt(visit=one, device_id=one.device_id, outcome="pass", attempted_at=now, attempted_on=AS_OF_DAY, recorded_at=now)
            for one in visits
        ],
        batch_size=1000,
    )
    began = time.monotonic()
    settle(device_ids=[one.device_id for one in visits], now=now, today=days_at_facilities(now=now, as_of=AS_OF_DAY))
    return time.monotonic() - began


def _differing() -> int:
    """Compute every n-th open visit row by row and count those stored otherwise."""
    from openhtm.maintenance.models import Schedule, Visit
    from openhtm.maintenance.queries.facts import FACTS as LOADED
    from openhtm.maintenance.queries.facts import plan_of

    step = max(Schedule.objects.filter(live=True).count() // SAMPLE, 1)
    schedules = Schedule.objects.filter(live=True).extra(where=["maintenance_schedule.id %% %s = 0"], params=[step])
    sample: list[Any] = list(schedules.select_related(*LOADED).order_by("pk")[:SAMPLE])
    stored = {visit.schedule_id: visit for visit in Visit.objects.filter(is_open=True, schedule__in=[one.pk for one in sample])}
    differing = 0
    for schedule in sample:
        current, visit = plan_of(schedule, today=AS_OF_DAY).current, stored.get(schedule.pk)
        wanted = (current.due_on, current.window.on_time_until, str(current.state), current.next_change_on) if current else None
        differing += wanted != ((visit.due_on, visit.on_time_until, visit.state, visit.next_change_on) if visit else None)
    return differing
