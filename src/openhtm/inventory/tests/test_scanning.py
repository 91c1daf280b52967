"""What was scanned leads to the device, to a choice, or to what can be done; never to anything out of sight."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from openhtm.catalog.models import GudidIdentifier, GudidRecord, ModelIdentifier
from openhtm.catalog.rules.udi import gtin_check_digit
from openhtm.catalog.tests.factories import DeviceModelFactory
from openhtm.core.errors import Invalid, NotAllowed, NotFound
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import AlternateNumber, NetworkInterface, Sighting
from openhtm.inventory.services.scanning import MAX_LENGTH, SHOWN, resolve
from openhtm.inventory.services.sightings import record_sighting
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import FacilityFactory, LocationFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def gtin(body: str) -> str:
    return body + str(gtin_check_digit(body))


KNOWN_DI, UNKNOWN_DI, FDA_DI = gtin("0084794601234"), gtin("0099999900000"), gtin("0088540302622")


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def maria(north):
    return actor_of(UserFactory.with_role(Role.TECHNICIAN, north))


@pytest.fixture
def pump(north):
    model = DeviceModelFactory(name="Alaris 8100")
    ModelIdentifier.objects.create(device_model=model, di=KNOWN_DI, issuer="GS1")
    device = DeviceFactory(facility=north, device_model=model, control_number="BME 0042", serial_number="SN-77/12")
    AlternateNumber.objects.create(device=device, kind="old_control_number", number="ed-17", number_key="ED-17")
    NetworkInterface.objects.create(device=device, mac_address="00:1b:c5:00:12:34")
    GudidRecord.objects.create(record_key="k1", primary_di=FDA_DI, company_name="Masimo", brand_name="Rad-7")
    GudidIdentifier.objects.create(record=GudidRecord.objects.get(), di=FDA_DI, kind="primary", issuer="GS1")
    return device


@pytest.mark.parametrize(
    "code",
    [
        "BME 0042",
        "  bme  0042\r\n",
        "https://htm.example.org/d/BME%200042",
        "http://old-host:8000/openhtm/d/bme%200042",
        "/d/BME 0042",
        "ED-17",
        "ed-17",
        "https://htm.example.org/d/BME%200042/",
        "SN-77/12",
        "sn7712",
        f"(01){KNOWN_DI}(21)SN-77/12",
        f"]d201{KNOWN_DI}21SN-77/12",
        f"01{KNOWN_DI}10L1\x1d21sn7712",
        "00:1B:C5:00:12:34",
        "001bc5001234",
        "001b.c500.1234",
        "00-1b-c5-00-12-34",
    ],
)
def test_every_name_of_a_device_leads_to_it(code, pump, maria):
    found = resolve(code, maria)
    assert (found.kind, [device.pk for device in found.devices]) == ("device", [pump.pk])
    assert found.explanation


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("", "unreadable", "Nothing was read"),
        (" \r\n", "unreadable", "Nothing was read"),
        ("x" * (MAX_LENGTH + 1), "unreadable", "characters"),
        ("a\0b", "unreadable", "bytes that are no text"),
        ("NO-SUCH-1", "unknown", "NO-SUCH-1"),
        ("https://htm.example.org/d/NO-1", "unknown", "label of NO-1"),
        ("/l/ZZZZZZZZ", "unknown", "label of a place"),
        (f"(01){UNKNOWN_DI}(21)X9", "unknown", "neither your inventory"),
        (f"(01){FDA_DI}(21)X9", "gudid", "Masimo Rad-7"),
        (KNOWN_DI, "model", "Alaris 8100"),
        (f"(01){KNOWN_DI}(21)OTHER", "model", "no device of yours has serial number OTHER"),
        ("(01)123", "unknown", "looks like a GS1 code"),
    ],
)
def test_other_codes_are_explained(code, kind, words, pump, maria):
    found = resolve(code, maria)
    assert found.kind == kind
    assert words in found.explanation


def test_a_known_model_offers_its_devices_and_a_form_filled_in(pump, maria):
    found = resolve(f"(01){KNOWN_DI}(17)271231(21)NEW-1", maria)
    assert [device.pk for device in found.devices] == [pump.pk]
    assert found.prefill["model"] == str(pump.device_model_id)
    assert found.prefill["serial_number"] == "NEW-1"
    assert found.prefill["udi_carrier"] == f"(01){KNOWN_DI}(17)271231(21)NEW-1"


def test_a_place_is_found_by_its_label(north, maria):
    place = LocationFactory(facility=north)
    found = resolve(f"https://h/l/{place.public_code}", maria)
    assert (found.kind, found.location) == ("location", place)


def test_a_serial_number_that_two_devices_have_is_a_choice(north, maria):
    for number in ("A-1", "A-2"):
        DeviceFactory(facility=north, control_number=number, serial_number="S-100")
    found = resolve("s100", maria)
    assert (found.kind, [device.control_number for device in found.devices]) == ("devices", ["A-1", "A-2"])


def test_a_merged_record_leads_to_what_it_became(north, maria):
    kept = DeviceFactory(facility=north, control_number="A-1")
    DeviceFactory(facility=north, control_number="A-2", merged_into=kept)
    assert [device.pk for device in resolve("A-2", maria).devices] == [kept.pk]


@pytest.mark.parametrize("code", ["BME 0042", "ED-17", "SN-77/12", "001bc5001234", "/d/BME 0042", f"(01){KNOWN_DI}(21)SN-77/12", KNOWN_DI])
def test_nothing_of_another_facility_is_shown(code, pump):
    chen = actor_of(UserFactory.with_role(Role.TECHNICIAN, FacilityFactory()))
    found = resolve(code, chen)
    assert found.devices == ()
    assert found.kind in ("unknown", "model")


def test_a_choice_costs_the_same_for_two_devices_and_for_sixty(north, maria):
    def scan():
        with CaptureQueriesContext(connection) as asked:
            found = resolve("S-100", maria)
        return len(asked), found

    for at in range(2):
        DeviceFactory(facility=north, control_number=f"A-{at}", serial_number="S-100", location=LocationFactory(facility=north))
    few, _ = scan()
    for at in range(2, 60):
        DeviceFactory(facility=north, control_number=f"A-{at:02}", serial_number="S-100", location=LocationFactory(facility=north))
    many, found = scan()
    assert (many, len(found.devices), found.more_devices) == (few, SHOWN, True)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(code=st.text(max_size=60))
def test_no_text_breaks_scanning(code, maria):
    found = resolve(code, maria)
    assert found.kind in ("unknown", "unreadable")
    assert found.explanation


def test_a_sighting_is_kept_and_moves_last_seen_only_forward(pump, north, maria):
    ward = LocationFactory(facility=north)
    seen = record_sighting(control_number="bme 0042", actor=maria, now=NOW, location_code=ward.public_code)
    record_sighting(control_number="BME 0042", actor=maria, now=NOW, seen_at=NOW - dt.timedelta(days=3))
    pump.refresh_from_db()
    assert (pump.last_seen_at, pump.last_seen_location_id) == (NOW, ward.pk)
    assert Sighting.objects.filter(device=pump).count() == 2
    assert (seen.sighting.source, seen.sighting.actor_name, seen.was_missing) == ("scan", maria.name, False)


def test_a_missing_device_that_turns_up_is_said_to_be_found(north, maria):
    DeviceFactory(facility=north, control_number="LOST-1", status="missing", location=LocationFactory(facility=north))
    elsewhere = LocationFactory(facility=north)
    seen = record_sighting(control_number="LOST-1", actor=maria, now=NOW, location_code=elsewhere.public_code)
    assert (seen.was_missing, seen.elsewhere) == (True, True)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"control_number": "NO-1"}, NotFound),
        ({"location_code": "ZZZZ"}, NotFound),
        ({"seen_at": NOW + dt.timedelta(hours=1)}, Invalid),
    ],
)
def test_sightings_that_cannot_be_are_refused(change, refusal, pump, maria):
    with pytest.raises(refusal):
        record_sighting(**({"control_number": "BME 0042", "actor": maria, "now": NOW} | change))
    assert not Sighting.objects.exists()


def test_recording_needs_the_right(pump, north):
    surveyor = actor_of(UserFactory.with_role(Role.SURVEYOR, north))
    with pytest.raises(NotAllowed):
        record_sighting(control_number="BME 0042", actor=surveyor, now=NOW)
