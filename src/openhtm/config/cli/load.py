"""``openhtm load``: official reference files, and the starter catalogue that is shipped."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openhtm.config.cli.shell import instance

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor

UNREADABLE = 2
FILES = {
    "fda-classification": "FDA product classification (foiclass.txt)",
    "gudid": "FDA's UDI database: JSON lines, a JSON list, or the XML of a release",
    "emdn": "European nomenclature: the published table, tab separated, or JSON",
    "gmdn": "GMDN terms, comma separated",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``load fda-classification|gudid|emdn|gmdn FILE`` ``load starter``, ``load work-codes``, ``load procedures``, ``load maintenance-policies`` and ``load training-policy``."""
    load = subparsers.add_parser(
        "load",
        help="load official reference files",
        description="Load official reference files, plain or gzip. Loading the same file again changes nothing.",
    )
    systems = load.add_subparsers(dest="system", required=True, metavar="WHAT")
    for system, what in FILES.items():
        command = systems.add_parser(system, help=what, description=f"Load {what}.")
        command.add_argument("file", type=Path, metavar="FILE", help="the file, plain or gzip")
        command.add_argument("--edition", default="", help="name of the edition (default: as the file or its name says)")
        if system != "gudid":
            command.add_argument("--partial", action="store_true", help="the file is only a part: retire nothing")
        command.add_argument("--json", action="store_true", help="end with one line of JSON")
        command.set_defaults(func=load_file, partial=False)
    starter = systems.add_parser("starter", help="the device types and manufacturers that are shipped")
    starter.add_argument("--json", action="store_true", help="end with one line of JSON")
    starter.set_defaults(func=load_starter)
    codes = systems.add_parser("work-codes", help="the coded lists, targets and templates of work that are shipped")
    codes.add_argument("--json", action="store_true", help="end with one line of JSON")
    codes.set_defaults(func=load_codes)
    procedures = systems.add_parser("procedures", help="the procedures that are shipped")
    procedures.add_argument("--json", action="store_true", help="end with one line of JSON")
    procedures.set_defaults(func=load_procedures)
    policies = systems.add_parser("maintenance-policies", help="the window profiles and the miss policy that are shipped")
    policies.add_argument("--json", action="store_true", help="end with one line of JSON")
    policies.set_defaults(func=load_policies)
    training = systems.add_parser("training-policy", help="the starter policy of clinical training that is shipped")
    training.add_argument("--json", action="store_true", help="end with one line of JSON")
    training.set_defaults(func=load_training)


def load_file(args: argparse.Namespace) -> int:
    """Answer 0, 1 with a refusal, or 2 if the file is not what it should be; then nothing was written."""
    with instance("openhtm load"):
        from openhtm.audit.context import acting
        from openhtm.catalog.services import official
        from openhtm.core.errors import DomainError

        actor = _actor()
        try:
            with acting(actor, reason=f"openhtm load {args.system}"):
                summary = official.load_official(
                    system=args.system,
                    path=args.file,
                    actor=actor,
                    edition=args.edition,
                    partial=args.partial,
                    progress=_Progress(args.system),
                )
        except official.UnreadableFile as refusal:
            return _refused(args, refusal.sentence, official.LoadSummary(), UNREADABLE)
        except DomainError as refusal:
            return _refused(args, refusal.sentence, official.LoadSummary(), 1)
    _report(args, summary)
    return 0


def load_starter(args: argparse.Namespace) -> int:
    """Answer 0; local changes are kept."""
    with instance("openhtm load"):
        from openhtm.audit.context import acting
        from openhtm.catalog.services import starter

        actor = _actor()
        with acting(actor, reason="openhtm load starter"):
            done = starter.load_starter(actor=actor)
        _report_shipped(args, done)
    return 0


