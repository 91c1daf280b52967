"""Due dates of every device: from nothing, after a day's facts, and compared with the rule row by row."""

from __future__ import annotations

import os
import time
from datetime import date, timedelta
from typing import Any

import psycopg

from bench.filling import unhindered
from bench.instance import AS_OF, Instance
from bench.results import Result

TARGET_SCALE = 1_000_000
FACTS = 5_000
SAMPLE = 10_000
AS_OF_DAY = date.fromisoformat(AS_OF)


def run(instance: Instance) -> list[Result]:
    """Give devices one schedule and a half each, then measure. Targets are those of a million devices."""
    os.environ["DATABASE_URL"] = instance.database_url
    import django

    django.setup()
    from django.db import connection

    at_scale = instance.scale >= TARGET_SCALE
    with psycopg.connect(instance.database_url, autocommit=True) as bare:
        schedules = _programme(bare)
        bare.execute("TRUNCATE maintenance_visit, maintenance_reconcilerun CASCADE")
        bare.execute("VACUUM ANALYZE maintenance_schedule")
    whole_s = _settle_all()
    with psycopg.connect(instance.database_url) as bare:
        bare_whole_s = _floor_of_all(bare)
        _as_after_a_run(bare)
        bare_daily_s = _floor_of_a_day(bare)
    daily_s = _after_facts()
    differing = _differing()
    connection.close()
    return [
        Result(f"due states of {schedules:,} schedules from nothing", whole_s, "s", 60.0 if at_scale else None, floor=bare_whole_s,
               ratio=whole_s / bare_whole_s, floor_kind="bare INSERT of the same visits"),
        Result(f"daily run after {FACTS:,} facts", daily_s, "s", 2.0, floor=bare_daily_s, ratio=daily_s / bare_daily_s,
               floor_kind="bare UPDATE and INSERT"),
        Result(f"rows of {SAMPLE:,} that differ from the rule", differing, "rows", 0),
    ]  # fmt: skip


_SCHEDULES = """
INSERT INTO maintenance_schedule (device_id, procedure_id, plan_line_id, inherited, cycle, every_n, every_unit, window_step_id, blackout_months, meter,
  anchor_on, starts_on, first_due_rule, live, changed_at)
SELECT d.id, l.procedure_id, l.id, 'type', 'fixed', l.every_n, 'month', w.id, '{}', '', first_on, first_on, 'acceptance', true, now()
FROM maintenance_planline l
JOIN inventory_device d ON d.device_type_id = l.device_type_id AND d.status = ANY(%(statuses)s) AND d.merged_into_id IS NULL
CROSS JOIN LATERAL (SELECT l.effective_from + (d.id %% (l.every_n * 30))::int AS first_on) f
CROSS JOIN LATERAL (
  SELECT w.id FROM maintenance_windowstep w JOIN maintenance_windowprofile p ON p.id = w.profile_id AND p.is_default
  WHERE w.from_interval_days <= l.every_n * 30 ORDER BY w.from_interval_days DESC LIMIT 1
) w
WHERE l.id = ANY(%(lines)s) ORDER BY d.id
"""


def _programme(bare: psycopg.Connection[Any]) -> int:
    """Add a yearly line for one half of the types and a half-yearly one for the other, once. Returns live schedules.

    The demo's own programme gives half a schedule for each device; with these it is one and a half. First days are spread
    evenly: the work of a year, not what a hospital has that took everything over on one day.
    """
    from openhtm.catalog.models import DeviceType
    from openhtm.inventory.rules.status import IN_INVENTORY
    from openhtm.maintenance.models import PlanLine, Schedule
    from openhtm.procedures.models import Procedure

    if not Schedule.objects.filter(procedure__code="bench-yearly").exists():
        yearly = Procedure.objects.get_or_create(code="bench-yearly", name="Measured yearly")[0]
        half = Procedure.objects.get_or_create(code="bench-half-yearly", name="Measured half-yearly")[0]
        types = list(DeviceType.objects.filter(devices__isnull=False).order_by("pk").distinct())
        since = AS_OF_DAY - timedelta(days=400)
        lines = [PlanLine(device_type=one, procedure=yearly, every_n=12, effective_from=since) for one in types[1::2]]
        lines += [PlanLine(device_type=one, procedure=half, every_n=6, effective_from=since) for one in types[::2]]
        made = PlanLine.objects.bulk_create(lines)
        with unhindered(bare, "maintenance_schedule"):
            bare.execute(_SCHEDULES, {"statuses": sorted(IN_INVENTORY), "lines": [line.pk for line in made]})
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


_VISIT = """schedule_id, device_id, due_on, opens_on, on_time_until, grace_until, state, next_change_on, performed_on, timing, outcome,
 attempts_count, policy_compliant, covered_by_id, work_order_id, settled_at, updated_at"""


def _floor_of_all(bare: psycopg.Connection[Any]) -> float:
    """Seconds in which one plain statement puts the same rows into the emptied table, references compared. Taken back."""
    bare.execute("CREATE TEMP TABLE saved ON COMMIT DROP AS SELECT * FROM maintenance_visit")
    bare.execute("TRUNCATE maintenance_visit CASCADE")
    began = time.monotonic()
    bare.execute(f"INSERT INTO maintenance_visit ({_VISIT}) SELECT {_VISIT} FROM saved ORDER BY id")
    bare.execute("SET CONSTRAINTS ALL IMMEDIATE")
    took = time.monotonic() - began
    bare.rollback()
    return took


