"""What is printed is read back: sheets are drawn as they are printed, then decoded."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.core.errors import Invalid, NotAllowed, NotFound
from openhtm.documents.pdf import render_pictures
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import LabelTemplate
from openhtm.inventory.services import labels
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import FacilityFactory, LocationFactory
from openhtm.ui.barcodes import decode_image

pytestmark = pytest.mark.django_db
BASE = "https://htm.example.org"
NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
HARD_NUMBERS = ["BME-00001", "BME 17 #4", "ÜNIT-7", "A" * 40]


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def maria(north):
    return actor_of(UserFactory.with_role(Role.TECHNICIAN, north))


def drawn(made, template, *, start=1):
    data, assets = labels._sheets(made, labels.layout_of(template), start)
    return render_pictures("inventory/labels.typ", data, assets=assets, kind="png", pixels_per_inch=300)


@pytest.mark.parametrize(
    "name",
    ["Label printer 50 x 25 mm", "Label printer 36 x 17 mm", "Avery L7160, A4, 3 x 7", "Avery 5160, Letter, 3 x 10", "Large, A4, 2 x 4"],
)
def test_every_shipped_size_prints_codes_that_are_read_back(name, north, maria):
    for number in HARD_NUMBERS:
        DeviceFactory(facility=north, control_number=number)
    template = LabelTemplate.objects.get(name=name)
    made = labels.device_labels(control_numbers=HARD_NUMBERS, actor=maria, base_url=BASE)
    read = [found.text for picture in drawn(made, template, start=template.columns) for found in decode_image(picture)]
    codes = [label.datamatrix for label in made] if template.show_datamatrix else []
    assert sorted(read) == sorted([label.qr for label in made] + codes)


def test_a_sheet_costs_the_same_for_one_device_and_for_thirty(north, maria):
    numbers = [DeviceFactory(facility=north, location=LocationFactory(facility=north)).control_number for _ in range(30)]
    counts = []
    for wanted in (numbers[:1], numbers):
        with CaptureQueriesContext(connection) as asked:
            labels.device_labels(control_numbers=wanted, actor=maria, base_url=BASE)
        counts.append(len(asked))
    assert counts == [1, 1]


def test_the_same_labels_give_the_same_bytes(north, maria):
    DeviceFactory(facility=north, control_number="BME-1")
    template = LabelTemplate.objects.first()
    made = labels.device_labels(control_numbers=["bme-1"], actor=maria, base_url=BASE)
    first = labels.labels_pdf(labels=made, template=template, now=NOW)
    assert first.startswith(b"%PDF-")
    assert first == labels.labels_pdf(labels=made, template=template, now=NOW)


@pytest.mark.parametrize("text", ["#panic()", "$x^2$", "\\u{0}*_`<a>", "@preview/x", '"); drop', "漢字 עברית"])
def test_any_text_is_printed_as_text(text, north, maria):
    DeviceFactory(facility=north, control_number="BME-1", description=text, serial_number=text[:80])
    template = LabelTemplate(name="x", width_mm=50, height_mm=25, margin_mm=1, lines=["control_number", "description", "serial_number"])
    made = labels.device_labels(control_numbers=["BME-1"], actor=maria, base_url=BASE)
    assert labels.first_sheet_svg(labels=made, template=template).startswith(b"<svg")


def test_devices_of_elsewhere_are_not_there(north, maria):
    DeviceFactory(control_number="SOUTH-1")
    DeviceFactory(facility=north, control_number="NORTH-1")
    with pytest.raises(NotFound, match="SOUTH-1"):
        labels.device_labels(control_numbers=["NORTH-1", "SOUTH-1"], actor=maria, base_url=BASE)


def test_printing_needs_the_right(north):
    DeviceFactory(facility=north, control_number="NORTH-1")
    nurse = actor_of(UserFactory.with_role(Role.REQUESTER, north))
    with pytest.raises(NotAllowed, match="print labels"):
        labels.device_labels(control_numbers=["NORTH-1"], actor=nurse, base_url=BASE)


@pytest.mark.parametrize("numbers", [[], ["", "  "], [f"X-{n}" for n in range(labels.MAX_LABELS + 1)]])
def test_none_and_too_many_are_refused(numbers, maria):
    with pytest.raises(Invalid, match="devices"):
        labels.device_labels(control_numbers=numbers, actor=maria, base_url=BASE)


def test_a_start_beyond_the_sheet_is_refused(north, maria):
    DeviceFactory(facility=north, control_number="NORTH-1")
    made = labels.device_labels(control_numbers=["NORTH-1"], actor=maria, base_url=BASE)
    with pytest.raises(Invalid, match="21 labels"):
        labels.labels_pdf(labels=made, template=LabelTemplate.objects.get(columns=3, rows=7), start=22, now=NOW)


def test_places_print_one_by_one_or_with_all_below(north, maria):
    floor = LocationFactory(facility=north, name="4 West")
    room = LocationFactory(facility=north, name="Room 412", parent=floor)
    [alone] = labels.place_labels(public_code=floor.public_code, actor=maria, base_url=BASE)
    assert alone.qr == f"{BASE}/l/{floor.public_code}"
    branch = labels.place_labels(public_code=floor.public_code, actor=maria, base_url=BASE, whole_subtree=True)
    assert [label.texts["control_number"] for label in branch] == ["4 West", "Room 412"]
    template = LabelTemplate.objects.get(page="label", height_mm=25)
    assert f"{BASE}/l/{room.public_code}" in [found.text for picture in drawn(branch, template) for found in decode_image(picture)]


def test_a_place_of_elsewhere_is_not_there(maria):
    with pytest.raises(NotFound):
        labels.place_labels(public_code=LocationFactory().public_code, actor=maria, base_url=BASE)
