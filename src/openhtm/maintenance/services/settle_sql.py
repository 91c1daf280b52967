"""Statements that write what ``queries.due_sql`` computed into the visits. Each is safe to run twice: the second time it changes nothing."""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
from openhtm.maintenance.queries.due_sql import NEAR

LOCK_ALL = "SELECT pg_advisory_xact_lock(%s)"
LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(%s)"
LOCK_ROWS = "SELECT count(*) FROM (SELECT id FROM maintenance_schedule WHERE device_id = ANY(%s) ORDER BY id FOR UPDATE) locked"
LOCK_KEY = 8_271_003
"""Whoever changes schedules everywhere takes it alone; whoever brings visits in line shares it and locks the schedules it reads."""
LEARN_WANTED = "ANALYZE due_wanted (schedule_id, device_id, due_on, state, is_current)"

FILL_FACTS = f"""
INSERT INTO due_fact
WITH tried AS (
  SELECT a.visit_id, count(*) AS tries, (array_agg(a.outcome ORDER BY a.attempted_at DESC, a.id DESC))[1] AS outcome,
    min(a.attempted_on) FILTER (WHERE a.outcome = ANY(%(performed)s) AND (a.outcome <> 'vendor_done' OR EXISTS (
      SELECT 1 FROM workorders_vendorreport r WHERE r.work_order_id = a.work_order_id AND r.verdict = 'accepted'))) AS performed_on
  FROM maintenance_attempt a
  WHERE NOT EXISTS (SELECT 1 FROM maintenance_attempt s WHERE s.supersedes_id = a.id) AND a.outcome <> %(void)s
    AND a.device_id IN (SELECT device_id FROM due_device) AND a.device_id {NEAR}
  GROUP BY a.visit_id
),
excluded AS (SELECT DISTINCT visit_id FROM maintenance_visitexclusion WHERE confirmed)
SELECT v.id, v.schedule_id, v.device_id, v.due_on, v.state, COALESCE(t.tries, 0), COALESCE(t.outcome, ''), t.performed_on, x.visit_id IS NOT NULL
FROM due_work w
JOIN maintenance_visit v ON v.schedule_id = w.schedule_id AND v.device_id {NEAR}
LEFT JOIN tried t ON t.visit_id = v.id
LEFT JOIN excluded x ON x.visit_id = v.id
WHERE t.visit_id IS NOT NULL OR x.visit_id IS NOT NULL OR v.attempts_count > 0 OR v.state IN ('done', 'excluded')
"""
"""Gathers attempts and confirmed exclusions. Work of a vendor counts when its report was accepted."""


