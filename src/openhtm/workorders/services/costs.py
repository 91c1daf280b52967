"""The cost columns of orders: caches that this module alone writes and can rebuild."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

# ``rules.costs`` in SQL: every line rounded half away from zero, which is half up, as no line is negative but other costs, which are whole
FACTS = """
SELECT o.id, o.number,
  COALESCE(l.minutes, 0) AS labour_min, COALESCE(l.cents, 0) AS labour_cents, COALESCE(p.cents, 0) AS parts_cents,
  COALESCE(v.cents, 0) AS vendor_cents, COALESCE(c.cents, 0) AS other_cents
FROM workorders_workorder o
LEFT JOIN (SELECT work_order_id, sum(minutes) AS minutes, sum(round(minutes::numeric * COALESCE(rate_cents, 0) / 60)) AS cents
  FROM workorders_labourentry WHERE removed_at IS NULL {only} GROUP BY 1) l ON l.work_order_id = o.id
LEFT JOIN (SELECT work_order_id, sum(round(quantity * COALESCE(unit_cost_cents, 0))) AS cents
  FROM workorders_partused WHERE removed_at IS NULL {only} GROUP BY 1) p ON p.work_order_id = o.id
LEFT JOIN (SELECT work_order_id, sum(COALESCE(cost_cents, 0)) AS cents
  FROM workorders_vendorreport WHERE verdict = 'accepted' {only} GROUP BY 1) v ON v.work_order_id = o.id
LEFT JOIN (SELECT work_order_id, sum(cost_cents) AS cents
  FROM workorders_othercost WHERE removed_at IS NULL {only} GROUP BY 1) c ON c.work_order_id = o.id
"""
_COLUMNS = ("labour_min", "labour_cents", "parts_cents", "vendor_cents", "other_cents")
DIFFERS = f"({', '.join(f'o.{name}' for name in _COLUMNS)}) IS DISTINCT FROM ({', '.join(f'f.{name}' for name in _COLUMNS)})"
_REFRESH = f"""
UPDATE workorders_workorder o SET {", ".join(f"{name} = f.{name}" for name in _COLUMNS)}
FROM ({{facts}}) f WHERE o.id = f.id AND {DIFFERS}
"""  # noqa: S608 - names of columns above


def refresh_costs(order_ids: Collection[int] | None = None) -> int:
    """Recompute the costs of these orders (None: of all) and return how many changed. One statement."""
    if order_ids is None:
        facts, params = FACTS.format(only=""), []
    else:
        facts, params = FACTS.format(only="AND work_order_id = ANY(%s)") + " WHERE o.id = ANY(%s)", [list(order_ids)] * 5
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH.format(facts=facts), params)
        return cursor.rowcount
