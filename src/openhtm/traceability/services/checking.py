"""Finding out what each test of a file would become. Writes nothing but what it found: the cache of ``FileTest`` and ``FileRow``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.testers.rules.files.model import MeasuredRow
from openhtm.traceability.models import FileRow, FileTest
from openhtm.traceability.queries.devices import match_devices
from openhtm.traceability.queries.targets import (
    Instrument,
    Target,
    instruments,
    measured_before,
    readings_of,
    safety_versions,
    targets_of,
    tester_of,
)
from openhtm.traceability.rules.expecting import Aim, RowExpected, expect
from openhtm.traceability.rules.grouping import Said
from openhtm.traceability.rules.repeating import same_readings
from openhtm.traceability.rules.states import SETTLED, State
from openhtm.traceability.rules.uids import result_uid
from openhtm.workorders.models import Result, TesterFile
from openhtm.workorders.rules.results import ResultIn
from openhtm.workorders.rules.verdicts import tester_on


@dataclass(slots=True)
class Checked:
    """A test with what was found out about it. ``item`` is the result to be stored if the state is ready."""

    test: FileTest
    state: State
    sentence: str
    item: ResultIn | None = None
    rows: Mapping[int, RowExpected] = field(default_factory=dict)
    version_id: int | None = None


def check_tests(*, file: TesterFile, tests: Sequence[FileTest], actor: Actor) -> list[Checked]:
    """Check what is not settled among ``tests`` and write down how each stands. About twenty statements for any number.

    The caller holds the lock of the file.
    """
    open_tests = [one for one in tests if State(one.state) not in SETTLED]
    if not open_tests:
        return []
    facts = _gather(file, open_tests, actor)
    checked = [_checked(one, facts) for one in open_tests]
    _write(checked, facts.rows)
    return checked


@dataclass(slots=True)
class _Facts:
    """Everything that bears on the tests of a file."""

    file: TesterFile
    rows: dict[int, dict[int, FileRow]]
    devices: dict[int, Device]
    targets: dict[int, list[Target]]
    before: dict[tuple[int, datetime], list[Result]]
    readings: dict[UUID, list[dict[str, Any]]]
    versions: dict[int, Any]
    by_serial: dict[str, list[int]]
    testers: dict[int, Instrument]
    taken: set[tuple[int, str]] = field(default_factory=set)


def _gather(file: TesterFile, tests: Sequence[FileTest], actor: Actor) -> _Facts:
    _find_devices(tests, actor)
    ids = {one.device_id for one in tests if one.device_id}
    devices = Device.objects.visible_to(actor).in_bulk(ids)
    rows: dict[int, dict[int, FileRow]] = defaultdict(dict)
    for row in FileRow.objects.filter(test__in=[one.pk for one in tests]).order_by("position"):
        rows[row.test_id or 0][row.position] = row
    by_serial, testers = instruments(
        actor=actor, serials={one.tester_serial for one in tests}, tester_ids=[file.tester_id] if file.tester_id else []
    )
    targets = targets_of(actor=actor, device_ids=ids)
    before = measured_before(device_ids=ids, instants={one.measured_at for one in tests if one.measured_at})
    return _Facts(
        file=file,
        rows=rows,
        devices=devices,
        targets=targets,
        before=before,
        readings=readings_of(one.pk for known in before.values() for one in known),
        versions=safety_versions(devices.values()),
        by_serial=by_serial,
        testers=testers,
        taken=_chosen_by_hand(tests, targets),
    )


def _chosen_by_hand(tests: Sequence[FileTest], targets: Mapping[int, Sequence[Target]]) -> set[tuple[int, str]]:
    """Steps that people chose for tests of the file: they are not free for the others."""
    chosen = {one.checklist_id for one in tests if one.checklist_by_hand}
    first = {one.checklist.pk: one for found in targets.values() for one in reversed(found) if one.checklist.pk in chosen}
    return {(pk, one.step.key) for pk, one in first.items()}


def _find_devices(tests: Sequence[FileTest], actor: Actor) -> None:
    """Match by what the file says; what a person chose stays."""
    unsettled = [one for one in tests if one.match != "hand"]
    said = [Said(one.asset_number, one.serial_number, one.manufacturer, one.udi) for one in unsettled]
    for one, found in zip(unsettled, match_devices(actor=actor, said=said), strict=True):
        one.device_id, one.match, one.candidates, one.sentence = found.device_id, found.method, list(found.candidates), found.why


def _checked(test: FileTest, facts: _Facts) -> Checked:
    why = test.sentence
    test.verdict, test.step_key, test.step_title, test.judged_by, test.sentence = "", "", "", "", ""
    test.result_id = None
    if not test.checklist_by_hand:
        test.checklist_id = None
    test.tester_id, no_tester = tester_of(by_serial=facts.by_serial, serial=test.tester_serial, named=facts.file.tester_id)
    if test.device_id is None or test.device_id not in facts.devices:
        return Checked(test, State.DEVICE, why or "Choose the device.")
    if test.measured_at is None:
        return Checked(test, State.ROWS, "The file does not say when this was measured. Give the day.")
    uid = result_uid(file_sha256=facts.file.file.sha256, place=test.place, measured_at=test.measured_at)
    if known := _known(test, facts, uid):
        return known
    if test.tester_id is None or test.tester_id not in facts.testers:
        return Checked(test, State.TESTER, no_tester or "The tester named is not one that you can see.")
    target, no_target, version_id = _target(test, facts)
    if target is None:
        return Checked(test, State.ORDER, no_target, version_id=version_id)
    return _expected(test, target, facts, uid)


def _known(test: FileTest, facts: _Facts, uid: UUID) -> Checked | None:
    """Say that a test is stored, or known from elsewhere with the same readings. Other readings of that time are for a person."""
    earlier = facts.before.get((test.device_id or 0, test.measured_at), []) if test.measured_at else []
    here = next((one for one in earlier if one.uid == uid), None)
    if here is not None:
        test.result, test.verdict = here, here.verdict
        return Checked(test, State.STORED, f"{here.work_order} holds it.")
    if not earlier or test.own_test:
        return None
    read = [row.read for row in facts.rows.get(test.pk, {}).values() if row.read is not None]
    same = next((one for one in earlier if same_readings(read, facts.readings.get(one.uid, ()))), None)
    if same is not None:
        test.result, test.verdict = same, same.verdict
        return Checked(test, State.REPEATED, f"{same.work_order} holds it already, with the same readings.")
    words = f"{earlier[0].work_order} holds a test of the same device and time with other readings."
    return Checked(test, State.AGAIN, f"{words} Say that this is a test of its own, or set it aside.")


def _target(test: FileTest, facts: _Facts) -> tuple[Target | None, str, int | None]:
    """Return the step it goes to; or why there is none, and the procedure with which an order can be opened."""
    device = facts.devices[test.device_id or 0]
    targets = facts.targets.get(device.pk, [])
    if test.checklist_by_hand and test.checklist_id:
        chosen = next((one for one in targets if one.checklist.pk == test.checklist_id), None)
        return chosen, "" if chosen else "The order chosen by hand takes no results now. Choose another, or let the file decide.", None
    free = [one for one in targets if not one.answered and (one.checklist.pk, one.step.key) not in facts.taken]
    if free:
        return free[0], "", None
    version = facts.versions.get(device.pk)
    if targets:
        lead = f"The electrical-safety step of {targets[0].checklist.work_order} has a result already."
    else:
        lead = f"No open order of {device.control_number} has an electrical-safety step."
    if version is None:
        return None, f"{lead} No released procedure with such a step suits the device either. Release one, or keep this for review.", None
    return None, f"{lead} Open a safety test with {version.procedure}, choose an order, or keep it for review.", version.pk


def _expected(test: FileTest, target: Target, facts: _Facts, uid: Any) -> Checked:
    order, step = target.checklist.work_order, target.step
    assert test.measured_at is not None
    day = test.measured_at.astimezone(ZoneInfo(order.facility.time_zone)).date()
    instrument = facts.testers[test.tester_id or 0]
    number = instrument.tester.device.control_number
    test.checklist, test.step_key, test.step_title = target.checklist, step.key, step.title[:200]
    facts.taken.add((target.checklist.pk, step.key))
    if step.electrical_safety:
        test.judged_by = f"{step.electrical_safety.standard} {step.electrical_safety.edition}"[:120]
    aim = Aim(
        uid=uid, checklist=target.checklist.uid, step=step, measured_at=test.measured_at, day=day,
        tester=tester_on(name=number, usable=instrument.tester.usable, calibrations=instrument.calibrations, day=day),
        file_name=facts.file.file_name, file_sha256=facts.file.file.sha256, mapping=facts.file.mapping,
    )  # fmt: skip
    read = {position: as_row(row.read) for position, row in facts.rows.get(test.pk, {}).items() if row.read is not None}
    found = expect(rows=read, aim=aim)
    test.verdict = found.verdict
    return Checked(test, State.READY if found.item else State.ROWS, found.sentence, found.item, found.rows)


def as_row(read: Mapping[str, Any]) -> MeasuredRow:
    """Return the row that ``MeasuredRow.as_json`` wrote."""
    numbers = {name: None if read[name] is None else Decimal(read[name]) for name in ("value", "mains_v")}
    at = datetime.fromisoformat(read["measured_at"]) if read["measured_at"] else None
    return MeasuredRow(**{**read, **numbers, "measured_at": at})


_TESTS = """
UPDATE traceability_filetest t SET device_id = n.device, match = n.match, candidates = n.candidates::bigint[], tester_id = n.tester,
  checklist_id = n.checklist, step_key = n.step, step_title = n.title, judged_by = n.judged_by, verdict = n.verdict, state = n.state,
  sentence = n.sentence, result_id = n.result
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
  %s::text[], %s::text[], %s::uuid[])
  AS n (pk, device, match, candidates, tester, checklist, step, title, judged_by, verdict, state, sentence, result)
