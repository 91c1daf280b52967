"""Pages of work over ten orders for each device: Today, list, board, order, checklist, visits, and orders through the API."""

from __future__ import annotations

import random
from typing import Any

import psycopg

from bench.cases.answers import API_MS, PAGE_MS, Asked, measure
from bench.cases.results import caller, seeded, send
from bench.filling import unhindered
from bench.instance import Instance
from bench.measure import Client, logged_in
from bench.results import Result
from bench.sent import result

ORDERS_PER_DEVICE = 10
CHECKLISTS = 100
_ROUND = 500_000
_COLUMNS = """uid, number, kind, status, priority, title, description, origin, facility_id, device_id, location_id, department_id,
 reporter_name, reporter_contact, call_back, incident, status_code, opened_at, opened_by_name, opens_on, due_on, on_time_until, grace_until,
 skill, started_at, completed_at, closed_at, closed_by_rule, held_s, work_done, return_test_required, review_reasons, labour_min,
 labour_cents, parts_cents, vendor_cents, other_cents, updated_at"""
_OLD_ORDERS = f"""
INSERT INTO workorders_workorder ({_COLUMNS})
SELECT gen_random_uuid(), nextval('workorders_number'), CASE WHEN n %% 4 = 0 THEN 'corrective' ELSE 'scheduled' END, 'closed', 3,
 CASE WHEN n %% 4 = 0 THEN 'Does not power on' ELSE 'Scheduled maintenance' END, '', 'visit', d.facility_id, d.id, d.location_id,
 d.department_id, '', '', false, false, 'b' || substr(md5(random()::text || d.id || n), 1, 20), at, 'bench', at::date, at::date,
 at::date + 20, at::date + 50, '', at, at + interval '2 hours', at + interval '3 hours', true, 0, '', false, '[]', 40, 4000, 0, 0, 0, at
FROM (SELECT id, facility_id, location_id, department_id FROM inventory_device WHERE id > %(after)s ORDER BY id LIMIT %(rows)s) d
CROSS JOIN generate_series(1, %(each)s) n
CROSS JOIN LATERAL (SELECT timestamptz '2016-11-22' + (n * interval '340 days') + (d.id %% 300) * interval '1 day' AS at) t
"""


def run(instance: Instance) -> list[Result]:
    """Fill up to ten orders for each device, then measure each page beside its floor."""
    from openhtm.demo.accounts import DEMO_ACCOUNTS

    found: list[Result] = []
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        total = fill(connection, wanted=instance.scale * ORDERS_PER_DEVICE)
        account = next(account for account in DEMO_ACCOUNTS if account.username == "technician")
        person = logged_in(instance.app_port, username=account.username, password=account.password)
        program = Client(instance.app_port, {"Authorization": f"Bearer {instance.token}"})
        bare_page, bare_call = Client(instance.floor_port, person.headers), Client(instance.floor_port, program.headers)
        for name, choices in pages(connection).items():
            found += measure(f"page: {name} at {total:,} orders", choices, person, bare_page, connection, target=PAGE_MS, as_json=False)
        for name, choices in checklists(instance).items():
            found += measure(f"page: {name} at {total:,} orders", choices, person, bare_page, connection, target=PAGE_MS, as_json=False)
        for name, choices in calls(connection).items():
            found += measure(f"API: {name} at {total:,} orders", choices, program, bare_call, connection, target=API_MS, as_json=True)
    return found


def fill(connection: psycopg.Connection[Any], *, wanted: int) -> int:
    """Add closed orders until there are about ``wanted``."""
    count = connection.execute("SELECT count(*) FROM workorders_workorder").fetchone()
    devices = connection.execute("SELECT count(*) FROM inventory_device").fetchone()
    assert count and devices
    each = round((wanted - count[0]) / devices[0])
    if each < 1:
        return int(count[0])
    with unhindered(connection, "workorders_workorder"):
        after, step = 0, max(_ROUND // each, 1)
        while last := _last(connection, after, step):
            connection.execute(_OLD_ORDERS, {"after": after, "rows": step, "each": each})
            after = last
    connection.execute("VACUUM (ANALYZE) workorders_workorder")
    count = connection.execute("SELECT count(*) FROM workorders_workorder").fetchone()
    assert count
    return int(count[0])


def _last(connection: psycopg.Connection[Any], after: int, step: int) -> int | None:
    row = connection.execute(
        "SELECT max(id) FROM (SELECT id FROM inventory_device WHERE id > %s ORDER BY id LIMIT %s) d", [after, step]
    ).fetchone()
    return row[0] if row else None


def pages(connection: psycopg.Connection[Any]) -> dict[str, list[Asked]]:
    user = connection.execute("SELECT id FROM identity_user WHERE username = 'technician'").fetchone()
    assert user
    return {
        "today": [Asked("/today", "today", [user[0]])],
        "work list": [Asked("/work", "work list", [])],
        "board": [Asked("/work/board", "board", [])],
        "order": [Asked(f"/work/{number}", "order", [number]) for number in _numbers(connection)],
        "visits due now": [Asked("/visits?group=now", "visits due now", [])],
        "visits coming": [Asked("/visits?group=coming", "visits coming", [])],
    }


def checklists(instance: Instance) -> dict[str, list[Asked]]:
    """Checklists half done, of devices whose steps were measured before: as a list, and open at a step with the value of before."""
    client = caller(instance)
    for _, uid in seeded(instance, CHECKLISTS):
        send(client, [result(uid, turn) for turn in range(14)])
    made = seeded(instance, CHECKLISTS)
    for _, uid in made:
        send(client, [result(uid, turn) for turn in range(7)])
    return {
        "checklist of 14 steps": [Asked(f"/work/{number}/checklist/{uid}", "checklist", [uid]) for number, uid in made],
        "checklist at a step": [
            Asked(f"/work/{number}/checklist/{uid}?step=energy-6", "checklist at a step", [uid, uid]) for number, uid in made
        ],
    }


def calls(connection: psycopg.Connection[Any]) -> dict[str, list[Asked]]:
    return {
        "work list": [Asked("/api/v1/work-orders", "work list", [])],
        "order": [Asked(f"/api/v1/work-orders/{number}", "order", [number]) for number in _numbers(connection)],
    }


def _numbers(connection: psycopg.Connection[Any]) -> list[int]:
    """Numbers that the demo's technician sees, spread over all years and facilities."""
    chance, some = random.Random(1), list[int]()
    spans = connection.execute(
        "SELECT f.id, (SELECT min(number) FROM workorders_workorder WHERE facility_id = f.id),"
        " (SELECT max(number) FROM workorders_workorder WHERE facility_id = f.id) FROM sites_facility f WHERE EXISTS ("
        "  SELECT FROM identity_roleassignment a JOIN identity_user u ON u.id = a.user_id"
        "  WHERE u.username = 'technician' AND (a.facility_id = f.id OR a.facility_id IS NULL)) ORDER BY f.id"
    ).fetchall()
    spans = [span for span in spans if span[1] is not None]
    for _ in range(400):
        facility, low, high = chance.choice(spans)
        row = connection.execute(
            "SELECT number FROM workorders_workorder WHERE facility_id = %s AND number >= %s ORDER BY number LIMIT 1",
            [facility, chance.randrange(low, high + 1)],
        ).fetchone()
        assert row
        some.append(row[0])
    return some