APPLY_FACTS = """
WITH slot AS (
  SELECT f.visit_id, f.schedule_id, f.device_id, f.attempts_count, f.outcome,
    CASE WHEN f.state = 'covered' AND NOT f.excluded THEN COALESCE(f.performed_on, v.performed_on) ELSE f.performed_on END AS performed_on,
    COALESCE(w.opens_on, v.opens_on) AS opens_on, COALESCE(w.slot_on_time, v.on_time_until) AS slot_on_time,
    COALESCE(w.slot_grace, v.grace_until) AS slot_grace,
    CASE WHEN f.performed_on IS NOT NULL THEN 'done' WHEN f.excluded THEN 'excluded'
      WHEN f.state IN ('done', 'excluded') THEN 'missed' ELSE f.state END AS becomes
  FROM due_fact f
  JOIN maintenance_visit v ON v.id = f.visit_id
  LEFT JOIN due_wanted w ON w.schedule_id = f.schedule_id AND w.due_on = f.due_on
),
judged AS (
  SELECT s.*, CASE WHEN e.device_id IS NULL THEN s.slot_on_time
    ELSE greatest(s.slot_on_time, least(COALESCE(e.to_on, s.performed_on), s.performed_on)) END AS on_time_until
  FROM slot s
  LEFT JOIN due_hold e ON e.device_id = s.device_id AND e.from_on <= s.slot_on_time AND (e.to_on IS NULL OR s.slot_on_time < e.to_on)
),
target AS (
  SELECT *, greatest(slot_grace, on_time_until) AS grace_until,
    CASE WHEN becomes <> 'done' THEN '' WHEN performed_on <= on_time_until THEN 'on_time'
      WHEN performed_on <= greatest(slot_grace, on_time_until) THEN 'within_grace' ELSE 'late' END AS timing
  FROM judged
),
moving AS (
  SELECT t.*, v.state <> t.becomes OR v.performed_on IS DISTINCT FROM t.performed_on AS moves FROM target t JOIN maintenance_visit v ON v.id = t.visit_id
  WHERE v.state <> t.becomes OR v.performed_on IS DISTINCT FROM t.performed_on OR v.attempts_count <> t.attempts_count OR v.outcome <> t.outcome
),
written AS (
  UPDATE maintenance_visit v SET
    attempts_count = m.attempts_count, outcome = m.outcome, state = m.becomes, performed_on = m.performed_on, updated_at = %(now)s,
    timing = CASE WHEN m.moves THEN m.timing ELSE v.timing END,
    opens_on = CASE WHEN m.moves AND m.becomes = 'done' THEN m.opens_on ELSE v.opens_on END,
    on_time_until = CASE WHEN m.moves AND m.becomes = 'done' THEN m.on_time_until ELSE v.on_time_until END,
    grace_until = CASE WHEN m.moves AND m.becomes = 'done' THEN m.grace_until ELSE v.grace_until END,
    next_change_on = CASE WHEN m.moves THEN NULL ELSE v.next_change_on END,
    settled_at = CASE WHEN m.moves THEN %(now)s ELSE v.settled_at END,
    policy_compliant = CASE WHEN NOT m.moves THEN v.policy_compliant WHEN m.becomes = 'done' THEN m.timing = 'on_time'
      WHEN m.becomes = 'missed' THEN false END
  FROM moving m WHERE v.id = m.visit_id
  RETURNING v.schedule_id, m.moves
),
dirty AS (INSERT INTO due_dirty SELECT DISTINCT schedule_id FROM written WHERE moves)
SELECT count(*) FROM written
"""
"""Settles visits that were done or excluded, and takes back what no longer holds; changed schedules are planned again."""

UNCOVER = f"""
WITH written AS (
  UPDATE maintenance_visit v SET state = 'missed', performed_on = NULL, covered_by_id = NULL, timing = '', policy_compliant = false,
    outcome = CASE WHEN v.attempts_count = 0 THEN '' ELSE v.outcome END,
    settled_at = %(now)s, updated_at = %(now)s
  FROM due_work w, maintenance_visit g
  WHERE w.schedule_id = v.schedule_id AND v.device_id {NEAR} AND v.state = 'covered' AND g.id = v.covered_by_id AND g.state NOT IN ('done', 'covered')
  RETURNING v.schedule_id
),
dirty AS (INSERT INTO due_dirty SELECT DISTINCT schedule_id FROM written)
SELECT count(*) FROM written
"""

COVER = f"""
WITH found AS (
  SELECT DISTINCT ON (m.schedule_id, m.due_on) m.*, g.id AS covering_id, g.performed_on
  FROM due_wanted m
  JOIN due_work s ON s.schedule_id = m.schedule_id
  JOIN procedures_procedure_covers c ON c.to_procedure_id = s.procedure_id
  JOIN maintenance_schedule major ON major.device_id = m.device_id AND major.device_id {NEAR} AND major.procedure_id = c.from_procedure_id
  JOIN maintenance_visit g ON g.schedule_id = major.id AND g.device_id {NEAR} AND g.state IN ('done', 'covered') AND g.due_on BETWEEN m.opens_on AND m.on_time_until
  WHERE m.taken_over_on IS NULL OR g.performed_on < m.taken_over_on
  ORDER BY m.schedule_id, m.due_on, abs(g.due_on - m.due_on), g.due_on
),
timed AS (
  SELECT *, CASE WHEN performed_on <= on_time_until THEN 'on_time' WHEN performed_on <= grace_until THEN 'within_grace' ELSE 'late' END AS timing
  FROM found
),
written AS (
  INSERT INTO maintenance_visit AS v (schedule_id, device_id, due_on, opens_on, on_time_until, grace_until, state, performed_on, timing, outcome,
    attempts_count, policy_compliant, covered_by_id, settled_at, updated_at)
  SELECT schedule_id, device_id, due_on, opens_on, on_time_until, grace_until, 'covered', performed_on, timing, 'covered', 0, timing = 'on_time',
    covering_id, %(now)s, %(now)s FROM timed
  ON CONFLICT (schedule_id, due_on) DO UPDATE SET state = 'covered', performed_on = excluded.performed_on, timing = excluded.timing,
    policy_compliant = excluded.policy_compliant, covered_by_id = excluded.covered_by_id, next_change_on = NULL,
    outcome = CASE WHEN v.attempts_count = 0 THEN 'covered' ELSE v.outcome END, settled_at = %(now)s, updated_at = %(now)s
  WHERE v.state NOT IN ('done', 'excluded', 'covered')
  RETURNING schedule_id
),
dirty AS (INSERT INTO due_dirty SELECT DISTINCT schedule_id FROM written)
SELECT count(*) FROM written
"""
"""A larger visit that was done, due within the smaller one's window, does the smaller one too (``rules.nesting``)."""

