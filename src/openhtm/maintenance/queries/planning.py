"""The work to come: which visits fall due in which month, how many minutes they take, and the hours people have for them.

Foreseen is the open visit of every live schedule and, after it, the grid of the schedule; one that counts from the last time done is
foreseen as if each visit were done on its due day. Months are read from the sums that ``services.workload`` keeps, the visits behind
them from its rows, so that both always agree. ``tests.test_planning.py`` compares them with ``rules.grid``.
"""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction

from openhtm.core.errors import Invalid
from openhtm.core.pagination import BadCursor
from openhtm.identity.actor import Actor
from openhtm.maintenance.queries.planning_scope import LINES, Scope, Within, coming, in_month, month_params, within
from openhtm.maintenance.rules.calendar import add_months, month_end, month_start
from openhtm.maintenance.rules.foreseen import Months, Rhythm, spread_over_months
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Department, Facility, Location
from openhtm.workforce.models import Skill
from openhtm.workforce.queries import capacity

__all__ = ["LONGEST", "Foreseen", "MonthLoad", "Part", "Scope", "Workload", "read_cursor", "visits_of_month", "workload", "workload_by"]
LONGEST = 24
"""Months that can be looked ahead."""
BY = {
    "facility": "c.facility_id", "department": "c.department_id", "place": "c.place_id", "skill": "line.skill", "procedure": "line.procedure_id",
}  # fmt: skip
"""By what the work of a month is taken apart."""


@dataclass(frozen=True, slots=True)
class MonthLoad:
    """The visits that fall due in a month, their estimated minutes, and the minutes people have (None: not comparable)."""

    month: date
    visits: int
    minutes: int
    available_min: int | None


@dataclass(frozen=True, slots=True)
class Workload:
    """Months in order, and what is still owed from before the first of them."""

    months: list[MonthLoad]
    owed_visits: int
    owed_min: int


