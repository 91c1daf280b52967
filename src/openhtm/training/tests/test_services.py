"""Training against the database: coverage, sign-in by code, lists, settling, policy and reminders."""

import datetime as dt
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from openhtm.catalog.models import DeviceType
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory
from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.core.ids import uuid7
from openhtm.identity.actor import Grant
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.notices.models import Notice
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory, LocationFactory
from openhtm.training.models import Attendance, Clinician, Settlement, SignedBy, SignInTry, TrainingPolicy, TrainingSession
from openhtm.training.queries import coverage as queries
from openhtm.training.queries import people
from openhtm.training.queries.sessions import attended, attendees, unsettled
from openhtm.training.rules.coverage import State
from openhtm.training.rules.lists import ListRow, typed_list
from openhtm.training.rules.shipped import limits, starter_policy
from openhtm.training.services import attendance, clinicians, policies, reminders, sessions, throttling
from openhtm.training.services.attendance import SignInClosed, judge_list, record_list, session_by_code, settle, sign_in
from openhtm.training.services.importing import as_shown, read_shown
from openhtm.training.services.printing import certificate_pdf, record_pdf, sheet_pdf, sheet_png
from openhtm.training.tests.factories import ClinicianFactory, CourseFactory, PolicyFactory, SessionFactory
from openhtm.ui.barcodes import decode_image

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, 14, 10, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 22)
DAY = dt.timedelta(days=1)


@pytest.fixture
def north():
    return FacilityFactory(name="North", code="NORTH")


@pytest.fixture
def icu(north):
    return DepartmentFactory(facility=north, name="ICU")


@pytest.fixture
def pump():
    return DeviceModelFactory(device_type=DeviceTypeFactory(code="pump", name="Pump"), name="P1")


@pytest.fixture
def edith(north):
    return actor_of(UserFactory.with_role(Role.CLINICAL_EDUCATOR, north, full_name="Edith"))


@pytest.fixture
def chen():
    return actor_of(UserFactory.with_role(Role.CLINICAL_EDUCATOR, FacilityFactory(name="South"), full_name="Chen"))


@pytest.fixture
def rosa(icu):
    return ClinicianFactory(department=icu, full_name="Rosa Lindqvist", employee_number="10482")


@pytest.fixture
def policy(pump):
    return PolicyFactory(device_type=pump.device_type)


@pytest.fixture
def device(pump, icu):
    return DeviceFactory(device_model=pump, facility=icu.facility, department=icu, in_service_on=dt.date(2026, 1, 1))


@pytest.fixture
def session(icu, pump):
    return SessionFactory(course=CourseFactory(device_type=pump.device_type), department=icu)


def covered(icu, on=TODAY):
    [unit] = queries.coverage([icu], on=on)
    return {cell.type_code: tuple(amount for _, amount in cell.counts) for cell in unit.cells}


def test_coverage_rises_when_somebody_signs_in(icu, policy, device, session, rosa):
    ClinicianFactory(department=icu)
    assert covered(icu) == {"pump": (0, 0, 0, 2)}
    written = sign_in(session=session, name="Lindqvist, Rosa", employee_number="10482", now=NOW)
    assert written.clinician == rosa
    assert covered(icu) == {"pump": (1, 0, 0, 1)}
    assert covered(icu, TODAY - DAY) == {"pump": (0, 0, 0, 2)}
    assert covered(icu, dt.date(2027, 10, 1)) == {"pump": (0, 1, 0, 1)}
    assert covered(icu, dt.date(2027, 11, 22)) == {"pump": (0, 0, 1, 1)}
    [behind] = queries.people_behind([icu], on=TODAY, wanted=State.TRAINED)
    assert (behind.person.name, behind.trained_on, behind.due_on) == ("Rosa Lindqvist", TODAY, dt.date(2027, 11, 22))


