"""Two people sign that a device is missing; any scan finds it again; every device is accounted for."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
import time_machine
from django.urls import reverse

from openhtm.core.errors import NotAllowed
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import StatusChange
from openhtm.inventory.services.life import change_status
from openhtm.inventory.services.merging import merge_devices
from openhtm.inventory.services.sightings import record_sighting
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import Escalation, MeterReading, MissPolicy, NoMaintenanceDecision, Schedule, Visit
from openhtm.maintenance.queries.coverage import totals
from openhtm.maintenance.queries.lists import standing, uncovered
from openhtm.maintenance.services import attempts, checks
from openhtm.maintenance.services.declaring import CannotDeclareMissing, sign_missing
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.maintenance.tests.factories import PlanLineFactory, ScheduleFactory
from openhtm.notices.models import Notice
from openhtm.sites.tests.factories import DepartmentFactory
from openhtm.ui import panels
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.services.guards import ReturnTestMissing

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)
WHY = "Searched 4 West and the store twice."


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ward(north):
    return DepartmentFactory(facility=north, name="ICU")


@pytest.fixture
def pump(north, ward, policies, system):
    device = DeviceFactory(facility=north, department=ward, accepted_on=date(2025, 1, 31), control_number="BME-1", high_risk=True)
    PlanLineFactory(device_model=device.device_model, every_n=3, effective_from=date(2026, 1, 1))
    reconcile(actor=system, now=NOW)
    return device


@pytest.fixture
def nurse(north, ward):
    return actor_of(UserFactory.with_role(Role.REQUESTER, north, department=ward, username="nina", full_name="Nina Ward"))


@pytest.fixture
def second_manager(north):
    return actor_of(UserFactory.with_role(Role.MANAGER, north, username="mona", full_name="Mona Second"))


def test_the_first_signature_changes_nothing_and_asks_for_the_second(pump, omar):
    made = sign_missing(actor=omar, control_number="BME-1", reason=WHY, now=NOW)
    pump.refresh_from_db()
    assert (pump.status, made.outcome, made.done_by_name, made.second_at) == ("in_service", "first_signed", "Omar Haddad", None)
    assert Visit.objects.get().state == "in_window"
    assert Notice.objects.filter(kind="device-missing", department=pump.department).exists()


@pytest.mark.parametrize("who", ["nurse", "second_manager"])
def test_the_second_signature_makes_it_missing_and_its_visits_owed_no_more(pump, omar, system, who, request):
    second = request.getfixturevalue(who)
    sign_missing(actor=omar, control_number="BME-1", reason=WHY, now=NOW)
    made = sign_missing(actor=second, control_number="BME-1", now=NOW + timedelta(hours=1))
    pump.refresh_from_db()
    assert (pump.status, made.outcome, made.second_by_name) == ("missing", "signed", second.name)
    assert StatusChange.objects.get(device=pump, after="missing").reason == WHY
    assert Visit.objects.get().state == "held"
    reconcile(actor=system, as_of=date(2026, 5, 10), now=NOW + timedelta(days=110))
    assert set(Visit.objects.values_list("state", flat=True)) <= {"held", "passed_held"}
    assert Notice.objects.filter(kind="device-missing", role=Role.SECURITY_ANALYST).count() == 1


def test_found_again_it_is_set_aside_with_an_order_and_its_visit_comes_before_use(pump, omar, nurse, maria, system):
    sign_missing(actor=omar, control_number="BME-1", reason=WHY, now=NOW)
    sign_missing(actor=nurse, control_number="BME-1", now=NOW)
    with time_machine.travel(NOW + timedelta(days=110), tick=False):
        reconcile(actor=system)
        record_sighting(control_number="BME-1", actor=maria, now=NOW + timedelta(days=110))
        pump.refresh_from_db()
        order = WorkOrder.objects.get(origin="found")
        assert (pump.status, order.return_test_required) == ("out_of_service", True)
        assert "2026-01-31" in order.description
        assert standing(panels.ask("device", pk=pump.pk)["maintenance"], in_service=False).before_use
        assert Visit.objects.get(is_open=True).state == "held"
        with pytest.raises(ReturnTestMissing):
            change_status(actor=omar, control_number="BME-1", after="in_service", reason="Inspected")


@pytest.mark.parametrize(
    ("people", "words"),
    [(["omar", "omar"], "second person"), (["nurse"], "manager must sign first")],
)
def test_who_may_not_sign(pump, people, words, request):
    *earlier, last = (request.getfixturevalue(name) for name in people)
    for actor in earlier:
        sign_missing(actor=actor, control_number="BME-1", reason=WHY, now=NOW)
    with pytest.raises(CannotDeclareMissing, match=words):
        sign_missing(actor=last, control_number="BME-1", reason=WHY, now=NOW)
    assert not Escalation.objects.filter(outcome="signed").exists()


def test_a_technician_may_not_sign(pump, omar, maria):
    sign_missing(actor=omar, control_number="BME-1", reason=WHY, now=NOW)
    with pytest.raises(NotAllowed):
        sign_missing(actor=maria, control_number="BME-1", now=NOW)


def test_a_requester_of_another_department_does_not_even_see_it(pump, omar, north):
    other = actor_of(UserFactory.with_role(Role.REQUESTER, north, department=DepartmentFactory(facility=north, name="ED"), username="ed"))
    with pytest.raises(pump.DoesNotExist):
        sign_missing(actor=other, control_number="BME-1", now=NOW)


def test_a_scan_between_the_signatures_ends_the_proposal(pump, omar, second_manager, maria):
    sign_missing(actor=omar, control_number="BME-1", reason=WHY, now=NOW)
    record_sighting(control_number="BME-1", actor=maria, now=NOW)
    assert list(Escalation.objects.values_list("outcome", "done_by_name")) == [("found", "Omar Haddad")]
    sign_missing(actor=second_manager, control_number="BME-1", reason="Gone again", now=NOW + timedelta(minutes=1))
    pump.refresh_from_db()
    assert pump.status == "in_service", "it is a first signature again"


def test_signed_twice_is_refused_and_evidence_cannot_be_missing(pump, omar, nurse):
    sign_missing(actor=omar, control_number="BME-1", reason=WHY, now=NOW)
    sign_missing(actor=nurse, control_number="BME-1", now=NOW)
    with pytest.raises(CannotDeclareMissing, match="signed it before"):
        sign_missing(actor=omar, control_number="BME-1", reason=WHY, now=NOW)
    change_status(actor=omar, control_number="BME-1", after="sequestered", reason="Incident", now=NOW)
    with pytest.raises(CannotDeclareMissing, match="sequestered"):
        sign_missing(actor=omar, control_number="BME-1", reason=WHY, now=NOW)


def test_the_page_takes_both_signatures(client, pump, omar, nurse):
    page = reverse("maintenance:device-missing", args=["BME-1"])
    for actor in (omar, nurse):
        client.force_login(UserFactory._meta.model.objects.get(pk=actor.user_id))
        assert client.get(page).status_code == 200
        assert client.post(page, {"reason": WHY}).status_code == 422
        assert client.post(page, {"reason": WHY, "confirm": "on"}).status_code == 302
    pump.refresh_from_db()
    assert pump.status == "missing"


def test_the_facility_gives_the_days_for_a_follow_up(pump, maria, system):
    visit = Visit.objects.get()
    MissPolicy.objects.create(facility=pump.facility, in_use_retry_days=12)
    attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="in_use", now=NOW)
    attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="pass", now=NOW + timedelta(days=12))  # after the window
    visit.refresh_from_db()
    assert (visit.timing, visit.policy_compliant) == ("late", True)
    attempts.take_back(actor=maria, attempt_uid=str(visit.attempts.get(outcome="pass").uid), reason="Twice", now=NOW + timedelta(days=12))
    MissPolicy.objects.filter(facility=pump.facility).update(in_use_retry_days=11)
    attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="pass", now=NOW + timedelta(days=12))
    visit.refresh_from_db()
    assert visit.policy_compliant is False


def test_two_records_that_become_one_keep_one_schedule_and_all_readings(pump, omar, system):
    twin = DeviceFactory(
        facility=pump.facility,
        device_model=pump.device_model,
        accepted_on=date(2025, 2, 1),
        control_number="BME-2",
        department=pump.department,
    )
    reconcile(actor=system, now=NOW)
    same = {"meter": "hours", "value": 5, "read_on": date(2026, 1, 3)}
    MeterReading.objects.create(device=pump, **same)
    MeterReading.objects.create(device=twin, **same)
    MeterReading.objects.create(device=twin, meter="hours", value=9, read_on=date(2026, 1, 9))
    merge_devices(actor=omar, survivor="BME-1", loser="BME-2", choices={}, reason="The same pump", now=NOW)
    assert list(Schedule.objects.order_by("device__control_number").values_list("device__control_number", "live")) == [
        ("BME-1", True),
        ("BME-2", False),
    ]
    assert not Visit.objects.filter(device=twin, is_open=True).exists()
    assert sorted(MeterReading.objects.filter(device=pump).values_list("value", flat=True)) == [5, 9]


def test_every_device_is_scheduled_decided_or_a_finding(north, system):
    for status, schedule, decision in product(
        ("in_service", "missing", "retired"), (None, True, False), (None, "device", "device_model", "device_type", "withdrawn")
    ):
        device = DeviceFactory(facility=north, status=status)
        if schedule is not None:
            ScheduleFactory(device=device, live=schedule)
        if decision:
            on = "device" if decision == "withdrawn" else decision
            subject = device if on == "device" else getattr(device, on)
            if subject is not None:
                NoMaintenanceDecision.objects.create(**{on: subject}, reason="Spare", withdrawn_at=NOW if decision == "withdrawn" else None)
    devices, scheduled, decided = totals(system)
    assert devices == 30
    assert scheduled + decided + uncovered(system).count() == devices
    assert checks.every_device_accounted_for() == (0, [])


def test_a_findings_list_that_leaves_a_device_out_is_noticed(north, monkeypatch):
    DeviceFactory(facility=north, control_number="BME-9")
    monkeypatch.setattr(checks, "uncovered", lambda actor: DeviceFactory._meta.model.objects.none())
    assert checks.every_device_accounted_for() == (1, ["BME-9"])