def load_codes(args: argparse.Namespace) -> int:
    """Answer 0; local changes are kept."""
    with instance("openhtm load"):
        from openhtm.audit.context import acting
        from openhtm.workorders.services.codes import load_work_codes

        actor = _actor()
        with acting(actor, reason="openhtm load work-codes"):
            done = load_work_codes(actor=actor)
        _report_shipped(args, done)
    return 0


def load_procedures(args: argparse.Namespace) -> int:
    """Answer 0; procedures that were changed here are kept."""
    with instance("openhtm load"):
        from openhtm.audit.context import acting
        from openhtm.procedures.services.loading import load_starter_packs

        actor = _actor()
        with acting(actor, reason="openhtm load procedures"):
            done = load_starter_packs(actor=actor)
        _report_shipped(args, done)
    return 0


def load_policies(args: argparse.Namespace) -> int:
    """Answer 0; profiles and numbers that were changed here are kept."""
    with instance("openhtm load"):
        from openhtm.audit.context import acting
        from openhtm.maintenance.services.reference import load_maintenance_policies

        actor = _actor()
        with acting(actor, reason="openhtm load maintenance-policies"):
            done = load_maintenance_policies(actor=actor)
        _report_shipped(args, done)
    return 0


def load_training(args: argparse.Namespace) -> int:
    """Answer 0; lines that were ended here stay ended."""
    with instance("openhtm load"):
        from openhtm.audit.context import acting
        from openhtm.catalog.services.official import LoadSummary
        from openhtm.training.rules.shipped import starter_policy
        from openhtm.training.services.policies import load_starter_policy

        with acting(_actor(), reason="openhtm load training-policy"):
            created = load_starter_policy()
        read = len(starter_policy().lines)
        _report(args, LoadSummary(read=read, created=created, updated=0, unchanged=read - created))
    return 0


def _report_shipped(args: argparse.Namespace, done: Any) -> None:
    """Say what loading shipped data did; ``done`` counts read, created, updated and unchanged; ``kept`` is a count or a list."""
    from openhtm.catalog.services.official import LoadSummary

    kept = done.kept if isinstance(done.kept, int) else len(done.kept)
    _report(args, LoadSummary(read=done.read, created=done.created, updated=done.updated, unchanged=done.unchanged + kept))
    if kept and not args.json:
        print(f"{kept:,} left alone because they were changed here")


def _actor() -> Actor:
    from openhtm.identity.actor import Actor

    return Actor.system("openhtm load")


class _Progress:
    """Says on standard error how far the reading is, at most once a second."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._said_at = time.monotonic()

    def __call__(self, read: int) -> None:
        now = time.monotonic()
        if now - self._said_at >= 1:
            self._said_at = now
            print(f"{self._system}: {read:,} rows read", file=sys.stderr, flush=True)


def _report(args: argparse.Namespace, summary: Any) -> None:
    if args.json:
        print(json.dumps(summary.as_json_dict(), ensure_ascii=False))
        return
    print(
        f"{args.system}: {summary.read:,} read, {summary.created:,} created, {summary.updated:,} updated, {summary.unchanged:,} unchanged"
    )
    if summary.refused or summary.warnings:
        print(f"{summary.refused:,} refused, {summary.warnings:,} warnings:")
    for problem in summary.problems[:20]:
        where = ", ".join(filter(None, (f"row {problem['row']}" if problem["row"] else "", problem["column"], problem["value"])))
        print(f"  {where}: {problem['message']}" if where else f"  {problem['message']}")
    if (more := len(summary.problems) + summary.problems_cut - 20) > 0:
        print(f"  and {more:,} more; --json lists up to 1,000")


def _refused(args: argparse.Namespace, sentence: str, nothing: Any, code: int) -> int:
    print(f"openhtm load {args.system}: {sentence} Nothing was loaded.", file=sys.stderr)
    if args.json:
        nothing.problems.append({"row": None, "column": "", "value": "", "message": sentence})
        print(json.dumps(nothing.as_json_dict(), ensure_ascii=False))
    return code