REPLAN = (
    "UPDATE due_work SET todo = schedule_id IN (SELECT schedule_id FROM due_dirty) "
    "WHERE todo <> (schedule_id IN (SELECT schedule_id FROM due_dirty))",
    """UPDATE due_work w SET settled_on = v.due_on, counts_from = COALESCE(v.performed_on, v.due_on)
FROM (SELECT DISTINCT schedule_id FROM due_dirty) d
LEFT JOIN LATERAL (
  SELECT due_on, performed_on FROM maintenance_visit
  WHERE schedule_id = d.schedule_id AND state IN ('done', 'covered', 'excluded') ORDER BY due_on DESC LIMIT 1
) v ON true
WHERE w.schedule_id = d.schedule_id""",
    "DELETE FROM due_wanted WHERE schedule_id IN (SELECT schedule_id FROM due_dirty)",
    "TRUNCATE due_dirty",
)

TAKE_OVER = f"""
WITH passing AS (SELECT * FROM due_wanted WHERE NOT is_current),
known AS (
  UPDATE maintenance_visit v SET state = p.state, next_change_on = NULL, settled_at = %(now)s, updated_at = %(now)s,
    policy_compliant = CASE WHEN p.state = 'missed' THEN COALESCE(v.policy_compliant, false) END,
    opens_on = CASE WHEN v.is_open THEN p.opens_on ELSE v.opens_on END,
    on_time_until = CASE WHEN v.is_open OR v.state = 'passed_held' THEN p.on_time_until ELSE v.on_time_until END,
    grace_until = CASE WHEN v.is_open OR v.state = 'passed_held' THEN p.grace_until ELSE v.grace_until END
  FROM passing p
  WHERE v.schedule_id = p.schedule_id AND v.due_on = p.due_on AND v.device_id {NEAR} AND v.state <> p.state AND v.state NOT IN ('done', 'excluded', 'covered')
  RETURNING 1
),
new AS (
  INSERT INTO maintenance_visit (schedule_id, device_id, due_on, opens_on, on_time_until, grace_until, state, timing, outcome, attempts_count,
    policy_compliant, settled_at, updated_at)
  SELECT p.schedule_id, p.device_id, p.due_on, p.opens_on, p.on_time_until, p.grace_until, p.state, '', '', 0,
    CASE WHEN p.state = 'missed' THEN false END, %(now)s, %(now)s
  FROM passing p LEFT JOIN maintenance_visit v ON v.schedule_id = p.schedule_id AND v.due_on = p.due_on AND v.device_id {NEAR}
  WHERE v.id IS NULL
  RETURNING 1
)
SELECT (SELECT count(*) FROM new), (SELECT count(*) FROM known)
"""

GIVE_WAY = f"""
WITH wanted AS (SELECT * FROM due_wanted WHERE is_current),
stale AS (
  SELECT v.id, n.due_on AS new_due, n.opens_on, n.on_time_until, n.grace_until, n.state AS new_state, n.next_change_on,
    n.due_on IS NOT NULL AND NOT EXISTS (SELECT 1 FROM maintenance_visit o WHERE o.schedule_id = v.schedule_id AND o.due_on = n.due_on AND o.device_id {NEAR})
      AS moves
  FROM due_work w
  JOIN maintenance_visit v ON v.schedule_id = w.schedule_id AND v.device_id {NEAR} AND v.is_open
  LEFT JOIN wanted n ON n.schedule_id = w.schedule_id
  WHERE n.due_on IS NULL OR n.due_on <> v.due_on
),
written AS (
  UPDATE maintenance_visit v SET
    due_on = CASE WHEN moves THEN s.new_due ELSE v.due_on END, opens_on = CASE WHEN moves THEN s.opens_on ELSE v.opens_on END,
    on_time_until = CASE WHEN moves THEN s.on_time_until ELSE v.on_time_until END,
    grace_until = CASE WHEN moves THEN s.grace_until ELSE v.grace_until END,
    state = CASE WHEN moves THEN s.new_state ELSE 'removed' END, next_change_on = CASE WHEN moves THEN s.next_change_on END,
    settled_at = CASE WHEN moves THEN NULL ELSE %(now)s END, updated_at = %(now)s
  FROM stale s WHERE v.id = s.id RETURNING moves
)
SELECT count(*) FILTER (WHERE moves), count(*) FILTER (WHERE NOT moves) FROM written
"""
"""An open visit whose day is no longer owed moves to the day that is, with its attempts and its order, or is owed no longer."""

