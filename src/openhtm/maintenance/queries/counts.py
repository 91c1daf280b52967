"""How many visits are in which state, on the last run or as of another day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.maintenance.models import Attempt, ReconcileRun, Visit
from openhtm.maintenance.queries import due_sql
from openhtm.maintenance.queries.owed import compute, days_at_facilities
from openhtm.maintenance.rules.outcomes import OUTCOMES, VOID

ORDER = (
    "not_due", "due", "in_window", "grace", "late", "missed", "held", "done", "excluded", "passed_held", "covered", "removed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class VisitCounts:
    """Visits by state, attempts by outcome code."""

    as_of: date
    states: dict[str, int]
    attempts: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """One flat object: states, then outcomes; ``attempts`` has the outcomes whose code is also a state."""
        plain = {code: count for code, count in self.attempts.items() if code not in self.states}
        return {"as_of": self.as_of.isoformat(), **self.states, **plain, "attempts": self.attempts}


@dataclass(frozen=True, slots=True)
class Share:
    """The two percentages that are never shown apart, of the visits owed: None where nothing was owed."""

    owed: int
    by_policy: int
    performed: int

    @property
    def by_policy_percent(self) -> float | None:
        return round(100 * self.by_policy / self.owed, 1) if self.owed else None

    @property
    def performed_percent(self) -> float | None:
        return round(100 * self.performed / self.owed, 1) if self.owed else None


def counts_by_state(*, actor: Actor, as_of: date | None = None, now: datetime | None = None) -> VisitCounts:
    """Count the visits the actor may see. A day after the last run is computed ahead, one before it is read back; nothing is written."""
    now = now or timezone.now()
    last = ReconcileRun.objects.filter(finished_at__isnull=False).first()
    day = as_of or max(days_at_facilities(now=now).values(), default=now.date())
    if last is not None and day < last.as_of:
        states = _read_back(actor, day)
    elif last is not None and as_of is None and day == last.as_of:
        rows = Visit.objects.visible_to(actor).order_by().values_list("state").annotate(count=Count("pk"))
        states = dict(rows)
    else:
        states = _ahead(actor, day)
    tried = Attempt.objects.filter(attempted_on__lte=day, superseded_by__isnull=True).exclude(outcome=VOID)
    if not actor.reach().everywhere:
        tried = tried.filter(device__in=Device.objects.visible_to(actor))
    attempts = dict(tried.order_by().values_list("outcome").annotate(count=Count("pk")))
    return VisitCounts(
        day, {state: states.get(state, 0) for state in ORDER}, {code: attempts.get(code, 0) for code in OUTCOMES.by_code if code != VOID}
    )


def share_on_time(*, actor: Actor, first_on: date, last_on: date) -> Share:
    """Return both percentages of the visits whose last day on time lies in the days given. One statement.

    Excluded visits, those that passed while held, and those no longer owed count in neither; visits that are open do once late.
    """
    owed = (
        Visit.objects.visible_to(actor)
        .filter(on_time_until__range=(first_on, last_on))
        .filter(Q(state__in=("done", "covered", "missed")) | Q(state__in=("grace", "late")))
    )
    found = owed.aggregate(
        owed=Count("pk"),
        by_policy=Count("pk", filter=Q(policy_compliant=True)),
        performed=Count("pk", filter=Q(performed_on__lte=F("on_time_until"))),
    )
    return Share(**found)


_AHEAD = """
SELECT state, count(*) FROM (
  SELECT v.state FROM maintenance_visit v WHERE NOT v.is_open AND NOT EXISTS (
    SELECT 1 FROM due_wanted w WHERE w.schedule_id = v.schedule_id AND w.due_on = v.due_on) AND {seen_v}
  UNION ALL SELECT w.state FROM due_wanted w WHERE {seen_w}
) s GROUP BY state
"""
_BACK = """
WITH near AS (
  SELECT v.*, lead(opens_on) OVER visits AS next_opens, lag(performed_on) OVER visits AS prev_performed, lag(due_on) OVER visits AS prev_due,
    lag(settled_at) OVER visits AS prev_settled_at
  FROM maintenance_visit v WHERE {seen_v} WINDOW visits AS (PARTITION BY schedule_id ORDER BY due_on)
)
SELECT CASE
    WHEN state = 'removed' AND settled_at::date <= %(day)s THEN 'removed'
    WHEN performed_on <= %(day)s THEN state
    WHEN state = 'excluded' AND settled_at::date <= %(day)s THEN 'excluded'
    WHEN next_opens <= %(day)s THEN CASE WHEN state = 'passed_held' THEN 'passed_held' ELSE 'missed' END
    WHEN %(day)s < opens_on THEN 'not_due'
    WHEN state IN ('passed_held', 'held') THEN 'held'
    WHEN %(day)s < due_on THEN 'in_window' WHEN %(day)s <= on_time_until THEN 'due' WHEN %(day)s <= grace_until THEN 'grace' ELSE 'late' END,
  count(*)
FROM near
WHERE opens_on <= %(day)s OR prev_due IS NULL OR prev_performed <= %(day)s OR prev_settled_at::date <= %(day)s
GROUP BY 1
"""


def _ahead(actor: Actor, day: date) -> dict[str, int]:
    with transaction.atomic(), connection.cursor() as cursor:
        compute(cursor, None, today=days_at_facilities(now=timezone.now(), as_of=day))
        seen, params = _seen(actor)
        cursor.execute(_AHEAD.format(seen_v=seen.format("v"), seen_w=seen.format("w")), {**params})
        found = dict(cursor.fetchall())
        cursor.execute(due_sql.TABLES)  # leave nothing behind in a longer transaction
    return found


def _read_back(actor: Actor, day: date) -> dict[str, int]:
    seen, params = _seen(actor)
    with connection.cursor() as cursor:
        cursor.execute(_BACK.format(seen_v=seen.format("v")), {**params, "day": day})
        return dict(cursor.fetchall())


def _seen(actor: Actor) -> tuple[str, dict[str, Any]]:
    """Return the condition under which the actor may see a row of the table named by ``{}``."""
    if actor.reach().everywhere:
        return "true", {}
    devices = Device.objects.visible_to(actor).values("pk").query.sql_with_params()
    return "{}.device_id = ANY(%(seen)s)", {"seen": _device_ids(devices)}


def _device_ids(query: tuple[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(*query)
        return [row[0] for row in cursor.fetchall()]
