import contextlib
import datetime as dt

import pytest
from django.db import ProgrammingError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory
from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import CustomField, Device, DeviceMove, StatusChange
from openhtm.inventory.queries import detail
from openhtm.inventory.queries.timeline import timeline
from openhtm.inventory.services import bulk, derived, devices, life, network
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Facility
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory

NOW = dt.datetime(2026, 11, 22, 3, 0, tzinfo=dt.UTC)  # still the 21st in New York


@pytest.fixture
def model(db):
    return DeviceModelFactory(device_type=DeviceTypeFactory(name="Defibrillator", high_risk=True, high_risk_source="test"))


def test_adding_assigns_a_number_and_records_the_first_status_and_place(maria, north, model):
    place = LocationFactory(facility=north, name="4 West")
    device = devices.add_device(actor=maria, facility_id=north.pk, values={"device_model_id": model.pk, "location_id": place.pk}, now=NOW)
    assert device.control_number.startswith("BME-")
    assert (device.device_type, device.high_risk, device.status_since) == (model.device_type, True, dt.date(2026, 11, 21))
    assert StatusChange.objects.get(device=device).after == "in_service"
    assert any("placed at 4 West" in event.detail for event in timeline(device, actor=maria))


def test_numbers_are_never_given_twice_even_after_renumbering(maria, north, model):
    first = devices.add_device(actor=maria, facility_id=north.pk, values={"device_model_id": model.pk})
    devices.edit_device(actor=maria, control_number=first.control_number, values={"control_number": "icu-7"})
    second = devices.add_device(actor=maria, facility_id=north.pk, values={"device_model_id": model.pk})
    assert second.control_number != first.control_number
    assert detail.device_by_number(actor=maria, number=first.control_number).control_number == "ICU-7"


def test_a_udi_fills_what_it_says(maria, north, model):
    carrier = "(01)51022222233336(11)141231(17)270707(10)A213B1(21)1234"
    device = devices.add_device(actor=maria, facility_id=north.pk, values={"device_model_id": model.pk, "udi_carrier": carrier})
    assert (device.udi_di, device.serial_number, device.lot, device.manufactured_on) == (
        "51022222233336",
        "1234",
        "A213B1",
        dt.date(2014, 12, 31),
    )
    assert device.udi_carrier == carrier


def test_an_unreadable_udi_names_the_place_of_the_fault(maria, north, model):
    with pytest.raises(Invalid) as refusal:
        devices.add_device(actor=maria, facility_id=north.pk, values={"device_model_id": model.pk, "udi_carrier": "(01)5102222223333X"})
    assert "character" in refusal.value.errors["udi_carrier"][0]


@pytest.mark.parametrize(
    ("values", "field"),
    [({}, "device_model"), ({"serial_number": "x" * 81}, "serial_number"), ({"expected_life_years": 0}, "expected_life_years")],
)
def test_refusals_name_the_field(maria, north, model, values, field):
    given = values if field == "device_model" else {"device_model_id": model.pk, **values}
    with pytest.raises(Invalid) as refusal:
        devices.add_device(actor=maria, facility_id=north.pk, values=given)
    assert field in refusal.value.errors
    assert not Device.objects.exists()


def test_places_of_another_facility_are_refused(maria, north, south, model):
    elsewhere, department = LocationFactory(facility=south), DepartmentFactory(facility=south)
    with pytest.raises(Invalid) as refusal:
        values = {"device_model_id": model.pk, "location_id": elsewhere.pk, "department_id": department.pk}
        devices.add_device(actor=maria, facility_id=north.pk, values=values)
    assert set(refusal.value.errors) == {"location", "department"}


def test_a_taken_control_number_is_refused_in_words(maria, north, model):
    DeviceFactory(control_number="BME-1")
    with pytest.raises(Invalid, match="already"):
        devices.add_device(actor=maria, facility_id=north.pk, values={"device_model_id": model.pk, "control_number": " bme-1 "})


def test_required_site_fields_are_asked_for(maria, north, model):
    CustomField.objects.create(key="ward", label="Ward", kind="choice", choices=["A"], required=True)
    with pytest.raises(Invalid) as refusal:
        devices.add_device(actor=maria, facility_id=north.pk, values={"device_model_id": model.pk})
    assert "custom.ward" in refusal.value.errors


