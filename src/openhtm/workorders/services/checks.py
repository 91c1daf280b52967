"""What must hold of work orders; checked nightly and by ``openhtm doctor``."""

from __future__ import annotations

from openhtm.audit.invariants import Invariant, rows_that_break
from openhtm.workorders.services.costs import DIFFERS, FACTS

_COSTS = f"""
SELECT 'WO-' || o.number AS name FROM workorders_workorder o JOIN ({FACTS.format(only="")}) f ON f.id = o.id WHERE {DIFFERS}
"""  # noqa: S608 - constants
_TIMERS = """
SELECT u.username AS name FROM workorders_labourentry l JOIN identity_user u ON u.id = l.user_id
WHERE l.ended_at IS NULL AND l.removed_at IS NULL GROUP BY u.username HAVING count(*) > 1
"""
_MERGED = """
SELECT 'WO-' || o.number AS name FROM workorders_workorder o LEFT JOIN workorders_workorder k ON k.id = o.merged_into_id
WHERE (o.status = 'merged') <> (o.merged_into_id IS NOT NULL) OR k.status = 'merged'
"""
_STATUS = """
SELECT 'WO-' || o.number AS name FROM workorders_workorder o
JOIN LATERAL (
  SELECT e.after FROM workorders_workevent e WHERE e.work_order_id = o.id AND e.kind IN ('opened', 'status')
  ORDER BY e.recorded_at DESC, e.id DESC LIMIT 1
) last ON true
WHERE o.under_way AND last.after <> o.status
"""
_SETTLED_TIMERS = """
SELECT 'WO-' || o.number AS name FROM workorders_labourentry l JOIN workorders_workorder o ON o.id = l.work_order_id
WHERE l.ended_at IS NULL AND l.removed_at IS NULL AND o.status IN ('closed', 'merged')
"""
_PLACES = """
SELECT 'WO-' || o.number AS name FROM workorders_workorder o
LEFT JOIN sites_location l ON l.id = o.location_id LEFT JOIN sites_department p ON p.id = o.department_id
WHERE l.facility_id <> o.facility_id OR p.facility_id <> o.facility_id
"""
INVARIANTS = (
    Invariant("workorder-costs", "The costs of every order are the sum of its entries.", rows_that_break(_COSTS)),
    Invariant("workorder-one-timer", "Nobody has two timers running.", rows_that_break(_TIMERS)),
    Invariant("workorder-settled-timer", "No timer runs on an order that is closed or merged.", rows_that_break(_SETTLED_TIMERS)),
    Invariant("workorder-merged-live", "Every merged order leads to one that is not merged itself.", rows_that_break(_MERGED)),
    Invariant("workorder-status-events", "The status of every order under way is that of its newest event.", rows_that_break(_STATUS)),
    Invariant("workorder-place-own-facility", "The place and department of every order belong to its facility.", rows_that_break(_PLACES)),
)
