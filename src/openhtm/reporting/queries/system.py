"""The state of the system: checks, jobs, database, versions."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from typing import Any

import django
from django.conf import settings
from django.db import connection

from openhtm.audit import invariants
from openhtm.audit.invariants import Invariant
from openhtm.audit.models import InvariantRun

JOB_WORDS = {
    "todo": ("waiting", "info"), "doing": ("running", "info"), "succeeded": ("done", "ok"), "failed": ("failed", "late"),
    "cancelled": ("cancelled", "hold"), "aborting": ("stopping", "hold"), "aborted": ("stopped", "hold"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Law:
    """An invariant with what the newest finished run found: None if it holds, or was not checked."""

    invariant: Invariant
    finding: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class JobCount:
    word: str
    tone: str
    number: int


@dataclass(frozen=True, slots=True)
class FailedJob:
    name: str
    attempts: int
    at: Any


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as ``openhtm backup`` made it; ``file`` is where it was written to, on the machine that wrote it."""

    made_at: datetime
    file: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class State:
    """``run`` is the newest finished pass over the laws, ``backup`` the newest by our own command: None before the first."""

    run: InvariantRun | None
    laws: Sequence[Law]
    unchecked: bool
    jobs: Sequence[JobCount]
    failed: Sequence[FailedJob]
    database_bytes: int
    tables: Sequence[tuple[str, int, int]]
    versions: Sequence[tuple[str, str]]
    backup: Backup | None


def state() -> State:
    """Everything the system page shows. Six statements."""
    run = InvariantRun.objects.filter(finished_at__isnull=False).first()
    found = {finding["code"]: finding for finding in run.findings} if run else {}
    laws = [Law(law, found.get(law.code)) for law in invariants.registered()]
    size, server = _database()
    return State(run, laws, run is None, _jobs(), _failed(), size, _tables(), _versions(server), last_backup())


def last_backup() -> Backup | None:
    """Return what ``openhtm backup`` left in the data folder, or None if it left nothing readable. No statement."""
    try:
        facts = json.loads(settings.LAST_BACKUP_RECORD.read_bytes())
        return Backup(datetime.fromisoformat(facts["made_at"]), str(facts["file"]), int(facts["bytes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _database() -> tuple[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()), current_setting('server_version')")
        size, server = cursor.fetchone()
    return int(size), str(server)


def _jobs() -> list[JobCount]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1 ORDER BY 1")
        rows = cursor.fetchall()
    shown = [(JOB_WORDS.get(status, (status, "hold")), number) for status, number in rows]
    return [JobCount(word, tone, number) for (word, tone), number in shown]


def _failed() -> list[FailedJob]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT j.task_name, j.attempts, max(e.at) FROM procrastinate_jobs j LEFT JOIN procrastinate_events e ON e.job_id = j.id"
            " WHERE j.status = 'failed' GROUP BY j.id ORDER BY 3 DESC NULLS LAST LIMIT 10"
        )
        return [FailedJob(*row) for row in cursor.fetchall()]


def _tables() -> list[tuple[str, int, int]]:
    """The largest tables: name, rows by the server's estimate, bytes with indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid) FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY 3 DESC LIMIT 8"
        )
        return [(name, int(rows), int(size)) for name, rows, size in cursor.fetchall()]


def _versions(server: str) -> list[tuple[str, str]]:
    try:
        ours = metadata.version("openhtm")
    except metadata.PackageNotFoundError:
        ours = "from the source folder"
    return [("OpenHTM", ours), ("Python", platform.python_version()), ("Django", django.get_version()), ("PostgreSQL", server)]
