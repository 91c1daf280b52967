"""The pages of training: an educator's, a nurse's, and the sign-in without log-in."""

import datetime as dt
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from tests.permissions.client import ApiClient, logged_in

from openhtm.catalog.tests.factories import DeviceModelFactory
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory
from openhtm.training.models import Attendance, Clinician, Course, TrainingPolicy, TrainingSession
from openhtm.training.rules.shipped import limits
from openhtm.training.tests.factories import ClinicianFactory, CourseFactory, PolicyFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def icu():
    return DepartmentFactory(facility=FacilityFactory(name="North", code="NORTH"), name="ICU")


@pytest.fixture
def edith(icu):
    return UserFactory.with_role(Role.CLINICAL_EDUCATOR, icu.facility, full_name="Edith")


@pytest.fixture
def pump(icu):
    model = DeviceModelFactory(device_type__code="pump", device_type__name="Pump")
    DeviceFactory(device_model=model, facility=icu.facility, department=icu, in_service_on=dt.date(2024, 1, 1))
    PolicyFactory(device_type=model.device_type)
    return model


@pytest.fixture
def session(icu, pump):
    return SessionFactory(course=CourseFactory(title="Pump basics", device_type=pump.device_type), department=icu, held_at=timezone.now())


@pytest.fixture
def rosa(icu):
    return ClinicianFactory(department=icu, full_name="Rosa Lindqvist", employee_number="10482")


def test_numbers_on_the_board_open_to_their_people(icu, edith, pump, session, rosa):
    client = logged_in(edith)
    page = client.get(reverse("training:home")).content.decode()
    link = f"/training/behind?unit={icu.pk}&amp;state=unknown"
    assert link in page
    behind = client.get(link.replace("&amp;", "&")).content.decode()
    assert "Rosa Lindqvist" in behind
    assert "No record" in behind
    unit = client.get(reverse("training:unit", args=[icu.pk])).content.decode()
    assert "Policy of the hospital, 2026" in unit
    past = client.get(reverse("training:home"), {"on": "2024-06-01", "facility": "nowhere"})
    assert past.status_code == 200


@pytest.mark.parametrize(
    "query", ["on=2026-99-99", "on=x", "unit=9999999", "state=x&start=-4", "start=99999999", "facility=%00", "type=zeppelin"]
)
def test_odd_addresses_are_answered(edith, pump, rosa, query):
    assert logged_in(edith).get(f"{reverse('training:behind')}?{query}").status_code in (200, 404)


def test_somebody_signs_in_without_log_in_and_is_told_so(session, rosa):
    client, url = Client(), reverse("training:attend", args=[session.code])
    page = client.get(url).content.decode()
    assert "Pump basics" in page
    assert "Rosa Lindqvist" in page, "names of the unit can be picked"
    assert "10482" not in page
    assert client.post(url, {"name": "", "employee_number": "1"}).status_code == 422
    done = client.post(url, {"name": "rosa lindqvist", "employee_number": "10482"}, follow=True)
    assert "You are signed in" in done.content.decode()
    kept = client.post(url, {"name": "Ana Diaz", "employee_number": "7"}, follow=True)
    assert "Kept for the trainer" in kept.content.decode()
    assert Attendance.objects.filter(by="qr").count() == 2
    assert client.get(reverse("training:attend", args=["ZZZZZZZZZZZZ"])).status_code == 404


def test_a_form_that_was_passed_on_is_kept_apart(session, rosa):
    client, url = Client(), reverse("training:attend", args=[session.code])
    [uid] = re.findall(r'name="uid" value="([^"]+)"', client.get(url).content.decode())
    client.post(url, {"name": "Rosa Lindqvist", "employee_number": "10482", "uid": uid})
    passed = client.post(url, {"name": "Ana Diaz", "employee_number": "7", "uid": uid})
    assert passed.status_code == 409
    [fresh] = re.findall(r'name="uid" value="([^"]+)"', passed.content.decode())
    assert fresh != uid
    client.post(url, {"name": "Ana Diaz", "employee_number": "7", "uid": fresh})
    assert session.attendances.count() == 2


def test_outside_its_time_a_session_offers_nothing_and_takes_nothing(session, rosa):
    TrainingSession.objects.update(held_at=timezone.now() - dt.timedelta(days=1))
    client, url = Client(), reverse("training:attend", args=[session.code])
    page = client.get(url).content.decode()
    assert "Closed" in page
    assert "Rosa Lindqvist" not in page
    assert client.post(url, {"name": "Rosa Lindqvist", "employee_number": "10482"}).status_code == 409
    assert not Attendance.objects.exists()