WHERE t.id = n.pk
"""
_ROWS = """
UPDATE traceability_filerow r SET measures = n.measures, "limit" = n.words, verdict = n.verdict, field = n.field, sentence = n.sentence
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) AS n (pk, measures, words, verdict, field, sentence)
WHERE r.id = n.pk
  AND (r.measures, r."limit", r.verdict, r.field, r.sentence) IS DISTINCT FROM (n.measures, n.words, n.verdict, n.field, n.sentence)
"""


def _write(checked: Sequence[Checked], rows: Mapping[int, Mapping[int, FileRow]]) -> None:
    """Store what was found. Two statements for any number."""
    for one in checked:
        one.test.state, one.test.sentence = one.state.value, one.sentence[:600]
    tests = [
        (
            one.pk, one.device_id, one.match, "{" + ",".join(map(str, one.candidates)) + "}", one.tester_id, one.checklist_id, one.step_key,
            one.step_title, one.judged_by, one.verdict, one.state, one.sentence, one.result_id,
        )
        for one in (done.test for done in checked)
    ]  # fmt: skip
    blank = RowExpected()
    lines = [
        (row.pk, said.measures, said.limit, said.verdict, said.field, said.sentence)
        for one in checked
        for position, row in rows.get(one.test.pk, {}).items()
        for said in (one.rows.get(position, blank),)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_TESTS, [list(column) for column in zip(*tests, strict=True)])
        if lines:
            cursor.execute(_ROWS, [list(column) for column in zip(*lines, strict=True)])


def as_json(value: Any) -> Any:
    """Return what JSON columns take of a value that holds texts of a file: without NUL, which PostgreSQL refuses."""
    return json.loads(json.dumps(value).replace("\\u0000", "\\ufffd"))
