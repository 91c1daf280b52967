"""``openhtm visits`` and ``openhtm reconcile``: what is due, and bringing it in line with the facts."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import date

from openhtm.config.cli import COMMANDS
from openhtm.config.cli.shell import instance


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a day such as 2026-11-22") from None


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``visits`` and ``reconcile``."""
    visits = subparsers.add_parser(
        "visits", help=COMMANDS["visits"][1], description="Count visits by state and attempts by outcome. Changes nothing."
    )
    visits.add_argument("--as-of", type=_day, metavar="DATE", help="the day (default: the day it is at each facility)")
    visits.add_argument("--json", action="store_true", help="answer one JSON object")
    visits.set_defaults(func=count_visits)
    run = subparsers.add_parser(
        "reconcile",
        help=COMMANDS["reconcile"][1],
        description="Bring schedules, visits and work orders in line with the facts. Safe at any time, and twice.",
    )
    run.add_argument("--as-of", type=_day, metavar="DATE", help="the day (default: the day it is at each facility)")
    run.add_argument("--whole", action="store_true", help="compute everything, not only what changed since the last run")
    run.add_argument("--json", action="store_true", help="end with one JSON object")
    run.set_defaults(func=reconcile)


def count_visits(args: argparse.Namespace) -> int:
    """Answer 0."""
    with instance("openhtm visits"):
        from openhtm.identity.actor import Actor
        from openhtm.maintenance.queries.counts import counts_by_state

        counts = counts_by_state(actor=Actor.system("openhtm visits"), as_of=args.as_of)
    if args.json:
        print(json.dumps(counts.as_json()))
        return 0
    print(f"Visits as of {counts.as_of.isoformat()}")
    for state, count in counts.states.items():
        print(f"  {state:<12} {count:>12,}")
    print("Attempts")
    for code, count in counts.attempts.items():
        print(f"  {code:<14} {count:>10,}")
    return 0


def reconcile(args: argparse.Namespace) -> int:
    """Answer 0, or 1 with a refusal on standard error."""
    with instance("openhtm reconcile"):
        from openhtm.audit.context import acting
        from openhtm.core.errors import DomainError
        from openhtm.identity.actor import Actor
        from openhtm.maintenance.services.reconcile import reconcile as bring_in_line

        actor = Actor.system("openhtm reconcile")
        try:
            with acting(actor, reason="openhtm reconcile"):
                counts = bring_in_line(actor=actor, as_of=args.as_of, whole=args.whole)
        except DomainError as refusal:
            print(f"openhtm: {refusal.sentence}", file=sys.stderr)
            return 1
    if args.json:
        print(json.dumps(asdict(counts)))
    else:
        print(f"{counts.created:,} created, {counts.updated:,} updated, {counts.cancelled:,} cancelled.")
    return 0
