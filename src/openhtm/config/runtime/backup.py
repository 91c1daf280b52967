"""One file with everything: the database, the stored files, and a manifest with the hash of each.

A backup is a tar archive: ``manifest.json`` first, then ``database.dump`` (pg_dump's custom format), then ``files/...``.
It is written beside its final name and renamed when complete, and can be made while OpenHTM runs: the dump is one snapshot,
and stored files are only ever added.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

import psycopg

import openhtm
from openhtm.config.problem import CannotRun
from openhtm.config.runtime.binaries import Binaries, bundled
from openhtm.config.runtime.paths import Home

FORMAT = "openhtm-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
FILES = "files"
CHUNK_BYTES = 1 << 20
MANIFEST_LIMIT_BYTES = 256 * CHUNK_BYTES


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a backup. ``size`` in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says about itself."""

    format: str
    format_version: int
    openhtm_version: str
    made_at: str
    members: list[Member]


def write_backup(*, target: Path, url: str, home: Home) -> Manifest:
    """Write a backup to ``target``, replacing an earlier one only when complete. Raises CannotRun."""
    target = target.absolute()
    if not target.parent.is_dir():
        raise CannotRun(f"The folder {target.parent} does not exist. Make it first, or name another file.")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as passing:
            dump, made = Path(passing) / DUMP, Path(passing) / "backup"
            _dump(bundled(), url, dump)
            sources = [(DUMP, dump), *_stored_files(home.files)]
            manifest = Manifest(
                FORMAT, FORMAT_VERSION, openhtm.__version__, datetime.now(UTC).isoformat(timespec="seconds"), _measure(sources)
            )
            _write_archive(made, manifest, sources)
            made.replace(target)
    except OSError as refusal:
        raise CannotRun(f"The backup could not be written to {target}: {refusal.strerror}.") from refusal
    _remember(manifest, target, home)
    return manifest


def _remember(manifest: Manifest, target: Path, home: Home) -> None:
    """Keep when this instance was last backed up, for the pages of whoever looks after it."""
    facts = {"made_at": manifest.made_at, "file": str(target), "bytes": target.stat().st_size}
    passing = home.last_backup.with_suffix(".passing")
    passing.write_text(json.dumps(facts), encoding="utf-8")
    passing.replace(home.last_backup)


def read_manifest(archive: tarfile.TarFile) -> Manifest:
    """Return the manifest of an open backup. Raises CannotRun if this is no backup of ours or a later format."""
    first = archive.next()
    stream = archive.extractfile(first) if first and first.name == MANIFEST and first.size <= MANIFEST_LIMIT_BYTES else None
    try:
        facts = json.loads(stream.read()) if stream else None
        if not isinstance(facts, dict) or facts.get("format") != FORMAT:
            raise CannotRun(f"This file is not an OpenHTM backup: it does not begin with its {MANIFEST}.")
        manifest = Manifest(**{**facts, "members": [Member(**member) for member in facts["members"]]})
    except (ValueError, KeyError, TypeError) as broken:
        raise CannotRun(f"The {MANIFEST} of this backup is damaged: {broken}.") from broken
    if manifest.format_version > FORMAT_VERSION or _version(manifest.openhtm_version) > _version(openhtm.__version__):
        raise CannotRun(f"This backup was made by OpenHTM {manifest.openhtm_version}, this is {openhtm.__version__}. Update OpenHTM first.")
    return manifest


def verify(source: Path) -> Manifest:
    """Read the whole backup and compare every hash. Raises CannotRun naming the first member that differs."""
    with _opened(source) as archive:
        manifest = read_manifest(archive)
        expected = {member.name: member for member in manifest.members}
        for entry in archive:
            _check_entry(archive, entry, expected)
    if expected:
        raise CannotRun(f"This backup is incomplete: {min(expected)} is missing. Nothing was changed.")
    return manifest


def restore(*, source: Path, url: str, home: Home, replace: bool) -> Manifest:
    """Bring a verified backup back, the database in one transaction. Raises CannotRun; then nothing was changed.

    Refuses an instance that holds anything, unless ``replace``.
    """
    manifest = verify(source)
    if not replace and not is_empty(url):
        raise CannotRun("This instance already holds data. Restore into an empty one (another OPENHTM_HOME), or add --replace to lose it.")
    with tempfile.TemporaryDirectory(prefix=".restore.", dir=home.root) as passing:
        with _opened(source) as archive:
            _extract(archive, Path(passing), {member.name for member in manifest.members})
        fresh = Path(passing) / FILES
        fresh.mkdir(mode=0o700, exist_ok=True)
        _load(bundled(), url, Path(passing) / DUMP)
        old = Path(passing) / "replaced"
        if home.files.exists():
            home.files.rename(old)
        fresh.rename(home.files)
    return manifest


