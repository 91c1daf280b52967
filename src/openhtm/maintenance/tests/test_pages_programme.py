"""Coverage, decisions, policies and readings, as pages and as services."""

from datetime import date

import pytest
from django.urls import reverse

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import MeterReading, MissPolicy, NoMaintenanceDecision, Schedule, WindowProfile
from openhtm.maintenance.queries import coverage
from openhtm.maintenance.services import policies as service
from openhtm.maintenance.services import readings
from openhtm.maintenance.tests.conftest import NOW
from openhtm.maintenance.tests.test_pages import logged_in

pytestmark = pytest.mark.django_db
STEP = {"before_n": 0, "before_unit": "day", "after_n": 5, "after_unit": "day", "snap_to_month": False, "grace_days": 10}


@pytest.fixture
def ada(db):
    return actor_of(UserFactory.with_role(Role.ADMINISTRATOR, None, username="ada", full_name="Ada"))


def test_coverage_counts_scheduled_decided_and_undecided(pump, omar):
    DeviceFactory(facility=pump.facility)
    spare = DeviceFactory(facility=pump.facility)
    NoMaintenanceDecision.objects.create(device=spare, reason="Spare", decided_by_name="Omar")
    assert coverage.totals(omar) == (3, 1, 1)


def test_undecided_devices_are_listed_until_somebody_decides(client, pump, omar):
    device = DeviceFactory(facility=pump.facility, control_number="BME-7")
    findings = reverse("maintenance:programme-findings")
    assert "BME-7" in logged_in(client, omar).get(findings).content.decode()
    decide = reverse("maintenance:decide-none-device", args=["BME-7"])
    assert client.post(decide, {"reason": ""}).status_code == 422
    assert client.post(decide, {"reason": "Only for training"}).status_code == 302
    assert "BME-7" not in client.get(findings).content.decode()
    assert (
        "Only for training" in client.get(reverse("inventory:device", args=[device.control_number]) + "?tab=maintenance").content.decode()
    )


def test_a_decision_ends_schedules_and_withdrawn_they_live_again(pump, omar):
    from openhtm.maintenance.services.programme import decide_none_needed

    decision = decide_none_needed(actor=omar, device_id=pump.pk, reason="Training", now=NOW)
    assert not Schedule.objects.get().live
    service.withdraw_decision(actor=omar, decision_id=decision.pk, now=NOW)
    assert Schedule.objects.get().live
    with pytest.raises(service.DecisionWithdrawn):
        service.withdraw_decision(actor=omar, decision_id=decision.pk, now=NOW)


def test_a_window_is_changed_for_everybody_by_who_may_everywhere(pump, omar, ada):
    values = {"name": "Ours", "description": "", "steps": [STEP | {"from_interval_days": 0}]}
    with pytest.raises(NotAllowed):
        service.save_window(actor=omar, **values)
    made = service.save_window(actor=ada, is_default=True, **values)
    assert WindowProfile.objects.get(is_default=True) == made
    with pytest.raises(Invalid):
        service.save_window(actor=ada, profile_id=made.pk, is_default=False, **values)


@pytest.mark.parametrize("days", [[1], [0, 0]])
def test_steps_begin_at_zero_and_differ(ada, days):
    with pytest.raises(Invalid):
        service.save_window(actor=ada, name="Ours", description="", steps=[STEP | {"from_interval_days": day} for day in days])


def test_the_window_page_saves_its_steps(client, pump, ada):
    profile = WindowProfile.objects.get(code="month-end-grace-30")
    page = reverse("maintenance:window", args=[profile.pk])
    sent = {
        "name": "Grace of 45 days",
        "description": "",
        "steps-TOTAL_FORMS": "1",
        "steps-INITIAL_FORMS": "0",
        "steps-0-from_interval_days": "0",
    }
    sent |= {"steps-0-" + name: str(value) for name, value in STEP.items() if name != "snap_to_month"} | {"steps-0-grace_days": "45"}
    assert logged_in(client, ada).get(page).status_code == 200
    assert client.post(page, sent).status_code == 302
    assert profile.steps.get(from_interval_days=0).grace_days == 45
    assert "Grace of 45 days" in client.get(reverse("maintenance:policies")).content.decode()


def test_a_facility_sets_its_own_miss_policy(client, pump, omar):
    page = reverse("maintenance:miss-policy-facility", args=["NORTH"])
    sent = dict.fromkeys(service.POLICY_FIELDS, "3") | {"reason": "The wards are small"}
    assert logged_in(client, omar).post(page, sent | {"reason": ""}).status_code == 422
    assert client.post(page, sent).status_code == 302
    assert MissPolicy.objects.get(facility=pump.facility).search_after_days == 3
    assert MissPolicy.objects.get(facility=None).search_after_days == 7
    assert client.post(reverse("maintenance:miss-policy"), sent).status_code == 403


def test_a_reading_is_stored_once_by_its_id(pump, maria):
    uid = "01890a5d-ac96-774b-bcce-b302099a8057"
    first = readings.record_reading(actor=maria, control_number="BME-1", meter="hours", value=12.5, uid=uid, now=NOW)
    again = readings.record_reading(actor=maria, control_number="BME-1", meter="hours", value=12.5, uid=uid, now=NOW)
    assert (first[1], again[1], MeterReading.objects.count()) == (True, False, 1)
    with pytest.raises(Invalid):
        readings.record_reading(actor=maria, control_number="BME-1", meter="hours", value=13, uid=uid, now=NOW)


@pytest.mark.parametrize(
    ("meter", "value", "day"),
    [
        ("", 1, None),
        ("hours", -1, None),
        ("hours", float("nan"), None),
        ("hours", float("inf"), None),
        ("hours", 1, date(2030, 1, 1)),
        ("a b", 1, None),
    ],
)
def test_readings_that_cannot_be_are_refused(pump, maria, meter, value, day):
    with pytest.raises(Invalid):
        readings.record_reading(actor=maria, control_number="BME-1", meter=meter, value=value, read_on=day, now=NOW)


def test_the_reading_page_takes_a_reading(client, pump, maria):
    page = reverse("maintenance:device-reading", args=["BME-1"])
    assert logged_in(client, maria).post(page, {"meter": "operating_hours", "value": "120"}).status_code == 302
    assert MeterReading.objects.get().value == 120


def test_the_programme_shows_types_and_their_lines(client, pump, omar):
    from openhtm.catalog.tests.factories import DeviceTypeFactory

    kind = DeviceTypeFactory()
    pump.device_type = kind
    pump.save()
    assert kind.name in logged_in(client, omar).get(reverse("maintenance:programme")).content.decode()
    assert "None needed" in client.get(reverse("maintenance:programme-type", args=[kind.pk])).content.decode()
