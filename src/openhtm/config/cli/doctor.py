"""``openhtm doctor``: is everything as it must be?"""

import argparse
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from openhtm.config.cli import COMMANDS
from openhtm.config.problem import CannotRun
from openhtm.config.runtime import database_for_command
from openhtm.config.runtime.paths import current_home

if TYPE_CHECKING:
    from openhtm.config.runtime.checks import Result


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``doctor``."""
    command = subparsers.add_parser(
        "doctor",
        help=COMMANDS["doctor"][1],
        description="Check settings, database and invariants. Changes nothing. Exit 1 if anything is wrong.",
    )
    command.add_argument("--json", action="store_true", help="answer one JSON object")
    command.set_defaults(func=doctor)


def doctor(args: argparse.Namespace) -> int:
    """Answer 0 when all is well, 1 when a check fails."""
    current_home().make()
    try:
        with database_for_command("openhtm doctor"):
            results = examine()
    except CannotRun as refusal:
        if not args.json:
            raise
        print(json.dumps({"ok": False, "checks": [{"code": "database", "ok": False, "message": str(refusal), "examples": []}]}))
        return 1
    ok = all(result.ok for result in results)
    print(json.dumps({"ok": ok, "checks": [asdict(result) for result in results]}) if args.json else as_text(results))
    return 0 if ok else 1


def examine() -> "list[Result]":
    """Set up Django on the database in the environment and run every check."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
    import django

    django.setup()
    from django.db import connections

    from openhtm.config.runtime import checks

    try:
        return checks.run_all(home=current_home())
    finally:
        connections.close_all()


def as_text(results: "list[Result]") -> str:
    """Return one line a check, its examples below it, and a closing line."""
    lines = []
    for result in results:
        lines.append(f"{'ok   ' if result.ok else 'WRONG'}  {result.message}")
        lines += [f"         {example}" for example in result.examples]
    wrong = sum(not result.ok for result in results)
    return "\n".join([*lines, f"{wrong} of {len(results)} checks found something wrong." if wrong else "Everything is as it must be."])
