"""Commands that work on accounts: the database is found or started, then Django, then the work is done."""

from __future__ import annotations

import importlib
import os
from typing import Any


def in_shell(work: str, *arguments: Any) -> int:
    """Call ``config.cli.accounts.<work>`` with the database running; 0, or 1 with the refusal on standard error."""
    from openhtm.config.runtime import database_for_command  # starting a server is not needed to read --help

    with database_for_command("openhtm"):
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
        import django

        django.setup()
        accounts = importlib.import_module("openhtm.config.cli.accounts")
        return int(accounts.refusing(lambda: getattr(accounts, work)(*arguments)))


def in_shell_of(module: str, work: str, *arguments: Any) -> int:
    """Call ``module.work`` with the database running and Django set up, and return its exit code."""
    from openhtm.config.runtime import database_for_command

    with database_for_command("openhtm"):
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
        import django

        django.setup()
        return int(getattr(importlib.import_module(module), work)(*arguments))
