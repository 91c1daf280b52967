"""Loading official reference files: streamed into a temporary table, merged in sets, all in one transaction.

Running a loader again with the same file changes nothing. Codes that a newer full edition no longer has are marked
retired, never deleted, because devices may still point to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction

from openhtm.catalog.models import EmdnTerm, GmdnTerm, GudidRecord, ProductCode, ReferenceLoad
from openhtm.catalog.rules.official.code_lists import read_emdn, read_fda_classification, read_gmdn
from openhtm.catalog.rules.official.gudid import read_gudid
from openhtm.catalog.rules.official.source import Problem, Reading, Source, UnreadableError
from openhtm.catalog.rules.texts import shorten
from openhtm.catalog.services import official_sql as sql
from openhtm.core.errors import DomainError
from openhtm.identity.actor import Actor, require_everywhere
from openhtm.identity.rules.permissions import Permission

MAX_PROBLEMS = 1000
_EDITION_IN_NAME = re.compile(r"(?:19|20)\d\d(?:[-_]?(?:0[1-9]|1[0-2])(?:[-_]?[0-3]\d)?)?")
Progress = Callable[[int], None]


class UnreadableFile(DomainError):
    """The file is not the one it should be; nothing was loaded."""

    code = "unreadable-file"
    message = "{reason}"


@dataclass(slots=True)
class LoadSummary:
    """What a load did. ``problems`` holds refused rows and warnings, at most ``MAX_PROBLEMS``; ``problems_cut`` the rest."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    warnings: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    problems_cut: int = 0

    def add(self, problem: Problem) -> None:
        if problem.refused:
            self.refused += 1
        else:
            self.warnings += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append({"row": problem.row, "column": problem.column, "value": problem.value, "message": problem.message})
        else:
            self.problems_cut += 1

    def as_json_dict(self) -> dict[str, Any]:
        """The one line of ``--json``; ``problems_cut`` is there only when something was cut."""
        found = asdict(self)
        if not self.problems_cut:
            del found["problems_cut"]
        return found

    def counts(self) -> dict[str, int]:
        return {key: value for key, value in asdict(self).items() if isinstance(value, int)}


@dataclass(frozen=True, slots=True)
class _System:
    """One kind of official file and the table it fills."""

    model: type[models.Model]
    key: str
    columns: tuple[str, ...]
    read: Callable[[Source, Reading], Iterator[Any]]
    compared: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    retires: bool = True
    before: Callable[[Any], list[Problem]] | None = None
    after: Callable[[Any], None] | None = None

    @property
    def table(self) -> str:
        return self.model._meta.db_table


SYSTEMS: dict[str, _System] = {
    "fda-classification": _System(
        model=ProductCode,
        key="code",
        columns=(
            "code", "name", "device_class", "panel", "medical_specialty", "regulation_number", "life_sustaining", "implant", "definition",
        ),
        read=read_fda_classification,
    ),
    "emdn": _System(
        model=EmdnTerm,
        key="code",
        columns=("code", "term", "level", "terminal", "parent_id"),
        read=read_emdn,
        before=sql.attach_orphans,
    ),
    "gmdn": _System(model=GmdnTerm, key="code", columns=("code", "name", "definition", "related_emdn"), read=read_gmdn),
    "gudid": _System(
        model=GudidRecord,
        key="record_key",
        columns=(
            "record_key", "primary_di", "status", "published_on", "distribution_ended_on", "distribution_status", "brand_name",
            "version_or_model", "catalog_number", "company_name", "description", "product_codes", "gmdn_terms", "mri_safety", "flags",
            "fingerprint",
        ),
        read=read_gudid,
        compared=("fingerprint",),
        extra=(("identifiers", "jsonb"),),
        retires=False,  # GUDID is published in parts: what is not in this file is not gone
        before=sql.recognise_records,
        after=sql.replace_identifiers,
    ),
}  # fmt: skip


