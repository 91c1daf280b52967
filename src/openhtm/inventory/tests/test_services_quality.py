"""Duplicates: what is doubtful, what people decide, merging and taking it back."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.catalog.models import ManufacturerAlias
from openhtm.catalog.tests.factories import DeviceModelFactory, ManufacturerFactory
from openhtm.core.errors import Invalid, NotAllowed
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import (
    AlternateNumber,
    Device,
    DeviceMove,
    DeviceRiskInput,
    DuplicateCandidate,
    DuplicateDecision,
    NetworkInterface,
    Sighting,
)
from openhtm.inventory.queries import filters
from openhtm.inventory.queries.detail import device_by_number
from openhtm.inventory.queries.timeline import timeline
from openhtm.inventory.rules import merging as rules
from openhtm.inventory.services import devices, life, network, quality
from openhtm.inventory.services.merging import CannotMerge, CannotUnmerge, merge_devices, unmerge_devices
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def pairs():
    return set(DuplicateCandidate.objects.values_list("first__control_number", "second__control_number", "method"))


@pytest.fixture
def twins(north):
    model = DeviceModelFactory()
    return (
        DeviceFactory(facility=north, control_number="A-1", device_model=model, serial_number="SN-77"),
        DeviceFactory(facility=north, control_number="A-2", device_model=model, serial_number="sn77"),
    )


def test_the_same_serial_of_the_same_maker_is_doubtful_however_written(twins, north):
    DeviceFactory(facility=north, serial_number="SN-77")  # another maker
    assert quality.refresh_duplicates() == quality.Refreshed(1, 0, 1)
    assert pairs() == {("A-1", "A-2", "serial")}
    assert "SN-77" in DuplicateCandidate.objects.get().evidence
    assert quality.refresh_duplicates() == quality.Refreshed(0, 0, 1)


def test_successors_and_aliases_are_the_same_maker(north):
    new = ManufacturerFactory(name="Successor")
    old = ManufacturerFactory(name="Predecessor", merged_into=new)
    alias = ManufacturerFactory(name="Sucessor")
    ManufacturerAlias.objects.create(manufacturer=new, alias="Sucessor Inc", alias_key=alias.name_key)
    for number, maker in (("B-1", new), ("B-2", old), ("B-3", alias)):
        DeviceFactory(facility=north, control_number=number, serial_number="9", device_model=DeviceModelFactory(manufacturer=maker))
    quality.refresh_duplicates()
    assert pairs() == {("B-1", "B-2", "serial"), ("B-1", "B-3", "serial"), ("B-2", "B-3", "serial")}


@pytest.mark.parametrize("text", ["N/A", "none", "000", "unknown", ""])
def test_words_for_no_serial_are_no_serial(north, text):
    model = DeviceModelFactory()
    DeviceFactory.create_batch(2, facility=north, serial_number=text, device_model=model)
    assert quality.refresh_duplicates().found == 0


def test_the_same_udi_or_mac_is_doubtful(north):
    _, b, c = (DeviceFactory(facility=north, control_number=f"C-{n}", udi_di="0088", udi_serial="" if n == 3 else "X") for n in (1, 2, 3))
    for device in (b, c):
        NetworkInterface.objects.create(device=device, mac_address="00:1a:2b:3c:4d:5e")
    quality.refresh_duplicates()
    assert pairs() == {("C-1", "C-2", "udi"), ("C-2", "C-3", "mac")}


def test_two_retired_records_are_left_alone(twins):
    Device.objects.update(status="retired")
    assert quality.refresh_duplicates().found == 0
    Device.objects.filter(control_number="A-1").update(status="in_service")
    assert quality.refresh_duplicates().found == 1


def test_a_crowd_is_paired_with_its_oldest_only(north):
    model = DeviceModelFactory()
    DeviceFactory.create_batch(quality.CROWD + 3, facility=north, serial_number="7777", device_model=model)
    assert quality.refresh_duplicates().found == quality.CROWD + 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(serials=st.lists(st.sampled_from(["", "A1", "a-1", "B2", "0"]), min_size=1, max_size=9), data=st.data())
def test_refreshing_each_device_finds_what_refreshing_all_finds(north, serials, data):
    DuplicateCandidate.objects.all().delete()
    Device.objects.update(serial_number="")
    model = DeviceModelFactory()
    made = [DeviceFactory(facility=north, serial_number=text, device_model=model) for text in serials]
    for device in data.draw(st.permutations(made)):
        quality.refresh_duplicates([device.pk])
    one_by_one = pairs()
    quality.refresh_duplicates()
    assert pairs() == one_by_one


def test_adding_and_correcting_a_device_keeps_the_queue_right(omar, north, twins):
    model_id = twins[0].device_model_id
    added = devices.add_device(actor=omar, facility_id=north.pk, values={"device_model_id": model_id, "serial_number": "SN 77"}, now=NOW)
    assert DuplicateCandidate.objects.filter(second=added).count() == 2
    devices.edit_device(actor=omar, control_number=added.control_number, values={"serial_number": "SN-78"}, now=NOW)
    assert not DuplicateCandidate.objects.filter(second=added).exists()
    for device in (added, twins[0]):
        network.save_interface(actor=omar, control_number=device.control_number, values={"mac_address": "001a2b3c4d5e"})
    assert DuplicateCandidate.objects.filter(second=added, method="mac").exists()


def test_different_devices_are_not_proposed_again(maria, twins):
    quality.refresh_duplicates()
    quality.decide_different(actor=maria, control_numbers=("A-2", "A-1"), reason="Two plates, one typing error.", now=NOW)
    assert quality.refresh_duplicates().found == 0
    with pytest.raises(quality.AlreadyDecided) as refused:
        quality.decide_different(actor=maria, control_numbers=("A-1", "A-2"))
    assert "different devices" in refused.value.sentence


def test_somebody_of_another_facility_sees_none_of_it(chen, twins):
    with pytest.raises(Device.DoesNotExist):
        quality.decide_different(actor=chen, control_numbers=("A-1", "A-2"))
    with pytest.raises(Device.DoesNotExist):
        merge_devices(actor=chen, survivor="A-1", loser="A-2", choices={}, reason="x")


def test_merging_needs_the_right_at_both_facilities(maria, omar, south, twins):
    with pytest.raises(NotAllowed):
        merge_devices(actor=maria, survivor="A-1", loser="A-2", choices={}, reason="same")
    DeviceFactory(facility=south, control_number="S-1")
    with pytest.raises(Device.DoesNotExist):
        merge_devices(actor=omar, survivor="A-1", loser="S-1", choices={}, reason="same")


def test_merging_takes_what_was_chosen_and_keeps_everything_findable(omar, north, twins):
    kept, given_up = twins
    icu, place = DepartmentFactory(facility=north), LocationFactory(facility=north)
    Device.objects.filter(pk=given_up.pk).update(
        department=icu, location=place, software_version="2.1", custom={"fleet": "A"}, purchase_order="PO 9", last_seen_at=NOW
    )
    AlternateNumber.objects.create(device=given_up, kind="finance", number="FIN 5", number_key="FIN 5")
    network.save_interface(actor=omar, control_number="A-2", values={"ip_address": "10.0.0.9"})
    life.add_note(actor=omar, control_number="A-2", text="Dropped once.", now=NOW)
    child = DeviceFactory(facility=north, control_number="A-3", parent=given_up)
    DeviceRiskInput.objects.create(device=given_up, family="wang", inputs={}, reason="x")
    quality.refresh_duplicates()
    choices = {"department": "loser", "location": "loser", "software": "loser", "purchase_order": "survivor", "custom.fleet": "loser"}
    merged = merge_devices(actor=omar, survivor="A-1", loser="A-2", choices=choices, reason="One device, two tags.", now=NOW)
    assert (merged.department_id, merged.location_id, merged.software_version) == (icu.pk, place.pk, "2.1")
    assert (merged.custom, merged.purchase_order, merged.last_seen_at) == ({"fleet": "A"}, "", NOW)
    assert DeviceMove.objects.get(device=kept).to_location_id == place.pk
    assert {device_by_number(actor=omar, number=n).pk for n in ("A-1", "A-2", "FIN 5")} == {kept.pk}
    assert list(kept.interfaces.values_list("ip_address", flat=True)) == ["10.0.0.9"]
    child.refresh_from_db()
    assert child.parent_id == kept.pk
    assert kept.risk_inputs.count() == 1
    assert not DuplicateCandidate.objects.exists()
    told = timeline(kept, actor=omar)
    assert any(event.detail == "Dropped once." for event in told)
    assert any(event.reason == "One device, two tags." for event in told)
    found = filters.filtered(actor=omar, filters=filters.read_filters({"q": "A-2"}, actor=omar))
    assert [d.control_number for d in found] == ["A-1"]


def snapshot():
    told = Device._meta.get_field("updated_at").name
    return {
        "devices": [{k: v for k, v in row.items() if k != told} for row in Device.objects.order_by("pk").values()],
        "numbers": list(AlternateNumber.objects.order_by("pk").values_list("device_id", "number")),
        "interfaces": list(NetworkInterface.objects.order_by("pk").values_list("device_id", "mac_address")),
        "risk": list(DeviceRiskInput.objects.order_by("pk").values_list("device_id", "family")),
    }


VALUES = {
    "software_version": st.sampled_from(["", "1.0", "2.0"]),
    "acquired_on": st.sampled_from([None, dt.date(2020, 1, 5), dt.date(2021, 2, 6)]),
    "acquisition_cost_cents": st.sampled_from([None, 0, 5000]),
    "last_seen_at": st.sampled_from([None, NOW, NOW - dt.timedelta(days=3)]),
    "custom": st.sampled_from([{}, {"fleet": "A"}, {"fleet": "B", "bay": "2"}]),
    "expected_life_years": st.sampled_from([None, 7, 10]),
}
KEYS = [field.key for field in rules.FIELDS] + ["custom.fleet", "custom.bay"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    one=st.fixed_dictionaries(VALUES),
    other=st.fixed_dictionaries(VALUES),
    choices=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["survivor", "loser"])),
    swap=st.booleans(),
)
def test_a_merge_keeps_every_number_findable_and_taking_it_back_restores_everything(omar, north, one, other, choices, swap):
    first, second = (DeviceFactory(facility=north, **values) for values in (one, other))
    AlternateNumber.objects.create(device=second, kind="finance", number=f"F{second.pk}", number_key=f"F{second.pk}")
    NetworkInterface.objects.create(device=second, mac_address="00:00:00:00:00:01")
    before = snapshot()
    kept, given_up = (second, first) if swap else (first, second)
    names = {"survivor": kept.control_number, "loser": given_up.control_number}
    merged = merge_devices(actor=omar, **names, choices=choices, reason="same", now=NOW)
    for number in (first.control_number, second.control_number, f"F{second.pk}"):
        assert device_by_number(actor=omar, number=number).pk == merged.pk
    unmerge_devices(actor=omar, loser=names["loser"], reason="not the same", now=NOW)
    assert snapshot() == before
    assert DuplicateDecision.objects.get(first=first, second=second).verdict == "different"


def test_what_somebody_changed_since_the_merge_stays(omar, twins):
    Device.objects.filter(control_number="A-2").update(software_version="2.1", supplier="Acme")
    merge_devices(actor=omar, survivor="A-1", loser="A-2", choices={"software": "loser", "supplier": "loser"}, reason="same", now=NOW)
    devices.edit_device(actor=omar, control_number="A-1", values={"software_version": "3.0"}, now=NOW)
    unmerge_devices(actor=omar, loser="A-2", reason="not the same", now=NOW)
    assert Device.objects.filter(control_number="A-1").values_list("software_version", "supplier").get() == ("3.0", "")


def test_merging_a_merged_survivor_carries_its_records_along_and_back(omar, north, twins):
    third = DeviceFactory(facility=north, control_number="A-9")
    merge_devices(actor=omar, survivor="A-1", loser="A-2", choices={}, reason="same", now=NOW)
    merge_devices(actor=omar, survivor="A-9", loser="A-1", choices={}, reason="same", now=NOW)
    assert {device_by_number(actor=omar, number=n).pk for n in ("A-1", "A-2", "A-9")} == {third.pk}
    with pytest.raises(CannotUnmerge) as refused:
        unmerge_devices(actor=omar, loser="A-2", reason="x")
    assert "later merge" in refused.value.sentence
    unmerge_devices(actor=omar, loser="A-1", reason="x", now=NOW)
    assert device_by_number(actor=omar, number="A-2").control_number == "A-1"


def test_what_cannot_be_merged_is_refused_in_words(omar, north, south, twins):
    DeviceFactory(facility=north, control_number="P-1", parent=twins[0])
    with pytest.raises(CannotMerge, match="part of the other"):
        merge_devices(actor=omar, survivor="P-1", loser="A-1", choices={}, reason="x")
    with pytest.raises(quality.SameRecord):
        merge_devices(actor=omar, survivor="A-1", loser=" a-1", choices={}, reason="x")
    with pytest.raises(Invalid) as refused:
        merge_devices(actor=omar, survivor="A-1", loser="A-2", choices={}, reason="  ")
    assert "reason" in refused.value.errors
    with pytest.raises(Invalid) as refused:
        merge_devices(actor=omar, survivor="A-1", loser="A-2", choices={"colour": "loser"}, reason="x")
    assert "colour" in refused.value.errors
    with pytest.raises(CannotUnmerge, match="stands for itself"):
        unmerge_devices(actor=omar, loser="A-1", reason="x")


def test_a_place_of_another_facility_cannot_be_taken_over(north, south, twins):
    ada = actor_of(UserFactory.with_role(Role.ADMINISTRATOR, None))
    DeviceFactory(facility=south, control_number="S-1", location=LocationFactory(facility=south))
    with pytest.raises(Invalid, match="South Clinic"):
        merge_devices(actor=ada, survivor="A-1", loser="S-1", choices={"location": "loser"}, reason="same")
    merge_devices(actor=ada, survivor="A-1", loser="S-1", choices={}, reason="same")


def test_sightings_of_both_records_count_after_taking_a_merge_back(omar, twins, north):
    place = LocationFactory(facility=north)
    for device, days in ((twins[0], 5), (twins[1], 1)):
        at = NOW - dt.timedelta(days=days)
        Sighting.objects.create(device=device, seen_at=at, location=place, source="scan")
        Device.objects.filter(pk=device.pk).update(last_seen_at=at, last_seen_location=place)
    merged = merge_devices(actor=omar, survivor="A-1", loser="A-2", choices={}, reason="same", now=NOW)
    assert merged.last_seen_at == NOW - dt.timedelta(days=1)
    unmerge_devices(actor=omar, loser="A-2", reason="x", now=NOW)
    twins[0].refresh_from_db()
    assert twins[0].last_seen_at == NOW - dt.timedelta(days=5)


def test_refreshing_is_one_statement_however_many_devices(twins, north):
    DeviceFactory.create_batch(20, facility=north)
    with CaptureQueriesContext(connection) as some:
        quality.refresh_duplicates()
    assert len([q for q in some if "SAVEPOINT" not in q["sql"]]) == 1
