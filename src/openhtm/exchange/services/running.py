"""Checking and applying a run: what the worker does, step by step, and how it is watched and stopped."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson
from django.db import Error as DatabaseError
from django.db import connection, connections, transaction
from django.utils import timezone

from openhtm.audit.context import acting
from openhtm.core.errors import DomainError
from openhtm.exchange.models import ImportRow, ImportRun, RowAction, RunStatus
from openhtm.exchange.rules.headers import Header
from openhtm.exchange.rules.mapping import IGNORE
from openhtm.exchange.rules.tables import Row
from openhtm.exchange.rules.values import plain_text
from openhtm.exchange.services import reading
from openhtm.exchange.services.imports import LOCK_SPACE, RECHECKABLE
from openhtm.exchange.services.targets import Staged, Tell, target_named
from openhtm.identity.actor import Actor
from openhtm.identity.queries import person_with_roles

BATCH = 2000
TELL_EVERY_S = 0.5
Watch = Callable[[int, int, str], None]


class Cancelled(DomainError):
    """Somebody asked to stop; nothing was written."""

    code = "import-cancelled"
    status = 409
    message = "The import was stopped. Nothing was written."


class AlreadyRunning(DomainError):
    """Another worker has this run (409)."""

    code = "import-running"
    status = 409
    message = "This import is being worked on already."


def check_import(*, run_id: int, actor: Actor | None = None, watch: Watch | None = None) -> ImportRun:
    """Read every row of the run's file, judge it and keep the verdict. No table of the target is written.

    ``actor`` None: whoever started the run, with the rights of this moment. Raises nothing for a file that cannot be
    read: the run then says so. Raises AlreadyRunning.
    """
    with _holding(run_id):
        run = _claimed(run_id, to=RunStatus.CHECKING, allowed=RECHECKABLE | {RunStatus.CHECKING})
        if run is None:
            return ImportRun.objects.get(pk=run_id)
        with _outcome(run), _progress(run, watch) as tell:
            _check(run, actor or _starter(run), tell)
    return ImportRun.objects.get(pk=run_id)


def apply_import(*, run_id: int, actor: Actor | None = None, watch: Watch | None = None) -> ImportRun:
    """Write all rows of a checked run in one transaction, or none of them. Raises AlreadyRunning."""
    with _holding(run_id):
        run = _claimed(run_id, to=RunStatus.APPLYING, allowed=frozenset({RunStatus.CHECKED, RunStatus.APPLYING}))
        if run is None:
            return ImportRun.objects.get(pk=run_id)
        with _outcome(run), _progress(run, watch) as tell:
            _apply(run, actor or _starter(run), tell)
    return ImportRun.objects.get(pk=run_id)


@contextlib.contextmanager
def _holding(run_id: int) -> Iterator[None]:
    """Hold the run's lock while the block works. The database frees it if this process dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, run_id])
        if not cursor.fetchone()[0]:
            raise AlreadyRunning
    try:
        yield
    finally:
        with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, run_id])


def _claimed(run_id: int, *, to: str, allowed: frozenset[str]) -> ImportRun | None:
    """Bring the run to the status ``to``, unless it was cancelled or is past it. Committed at once."""
    waiting = ImportRun.objects.filter(pk=run_id, status__in=allowed)
    if not waiting.update(status=to, cancel_requested=False, failure="", progress_done=0, progress_total=0, finished_at=None):
        return None
    return ImportRun.objects.select_related("file", "facility").get(pk=run_id)


def _starter(run: ImportRun) -> Actor:
    if run.created_by_id is None:
        return Actor.system("openhtm import")
    person = person_with_roles(user_id=run.created_by_id)
    return person.actor if person else Actor(run.created_by_id, "", ())


@contextlib.contextmanager
def _outcome(run: ImportRun) -> Iterator[None]:
    """Keep what became of the work, whatever stopped it."""
    ended: dict[str, Any] = {"progress_text": "", "finished_at": timezone.now}
    with contextlib.ExitStack() as otherwise:
        otherwise.callback(_end_unexpectedly, run, ended)
        try:
            yield
        except Cancelled:
            _end(run, RunStatus.CANCELLED, "", **ended)
        except DomainError as refusal:
            _end(run, RunStatus.FAILED, refusal.sentence, **ended)
        otherwise.pop_all()


def _end_unexpectedly(run: ImportRun, ended: dict[str, Any]) -> None:
    """Say so in the run where an error goes on its way to the log, unless the database is what failed."""
    with contextlib.suppress(DatabaseError):
        _end(run, RunStatus.FAILED, "The work stopped on an error that nobody expected. It is in the log. Nothing was written.", **ended)


def _end(run: ImportRun, status: str, failure: str, *, progress_text: str, finished_at: Callable[[], Any]) -> None:
    ImportRun.objects.filter(pk=run.pk).update(status=status, failure=failure, progress_text=progress_text, finished_at=finished_at())


