"""The calendar: visits on the day that is planned for them, or else on the day they are due."""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from openhtm.core.errors import Invalid
from openhtm.core.pagination import BadCursor
from openhtm.identity.actor import Actor
from openhtm.maintenance.queries.planned_days import day_hours
from openhtm.maintenance.queries.planning import LONGEST, run
from openhtm.maintenance.queries.planning_scope import Scope, Within, in_month, month_params, within
from openhtm.maintenance.rules.calendar import add_months, month_end, month_start
from openhtm.maintenance.rules.planning_defaults import defaults


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """What stands on a day: visits planned for it, and visits due on it that are planned for no day. ``hours_min``: None, not known."""

    on: date
    planned: int = 0
    planned_min: int = 0
    due: int = 0
    due_min: int = 0
    hours_min: int | None = None

    @property
    def visits(self) -> int:
        return self.planned + self.due

    @property
    def minutes(self) -> int:
        return self.planned_min + self.due_min


@dataclass(frozen=True, slots=True)
class OnDay:
    """One visit of a day. ``visit_id`` is None for a visit that is foreseen from its schedule."""

    place_id: int
    schedule_id: int
    planned: bool
    visit_id: int | None
    due_on: date
    until_on: date | None
    control_number: str
    device: str
    procedure: str
    place: str
    minutes: int
    order: int | None
    assignee: str


_PLANNED = """
planned AS MATERIALIZED (
  SELECT v.schedule_id, v.due_on, o.planned_on FROM workorders_workorder o JOIN maintenance_visit v ON v.work_order_id = o.id AND v.is_open
  WHERE o.under_way AND o.planned_on IS NOT NULL {whose}
)"""
_STANDING = """
standing AS (
  SELECT n.due_on AS on_day, n.due_on, n.row, n.is_open, false AS planned, n.place_id, n.minutes FROM coming n
  WHERE n.due_on BETWEEN %(first)s AND %(last)s {own} AND NOT (n.is_open AND n.row IN (SELECT schedule_id FROM planned))
  UNION ALL
  SELECT p.planned_on, p.due_on, p.schedule_id, true, true, c.place_id, line.minutes
  FROM planned p JOIN maintenance_comingwork c ON c.schedule_id = p.schedule_id JOIN line ON line.id = c.line_id
  WHERE p.planned_on BETWEEN %(first)s AND %(last)s AND {where}
)"""
_OWN = """AND n.is_open AND n.row IN (
  SELECT v.schedule_id FROM workorders_workorder o JOIN maintenance_visit v ON v.work_order_id = o.id AND v.is_open WHERE o.under_way {whose})"""


def calendar_of(
    *, actor: Actor, scope: Scope, month: date, today: date, user_id: int | None = None, team_id: int | None = None
) -> list[CalendarDay]:  # fmt: skip
    """Return every day of the month with what stands on it. At most four statements.

    Raises Invalid for a month that is past or cannot be foreseen.
    """
    first, last = month_start(month), month_end(month)
    refuse_month(first, today)
    where = within(actor, scope)
    sql = f"""WITH {_common(where, user_id, team_id)}
      SELECT n.on_day, n.planned, count(*), sum(n.minutes) FROM standing n GROUP BY 1, 2"""
    found = {
        (on, planned): (count, int(minutes)) for on, planned, count, minutes in run(sql, _params(where, first, last, user_id, team_id))
    }
    hours = (
        day_hours(facility_id=scope.facility_id, holder=(user_id, None if user_id else team_id), on=today)
        if _hours_known(scope, user_id, team_id)
        else None
    )
    working = set(defaults().days(first, last))
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    return [
        CalendarDay(on, *found.get((on, True), (0, 0)), *found.get((on, False), (0, 0)), hours if on in working else None) for on in days
    ]


def visits_on(
    *, actor: Actor, scope: Scope, day: date, today: date, user_id: int | None = None, team_id: int | None = None, cursor: str = "",
    limit: int = 50,
) -> tuple[list[OnDay], str | None]:  # fmt: skip
    """Return the visits that stand on a day, floor by floor, and the cursor of the next page. Two statements. Raises BadCursor, Invalid."""
    refuse_month(month_start(day), today)
    where, (place, key) = within(actor, scope), _read(cursor)
    sql = f"""WITH {_common(where, user_id, team_id)},
      page AS (
        SELECT COALESCE(n.place_id, 0) AS floor, n.* FROM standing n WHERE (COALESCE(n.place_id, 0), n.row) > (%(place)s, %(key)s)
        ORDER BY 1, n.row LIMIT %(limit)s
      )
      SELECT n.floor, n.row, n.planned, v.id, n.due_on, v.on_time_until, d.control_number, m.name, p.name, COALESCE(o.full_name, ''), n.minutes,
        w.number, COALESCE(u.full_name, t.name, '')
      FROM page n JOIN maintenance_schedule s ON s.id = n.row JOIN inventory_device d ON d.id = s.device_id
      JOIN procedures_procedure p ON p.id = s.procedure_id JOIN catalog_devicemodel m ON m.id = d.device_model_id
      LEFT JOIN sites_location o ON o.id = d.location_id
      LEFT JOIN maintenance_visit v ON v.schedule_id = n.row AND v.is_open AND n.is_open
      LEFT JOIN workorders_workorder w ON w.id = v.work_order_id
      LEFT JOIN identity_user u ON u.id = w.assigned_user_id LEFT JOIN workforce_team t ON t.id = w.assigned_team_id
      ORDER BY n.floor, n.row"""
    about = {"place": place, "key": key, "limit": limit + 1}
    rows = [OnDay(*row) for row in run(sql, _params(where, day, day, user_id, team_id) | about)]
    return rows[:limit], f"{rows[limit - 1].place_id}.{rows[limit - 1].schedule_id}" if len(rows) > limit else None


def refuse_month(first: date, today: date) -> None:
    """Raise Invalid unless the month is this one or one that can be foreseen."""
    from_on = month_start(today)
    if not from_on <= first <= add_months(from_on, LONGEST - 1):
        raise Invalid({"month": [f"Choose a month from {from_on:%B %Y} on, at most {LONGEST} months ahead."]})


def _common(where: Within, user_id: int | None, team_id: int | None) -> str:
    mine = "AND o.assigned_user_id = %(user)s" if user_id else "AND o.assigned_team_id = %(team)s" if team_id else ""
    there = where.rough.replace("c.", "o.")  # the facility of an order is that of its device
    own = _OWN.format(whose=f"AND {there} {mine}") if mine else ""
    return f"""{in_month(where)}, {_PLANNED.format(whose=f"AND {there} {mine}")}, {_STANDING.format(own=own, where=where.sql)}"""


def _params(where: Within, first: date, last: date, user_id: int | None, team_id: int | None) -> dict[str, Any]:
    return where.params | month_params(first, last) | {"user": user_id, "team": team_id}


def _hours_known(scope: Scope, user_id: int | None, team_id: int | None) -> bool:
    return bool(user_id or team_id) or (scope.comparable and not scope.skill)


def _read(cursor: str) -> tuple[int, int]:
    if not cursor:
        return -1, 0
    parts = cursor.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        raise BadCursor(cursor=cursor[:40])
    return int(parts[0]), int(parts[1])