def test_somebody_of_another_facility_does_not_even_learn_that_it_exists(chen, north, model):
    device = DeviceFactory(facility=north)
    with pytest.raises(Facility.DoesNotExist):
        devices.add_device(actor=chen, facility_id=north.pk, values={"device_model_id": model.pk})
    for act in (
        lambda: devices.edit_device(actor=chen, control_number=device.control_number, values={"lot": "1"}),
        lambda: life.change_status(actor=chen, control_number=device.control_number, after="in_repair"),
        lambda: life.add_note(actor=chen, control_number=device.control_number, text="hello"),
        lambda: detail.device_by_number(actor=chen, number=device.control_number),
        lambda: bulk.bulk_edit(actor=chen, control_numbers=[device.control_number], values={"ownership": "rental"}),
    ):
        with pytest.raises(Device.DoesNotExist):
            act()


def test_a_requester_sees_only_their_department_and_changes_nothing(north):
    icu, ward = DepartmentFactory(facility=north), DepartmentFactory(facility=north)
    mine, theirs = DeviceFactory(facility=north, department=icu), DeviceFactory(facility=north, department=ward)
    nurse = actor_of(UserFactory.with_role(Role.REQUESTER, north, department=icu))
    assert list(Device.objects.visible_to(nurse)) == [mine]
    with pytest.raises(NotAllowed):
        devices.edit_device(actor=nurse, control_number=mine.control_number, values={"lot": "1"})
    with pytest.raises(Device.DoesNotExist):
        detail.device_by_number(actor=nurse, number=theirs.control_number)


def test_an_edit_on_an_old_reading_is_refused(maria, north):
    device = DeviceFactory(facility=north)
    seen = device.updated_at
    devices.edit_device(actor=maria, control_number=device.control_number, values={"lot": "1"})
    with pytest.raises(Conflict):
        devices.edit_device(actor=maria, control_number=device.control_number, values={"lot": "2"}, seen_at=seen)
    device.refresh_from_db()
    assert device.lot == "1"


def test_saving_the_same_again_writes_nothing(maria, north):
    device = DeviceFactory(facility=north, lot="1")
    devices.edit_device(actor=maria, control_number=device.control_number, values={"lot": "1"})
    assert device.events.count() == 1


def test_a_system_cannot_contain_itself(maria, north):
    top = DeviceFactory(facility=north)
    part = DeviceFactory(facility=north, parent=top)
    with pytest.raises(Invalid, match="part of"):
        devices.edit_device(actor=maria, control_number=top.control_number, values={"parent_id": part.pk})


def test_status_follows_the_table_and_keeps_its_history(maria, north):
    device = DeviceFactory(facility=north)
    life.change_status(actor=maria, control_number=device.control_number, after="in_repair", now=NOW)
    with pytest.raises(life.StatusRefused, match="in service"):
        life.change_status(actor=maria, control_number=device.control_number, after="planned")
    with pytest.raises(life.StatusRefused, match="reason"):
        life.change_status(actor=maria, control_number=device.control_number, after="retired")
    assert list(device.status_changes.values_list("before", "after")) == [("in_service", "in_repair")]


def test_moving_between_facilities_needs_the_right_at_both(maria, omar, north, south):
    device = DeviceFactory(facility=north)
    with pytest.raises(Facility.DoesNotExist):
        life.move_devices(actor=maria, control_numbers=[device.control_number], facility_id=south.pk, location_id=None, department_id=None)


def test_moving_many_costs_as_much_as_moving_one(maria, north, django_assert_num_queries):
    place = LocationFactory(facility=north)
    numbers = [DeviceFactory(facility=north).control_number for _ in range(30)]
    with django_assert_num_queries(7):
        assert life.move_devices(actor=maria, control_numbers=numbers, facility_id=north.pk, location_id=place.pk, department_id=None) == 30
    assert DeviceMove.objects.filter(to_location=place).count() == 30


def test_bulk_status_changes_all_or_none(maria, north):
    good, stuck = DeviceFactory(facility=north), DeviceFactory(facility=north, status="disposed")
    with pytest.raises(bulk.SomeCannot, match=stuck.control_number):
        bulk.bulk_status(actor=maria, control_numbers=[good.control_number, stuck.control_number], after="in_repair")
    good.refresh_from_db()
    assert good.status == "in_service"
    assert bulk.bulk_status(actor=maria, control_numbers=[good.control_number], after="missing", reason="not found") == 1


