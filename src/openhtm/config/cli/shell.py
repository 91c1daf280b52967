"""What commands stand on that work in an instance: its database with the tables of this version, and Django."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def instance(label: str) -> Iterator[None]:
    """Find or start the database, make the tables where it has none yet, and set Django up.

    Raises CannotRun; also where the tables are those of an older version.
    """
    import psycopg  # nothing of this is needed to read --help

    from openhtm.config.cli.migrate import bring_up_to_date
    from openhtm.config.problem import CannotRun
    from openhtm.config.runtime import database_for_command
    from openhtm.config.runtime.backup import is_empty

    with database_for_command(label) as url:
        try:
            new = is_empty(url)
        except psycopg.OperationalError as silence:
            raise CannotRun(f"The database does not answer: {str(silence).strip()}") from silence
        if new:
            print("openhtm: This database is new: its tables are made first.", file=sys.stderr)
            bring_up_to_date(verbosity=0)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
        import django

        django.setup()
        with _naming_missing_tables():
            yield


@contextlib.contextmanager
def _naming_missing_tables() -> Iterator[None]:
    from django.db import ProgrammingError
    from psycopg.errors import UndefinedColumn, UndefinedTable

    from openhtm.config.problem import CannotRun

    try:
        yield
    except (ProgrammingError, UndefinedColumn, UndefinedTable) as error:
        if isinstance(error, ProgrammingError) and not isinstance(error.__cause__, UndefinedColumn | UndefinedTable):
            raise
        raise CannotRun("This database lacks tables of this version. Run openhtm migrate, then this command again.") from error


def in_shell(work: str, *arguments: Any) -> int:
    """Call ``config.cli.accounts.<work>`` in the instance; 0, or 1 with the refusal on standard error."""
    with instance("openhtm"):
        accounts = importlib.import_module("openhtm.config.cli.accounts")
        return int(accounts.refusing(lambda: getattr(accounts, work)(*arguments)))


def in_shell_of(module: str, work: str, *arguments: Any) -> int:
    """Call ``module.work`` in the instance and return its exit code."""
    with instance("openhtm"):
        return int(getattr(importlib.import_module(module), work)(*arguments))
