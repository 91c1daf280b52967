"""Rounds against the database: what is expected, what scans mean, undo, the end, unknown tags, two at once."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.core.ids import uuid7
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import Device, DeviceMove, Sighting
from openhtm.inventory.services.life import move_devices
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import Attempt, Visit
from openhtm.maintenance.tests.factories import ScheduleFactory
from openhtm.rounds.models import Round, RoundExpectation, RoundScan, UnknownTag
from openhtm.rounds.queries import rounds as queries
from openhtm.rounds.services.rounds import RoundEnded, end_round, start_round
from openhtm.rounds.services.scanning import MovedSince, NothingToUndo, scan_in_round, undo_move
from openhtm.rounds.services.tags import TagSettled, settle_tag
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory, LocationFactory
from openhtm.workorders.tests.factories import WorkOrderFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)


@pytest.fixture
def north():
    return FacilityFactory(name="North")


@pytest.fixture
def maria(north):
    return actor_of(UserFactory.with_role(Role.TECHNICIAN, north, full_name="Maria"))


@pytest.fixture
def omar(north):
    return actor_of(UserFactory.with_role(Role.MANAGER, north, full_name="Omar"))


@pytest.fixture
def chen():
    return actor_of(UserFactory.with_role(Role.MANAGER, FacilityFactory(name="South"), full_name="Chen"))


@pytest.fixture
def ward(north):
    return LocationFactory(facility=north, name="4 West")


@pytest.fixture
def bay(north, ward):
    return LocationFactory(facility=north, parent=ward, kind="room", name="Bay 1")


@pytest.fixture
def elsewhere(north):
    return LocationFactory(facility=north, name="Store")


@pytest.fixture
def pump(north, bay):
    return DeviceFactory(facility=north, location=bay, control_number="BME-00001")


def visit(device, state):
    day = dt.date(2026, 11, 15)
    schedule = ScheduleFactory(device=device, anchor_on=day, starts_on=day)
    return Visit.objects.create(schedule=schedule, device=device, due_on=day, opens_on=day, on_time_until=day, grace_until=day, state=state)


@pytest.fixture
def begun(maria, ward, pump):
    return start_round(actor=maria, location_code=ward.public_code, now=NOW)


def scan(actor, begun, text, **more):
    return scan_in_round(actor=actor, round_uid=begun.uid, text=text, **{"now": NOW + dt.timedelta(minutes=1)} | more)


def test_a_round_freezes_what_is_expected_and_why(maria, ward, bay, north, elsewhere):
    late, due, fine, gone, broken, recalled, corrected = (DeviceFactory(facility=north, location=bay) for _ in range(7))
    missing = DeviceFactory(facility=north, location=None, status="missing", last_seen_location=bay, last_seen_at=NOW)
    DeviceFactory(facility=north, location=bay, status="retired")
    DeviceFactory(facility=north, location=elsewhere)
    visit(late, "late"), visit(due, "due"), visit(gone, "not_due")
    WorkOrderFactory(device=broken)
    WorkOrderFactory(device=recalled, kind="recall_action"), WorkOrderFactory(device=recalled)
    WorkOrderFactory(device=corrected, kind="recall_action", status="closed", closed_at=NOW)
    begun = start_round(actor=maria, location_code=ward.public_code.lower(), now=NOW)
    found = dict(begun.expectations.values_list("device_id", "reasons"))
    assert found == {
        late.pk: ["late"], due.pk: ["due"], fine.pk: [], gone.pk: [], broken.pk: ["open_repair"], missing.pk: ["missing"],
        recalled.pk: ["recalled", "open_repair"], corrected.pk: [],
    }  # fmt: skip
    visit(fine, "late")
    assert begun.expectations.get(device=fine).reasons == []


def test_starting_costs_the_same_for_one_device_and_for_thirty(maria, ward, bay, north, pump):
    def cost():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            start_round(actor=maria, location_code=ward.public_code, now=NOW)
        return len(caught)

    alone = cost()
    DeviceFactory.create_batch(29, facility=north, location=bay)
    assert cost() == alone


def test_the_same_round_sent_twice_is_one(maria, omar, ward, elsewhere, pump):
    uid = uuid7()
    first = start_round(actor=maria, location_code=ward.public_code, uid=uid, now=NOW)
    assert start_round(actor=maria, location_code=ward.public_code, uid=uid, now=NOW) == first
    assert Round.objects.count() == 1 and RoundExpectation.objects.count() == 1
    for actor, place in ((omar, ward), (maria, elsewhere)):
        with pytest.raises(Conflict):
            start_round(actor=actor, location_code=place.public_code, uid=uid, now=NOW)


def test_history_names_who_froze_the_expectations(maria, ward, pump):
    from openhtm.audit.context import acting

    with acting(maria):
        begun = start_round(actor=maria, location_code=ward.public_code, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.metadata->>'actor' FROM rounds_roundexpectationevent e LEFT JOIN pghistory_context c ON c.id = e.pgh_context_id"
            " WHERE e.round_id = %s",
            [begun.pk],
        )
        assert cursor.fetchall() == [("Maria",)]


def test_found_again_and_a_sighting_each_time(maria, begun, pump, ward):
    first = scan(maria, begun, "bme-00001")
    again = scan(maria, begun, "BME-00001")
    assert (first.answer, again.answer) == ("found", "again")
    assert not first.moved
    assert begun.expectations.get().found_at is not None
    assert list(Sighting.objects.values_list("device_id", "location_id")) == [(pump.pk, ward.pk)] * 2


def test_an_unexpected_device_moves_here_and_back(maria, begun, ward, elsewhere, north):
    unit = DepartmentFactory(facility=north)
    lost = DeviceFactory(facility=north, location=elsewhere, department=unit)
    answer = scan(maria, begun, lost.control_number)
    lost.refresh_from_db()
    assert (answer.answer, answer.moved, lost.location_id, lost.department_id) == ("unexpected", True, ward.pk, unit.pk)
    back = undo_move(actor=maria, round_uid=begun.uid, scan_uid=answer.scan.uid, now=NOW)
    assert back.location_id == elsewhere.pk
    assert RoundScan.objects.count() == 1 and Sighting.objects.count() == 1  # it was seen here all the same
    with pytest.raises(MovedSince):
        undo_move(actor=maria, round_uid=begun.uid, scan_uid=answer.scan.uid, now=NOW)


def test_undo_does_not_undo_what_somebody_else_did(maria, omar, begun, elsewhere, north, bay):
    lost = DeviceFactory(facility=north, location=elsewhere)
    answer = scan(maria, begun, lost.control_number)
    move_devices(actor=omar, control_numbers=[lost.control_number], facility_id=north.pk, location_id=bay.pk, department_id=None)
    with pytest.raises(MovedSince):
        undo_move(actor=maria, round_uid=begun.uid, scan_uid=answer.scan.uid, now=NOW)
    kept = scan(maria, begun, "RNT-1")
    with pytest.raises(NothingToUndo):
        undo_move(actor=maria, round_uid=begun.uid, scan_uid=kept.scan.uid, now=NOW)


def test_a_missing_device_is_found_and_moved_here(maria, ward, bay, north, elsewhere):
    device = DeviceFactory(facility=north, location=elsewhere, status="missing", last_seen_location=bay, last_seen_at=NOW)
    begun = start_round(actor=maria, location_code=ward.public_code, now=NOW)
    answer = scan(maria, begun, device.control_number)
    device.refresh_from_db()
    assert (answer.answer, answer.moved, device.location_id) == ("found", True, ward.pk)


def test_an_unknown_tag_is_kept_once_and_settled(maria, begun, north):
    answers = [scan(maria, begun, "RNT-77").answer for _ in range(2)]
    assert answers == ["unknown", "again"]
    tag = UnknownTag.objects.get()
    rented = DeviceFactory(facility=north)
    done = settle_tag(actor=maria, tag_id=tag.pk, decision="device", control_number=rented.control_number, now=NOW + dt.timedelta(hours=1))
    assert done.device == rented
    assert Sighting.objects.get(device=rented).location == begun.location
    assert scan(maria, begun, "RNT-77").device == rented
    with pytest.raises(TagSettled):
        settle_tag(actor=maria, tag_id=tag.pk, decision="not_ours", now=NOW)


@pytest.mark.parametrize(
    ("decision", "number", "refusal"),
    [("device", "", Invalid), ("device", "NOSUCH", Device.DoesNotExist), ("whatever", "", Invalid)],
)
def test_a_tag_is_not_settled_by_nonsense(maria, begun, decision, number, refusal):
    scan(maria, begun, "RNT-77")
    with pytest.raises(refusal):
        settle_tag(actor=maria, tag_id=UnknownTag.objects.get().pk, decision=decision, control_number=number, now=NOW)
    assert UnknownTag.objects.get().settled_at is None


def test_a_scan_sent_twice_is_one_and_another_text_under_its_id_is_refused(maria, begun, pump):
    uid = uuid7()
    first, second = (scan(maria, begun, "BME-00001", uid=uid) for _ in range(2))
    assert (first.repeated, second.repeated, second.answer) == (False, True, "found")
    assert RoundScan.objects.count() == Sighting.objects.count() == 1
    with pytest.raises(Conflict):
        scan(maria, begun, "BME-00002", uid=uid)


def test_a_scan_made_before_the_end_may_arrive_after_it(maria, begun, pump):
    end_round(actor=maria, round_uid=begun.uid, now=NOW + dt.timedelta(hours=1))
    later = NOW + dt.timedelta(hours=2)
    assert scan(maria, begun, "BME-00001", scanned_at=NOW + dt.timedelta(minutes=5), now=later).answer == "found"
    with pytest.raises(RoundEnded):
        scan(maria, begun, "RNT-1", scanned_at=later, now=later)
    with pytest.raises(RoundEnded):
        end_round(actor=maria, round_uid=begun.uid, now=later)


@pytest.mark.parametrize("minutes", [-60, 60])
def test_clocks_that_are_wrong_are_refused(maria, begun, minutes):
    with pytest.raises(Invalid):
        scan(maria, begun, "BME-00001", scanned_at=NOW + dt.timedelta(minutes=minutes))


@pytest.mark.parametrize("text", ["", " ", "a\0b", "x" * 1001, "\ud800"])
def test_what_cannot_be_read_is_refused(maria, begun, text):
    with pytest.raises(Invalid):
        scan(maria, begun, text)
    assert not RoundScan.objects.exists()


def test_several_devices_with_one_code_are_asked_about_unless_one_is_expected(maria, begun, north, pump, elsewhere):
    first, second = (DeviceFactory(facility=north, serial_number="TWIN-1") for _ in range(2))
    asked = scan(maria, begun, "TWIN-1")
    assert (asked.answer, {one.pk for one in asked.choices}) == ("choose", {first.pk, second.pk})
    assert scan(maria, begun, "TWIN-1", control_number=second.control_number).device == second
    Device.objects.filter(pk=first.pk).update(serial_number=pump.serial_number)
    assert scan(maria, begun, pump.serial_number).device == pump


def test_the_label_of_a_place_is_no_scan(maria, begun, elsewhere):
    answer = scan(maria, begun, f"/l/{elsewhere.public_code}")
    assert (answer.answer, answer.place) == ("place", elsewhere)
    assert not RoundScan.objects.exists()


def test_due_devices_that_were_not_found_become_attempts_once(maria, ward, bay, north):
    late, fine = DeviceFactory(facility=north, location=bay), DeviceFactory(facility=north, location=bay)
    seen = DeviceFactory(facility=north, location=bay)
    owed = visit(late, "late")
    visit(seen, "due")
    begun = start_round(actor=maria, location_code=ward.public_code, now=NOW)
    scan(maria, begun, seen.control_number)
    done = end_round(actor=maria, round_uid=begun.uid, now=NOW + dt.timedelta(hours=1))
    assert (done.not_found, done.attempts) == (2, 1)
    tried = Attempt.objects.get()
    assert (tried.visit_id, tried.outcome, tried.location_id, tried.performer_name) == (owed.pk, "not_located", ward.pk, "Maria")
    assert fine.pk not in Attempt.objects.values_list("device_id", flat=True)


def test_attempts_are_only_recorded_for_those_named(maria, ward, bay, north):
    late = DeviceFactory(facility=north, location=bay)
    visit(late, "late")
    begun = start_round(actor=maria, location_code=ward.public_code, now=NOW)
    assert end_round(actor=maria, round_uid=begun.uid, not_located=[], now=NOW).attempts == 0


def test_two_people_on_one_round(maria, omar, begun, pump):
    assert scan(maria, begun, "BME-00001").answer == "found"
    assert scan(omar, begun, "BME-00001").answer == "again"
    assert {one.actor_name for one in RoundScan.objects.all()} == {"Maria", "Omar"}


def test_strangers_find_nothing_and_watchers_may_not(chen, begun, north, ward):
    for act in (lambda: scan(chen, begun, "BME-00001"), lambda: end_round(actor=chen, round_uid=begun.uid, now=NOW)):
        with pytest.raises(Round.DoesNotExist):
            act()
    nurse = actor_of(UserFactory.with_role(Role.REQUESTER, north))
    with pytest.raises(NotAllowed):
        start_round(actor=nurse, location_code=ward.public_code, now=NOW)


def test_scans_are_never_changed(maria, begun, pump):
    from django.db import ProgrammingError, transaction

    kept = scan(maria, begun, "BME-00001").scan
    with pytest.raises(ProgrammingError), transaction.atomic():
        RoundScan.objects.filter(pk=kept.pk).update(verdict="unknown")


def test_lists_cost_the_same_for_one_and_for_thirty(maria, begun, north, bay):
    def cost(work):
        with CaptureQueriesContext(connection) as caught:
            work()
        return len(caught)

    def report():
        queries.tallies([one.pk for one in queries.rounds(maria)])
        queries.shown(queries.expectations(begun))
        queries.recent_scans(begun)
        queries.not_found_rows(begun)
        [tag.location.name for tag in queries.tags(maria)]

    scan(maria, begun, "RNT-0")
    alone = cost(report)
    for number in range(29):
        scan(maria, begun, f"RNT-{number + 1}")
    DeviceFactory.create_batch(29, facility=north, location=bay)
    start_round(actor=maria, location_code=begun.location.public_code, now=timezone.now())
    assert cost(report) == alone


def test_an_id_that_was_never_made_is_not_there(maria):
    with pytest.raises(Round.DoesNotExist):
        scan_in_round(actor=maria, round_uid=uuid.uuid4(), text="BME-1", now=NOW)


def test_moves_of_a_round_say_why(maria, begun, north, elsewhere):
    lost = DeviceFactory(facility=north, location=elsewhere)
    scan(maria, begun, lost.control_number)
    assert DeviceMove.objects.get(device=lost).reason == "Seen on a round at 4 West"
