"""The complete dump: every row of every table as JSON lines, every file, and a manifest with hashes. And its way back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pgtrigger
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from openhtm.core.errors import DomainError
from openhtm.documents.models import StoredFile
from openhtm.documents.services import path_of

FORMAT = 1
MANIFEST = "manifest.json"
_BATCH = 5000
_CHUNK = 1 << 20
Model = type[models.Model]
Say = Callable[[str], None]


class NotEmpty(DomainError):
    code = "dump-target-not-empty"
    message = "{what} is not empty. {remedy}"


class BadDump(DomainError):
    """The dump cannot be restored here; nothing was written."""

    code = "bad-dump"
    message = "The dump cannot be restored: {reason}"


def export_dump(*, folder: Path, tables: Sequence[Model], sequences: Sequence[str] = (), say: Say = print) -> dict[str, Any]:
    """Write every row of ``tables`` and every stored file to ``folder``, as of one instant. Returns the manifest.

    Files get mode 0600: they hold password and token hashes. The manifest comes last, so a dump without one is incomplete.
    Nothing in it depends on the clock: the same state gives the same bytes. Raises NotEmpty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise NotEmpty(what=str(folder), remedy="Choose a new folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files: dict[str, dict[str, Any]] = {}
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for model in tables:
            name = f"tables/{model._meta.db_table}.jsonl"
            files[name] = _write_table(folder / name, model)
            say(f"{model._meta.db_table}: {files[name]['rows']:,} rows")
        missing = _write_files(folder, files, say)
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "migrations": _migrations(),
            "sequences": {name: _sequence(name) for name in _sequences_of(tables, sequences)},
            "missing_files": missing,
        }
    files["README.md"] = _write_bytes(folder / "README.md", iter([_readme(tables).encode()]))
    manifest["files"] = dict(sorted(files.items()))
    _write_bytes(folder / MANIFEST, iter([json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n"]))
    return manifest


def _columns(model: Model) -> list[str]:
    return [field.column for field in model._meta.local_concrete_fields if not field.generated and field.column]


def _write_table(path: Path, model: Model) -> dict[str, Any]:
    query = sql.SQL("COPY (SELECT row_to_json(r)::text FROM (SELECT {columns} FROM {table} ORDER BY {key}) AS r) TO STDOUT").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, _columns(model))),
        table=sql.Identifier(model._meta.db_table),
        key=sql.Identifier(str(model._meta.pk.column)),
    )
    rows = 0

    def lines() -> Iterator[bytes]:
        nonlocal rows
        with connection.cursor() as cursor, cursor.copy(query) as copy:
            for row in copy.rows():
                rows += 1
                yield row[0].encode() + b"\n"

    facts = _write_bytes(path, lines())
    return facts | {"rows": rows}


def _write_bytes(path: Path, pieces: Iterator[bytes]) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            target.write(piece)
    return {"sha256": digest.hexdigest(), "bytes": size}


def _write_files(folder: Path, files: dict[str, dict[str, Any]], say: Say) -> list[str]:
    """Copy the content of every stored file; return the hashes of those that are not on disk any more."""
    missing = []
    for sha256 in StoredFile.objects.order_by("sha256").values_list("sha256", flat=True).iterator(chunk_size=2000):
        source = path_of(sha256)
        if not source.is_file():
            missing.append(sha256)
            continue
        name = f"files/{sha256[:2]}/{sha256[2:4]}/{sha256}"
        with source.open("rb") as content:
            files[name] = _write_bytes(folder / name, _pieces(content))
    say(f"files: {sum(1 for name in files if name.startswith('files/')):,}")
    return missing


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    while piece := content.read(_CHUNK):
        yield piece


def _migrations() -> list[str]:
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def _sequences_of(tables: Sequence[Model], more: Sequence[str]) -> list[str]:
    found = set(more)
    with connection.cursor() as cursor:
        for model in tables:
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [model._meta.db_table, model._meta.pk.column])
            if name := cursor.fetchone()[0]:
                found.add(name.removeprefix("public."))
    return sorted(found)