def test_guessing_codes_has_to_wait():
    answers = [Client().get(reverse("training:attend", args=[f"ZZZZ{number}"])).status_code for number in range(limits().unknown_codes + 1)]
    assert answers == [404] * limits().unknown_codes + [429]


def test_an_educator_types_and_imports_a_list(icu, edith, session, rosa):
    client = logged_in(edith)
    typed = client.post(
        reverse("training:session-people", args=[session.uid]), {"people": "Rosa Lindqvist, 10482\nAna Diaz, 7"}, follow=True
    )
    assert "1 recorded, 1 kept to be settled." in typed.content.decode()
    assert client.post(reverse("training:session-people", args=[session.uid]), {"people": ""}).status_code == 422
    url = reverse("training:session-import", args=[session.uid])
    looked = client.post(url, {"file": SimpleUploadedFile("x.csv", b"Name,Badge\nRosa Lindqvist,10482\nJo Park,9\n")}).content.decode()
    assert "On the list already" in looked
    assert session.attendances.count() == 2, "looking writes nothing"
    [shown] = re.findall(r'name="shown" hidden>([^<]+)<', looked)
    people = reverse("training:session-people", args=[session.uid])
    assert client.post(people, {"shown": shown + "x"}).status_code == 422
    assert "1 recorded" not in client.post(people, {"shown": shown}, follow=True).content.decode()
    [jo] = session.attendances.filter(by="import")
    assert (jo.name, jo.employee_number) == ("Jo Park", "9")
    assert client.post(url, {"file": SimpleUploadedFile("x.pdf", b"%PDF-1.7 nothing")}).status_code == 422
    for name in ("session", "session-show", "session-sheet", "session-code"):
        assert client.get(reverse(f"training:{name}", args=[session.uid])).status_code == 200
    count = client.get(reverse("training:session-show", args=[session.uid]), HTTP_HX_REQUEST="true").content.decode()
    assert "<b>3</b> signed in" in count
    assert "<html" not in count


def test_an_educator_settles_a_name(icu, edith, session, rosa):
    unknown = Attendance.objects.create(
        session=session, name="R. Lindqvist", name_key="lindqvist r", employee_number="10482", by="qr", method="not sure"
    )
    client = logged_in(edith)
    assert "R. Lindqvist" in client.get(reverse("training:unsettled")).content.decode()
    url = reverse("training:settle", args=[unknown.uid])
    assert "Could be" in client.get(url).content.decode()
    assert client.post(url, {"decision": "clinician"}).status_code == 422
    assert client.post(url, {"decision": "clinician", "clinician": rosa.uid}).status_code == 302
    record = client.get(reverse("training:person", args=[rosa.uid])).content.decode()
    assert "Pump basics" in record
    assert client.get(reverse("training:certificate", args=[unknown.uid])).status_code == 200
    assert client.get(reverse("training:person-record", args=[rosa.uid])).status_code == 200


def test_an_educator_sets_up_courses_lines_people_and_sessions(icu, edith, pump):
    client, today = logged_in(edith), timezone.localdate()
    assert (
        client.post(reverse("training:course-new"), {"title": "Alarms", "device_type": "pump", "minutes": 20, "active": "on"}).status_code
        == 302
    )
    course = Course.objects.get(title="Alarms")
    assert client.post(reverse("training:course-edit", args=[course.uid]), {"title": "Alarms 2", "minutes": 25}).status_code == 302
    line = {
        "name": "Pumps twice",
        "target": "type",
        "device_type": "pump",
        "repeat_months": 6,
        "effective_from": today,
        "source": "Board",
        "facility": icu.facility.pk,
    }
    assert client.post(reverse("training:policy-new"), line).status_code == 302
    made = TrainingPolicy.objects.get(code="pumps-twice")
    assert (
        client.post(reverse("training:policy-end", args=[made.uid]), {"effective_to": today, "reason": "Once is enough"}).status_code == 302
    )
    person = {"full_name": "Jo Park", "department": icu.pk, "user_name": edith.username}
    assert client.post(reverse("training:person-new"), person).status_code == 302
    jo = Clinician.objects.get(full_name="Jo Park")
    assert client.post(reverse("training:person-edit", args=[jo.uid]), person | {"full_name": "Jo Parker"}).status_code == 302
    assert client.get(reverse("training:mine"))["Location"].endswith(str(jo.uid))
    Course.objects.update(active=True)
    asked = {
        "course": course.uid,
        "facility": "NORTH",
        "department": icu.pk,
        "held_at": "2026-11-22T09:00",
        "kind": "yearly",
        "trainer_name": "Edith",
    }
    done = client.post(reverse("training:session-new"), asked)
    assert done.status_code == 302
    session = TrainingSession.objects.get()
    assert session.held_at == dt.datetime(2026, 11, 22, 14, tzinfo=dt.UTC), "nine as the clocks of New York show it"
    assert client.post(reverse("training:session-cancel", args=[session.uid]), {"reason": "Trainer ill"}).status_code == 302
    for name in ("policy-list", "course-list", "session-list", "person-list", "roll-outs"):
        assert client.get(reverse(f"training:{name}")).status_code == 200
    assert "Trainer ill" in client.get(reverse("training:session-list"), {"show": "cancelled"}).content.decode()


