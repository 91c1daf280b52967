"""``rules.due.plan`` for any number of schedules at once, as SQL over temporary tables.

``due_work`` has one row for each schedule to compute, ``due_hold`` the days in which the status of their devices held visits,
and ``due_wanted`` what is owed: the visits that passed since the settled one and the one that is open. The text below is the
same arithmetic as in ``rules``; ``tests/test_due_equal.py`` and the nightly invariants compare both row by row.
"""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
from openhtm.maintenance.queries.grid_sql import interval_part, moved_out_of

TABLES = """
CREATE TEMP TABLE IF NOT EXISTS due_today (facility_id bigint PRIMARY KEY, today date NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS due_device (device_id bigint PRIMARY KEY) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS due_work (
  schedule_id bigint PRIMARY KEY, device_id bigint NOT NULL, procedure_id bigint NOT NULL, cycle text NOT NULL, live boolean NOT NULL,
  step_days int NOT NULL, step_months int NOT NULL, anchor_on date NOT NULL, starts_on date NOT NULL, ends_on date,
  before_days int NOT NULL, before_months int NOT NULL, after_days int NOT NULL, after_months int NOT NULL,
  snap boolean NOT NULL, grace_days int NOT NULL, blackout smallint[] NOT NULL,
  meter text NOT NULL, meter_every float8, meter_at_done float8, today date NOT NULL, settled_on date, counts_from date, todo boolean NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS due_hold (device_id bigint NOT NULL, from_on date NOT NULL, to_on date, status text NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS due_wanted (
  schedule_id bigint NOT NULL, device_id bigint NOT NULL, due_on date NOT NULL, opens_on date NOT NULL, on_time_until date NOT NULL,
  grace_until date NOT NULL, slot_on_time date NOT NULL, slot_grace date NOT NULL, state text NOT NULL, next_change_on date,
  taken_over_on date, is_current boolean NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS due_fact (
  visit_id bigint PRIMARY KEY, schedule_id bigint NOT NULL, device_id bigint NOT NULL, due_on date NOT NULL, state text NOT NULL,
  attempts_count int NOT NULL, outcome text NOT NULL, performed_on date, excluded boolean NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS due_dirty (schedule_id bigint NOT NULL) ON COMMIT DROP;
TRUNCATE due_today, due_device, due_work, due_hold, due_wanted, due_fact, due_dirty;
"""

NEAR = "BETWEEN %(first)s AND %(final)s"
"""The keys of the devices at work lie here. Said beside every join, so that a chunk reads its own part of a table and no more."""
LEARN = "ANALYZE due_work (schedule_id, device_id, procedure_id, settled_on, cycle, live, blackout, todo), due_hold (device_id, to_on)"
"""Only of the columns that are joined or filtered by: looking at all of them takes as long as a step of the work."""
FILL_TODAY = "INSERT INTO due_today SELECT * FROM unnest(%s::bigint[], %s::date[])"


def fill_work(*, whole: bool) -> str:
    """Return the statement that takes up every schedule that is live or has an open visit, or those of ``due_device``.

    Parameters, unless ``whole``: the first and the final key of the devices.
    """
    chosen = "" if whole else f"JOIN due_device c ON c.device_id = s.device_id AND s.device_id {NEAR}"
    near = "" if whole else f"AND d.id {NEAR}"
    return f"""
INSERT INTO due_work
SELECT s.id, s.device_id, s.procedure_id, s.cycle, s.live,
  {interval_part("s.every_n", "s.every_unit", months=False)}, {interval_part("s.every_n", "s.every_unit", months=True)},
  s.anchor_on, s.starts_on, s.ends_on,
  {interval_part("w.before_n", "w.before_unit", months=False)}, {interval_part("w.before_n", "w.before_unit", months=True)},
  {interval_part("w.after_n", "w.after_unit", months=False)}, {interval_part("w.after_n", "w.after_unit", months=True)},
  w.snap_to_month, w.grace_days, s.blackout_months,
  s.meter, s.meter_every, s.meter_at_done, t.today, v.due_on, COALESCE(v.performed_on, v.due_on), true
FROM maintenance_schedule s
{chosen}
JOIN inventory_device d ON d.id = s.device_id {near}
JOIN due_today t ON t.facility_id = d.facility_id
JOIN maintenance_windowstep w ON w.id = s.window_step_id
LEFT JOIN LATERAL (
  SELECT due_on, performed_on FROM maintenance_visit
  WHERE schedule_id = s.id AND state IN ('done', 'covered', 'excluded') ORDER BY due_on DESC LIMIT 1
) v ON true
"""


