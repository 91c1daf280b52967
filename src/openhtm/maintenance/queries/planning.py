"""The work to come: which visits fall due in which month, how many minutes they take, and the hours people have for them.

Nothing is stored for it. What is foreseen is the open visit of every live schedule and, after it, the grid of the schedule; one that
counts from the last time done is foreseen as if each visit were done on its due day. ``tests/test_planning.py`` compares it with
``rules.grid``.
"""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction

from openhtm.core.errors import Invalid
from openhtm.core.pagination import BadCursor
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.maintenance.queries.grid_sql import interval_part, moved_out_of
from openhtm.maintenance.rules.calendar import add_months, month_end, month_start
from openhtm.sites.models import Location
from openhtm.workforce.queries import capacity

LONGEST = 24
"""Months that can be looked ahead."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which work is looked at. ``location_id`` means the place and all below it; ``skill`` is a code."""

    facility_id: int | None = None
    department_id: int | None = None
    location_id: int | None = None
    procedure_id: int | None = None
    skill: str = ""

    @property
    def comparable(self) -> bool:
        """True if the hours people have can be set against it: they are known by facility and skill only."""
        return not (self.department_id or self.location_id or self.procedure_id)


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


_CHOSEN = """
chosen AS (
  SELECT s.id, s.device_id, s.procedure_id, s.ends_on, s.starts_on, s.blackout_months AS blackout, v.id AS visit_id, v.due_on AS open_on,
    CASE s.cycle WHEN 'fixed' THEN s.anchor_on ELSE v.due_on END AS anchor_on,
    {days} AS step_days, {months} AS step_months,
    COALESCE(l.est_min, r.est_min, 0) AS minutes, COALESCE(NULLIF(l.skill, ''), r.skill, '') AS skill
  FROM maintenance_schedule s
  JOIN maintenance_visit v ON v.schedule_id = s.id AND v.is_open
  JOIN maintenance_planline l ON l.id = s.plan_line_id
  LEFT JOIN procedures_procedureversion r ON r.procedure_id = s.procedure_id AND r.status = 'released'
  WHERE s.live AND s.device_id IN ({devices}) {also}
),
coming AS (
  SELECT id, visit_id, open_on AS due_on FROM chosen WHERE open_on <= %(last)s
  UNION ALL
  SELECT c.id, NULL, d.due_on FROM chosen c
  CROSS JOIN LATERAL (
    SELECT DISTINCT {moved} AS due_on FROM (
      SELECT (c.anchor_on + k * c.step_days + make_interval(months => k * c.step_months))::date AS grid_on
      FROM generate_series(
        CASE WHEN c.step_days > 0 THEN (greatest(c.open_on, %(first)s::date) - c.anchor_on) / c.step_days - 1 - {slack} * 31 / c.step_days
        ELSE ({open_month} - {anchor_month}) / c.step_months - 1 - {slack} END,
        CASE WHEN c.step_days > 0 THEN (%(last)s::date - c.anchor_on) / c.step_days + 1 + {slack} * 31 / c.step_days
        ELSE ({last_month} - {anchor_month}) / c.step_months + 1 + {slack} END
      ) k
    ) g CROSS JOIN LATERAL (SELECT c.blackout AS blackout) b
    WHERE grid_on >= c.starts_on AND grid_on > c.open_on - CASE WHEN c.blackout = '{{}}' THEN 0 ELSE 366 END
  ) d
  WHERE d.due_on > c.open_on AND d.due_on BETWEEN %(first)s AND %(last)s AND (c.ends_on IS NULL OR d.due_on <= c.ends_on)
)
"""


def workload(*, actor: Actor, scope: Scope, first_on: date, months: int, today: date) -> Workload:
    """Return visits and minutes of each month from that of ``first_on`` on. Two or three statements, whatever the number of visits."""
    first_on = month_start(first_on)
    starts = [add_months(first_on, k) for k in range(min(max(months, 1), LONGEST))]
    common, params = _coming(actor, scope, first_on, month_end(starts[-1]))
    sql = f"""WITH {common}
      SELECT CASE WHEN n.due_on < %(first)s THEN NULL ELSE date_trunc('month', n.due_on)::date END AS month, count(*), sum(c.minutes)
      FROM coming n JOIN chosen c ON c.id = n.id GROUP BY 1"""
    found = {month: (visits, int(minutes)) for month, visits, minutes in _rows(sql, params)}
    weekly = _weekly_min(scope, today)
    loads = [MonthLoad(month, *found.get(month, (0, 0)), _in_month(weekly, month)) for month in starts]
    return Workload(loads, *found.get(None, (0, 0)))


