"""What ``openhtm doctor`` looks at. Each check answers with one result; none changes anything."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import django
from django.core.checks import ERROR, run_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from openhtm.audit import invariants
from openhtm.config.runtime.paths import Home
from openhtm.documents import services as documents

LEAST_FREE_BYTES = 1 << 30
LEAST_SERVER_VERSION = 150_000
EXTENSIONS = frozenset({"btree_gist", "ltree", "pg_trgm"})


@dataclass(frozen=True, slots=True)
class Result:
    """One check: its stable ``code``, whether all is well, a sentence, and examples of what breaks it."""

    code: str
    ok: bool
    message: str
    examples: list[str] = field(default_factory=list)


def run_all(*, home: Home) -> list[Result]:
    """Check folder, settings, database, migrations and invariants. Stops at a database that does not answer."""
    results = [secret_key(home), *writable(home), free_disk(home), *settings()]
    database = server_version()
    results.append(database)
    if not database.ok:
        return results
    results += [extensions(), migrations()]
    return results + ([*laws(), files_without_record()] if results[-1].ok else [])


def secret_key(home: Home) -> Result:
    """The key that signs sessions is readable by its owner alone."""
    path = home.root / "secret-key"
    if os.environ.get("OPENHTM_SECRET_KEY") or not path.exists():
        return Result("secret-key", True, "The secret key comes from OPENHTM_SECRET_KEY or is made at the first start.")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Result("secret-key", False, f"Others can read {path} (mode {mode:o}). Run: chmod 600 '{path}'")
    return Result("secret-key", True, "The secret key is readable by its owner alone.")


def writable(home: Home) -> Iterator[Result]:
    """The folders that we write to accept writes."""
    for folder in (home.root, home.files):
        ok = not folder.exists() or os.access(folder, os.W_OK | os.X_OK)
        yield Result(
            "data-folder", ok, f"{folder} is writable." if ok else f"{folder} is not writable. Give it back to the user of OpenHTM."
        )


def free_disk(home: Home) -> Result:
    """At least a gibibyte is free where the data lives."""
    free = shutil.disk_usage(home.root).free
    text = f"{free / (1 << 30):.1f} GiB free at {home.root}."
    return Result(
        "free-disk",
        free >= LEAST_FREE_BYTES,
        text if free >= LEAST_FREE_BYTES else f"Only {text} Make room: the database stops when it is full.",
    )


def settings() -> Iterator[Result]:
    """Django's own checks of the configuration."""
    errors = [found for found in run_checks() if found.level >= ERROR and not found.is_silenced()]
    for found in errors:
        yield Result("settings", False, f"{found.msg} {found.hint or ''}".strip())
    if not errors:
        yield Result("settings", True, f"The settings are sound (Django {django.get_version()}).")


def server_version() -> Result:
    """The database answers and is recent enough."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            number = int(cursor.fetchone()[0])
    except DatabaseError as refusal:
        return Result("database", False, f"The database does not answer: {str(refusal).strip()} Check DATABASE_URL.")
    version = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < LEAST_SERVER_VERSION:
        return Result("database", False, f"The database is {version}. OpenHTM needs 15 or later.")
    return Result("database", True, f"The database answers ({version}).")


def extensions() -> Result:
    """The extensions that the tables need are there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_available_extensions WHERE name = ANY(%s)", [sorted(EXTENSIONS)])
        missing = sorted(EXTENSIONS - {name for (name,) in cursor.fetchall()})
    if missing:
        return Result("extensions", False, "The database server lacks extensions. Install postgresql-contrib on it.", missing)
    return Result("extensions", True, "All extensions are available.")


def migrations() -> Result:
    """Every migration is applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        return Result("migrations", False, f"{len(plan)} migrations are pending. Run openhtm migrate.", [str(step) for step, _ in plan[:5]])
    return Result("migrations", True, "Every migration is applied.")


def laws(run: Callable[[], list[invariants.Finding]] = invariants.run_all) -> Iterator[Result]:
    """What must always hold between stored facts."""
    broken = {finding.code: finding for finding in run()}
    for law in invariants.registered():
        finding = broken.get(law.code)
        if finding:
            yield Result(law.code, False, f"{finding.message} Does not hold for {finding.count}.", finding.examples)
        else:
            yield Result(law.code, True, law.promise)


def files_without_record() -> Result:
    """Files that no record names are a note: a crash left them, and the nightly job removes them."""
    found = documents.unreferenced_files()
    if not found:
        return Result("unreferenced-files", True, "Every file on disk belongs to a record.")
    return Result(
        "unreferenced-files",
        True,
        f"{len(found)} files on disk belong to no record. The nightly job removes them.",
        [path.name for path in found[:5]],
    )
