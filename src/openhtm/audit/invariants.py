"""What must always hold between stored facts and what is derived from them; checked nightly and by ``openhtm doctor``.

Rooms register their checks in ``AppConfig.ready``; each check is one statement that returns the rows that break it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from django.db import connection
from django.utils import timezone

from openhtm.audit.models import InvariantRun


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold: how many rows break it and a few of them by name."""

    code: str
    message: str
    count: int
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Invariant:
    """A named law over the database. ``check`` returns the names of the rows that break it (at most a few) and their number."""

    code: str
    promise: str
    check: Callable[[], tuple[int, list[str]]]


def rows_that_break(sql: str) -> Callable[[], tuple[int, list[str]]]:
    """Make the check of a law from the statement that selects the name of every row that breaks it."""

    def check() -> tuple[int, list[str]]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) OVER (), broken.name FROM ({sql}) AS broken(name) LIMIT 5")  # noqa: S608 - constants of the rooms
            rows = cursor.fetchall()
        return (rows[0][0] if rows else 0), [str(name) for _, name in rows]

    return check


_registry: dict[str, Invariant] = {}


def register(invariant: Invariant) -> None:
    """Add a law. Registering the same code again replaces it."""
    _registry[invariant.code] = invariant


def registered() -> tuple[Invariant, ...]:
    return tuple(_registry[code] for code in sorted(_registry))


def run_all() -> list[Finding]:
    """Check every law. One statement each."""
    findings = []
    for invariant in registered():
        count, examples = invariant.check()
        if count:
            findings.append(Finding(invariant.code, invariant.promise, count, examples))
    return findings


def run_and_record() -> InvariantRun:
    """Check every law and keep the outcome, for the system page."""
    run = InvariantRun.objects.create()
    run.findings = [asdict(finding) for finding in run_all()]
    run.finished_at = timezone.now()
    run.save(update_fields=["findings", "finished_at"])
    return run
