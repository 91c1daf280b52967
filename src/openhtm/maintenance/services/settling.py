"""Bring the visits of devices in line with the facts: the one writer of days and states of visits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from openhtm.inventory.models import Device
from openhtm.maintenance.models import Visit
from openhtm.maintenance.queries import due_sql
from openhtm.maintenance.queries.owed import ANALYZE_FROM, compute, days_at_facilities, span_of
from openhtm.maintenance.rules.outcomes import OUTCOMES, VOID, Attempt, policy_compliant
from openhtm.maintenance.rules.states import VisitState
from openhtm.maintenance.rules.windows import Window
from openhtm.maintenance.services import settle_sql, workload

PERFORMED = sorted(code for code, one in OUTCOMES.by_code.items() if one.performed)
IN_POLICY = sorted(code for code, one in OUTCOMES.by_code.items() if one.in_policy)
MAX_ROUNDS = 12


@dataclass(slots=True)
class Changes:
    """Visits written: ``created`` rows, ``updated`` rows, and ``removed``: open ones no longer owed."""

    created: int = 0
    updated: int = 0
    removed: int = 0

    def add(self, other: Changes) -> None:
        self.created += other.created
        self.updated += other.updated
        self.removed += other.removed


@transaction.atomic
def settle(*, device_ids: Iterable[int], now: datetime | None = None, today: Mapping[int, date] | None = None) -> Changes:
    """Bring all visits of these devices in line. About twenty statements for any number; the devices' schedules stay locked.

    ``today`` gives the day at each facility; left out, it is what the clocks there show at ``now``.
    """
    now = now or timezone.now()
    wanted = sorted(set(device_ids))
    with connection.cursor() as cursor:
        cursor.execute(settle_sql.LOCK_SHARED, [settle_sql.LOCK_KEY])
        cursor.execute("SET LOCAL jit = off")  # compiling takes longer than a chunk
        cursor.execute(settle_sql.LOCK_ROWS, [wanted])
        return _settle(cursor, wanted, now=now, today=today or days_at_facilities(now=now))


def lock_schedules(device_ids: Iterable[int]) -> None:
    """Lock the schedules of these devices as ``settle`` does, until the transaction ends. Two statements.

    Whoever judges visits and then writes their orders takes it first: what was read before it may be of yesterday.
    """
    with connection.cursor() as cursor:
        cursor.execute(settle_sql.LOCK_SHARED, [settle_sql.LOCK_KEY])
        cursor.execute(settle_sql.LOCK_ROWS, [sorted(set(device_ids))])


@transaction.atomic
def settle_chunk(*, first_device_id: int, last_device_id: int, now: datetime, today: Mapping[int, date]) -> Changes:
    """Bring the visits of the devices with these keys in line; whoever records something for one of them waits for its end."""
    keys = Device.objects.filter(pk__range=(first_device_id, last_device_id)).order_by("pk").values_list("pk", flat=True)
    return settle(device_ids=keys, now=now, today=today)


def _settle(cursor: Any, device_ids: list[int], *, now: datetime, today: Mapping[int, date]) -> Changes:
    changes, about = Changes(), {"now": now, "performed": PERFORMED, "void": VOID} | span_of(device_ids)
    compute(cursor, device_ids, today=today)
    many = len(device_ids) > ANALYZE_FROM
    if many:
        cursor.execute(settle_sql.LEARN_WANTED)
    cursor.execute(settle_sql.FILL_FACTS, about)
    if many:
        cursor.execute("ANALYZE due_fact")
    changes.updated += _count(cursor, settle_sql.APPLY_FACTS, about) + _count(cursor, settle_sql.UNCOVER, about)
    _replan(cursor)
    for _ in range(MAX_ROUNDS):  # a larger visit may be done by one larger still
        _pass(cursor, changes, about)
        covered = _count(cursor, settle_sql.COVER, about)
        changes.updated += covered
        if not covered:
            break
        _replan(cursor)
    moved, removed = _row(cursor, settle_sql.GIVE_WAY, about)
    created, updated = _row(cursor, settle_sql.OPEN, about)
    changes.created, changes.updated, changes.removed = changes.created + created, changes.updated + updated + moved, removed
    changes.updated += _judge_by_policy(cursor)
    workload.keep(cursor, device_ids)
    return changes


def _pass(cursor: Any, changes: Changes, about: Mapping[str, Any]) -> None:
    created, updated = _row(cursor, settle_sql.TAKE_OVER, about)
    changes.created, changes.updated = changes.created + created, changes.updated + updated


def _replan(cursor: Any) -> None:
    cursor.execute("SELECT EXISTS (SELECT 1 FROM due_dirty)")
    if not cursor.fetchone()[0]:
        return
    for statement in settle_sql.REPLAN:
        cursor.execute(statement)
    cursor.execute(due_sql.PLAN)


def _row(cursor: Any, sql: str, about: Mapping[str, Any]) -> tuple[int, int]:
    cursor.execute(sql, about)
    first, second = cursor.fetchone()
    return first, second


def _count(cursor: Any, sql: str, about: Mapping[str, Any]) -> int:
    cursor.execute(sql, about)
    return int(cursor.fetchone()[0])


def _judge_by_policy(cursor: Any) -> int:
    """Visits tried in time whose follow-ups were driven through count by policy (``rules.outcomes``). Up to three statements.

    Each try is judged by the policy in force on its day, so that settling an old visit again changes no verdict.
    """
    cursor.execute(settle_sql.POLICY_TRIES, [IN_POLICY])
    found = cursor.fetchall()
    if not found:
        return 0
    verdicts: dict[bool, list[int]] = {True: [], False: []}
    for visit_id, rows in groupby(found, key=lambda row: row[0]):
        tries = list(rows)
        _, state, opens_on, due_on, on_time_until, grace_until, stored, *_ = tries[0]
        window = Window(opens_on, due_on, on_time_until, grace_until)
        attempts = [Attempt(row[7], row[8], row[9], follow_up_days=row[10]) for row in tries]
        verdict = bool(policy_compliant(window, state=VisitState(state), attempts=attempts))
        if verdict != stored:
            verdicts[verdict].append(visit_id)
    return sum(Visit.objects.filter(pk__in=ids).update(policy_compliant=verdict) for verdict, ids in verdicts.items() if ids)
