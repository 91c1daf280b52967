"""What part of the work planning looks at, as conditions of SQL over ``ComingWork`` and its sums."""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from openhtm.identity.actor import Actor
from openhtm.maintenance.queries.grid_sql import moved_out_of
from openhtm.sites.models import Location

PLACE_LEVELS = 2
"""``ComingWork`` knows the building and the floor of a device; what lies deeper is looked up."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which work is looked at. ``location_id`` means the place and all below it; ``skill`` is a code.

    ``floor_id`` is the floor or building that a table counts by; ``without`` names what must not be known: place, department or skill.
    """

    facility_id: int | None = None
    department_id: int | None = None
    location_id: int | None = None
    procedure_id: int | None = None
    skill: str = ""
    floor_id: int | None = None
    without: str = ""

    @property
    def comparable(self) -> bool:
        """True if the hours people have can be set against it: they are known by facility and skill only."""
        return not (self.department_id or self.location_id or self.procedure_id or self.floor_id or self.without)


@dataclass(frozen=True, slots=True)
class Within:
    """Conditions on rows ``c`` of ComingWork or its sums, joined with their ``line``; ``deep``: only ComingWork can answer.

    ``rough`` is that part of them which the sums can always answer.
    """

    sql: str
    params: dict[str, Any]
    deep: bool = False
    rough: str = "true"


LINES = """
line AS MATERIALIZED (
  SELECT l.id, l.procedure_id, COALESCE(l.est_min, r.est_min, 0) AS minutes, COALESCE(NULLIF(l.skill, ''), r.skill, '') AS skill
  FROM maintenance_planline l LEFT JOIN procedures_procedureversion r ON r.procedure_id = l.procedure_id AND r.status = 'released'
)"""


def within(actor: Actor, scope: Scope) -> Within:
    """Return the conditions of ``scope`` among what ``actor`` may see. One statement where a place is named."""
    parts, params, deep = ["true"], {}, False  # type: ignore[var-annotated]
    reach = actor.reach()
    if not reach.everywhere:
        parts.append("(c.facility_id = ANY(%(reach)s) OR c.department_id = ANY(%(own_departments)s))")
        params |= {"reach": sorted(reach.facility_ids), "own_departments": sorted(reach.department_ids)}
    plain = {"c.facility_id": scope.facility_id, "c.department_id": scope.department_id, "line.procedure_id": scope.procedure_id,
             "line.skill": scope.skill, "c.place_id": scope.floor_id}  # fmt: skip
    for number, (column, value) in enumerate(plain.items()):
        if value:
            parts.append(f"{column} = %(scope{number})s")
            params[f"scope{number}"] = value
    if scope.without:
        parts.append(
            {"skill": "line.skill = ''", "department": "c.department_id IS NULL", "place": "c.place_id IS NULL"}.get(scope.without, "false")
        )
    if scope.location_id:
        place, more, deep = _place(scope.location_id)
        parts.append(place)
        params |= more
    return Within(" AND ".join(parts), params, deep, "c.facility_id = %(scope0)s" if scope.facility_id else "true")


def _place(location_id: int) -> tuple[str, dict[str, Any], bool]:
    path = Location.objects.filter(pk=location_id).values_list("path", flat=True).first()
    if not path:
        return "false", {}, False
    keys = str(path).split(".")
    if len(keys) <= PLACE_LEVELS:
        below = "(SELECT id FROM sites_location WHERE path <@ %(path)s::ltree AND nlevel(path) <= 2)"
        return f"c.place_id IN {below}", {"path": str(path)}, False
    standing = """(SELECT s.id FROM maintenance_schedule s JOIN inventory_device d ON d.id = s.device_id JOIN sites_location o ON o.id = d.location_id
      WHERE o.path <@ %(path)s::ltree)"""
    return f"c.place_id = %(floor)s AND c.schedule_id IN {standing}", {"path": str(path), "floor": int(keys[PLACE_LEVELS - 1])}, True


def _month(day: str) -> str:
    return f"(date_part('year', {day}) * 12 + date_part('month', {day}))::int"


