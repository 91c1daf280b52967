"""Tester files for lists, and one file with its tests and rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.traceability.models import FileRow, FileTest
from openhtm.traceability.rules.states import WAITING, State
from openhtm.workorders.models import TesterFile

STATED = {
    "waiting": Q(state__in=[one.value for one in WAITING]),
    "ready": Q(state=State.READY.value),
    "done": Q(state__in=[State.STORED.value, State.REPEATED.value]),
    "set_aside": Q(state=State.SET_ASIDE.value),
}
"""Tests of a file by what is to be done with them."""
HIDDEN = "It belongs to a device of another facility."


def tester_files(actor: Actor) -> QuerySet[TesterFile]:
    """Files the actor may see, with what a list of them shows. Their counts by state: ``counts_of``."""
    return TesterFile.objects.visible_to(actor).select_related("facility", "received_by", "tester__device")


def counts_of(files: Sequence[TesterFile]) -> dict[int, dict[str, int]]:
    """Return how many tests of each file are waiting, ready, done and set aside. One statement."""
    names = ("tests", *STATED)
    counted = {name: Count("pk", filter=condition) for name, condition in STATED.items()}
    rows: Any = FileTest.objects.filter(file__in=[one.pk for one in files]).order_by().values("file_id")
    found = {row["file_id"]: {name: row[name] for name in names} for row in rows.annotate(tests=Count("pk"), **counted)}
    nothing = dict.fromkeys(names, 0)
    return {one.pk: found.get(one.pk, nothing) for one in files}


def tests_of(file: TesterFile, *, stated: str = "") -> QuerySet[FileTest]:
    """Tests of a file, all or those in a state of STATED, with what is shown of each."""
    found = FileTest.objects.filter(file=file).select_related(
        "device__device_model__manufacturer", "device__facility", "tester__device", "checklist__work_order", "result__work_order"
    )
    return found.filter(STATED[stated]) if stated in STATED else found


def hidden_from(actor: Actor, test: FileTest) -> bool:
    """True where a colleague matched a device of a facility the actor does not see: then the file is told, not the device."""
    return test.device is not None and not actor.reach().sees_facility(test.device.facility_id)


def rows_of(tests: Sequence[FileTest]) -> dict[int, list[FileRow]]:
    """Return the rows of tests by their test, in the order of the file. One statement."""
    found: dict[int, list[FileRow]] = {one.pk: [] for one in tests}
    for row in FileRow.objects.filter(test__in=found).order_by("position"):
        found[row.test_id or 0].append(row)
    return found


def unused_rows(file: TesterFile) -> QuerySet[FileRow]:
    """Rows that could not be read: kept with the reason."""
    return FileRow.objects.filter(file=file, test__isnull=True)


def candidates_of(actor: Actor, test: FileTest) -> list[Device]:
    """The devices a test may belong to, as far as the actor may see them. One statement, none without candidates."""
    if not test.candidates:
        return []
    visible = Device.objects.visible_to(actor).filter(pk__in=test.candidates)
    return list(visible.select_related("device_model__manufacturer", "location").order_by("control_number"))


def problems_of(actor: Actor, file: TesterFile) -> list[dict[str, Any]]:
    """Return every problem of a file as {row, column, value, severity, message}: of the file, of rows as read, of rows without a place,
    of tests that wait. What concerns devices out of the actor's sight says only that. Two statements.
    """
    found = [_problem(0, one["field"], one["value"], one["severity"], one["text"]) for one in file.problems]
    for row in FileRow.objects.filter(file=file).select_related("test__device").order_by("position"):
        line = line_of(row.place)
        found += [_problem(line, one["field"], one["value"], one["severity"], one["text"]) for one in row.problems]
        if row.field and not (row.test and hidden_from(actor, row.test)):
            said = (row.read or {}).get("said", {})
            found.append(_problem(line, row.field, said.get(row.field, ""), "error", row.sentence))
    waiting = [one.value for one in WAITING]
    for test in FileTest.objects.filter(file=file, state__in=waiting).select_related("device").order_by("position"):
        column, value = _column(test)
        found.append(_problem(line_of(test.place), column, value, "error", HIDDEN if hidden_from(actor, test) else test.sentence))
    return sorted(found, key=lambda one: one["row"])


def _column(test: FileTest) -> tuple[str, str]:
    if test.state == State.DEVICE:
        return ("asset_number", test.asset_number) if test.asset_number else ("serial_number", test.serial_number)
    return ("tester_serial", test.tester_serial) if test.state == State.TESTER else ("", "")


def _problem(row: int, column: str, value: str, severity: str, message: str) -> dict[str, Any]:
    return {"row": row, "column": column, "value": value, "severity": severity, "message": message}


def line_of(place: str) -> int:
    """Return the number in ``line 17``; 0 for the whole file."""
    digits = place.rpartition(" ")[2]
    return int(digits) if digits.isdecimal() else 0