@contextlib.contextmanager
def _progress(run: ImportRun, watch: Watch | None) -> Iterator[Tell]:
    """Return the function that tells how far the work is, through a connection of its own: also inside a transaction."""
    aside = connections["default"].copy()
    last = 0.0

    def tell(done: int, total: int, text: str) -> None:
        nonlocal last
        if watch:
            watch(done, total, text)
        if time.monotonic() - last < TELL_EVERY_S and done:
            return
        last = time.monotonic()
        with aside.cursor() as cursor:
            cursor.execute(
                "UPDATE exchange_importrun SET progress_done = %s, progress_total = %s, progress_text = %s WHERE id = %s"
                " RETURNING cancel_requested",
                [done, max(total, done), text[:120], run.pk],
            )
            row = cursor.fetchone()
        if row and row[0]:
            raise Cancelled

    try:
        yield tell
    finally:
        aside.close()


def _check(run: ImportRun, actor: Actor, tell: Tell) -> None:
    profile = reading.profile_of(run)
    tell(0, 0, "Opening the file")
    table = reading.open_run(run, profile=profile)
    reader = table.reader(profile)
    columns = reading.column_of_fields(table, profile)
    stager = table.target.stager(run=run, profile=profile, columns=columns, actor=actor, now=timezone.now())
    ImportRow.objects.filter(run=run).delete()
    total, counts = table.sheet.row_count, Counter[str]()
    for batch in _batches(table.rows()):
        staged = stager.judge([(reader.read(number, cells), cells) for number, cells in batch])
        for one, (_number, cells) in zip(staged, batch, strict=True):
            one.source = _source(table.header, cells)
        _copy_rows(run, staged)
        counts.update(_tally(staged))
        tell(batch[-1][0], total, "Checking rows")
    if counts["read"] > BATCH:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE exchange_importrow")  # without statistics the first slices of applying are planned badly
    unread = [*reader.unmapped, *(one.column for one in profile.mapping if one.field == IGNORE)]
    plan = stager.plan() | {"notes": [note.message for note in (*table.book.notes, *reader.notes)], "unread": unread}
    names = {"create": "created", "update": "updated", "conflict": "conflicts"}
    run.counts = {names.get(name, name): number for name, number in counts.items()}
    run.plan = plan
    still = ImportRun.objects.filter(pk=run.pk, cancel_requested=False)
    if not still.update(status=RunStatus.CHECKED, counts=run.counts, plan=plan, progress_text="", finished_at=None):
        raise Cancelled


def _batches(rows: Iterable[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    stream = iter(rows)
    while batch := list(itertools.islice(stream, BATCH)):
        yield batch


def _source(header: Header, cells: Row) -> dict[str, str]:
    return {column.name: plain_text(cell) for column, cell in zip(header.columns, cells, strict=True) if cell != ""}


def _tally(staged: Sequence[Staged]) -> Counter[str]:
    counts = Counter(one.action for one in staged)
    counts["read"] = len(staged)
    counts["warnings"] = sum(1 for one in staged for problem in one.problems if problem["severity"] == "warning")
    return counts


def _copy_rows(run: ImportRun, staged: Sequence[Staged]) -> None:
    columns = "run_id, row_number, source, values, action, matched_by, target_id, difference, problems"
    with connection.cursor() as cursor, cursor.copy(f"COPY exchange_importrow ({columns}) FROM STDIN") as copy:
        for one in staged:
            copy.write_row(
                (
                    run.pk, one.row_number, _json(one.source), _json(one.values), one.action, one.matched_by, one.target_id,
                    _json(one.difference), _json(one.problems),
                )
            )  # fmt: skip


def _json(value: Any) -> str:
    """JSON that PostgreSQL can keep: it has no place for NUL."""
    text = orjson.dumps(value, default=str).decode()
    return text.replace("\\u0000", "") if "\\u0000" in text else text


def _apply(run: ImportRun, actor: Actor, tell: Tell) -> None:
    target = target_named(run.target)
    with acting(actor, reason=f"import {run.file_name}", import_run=str(run.public_id)), transaction.atomic():
        counts = target.apply(run=run, actor=actor, now=timezone.now(), tell=tell)
        tell(0, 0, "Finishing")
        done = ImportRun.objects.filter(pk=run.pk, status=RunStatus.APPLYING, cancel_requested=False)
        final = dict(run.counts) | counts
        if not done.update(status=RunStatus.APPLIED, counts=final, progress_text="", finished_at=timezone.now()):
            raise Cancelled
    target.applied(run=run, counts=counts)


def rows_changed(run: ImportRun) -> bool:
    """True if applying the run would write anything. One statement."""
    return ImportRow.objects.filter(run=run, action__in=[RowAction.CREATE, RowAction.UPDATE]).exists()
