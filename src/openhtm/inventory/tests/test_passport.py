"""The passport holds what the actor may see, prints any text as text, and its code leads home."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import DeviceNote, NetworkInterface
from openhtm.inventory.queries import detail
from openhtm.inventory.services.passport import passport_data, passport_pdf, passport_pictures
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.inventory.tests.record import DI, NOW, full_device
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.ui.barcodes import decode_image

pytestmark = pytest.mark.django_db
BASE = "https://htm.example.org"


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus", time_zone="America/New_York")


def asked(device, role=Role.TECHNICIAN):
    actor = actor_of(UserFactory.with_role(role, device.facility, full_name="Maria"))
    return {"device": detail.device_by_number(actor=actor, number=device.control_number), "actor": actor, "now": NOW, "base_url": BASE}


def titles(data):
    return [section["title"] for section in data["sections"]]


def test_its_codes_are_read_back(north):
    found = [read for page in passport_pictures(**asked(full_device(north)), pixels_per_inch=200) for read in decode_image(page)]
    assert {read.carrier for read in found} == {f"{BASE}/d/BME-01873", f"]d201{DI}10L7\x1d21AR16K021477"}


def test_it_is_one_to_three_pages_and_the_same_bytes_each_time(north):
    wanted = asked(full_device(north))
    assert 1 <= len(passport_pictures(**wanted, pixels_per_inch=20)) <= 3
    assert passport_pdf(**wanted) == passport_pdf(**wanted)


def test_it_says_who_printed_it_when_in_the_facilitys_time(north):
    data, _ = passport_data(**asked(full_device(north)))
    assert data["printed"] == "22 Nov 2026 07:00 EST by Maria"
    assert data["synthetic"] is False


def test_demo_paper_is_marked(north):
    north.organisation.synthetic = True
    north.organisation.save()
    data, _ = passport_data(**asked(full_device(north)))
    assert data["synthetic"] is True


def test_roles_see_on_paper_what_they_see_on_the_page(north):
    device = full_device(north)
    whole, _ = passport_data(**asked(device))
    assert {"Network", "Status history", "Moves", "Notes", "Other numbers", "Documents"} <= set(titles(whole))
    nurse, _ = passport_data(**asked(device, Role.REQUESTER))
    assert not {"Network", "Status history", "Moves", "Notes"} & set(titles(nurse))
    assert "12,890" in str(whole) and "12,890" not in str(nurse)


def test_unknown_is_printed_as_unknown_and_not_left_out(north):
    data, _ = passport_data(**asked(DeviceFactory(facility=north, serial_number="")))
    identity = next(section for section in data["sections"] if section["title"] == "Identity")
    assert ("Serial number", "", True) in identity["facts"]


@pytest.mark.parametrize("text", ["#panic()", "$x^2$ *b* _i_ `c`", "<script>", "\\", '"', "@preview/x:1", "漢字 " * 30, "x" * 190])
def test_any_text_is_printed_as_text(text, north):
    device = DeviceFactory(facility=north, description=text, serial_number=text[:80])
    DeviceNote.objects.create(device=device, text=text * 20)
    assert passport_pdf(**asked(device)).startswith(b"%PDF-")


def test_a_long_record_costs_no_more_statements(north):
    device = full_device(north)
    wanted = asked(device)

    def statements():
        with CaptureQueriesContext(connection) as seen:
            passport_data(**wanted)
        return len(seen)

    statements()  # fills what is read once
    few = statements()
    for at in range(60):
        DeviceNote.objects.create(device=device, text=f"Note {at}")
        NetworkInterface.objects.create(device=device, hostname=f"host-{at}")
    assert statements() == few
    data, _ = passport_data(**wanted)
    notes = next(section for section in data["sections"] if section["title"] == "Notes")
    assert len(notes["rows"]) == 40 and "newest 40" in notes["note"]
