"""Open visits that can be planned anew, chosen by filters; and a change as its page shows it."""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from openhtm.identity.actor import Actor
from openhtm.maintenance.models import Replan, ReplanItem
from openhtm.maintenance.queries.planning import run
from openhtm.maintenance.queries.planning_scope import LINES, Scope, within
from openhtm.maintenance.rules.spreading import MOVES, VERDICT_LABELS, Verdict
from openhtm.workorders.services.shared import MAX_AT_ONCE


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which visits: those of ``scope`` with days in these ranges. ``user_id`` and ``team_id``: whose orders; 0: nobody's."""

    scope: Scope
    user_id: int | None = None
    team_id: int | None = None
    due_from: date | None = None
    due_to: date | None = None
    planned_from: date | None = None
    planned_to: date | None = None
    unplanned: bool = False


@dataclass(frozen=True, slots=True)
class Plannable:
    """One visit that can be planned anew."""

    visit_id: int
    due_on: date
    until_on: date
    control_number: str
    device: str
    procedure: str
    place: str
    minutes: int
    order: int | None
    planned_on: date | None
    assignee: str


@dataclass(frozen=True, slots=True)
class DayPair:
    """Minutes planned on a day before and after a change, of its own visits."""

    on: date | None
    before: int
    after: int


def plannable(
    *, actor: Actor, chosen: Chosen, visit_ids: Iterable[int] | None = None, limit: int = MAX_AT_ONCE + 1
) -> list[Plannable]:  # fmt: skip
    """Return open visits that nobody is at work on, the most urgent first. At most two statements."""
    where = within(actor, chosen.scope)
    parts, params = [where.sql], dict(where.params)
    tests = {"v.due_on >= %(due_from)s": chosen.due_from, "v.due_on <= %(due_to)s": chosen.due_to,
             "o.planned_on >= %(planned_from)s": chosen.planned_from, "o.planned_on <= %(planned_to)s": chosen.planned_to,
             "o.assigned_user_id = %(user_id)s": chosen.user_id, "o.assigned_team_id = %(team_id)s": chosen.team_id}  # fmt: skip
    for test, value in tests.items():
        if value:
            parts.append(test)
            params[test.split("%(")[1].removesuffix(")s")] = value
    if chosen.unplanned:
        parts.append("o.planned_on IS NULL")
    if visit_ids is not None:
        parts.append("v.id = ANY(%(visits)s)")
        params["visits"] = sorted(set(visit_ids))
    sql = f"""WITH {LINES}
      SELECT v.id, v.due_on, v.on_time_until, d.control_number, m.name, p.name, COALESCE(l.full_name, ''), line.minutes, o.number, o.planned_on,
        COALESCE(u.full_name, t.name, '')
      FROM maintenance_comingwork c JOIN line ON line.id = c.line_id
      JOIN maintenance_visit v ON v.schedule_id = c.schedule_id AND v.is_open AND v.state <> 'held'
      JOIN inventory_device d ON d.id = v.device_id JOIN catalog_devicemodel m ON m.id = d.device_model_id
      JOIN procedures_procedure p ON p.id = line.procedure_id
      LEFT JOIN sites_location l ON l.id = d.location_id
      LEFT JOIN workorders_workorder o ON o.id = v.work_order_id
      LEFT JOIN identity_user u ON u.id = o.assigned_user_id LEFT JOIN workforce_team t ON t.id = o.assigned_team_id
      WHERE {" AND ".join(parts)} AND (o.id IS NULL OR o.status IN ('open', 'on_hold'))
      ORDER BY v.on_time_until, v.id LIMIT %(limit)s"""
    return [Plannable(*row) for row in run(sql, params | {"limit": limit})]


def days_of(replan: Replan) -> list[DayPair]:
    """Return the days that a change touches, before and after; last what has no day. Two statements."""
    before = dict(replan.items.order_by().values_list("from_planned_on").annotate(minutes=Sum("minutes")))
    after = dict(replan.items.order_by().values_list("to_planned_on").annotate(minutes=Sum("minutes")))
    days: list[Any] = sorted({*before, *after}, key=lambda day: (day is None, day))
    return [DayPair(day, before.get(day) or 0, after.get(day) or 0) for day in days]


def verdicts_of(replan: Replan) -> dict[str, int]:
    """Return how many visits got which verdict. One statement."""
    return dict(replan.items.order_by().values_list("verdict").annotate(count=Count("pk")))


def items_of(replan: Replan, *, show: str = "") -> QuerySet[ReplanItem]:
    """The visits of a change: all, those that move, those that leave their window (``grace``), or those that ``stay``."""
    found = replan.items.select_related(
        "visit__device__device_model", "visit__device__location", "visit__schedule__procedure", "work_order", "from_user", "to_user", "from_team",
        "to_team",
    )  # fmt: skip
    conditions = {"moves": Q(verdict__in=sorted(MOVES)), "grace": Q(verdict=Verdict.IN_GRACE), "stays": ~Q(verdict__in=sorted(MOVES))}
    return found.filter(conditions[show]) if show in conditions else found


def verdict_words(verdict: str) -> str:
    return VERDICT_LABELS[Verdict(verdict)]