def fill_holds(*, whole: bool) -> str:
    """Return the statement that finds the held days of the devices at work. Parameters: the holding statuses; those of ``fill_work``.

    Days follow each other in the record of statuses, so touching ones are joined by counting the gaps; the status of the
    last one names the stretch. A device without a record of its status is held from the day its status is known since.
    """
    only = "" if whole else f"AND c.device_id IN (SELECT device_id FROM due_device) AND c.device_id {NEAR}"
    also = "" if whole else f"AND d.id IN (SELECT device_id FROM due_device) AND d.id {NEAR}"
    near, near_device = ("", "") if whole else (f"AND c.device_id {NEAR}", f"AND d.id {NEAR}")
    return f"""
INSERT INTO due_hold
WITH holding AS (SELECT unnest(%(holding)s::text[]) AS status),
changed AS (
  SELECT c.device_id, c.after, c.on AS from_on, lead(c.on) OVER (PARTITION BY c.device_id ORDER BY c.on, c.recorded_at, c.id) AS to_on
  FROM inventory_statuschange c
  WHERE c.device_id IN (
    SELECT c.device_id FROM inventory_statuschange c WHERE (c.after IN (SELECT status FROM holding) OR c.after = 'missing') {only}) {near}
),
known AS (
  SELECT c.device_id, c.after, c.from_on, c.to_on FROM changed c WHERE c.after IN (SELECT status FROM holding)
  UNION ALL
  SELECT c.device_id, c.after, max(e.signed_on), c.to_on FROM changed c
  JOIN (
    SELECT e.device_id, (e.second_at AT TIME ZONE f.time_zone)::date AS signed_on
    FROM maintenance_escalation e JOIN inventory_device d ON d.id = e.device_id JOIN sites_facility f ON f.id = d.facility_id
    WHERE e.step = 'propose_missing' AND e.outcome = 'signed' AND e.second_at IS NOT NULL
  ) e ON e.device_id = c.device_id AND e.signed_on >= c.from_on AND (c.to_on IS NULL OR e.signed_on < c.to_on)
  WHERE c.after = 'missing' GROUP BY c.device_id, c.after, c.from_on, c.to_on
  UNION ALL
  SELECT d.id, d.status, COALESCE(d.status_since, d.created_at::date), NULL FROM inventory_device d
  WHERE d.status IN (SELECT status FROM holding) {also}
    AND NOT EXISTS (SELECT 1 FROM inventory_statuschange c WHERE c.device_id = d.id)
),
today AS (
  SELECT k.device_id, k.after AS status, k.from_on, CASE WHEN k.to_on <= t.today THEN k.to_on END AS to_on
  FROM known k JOIN inventory_device d ON d.id = k.device_id {near_device} JOIN due_today t ON t.facility_id = d.facility_id
  WHERE k.from_on <= t.today AND (k.to_on IS NULL OR k.to_on > k.from_on)
),
gaps AS (
  SELECT *, CASE WHEN lag(to_on) OVER days IS DISTINCT FROM from_on THEN 1 ELSE 0 END AS gap FROM today
  WINDOW days AS (PARTITION BY device_id ORDER BY from_on)
),
stretches AS (SELECT *, sum(gap) OVER (PARTITION BY device_id ORDER BY from_on) AS stretch FROM gaps)
SELECT device_id, min(from_on), CASE WHEN bool_or(to_on IS NULL) THEN NULL ELSE max(to_on) END,
  (array_agg(status ORDER BY from_on DESC))[1]
FROM stretches GROUP BY device_id, stretch
"""