def visits_of_month(
    *, actor: Actor, scope: Scope, month: date | None, first_on: date, cursor: str = "", limit: int = 50
) -> tuple[list[Foreseen], str | None]:
    """Return the visits behind one bar, by due day, and the cursor of the next page. ``month`` None: those owed from before.

    One or two statements. Raises BadCursor, and Invalid for a month that cannot be foreseen.
    """
    first_on = month_start(first_on)
    if month and not first_on <= month_start(month) <= add_months(first_on, LONGEST - 1):
        raise Invalid({"month": [f"Choose a month from {first_on:%B %Y} on, at most {LONGEST} months ahead."]})
    after_on, after_id = read_cursor(cursor)
    common, params = _coming(actor, scope, first_on, month_end(month) if month else first_on)
    params |= {"from": month_start(month) if month else date.min, "until": month_end(month) if month else first_on, "owed": month is None}
    sql = f"""WITH {common}
      SELECT n.due_on, n.id, n.visit_id, d.control_number, m.name, p.name, COALESCE(o.full_name, ''), c.minutes, c.skill
      FROM coming n JOIN chosen c ON c.id = n.id JOIN inventory_device d ON d.id = c.device_id
      JOIN procedures_procedure p ON p.id = c.procedure_id JOIN catalog_devicemodel m ON m.id = d.device_model_id
      LEFT JOIN sites_location o ON o.id = d.location_id
      WHERE n.due_on >= %(from)s AND CASE WHEN %(owed)s THEN n.due_on < %(until)s ELSE n.due_on <= %(until)s END
        AND (n.due_on, n.id) > (%(after_on)s, %(after_id)s)
      ORDER BY n.due_on, n.id LIMIT %(limit)s"""
    rows = [Foreseen(*row) for row in _rows(sql, params | {"after_on": after_on, "after_id": after_id, "limit": limit + 1})]
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], f"{last.due_on.isoformat()}.{last.schedule_id}" if last else None


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


def _coming(actor: Actor, scope: Scope, first_on: date, last_on: date) -> tuple[str, dict[str, Any]]:
    """Return the common table expressions ``chosen`` and ``coming`` and their parameters."""
    try:
        devices, values = _devices(actor, scope).values("pk").query.sql_with_params()
    except EmptyResultSet:  # no facility in reach
        devices, values = "NULL", ()
    named = {f"d{n}": value for n, value in enumerate(values)}
    also = ""
    if scope.procedure_id:
        also += " AND s.procedure_id = %(procedure)s"
    if scope.skill:
        also += " AND COALESCE(NULLIF(l.skill, ''), r.skill, '') = %(skill)s"
    sql = _CHOSEN.format(
        days=interval_part("s.every_n", "s.every_unit", months=False), months=interval_part("s.every_n", "s.every_unit", months=True), also=also,
        devices=devices % tuple(f"%({name})s" for name in named), moved=moved_out_of("grid_on", "c.starts_on"),
        anchor_month=_month("c.anchor_on"), open_month=_month("greatest(c.open_on, %(first)s::date)"), last_month=_month("%(last)s::date"),
        slack="CASE WHEN c.blackout = '{}' THEN 0 ELSE 12 END",
    )  # fmt: skip
    return sql, named | {"first": first_on, "last": last_on, "procedure": scope.procedure_id, "skill": scope.skill}


def _devices(actor: Actor, scope: Scope) -> Any:
    devices = Device.objects.visible_to(actor)
    if scope.facility_id:
        devices = devices.filter(facility_id=scope.facility_id)
    if scope.department_id:
        devices = devices.filter(department_id=scope.department_id)
    if scope.location_id:
        top = Location.objects.filter(pk=scope.location_id).first()
        devices = devices.filter(location__in=Location.objects.within(top)) if top else devices.none()
    return devices


def _month(day: str) -> str:
    return f"(date_part('year', {day}) * 12 + date_part('month', {day}))::int"


def _weekly_min(scope: Scope, today: date) -> int | None:
    if not scope.comparable:
        return None
    hours = capacity(on=today, facility_id=scope.facility_id)
    return (hours.by_skill.get(scope.skill, 0) if scope.skill else hours.weekly_min) if hours.people else None


def _in_month(weekly_min: int | None, month: date) -> int | None:
    return None if weekly_min is None else weekly_min * month_end(month).day // 7


def _rows(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")  # compiling takes longer than the sum
        cursor.execute(sql, params)
        return list(cursor.fetchall())
