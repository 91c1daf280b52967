"""``openhtm eligibility FILE --programme CODE``: may this person apply for that certification? Needs no database."""

import argparse
import sys
from datetime import date, datetime
from pathlib import Path

import orjson

from openhtm.config.cli import COMMANDS
from openhtm.ui.rules import formats
from openhtm.workforce.rules.careers import MOST_BYTES, CareerError, read_career
from openhtm.workforce.rules.eligibility import Answer, judge
from openhtm.workforce.rules.programmes import TIERS, reference

_USAGE = 2


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``eligibility`` to the command line."""
    command = subparsers.add_parser(
        "eligibility",
        help=COMMANDS["eligibility"][1],
        description="Answer one JSON object: eligible (true, false, or null for unknown), by which path, or what is missing.",
    )
    command.add_argument("file", metavar="FILE", help="the career as JSON, or - for standard input")
    command.add_argument("--programme", required=True, metavar="CODE", help="such as CBET, CRES or CHTM")
    command.add_argument("--tier", choices=TIERS[:2], default="full", help="full certification (default) or candidate status")
    command.add_argument("--explain", action="store_true", help="answer in words, with each path and the evidence used")
    command.add_argument("--pretty", action="store_true", help="spread the answer over several lines")
    command.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Answer 0 with any answer, 2 if the programme is unknown or the career cannot be read."""
    programme = reference().programme(args.programme)
    if programme is None:
        return _refuse([f"--programme: {args.programme[:40]!r} is not known. Known are {', '.join(reference().programmes)}."])
    if not programme.paths_for(args.tier):
        return _refuse([f"--tier: {programme.code} has no {args.tier} tier."])
    try:
        career, warnings = read_career(_read(args.file), today=_today())
    except OSError as error:
        return _refuse([f"FILE: {args.file} cannot be read: {error.strerror or 'it is not a file'}."])
    except CareerError as error:
        return _refuse(error.problems)
    for warning in warnings:
        print(f"openhtm: {warning}", file=sys.stderr)
    answer = judge(programme, career, tier=args.tier)
    if args.explain:
        print("\n".join(explanation(answer)))
        return 0
    option = orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if args.pretty else 0)
    sys.stdout.buffer.write(orjson.dumps(answer.as_json(), option=option))
    sys.stdout.buffer.flush()
    return 0


def explanation(answer: Answer) -> list[str]:
    """Return the answer in words: the verdict, then each path with what it needs and what was found."""
    marks = {True: "met", False: "not met", None: "unknown"}
    lines = [f"{answer.programme.code} on {formats.day(answer.as_of)}: {answer.sentence()}"]
    for verdict in answer.verdicts:
        lines.append(f"({verdict.way.code}) {verdict.way.words} [{verdict.way.confidence}]: {marks[verdict.met]}")
        lines.extend(f"    {one}" for one in verdict.evidence)
        lines.extend(f"    missing: {one}" for one in verdict.missing)
    lines.extend(f"Note: {note}" for note in answer.notes)
    ref = reference()
    return [*lines, f"Rules: {answer.programme.source}; edition {ref.edition}."]


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    with Path(name).open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _today() -> date:
    return datetime.now().astimezone().date()


def _refuse(problems: "list[str] | tuple[str, ...]") -> int:
    for problem in problems:
        print(f"openhtm: {problem}", file=sys.stderr)
    return _USAGE
