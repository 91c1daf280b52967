"""From plan lines to schedules, for any number of devices at once."""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
TABLES = """
CREATE TEMP TABLE IF NOT EXISTS plan_wanted (
  device_id bigint NOT NULL, procedure_id bigint NOT NULL, plan_line_id bigint NOT NULL, inherited text NOT NULL, cycle text NOT NULL,
  every_n int NOT NULL, every_unit text NOT NULL, window_step_id bigint NOT NULL, blackout smallint[] NOT NULL, meter text NOT NULL,
  meter_every float8, accepted_on date NOT NULL, base_month int, group_anchor_on date, floor_on date NOT NULL, today date NOT NULL,
  PRIMARY KEY (device_id, procedure_id)
) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS plan_first (
  accepted_on date NOT NULL, every_n int NOT NULL, every_unit text NOT NULL, base_month int, group_anchor_on date, floor_on date NOT NULL,
  anchor_on date NOT NULL, starts_on date NOT NULL, rule text NOT NULL
) ON COMMIT DROP;
TRUNCATE plan_wanted, plan_first;
"""


def fill_wanted(*, whole: bool) -> str:
    """Return the statement that finds which procedure is due how often on which device. One parameter: statuses in the inventory.

    The most specific line wins: device, model, type; then the line of the facility over the general one. A decision that no
    maintenance is needed counts against every line that is not more specific than itself.
    """
    only = "" if whole else "JOIN due_device c ON c.device_id = d.id"
    return f"""
INSERT INTO plan_wanted
WITH subject AS (
  SELECT d.id, d.device_model_id, d.device_type_id, d.facility_id, d.department_id, t.today,
    COALESCE(d.accepted_on, d.in_service_on, d.acquired_on, (d.created_at AT TIME ZONE f.time_zone)::date) AS accepted_on
  FROM inventory_device d {only} JOIN due_today t ON t.facility_id = d.facility_id JOIN sites_facility f ON f.id = d.facility_id
  WHERE d.status = ANY(%s) AND d.merged_into_id IS NULL
),
line AS MATERIALIZED (
  SELECT l.id, l.device_id, l.device_model_id, l.device_type_id, l.facility_id, l.procedure_id, l.needed, l.cycle, l.every_n, l.every_unit,
    l.blackout_months, l.meter, l.meter_every, l.join_base_month, l.anchor_on, l.effective_from, l.ended_on, w.id AS step_id
  FROM maintenance_planline l JOIN procedures_procedure p ON p.id = l.procedure_id
  LEFT JOIN LATERAL (
    SELECT w.id FROM maintenance_windowstep w JOIN maintenance_windowprofile p ON p.id = w.profile_id
    WHERE CASE WHEN l.window_profile_id IS NULL THEN p.is_default ELSE p.id = l.window_profile_id END
      AND w.from_interval_days <= l.every_n * CASE l.every_unit WHEN 'day' THEN 1 WHEN 'week' THEN 7 ELSE 0 END
        + l.every_n * CASE l.every_unit WHEN 'month' THEN 1 WHEN 'year' THEN 12 ELSE 0 END * 1461 / 48
    ORDER BY w.from_interval_days DESC LIMIT 1
  ) w ON true
  WHERE p.active
),
applies AS (
  SELECT s.id AS subject_id, 3 AS level, l.* FROM subject s JOIN line l ON l.device_id = s.id
  UNION ALL SELECT s.id, 2, l.* FROM subject s JOIN line l ON l.device_model_id = s.device_model_id
  UNION ALL SELECT s.id, 1, l.* FROM subject s JOIN line l ON l.device_type_id = s.device_type_id
),
none_needed AS (
  SELECT s.id AS device_id, 3 AS level FROM subject s JOIN maintenance_nomaintenancedecision n ON n.device_id = s.id WHERE n.withdrawn_at IS NULL
  UNION ALL SELECT s.id, 2 FROM subject s JOIN maintenance_nomaintenancedecision n ON n.device_model_id = s.device_model_id WHERE n.withdrawn_at IS NULL
  UNION ALL SELECT s.id, 1 FROM subject s JOIN maintenance_nomaintenancedecision n ON n.device_type_id = s.device_type_id WHERE n.withdrawn_at IS NULL
),
decided AS (SELECT device_id, max(level) AS level FROM none_needed GROUP BY device_id),
best AS (
  SELECT DISTINCT ON (a.subject_id, a.procedure_id) a.*, s.accepted_on, s.today, s.department_id, s.facility_id AS at_facility_id
  FROM applies a JOIN subject s ON s.id = a.subject_id
  WHERE a.effective_from <= s.today AND (a.ended_on IS NULL OR a.ended_on > s.today) AND (a.facility_id IS NULL OR a.facility_id = s.facility_id)
  ORDER BY a.subject_id, a.procedure_id, a.level DESC, (a.facility_id IS NOT NULL) DESC, a.id DESC
)
SELECT b.subject_id, b.procedure_id, b.id, CASE b.level WHEN 3 THEN 'device' WHEN 2 THEN 'model' ELSE 'type' END, b.cycle, b.every_n, b.every_unit,
  b.step_id, b.blackout_months, b.meter, b.meter_every, b.accepted_on, CASE WHEN b.join_base_month THEN m.month END, b.anchor_on,
  greatest(b.effective_from, b.accepted_on), b.today
FROM best b
LEFT JOIN decided n ON n.device_id = b.subject_id
LEFT JOIN maintenance_departmentmonth m ON m.department_id = b.department_id
WHERE b.needed AND b.step_id IS NOT NULL AND (n.level IS NULL OR b.level > n.level)
"""