def _grid(k: str) -> str:
    return f"(anchor_on + ({k}) * step_days + make_interval(months => ({k}) * step_months))::date"


def _index(day: str) -> str:
    """Return the SQL of ``calendar.grid_index_on_or_after``."""
    months = (
        f"floor(((date_part('year', {day}) - date_part('year', anchor_on)) * 12 + date_part('month', {day})"
        " - date_part('month', anchor_on)) / step_months)::int"
    )
    return (
        f"CASE WHEN step_days > 0 THEN ceil(({day} - anchor_on)::float8 / step_days)::int "
        f"ELSE {months} + ({_grid(months)} < {day})::int END"
    )


def _opens(due: str) -> str:
    plain = f"({due} - before_days - make_interval(months => before_months))"
    return f"CASE WHEN snap THEN date_trunc('month', {plain})::date ELSE {plain}::date END"


def _on_time(due: str) -> str:
    plain = f"({due} + after_days + make_interval(months => after_months))"
    return f"CASE WHEN snap THEN (date_trunc('month', {plain}) + interval '1 month')::date - 1 ELSE {plain}::date END"


_ONCE = "OFFSET 0"
"""Ends a subselect whose columns are named more than once: without it the planner writes their arithmetic out at every such place."""
_WINDOW = "before_days, before_months, after_days, after_months, snap, grace_days"
_NEWEST = "greatest(today, starts_on, COALESCE(settled_on + 1, starts_on))"

_PLAIN = f"""
plain AS MATERIALIZED (
  SELECT w.*, k_start, greatest(k_start, k_after) AS lo, greatest(k_start, k_after, k_newest) AS hi
  FROM due_work w
  CROSS JOIN LATERAL (SELECT {_NEWEST} AS newest_on {_ONCE}) n
  CROSS JOIN LATERAL (SELECT {_index("starts_on")} AS k_start {_ONCE}) a
  CROSS JOIN LATERAL (SELECT CASE WHEN settled_on IS NULL THEN k_start ELSE {_index("(settled_on + 1)")} END AS k_after {_ONCE}) b
  CROSS JOIN LATERAL (SELECT {_index("newest_on")} AS k_newest {_ONCE}) c
  WHERE todo AND live AND cycle = 'fixed' AND blackout = '{{}}'
),
plain_slots AS (
  SELECT schedule_id, device_id, today, {_WINDOW}, k = lo AS is_first,
    CASE WHEN k > k_start THEN {_grid("k - 1")} END AS prev_due, {_grid("k")} AS due_on,
    CASE WHEN ends_on IS NULL OR {_grid("k + 1")} <= ends_on THEN {_grid("k + 1")} END AS next_due
  FROM plain CROSS JOIN LATERAL generate_series(lo, hi) k
  WHERE ends_on IS NULL OR {_grid("k")} <= ends_on {_ONCE}
)"""

_SEASONAL = f"""
seasonal AS (
  SELECT w.*, greatest(k_start, CASE WHEN settled_on IS NULL THEN k_start ELSE {_index("(settled_on - interval '12 months')::date")} - 1 END) AS lo,
    {_index(f"({_NEWEST} + interval '25 months')::date")} + 1 AS hi
  FROM due_work w
  CROSS JOIN LATERAL (SELECT {_index("starts_on")} AS k_start {_ONCE}) a
  WHERE todo AND live AND cycle = 'fixed' AND blackout <> '{{}}'
),
seasonal_grid AS (
  SELECT s.*, k, {_grid("k")} AS grid_on FROM seasonal s CROSS JOIN LATERAL generate_series(lo, hi) k {_ONCE}
),
seasonal_days AS (
  SELECT DISTINCT ON (schedule_id, due_on) * FROM (
    SELECT g.*, {moved_out_of("grid_on", "CASE WHEN settled_on IS NOT NULL AND grid_on > settled_on THEN greatest(starts_on, settled_on) ELSE starts_on END")}
      AS due_on
    FROM seasonal_grid g {_ONCE}
  ) moved WHERE ends_on IS NULL OR due_on <= ends_on ORDER BY schedule_id, due_on, k
),
seasonal_near AS (
  SELECT *, lag(due_on) OVER days AS prev_due, lead(due_on) OVER days AS next_due FROM seasonal_days
  WINDOW days AS (PARTITION BY schedule_id ORDER BY due_on)
),
seasonal_slots AS (
  SELECT schedule_id, device_id, today, {_WINDOW}, row_number() OVER (PARTITION BY schedule_id ORDER BY due_on) = 1 AS is_first,
    prev_due, due_on, next_due
  FROM seasonal_near WHERE settled_on IS NULL OR due_on > settled_on
)"""

