"""5,000 staff against 500 device types, and who could get 1,000 open orders: the matrix, the gaps, the suggestions."""

from __future__ import annotations

from typing import Any

import psycopg

from bench.cases.answers import Asked, measure
from bench.instance import Instance
from bench.measure import Client, logged_in
from bench.results import Result

STAFF, TYPES, ORDERS, EACH = 5_000, 500, 1_000, 30
TARGET_MS = 300.0
MARK = "bench-people"
_TYPES = """
INSERT INTO catalog_devicetype (code, name, synonyms, category, device_class, panel, regulation_number, life_support, high_risk, high_risk_source,
 aem_ineligible, gmdn, emdn, umdns, networked, risk_inputs, source, edition, locally_changed, active)
SELECT 'bench-' || n, 'Bench type ' || n, '{}', 'bench', '', '', '', false, n %% 5 = 0, CASE WHEN n %% 5 = 0 THEN 'bench' ELSE '' END,
 '', '', '', '', false, '{}', 'local', '', false, true
FROM generate_series(1, %(types)s - (SELECT count(DISTINCT device_type_id) FROM inventory_device)) n
ON CONFLICT DO NOTHING
"""
_DEVICES = """
WITH type AS (SELECT t.id, t.high_risk, row_number() OVER (ORDER BY t.id) AS no FROM catalog_devicetype t WHERE t.source = 'local' AND t.code LIKE 'bench-%%'
              AND NOT EXISTS (SELECT FROM inventory_device d WHERE d.device_type_id = t.id)),
device AS (SELECT d.id, row_number() OVER (ORDER BY d.id) AS no FROM inventory_device d
           WHERE d.merged_into_id IS NULL AND d.status = 'in_service' AND NOT d.high_risk LIMIT (SELECT count(*) FROM type))
UPDATE inventory_device d SET device_type_id = type.id, high_risk = type.high_risk FROM type JOIN device USING (no) WHERE d.id = device.id
"""
_USERS = """
INSERT INTO identity_user (password, username, full_name, email, phone, is_service_account, is_active, must_change_password, session_version, created_at)
SELECT '!', %(mark)s || '-' || n, 'Bench person ' || n, '', '', false, true, false, 1, now() FROM generate_series(1, %(staff)s) n
ON CONFLICT DO NOTHING
"""
_STAFF = """
INSERT INTO workforce_staffmember (user_id, full_name, kind, facility_id, job_title, career_role, email, phone, leave_reason)
SELECT u.id, u.full_name, 'in_house', f.id, '', 'bmet', '', '', ''
FROM (SELECT id, full_name, row_number() OVER (ORDER BY id) AS no FROM identity_user WHERE username LIKE %(mark)s || '-%%') u
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS no, count(*) OVER () AS n FROM sites_facility) f ON f.no = u.no %% f.n + 1
ON CONFLICT DO NOTHING
"""
_ROLES = """
INSERT INTO identity_roleassignment (user_id, role, facility_id, valid_from)
SELECT s.user_id, 'technician', s.facility_id, now() - interval '1 year' FROM workforce_staffmember s JOIN identity_user u ON u.id = s.user_id
WHERE u.username LIKE %(mark)s || '-%%' AND NOT EXISTS (SELECT FROM identity_roleassignment r WHERE r.user_id = s.user_id)
"""
_HELD = """
INSERT INTO competence_competency (uid, staff_id, device_type_id, level, basis, granted_on, valid_until, certificate, evidence_name, note,
 signed_by_name, signed_at, withdrawn_reason)
SELECT gen_random_uuid(), s.id, t.id, CASE WHEN (s.no + k) %% 8 = 0 THEN 'assisted' ELSE 'independent' END, 'experience', current_date - 300,
 CASE WHEN (s.no * 7 + k) %% 10 = 0 THEN current_date + 100 END, '', '', '', 'bench', now(), ''
FROM (SELECT s.id, row_number() OVER (ORDER BY s.id) AS no FROM workforce_staffmember s JOIN identity_user u ON u.id = s.user_id
      WHERE u.username LIKE %(mark)s || '-%%') s
CROSS JOIN generate_series(1, %(each)s) k
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS no, count(*) OVER () AS n FROM catalog_devicetype) t ON t.no = (s.no * 31 + k * 17) %% t.n + 1
"""
_ORDERS = """
INSERT INTO workorders_workorder (uid, number, kind, status, priority, title, description, origin, facility_id, device_id, location_id, department_id,
 reporter_name, reporter_contact, call_back, incident, status_code, opened_at, opened_by_name, skill, closed_by_rule, held_s, work_done,
 return_test_required, review_reasons, labour_min, labour_cents, parts_cents, vendor_cents, other_cents, updated_at)
SELECT gen_random_uuid(), nextval('workorders_number'), 'corrective', 'open', 1, 'Does not power on', '', 'person', d.facility_id, d.id, d.location_id,
 d.department_id, '', '', false, false, 'p' || substr(md5(random()::text || d.id), 1, 20), now(), %(mark)s, '', false, 0, '', false, '[]', 0, 0, 0, 0, 0, now()
FROM (SELECT DISTINCT ON (d.device_type_id, d.facility_id) d.* FROM inventory_device d
      WHERE d.merged_into_id IS NULL AND d.status = 'in_service' ORDER BY d.device_type_id, d.facility_id, d.id) d
CROSS JOIN generate_series(1, 10) n LIMIT %(orders)s
"""