def _sequence(name: str) -> int | None:
    """The last number given, or None if none was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = %s", [name])
        row = cursor.fetchone()
        return None if row is None else row[0]


def import_dump(*, folder: Path, tables: Sequence[Model], must_be_empty: Sequence[Model], say: Say = print) -> dict[str, Any]:
    """Bring a dump back into an empty instance of the same version, in one transaction. Returns the manifest.

    Every hash is checked before the first row is written. History is restored as it was, so the triggers that write it
    rest meanwhile. Raises BadDump, NotEmpty.
    """
    manifest = read_manifest(folder)
    _refuse_other_version(manifest, tables)
    for model in must_be_empty:
        if model._default_manager.exists():
            raise NotEmpty(what="This instance", remedy=f"It holds {model._meta.verbose_name_plural}. Restore into a fresh one.")
    _verify(folder, manifest, say)
    _bring_files(folder, manifest)
    with transaction.atomic(durable=True), pgtrigger.ignore():
        _clear(tables)
        for model in tables:
            rows = _load(folder / f"tables/{model._meta.db_table}.jsonl", model)
            say(f"{model._meta.db_table}: {rows:,} rows")
        _set_sequences(manifest["sequences"])
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises BadDump."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise BadDump(reason=f"{folder} has no {MANIFEST}; the export did not finish, or this is another folder.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise BadDump(reason=f"{MANIFEST} cannot be read ({error}).") from None
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(part), dict) for part in ("files", "sequences")):
        raise BadDump(reason=f"{MANIFEST} is not that of a dump.")
    if manifest.get("format") != FORMAT:
        raise BadDump(reason=f"its format is {manifest.get('format')}, this version reads {FORMAT}.")
    return manifest


def _refuse_other_version(manifest: dict[str, Any], tables: Sequence[Model]) -> None:
    theirs, ours = set(manifest.get("migrations", ())), set(_migrations())
    if unknown := sorted(theirs - ours):
        raise BadDump(reason=f"it comes from a newer version (this one lacks {unknown[-1]}). Upgrade OpenHTM, then restore.")
    if lacking := sorted(ours - theirs):
        raise BadDump(reason=f"it comes from an older version (it lacks {lacking[0]}). Restore it with that version, then upgrade.")
    wanted = {f"tables/{model._meta.db_table}.jsonl" for model in tables}
    if absent := sorted(wanted - set(manifest["files"])):
        raise BadDump(reason=f"{absent[0]} is missing from its manifest.")


def _verify(folder: Path, manifest: dict[str, Any], say: Say) -> None:
    root = folder.resolve()
    for name, facts in manifest["files"].items():
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise BadDump(reason=f"its manifest names {name[:80]}, which lies outside.")
        try:
            with path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
        except OSError:
            raise BadDump(reason=f"{name} is missing.") from None
        if digest != facts.get("sha256"):
            raise BadDump(reason=f"{name} was changed or damaged: its hash is not the one in the manifest.")
    say(f"{len(manifest['files']):,} files verified")


def _bring_files(folder: Path, manifest: dict[str, Any]) -> None:
    """Files first: one without a row is harmless, a row without its file is not."""
    for name, facts in manifest["files"].items():
        if not name.startswith("files/"):
            continue
        target = path_of(facts["sha256"])
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial = target.with_suffix(".part")
            shutil.copyfile(folder / name, partial)
            partial.chmod(0o600)
            partial.replace(target)


def _clear(tables: Sequence[Model]) -> None:
    """Take away what migrations put into a fresh instance, such as label templates: the dump holds its own."""
    names = sql.SQL(", ").join(sql.Identifier(model._meta.db_table) for model in tables)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("TRUNCATE {}").format(names))


def _load(path: Path, model: Model) -> int:
    columns = sql.SQL(", ").join(map(sql.Identifier, _columns(model)))
    query = sql.SQL(
        "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
    ).format(table=sql.Identifier(model._meta.db_table), columns=columns)
    rows = 0
    with path.open("rb") as lines, connection.cursor() as cursor:
        while batch := _batch(lines):
            cursor.execute(query, [(b"[" + b",".join(batch) + b"]").decode()])
            rows += len(batch)
    return rows


def _batch(lines: BinaryIO) -> list[bytes]:
    found, size = [], 0
    for line in lines:
        found.append(line)
        size += len(line)
        if len(found) >= _BATCH or size > 8 * _CHUNK:
            break
    return found


def _set_sequences(values: dict[str, int | None]) -> None:
    with connection.cursor() as cursor:
        for name, last in values.items():
            cursor.execute("SELECT 1 FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = %s", [name])
            if cursor.fetchone():
                cursor.execute("SELECT setval(%s::regclass, %s, %s)", [name, 1 if last is None else last, last is not None])


def _readme(tables: Sequence[Model]) -> str:
    """What every file and column means, from the words of the models themselves."""
    parts = [_INTRODUCTION]
    for model in tables:
        about = (
            (model.__doc__ or "").strip().splitlines()[0] if model.__doc__ and not model.__doc__.startswith(f"{model.__name__}(") else ""
        )
        parts.append(
            f"\n## tables/{model._meta.db_table}.jsonl\n\n{about or _about_event(model)}\n\n| Column | Type | Meaning |\n|---|---|---|"
        )
        for field in model._meta.local_concrete_fields:
            if field.generated:
                continue
            target = f"key of {field.related_model._meta.db_table}" if field.is_relation and field.related_model else ""
            words = " ".join(filter(None, (str(field.help_text), target))).replace("|", "\\|").replace("\n", " ")
            parts.append(f"| {field.column} | {field.db_type(connection)} | {words} |")
    return "\n".join(parts) + "\n"


def _about_event(model: Model) -> str:
    return "History: one line for every insert, update and delete." if hasattr(model, "pgh_obj_id") else "Rows of this table."


_INTRODUCTION = """# A complete dump of OpenHTM

Everything this instance held at one instant, without loss. `openhtm import-dump DIR` brings it back into an empty
instance of the same version; any program can read it.

* `tables/*.jsonl`: one table each; one row a line as a JSON object, by primary key. Dates are ISO 8601, instants carry
  their offset, amounts are whole cents.
* `files/ab/cd/<sha256>`: the content of attachments and imported files, named by its hash.
* `manifest.json`: format, database version, last numbers given, and size, rows and SHA-256 of every other file.

Not included: sessions, attempts to log in, and the job queue. Included: hashes of passwords and of API tokens, so keep
these files as safe as the database itself."""
