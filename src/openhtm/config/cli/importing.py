"""What ``openhtm import`` does once Django is set up. Whoever has the shell has every right."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openhtm.audit.context import acting
from openhtm.core.errors import DomainError, Invalid, NotFound
from openhtm.exchange.models import ImportRow, ImportRun, RunStatus
from openhtm.exchange.services import imports, reading, running
from openhtm.identity.actor import Actor
from openhtm.sites.models import Facility

SHELL = Actor.system("command line")
MAX_PROBLEMS = 1000
SHOWN = 20
_UNUSABLE = 2


def list_profiles() -> int:
    """Print the code and name of every saved profile."""
    for code, profile in sorted(reading.saved_profiles("devices").items()):
        print(f"{code}\t{profile.label or profile.name}")
    return 0


def import_devices(args: argparse.Namespace) -> int:
    """Check a file and write what is sound. 0: everything; 1: rows were left out; 2: nothing could be done."""
    try:
        with acting(SHELL):
            run = _timed("Checked", _checked, args)
            if run.status == RunStatus.CHECKED and not args.dry_run:
                run = _timed("Written", _applied, run, args)
    except (DomainError, Facility.DoesNotExist) as refusal:
        return _unusable(args, str(refusal))
    except OSError as error:
        return _unusable(args, f"{args.file} cannot be read: {error.strerror}.")
    if run.failure or run.status not in (RunStatus.CHECKED, RunStatus.APPLIED):
        return _unusable(args, run.failure or "The import was stopped. Nothing was written.")
    answer = summary(run)
    _print_summary(run, answer, dry_run=args.dry_run)
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
    return 1 if answer["refused"] else 0


def _timed(verb: str, step: Callable[..., ImportRun], *given: Any) -> ImportRun:
    """Run a step and say on standard error how long it took."""
    began = time.monotonic()
    run = step(*given)
    print(f"{verb} in {time.monotonic() - began:.1f} s.", file=sys.stderr)
    return run


def _applied(run: ImportRun, args: argparse.Namespace) -> ImportRun:
    return running.apply_import(run_id=run.pk, actor=SHELL, watch=_Meter(args.file))


def _unusable(args: argparse.Namespace, why: str) -> int:
    """Nothing was read: say why, to programs in the same shape as any other problem."""
    print(f"openhtm import: {why}", file=sys.stderr)
    if args.json:
        problem = {"row": 0, "column": "", "value": args.file, "message": why}
        nothing = dict.fromkeys(("read", "created", "updated", "unchanged", "refused", "warnings"), 0)
        print(json.dumps(nothing | {"problems": [problem]}, ensure_ascii=False))
    return _UNUSABLE


def _checked(args: argparse.Namespace) -> ImportRun:
    path = Path(args.file)
    with path.open("rb") as content:
        run = imports.create_run(
            actor=SHELL, content=content, file_name=path.name, facility_id=_facility_id(args.facility), profile=args.profile
        )
    if args.sheet:
        proposal = reading.propose(run, profile=reading.profile_of(run) if args.profile else None, sheet=args.sheet)
        run = imports.configure_run(actor=SHELL, public_id=run.public_id, profile=proposal.profile)
    profile = reading.profile_of(run)
    how = f"profile {profile.name}" if profile.name != "suggested" else "a mapping suggested from names and contents"
    print(f"Reading {path.name} by {how}.", file=sys.stderr)
    if profile.name == "suggested":
        for one in profile.mapping:
            print(f"  {one.column} -> {one.field}", file=sys.stderr)
    return running.check_import(run_id=run.pk, actor=SHELL, watch=_Meter(args.file))


def _facility_id(code: str | None) -> int | None:
    """The named facility, the only one, or None where the file has to say it. Raises NotFound, Invalid."""
    if code:
        found = Facility.objects.filter(code__iexact=code).first()
        if found is None:
            raise NotFound(kind="facility", name=code)
        return int(found.pk)
    active = list(Facility.objects.filter(active=True).values_list("pk", flat=True)[:2])
    if not active:
        raise Invalid({"": ["There is no facility yet. Add one on the page Places, then import."]})
    return active[0] if len(active) == 1 else None


class _Meter:
    """Progress on standard error: on a terminal one line that renews itself, else one line each ten seconds."""

    def __init__(self, name: str) -> None:
        self.last, self.text, self.name = time.monotonic(), "", Path(name).name
        self.live = sys.stderr.isatty()

    def __call__(self, done: int, total: int, text: str) -> None:
        now = time.monotonic()
        if now - self.last < (0.2 if self.live else 10):
            return
        self.last = now
        share = f" {done:,} of {total:,}" if total else ""
        print(f"\r{text}{share}   " if self.live else f"{text}{share}", end="" if self.live else "\n", file=sys.stderr, flush=True)


def summary(run: ImportRun) -> dict[str, Any]:
    """The counts of the contract, and at most 1,000 problems; rows in conflict count as refused."""
    counts = imports.problem_counts(run)
    found: list[dict[str, Any]] = []
    rows = ImportRow.objects.filter(run=run).exclude(problems=[]).order_by("row_number")
    cut = False
    for number, problems in rows.values_list("row_number", "problems").iterator(chunk_size=2000):
        room = MAX_PROBLEMS - len(found)
        cut = len(problems) > room
        found += [{"row": number, **{key: one[key] for key in ("column", "value", "message")}} for one in problems[:room]]
        if cut:
            break
    answer = {name: counts[name] for name in ("read", "created", "updated", "unchanged")}
    answer |= {"refused": counts["refused"] + counts["conflicts"], "warnings": counts["warnings"], "problems": found}
    return answer | ({"problems_cut": True} if cut else {})


def _print_summary(run: ImportRun, answer: dict[str, Any], *, dry_run: bool) -> None:
    """For people: on standard error, so that the JSON line stands alone."""
    for one in answer["problems"][:SHOWN]:
        print(f"Row {one['row']}, {one['column'] or 'the row'}: {one['message']} [{one['value'][:60]}]", file=sys.stderr)
    if len(answer["problems"]) > SHOWN:
        print(f"… and {len(answer['problems']) - SHOWN:,} more; see them all at /imports/{run.public_id}", file=sys.stderr)
    for text in (*run.plan.get("notes", ()), *run.plan.get("left_out", ())):
        print(text, file=sys.stderr)
    what = "Would be" if dry_run else "Were"
    figures = ", ".join(f"{answer[name]:,} {name}" for name in ("created", "updated", "unchanged", "refused"))
    print(f"{answer['read']:,} rows read. {what} {figures}; {answer['warnings']:,} warnings.", file=sys.stderr)