def test_a_nurse_sees_her_unit_without_numbers_of_others(icu, pump, session, rosa):
    other = ClinicianFactory(department=DepartmentFactory(facility=icu.facility, name="Surgery"), full_name="Sam Surgeon")
    for person in (rosa, other):
        Attendance.objects.create(
            session=session, clinician=person, name=person.full_name, name_key=person.name_key, by="list", method="name"
        )
    nurse = logged_in(UserFactory.with_role(Role.REQUESTER, icu.facility, department=icu))
    assert "ICU" in nurse.get(reverse("training:home")).content.decode()
    page = nurse.get(reverse("training:session", args=[session.uid])).content.decode()
    assert "Rosa Lindqvist" in page
    assert "Sam Surgeon" not in page
    assert "10482" not in page
    assert "10482" not in nurse.get(reverse("training:person", args=[rosa.uid])).content.decode()
    assert nurse.get(reverse("training:person", args=[other.uid])).status_code == 404
    assert nurse.get(reverse("training:unit", args=[other.department_id])).status_code == 404
    assert nurse.get(reverse("training:person-record", args=[rosa.uid])).status_code == 403


def test_lists_cost_the_same_for_one_row_and_for_thirty(icu, edith, pump, session, rosa):
    client = logged_in(edith)
    pages = [reverse(f"training:{name}") for name in ("session-list", "person-list", "unsettled", "course-list", "policy-list")]

    def costs():
        found = []
        for page in pages:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(page).status_code == 200
            found.append(len(asked))
        return found

    Attendance.objects.create(session=session, name="A", name_key="a", by="qr", method="nobody")
    costs()
    alone = costs()
    for number in range(30):
        other = SessionFactory(course=session.course, department=icu)
        Attendance.objects.create(session=other, name=f"A{number}", name_key="a", by="qr", method="nobody")
        ClinicianFactory(department=icu)
        CourseFactory(device_type=pump.device_type)
        PolicyFactory(device_type=pump.device_type)
    assert costs() == alone


def test_the_api_records_and_answers_the_same(icu, edith, pump, session, rosa):
    api = ApiClient(edith)
    sent = {"people": [{"name": "Rosa Lindqvist", "employee_number": "10482"}, {"name": "Ana Diaz"}]}
    assert api.post(f"/training/sessions/{session.uid}/attendance", sent).json() == {"recorded": 1, "unknown": 1, "known": 0, "refused": 0}
    [cell] = api.get("/training/coverage?facility=NORTH").json()["items"]
    assert (cell["should"], cell["trained"], cell["unknown"]) == (1, 1, 0)
    [waiting] = api.get("/training/unsettled").json()["items"]
    settled = api.post(f"/training/attendance/{waiting['uid']}/settle", {"decision": "new", "department_id": icu.pk})
    assert settled.json()["decision"] == "new"
    assert [one["state"] for one in api.get(f"/training/units/{icu.pk}/people").json()] == ["trained", "trained"]
    assert api.get(f"/training/people/{rosa.uid}/record").json()["person"]["employee_number"] == "10482"
    assert api.get("/training/roll-outs").json() == []
    technician = ApiClient(UserFactory.with_role(Role.TECHNICIAN, icu.facility))
    assert technician.get(f"/training/people/{rosa.uid}/record").json()["person"]["employee_number"] == ""