COMBINATIONS = "SELECT DISTINCT accepted_on, every_n, every_unit, base_month, group_anchor_on, floor_on FROM plan_wanted"
"""What a first due day depends on: far fewer than there are devices, so ``rules.first_due`` itself answers each once."""

_SAME = """w.accepted_on = q.accepted_on AND w.every_n = q.every_n AND w.every_unit = q.every_unit AND w.floor_on = q.floor_on
  AND w.base_month IS NOT DISTINCT FROM q.base_month AND w.group_anchor_on IS NOT DISTINCT FROM q.group_anchor_on"""

ADD = f"""
WITH new AS (
  INSERT INTO maintenance_schedule (device_id, procedure_id, plan_line_id, inherited, cycle, every_n, every_unit, window_step_id, blackout_months, meter,
    meter_every, anchor_on, starts_on, first_due_rule, live, changed_at)
  SELECT w.device_id, w.procedure_id, w.plan_line_id, w.inherited, w.cycle, w.every_n, w.every_unit, w.window_step_id, w.blackout, w.meter, w.meter_every,
    q.anchor_on, q.starts_on, q.rule, true, %(now)s
  FROM plan_wanted w JOIN plan_first q ON {_SAME}
  LEFT JOIN maintenance_schedule s ON s.device_id = w.device_id AND s.procedure_id = w.procedure_id WHERE s.id IS NULL
  RETURNING id, cycle, every_n, every_unit, anchor_on, starts_on, first_due_rule
),
told AS (
  INSERT INTO maintenance_schedulechange (uid, schedule_id, kind, before, after, reason, actor_id, actor_name, recorded_at)
  SELECT gen_random_uuid(), id, 'created', '{{}}', jsonb_build_object('cycle', cycle, 'every_n', every_n, 'every_unit', every_unit, 'anchor_on', anchor_on,
    'starts_on', starts_on, 'rule', first_due_rule), '', %(user)s, %(name)s, %(now)s FROM new
)
SELECT count(*) FROM new
"""

REVIVE = f"""
WITH again AS (
  SELECT s.id, w.*, q.anchor_on AS new_anchor_on, greatest(q.starts_on, w.today) AS new_starts_on
  FROM plan_wanted w JOIN plan_first q ON {_SAME}
  JOIN maintenance_schedule s ON s.device_id = w.device_id AND s.procedure_id = w.procedure_id WHERE NOT s.live
),
told AS (
  INSERT INTO maintenance_schedulechange (uid, schedule_id, kind, before, after, reason, actor_id, actor_name, recorded_at)
  SELECT gen_random_uuid(), id, 'revived', '{{}}', jsonb_build_object('cycle', cycle, 'every_n', every_n, 'every_unit', every_unit,
    'starts_on', new_starts_on), %(reason)s, %(user)s, %(name)s, %(now)s FROM again
),
written AS (
  UPDATE maintenance_schedule s SET live = true, ends_on = NULL, plan_line_id = a.plan_line_id, inherited = a.inherited, cycle = a.cycle,
    every_n = a.every_n, every_unit = a.every_unit, window_step_id = a.window_step_id, blackout_months = a.blackout, meter = a.meter,
    meter_every = a.meter_every, starts_on = a.new_starts_on, changed_at = %(now)s
  FROM again a WHERE s.id = a.id RETURNING 1
)
SELECT count(*) FROM written
"""

