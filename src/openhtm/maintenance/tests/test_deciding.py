"""Decisions on alternate maintenance are for those the policy names, or for whom two people stand."""

import datetime as dt

import pytest

from openhtm.competence.tests.factories import policy
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import Device
from openhtm.inventory.services.bulk import bulk_edit
from openhtm.inventory.services.devices import edit_device
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.services import deciding
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workforce.models import Credential
from openhtm.workforce.tests.factories import staff_of
from openhtm.workorders.models import QualificationOverride
from openhtm.workorders.services.qualification import NotQualified, ask_decision_override, confirm_override

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def device():
    return DeviceFactory()


def person(role, facility, name):
    user = UserFactory.with_role(role, facility, full_name=name)
    staff_of(user)
    return actor_of(user)


@pytest.fixture
def omar(device):
    return person(Role.MANAGER, device.facility, "Omar Haddad")


@pytest.fixture
def nadia(device):
    return person(Role.CLINICAL_ENGINEER, device.facility, "Nadia Berg")


@pytest.fixture(autouse=True)
def credential_or_engineer():
    for risk in ("high_risk", "other"):
        policy("aem_decision", risk, "block", needs="credential", programmes=["CBET", "CCE"], roles=["clinical_engineer"])


def test_putting_devices_on_the_alternate_strategy_is_a_decision(device, omar, nadia):
    with pytest.raises(NotQualified, match="no CBET or CCE"):
        edit_device(actor=omar, control_number=device.control_number, values={"maintenance_strategy": "aem"})
    with pytest.raises(NotQualified):
        bulk_edit(actor=omar, control_numbers=[device.control_number], values={"maintenance_strategy": "aem"})
    assert Device.objects.get(pk=device.pk).maintenance_strategy == "unknown"
    edit_device(actor=omar, control_number=device.control_number, values={"maintenance_strategy": "oem"})
    edit_device(actor=nadia, control_number=device.control_number, values={"maintenance_strategy": "aem"})
    assert Device.objects.get(pk=device.pk).maintenance_strategy == "aem"


def test_an_override_counts_for_one_decision_about_its_type(device, omar, nadia):
    asked = ask_decision_override(actor=omar, device_type_id=device.device_type_id, reason="Engineer on leave", now=NOW)
    with pytest.raises(NotQualified):
        deciding.guard_line(actor=omar, device_type_id=device.device_type_id, device_model_id=None, device_id=None, now=NOW)
    confirm_override(actor=nadia, uid=asked.uid, now=NOW)
    deciding.guard_line(actor=omar, device_type_id=None, device_model_id=None, device_id=device.pk, now=NOW)
    assert QualificationOverride.objects.get().used_at == NOW
    with pytest.raises(NotQualified):
        deciding.guard_line(actor=omar, device_type_id=None, device_model_id=device.device_model_id, device_id=None, now=NOW)


def test_the_system_carries_out_what_people_decided(device):
    from openhtm.identity.actor import Actor

    deciding.guard_line(actor=Actor.system("nightly"), device_type_id=device.device_type_id, device_model_id=None, device_id=None, now=NOW)
    assert QualificationOverride.objects.count() == 0


def test_a_stranger_engineer_has_no_part_in_it(device):
    chen = person(Role.TECHNICIAN, FacilityFactory(), "Chen Li")
    with pytest.raises(NotQualified):
        deciding.guard_line(actor=chen, device_type_id=device.device_type_id, device_model_id=None, device_id=None, now=NOW)


def hold(actor, **values):
    given = {"programme": "CBET", "issued_on": dt.date(2020, 1, 1), "expires_on": dt.date(2026, 12, 31)} | values
    return Credential.objects.create(staff=staff_of(actor), **given)


def decide(actor, device, now=NOW):
    deciding.guard_line(actor=actor, device_type_id=None, device_model_id=None, device_id=device.pk, now=now)


def test_a_certification_that_holds_on_the_day_is_enough(device, omar):
    hold(omar)
    decide(omar, device)
    with pytest.raises(NotQualified, match="expired"):
        decide(omar, device, now=NOW + dt.timedelta(days=60))
    assert QualificationOverride.objects.count() == 0


@pytest.mark.parametrize(
    "values",
    [
        {"tier": "candidate"},
        {"tier": "retired"},
        {"programme": "CABT"},
        {"issued_on": dt.date(2026, 12, 2)},
        {"status": "suspended", "status_since": dt.date(2026, 11, 1), "status_reason": "Fee not paid"},
    ],
)
def test_a_certification_that_does_not_count_leaves_the_decision_refused(device, omar, values):
    hold(omar, **values)
    with pytest.raises(NotQualified):
        decide(omar, device)
