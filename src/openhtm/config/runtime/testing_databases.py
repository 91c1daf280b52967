"""The databases of tests: the schema is built once, and every test process takes a copy of it.

Building the schema runs every migration, which costs more than many tests. PostgreSQL copies a database in a fraction of a second
(``CREATE DATABASE … TEMPLATE``), so a process whose tests empty the tables takes a new copy after each of them, and no test meets
a hospital without what the migrations put there. The schema is named after the files it is made of: a server that outlives the
session (``OPENHTM_TEST_DATABASE_URL``) keeps it until one of them changes.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import sql

OWN = "test_"  # how the names of copies begin
PACKAGE = Path(__file__).parents[2]
MADE_OF = ("*/migrations/*.py", "*/data/*", "core/together.py")


@cache
def schema_name() -> str:
    """Return the name of the database that holds the schema of these sources."""
    made_of = hashlib.sha256()
    for path in sorted(path for pattern in MADE_OF for path in PACKAGE.glob(pattern) if path.is_file()):
        made_of.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes())
    return f"schema_{made_of.hexdigest()[:16]}"


def take(home: Path, process: str) -> None:
    """Point Django at a new copy of the schema for ``process``."""
    connection = connections[DEFAULT_DB_ALIAS]
    own = f"{OWN}{connection.settings_dict['NAME']}_{process}"
    copy(home, own)
    connection.settings_dict["NAME"] = settings.DATABASES[DEFAULT_DB_ALIAS]["NAME"] = own


def renew(home: Path) -> None:
    """Take a new copy in place of this process's; nothing if it has none."""
    own = str(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"])
    if own.startswith(OWN):
        copy(home, own)


def copy(home: Path, name: str) -> None:
    """Make the database ``name`` a copy of the schema; whoever comes first builds that, for which Django must be let through.

    ``home`` is the folder of the session.
    """
    connections[DEFAULT_DB_ALIAS].close()
    with _alone(home), _server() as server:
        if not server.execute("SELECT true FROM pg_database WHERE datname = %s", [schema_name()]).fetchone():
            _build(server)
        server.execute(_drop(name))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(schema_name())))


def give_back() -> None:
    """Remove this process's copy."""
    connection = connections[DEFAULT_DB_ALIAS]
    connection.close()
    drop(str(connection.settings_dict["NAME"]))


def drop(name: str) -> None:
    """Remove the database ``name``, whoever is connected to it."""
    with _server() as server:
        server.execute(_drop(name))


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one test process at a time in: a database is copied only while nobody is connected to it."""
    with (home / "schema.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _server() -> psycopg.Connection:
    """Connect beside Django, which refuses between tests."""
    return psycopg.connect(os.environ["DATABASE_URL"], dbname="postgres", autocommit=True)


def _build(server: psycopg.Connection) -> None:
    """Run the migrations in a database that gets its name when they are done, so that half a schema is never copied."""
    connection = connections[DEFAULT_DB_ALIAS]
    plain, unfinished = connection.settings_dict["NAME"], f"unfinished_{schema_name()}"
    connection.settings_dict["TEST"]["NAME"] = unfinished
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES[DEFAULT_DB_ALIAS]["NAME"] = plain
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(schema_name())))


def _drop(name: str) -> sql.Composed:
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