def test_a_unit_is_asked_for_what_stands_in_its_places_and_in_use(icu, policy, pump, edith, north):
    floor = LocationFactory(facility=north, name="4 West")
    room = LocationFactory(facility=north, name="Room 1", parent=floor)
    ClinicianFactory(department=icu)
    DeviceFactory(device_model=pump, facility=north, location=room)
    DeviceFactory(device_model=pump, facility=north, location=room, status="retired")
    assert covered(icu) == {}
    clinicians.set_unit_places(actor=edith, department_id=icu.pk, public_codes=[floor.public_code])
    assert covered(icu) == {"pump": (0, 0, 0, 1)}
    assert queries.coverage([icu], on=TODAY)[0].cells[0].devices == 1
    with pytest.raises(Invalid, match="no place"):
        clinicians.set_unit_places(actor=edith, department_id=icu.pk, public_codes=["ZZZZ"])


def test_coverage_costs_the_same_for_one_unit_and_for_many(north, pump, policy):
    def fill(number):
        unit = DepartmentFactory(facility=north)
        DeviceFactory(device_model=pump, facility=north, department=unit)
        for one in range(number):
            session = SessionFactory(course__device_type=pump.device_type, department=unit)
            Attendance.objects.create(session=session, clinician=ClinicianFactory(department=unit), name=f"x{one}", name_key="x", by="list")
        return unit

    units = [fill(1)]
    with CaptureQueriesContext(
        connection,
    ) as alone:
        queries.coverage(units, on=TODAY)
        queries.roll_outs(units, on=TODAY, since=TODAY - 365 * DAY)
    units += [fill(3) for _ in range(6)]
    with CaptureQueriesContext(connection) as many:
        found = queries.coverage(units, on=TODAY)
        queries.roll_outs(units, on=TODAY, since=TODAY - 365 * DAY)
    assert len(many) == len(alone)
    assert [unit.count(State.TRAINED) for unit in found] == [1, 3, 3, 3, 3, 3, 3]


def test_a_roll_out_waits_until_everybody_is_trained_on_the_model(icu, pump, rosa):
    PolicyFactory(device_type=pump.device_type, each_model=True, repeat_months=None)
    DeviceFactory(device_model=pump, facility=icu.facility, department=icu, in_service_on=TODAY - 40 * DAY)
    since = TODAY - 365 * DAY
    [row] = queries.roll_outs([icu], on=TODAY, since=since)
    assert (row.model, row.missing, row.late, row.due_by) == (pump, 1, True, TODAY - 10 * DAY)
    assert not queries.roll_outs([icu], on=TODAY - 20 * DAY, since=since)[0].late
    of_type = SessionFactory(course=CourseFactory(device_type=pump.device_type), department=icu)
    sign_in(session=of_type, name=rosa.full_name, employee_number=rosa.employee_number, now=NOW)
    assert queries.roll_outs([icu], on=TODAY, since=since), "the type is not the model"
    of_model = SessionFactory(course=CourseFactory(device_type=pump.device_type, device_model=pump), department=icu)
    sign_in(session=of_model, name=rosa.full_name, employee_number=rosa.employee_number, now=NOW)
    assert queries.roll_outs([icu], on=TODAY, since=since) == []
    assert [row.missing for row in queries.roll_outs([icu], on=TODAY, since=since, everything=True)] == [0]


def test_who_is_unknown_is_kept_and_counts_once_settled(icu, policy, device, session, rosa, edith, chen):
    written = sign_in(session=session, name="Rosa Lindquist", employee_number="10482", now=NOW)
    assert (written.clinician, written.method) == (None, "not sure")
    assert attended([session.pk]) == {session.pk: (1, 1)}
    assert list(unsettled(edith)) == [written]
    assert list(unsettled(chen)) == []
    with pytest.raises(Attendance.DoesNotExist):
        settle(actor=chen, attendance_uid=written.uid, decision="clinician", clinician_uid=rosa.uid, now=NOW)
    settle(actor=edith, attendance_uid=written.uid, decision="clinician", clinician_uid=rosa.uid, now=NOW)
    assert list(unsettled(edith)) == []
    assert covered(icu) == {"pump": (1, 0, 0, 0)}
    settle(actor=edith, attendance_uid=written.uid, decision="not_there", now=NOW + DAY)
    assert covered(icu) == {"pump": (0, 0, 0, 1)}
    [attendee] = attendees(session)
    assert (attendee.attendance.name, attendee.decision, attendee.counts) == ("Rosa Lindquist", "not_there", False)


