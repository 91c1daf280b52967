"""What ``openhtm import tester-file`` and ``openhtm doubts`` do once Django is set up. Whoever has the shell has every right."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from django.db import transaction

from openhtm.audit.context import acting
from openhtm.config.cli.importing import MAX_PROBLEMS, SHELL, SHOWN
from openhtm.core.errors import DomainError
from openhtm.sites.models import Facility
from openhtm.testers.models import Tester
from openhtm.traceability.models import FileRow, FileTest
from openhtm.traceability.queries import doubts as doubt_queries
from openhtm.traceability.queries.doubts import Finding
from openhtm.traceability.queries.files import problems_of
from openhtm.traceability.rules.doubts import FARTHEST_PPM, RANK_LABELS, Rank
from openhtm.traceability.rules.states import State
from openhtm.traceability.services import doubts, files
from openhtm.workorders.models import TesterFile

_UNUSABLE = 2
LISTED = 1000


def import_tester_file(args: argparse.Namespace) -> int:
    """Keep a file, check it and store what is ready. 0: everything; 1: rows were left out or wait; 2: nothing could be done."""
    try:
        content = Path(args.file).read_bytes()
        with acting(SHELL), transaction.atomic():
            file, before, created = _taken(args, content)
            answer = tester_summary(file, known=before, created=created)
            if args.dry_run:
                transaction.set_rollback(True)
    except (DomainError, Facility.DoesNotExist) as refusal:
        return _unusable(args, str(refusal))
    except OSError as error:
        return _unusable(args, f"{args.file} cannot be read: {error.strerror}.")
    _print(file, answer, dry_run=args.dry_run)
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
    return 1 if answer["refused"] else 0


def _taken(args: argparse.Namespace, content: bytes) -> tuple[TesterFile, set[int], set[int]]:
    """Return the file, and the tests that were stored before and those stored now (or would be, in a dry run)."""
    facility = files.find_facility(actor=SHELL, code=args.facility).pk if args.facility else None
    file, _ = files.receive_file(
        actor=SHELL, content=content, file_name=Path(args.file).name, mapping=args.mapping, tester=args.tester or "", facility_id=facility
    )
    if args.open_orders:
        files.open_orders(actor=SHELL, uid=file.uid)
    before = _stored(file)
    files.apply_file(actor=SHELL, uid=file.uid)
    return file, before, _stored(file) - before


def _stored(file: TesterFile) -> set[int]:
    done = [State.STORED.value, State.REPEATED.value]
    return set(FileTest.objects.filter(file=file, state__in=done).values_list("pk", flat=True))


def tester_summary(file: TesterFile, *, known: set[int], created: set[int]) -> dict[str, Any]:
    """The counts of the contract, by row: ``created`` became part of a result now, ``unchanged`` were known, ``refused`` wait or cannot be used."""
    rows = FileRow.objects.filter(file=file)
    read, made, same = rows.count(), rows.filter(test__in=created).count(), rows.filter(test__in=known).count()
    found = problems_of(SHELL, file)
    aside = rows.filter(test__state=State.SET_ASIDE.value).count()
    answer: dict[str, Any] = {
        "read": read,
        "created": made,
        "updated": 0,
        "unchanged": same + aside,
        "refused": read - made - same - aside + (0 if file.counts.get("complete", True) else 1),
        "warnings": sum(1 for one in found if one["severity"] == "warning"),
        "problems": [{key: one[key] for key in ("row", "column", "value", "message")} for one in found[:MAX_PROBLEMS]],
    }
    return answer | ({"problems_cut": True} if len(found) > MAX_PROBLEMS else {})


def _unusable(args: argparse.Namespace, why: str) -> int:
    print(f"openhtm import: {why}", file=sys.stderr)
    if args.json:
        problem = {"row": 0, "column": "", "value": args.file, "message": why}
        nothing = dict.fromkeys(("read", "created", "updated", "unchanged", "refused", "warnings"), 0)
        print(json.dumps(nothing | {"problems": [problem]}, ensure_ascii=False))
    return _UNUSABLE


def _print(file: TesterFile, answer: dict[str, Any], *, dry_run: bool) -> None:
    """For people: on standard error, so that the JSON line stands alone."""
    for one in answer["problems"][:SHOWN]:
        print(f"Row {one['row']}, {one['column'] or 'the row'}: {one['message']} [{one['value'][:60]}]", file=sys.stderr)
    if len(answer["problems"]) > SHOWN and not dry_run:
        print(f"… and {len(answer['problems']) - SHOWN:,} more; see them all at /testers/files/{file.uid}", file=sys.stderr)
    what = "Would be" if dry_run else "Were"
    figures = f"{answer['created']:,} stored, {answer['unchanged']:,} known, {answer['refused']:,} to settle"
    print(f"{answer['read']:,} rows read. {what} {figures}; {answer['warnings']:,} warnings.", file=sys.stderr)


def list_doubts(args: argparse.Namespace) -> int:
    """Print what is in doubt because of a finding; 1 if there is none."""
    finding = _finding(args.tester, args.found)
    if finding is None:
        print("openhtm doubts: there is no such tester, or it was not found out of tolerance on that day.", file=sys.stderr)
        return 1
    opened = 0
    try:
        if args.open_orders:
            with acting(SHELL):
                opened = len(
                    doubts.open_doubt_orders(actor=SHELL, calibration=finding.calibration.uid, close=args.close, error_percent=args.error)
                )
    except DomainError as refusal:
        print(f"openhtm doubts: {refusal}", file=sys.stderr)
        return 1
    answer = _doubts(finding, args) | {"opened": opened}
    if args.json:
        print(json.dumps(answer, ensure_ascii=False, default=str))
        return 0
    for one in answer["items"]:
        print(f"{one['device']}\t{RANK_LABELS[Rank(one['rank'])]}\t{one['results']} results\t{one['order'] or 'no order yet'}")
    counts = answer["counts"]
    print(f"{counts['devices']:,} devices and {counts['results']:,} results in doubt, {counts['without']:,} without work.", file=sys.stderr)
    return 0


def _finding(number: str, found: str | None) -> Finding | None:
    tester = Tester.objects.filter(device__control_number=number.strip().upper()).select_related("device__facility").first()
    findings = doubt_queries.findings_of(tester) if tester else []
    return next((one for one in findings if found is None or one.until_on.isoformat() == found), None)


def _doubts(finding: Finding, args: argparse.Namespace) -> dict[str, Any]:
    found = doubt_queries.results_in_doubt(SHELL, finding, error_percent=args.error)
    rows = list(doubt_queries.devices_in_doubt(found, finding, close=args.close).order_by("worst", "nearest", "key")[: LISTED + 1])
    keys = [row["key"] for row in rows[:LISTED]]
    devices, orders = doubt_queries.devices_by_key(SHELL, keys), doubt_queries.orders_of(finding, keys)
    return {
        "tester": finding.tester.device.control_number,
        "found_on": finding.until_on,
        "since": finding.since_on,
        "error_percent": finding.error_percent if args.error is None else args.error,
        "counts": doubt_queries.figures(found, finding),
        "items": [
            {
                "device": devices[row["key"]].control_number,
                "rank": row["worst"],
                "margin_percent": None if row["nearest"] > FARTHEST_PPM else row["nearest"] / 10_000,
                "results": row["results"],
                "order": str(orders[row["key"]].order) if row["key"] in orders else None,
            }
            for row in rows[:LISTED]
        ],
        "cut": len(rows) > LISTED,
    }
