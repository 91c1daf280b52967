"""``openhtm procedures``: packs of procedures in and out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from openhtm.config.cli.shell import instance

UNREADABLE = 2
MOST_SHOWN = 20


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``procedures import FILE`` and ``procedures export [CODE …] FILE``."""
    procedures = subparsers.add_parser(
        "procedures", help="read and write packs of procedures", description="Packs of procedures, in and out."
    )
    ways = procedures.add_subparsers(dest="way", required=True, metavar="WHAT")
    taken = ways.add_parser("import", help="read a pack", description="Read a pack. What was changed here is kept and listed.")
    taken.add_argument("file", type=Path, metavar="FILE", help="the pack, YAML")
    taken.add_argument("--release", action="store_true", help="put its procedures in force at once, without a review here")
    taken.add_argument("--json", action="store_true", help="end with one line of JSON")
    taken.set_defaults(func=import_file)
    given = ways.add_parser("export", help="write a pack", description="Write the released versions of procedures as a pack.")
    given.add_argument("codes", nargs="*", metavar="CODE", help="codes of procedures (default: all that are released)")
    given.add_argument("file", type=Path, metavar="FILE", help="where to; it must not exist yet")
    given.add_argument("--pack", default="procedures", help="code of the pack")
    given.add_argument("--title", default="Procedures", help="its title")
    given.add_argument("--edition", default="", help="its edition (default: today's date)")
    given.add_argument("--source", default="", help="who wrote the procedures")
    given.set_defaults(func=export_file)


def import_file(args: argparse.Namespace) -> int:
    """Answer 0; 1 if something was left alone; 2 if the file is not a pack, then nothing was stored."""
    try:
        data = args.file.read_bytes()
    except OSError as error:
        return _failed(f"{args.file} cannot be read: {error.strerror}.")
    with instance("openhtm procedures"):
        from openhtm.audit.context import acting
        from openhtm.identity.actor import Actor
        from openhtm.procedures.rules.packs import PackError
        from openhtm.procedures.services.loading import import_pack

        actor = Actor.system("openhtm procedures")
        try:
            with acting(actor, reason=f"openhtm procedures import {args.file.name}"[:200]):
                done = import_pack(actor=actor, data=data, release=args.release)
        except PackError as wrong:
            more = len(wrong.problems) - MOST_SHOWN
            lines = [str(one) for one in wrong.problems[:MOST_SHOWN]] + ([f"and {more} more"] if more > 0 else [])
            return _failed("The file cannot be used. Nothing was stored.\n  " + "\n  ".join(lines))
    print(
        f"{done.read} read, {done.created} new, {done.updated} with a new version, {done.unchanged} unchanged, {len(done.kept)} left alone"
    )
    for one in done.kept:
        print(f"  {one.code}: {one.reason}")
    if done.unknown_types:
        print(f"  not in this catalogue, so not linked: {', '.join(done.unknown_types)}")
    if (done.created or done.updated) and not args.release:
        print("  new versions wait for review")
    if args.json:
        print(json.dumps(done.as_json_dict(), ensure_ascii=False))
    return 1 if done.kept else 0


def export_file(args: argparse.Namespace) -> int:
    """Answer 0, or 2 with the reason why nothing was written."""
    if args.file.exists():
        return _failed(f"{args.file} is there already. Name another file.")
    with instance("openhtm procedures"):
        from openhtm.core.errors import DomainError
        from openhtm.identity.actor import Actor
        from openhtm.procedures.rules.packs import PackError
        from openhtm.procedures.services.loading import export_pack

        try:
            text = export_pack(
                actor=Actor.system("openhtm procedures"),
                codes=args.codes,
                pack=args.pack,
                title=args.title,
                version=args.edition,
                source=args.source,
            )
        except (PackError, DomainError) as refusal:
            return _failed(str(refusal))
    try:
        args.file.write_text(text, encoding="utf-8")
    except OSError as error:
        return _failed(f"{args.file} cannot be written: {error.strerror}.")
    print(f"{args.file}: {text.count(chr(10) + '- code: ')} procedures")
    return 0


def _failed(sentence: str) -> int:
    print(f"openhtm procedures: {sentence}", file=sys.stderr)
    return UNREADABLE
