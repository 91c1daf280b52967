"""Files of testers: taken in, checked, settled by hand where they must be, and stored once as results."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid, NotFound
from openhtm.core.text import control_number_key
from openhtm.documents.errors import FileTooLarge
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.sites.models import Facility
from openhtm.testers.models import Tester
from openhtm.testers.rules.files.model import WHOLE_FILE, FileReading, Problem
from openhtm.testers.rules.files.reading import read
from openhtm.traceability.models import FileRow, FileTest
from openhtm.traceability.queries.targets import targets_of
from openhtm.traceability.rules.grouping import Group, grouped
from openhtm.traceability.rules.states import State
from openhtm.traceability.services.checking import Checked, as_json, check_tests
from openhtm.traceability.services.mappings import find_mapping
from openhtm.workorders.models import Checklist, Result, TesterFile, WorkOrder
from openhtm.workorders.rules.kinds import Kind, number_text
from openhtm.workorders.rules.results import State as Stored
from openhtm.workorders.rules.wanted import NewOrder
from openhtm.workorders.services.opening import open_many
from openhtm.workorders.services.results import ItemOutcome, store_results
from openhtm.workorders.services.tester_files import MAX_BYTES, keep_tester_file, mark_applied, name_tester

AT_ONCE = 1000
BATCH = 2000


class TestSettled(DomainError):
    """The test of a file was stored or set aside meanwhile."""

    __test__ = False
    code = "file-test-settled"
    status = 409
    message = "This test is {state} already. Load the page again."


@dataclass(frozen=True, slots=True)
class Applied:
    """What storing a file came to: tests stored now, known before, and still waiting; orders opened for failures."""

    stored: int
    known: int
    waiting: int
    corrective: tuple[int, ...]


@transaction.atomic
def receive_file(
    *,
    actor: Actor,
    content: bytes,
    file_name: str,
    mapping: str,
    facility_id: int | None = None,
    tester: str = "",
    now: datetime | None = None,
) -> tuple[TesterFile, bool]:
    """Read a file by a mapping, keep it with its hash, and check every row. Returns its record and whether it is new.

    ``tester`` is a control number; its facility is taken where none is given. The same file again is checked again and adds
    nothing. About thirty statements. Raises NotAllowed, NotFound, Invalid, FileTooLarge, Facility.DoesNotExist.
    """
    now = now or timezone.now()
    require(actor, Permission.DO_WORK)
    instrument = _tester(actor, tester)
    facility = _facility(actor, facility_id, instrument)
    require(actor, Permission.VIEW_TESTERS, at=facility.pk, place=facility.name)
    require(actor, Permission.DO_WORK, at=facility.pk, place=facility.name)
    if len(content) > MAX_BYTES:
        raise FileTooLarge(name=file_name[:60], limit_mb=MAX_BYTES >> 20)
    if not content:
        raise Invalid({"file": ["This file is empty. Choose the file again."]})
    chosen = find_mapping(mapping).mapping
    found = read(data=content, mapping=chosen)
    file, new = keep_tester_file(
        actor=actor, facility=facility, content=content, file_name=file_name, mapping=chosen.code, mapping_sha256=chosen.sha256,
        tester=instrument, problems=[vars(one) for one in found.problems if one.place == WHOLE_FILE], counts=_counts(found), now=now,
    )  # fmt: skip
    if new:
        _keep_rows(file, found, zone=facility.time_zone)
    locked = lock_file(actor=actor, uid=file.uid)
    if instrument is not None and locked.tester_id != instrument.pk:
        name_tester(file=locked, tester=instrument)
    check_tests(file=locked, tests=_tests(locked), actor=actor)
    return locked, new


def _tester(actor: Actor, number: str) -> Tester | None:
    if not number.strip():
        return None
    key = control_number_key(number)[:60].replace("\0", "")
    found = Tester.objects.visible_to(actor).filter(device__control_number=key, active=True).select_related("device").first()
    if found is None:
        raise Invalid({"tester": [f"{number.strip()[:60]} is not a tester that you can see. Add it under Testers first."]})
    return found


def _facility(actor: Actor, facility_id: int | None, tester: Tester | None) -> Facility:
    if facility_id is not None:
        return Facility.objects.visible_to(actor).get(pk=facility_id)
    if tester is not None:
        return Facility.objects.get(pk=tester.device.facility_id)
    allowed = actor.facilities_for(Permission.DO_WORK)
    visible = Facility.objects.visible_to(actor).filter(active=True)
    found = list((visible if allowed is None else visible.filter(pk__in=allowed))[:2])
    if len(found) != 1:
        raise Invalid({"facility": ["Say at which facility this was measured, or name the tester."]})
    return found[0]


def _counts(found: FileReading) -> dict[str, object]:
    unusable = {one.place for one in found.problems if one.severity == "error" and one.place != WHOLE_FILE}
    warnings = sum(1 for one in found.problems if one.severity == "warning")
    return {
        "rows": len(found.rows),
        "unusable": len(unusable),
        "skipped": found.skipped,
        "warnings": warnings,
        "complete": found.complete,
    }


def _keep_rows(file: TesterFile, found: FileReading, *, zone: str) -> None:
    """Write the tests and rows of a new file, in the order of the file. Statements by the two thousand rows."""
    groups = grouped(rows=found.rows, zone=zone)
    tests = [_new_test(file, position, group, found) for position, group in enumerate(groups, start=1)]
    FileTest.objects.bulk_create(tests, batch_size=BATCH)
    test_of = {row: test for test, group in zip(tests, groups, strict=True) for row in group.rows}
    problems: dict[str, list[Problem]] = defaultdict(list)
    for one in found.problems:
        if one.place != WHOLE_FILE:
            problems[one.place].append(one)
    rows = [
        FileRow(
            file=file, test=test_of[number], place=row.place[:40], read=as_json(row.as_json()),
            problems=as_json([vars(one) for one in problems.pop(row.place, ())]),
        )
        for number, row in enumerate(found.rows)
    ]  # fmt: skip
    rows += [FileRow(file=file, place=place[:40], problems=as_json([vars(one) for one in these])) for place, these in problems.items()]
    rows.sort(key=lambda row: _line(row.place))
    for position, row in enumerate(rows, start=1):
        row.position = position
    FileRow.objects.bulk_create(rows, batch_size=BATCH)


def _new_test(file: TesterFile, position: int, group: Group, found: FileReading) -> FileTest:
    said = as_json([*vars_of(group.said), group.tester_serial])
    return FileTest(
        file=file, position=position, place=found.rows[group.rows[0]].place[:40], asset_number=said[0], serial_number=said[1],
        manufacturer=said[2], udi=said[3], tester_serial=said[4], measured_at=group.measured_at, state=State.DEVICE.value,
    )  # fmt: skip


def vars_of(said: object) -> list[str]:
    return [getattr(said, name) for name in ("asset_number", "serial_number", "manufacturer", "udi")]


def _line(place: str) -> int:
    digits = place.rpartition(" ")[2]
    return int(digits) if digits.isdecimal() else 0


def lock_file(*, actor: Actor, uid: uuid.UUID) -> TesterFile:
    """Return a file locked for change. One statement. Raises TesterFile.DoesNotExist, NotAllowed."""
    found = TesterFile.objects.visible_to(actor).select_related("file", "facility", "tester__device")
    file = found.select_for_update(of=("self",)).get(uid=uid)
    require(actor, Permission.DO_WORK, at=file.facility_id, place=file.facility.name)
    return file


def _tests(file: TesterFile) -> list[FileTest]:
    return list(FileTest.objects.filter(file=file).order_by("position"))


@transaction.atomic
def check_file(*, actor: Actor, uid: uuid.UUID, tester: str | None = None) -> TesterFile:
    """Look again at everything in a file that is not settled; ``tester`` names the instrument first ("" takes the name away).

    About twenty-two statements. Raises TesterFile.DoesNotExist, NotAllowed, Invalid.
    """
    file = lock_file(actor=actor, uid=uid)
    if tester is not None:
        name_tester(file=file, tester=_tester(actor, tester))
    check_tests(file=file, tests=_tests(file), actor=actor)
    return file


@transaction.atomic
def settle_test(
    *,
    actor: Actor,
    file_uid: uuid.UUID,
    uid: uuid.UUID,
    device: str = "",
    order: int | None = None,
    measured_on: date | None = None,
    own_test: bool = False,
    set_aside: bool = False,
    note: str = "",
    now: datetime | None = None,
) -> FileTest:
    """Decide by hand about one test of a file: its device, its order, its day; or set it aside with the reason.

    ``own_test``: it is another test than the one known of the same device and time. What was taken as known can be reopened.
    A device left out lets the file decide again. About twenty-five statements.
    Raises TesterFile.DoesNotExist, FileTest.DoesNotExist, NotAllowed, TestSettled, Invalid.
    """
    now = now or timezone.now()
    file = lock_file(actor=actor, uid=file_uid)
    test = FileTest.objects.get(file=file, uid=uid)
    if test.state == State.STORED or (test.state == State.SET_ASIDE and set_aside):
        raise TestSettled(state=test.get_state_display().lower())
    words = note.strip()
    if len(words) > 400 or "\0" in words:
        raise Invalid({"note": ["Write at most 400 characters, without the NUL character."]})
    test.settled_by_id, test.settled_by_name, test.settled_at, test.note = actor.user_id, actor.name[:120], now, words
    if set_aside:
        if not words:
            raise Invalid({"note": ["Say why this test is set aside."]})
        test.state, test.sentence = State.SET_ASIDE.value, words
    else:
        test.state, test.own_test = State.DEVICE.value, own_test
        _choose(test, file, actor, device=device, order=order, measured_on=measured_on)
    test.save()
    if not set_aside:
        check_tests(file=file, tests=_tests(file), actor=actor)
        test.refresh_from_db()
    return test


def _choose(test: FileTest, file: TesterFile, actor: Actor, *, device: str, order: int | None, measured_on: date | None) -> None:
    test.match, test.checklist_id, test.checklist_by_hand = "", None, False
    if device.strip():
        number = control_number_key(device)[:60].replace("\0", "")
        found = Device.objects.visible_to(actor).filter(control_number=number).first()
        if found is None:
            raise Invalid({"device": [f"There is no device {number} that you can see."]})
        test.device_id, test.match, test.candidates = found.merged_into_id or found.pk, "hand", []
    if measured_on is not None and (test.measured_at is None or not _told(test)):
        test.measured_at = datetime.combine(measured_on, time(12), tzinfo=ZoneInfo(file.facility.time_zone))
    if order is not None:
        target = _target_on(test, actor, order)
        test.checklist_id, test.checklist_by_hand = target.pk, True


def _told(test: FileTest) -> bool:
    """True if the file itself says when it was measured."""
    return FileRow.objects.filter(test=test, read__measured_at__isnull=False).exists()


def _target_on(test: FileTest, actor: Actor, number: int) -> Checklist:
    if test.device_id is None:
        raise Invalid({"order": ["Choose the device first."]})
    targets = targets_of(actor=actor, device_ids=[test.device_id]).get(test.device_id, [])
    found = next((one.checklist for one in targets if one.checklist.work_order.number == number), None)
    if found is None:
        raise Invalid({"order": [f"{number_text(number)} is not an open order of this device with an electrical-safety step."]})
    return found


@transaction.atomic
def open_orders(*, actor: Actor, uid: uuid.UUID, now: datetime | None = None) -> list[WorkOrder]:
    """Open a safety test for every device in the file that has no order for its test, where a procedure suits it.

    One order for each device; done again it opens none, as the tests have their orders then. About forty statements.
    Raises TesterFile.DoesNotExist, NotAllowed.
    """
    now = now or timezone.now()
    file = lock_file(actor=actor, uid=uid)
    require(actor, Permission.ADD_WORK, at=file.facility_id, place=file.facility.name)
    checked = check_tests(file=file, tests=_tests(file), actor=actor)
    lacking: dict[int, Checked] = {}
    for one in checked:
        if one.state == State.ORDER and one.version_id and one.test.device_id:
            lacking.setdefault(one.test.device_id, one)
    devices = Device.objects.in_bulk(lacking)
    allowed = {pk: device for pk, device in devices.items() if actor.may(Permission.ADD_WORK, at=device.facility_id)}
    opened = open_many(actor=actor, wanted=[_wanted(file, lacking[pk], device) for pk, device in allowed.items()], now=now)
    if opened:
        check_tests(file=file, tests=_tests(file), actor=actor)
    return opened


def _wanted(file: TesterFile, checked: Checked, device: Device) -> NewOrder:
    return NewOrder(
        title="Electrical safety test",
        facility_id=device.facility_id,
        device_id=device.pk,
        kind=Kind.SAFETY_TEST,
        origin="import",
        description=f"Opened for the test in {file.file_name}, {checked.test.place}.",
        version_ids=(checked.version_id,) if checked.version_id else (),
    )


@transaction.atomic
def apply_file(*, actor: Actor, uid: uuid.UUID, now: datetime | None = None) -> Applied:
    """Store every test that is ready as a result, through the service that stores all results; the others stay as they are.

    Checked once more under the lock of the file, so that what is written is what holds now. Done again it stores nothing.
    Raises TesterFile.DoesNotExist, NotAllowed.
    """
    now = now or timezone.now()
    file = lock_file(actor=actor, uid=uid)
    tests = _tests(file)
    known = sum(1 for one in tests if one.state in (State.STORED, State.REPEATED))
    checked = check_tests(file=file, tests=tests, actor=actor)
    ready = [one for one in checked if one.item is not None]
    corrective: list[int] = []
    for start in range(0, len(ready), AT_ONCE):
        part = ready[start : start + AT_ONCE]
        outcome = store_results(actor=actor, items=[one.item for one in part if one.item], now=now, source_file_id=file.pk)
        corrective += outcome.corrective
        _note(part, outcome.items)
    if ready:
        mark_applied(file=file, now=now)
    states = Counter(one.test.state for one in checked)
    stored = states[State.STORED]
    waiting = len(checked) - stored - states[State.REPEATED]
    return Applied(stored, known + states[State.REPEATED], waiting, tuple(corrective))


def _note(part: Sequence[Checked], outcomes: Sequence[ItemOutcome]) -> None:
    """Write down what became of each result. Two statements."""
    results = Result.objects.in_bulk([outcome.uid for outcome in outcomes if outcome.state in (Stored.STORED, Stored.REPEATED)])
    for one, outcome in zip(part, outcomes, strict=True):
        stored = results.get(uuid.UUID(outcome.uid)) if outcome.state in (Stored.STORED, Stored.REPEATED) else None
        one.test.result = stored
        one.test.state = State.STORED if stored else State.ROWS
        one.test.verdict, one.test.sentence = (stored.verdict if stored else ""), outcome.sentence[:600]
    FileTest.objects.bulk_update([one.test for one in part], ["result", "state", "verdict", "sentence"], batch_size=500)


def find_facility(*, actor: Actor, code: str) -> Facility:
    """Return a facility by its code. One statement. Raises NotFound."""
    found = Facility.objects.visible_to(actor).filter(code__iexact=code.strip()[:20].replace("\0", "")).first()
    if found is None:
        raise NotFound(kind="facility", name=code[:20])
    return found