def run(instance: Instance) -> list[Result]:
    """Fill people, types, competencies and open orders once, then measure pages and calls beside their floors."""
    from openhtm.demo.accounts import DEMO_ACCOUNTS

    account = next(account for account in DEMO_ACCOUNTS if account.username == "manager")
    person = logged_in(instance.app_port, username=account.username, password=account.password)
    program = Client(instance.app_port, {"Authorization": f"Bearer {instance.token}"})
    bare_page, bare_call = Client(instance.floor_port, person.headers), Client(instance.floor_port, program.headers)
    found: list[Result] = []
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        held = fill(connection)
        size = f"{STAFF:,} staff, {TYPES} types, {held:,} competencies"
        pages = {
            "matrix": [Asked("/competence", "matrix", [])],
            "matrix of high-risk types": [Asked("/competence?risk=high_risk", "matrix", [])],
            "coverage": [Asked("/competence/coverage", "matrix", [])],
            f"suggestions, the first 50 of {ORDERS:,} orders": [Asked("/work/suggestions", "suggestions", [])],
        }
        for name, choices in pages.items():
            found += measure(f"page: {name} at {size}", choices, person, bare_page, connection, target=TARGET_MS, as_json=False)
        calls = {f"suggestions for {ORDERS:,} orders": [Asked(f"/api/v1/work-order-suggestions?limit={ORDERS}", "suggestions", [])]}
        for name, choices in calls.items():
            found += measure(f"API: {name} at {size}", choices, program, bare_call, connection, target=TARGET_MS, as_json=True)
    return found


def fill(connection: psycopg.Connection[Any]) -> int:
    """Add what is missing; return how many competencies there are. History is not what is measured, so its triggers sleep meanwhile."""
    values = {"types": TYPES, "staff": STAFF, "each": EACH, "orders": ORDERS, "mark": MARK}
    done = connection.execute(
        "SELECT count(*) FROM workforce_staffmember s JOIN identity_user u ON u.id = s.user_id WHERE u.username LIKE 'bench-people-%'"
    ).fetchone()
    if not done or done[0] < STAFF:
        tables = (
            "catalog_devicetype",
            "inventory_device",
            "identity_user",
            "workforce_staffmember",
            "identity_roleassignment",
            "competence_competency",
            "workorders_workorder",
        )
        for table in tables:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in (_TYPES, _DEVICES, _USERS, _STAFF, _ROLES, _HELD, _ORDERS):
            connection.execute(statement, values)
        for table in tables:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            connection.execute(f"VACUUM (ANALYZE) {table}")
    count = connection.execute("SELECT count(*) FROM competence_competency").fetchone()
    assert count
    return int(count[0])
