"""``openhtm demo``: fill an empty database with the demo hospital."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time

from openhtm.config.cli.shell import instance


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``demo``."""
    command = subparsers.add_parser(
        "demo",
        help="fill an empty database with the demo hospital",
        description="Build a synthetic hospital: the same numbers and day always give the same content. Refuses where real data is.",
    )
    command.add_argument("--devices", type=_whole(1, 2_000_000), default=6000, metavar="N", help="how many devices (default 6000)")
    command.add_argument("--seed", type=_whole(0, 2**31), default=2026, metavar="S", help="another number, another hospital (default 2026)")
    command.add_argument("--years", type=_whole(0, 40), default=10, metavar="Y", help="how many years of past are recorded (default 10)")
    command.add_argument("--as-of", type=_day, default=None, metavar="DATE", help="the day on which it stands (default today)")
    command.add_argument("--json", action="store_true", help="end with one JSON line of what was made")
    command.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Build the demo hospital. Answers 0 also when it is already there; raises CannotRun where real data is."""
    from openhtm.config.problem import CannotRun

    with instance("openhtm demo"):
        from django.db import connections

        from openhtm.demo.services import RealDataPresent, build_demo

        try:
            built = build_demo(
                as_of=args.as_of or dt.datetime.now(dt.UTC).date(), devices=args.devices, seed=args.seed, years=args.years, tell=_teller()
            )
        except RealDataPresent as refusal:
            raise CannotRun(str(refusal)) from refusal
        finally:
            connections.close_all()
    if built.already:
        print(f"The demo hospital is already here with {built.counts['devices']:,} devices. Nothing was changed.", file=sys.stderr)
    else:
        print(f"The demo hospital is ready: {built.counts['devices']:,} devices in {built.seconds:.1f} s.", file=sys.stderr)
    if args.json:
        print(json.dumps({"counts": built.counts, "already": built.already, "seconds": round(built.seconds, 2)}))
    return 0


def _teller():  # type: ignore[no-untyped-def]
    started = time.monotonic()

    def tell(text: str) -> None:
        print(f"  {time.monotonic() - started:6.1f} s  {text}", file=sys.stderr, flush=True)

    return tell


def _whole(low: int, high: int):  # type: ignore[no-untyped-def]
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"give a whole number from {low:,} to {high:,}")
        return int(text)

    return read


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("give a day such as 2026-11-22") from None