def test_a_new_person_is_made_from_what_was_written(icu, session, edith):
    written = sign_in(session=session, name="Ana Diaz", employee_number="A-77", now=NOW)
    with pytest.raises(Invalid, match="unit"):
        settle(actor=edith, attendance_uid=written.uid, decision="new", now=NOW)
    done = settle(actor=edith, attendance_uid=written.uid, decision="new", department_id=icu.pk, now=NOW)
    assert (done.clinician.full_name, done.clinician.employee_number, done.clinician.department) == ("Ana Diaz", "A77", icu)
    with pytest.raises(Invalid, match="somebody"):
        settle(actor=edith, attendance_uid=written.uid, decision="clinician", now=NOW)
    with pytest.raises(Invalid, match="one of"):
        settle(actor=edith, attendance_uid=written.uid, decision="perhaps", now=NOW)


def test_a_number_that_was_written_goes_to_who_has_none(icu, session, edith):
    jo = ClinicianFactory(department=icu, full_name="Jo Park", employee_number="")
    written = sign_in(session=session, name="Jo Park", employee_number="555", now=NOW)
    settle(actor=edith, attendance_uid=written.uid, decision="clinician", clinician_uid=jo.uid, now=NOW)
    jo.refresh_from_db()
    assert jo.employee_number == "555"


def test_signing_in_twice_writes_once(session, rosa):
    uid = uuid7()
    first = sign_in(session=session, name="Rosa Lindqvist", employee_number="10482", uid=uid, now=NOW)
    assert sign_in(session=session, name="Rosa Lindqvist", employee_number="10482", uid=uid, now=NOW) == first
    assert sign_in(session=session, name="rosa lindqvist", employee_number="10482", now=NOW) == first
    unknown = sign_in(session=session, name="Ana Diaz", employee_number="1", now=NOW)
    assert sign_in(session=session, name="Diaz, Ana", employee_number="1", now=NOW) == unknown
    assert session.attendances.count() == 2


@pytest.mark.parametrize("minutes", [-31, 151])
def test_people_sign_in_around_the_session_only(session, minutes):
    with pytest.raises(SignInClosed, match="22 Nov 08:30 to 22 Nov 11:30"):
        sign_in(session=session, name="Rosa Lindqvist", employee_number="10482", now=session.held_at + dt.timedelta(minutes=minutes))


def test_attendance_and_decisions_are_never_changed(session, rosa, edith):
    written = sign_in(session=session, name="Rosa Lindqvist", employee_number="10482", now=NOW)
    done = settle(actor=edith, attendance_uid=written.uid, decision="not_ours", now=NOW)
    for row, change in ((written, {"name": "x"}), (done, {"note": "x"})):
        with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(**change)
        with pytest.raises(Exception, match="Cannot"), transaction.atomic():
            row.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Settlement.objects.create(attendance=written, decision="clinician")


def test_a_list_is_recorded_once_and_says_what_became_of_each_row(session, rosa, edith, icu):
    rows = typed_list("Rosa Lindqvist, 10482\nAna Diaz, 3\n!!\nRosa Lindqvist; 10482\n", limit=10)
    done = record_list(actor=edith, session_uid=session.uid, rows=rows, by=SignedBy.LIST, now=NOW)
    assert [one.verdict for one in done] == ["matched", "unknown", "refused", "known"]
    again = record_list(actor=edith, session_uid=session.uid, rows=rows, by=SignedBy.LIST, now=NOW)
    assert [one.verdict for one in again] == ["known", "known", "refused", "known"]
    assert session.attendances.count() == 2