_FIXED = f"""
alone AS MATERIALIZED (
  SELECT *, {_opens("due_on")} AS own_opens, {_on_time("due_on")} AS own_on_time,
    CASE WHEN prev_due IS NOT NULL THEN {_on_time("prev_due")} END AS prev_on_time,
    CASE WHEN next_due IS NOT NULL THEN {_opens("next_due")} END AS next_own_opens
  FROM (SELECT * FROM plain_slots UNION ALL SELECT * FROM seasonal_slots) s
),
bounded AS MATERIALIZED (
  SELECT *, greatest(own_opens, least(prev_on_time + 1, CASE WHEN prev_on_time IS NOT NULL THEN due_on END)) AS opens_on,
    CASE WHEN next_due IS NOT NULL THEN greatest(next_own_opens, least(own_on_time + 1, next_due)) END AS taken_over_on
  FROM alone
),
fixed AS (
  SELECT schedule_id, device_id, today, due_on, opens_on, least(own_on_time, taken_over_on - 1) AS on_time_until,
    least(own_on_time + grace_days, taken_over_on - 1) AS grace_until, taken_over_on,
    taken_over_on IS NULL OR taken_over_on > today AS is_current
  FROM bounded WHERE taken_over_on <= today OR opens_on <= today OR is_first
)"""

_COUNTED = f"""
stops AS (
  SELECT w.*, CASE WHEN settled_on IS NULL THEN starts_on
    ELSE greatest(starts_on, (counts_from + step_days + make_interval(months => step_months))::date) END AS stop_on,
    COALESCE(counts_from, anchor_on) AS base_on
  FROM due_work w WHERE todo AND live AND cycle <> 'fixed' {_ONCE}
),
metered AS (
  SELECT s.*, COALESCE((
      SELECT r.value::text::numeric FROM maintenance_meterreading r
      WHERE r.device_id = s.device_id AND r.meter = s.meter AND r.read_on <= s.base_on ORDER BY r.read_on DESC, r.value DESC LIMIT 1
    ), meter_at_done::text::numeric) AS base_value
  FROM stops s WHERE cycle = 'meter'
),
measured AS (
  SELECT m.schedule_id, m.stop_on, m.base_on, m.base_value, m.base_value + m.meter_every::text::numeric AS threshold,
    r.reached_on, r.newest_on, r.newest_value
  FROM metered m CROSS JOIN LATERAL (
    SELECT (array_agg(n.read_on ORDER BY n.read_on, n.value) FILTER (WHERE n.value >= m.base_value + m.meter_every::text::numeric))[1] AS reached_on,
      max(n.read_on) AS newest_on, (array_agg(n.value ORDER BY n.read_on DESC, n.value DESC))[1] AS newest_value
    FROM (
      SELECT r.read_on, r.value::text::numeric AS value FROM maintenance_meterreading r
      WHERE r.device_id = m.device_id AND r.meter = m.meter AND r.read_on > m.base_on AND r.read_on <= m.today
    ) n
  ) r
  WHERE m.base_value IS NOT NULL
),
ahead AS (
  SELECT *, CASE WHEN newest_value > base_value THEN (threshold - newest_value) * (newest_on - base_on) END AS far,
    newest_value - base_value AS rise
  FROM measured
),
days AS (
  SELECT *, div(far, rise) + CASE WHEN far > div(far, rise) * rise THEN 1 ELSE 0 END AS days_left FROM ahead WHERE reached_on IS NULL AND far IS NOT NULL
),
expected AS (
  SELECT schedule_id, reached_on AS day, reached_on AS read_on FROM ahead WHERE reached_on <= stop_on
  UNION ALL
  SELECT schedule_id, newest_on + days_left::int, newest_on FROM days WHERE days_left <= stop_on - newest_on
),
counted AS (
  SELECT s.*, e.read_on,
    CASE WHEN COALESCE(e.day, s.stop_on) <= s.settled_on THEN s.settled_on + 1 ELSE COALESCE(e.day, s.stop_on) END AS counted_on,
    greatest(COALESCE(e.read_on, s.starts_on), s.settled_on + 1, s.counts_from + 1) AS not_before
  FROM stops s LEFT JOIN expected e USING (schedule_id) {_ONCE}
),
counted_due AS (SELECT c.*, {moved_out_of("counted_on", "not_before")} AS due_on FROM counted c {_ONCE}),
floating AS (
  SELECT schedule_id, device_id, today, due_on,
    CASE WHEN counts_from IS NULL THEN {_opens("due_on")} ELSE least(greatest({_opens("due_on")}, counts_from + 1), due_on) END AS opens_on,
    {_on_time("due_on")} AS on_time_until, {_on_time("due_on")} + grace_days AS grace_until, NULL::date AS taken_over_on, true AS is_current
  FROM counted_due WHERE ends_on IS NULL OR due_on <= ends_on
)"""

