"""``openhtm export`` and ``openhtm import-dump``: leave with everything, and come back with everything."""

from __future__ import annotations

import argparse

from openhtm.config.cli.shell import in_shell_of


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``export DIR`` and ``import-dump DIR``."""
    export = subparsers.add_parser(
        "export", help="write the complete dump", description="Write every row, every file and the whole history to a new folder."
    )
    export.add_argument("folder", metavar="DIR")
    export.add_argument("--quiet", action="store_true", help="say nothing unless it fails")
    export.set_defaults(func=lambda args: in_shell_of("openhtm.config.cli.dumping", "export", args))
    restore = subparsers.add_parser(
        "import-dump", help="restore a complete dump into an empty instance", description="All of it or, if anything is wrong, nothing."
    )
    restore.add_argument("folder", metavar="DIR")
    restore.add_argument("--quiet", action="store_true", help="say nothing unless it fails")
    restore.set_defaults(func=lambda args: in_shell_of("openhtm.config.cli.dumping", "restore", args))