def test_a_list_costs_the_same_for_one_and_for_many(session, edith, icu):
    def cost(rows):
        with CaptureQueriesContext(connection) as found:
            record_list(actor=edith, session_uid=session.uid, rows=typed_list(rows, limit=500), by=SignedBy.LIST, now=NOW)
        return len(found)

    assert cost("Ana Diaz, 1") == cost("\n".join(f"Person X{number}, {number}" for number in range(2, 200)))


def test_a_list_is_refused_to_strangers_before_the_time_and_after_a_cancellation(session, edith, chen, north):
    rows = typed_list("Ana Diaz, 3", limit=10)
    asked = {"session_uid": session.uid, "rows": rows, "by": SignedBy.LIST}
    nurse = actor_of(UserFactory.with_role(Role.REQUESTER, north))
    with pytest.raises(TrainingSession.DoesNotExist):
        record_list(actor=chen, **asked, now=NOW)
    with pytest.raises(NotAllowed):
        record_list(actor=nurse, **asked, now=NOW)
    with pytest.raises(attendance.SessionNotBegun, match="22 Nov 2026 08:30"):
        record_list(actor=edith, **asked, now=NOW - DAY)
    with pytest.raises(Invalid, match="people"):
        record_list(actor=edith, session_uid=session.uid, rows=[], by=SignedBy.LIST, now=NOW)
    sessions.cancel_session(actor=edith, uid=session.uid, reason="Trainer ill", now=NOW)
    with pytest.raises(sessions.SessionCancelled):
        record_list(actor=edith, **asked, now=NOW)
    with pytest.raises(attendance.SessionCodeUnknown):
        session_by_code(session.code)


def test_a_cancelled_session_trained_nobody(icu, policy, device, session, rosa, edith):
    sign_in(session=session, name="Rosa Lindqvist", employee_number="10482", now=NOW)
    sessions.cancel_session(actor=edith, uid=session.uid, reason="Wrong device", now=NOW)
    assert covered(icu) == {"pump": (0, 0, 0, 1)}


def test_too_many_sign_ins_have_to_wait(session):
    known = limits()
    SignInTry.objects.bulk_create(
        [SignInTry(session=session, address="10.0.0.1", at=NOW - dt.timedelta(minutes=2)) for _ in range(known.per_address)]
    )
    with pytest.raises(throttling.TooManySignIns, match="Wait 13 min"):
        throttling.note_try(session_id=session.pk, address="10.0.0.1", now=NOW)
    throttling.note_try(session_id=session.pk, address="10.0.0.2", now=NOW)
    SignInTry.objects.bulk_create([SignInTry(address="10.0.0.3", at=NOW) for _ in range(known.unknown_codes)])
    with pytest.raises(throttling.TooManySignIns):
        throttling.note_try(session_id=None, address="10.0.0.3", now=NOW)
    assert throttling.forget_tries(now=NOW + 8 * DAY) == known.per_address + known.unknown_codes + 1


def test_a_session_is_planned_once_and_checked(north, icu, pump, edith, chen):
    course = sessions.save_course(actor=edith, title="Pump basics", device_type_code="pump")
    asked = {
        "course_uid": course.uid,
        "facility_id": north.pk,
        "held_at": NOW,
        "kind": "yearly",
        "trainer_name": "Edith",
        "now": NOW,
        "uid": uuid7(),
    }
    made = sessions.plan_session(actor=edith, department_id=icu.pk, **asked)
    assert (made.minutes, made.trainer_user_id, len(made.code)) == (30, edith.user_id, 12)
    assert sessions.plan_session(actor=edith, **asked) == made
    with pytest.raises(Invalid, match="no such unit"):
        sessions.plan_session(actor=edith, **asked | {"uid": None}, department_id=DepartmentFactory().pk)
    with pytest.raises(Invalid, match="ten years"):
        sessions.plan_session(actor=edith, **asked | {"uid": None, "held_at": NOW + 900 * DAY})
    with pytest.raises(Invalid, match="roll_out"):
        sessions.plan_session(actor=edith, **asked | {"uid": None, "kind": "often"})
    with pytest.raises(Invalid, match="device type or a model"):
        sessions.save_course(actor=edith, title="Nothing")
    with pytest.raises(type(north).DoesNotExist):
        sessions.plan_session(actor=chen, **asked)


