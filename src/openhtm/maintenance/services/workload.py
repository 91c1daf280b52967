"""The work to come, stored: one row for each live schedule, and their sums. The only writer of both; both can be rebuilt from the facts.

``settling`` calls ``keep`` for the devices it brought in line, so the sums follow each fact in the same transaction. Changes of a sum
are appended, never written over: two people who finish work in the same department do not wait for each other.
"""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from openhtm.maintenance.queries.grid_sql import interval_part
from openhtm.maintenance.services import settle_sql

_COLUMNS = "facility_id, department_id, place_id, line_id, first_on, anchor_on, starts_on, ends_on, step_days, step_months, blackout"
_PLACE = "(string_to_array(o.path::text, '.'))[least(nlevel(o.path), 2)]::bigint"
"""The place of the second level in which a device stands: the floor, or a building without floors."""

FACTS = f"""
SELECT s.id AS schedule_id, d.facility_id, d.department_id, {_PLACE} AS place_id, s.plan_line_id AS line_id, v.due_on AS first_on,
  CASE s.cycle WHEN 'fixed' THEN s.anchor_on ELSE v.due_on END AS anchor_on, s.starts_on, s.ends_on,
  {interval_part("s.every_n", "s.every_unit", months=False)} AS step_days, {interval_part("s.every_n", "s.every_unit", months=True)} AS step_months,
  s.blackout_months AS blackout, CASE WHEN s.every_unit IN ('month', 'year') AND s.ends_on IS NULL AND s.blackout_months = '{{}}'
    THEN mod((date_part('year', v.due_on) * 12 + date_part('month', v.due_on))::int, {interval_part("s.every_n", "s.every_unit", months=True)}) END AS phase
FROM maintenance_schedule s
JOIN maintenance_visit v ON v.schedule_id = s.id AND v.is_open
JOIN inventory_device d ON d.id = s.device_id
LEFT JOIN sites_location o ON o.id = d.location_id
WHERE s.live
"""
SIMPLE = "ends_on IS NULL AND blackout = '{}'"
"""Rhythms of which the first visit and the interval say everything; of whole months, the month of the first visit."""


def as_sum(source: str, count: str) -> str:
    """Return the SQL of the sums' columns over ``source``, with ``count`` as their number."""
    return f"""SELECT facility_id, department_id, place_id, line_id,
    CASE WHEN {SIMPLE} AND step_months > 0 THEN date_trunc('month', first_on)::date ELSE first_on END AS first_on,
    CASE WHEN {SIMPLE} THEN NULL ELSE anchor_on END AS anchor_on, CASE WHEN {SIMPLE} THEN NULL ELSE starts_on END AS starts_on, ends_on,
    step_days, step_months, blackout, {count} AS visits FROM {source}"""