END = """
WITH gone AS (
  SELECT s.id, t.today, s.every_n, s.every_unit FROM maintenance_schedule s
  {only}
  JOIN inventory_device d ON d.id = s.device_id JOIN due_today t ON t.facility_id = d.facility_id
  WHERE s.live AND NOT EXISTS (SELECT 1 FROM plan_wanted w WHERE w.device_id = s.device_id AND w.procedure_id = s.procedure_id)
),
told AS (
  INSERT INTO maintenance_schedulechange (uid, schedule_id, kind, before, after, reason, actor_id, actor_name, recorded_at)
  SELECT gen_random_uuid(), id, 'ended', jsonb_build_object('every_n', every_n, 'every_unit', every_unit), jsonb_build_object('ends_on', today),
    %(reason)s, %(user)s, %(name)s, %(now)s FROM gone
),
written AS (
  UPDATE maintenance_schedule s SET live = false, ends_on = g.today, changed_at = %(now)s FROM gone g WHERE s.id = g.id RETURNING 1
)
SELECT count(*) FROM written
"""

_DIFFERS = (
    "(s.cycle, s.every_n::int, s.every_unit, s.blackout_months, s.meter, s.meter_every) IS DISTINCT FROM "
    "(w.cycle::varchar, w.every_n, w.every_unit::varchar, w.blackout, w.meter::varchar, w.meter_every)"
)

CHANGING = f"""SELECT count(*) FROM plan_wanted w JOIN maintenance_schedule s ON s.device_id = w.device_id AND s.procedure_id = w.procedure_id
WHERE s.live AND ({_DIFFERS} OR s.window_step_id <> w.window_step_id)"""
"""Before an interval is changed, the visits that passed under the old one are written down; this says whether any will be."""

CHANGE = f"""
WITH differing AS (
  SELECT s.id, w.*, {_DIFFERS} AS anew, s.window_step_id <> w.window_step_id AS other_window, v.due_on AS open_on, s.anchor_on, s.starts_on, s.every_n AS old_n, s.every_unit AS old_unit, s.cycle AS old_cycle,
    w.group_anchor_on IS NOT NULL AND w.group_anchor_on <> s.anchor_on AS regrouped
  FROM plan_wanted w JOIN maintenance_schedule s ON s.device_id = w.device_id AND s.procedure_id = w.procedure_id
  LEFT JOIN maintenance_visit v ON v.schedule_id = s.id AND v.is_open
  WHERE s.live AND ({_DIFFERS} OR s.window_step_id <> w.window_step_id OR s.plan_line_id <> w.plan_line_id OR s.inherited <> w.inherited)
),
placed AS (
  SELECT *, anew AND open_on <= today AS owed,
    CASE WHEN NOT anew THEN anchor_on WHEN open_on <= today THEN open_on WHEN regrouped THEN group_anchor_on ELSE anchor_on END AS new_anchor_on,
    CASE WHEN NOT anew THEN starts_on WHEN cycle <> 'fixed' THEN starts_on WHEN open_on <= today THEN open_on
      ELSE greatest(starts_on, today) END AS new_starts_on
  FROM differing
),
told AS (
  INSERT INTO maintenance_schedulechange (uid, schedule_id, kind, before, after, reason, actor_id, actor_name, recorded_at)
  SELECT gen_random_uuid(), id, CASE WHEN anew THEN 'interval' ELSE 'window' END,
    jsonb_build_object('cycle', old_cycle, 'every_n', old_n, 'every_unit', old_unit, 'anchor_on', anchor_on, 'starts_on', starts_on),
    jsonb_build_object('cycle', cycle, 'every_n', every_n, 'every_unit', every_unit, 'anchor_on', new_anchor_on, 'starts_on', new_starts_on),
    %(reason)s, %(user)s, %(name)s, %(now)s FROM placed WHERE anew OR other_window
),
written AS (
  UPDATE maintenance_schedule s SET plan_line_id = p.plan_line_id, inherited = p.inherited, cycle = p.cycle, every_n = p.every_n,
    every_unit = p.every_unit, window_step_id = p.window_step_id, blackout_months = p.blackout, meter = p.meter, meter_every = p.meter_every,
    anchor_on = p.new_anchor_on, starts_on = p.new_starts_on, changed_at = %(now)s
  FROM placed p WHERE s.id = p.id RETURNING 1
)
SELECT count(*) FROM written
"""
"""A changed interval counts from today on the old grid; a visit whose day was reached stays owed, and the new grid counts from it."""
