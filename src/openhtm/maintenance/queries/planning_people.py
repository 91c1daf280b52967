"""Work that is given to people and teams, by month: of the orders under way, by the day that is planned, or else due."""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.maintenance.queries.planning import read_cursor, run
from openhtm.maintenance.queries.planning_scope import Scope
from openhtm.maintenance.rules.calendar import add_months, month_end, month_start
from openhtm.sites.models import Location
from openhtm.workforce.models import Team
from openhtm.workforce.queries import weekly_min_by

WHO = {"person": "o.assigned_user_id", "team": "o.assigned_team_id"}


@dataclass(frozen=True, slots=True)
class Given:
    """Orders and minutes of one month, and the share of all work of that month that is under way (percent)."""

    month: date
    orders: int
    minutes: int
    share: int
    available_min: int | None


@dataclass(frozen=True, slots=True)
class Holder:
    """A person or a team with their months. ``key`` None: work that nobody has yet."""

    key: int | None
    name: str
    months: list[Given]
    owed_orders: int
    owed_min: int

    @property
    def minutes(self) -> int:
        return sum(one.minutes for one in self.months)


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """One order behind a number."""

    id: int
    number: int
    title: str
    control_number: str
    place: str
    on: date
    planned: bool
    minutes: int


def holders(*, actor: Actor, scope: Scope, by: str, first_on: date, months: int, today: date) -> list[Holder]:
    """Return who has how much, the most work first, and last what nobody has. Three statements."""
    first_on = month_start(first_on)
    starts = [add_months(first_on, k) for k in range(months)]
    condition, params = _condition(actor, scope)
    sql = f"""SELECT {WHO[by]}, CASE WHEN day < %(first)s THEN NULL ELSE date_trunc('month', day)::date END, count(*), COALESCE(sum(minutes), 0)
      FROM ({_ORDERS} WHERE {condition}) o WHERE day <= %(last)s GROUP BY 1, 2"""
    found: dict[int | None, dict[date | None, tuple[int, int]]] = {}
    for key, month, count, minutes in run(sql, params | {"first": first_on, "last": month_end(starts[-1])}):
        found.setdefault(key, {})[month] = (count, int(minutes))
    totals = {month: sum(one.get(month, (0, 0))[1] for one in found.values()) for month in starts}
    keys = [key for key in found if key]
    model: Any = User if by == "person" else Team
    names = {one.pk: str(one) for one in model.objects.filter(pk__in=keys)}
    weekly = weekly_min_by(on=today, people=keys if by == "person" else (), teams=keys if by == "team" else ())
    every = [_holder(key, names.get(key or 0, ""), mine, starts, totals, weekly.get(key or 0)) for key, mine in found.items()]
    return sorted(every, key=lambda one: (one.key is None, -one.minutes, one.name))


def orders_of(
    *, actor: Actor, scope: Scope, by: str, key: int | None, month: date | None, first_on: date, cursor: str = "", limit: int = 50
) -> tuple[list[HeldOrder], str | None]:
    """Return the orders behind one number, by day; ``month`` None: those from before ``first_on``. One statement. Raises BadCursor."""
    after_on, after_id = read_cursor(cursor)
    condition, params = _condition(actor, scope)
    start = month_start(month or first_on)
    days = "day BETWEEN %(first)s AND %(last)s" if month else "day < %(first)s"
    sql = f"""SELECT id, number, title, control_number, place, day, planned, COALESCE(minutes, 0) FROM ({_ORDERS} WHERE {condition}) o
      WHERE {days} AND {WHO[by]} IS NOT DISTINCT FROM %(key)s AND (day, id) > (%(after_on)s, %(after_id)s)
      ORDER BY day, id LIMIT %(limit)s"""
    about = {"first": start, "last": month_end(start), "key": key, "after_on": after_on, "after_id": after_id, "limit": limit + 1}
    rows = [HeldOrder(*row) for row in run(sql, params | about)]
    following = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], f"{following.on.isoformat()}.{following.id}" if following else None


_ORDERS = """SELECT w.id, w.number, w.title, COALESCE(d.control_number, '') AS control_number, COALESCE(p.full_name, '') AS place,
  COALESCE(w.planned_on, w.due_on) AS day, w.planned_on IS NOT NULL AS planned, w.est_min AS minutes, w.assigned_user_id, w.assigned_team_id
  FROM workorders_workorder w LEFT JOIN inventory_device d ON d.id = w.device_id LEFT JOIN sites_location p ON p.id = w.location_id"""


def _condition(actor: Actor, scope: Scope) -> tuple[str, dict[str, Any]]:
    parts, params, reach = ["w.under_way AND COALESCE(w.planned_on, w.due_on) IS NOT NULL"], {}, actor.reach()  # type: ignore[var-annotated]
    if not reach.everywhere:
        parts.append("(w.facility_id = ANY(%(reach)s) OR w.department_id = ANY(%(own_departments)s))")
        params |= {"reach": sorted(reach.facility_ids), "own_departments": sorted(reach.department_ids)}
    for name, column, value in (
        ("facility", "facility_id", scope.facility_id),
        ("department", "department_id", scope.department_id),
        ("skill", "skill", scope.skill),
    ):
        if value:
            parts.append(f"w.{column} = %({name})s")
            params[name] = value
    if scope.location_id:
        path = Location.objects.filter(pk=scope.location_id).values_list("path", flat=True).first()
        parts.append("p.path <@ %(path)s::ltree")
        params["path"] = str(path or "0")
    return " AND ".join(parts), params


def _holder(
    key: int | None, name: str, mine: dict[date | None, tuple[int, int]], starts: list[date], totals: dict[date, int], weekly: int | None
) -> Holder:  # fmt: skip
    months = []
    for month in starts:
        count, minutes = mine.get(month, (0, 0))
        share = round(100 * minutes / totals[month]) if totals[month] else 0
        months.append(Given(month, count, minutes, share, None if weekly is None else weekly * month_end(month).day // 7))
    return Holder(key, name, months, *mine.get(None, (0, 0)))