def test_the_starter_policy_is_loaded_once_and_what_was_ended_stays_ended(edith):
    for code in {line.type_code for line in starter_policy().lines if line.type_code}:
        DeviceTypeFactory(code=code)
    assert policies.load_starter_policy() == len(starter_policy().lines)
    assert policies.load_starter_policy() == 0
    assert DeviceType.objects.count() == len({line.type_code for line in starter_policy().lines} - {""})
    line = TrainingPolicy.objects.get(code="glucose-meter")
    with pytest.raises(NotAllowed):
        policies.end_policy(actor=edith, uid=line.uid, effective_to=TODAY, reason="Laboratory does it")
    ada = actor_of(UserFactory.with_role(Role.ADMINISTRATOR, None))
    policies.end_policy(actor=ada, uid=line.uid, effective_to=TODAY, reason="Laboratory does it")
    with pytest.raises(Invalid, match="ended already"):
        policies.end_policy(actor=ada, uid=line.uid, effective_to=TODAY, reason="Again")
    assert policies.load_starter_policy() == 0


def test_a_line_of_a_site_is_checked(north, edith, pump):
    asked = {"code": "Pumps", "name": "Pumps", "source": "Policy 12", "effective_from": TODAY, "facility_id": north.pk, "repeat_months": 12}
    made = policies.add_policy(actor=edith, device_type_code="pump", **asked)
    assert (made.code, made.facility, made.confidence) == ("pumps", north, "local")
    with pytest.raises(Invalid, match="begins on that day"):
        policies.add_policy(actor=edith, device_type_code="pump", **asked)
    with pytest.raises(Invalid, match="Choose one"):
        policies.add_policy(actor=edith, device_type_code="pump", high_risk=True, **asked)
    with pytest.raises(Invalid, match="no device type"):
        policies.add_policy(actor=edith, device_type_code="zeppelin", **asked)
    with pytest.raises(Invalid, match="repeated"):
        policies.add_policy(actor=edith, high_risk=True, **asked | {"repeat_months": None})
    with pytest.raises(NotAllowed):
        policies.add_policy(actor=edith, high_risk=True, **asked | {"facility_id": None})


def test_coverage_of_the_past_follows_the_policy_of_the_past(icu, policy, device, rosa):
    ada = actor_of(UserFactory.with_role(Role.ADMINISTRATOR, None))
    policies.end_policy(actor=ada, uid=policy.uid, effective_to=TODAY, reason="Replaced")
    assert covered(icu) == {}
    assert covered(icu, TODAY - DAY) == {"pump": (0, 0, 0, 1)}


def test_people_are_added_changed_and_leave(icu, edith, chen, rosa):
    with pytest.raises(Invalid, match="this employee number"):
        clinicians.add_clinician(actor=edith, department_id=icu.pk, full_name="Other", employee_number="10482")
    with pytest.raises(Invalid, match="letters"):
        clinicians.add_clinician(actor=edith, department_id=icu.pk, full_name="***")
    with pytest.raises(Clinician.DoesNotExist):
        clinicians.update_clinician(actor=chen, uid=rosa.uid, full_name="X")
    with pytest.raises(Invalid, match="after the first"):
        clinicians.update_clinician(actor=edith, uid=rosa.uid, started_on=TODAY, left_on=TODAY)
    clinicians.update_clinician(actor=edith, uid=rosa.uid, left_on=TODAY)
    assert [person.full_name for person in people.clinicians(edith)] == []
    assert [person.full_name for person in people.clinicians(edith, gone=True)] == ["Rosa Lindqvist"]