_JUDGED = """
both_kinds AS (SELECT * FROM fixed UNION ALL SELECT * FROM floating),
after_hold AS (
  SELECT b.*, b.on_time_until AS slot_on_time, b.grace_until AS slot_grace, n.device_id IS NOT NULL AS held_now,
    NOT is_current AND e.device_id IS NOT NULL AND (e.to_on IS NULL OR e.to_on >= b.taken_over_on) AS passed_held,
    COALESCE(e.to_on, b.on_time_until) AS back_until
  FROM both_kinds b
  LEFT JOIN due_hold e ON e.device_id = b.device_id AND e.from_on <= b.on_time_until AND (e.to_on IS NULL OR b.on_time_until < e.to_on)
  LEFT JOIN due_hold n ON n.device_id = b.device_id AND n.to_on IS NULL AND n.from_on <= b.today
),
judged AS MATERIALIZED (
  SELECT schedule_id, device_id, today, due_on, opens_on, slot_on_time, slot_grace, taken_over_on, is_current, held_now, passed_held,
    CASE WHEN passed_held THEN slot_on_time ELSE back_until END AS on_time_until,
    CASE WHEN passed_held THEN slot_grace ELSE greatest(slot_grace, back_until) END AS grace_until
  FROM after_hold
)
INSERT INTO due_wanted
SELECT schedule_id, device_id, due_on, opens_on, on_time_until, grace_until, slot_on_time, slot_grace,
  CASE WHEN NOT is_current THEN CASE WHEN passed_held THEN 'passed_held' ELSE 'missed' END
    WHEN today < opens_on THEN 'not_due'
    WHEN held_now THEN 'held'
    WHEN today < due_on THEN 'in_window'
    WHEN today <= on_time_until THEN 'due'
    WHEN today <= grace_until THEN 'grace'
    ELSE 'late' END,
  CASE WHEN is_current THEN least(taken_over_on, CASE
    WHEN today < opens_on THEN opens_on
    WHEN held_now THEN NULL
    WHEN today < due_on THEN due_on
    WHEN today <= on_time_until THEN on_time_until + 1
    WHEN today <= grace_until THEN grace_until + 1 END) END,
  taken_over_on, is_current
FROM judged
"""

PLAN = f"WITH {_PLAIN}, {_SEASONAL}, {_FIXED}, {_COUNTED}, {_JUDGED}"
"""Fills ``due_wanted`` from ``due_work`` and ``due_hold``: the set-based ``rules.due.plan``."""
