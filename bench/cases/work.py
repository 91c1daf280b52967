"""Pages of work over ten orders for each device: Today, list, board, order, and one order through the API."""

from __future__ import annotations

import random
from typing import Any

import psycopg

from bench.cases.answers import API_MS, PAGE_MS, Asked, measure
from bench.instance import Instance
from bench.measure import Client, logged_in
from bench.results import Result

ORDERS_PER_DEVICE = 10
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
        for name, choices in calls(connection).items():
            found += measure(f"API: {name} at {total:,} orders", choices, program, bare_call, connection, target=API_MS, as_json=True)
    return found


def fill(connection: psycopg.Connection[Any], *, wanted: int) -> int:
    """Add closed orders until there are about ``wanted``; their history is not what is measured, so its triggers sleep meanwhile."""
    count = connection.execute("SELECT count(*) FROM workorders_workorder").fetchone()
    devices = connection.execute("SELECT count(*) FROM inventory_device").fetchone()
    assert count and devices
    each = round((wanted - count[0]) / devices[0])
    if each < 1:
        return int(count[0])
    connection.execute("ALTER TABLE workorders_workorder DISABLE TRIGGER USER")
    after, step = 0, max(_ROUND // each, 1)
    while True:
        last = connection.execute(
            "SELECT max(id) FROM (SELECT id FROM inventory_device WHERE id > %s ORDER BY id LIMIT %s) d", [after, step]
        ).fetchone()
        if last is None or last[0] is None:
            break
        connection.execute(_OLD_ORDERS, {"after": after, "rows": step, "each": each})
        after = last[0]
    connection.execute("ALTER TABLE workorders_workorder ENABLE TRIGGER USER")
    connection.execute("VACUUM (ANALYZE) workorders_workorder")
    count = connection.execute("SELECT count(*) FROM workorders_workorder").fetchone()
    assert count
    return int(count[0])


def pages(connection: psycopg.Connection[Any]) -> dict[str, list[Asked]]:
    user = connection.execute("SELECT id FROM identity_user WHERE username = 'technician'").fetchone()
    assert user
    return {
        "today": [Asked("/today", "today", [user[0]])],
        "work list": [Asked("/work", "work list", [])],
        "board": [Asked("/work/board", "board", [])],
        "order": [Asked(f"/work/{number}", "order", [number]) for number in _numbers(connection)],
    }


def calls(connection: psycopg.Connection[Any]) -> dict[str, list[Asked]]:
    return {
        "work list": [Asked("/api/v1/work-orders", "work list", [])],
        "order": [Asked(f"/api/v1/work-orders/{number}", "order", [number]) for number in _numbers(connection)],
    }


def _numbers(connection: psycopg.Connection[Any]) -> list[int]:
    """Numbers that the demo's technician sees, spread over all years."""
    facility = (
        """SELECT a.facility_id FROM identity_roleassignment a JOIN identity_user u ON u.id = a.user_id WHERE u.username = 'technician'"""
    )
    low, high = connection.execute("SELECT min(number), max(number) FROM workorders_workorder").fetchone() or (0, 0)
    chance, some = random.Random(1), list[int]()
    for _ in range(400):
        row = connection.execute(
            f"SELECT number FROM workorders_workorder WHERE number >= %s AND (facility_id IN ({facility})"
            f" OR EXISTS ({facility} AND a.facility_id IS NULL)) ORDER BY number LIMIT 1",
            [chance.randrange(low, high + 1)],
        ).fetchone()
        if row:
            some.append(row[0])
    return some
