"""Bring schedules, visits and work orders in line with the facts. Can be run at any time, twice, or after a month of silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from openhtm.core.errors import DomainError
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.maintenance.models import ReconcileRun
from openhtm.maintenance.queries.owed import days_at_facilities
from openhtm.maintenance.services import orders, workload
from openhtm.maintenance.services.following import follow_up_devices
from openhtm.maintenance.services.inherit import refresh_schedules
from openhtm.maintenance.services.settling import Changes, settle, settle_chunk

MARGIN = timedelta(minutes=10)
"""Facts are looked at again for so long after a run: a transaction may commit later than the time it wrote down."""
CHUNK = 20_000
"""Devices brought in line together; people who record something wait for one chunk at most."""
TOGETHER_FROM = 4
"""Chunks from which two are computed at a time."""
RUN_KEY = 8_271_004


class DayInThePast(DomainError):
    """A run for a day before the last one would open settled visits again."""

    code = "reconcile-day-in-the-past"
    message = "The visits were brought in line up to {last} already. Give that day or a later one."


@dataclass(slots=True)
class Counts:
    """Visits and orders together: rows made, rows changed, open visits and orders given up."""

    created: int = 0
    updated: int = 0
    cancelled: int = 0

    def add(self, changes: Changes) -> None:
        self.created += changes.created
        self.updated += changes.updated
        self.cancelled += changes.removed


_CHANGED = """
SELECT id FROM inventory_device WHERE updated_at > %(since)s
UNION SELECT device_id FROM maintenance_schedule WHERE changed_at > %(since)s
UNION SELECT device_id FROM maintenance_attempt WHERE recorded_at > %(since)s
UNION SELECT v.device_id FROM maintenance_visitexclusion x JOIN maintenance_visit v ON v.id = x.visit_id WHERE x.decided_at > %(since)s
UNION SELECT device_id FROM maintenance_meterreading WHERE recorded_at > %(since)s
UNION SELECT device_id FROM maintenance_escalation WHERE done_at > %(since)s OR second_at > %(since)s
UNION SELECT o.device_id FROM workorders_vendorreport r JOIN workorders_workorder o ON o.id = r.work_order_id
  WHERE r.reviewed_at > %(since)s AND o.device_id IS NOT NULL
UNION SELECT device_id FROM maintenance_visit WHERE next_change_on <= %(today)s
"""
_LINES_CHANGED = """
SELECT EXISTS (SELECT 1 FROM maintenance_planline WHERE changed_at > %(since)s OR effective_from BETWEEN %(was)s AND %(today)s
    OR ended_on BETWEEN %(was)s AND %(today)s)
  OR EXISTS (SELECT 1 FROM maintenance_nomaintenancedecision WHERE decided_at > %(since)s OR withdrawn_at > %(since)s)
"""


def reconcile(*, actor: Actor, as_of: date | None = None, whole: bool = False, now: datetime | None = None) -> Counts:
    """Bring everything in line as of ``as_of``, or of the day it is at each facility. Returns what was written.

    Not ``whole``: only devices about which something was recorded since the last run, and visits whose state changes by now.
    Work is done in chunks, each complete in itself, so that an interrupted run is simply run again. Two runs at once follow
    each other. Raises DayInThePast, NoWindows.
    """
    now = now or timezone.now()
    with _alone():
        today = days_at_facilities(now=now, as_of=as_of)
        newest = max(today.values(), default=as_of or now.date())
        last = ReconcileRun.objects.filter(finished_at__isnull=False).order_by("-pk").first()
        if as_of and last and as_of < last.as_of:
            raise DayInThePast(last=last.as_of.isoformat())
        run = ReconcileRun.objects.create(as_of=newest, whole=whole or last is None, facts_until=now, started_at=now)
        counts = _everything(actor, today, now) if run.whole else _what_changed(actor, last, today, now)
        workload.tidy(whole=run.whole)
        run.counts, run.finished_at = asdict(counts), timezone.now()
        run.save(update_fields=["counts", "finished_at"])
    return counts


def _everything(actor: Actor, today: Mapping[int, date], now: datetime) -> Counts:
    counts = Counts()
    as_of = next(iter(today.values()), None)
    refresh_schedules(actor=actor, reason="programme", now=now, as_of=as_of if len(set(today.values())) == 1 else None)
    for first, final, changes in settled_chunks(today=today, now=now):
        counts.add(changes)
        with transaction.atomic():
            _orders(actor, list(range(first, final + 1)), today, now, counts)
    return counts


def settled_chunks(*, today: Mapping[int, date], now: datetime) -> Iterator[tuple[int, int, Changes]]:
    """Bring the visits of all devices in line, chunk by chunk; two at a time where there are many. Yields each when it is done."""
    ranges = list(_chunks())

    def work(keys: tuple[int, int]) -> Changes:
        return settle_chunk(first_device_id=keys[0], last_device_id=keys[1], now=now, today=today)

    def work_apart(keys: tuple[int, int]) -> Changes:
        try:
            return work(keys)
        finally:
            connection.close()  # that of this thread

    if len(ranges) < TOGETHER_FROM or connection.in_atomic_block:
        yield from ((first, final, work((first, final))) for first, final in ranges)
        return
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield from ((*keys, changes) for keys, changes in zip(ranges, pool.map(work_apart, ranges), strict=True))


def _what_changed(actor: Actor, last: ReconcileRun | None, today: Mapping[int, date], now: datetime) -> Counts:
    counts, since = Counts(), (last.facts_until if last else now) - MARGIN
    newest = max(today.values(), default=now.date())
    was = last.as_of if last else newest
    with connection.cursor() as cursor:
        about = {"since": since, "today": newest, "was": was}
        cursor.execute(_LINES_CHANGED, about)
        every_line = bool(cursor.fetchone()[0])
        cursor.execute("SELECT id FROM inventory_device WHERE updated_at > %(since)s", about)
        devices = [row[0] for row in cursor.fetchall()]
    as_of = newest if len(set(today.values())) == 1 else None
    if every_line or devices:
        refresh_schedules(actor=actor, device_ids=None if every_line else devices, reason="programme", now=now, as_of=as_of)
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, about)
        changed = sorted(row[0] for row in cursor.fetchall() if row[0] is not None)
    for position in range(0, len(changed), CHUNK):
        part = changed[position : position + CHUNK]
        with transaction.atomic():
            counts.add(settle(device_ids=part, now=now, today=today))
            _orders(actor, part, today, now, counts)
    soon = orders.devices_opening_soon(today=newest)
    for position in range(0, len(soon), CHUNK):
        with transaction.atomic():
            _orders(actor, soon[position : position + CHUNK], today, now, counts)
    return counts


def _orders(actor: Actor, device_ids: list[int], today: Mapping[int, date], now: datetime, counts: Counts) -> None:
    done = orders.bring_orders_in_line(actor=actor, device_ids=device_ids, today=today, now=now)
    counts.created += done.created
    counts.updated += done.updated
    counts.cancelled += done.cancelled
    counts.created += follow_up_devices(actor=actor, device_ids=device_ids, today=today, now=now)


def _chunks() -> Iterator[tuple[int, int]]:
    """Yield ranges of device keys, a chunk each."""
    final = Device.objects.aggregate(last=Max("pk"))["last"] or 0
    for first in range(1, final + 1, CHUNK):
        yield first, min(first + CHUNK - 1, final)


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other run is under way, in whichever process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [RUN_KEY])
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [RUN_KEY])
