import datetime as dt
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.core.events import subscribe
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.testers import queries
from openhtm.testers.models import Calibration, Tester
from openhtm.testers.rules.events import FoundOutOfTolerance
from openhtm.testers.services import testers
from openhtm.testers.tests.factories import TesterFactory

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 1, 5)
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def maria(north):
    return actor_of(UserFactory.with_role(Role.TECHNICIAN, north))


@pytest.fixture
def analyzer(north):
    return TesterFactory(device__facility=north)


def calibrated(actor, tester, day, **more):
    wanted = {
        "performed_on": day, "due_on": day + dt.timedelta(days=365), "verdict": "in_tolerance", "laboratory": "Metrology",
        "certificate_number": "C-1",
    }  # fmt: skip
    return testers.record_calibration(actor=actor, tester_id=tester.pk, **(wanted | more))


def test_a_device_becomes_a_tester_once(north, maria):
    device = DeviceFactory(facility=north)
    made = testers.register_tester(
        actor=maria,
        control_number=device.control_number.lower(),
        kinds=["safety_analyzer"],
        quantities=[testers.Quantity("current", "uA", 0, 10_000, "±1 %")],
    )
    assert (made.device, made.quantities.count()) == (device, 1)
    with pytest.raises(Conflict):
        testers.register_tester(actor=maria, control_number=device.control_number, kinds=["safety_analyzer"])


def test_a_nurse_does_not_keep_testers(north, analyzer):
    with pytest.raises(NotAllowed):
        calibrated(actor_of(UserFactory.with_role(Role.REQUESTER, north)), analyzer, DAY)


def test_the_newest_calibration_decides_until_when_readings_count(maria, analyzer):
    calibrated(maria, analyzer, DAY)
    calibrated(maria, analyzer, DAY - dt.timedelta(days=400), certificate_number="C-0")  # entered late
    analyzer.refresh_from_db()
    assert (analyzer.calibrated_on, analyzer.calibration_due_on) == (DAY, DAY + dt.timedelta(days=365))


def test_a_certificate_is_kept_with_its_calibration(maria, analyzer):
    made = calibrated(maria, analyzer, DAY, certificate=("c1.pdf", PDF))
    assert made.certificate.media_type == "application/pdf"


def test_the_same_calibration_sent_twice_is_stored_once(maria, analyzer):
    uid = UUID("019b8d2e-7f4e-7d5a-8f4b-0123456789ab")
    assert calibrated(maria, analyzer, DAY, uid=uid) == calibrated(maria, analyzer, DAY, uid=uid)
    assert Calibration.objects.count() == 1


def test_a_correction_stands_in_place_of_what_it_corrects(maria, analyzer):
    wrong = calibrated(maria, analyzer, DAY)
    calibrated(maria, analyzer, DAY - dt.timedelta(days=30), supersedes=wrong.uid)
    analyzer.refresh_from_db()
    assert analyzer.calibrated_on == DAY - dt.timedelta(days=30)


def test_a_finding_tells_the_period_in_doubt_and_stops_the_tester(maria, analyzer):
    told = []
    subscribe(FoundOutOfTolerance, "test", told.append)
    try:
        calibrated(maria, analyzer, DAY - dt.timedelta(days=700))
        calibrated(maria, analyzer, DAY, verdict="out_of_tolerance", certificate_number="C-2", out_of_tolerance=["current"])
    finally:
        subscribe(FoundOutOfTolerance, "test", lambda event: None)
    analyzer.refresh_from_db()
    assert [(event.since, event.until) for event in told] == [(DAY - dt.timedelta(days=700), DAY)]
    assert analyzer.calibration_due_on is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"due_on": DAY}, "due_on"),
        ({"due_on": dt.date(2199, 1, 1)}, "due_on"),
        ({"performed_on": dt.date(2199, 1, 1), "due_on": dt.date(2199, 6, 1)}, "performed_on"),
        ({"laboratory": " "}, "laboratory"),
        ({"certificate_number": ""}, "certificate_number"),
        ({"verdict": "perfect"}, "verdict"),
    ],
)
def test_what_a_certificate_cannot_say_is_refused(maria, analyzer, wrong, field):
    with pytest.raises(Invalid) as refusal:
        calibrated(maria, analyzer, DAY, **wrong)
    assert field in refusal.value.errors


def test_setting_a_tester_aside_needs_a_reason(maria, analyzer):
    with pytest.raises(Invalid):
        testers.update_tester(actor=maria, tester_id=analyzer.pk, kinds=["safety_analyzer"], interval_months=12, usable=False)
    testers.update_tester(actor=maria, tester_id=analyzer.pk, kinds=["safety_analyzer"], interval_months=6, usable=False, reason="Dropped")
    assert queries.testers(maria, state="set_aside", today=DAY).get() == analyzer


def test_each_tester_is_in_exactly_one_state(maria, north):
    from openhtm.testers.rules.calibration import State

    for offset in (-400, -366, -365, -350, -335, -334, 0):
        calibrated(maria, TesterFactory(device__facility=north), DAY + dt.timedelta(days=offset))
    TesterFactory(device__facility=north)
    found = [queries.testers(maria, state=state, today=DAY).count() for state in State]
    assert sum(found) == Tester.objects.count() == 8


def test_the_pages_register_calibrate_and_hand_out_the_certificate(north):
    browser = Client()
    browser.force_login(UserFactory.with_role(Role.TECHNICIAN, north))
    device = DeviceFactory(facility=north)
    assert b"No tester yet" in browser.get(reverse("testers:tester-list")).content
    answer = browser.post(
        reverse("testers:tester-add"), {"control_number": device.control_number, "kinds": ["safety_analyzer"], "interval_months": 12}
    )
    tester = Tester.objects.get()
    assert answer.headers["Location"] == reverse("testers:tester", args=[tester.pk])
    sent = {
        "performed_on": "2026-01-05", "due_on": "2027-01-05", "verdict": "in_tolerance", "laboratory": "Metrology",
        "certificate_number": "C-1", "certificate": SimpleUploadedFile("c.pdf", PDF),
    }  # fmt: skip
    assert browser.post(reverse("testers:calibration-add", args=[tester.pk]), sent).status_code == 302
    made = Calibration.objects.get()
    page = browser.get(reverse("testers:tester", args=[tester.pk])).content
    assert b"C-1" in page and b"In tolerance" in page
    assert b"".join(browser.get(reverse("testers:certificate", args=[tester.pk, made.uid])).streaming_content) == PDF


def test_the_list_costs_the_same_for_one_and_for_thirty(north, django_assert_num_queries):
    browser = Client()
    browser.force_login(UserFactory.with_role(Role.TECHNICIAN, north))
    TesterFactory.create_batch(30, device__facility=north)
    browser.get(reverse("testers:tester-list"))
    with django_assert_num_queries(3):
        assert browser.get(reverse("testers:tester-list")).status_code == 200
