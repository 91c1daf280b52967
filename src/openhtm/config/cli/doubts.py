"""``openhtm doubts``: what a tester out of tolerance puts in doubt, and turning it into work."""

from __future__ import annotations

import argparse

from openhtm.config.cli.shell import in_shell_of


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``doubts NUMBER``."""
    command = subparsers.add_parser(
        "doubts",
        help="list what a tester out of tolerance measured",
        description="List every device whose results a tester judged between its last good calibration and the finding, the worst first.",
    )
    command.add_argument("tester", metavar="NUMBER", help="control number of the tester")
    command.add_argument("--found", metavar="DATE", help="day of the finding (default: the newest)")
    command.add_argument("--error", metavar="PERCENT", type=float, help="suppose this error instead of the one recorded")
    command.add_argument("--close", action="store_true", help="only what could be otherwise")
    command.add_argument("--open-orders", action="store_true", help="open an order for each device that has none because of this finding")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Answer 0; 1 if there is no such tester or finding."""
    return in_shell_of("openhtm.config.cli.testing", "list_doubts", args)