def coming(source: str) -> str:
    """Return the CTE ``coming`` (row, due_on, first): each day on which a row of ``source`` is due from %(first)s to %(last)s.

    ``source`` has the columns of ComingWork and a key ``row``. What was due before %(first)s appears on its own day.
    """
    slack = "CASE WHEN c.blackout = '{}' THEN 0 ELSE 12 END"
    open_month, anchor_month, last_month = _month("greatest(c.first_on, %(first)s::date)"), _month("c.anchor_on"), _month("%(last)s::date")
    return f"""
coming AS (
  SELECT row, first_on AS due_on, true AS is_open FROM {source} c WHERE first_on <= %(last)s
  UNION ALL
  SELECT c.row, d.due_on, false FROM {source} c
  CROSS JOIN LATERAL (
    SELECT DISTINCT {moved_out_of("grid_on", "c.starts_on")} AS due_on FROM (
      SELECT (c.anchor_on + k * c.step_days + make_interval(months => k * c.step_months))::date AS grid_on
      FROM generate_series(
        CASE WHEN c.step_days > 0 THEN (greatest(c.first_on, %(first)s::date) - c.anchor_on) / c.step_days - 1 - {slack} * 31 / c.step_days
        ELSE ({open_month} - {anchor_month}) / c.step_months - 1 - {slack} END,
        CASE WHEN c.step_days > 0 THEN (%(last)s::date - c.anchor_on) / c.step_days + 1 + {slack} * 31 / c.step_days
        ELSE ({last_month} - {anchor_month}) / c.step_months + 1 + {slack} END
      ) k
    ) g CROSS JOIN LATERAL (SELECT c.blackout AS blackout) b
    WHERE grid_on >= c.starts_on AND grid_on > c.first_on - CASE WHEN c.blackout = '{{}}' THEN 0 ELSE 366 END
  ) d
  WHERE d.due_on > c.first_on AND d.due_on BETWEEN %(first)s AND %(last)s AND (c.ends_on IS NULL OR d.due_on <= c.ends_on)
)
"""


def in_month(where: Within) -> str:
    """Return the CTEs ``line`` and ``coming`` (row, due_on, is_open, place_id, minutes, skill): what is due from %(first)s to %(last)s.

    Both days lie in one month, %(month)s is its first and %(index)s its number. Rhythms in whole months are found by their phase on an
    index and need no grid; the few others are worked out day by day.
    """
    columns = "c.place_id, line.minutes, line.skill"
    rows = "maintenance_comingwork c JOIN line ON line.id = c.line_id"
    grid = coming("others").replace("coming AS", "grid AS", 1)
    return f"""{LINES},
steps AS MATERIALIZED (SELECT DISTINCT c.step_months AS step FROM maintenance_workloadsum c WHERE c.step_months > 0 AND {where.rough}),
others AS MATERIALIZED (
  SELECT c.*, c.schedule_id AS row, line.minutes, line.skill FROM {rows} WHERE c.phase IS NULL AND c.first_on < %(last)s AND {where.sql}
),
{grid},
coming AS MATERIALIZED (
  SELECT c.schedule_id AS row, c.first_on AS due_on, true AS is_open, {columns} FROM {rows}
  WHERE c.first_on BETWEEN %(first)s AND %(last)s AND {where.sql}
  UNION ALL
  SELECT c.schedule_id, (c.anchor_on + make_interval(months => %(index)s - {_month("c.anchor_on")}))::date, false, {columns}
  FROM steps JOIN maintenance_comingwork c ON c.step_months = steps.step AND c.phase = mod(%(index)s, steps.step) JOIN line ON line.id = c.line_id
  WHERE c.first_on < %(month)s AND {where.sql}
  UNION ALL
  SELECT g.row, g.due_on, false, c.place_id, c.minutes, c.skill FROM grid g JOIN others c ON c.row = g.row WHERE NOT g.is_open
)"""


def month_params(first: date, last: date) -> dict[str, Any]:
    """Return the parameters of ``in_month``."""
    return {"first": first, "last": last, "month": first.replace(day=1), "index": first.year * 12 + first.month}
