"""``openhtm import``: a list of devices or a tester's file from the shell, by the same steps as the pages."""

from __future__ import annotations

import argparse
import sys

from openhtm.config.cli.shell import in_shell_of


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``import devices FILE``, ``import tester-file FILE`` and ``import --list-profiles``."""
    command = subparsers.add_parser(
        "import",
        help="import your own lists",
        description="Read a CSV or XLSX file, check every row, and write all that is sound in one transaction. "
        "Exit 0: done. 1: done, but some rows were refused or in conflict. 2: the file or the request cannot be used; nothing was written.",
    )
    command.add_argument("--list-profiles", action="store_true", help="show the saved profiles and end")
    kinds = command.add_subparsers(dest="target", metavar="WHAT")
    devices = kinds.add_parser("devices", help="devices of one facility, or of those that the file names")
    devices.add_argument("file", metavar="FILE")
    devices.add_argument("--profile", metavar="P", help="saved profile (default: the one that fits best, else names and contents decide)")
    devices.add_argument("--facility", metavar="CODE", help="where the devices stand (default: the only facility, or as the file says)")
    devices.add_argument("--sheet", metavar="NAME", help="sheet of the workbook")
    devices.add_argument("--dry-run", action="store_true", help="check only, write nothing")
    devices.add_argument("--json", action="store_true", help="end with one JSON line")
    tester = kinds.add_parser("tester-file", help="results that a tester exported as XML or CSV")
    tester.add_argument("file", metavar="FILE")
    tester.add_argument("--mapping", metavar="CODE", required=True, help="how it is read; the page Mappings lists them")
    tester.add_argument("--tester", metavar="NUMBER", help="control number of the tester, where the file does not name it")
    tester.add_argument("--facility", metavar="CODE", help="where it was measured (default: the tester's, or the only facility)")
    tester.add_argument("--open-orders", action="store_true", help="open a safety test for devices that have no order for their test")
    tester.add_argument("--dry-run", action="store_true", help="check only, keep and write nothing")
    tester.add_argument("--json", action="store_true", help="end with one JSON line")
    command.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Answer 0, 1 if rows were left out, 2 if nothing could be done."""
    if args.list_profiles:
        return in_shell_of("openhtm.config.cli.importing", "list_profiles")
    if args.target is None:
        print("openhtm import: say what to import: openhtm import devices FILE", file=sys.stderr)
        return 2
    if args.target == "tester-file":
        return in_shell_of("openhtm.config.cli.testing", "import_tester_file", args)
    return in_shell_of("openhtm.config.cli.importing", "import_devices", args)
