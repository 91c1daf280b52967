"""The ``openhtm`` command. Each command is a module here, imported only when it is asked for."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any

from openhtm.config.problem import CannotRun

COMMANDS = {
    "run": ("serve", "start everything with the demo hospital, on this machine only"),
    "serve": ("serve", "start pages, jobs and the bundled database for your own data"),
    "web": ("serve", "start the pages only"),
    "worker": ("serve", "start the job worker only"),
    "migrate": ("migrate", "bring the database up to this version"),
    "doctor": ("doctor", "check settings, database and what must always hold"),
    "backup": ("backup", "write everything into one file"),
    "restore": ("backup", "bring a backup back"),
    "demo": ("demo", "fill an empty database with the demo hospital"),
    "token": ("token", "make, list and revoke API tokens"),
    "user": ("user", "make and change people"),
    "load": ("load", "load official reference files"),
    "procedures": ("procedures", "read and write packs of procedures"),
    "visits": ("visits", "count maintenance visits by state"),
    "reconcile": ("visits", "bring visits and work orders in line with the facts"),
    "udi": ("udi", "take UDI bar codes apart"),
    "eligibility": ("eligibility", "tell whether a person may apply for a certification"),
    "import": ("imports", "import your own lists"),
    "doubts": ("doubts", "list what a tester out of tolerance measured"),
    "openapi": ("openapi", "print the API's contract"),
    "export": ("export", "write the complete dump"),
    "import-dump": ("export", "restore a complete dump into an empty instance"),
}
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 refused or problems found, 2 wrong usage, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    args = parser(arguments).parse_args(arguments)
    try:
        return int(args.func(args))
    except CannotRun as refusal:
        print(f"openhtm: {refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as head does
        sys.stderr.close()
        return 0


def parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser with the full arguments of the command in ``arguments`` and one line for each other."""
    top = argparse.ArgumentParser(prog="openhtm", description="Healthcare technology management.", allow_abbrev=False)
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = next((word for word in arguments if not word.startswith("-")), None)
    present = available()
    if asked in present:
        _add_module(present[asked][0], subparsers)
    for name, (_module, summary) in present.items():
        if name not in subparsers.choices:
            subparsers.add_parser(name, help=summary)
    return top


def available() -> dict[str, tuple[str, str]]:
    """Return the commands whose module is installed: name to module and summary."""
    modules = {found.name for found in pkgutil.iter_modules(__path__)}
    return {name: facts for name, facts in COMMANDS.items() if facts[0] in modules}


def _add_module(name: str, subparsers: Any) -> None:
    importlib.import_module(f"{__name__}.{name}").add_parser(subparsers)