_DIFFERS = (
    f"({_COLUMNS.replace('facility_id', 'c.facility_id').replace(', ', ', c.')}) IS DISTINCT FROM (f.{_COLUMNS.replace(', ', ', f.')})"
)
_KEEP = f"""
WITH fresh AS MATERIALIZED ({FACTS} AND s.device_id = ANY(%(devices)s)),
stored AS MATERIALIZED (
  SELECT c.* FROM maintenance_comingwork c JOIN maintenance_schedule s ON s.id = c.schedule_id WHERE s.device_id = ANY(%(devices)s)
),
new AS MATERIALIZED (
  SELECT f.* FROM fresh f LEFT JOIN stored c ON c.schedule_id = f.schedule_id WHERE c.schedule_id IS NULL OR {_DIFFERS}
),
old AS MATERIALIZED (
  SELECT c.* FROM stored c LEFT JOIN fresh f ON f.schedule_id = c.schedule_id WHERE f.schedule_id IS NULL OR {_DIFFERS}
),
removed AS (DELETE FROM maintenance_comingwork WHERE schedule_id IN (SELECT schedule_id FROM old EXCEPT SELECT schedule_id FROM new)),
written AS (
  INSERT INTO maintenance_comingwork AS c (schedule_id, {_COLUMNS}, phase) SELECT schedule_id, {_COLUMNS}, phase FROM new
  ON CONFLICT (schedule_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in [*_COLUMNS.split(", "), "phase"])}
)
INSERT INTO maintenance_workloadsum ({_COLUMNS}, visits, loose)
SELECT {_COLUMNS}, sum(visits), true FROM ({as_sum("new", "1")} UNION ALL {as_sum("old", "-1")}) changes
GROUP BY {_COLUMNS} HAVING sum(visits) <> 0
"""
_ELSEWHERE = f"""
SELECT DISTINCT s.device_id
FROM sites_location m
JOIN sites_location o ON o.path <@ m.path
JOIN inventory_device d ON d.location_id = o.id
JOIN maintenance_schedule s ON s.device_id = d.id
JOIN maintenance_comingwork c ON c.schedule_id = s.id AND c.place_id IS DISTINCT FROM {_PLACE}
WHERE m.id = %s
"""
_TIDY = f"""
WITH gone AS (DELETE FROM maintenance_workloadsum RETURNING *)
INSERT INTO maintenance_workloadsum ({_COLUMNS}, visits, loose)
SELECT {_COLUMNS}, sum(visits), false FROM gone GROUP BY {_COLUMNS} HAVING sum(visits) <> 0
"""
_REBUILD = (
    "TRUNCATE maintenance_comingwork, maintenance_workloadsum",
    f"INSERT INTO maintenance_comingwork (schedule_id, {_COLUMNS}, phase) {FACTS}",
    f"""INSERT INTO maintenance_workloadsum ({_COLUMNS}, visits, loose)
SELECT {_COLUMNS}, sum(visits), false FROM ({as_sum("maintenance_comingwork", "1")}) rows GROUP BY {_COLUMNS}""",
)
TIDY_FROM = 20_000
"""Loose sums from which putting them together pays; below, reading them costs less than a millisecond."""


def keep(cursor: Any, device_ids: list[int]) -> None:
    """Bring what is stored of these devices' schedules in line. One statement; their schedules are locked by the caller."""
    cursor.execute(_KEEP, {"devices": device_ids})


def devices_elsewhere(location_id: int) -> list[int]:
    """Return the devices within a place whose work to come is stored for another floor than they stand on. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_ELSEWHERE, [location_id])
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def tidy(*, whole: bool = False) -> None:
    """Put loose sums together where there are many, or in any case if ``whole``. Only while no other run does. Up to two statements."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT FROM maintenance_workloadsum WHERE loose LIMIT %s) few", [TIDY_FROM])
        loose = cursor.fetchone()[0]
        if loose >= TIDY_FROM or (whole and loose):
            cursor.execute(_TIDY)


@transaction.atomic
def rebuild() -> None:
    """Compute everything anew from the facts, alone. Four statements; about ten seconds for a million devices."""
    with connection.cursor() as cursor:
        cursor.execute(settle_sql.LOCK_ALL, [settle_sql.LOCK_KEY])
        for statement in _REBUILD:
            cursor.execute(statement)


_SAME = (
    f"({_COLUMNS.replace('facility_id', 'c.facility_id').replace(', ', ', c.')}) IS NOT DISTINCT FROM (f.{_COLUMNS.replace(', ', ', f.')})"
)
WRONG_ROWS = f"""
SELECT d.control_number FROM ({FACTS}) f FULL JOIN maintenance_comingwork c ON c.schedule_id = f.schedule_id
JOIN maintenance_schedule s ON s.id = COALESCE(f.schedule_id, c.schedule_id) JOIN inventory_device d ON d.id = s.device_id
WHERE NOT {_SAME} AND greatest(s.changed_at, d.updated_at) < (SELECT max(facts_until) FROM maintenance_reconcilerun WHERE finished_at IS NOT NULL)
"""
WRONG_SUMS = f"""
SELECT DISTINCT 'line ' || l.line_id AS control_number FROM (
  SELECT line_id, sum(visits) AS visits FROM (
    {as_sum("maintenance_comingwork", "1")} UNION ALL SELECT {_COLUMNS}, -visits FROM maintenance_workloadsum
  ) both_sides GROUP BY {_COLUMNS} HAVING sum(visits) <> 0
) l
"""