_WANTING = """
CREATE TEMP TABLE opening ON COMMIT DROP AS
SELECT v.id AS visit_id, v.device_id, d.facility_id, v.opens_on, v.due_on, v.on_time_until, v.grace_until, nextval('workorders_number') AS number,
  nextval(pg_get_serial_sequence('workorders_workorder', 'id')) AS order_id
FROM maintenance_visit v JOIN inventory_device d ON d.id = v.device_id
WHERE v.is_open AND v.state <> 'held' AND v.work_order_id IS NULL AND v.opens_on <= %(until)s
"""
_OPENED = """
INSERT INTO workorders_workorder (id, uid, number, kind, status, priority, title, description, origin, facility_id, device_id, reporter_name,
  reporter_contact, call_back, incident, status_code, opened_at, opened_by_name, opens_on, due_on, on_time_until, grace_until, skill,
  closed_by_rule, held_s, work_done, return_test_required, review_reasons, labour_min, labour_cents, parts_cents, vendor_cents, other_cents,
  updated_at)
SELECT order_id, gen_random_uuid(), number, 'scheduled', 'open', 3, 'Scheduled maintenance', '', 'visit', facility_id, device_id, '', '', false,
  false, 'd' || substr(md5(random()::text || number), 1, 20), now(), 'bench', opens_on, due_on, on_time_until, grace_until, '', false, 0, '',
  false, '[]', 0, 0, 0, 0, 0, now() FROM opening
"""
_GIVEN = "UPDATE maintenance_visit v SET work_order_id = o.order_id FROM opening o WHERE v.id = o.visit_id"
_CLOSED = """UPDATE workorders_workorder SET status = 'closed', started_at = now(), completed_at = now(), closed_at = now(), closed_by_rule = true
WHERE id IN (SELECT work_order_id FROM maintenance_visit WHERE id = ANY(%s))"""


def _as_after_a_run(bare: psycopg.Connection[Any]) -> None:
    """Leave everything as a run leaves it: what opens soon has its order, and the run is written down."""
    from openhtm.maintenance.services.orders import LEAD_DAYS

    bare.execute("ANALYZE maintenance_visit")  # filled a moment ago: without, the joins would go row by row
    bare.execute(_WANTING, {"until": AS_OF_DAY + timedelta(days=LEAD_DAYS)})
    bare.execute("ANALYZE opening")
    with unhindered(bare, "workorders_workorder"):
        bare.execute(_OPENED)
    with unhindered(bare, "maintenance_visit"):
        bare.execute(_GIVEN)
    bare.execute(
        "INSERT INTO maintenance_reconcilerun (started_at, finished_at, as_of, whole, facts_until, counts)"
        " VALUES (now(), now(), %s, true, now() + interval '20 minutes', '{}')",
        [AS_OF_DAY],
    )
    bare.commit()
    bare.autocommit = True
    bare.execute("VACUUM ANALYZE maintenance_visit, workorders_workorder")
    bare.autocommit = False


def _floor_of_a_day(bare: psycopg.Connection[Any]) -> float:
    """Seconds in which plain statements settle as many visits and write those that follow. Taken back."""
    row = bare.execute(
        f"SELECT array_agg(id) FROM (SELECT id FROM maintenance_visit WHERE {_READY} ORDER BY id LIMIT %s) v", [FACTS]
    ).fetchone()
    began = time.monotonic()
    bare.execute(
        "UPDATE maintenance_visit SET state = 'done', performed_on = %s, timing = 'on_time' WHERE id = ANY(%s)", [AS_OF_DAY, row and row[0]]
    )
    bare.execute(
        f"INSERT INTO maintenance_visit ({_VISIT}) SELECT schedule_id, device_id, due_on + 1000, opens_on + 1000, on_time_until + 1000,"
        " grace_until + 1000, 'not_due', opens_on + 1000, NULL, '', '', 0, NULL, NULL, NULL, NULL, now() FROM maintenance_visit WHERE id = ANY(%s)",
        [row and row[0]],
    )
    bare.execute("SET CONSTRAINTS ALL IMMEDIATE")
    took = time.monotonic() - began
    bare.rollback()
    return took


_READY = "is_open AND state IN ('in_window', 'due', 'grace') AND work_order_id IS NOT NULL"


def _after_facts() -> float:
    """Record attempts at visits whose window is open, close their orders, and do the daily run: states, orders and follow-ups.

    Clocks run ahead by half an hour, so that the run does not take the schedules made a moment ago for a change.
    """
    from django.db import connection
    from django.utils import timezone

    from openhtm.identity.actor import Actor
    from openhtm.maintenance.models import Attempt, Visit
    from openhtm.maintenance.services.reconcile import reconcile

    at = timezone.now() + timedelta(minutes=30)
    visits = list(Visit.objects.extra(where=[_READY]).order_by("pk")[:FACTS])
    Attempt.objects.bulk_create(
        [
            Attempt(visit=one, device_id=one.device_id, outcome="pass", attempted_at=at, attempted_on=AS_OF_DAY, recorded_at=at)
            for one in visits
        ],
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        cursor.execute(_CLOSED, [[one.pk for one in visits]])
    began = time.monotonic()
    reconcile(actor=Actor.system("bench"), as_of=AS_OF_DAY, now=at)
    took = time.monotonic() - began
    done = Visit.objects.filter(pk__in=[one.pk for one in visits], state="done").count()
    assert done == len(visits), f"{len(visits) - done} of the facts were not taken up"
    return took


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