@dataclass(frozen=True, slots=True)
class Part:
    """The work of one skill, place, department, procedure or facility. ``key`` None: none is known."""

    key: int | str | None
    name: str
    load: Workload

    @property
    def minutes(self) -> int:
        return sum(one.minutes for one in self.load.months)

    @property
    def any(self) -> bool:
        """False where sums that left, such as those of a floor that was moved, have come to nothing."""
        return bool(self.load.owed_visits or sum(one.visits for one in self.load.months))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One visit to come. ``visit_id`` only where it exists already; later ones are foreseen."""

    due_on: date
    schedule_id: int
    visit_id: int | None
    control_number: str
    device: str
    procedure: str
    place: str
    minutes: int
    skill: str


def workload(*, actor: Actor, scope: Scope, first_on: date, months: int, today: date) -> Workload:
    """Return visits and minutes of each month from that of ``first_on`` on. At most four statements, whatever the number of visits."""
    found = _found(actor, scope, "NULL", first_on, months).get(None) or _nothing(first_on, months)
    return _load(found, _weekly_min(scope, today))


def workload_by(*, actor: Actor, scope: Scope, by: str, first_on: date, months: int, today: date) -> tuple[Workload, list[Part]]:
    """Return the same, and taken apart by ``by`` (see BY), the most work first. At most six statements.

    Hours stand beside skills only: of other parts nobody knows them.
    """
    found = _found(actor, scope, BY[by], first_on, months)
    names = _names(by, [key for key in found if key is not None])
    weekly = capacity(on=today, facility_id=scope.facility_id).by_skill if by == "skill" and scope.comparable else {}
    parts = [Part(key, names.get(key, "") or "", _load(months_found, weekly.get(key))) for key, months_found in found.items()]
    whole = _nothing(first_on, months)
    for one in found.values():
        whole.add(one)
    return _load(whole, _weekly_min(scope, today)), sorted(
        (part for part in parts if part.any), key=lambda part: (-part.minutes, part.name, str(part.key))
    )


def visits_of_month(
    *, actor: Actor, scope: Scope, month: date | None, first_on: date, cursor: str = "", limit: int = 50
) -> tuple[list[Foreseen], str | None]:
    """Return the visits behind one bar, by due day, and the cursor of the next page. ``month`` None: those owed from before.

    At most two statements. Raises BadCursor, and Invalid for a month that cannot be foreseen.
    """
    first_on = month_start(first_on)
    if month and not first_on <= month_start(month) <= add_months(first_on, LONGEST - 1):
        raise Invalid({"month": [f"Choose a month from {first_on:%B %Y} on, at most {LONGEST} months ahead."]})
    after_on, after_id = read_cursor(cursor)
    where = within(actor, scope)
    first, last = (month_start(month), month_end(month)) if month else (date.min, first_on)
    sql = f"""WITH {in_month(where) if month else _owed(where)},
      page AS (
        SELECT * FROM coming n WHERE n.due_on BETWEEN %(first)s AND %(last)s AND (n.due_on, n.row) > (%(after_on)s, %(after_id)s)
        ORDER BY n.due_on, n.row LIMIT %(limit)s
      )
      SELECT n.due_on, n.row, v.id, d.control_number, m.name, p.name, COALESCE(o.full_name, ''), n.minutes, n.skill
      FROM page n JOIN maintenance_schedule s ON s.id = n.row JOIN inventory_device d ON d.id = s.device_id
      JOIN procedures_procedure p ON p.id = s.procedure_id JOIN catalog_devicemodel m ON m.id = d.device_model_id
      LEFT JOIN sites_location o ON o.id = d.location_id
      LEFT JOIN maintenance_visit v ON v.schedule_id = n.row AND v.is_open AND n.is_open
      ORDER BY n.due_on, n.row"""
    about = {"after_on": after_on, "after_id": after_id, "limit": limit + 1}
    rows = [Foreseen(*row) for row in run(sql, where.params | month_params(first, last) | about)]
    following = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], f"{following.due_on.isoformat()}.{following.schedule_id}" if following else None


def _owed(where: Within) -> str:
    return f"""{LINES},
      coming AS (
        SELECT c.schedule_id AS row, c.first_on AS due_on, true AS is_open, line.minutes, line.skill
        FROM maintenance_comingwork c JOIN line ON line.id = c.line_id WHERE {where.sql} AND c.first_on < %(last)s
      )"""


def read_cursor(cursor: str) -> tuple[date, int]:
    """Return (due day, schedule) after which a page begins. Raises BadCursor."""
    if not cursor:
        return date.min, 0
    day, _, key = cursor.partition(".")
    if not (key.isascii() and key.isdecimal() and len(key) < 19):
        raise BadCursor(cursor=cursor[:40])
    try:
        return date.fromisoformat(day), int(key)
    except ValueError:
        raise BadCursor(cursor=cursor[:40]) from None


def _found(actor: Actor, scope: Scope, part: str, first_on: date, months: int) -> dict[Any, Months]:
    """Return the months of each value of ``part`` (SQL). At most three statements."""
    months = min(max(months, 1), LONGEST)
    where = within(actor, scope)
    source, count, plain = "maintenance_workloadsum c", "c.visits", "c.anchor_on IS NULL"
    if where.deep:
        source, count, plain = "maintenance_comingwork c", "1", "(c.ends_on IS NULL AND c.blackout = '{}')"
    simple = f"""WITH {LINES}
      SELECT {part}, c.first_on, c.step_days, c.step_months, sum({count}), sum({count} * line.minutes)
      FROM {source} JOIN line ON line.id = c.line_id WHERE {where.sql} AND {plain}
      GROUP BY 1, 2, 3, 4 HAVING sum({count}) <> 0"""
    rhythms: dict[Any, list[Rhythm]] = defaultdict(list)
    for key, first, days, step, visits, minutes in run(simple, where.params):
        rhythms[key].append(Rhythm(first, days, step, int(visits), int(minutes)))
    found = {key: spread_over_months(many, first_on=first_on, months=months) for key, many in rhythms.items()}
    for key, month, visits, minutes in _seasonal(f"{where.sql} AND NOT {plain}", where.params, source, count, part, first_on, months):
        _add(found.setdefault(key, _nothing(first_on, months)), month, int(visits), int(minutes))
    return found


def _seasonal(
    where: str, params: dict[str, Any], source: str, count: str, part: str, first_on: date, months: int
) -> list[tuple[Any, ...]]:  # fmt: skip
    """Those with forbidden months or an end, day by day."""
    first = month_start(first_on)
    sql = f"""WITH {LINES},
      chosen AS MATERIALIZED (
        SELECT row_number() OVER () AS row, {part} AS part, c.first_on, c.anchor_on, c.starts_on, c.ends_on, c.step_days, c.step_months, c.blackout,
          {count} AS visits, line.minutes
        FROM {source} JOIN line ON line.id = c.line_id WHERE {where}
      ),
      {coming("chosen")}
      SELECT c.part, CASE WHEN n.due_on < %(first)s THEN NULL ELSE date_trunc('month', n.due_on)::date END, sum(c.visits), sum(c.visits * c.minutes)
      FROM coming n JOIN chosen c ON c.row = n.row GROUP BY 1, 2"""
    return run(sql, params | {"first": first, "last": month_end(add_months(first, months - 1))})


def _add(found: Months, month: date | None, visits: int, minutes: int) -> None:
    if month is None:
        found.owed_visits += visits
        found.owed_min += minutes
        return
    place = (month.year - found.first_on.year) * 12 + month.month - found.first_on.month
    found.visits[place] += visits
    found.minutes[place] += minutes


def _nothing(first_on: date, months: int) -> Months:
    return spread_over_months((), first_on=first_on, months=min(max(months, 1), LONGEST))


def _load(found: Months, weekly_min: int | None) -> Workload:
    starts = [add_months(found.first_on, k) for k in range(len(found.visits))]
    sums = zip(starts, found.visits, found.minutes, strict=True)
    loads = [MonthLoad(month, visits, minutes, _in_month(weekly_min, month)) for month, visits, minutes in sums]
    return Workload(loads, found.owed_visits, found.owed_min)


_NAMED: dict[str, Any] = {"facility": Facility, "department": Department, "place": Location, "procedure": Procedure}


def _names(by: str, keys: list[Any]) -> dict[Any, str]:
    if by == "skill":
        return dict(Skill.objects.filter(code__in=keys).values_list("code", "name"))
    return {one.pk: str(one) for one in _NAMED[by].objects.filter(pk__in=keys)}


def _weekly_min(scope: Scope, today: date) -> int | None:
    if not scope.comparable:
        return None
    hours = capacity(on=today, facility_id=scope.facility_id)
    return (hours.by_skill.get(scope.skill, 0) if scope.skill else hours.weekly_min) if hours.people else None


def _in_month(weekly_min: int | None, month: date) -> int | None:
    return None if weekly_min is None else weekly_min * month_end(month).day // 7


def run(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement of planning and return its rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")  # compiling takes longer than the sum
        cursor.execute(sql, params)
        return list(cursor.fetchall())