def test_a_nurse_sees_her_unit_and_nothing_else(north, icu, rosa, session):
    other = DepartmentFactory(facility=north, name="Surgery")
    stranger = ClinicianFactory(department=other)
    nurse = actor_of(UserFactory.with_role(Role.REQUESTER, north, department=icu))
    assert queries.units(nurse) == [icu]
    assert list(Clinician.objects.visible_to(nurse)) == [rosa]
    assert stranger not in people.clinicians(nurse)
    hidden = SessionFactory(department=other)
    assert set(TrainingSession.objects.visible_to(nurse)) == {session}
    assert hidden not in TrainingSession.objects.visible_to(nurse)


def test_units_and_educators_are_reminded_once_a_month(icu, policy, device, session, rosa):
    sign_in(session=session, name="Rosa Lindqvist", employee_number="10482", now=NOW)
    assert reminders.remind(today=TODAY, now=NOW) == 0
    later = dt.date(2027, 11, 1)
    assert reminders.remind(today=later, now=NOW) == 2
    assert reminders.remind(today=later + DAY, now=NOW) == 0
    assert {notice.role for notice in Notice.objects.all()} == {"", "clinical_educator"}
    assert Notice.objects.first().subject == "ICU: device training 1 due"


def test_a_late_roll_out_is_told_to_the_educators(icu, pump, rosa):
    PolicyFactory(device_type=pump.device_type, each_model=True, repeat_months=None)
    DeviceFactory(device_model=pump, facility=icu.facility, department=icu, in_service_on=TODAY - 40 * DAY)
    assert reminders.remind(today=TODAY, now=NOW) == 1
    assert "1 of 1 people not trained" in Notice.objects.get().subject


def test_papers_are_made_and_the_printed_code_leads_to_the_sign_in(icu, policy, device, session, rosa):
    written = sign_in(session=session, name="Rosa Lindqvist", employee_number="10482", now=NOW)
    base = "https://htm.example.org"
    assert sheet_pdf(session, attendees(session), base_url=base, now=NOW).startswith(b"%PDF")
    codes = [read.text for read in decode_image(sheet_png(session, base_url=base))]
    assert codes == [f"{base}/attend/{session.code}"]
    record = people.record(rosa, on=TODAY)
    assert [one.state for one in record.standing] == [State.TRAINED]
    assert record_pdf(record, on=TODAY, types={}, now=NOW).startswith(b"%PDF")
    assert certificate_pdf(written, rosa, now=NOW).startswith(b"%PDF")


def test_a_number_goes_to_nobody_whom_the_educator_may_not_change(north, icu, session, chen):
    """Chen runs training in South and sees North as a technician; a person of North keeps what North wrote."""
    jo = ClinicianFactory(department=icu, full_name="Jo Park", employee_number="")
    south = chen.grants[0].facility_id
    both = replace(chen, grants=(*chen.grants, Grant(Role.TECHNICIAN, north.pk)))
    there = SessionFactory(course=session.course, department=DepartmentFactory(facility_id=south))
    written = sign_in(session=there, name="Jo Park", employee_number="555", now=NOW)
    settle(actor=both, attendance_uid=written.uid, decision="clinician", clinician_uid=jo.uid, now=NOW)
    jo.refresh_from_db()
    assert jo.employee_number == ""


def test_a_number_taken_in_the_same_moment_is_refused_in_words(icu, session, edith, monkeypatch):
    jo = ClinicianFactory(department=icu, full_name="Jo Park", employee_number="")
    ClinicianFactory(department=icu, employee_number="555")
    written = sign_in(session=session, name="Jo Park", employee_number="555", now=NOW)
    monkeypatch.setattr(attendance, "_number_taken", lambda number: False)
    with pytest.raises(Invalid, match="this employee number"):
        settle(actor=edith, attendance_uid=written.uid, decision="clinician", clinician_uid=jo.uid, now=NOW)
    assert not Settlement.objects.exists()