def is_empty(url: str) -> bool:
    """Tell whether the database has no table outside the system's own schemas. Extensions do not count."""
    query = """
        SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"""
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone() == (0,)


def _dump(programs: Binaries, url: str, dump: Path) -> None:
    command = [programs.program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}"]
    _run(command, url, "The database could not be dumped")
    dump.chmod(0o600)


def _load(programs: Binaries, url: str, dump: Path) -> None:
    """Empty the schema and load the dump in one transaction, so that a failure leaves the old data as it was."""
    script = dump.with_name("restore.sql")
    _run([programs.program("pg_restore"), "--no-owner", "--no-privileges", f"--file={script}", str(dump)], None, "The dump is damaged")
    command = [programs.program("psql"), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    command += ["--command=SET client_min_messages = warning", "--command=DROP SCHEMA public CASCADE", "--command=CREATE SCHEMA public"]
    _run([*command, f"--file={script}"], url, "The database refused the backup; nothing was changed")


def _run(command: list[str], url: str | None, failed: str) -> None:
    """Run a PostgreSQL tool. The address goes through its environment, so that no password stands in the process list."""
    environment = {**os.environ, **_connection_variables(url)} if url else dict(os.environ)
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise CannotRun(f"{failed}: {done.stderr.decode(errors='replace').strip()}")


def _connection_variables(url: str) -> dict[str, str]:
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "dbname": "PGDATABASE",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "sslmode": "PGSSLMODE",
        "sslrootcert": "PGSSLROOTCERT",
    }
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return {variable: str(parts[name]) for name, variable in names.items() if parts.get(name) is not None}


def _stored_files(folder: Path) -> list[tuple[str, Path]]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) if folder.is_dir() else []
    return [(f"{FILES}/{path.relative_to(folder).as_posix()}", path) for path in found]


def _measure(sources: Iterable[tuple[str, Path]]) -> list[Member]:
    members = []
    for name, path in sources:
        with path.open("rb") as stream:
            members.append(Member(name, path.stat().st_size, _hash(stream)))
    return members


def _hash(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _write_archive(made: Path, manifest: Manifest, sources: Iterable[tuple[str, Path]]) -> None:
    text = json.dumps(asdict(manifest), ensure_ascii=False).encode()
    with made.open("xb") as output:
        made.chmod(0o600)
        with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
            head = tarfile.TarInfo(MANIFEST)
            head.size, head.mode = len(text), 0o600
            archive.addfile(head, io.BytesIO(text))
            for name, path in sources:
                archive.add(path, arcname=name, recursive=False)
        output.flush()
        os.fsync(output.fileno())


def _opened(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source, mode="r:")
    except FileNotFoundError as missing:
        raise CannotRun(f"There is no file {source}.") from missing
    except (OSError, tarfile.TarError) as broken:
        raise CannotRun(f"{source} cannot be read as a backup: {broken}.") from broken


def _check_entry(archive: tarfile.TarFile, entry: tarfile.TarInfo, expected: dict[str, Member]) -> None:
    if entry.name == MANIFEST:
        return
    member = expected.pop(entry.name, None)
    parts = PurePosixPath(entry.name).parts
    stream = archive.extractfile(entry) if entry.isfile() else None
    if member is None or stream is None or ".." in parts or parts[0] not in {DUMP, FILES}:
        raise CannotRun(f"This backup holds {entry.name!r}, which its {MANIFEST} does not allow. Nothing was changed.")
    if entry.size != member.size or _hash(stream) != member.sha256:
        raise CannotRun(f"This backup is damaged: {entry.name} differs from its hash. Nothing was changed.")


def _extract(archive: tarfile.TarFile, target: Path, wanted: set[str]) -> None:
    """Write the verified members below ``target``. Owners, modes and links of the archive are ignored."""
    for entry in archive:
        stream = archive.extractfile(entry) if entry.name in wanted else None
        if stream is not None:
            path = target / entry.name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("xb") as output:
                path.chmod(0o600)
                shutil.copyfileobj(stream, output, CHUNK_BYTES)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