OPEN = f"""
WITH wanted AS (SELECT * FROM due_wanted WHERE is_current),
known AS (
  UPDATE maintenance_visit v SET opens_on = n.opens_on, on_time_until = n.on_time_until, grace_until = n.grace_until, state = n.state,
    next_change_on = n.next_change_on, settled_at = NULL, policy_compliant = NULL, updated_at = %(now)s
  FROM wanted n
  WHERE v.schedule_id = n.schedule_id AND v.due_on = n.due_on AND v.device_id {NEAR}
    AND (v.opens_on, v.on_time_until, v.grace_until, v.state, v.next_change_on)
      IS DISTINCT FROM (n.opens_on, n.on_time_until, n.grace_until, n.state::varchar, n.next_change_on)
  RETURNING 1
),
new AS (
  INSERT INTO maintenance_visit (schedule_id, device_id, due_on, opens_on, on_time_until, grace_until, state, next_change_on, timing, outcome,
    attempts_count, updated_at)
  SELECT n.schedule_id, n.device_id, n.due_on, n.opens_on, n.on_time_until, n.grace_until, n.state, n.next_change_on, '', '', 0, %(now)s
  FROM wanted n LEFT JOIN maintenance_visit v ON v.schedule_id = n.schedule_id AND v.due_on = n.due_on AND v.device_id {NEAR}
  WHERE v.id IS NULL
  RETURNING 1
)
SELECT (SELECT count(*) FROM new), (SELECT count(*) FROM known)
"""

POLICY_TRIES = """
SELECT v.id, v.state, v.opens_on, v.due_on, v.on_time_until, v.grace_until, v.policy_compliant, a.outcome, a.attempted_on,
  least(
    (SELECT min(n.attempted_on) FROM maintenance_attempt n WHERE n.visit_id = v.id AND n.id <> a.id AND n.outcome <> 'void'
      AND (n.attempted_at, n.id) > (a.attempted_at, a.id)
      AND NOT EXISTS (SELECT 1 FROM maintenance_attempt s WHERE s.supersedes_id = n.id)),
    (SELECT min((e.done_at AT TIME ZONE f.time_zone)::date) FROM maintenance_escalation e
      WHERE e.visit_id = v.id AND e.step IN ('search', 'notify') AND (e.done_at AT TIME ZONE f.time_zone)::date >= a.attempted_on)
  ) AS followed_up_on,
  CASE a.outcome WHEN 'not_located' THEN p.search_after_days WHEN 'in_use' THEN p.in_use_retry_days END AS follow_up_days
FROM due_fact t
JOIN maintenance_visit v ON v.id = t.visit_id AND v.state IN ('done', 'missed', 'covered') AND v.timing <> 'on_time'
JOIN maintenance_attempt a ON a.visit_id = v.id AND a.outcome = ANY(%s)
JOIN inventory_device d ON d.id = v.device_id JOIN sites_facility f ON f.id = d.facility_id
LEFT JOIN LATERAL (
  SELECT m.search_after_days, m.in_use_retry_days FROM maintenance_misspolicy m
  WHERE (m.facility_id = d.facility_id OR m.facility_id IS NULL) AND daterange(m.effective_from, m.effective_to) @> a.attempted_on
  ORDER BY m.facility_id IS NULL LIMIT 1
) p ON true
WHERE NOT EXISTS (SELECT 1 FROM maintenance_attempt s WHERE s.supersedes_id = a.id)
ORDER BY v.id, a.attempted_at, a.id
"""