def test_an_id_of_somebody_else_is_never_told_as_done(session, icu, rosa, edith):
    uid = uuid7()
    sign_in(session=session, name="Rosa Lindqvist", employee_number="10482", uid=uid, now=NOW)
    other = SessionFactory(course=session.course, department=icu)
    for where, name in ((session, "Ana Diaz"), (other, "Rosa Lindqvist")):
        with pytest.raises(Conflict, match="id"):
            sign_in(session=where, name=name, employee_number="10482", uid=uid, now=NOW)
        with pytest.raises(Conflict, match="id"):
            record_list(
                actor=edith, session_uid=where.uid, rows=typed_list(f"{name}, 10482", limit=9), by=SignedBy.LIST, uids=[uid], now=NOW
            )
    twice, fresh = typed_list("Ana Diaz, 1\nJo Park, 2", limit=9), uuid7()
    with pytest.raises(Conflict, match="id"):
        record_list(actor=edith, session_uid=session.uid, rows=twice, by=SignedBy.LIST, uids=[fresh, fresh], now=NOW)
    assert Attendance.objects.count() == 1
    same = record_list(
        actor=edith, session_uid=session.uid, rows=typed_list("Rosa Lindqvist, 10482", limit=9), by=SignedBy.LIST, uids=[uid], now=NOW
    )
    assert [one.verdict for one in same] == ["known"]


def test_an_imported_list_is_recorded_as_it_was_shown_or_not_at_all(session, icu, edith):
    rows = [ListRow(2, "Park; Jo", "9, B", "ICU"), ListRow(3, "Ana 2 Diaz", "", "4 West"), ListRow(4, "", "", "", "There is no name.")]
    shown = as_shown(session.uid, judge_list(session, rows))
    again, seen = read_shown(session.uid, shown)
    assert again == rows
    with pytest.raises(Invalid, match="Upload it again"):
        read_shown(SessionFactory(course=session.course, department=icu).uid, shown)
    with pytest.raises(Invalid, match="Upload it again"):
        read_shown(session.uid, shown[:-1])
    jo = ClinicianFactory(department=icu, full_name="Jo Park", employee_number="9B")
    with pytest.raises(attendance.ListChanged, match="Park; Jo"):
        record_list(actor=edith, session_uid=session.uid, rows=again, by=SignedBy.IMPORT, seen=seen, now=NOW)
    assert not Attendance.objects.exists()
    again, seen = read_shown(session.uid, as_shown(session.uid, judge_list(session, rows)))
    for _ in range(2):
        record_list(actor=edith, session_uid=session.uid, rows=again, by=SignedBy.IMPORT, seen=seen, now=NOW)
    written = set(Attendance.objects.values_list("name", "employee_number", "unit", "clinician"))
    assert written == {("Park; Jo", "9B", "ICU", jo.pk), ("Ana 2 Diaz", "", "4 West", None)}


def test_what_was_taught_stays_as_it_was_when_the_course_is_changed(north, icu, pump, edith):
    course = sessions.save_course(actor=edith, title="Pump basics", content="Alarms", device_type_code="pump")
    asked = {"course_uid": course.uid, "facility_id": north.pk, "kind": "yearly", "trainer_name": "Edith", "now": NOW}
    held = sessions.plan_session(actor=edith, held_at=NOW - DAY, **asked)
    planned = sessions.plan_session(actor=edith, held_at=NOW + DAY, **asked)
    sessions.save_course(actor=edith, uid=course.uid, title="Pumps anew", content="Batteries", now=NOW)
    for one, expected in ((held, ("Pump basics", "Alarms")), (planned, ("Pumps anew", "Batteries"))):
        one.refresh_from_db()
        assert (one.title, one.content) == expected
