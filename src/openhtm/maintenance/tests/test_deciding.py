"""Decisions on alternate maintenance are for those the policy names, or for whom two people stand."""

import datetime as dt
from dataclasses import replace

import pytest

from openhtm.competence.models import QualificationPolicy
from openhtm.competence.tests.factories import policy
from openhtm.core.errors import Invalid
from openhtm.identity.actor import Grant
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import Device
from openhtm.inventory.services.bulk import bulk_edit
from openhtm.inventory.services.devices import NewDevice, add_devices, edit_device
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import PlanLine
from openhtm.maintenance.services import deciding
from openhtm.maintenance.services.programme import set_line
from openhtm.maintenance.tests.factories import ProcedureFactory
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


def test_adding_devices_on_the_alternate_strategy_is_a_decision(device, omar, nadia):
    def add(actor, strategy, number):
        values = {"device_model_id": device.device_model_id, "control_number": number, "maintenance_strategy": strategy}
        return add_devices(actor=actor, new=[NewDevice(device.facility_id, values)])

    with pytest.raises(NotQualified, match="of NEW-1: "):
        add(omar, "aem", "NEW-1")
    assert not Device.objects.filter(control_number="NEW-1").exists()
    add(omar, "oem", "NEW-2")
    add(nadia, "aem", "NEW-3")
    assert set(Device.objects.filter(control_number__in=("NEW-2", "NEW-3")).values_list("maintenance_strategy", flat=True)) == {
        "oem",
        "aem",
    }


def test_that_nothing_is_due_is_a_decision_as_much_as_how_often(device, policies, omar, nadia):
    procedure = ProcedureFactory()

    def line(actor, **values):
        return set_line(actor=actor, procedure_id=procedure.pk, device_id=device.pk, values={"reason": "Never fails"} | values, now=NOW)

    with pytest.raises(NotQualified):
        line(omar, source="aem", needed=False)
    line(omar, source="oem", needed=True)
    with pytest.raises(NotQualified):
        line(omar, source="aem", needed=False)
    line(nadia, source="aem", needed=False)
    assert PlanLine.objects.values_list("source", "needed").get() == ("aem", False)


@pytest.fixture
def risky(device):
    """A device of the same model that somebody called high-risk by itself."""
    other = DeviceFactory(facility=device.facility, device_model=device.device_model, control_number="RISK-1")
    Device.objects.filter(pk=other.pk).update(high_risk=True, high_risk_override=True, high_risk_reason="Sole ventilator of the ward")
    return other


@pytest.fixture
def engineers_for_high_risk():
    """Anybody decides about other devices; high-risk ones are for the engineer."""
    QualificationPolicy.objects.filter(act="aem_decision", risk="other").update(mode="off")


def test_each_device_of_a_bulk_decision_is_judged_and_those_in_the_way_are_named(device, risky, engineers_for_high_risk, omar, nadia):
    both = {"control_numbers": [device.control_number, risky.control_number], "values": {"maintenance_strategy": "aem"}}
    with pytest.raises(NotQualified, match="of RISK-1: "):
        bulk_edit(actor=omar, **both)
    assert set(Device.objects.values_list("maintenance_strategy", flat=True)) == {"unknown"}
    bulk_edit(actor=omar, control_numbers=[device.control_number], values={"maintenance_strategy": "aem"})
    bulk_edit(actor=nadia, **both)
    assert set(Device.objects.values_list("maintenance_strategy", flat=True)) == {"aem"}


def test_one_override_serves_all_devices_of_its_type_in_one_decision(device, risky, omar, nadia):
    asked = ask_decision_override(actor=omar, device_type_id=device.device_type_id, reason="Engineer on leave", now=NOW)
    confirm_override(actor=nadia, uid=asked.uid, now=NOW)
    numbers = [device.control_number, risky.control_number]
    assert bulk_edit(actor=omar, control_numbers=numbers, values={"maintenance_strategy": "aem"}) == 2
    assert QualificationOverride.objects.get().used_at is not None


def test_a_line_of_a_model_is_judged_for_its_devices_of_higher_risk_too(device, risky, engineers_for_high_risk, omar):
    about = {"device_type_id": None, "device_id": None, "now": NOW}
    with pytest.raises(NotQualified, match="of RISK-1: "):
        deciding.guard_line(actor=omar, device_model_id=device.device_model_id, **about)
    Device.objects.filter(pk=risky.pk).update(high_risk=False, high_risk_override=None)
    deciding.guard_line(actor=omar, device_model_id=device.device_model_id, **about)
    assert QualificationOverride.objects.count() == 0


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


def test_a_role_elsewhere_decides_nothing_here(device, omar):
    elsewhere = actor_of(UserFactory.with_role(Role.CLINICAL_ENGINEER, FacilityFactory()))
    both = replace(elsewhere, grants=(*elsewhere.grants, *omar.grants))
    staff_of(both)
    with pytest.raises(NotQualified, match="no CBET or CCE"):
        edit_device(actor=both, control_number=device.control_number, values={"maintenance_strategy": "aem"})
    with pytest.raises(NotQualified):
        deciding.guard_line(actor=both, device_type_id=device.device_type_id, device_model_id=None, device_id=None, now=NOW)
    here = replace(elsewhere, grants=(Grant(Role.CLINICAL_ENGINEER, device.facility_id),))
    decide(here, device)
    assert QualificationOverride.objects.count() == 0


def test_an_override_is_asked_for_by_the_class_that_the_guard_judges(device, omar, nadia):
    policy("aem_decision", "other", "off")
    device.high_risk = True
    device.save()
    with pytest.raises(NotQualified):
        decide(omar, device)
    asked = ask_decision_override(actor=omar, device_type_id=device.device_type_id, reason="Engineer on leave", now=NOW)
    confirm_override(actor=nadia, uid=asked.uid, now=NOW)
    decide(omar, device)
    assert QualificationOverride.objects.get().used_at == NOW


def test_an_override_that_the_guard_does_not_ask_for_is_refused(device, nadia):
    with pytest.raises(Invalid, match="nothing is missing"):
        ask_decision_override(actor=nadia, device_type_id=device.device_type_id, reason="Just so", now=NOW)


def test_a_device_without_a_type_says_that_it_needs_one_before_an_override(device, omar):
    Device.objects.filter(pk=device.pk).update(device_type=None)
    with pytest.raises(NotQualified, match="give every device a type first"):
        decide(omar, device)


def hold(actor, **values):
    given = {"programme": "CBET", "issued_on": dt.date(2020, 1, 1), "expires_on": dt.date(2026, 12, 31)} | values
    given = {"verified_by": UserFactory(), "verified_at": NOW - dt.timedelta(days=30)} | given
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
        {"verified_by": None, "verified_at": None},
        {"status": "suspended", "status_since": dt.date(2026, 11, 1), "status_reason": "Fee not paid"},
    ],
)
def test_a_certification_that_does_not_count_leaves_the_decision_refused(device, omar, values):
    hold(omar, **values)
    with pytest.raises(NotQualified):
        decide(omar, device)