def load_official(
    *, system: str, path: Path, actor: Actor, edition: str = "", partial: bool = False, progress: Progress | None = None
) -> LoadSummary:
    """Load the file at ``path`` into the reference tables of ``system`` (a key of ``SYSTEMS``).

    ``partial``: the file is not a full edition, so nothing is retired. ``progress`` is told the rows read so far.
    A dozen statements whatever the size. Raises NotAllowed, and UnreadableFile with nothing written.
    """
    require_everywhere(actor, Permission.EDIT_CATALOG)
    target = SYSTEMS[system]
    summary = LoadSummary()
    reading = Reading(summary.add)
    progress = progress or _silent
    try:
        with path.open("rb") as raw, transaction.atomic(), connection.cursor() as cursor:
            source = Source(raw)
            _stage(cursor, target, source, reading, progress)
            if summary.refused >= reading.read:
                raise UnreadableError(_nothing_usable(reading, summary))
            named = shorten(edition or reading.edition or _edition_in(path.name), 60)
            _merge(cursor, target, summary, edition=named, retire=target.retires and not partial)
            summary.read = reading.read
            summary.unchanged = summary.read - summary.created - summary.updated - summary.refused
            _remember(system, path, source, named, summary)
    except UnreadableError as error:
        raise UnreadableFile(reason=str(error)) from error
    except OSError as error:
        raise UnreadableFile(reason=f"The file {shorten(path.name)} cannot be read: {shorten(error.strerror or error)}.") from error
    return summary


def _silent(read: int) -> None:
    """Nobody watches."""


def _stage(cursor: Any, target: _System, source: Source, reading: Reading, progress: Progress) -> None:
    """Copy the rows of the file into the temporary table ``official_stage``."""
    cursor.execute(f"LOCK TABLE {target.table} IN SHARE ROW EXCLUSIVE MODE")  # two loads at once take turns
    columns = ", ".join(target.columns)
    cursor.execute("DROP TABLE IF EXISTS official_stage")
    cursor.execute(
        f"CREATE TEMP TABLE official_stage ON COMMIT DROP AS SELECT 0 AS place, {columns} FROM {target.table} WITH NO DATA"  # noqa: S608
    )
    for name, kind in target.extra:
        cursor.execute(f"ALTER TABLE official_stage ADD COLUMN {name} {kind}")
    names = (*target.columns, *(name for name, _ in target.extra))
    with cursor.copy(f"COPY official_stage (place, {', '.join(names)}) FROM STDIN") as copy:
        for place, row in enumerate(target.read(source, reading), 1):
            copy.write_row([place, *(sql.copyable(name, getattr(row, name)) for name in names)])
            if place % 1000 == 0:
                progress(reading.read)
    cursor.execute("ANALYZE official_stage")
    progress(reading.read)


def _merge(cursor: Any, target: _System, summary: LoadSummary, *, edition: str, retire: bool) -> None:
    for problem in (*sql.drop_repeated(cursor, target.key), *(target.before(cursor) if target.before else ())):
        summary.add(problem)
    retirable = target.retires
    compared = target.compared or tuple(column for column in target.columns if column != target.key)
    sql.note_changed(cursor, target.table, target.key, compared, retirable=retirable)
    placeholders = sql.count_placeholders(cursor, target.table, target.key) if target.model is ProductCode else 0
    summary.updated = sql.update_changed(cursor, target.table, target.key, target.columns, retirable=retirable)
    summary.created = sql.insert_new(cursor, target.table, target.key, target.columns, edition=edition, retirable=retirable)
    summary.created += placeholders  # known by its letters only until now: to whoever loads the list it is new
    summary.updated -= placeholders
    if target.after:
        target.after(cursor)
    if edition:
        sql.set_edition(cursor, target.table, target.key, edition)
    if retire and (codes := sql.retire_missing(cursor, target.table, target.key)):
        few = ", ".join(codes[:20]) + (", …" if len(codes) > 20 else "")
        message = f"{len(codes)} codes are not in this edition and are now marked retired: {few}. A partial file is loaded with --partial."
        summary.add(Problem(None, target.key, "", message, refused=False))


def _nothing_usable(reading: Reading, summary: LoadSummary) -> str:
    if not reading.read:
        return "There is no row in this file."
    first = summary.problems[0]
    return f"Not one of the {reading.read} rows can be used. The first problem is in row {first['row']}: {first['message']}"


def _edition_in(name: str) -> str:
    found = _EDITION_IN_NAME.search(name)
    return found.group().replace("_", "-") if found else ""


def _remember(system: str, path: Path, source: Source, edition: str, summary: LoadSummary) -> None:
    ReferenceLoad.objects.create(
        system=system, edition=edition, file_name=shorten(path.name), sha256=source.sha256(), counts=summary.counts()
    )