def test_facts_are_never_changed_nor_devices_deleted(maria, north):
    device = DeviceFactory(facility=north)
    life.add_note(actor=maria, control_number=device.control_number, text="Battery weak")
    for statement in ("UPDATE inventory_devicenote SET text = 'x'", "DELETE FROM inventory_device", "DELETE FROM inventory_deviceevent"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_interfaces_are_normalised_and_checked(maria, north):
    device = DeviceFactory(facility=north)
    interface = network.save_interface(
        actor=maria, control_number=device.control_number, values={"mac_address": "00-1A-2B-3C-4D-5E", "vlan": 12}
    )
    interface.refresh_from_db()
    assert interface.mac_address == "00:1a:2b:3c:4d:5e"
    with pytest.raises(Invalid) as refusal:
        network.save_interface(
            actor=maria, control_number=device.control_number, values={"mac_address": "zz", "ip_address": "1.2.3", "vlan": 9000}
        )
    assert set(refusal.value.errors) == {"mac_address", "ip_address", "vlan"}
    network.remove_interface(actor=maria, control_number=device.control_number, interface_id=interface.pk)
    assert not device.interfaces.exists()


def test_the_cached_type_and_risk_can_be_checked_and_rebuilt(model):
    device = DeviceFactory(device_model=model)
    assert derived.TYPES_HOLD.check() == (0, [])
    model.device_type.high_risk, model.device_type.high_risk_source = False, ""
    model.device_type.save()
    assert derived.TYPES_HOLD.check() == (1, [device.control_number])
    assert derived.refresh_types(type_ids=[model.device_type_id]) == 1
    assert derived.TYPES_HOLD.check() == (0, [])


def test_the_timeline_tells_everything_with_who_and_why(maria, north, model):
    from openhtm.audit.context import acting

    place = LocationFactory(facility=north, name="4 West")
    with acting(maria):
        device = devices.add_device(actor=maria, facility_id=north.pk, values={"device_model_id": model.pk, "serial_number": "A1"})
    with acting(maria, reason="read on the type plate"):
        devices.edit_device(actor=maria, control_number=device.control_number, values={"serial_number": "A2"})
    life.move_devices(actor=maria, control_numbers=[device.control_number], facility_id=north.pk, location_id=place.pk, department_id=None)
    life.add_note(actor=maria, control_number=device.control_number, text="Hello")
    events = timeline(device, actor=maria)
    titles = [event.title for event in events]
    assert {"Note by Maria Reyes", "Placed at 4 West", "Maria Reyes changed", "In service"} <= set(titles)
    changed = next(event for event in events if event.title == "Maria Reyes changed" and event.changes)
    assert changed.reason == "read on the type plate"
    assert ("Serial number", "A1", "A2") in changed.changes
    assert titles[0] == "Note by Maria Reyes"


ONE = {
    "serial_number": st.sampled_from(["", "S1", "x" * 81, "a\tb"]),
    "control_number": st.sampled_from(["", "K-1", "TAKEN", "a/b"]),
    "udi_carrier": st.sampled_from(["", "(01)5102222223333X"]),
    "expected_life_years": st.sampled_from([None, 0, 7]),
    "location_id": st.sampled_from(["none", "here", "elsewhere"]),
    "device_model_id": st.sampled_from(["there", "missing"]),
}


@contextlib.contextmanager
def forgotten():
    """Take back what the block writes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def refused_alone(actor, facility, values):
    try:
        with forgotten():
            devices.add_device(actor=actor, facility_id=facility.pk, values=values)
    except Invalid as refusal:
        return refusal.errors
    return {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries(ONE), min_size=1, max_size=4))
def test_many_new_devices_are_refused_for_what_each_alone_would_be(maria, north, south, model, rows):
    with forgotten():
        DeviceFactory(facility=north, control_number="TAKEN")
        places = {"none": None, "here": LocationFactory(facility=north).pk, "elsewhere": LocationFactory(facility=south).pk}
        models = {"there": model.pk, "missing": 2**40}
        told = [row | {"location_id": places[row["location_id"]], "device_model_id": models[row["device_model_id"]]} for row in rows]
        alone = {at: errors for at, values in enumerate(told) if (errors := refused_alone(maria, north, values))}
        try:
            added = devices.add_devices(actor=maria, new=[devices.NewDevice(north.pk, values) for values in told])
        except devices.SomeInvalid as refusal:
            clashes = {at for at, errors in refusal.rows.items() if "earlier" in "".join(errors.get("control_number", []))}
            assert {at: errors for at, errors in refusal.rows.items() if at not in clashes} == {
                at: errors for at, errors in alone.items() if at not in clashes
            }
            assert Device.objects.count() == 1
        else:
            assert not alone
            assert len(added) == Device.objects.count() - 1 == len(rows)
