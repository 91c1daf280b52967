from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.catalog.models import ManufacturerAlias
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory, ManufacturerFactory
from openhtm.core.pagination import BadCursor, keyset_page
from openhtm.inventory.models import AlternateNumber, Device, NetworkInterface
from openhtm.inventory.queries import filters, lists
from openhtm.inventory.services.merging import merge_devices
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory


def found(actor, **params):
    read = filters.read_filters(params, actor=actor)
    assert not read.problems, read.problems
    return set(filters.filtered(actor=actor, filters=read).values_list("control_number", flat=True))


@pytest.fixture
def pump(north):
    model = DeviceModelFactory(
        name="Alaris 8015",
        manufacturer=ManufacturerFactory(name="BD"),
        device_type=DeviceTypeFactory(code="pump", name="Infusion pump", synonyms=["Perfusor"]),
    )
    device = DeviceFactory(
        facility=north,
        device_model=model,
        control_number="BME-04117",
        serial_number="ab-12 34",
        description="Crash cart 2",
        udi_di="10885403123456",
    )
    AlternateNumber.objects.create(device=device, kind="old_control_number", number="X-77-OLD", number_key="X-77-OLD")
    NetworkInterface.objects.create(device=device, mac_address="00:1a:2b:3c:4d:5e", ip_address="10.1.2.3", hostname="pump-icu-7")
    DeviceFactory.create_batch(3, facility=north)
    return device


@pytest.mark.parametrize(
    "words",
    ["bme-04117", "04117", "BM", "ab-12 34", "AB1234", "alaris", "alaris crash", "perfusor", "bd 8015", "77-old", "10.1.2.3",
     "001A.2B3C.4D5E", "pump-icu-7", "10885403123456", "infusion"],
)  # fmt: skip
def test_search_finds_it_by_whatever_is_on_it(maria, pump, words):
    assert pump.control_number in found(maria, q=words)


def test_search_does_not_find_what_is_not_there(maria, pump):
    assert found(maria, q="alaris nonsense") == set()
    assert found(maria, q="%") == found(maria, q="_") == set()


def test_search_never_leaves_the_scope(chen, pump):
    assert found(chen, q="alaris") == found(chen) == set()


def test_the_number_of_a_merged_record_finds_the_one_that_stands(omar, north):
    DeviceFactory(facility=north, control_number="KEPT-1")
    DeviceFactory(facility=north, control_number="GONE-1")
    merge_devices(actor=omar, survivor="KEPT-1", loser="GONE-1", choices={}, reason="same")
    assert found(omar, q="gone-1") == {"KEPT-1"}


def test_a_serial_number_elsewhere_hides_nothing_here(maria, chen, north, south):
    DeviceFactory(facility=north, control_number="N-1", description="Holter recorder")
    DeviceFactory(facility=south, control_number="S-1", serial_number="HOLTER")
    assert found(maria, q="holter") == {"N-1"}
    assert found(chen, q="holter") == {"S-1"}


def test_filters_narrow(maria, north):
    building = LocationFactory(facility=north, kind="building")
    room = LocationFactory(facility=north, parent=building, kind="room")
    icu = DepartmentFactory(facility=north)
    risky = DeviceTypeFactory(high_risk=True, high_risk_source="test")
    one = DeviceFactory(
        facility=north, location=room, department=icu, device_model__device_type=risky, ownership="rental", serial_number=""
    )
    DeviceFactory(facility=north, status="retired")
    wanted = {one.control_number}
    assert found(maria, location=str(building.pk)) == wanted
    assert found(maria, department=str(icu.pk)) == wanted
    assert found(maria, high_risk="true") == wanted
    assert found(maria, ownership="rental,loaner") == wanted
    assert found(maria, missing="serial") == wanted
    assert found(maria, status="in_inventory") == wanted
    assert found(maria, device_type=risky.code, facility="north") == wanted
    assert found(maria, manufacturer=str(one.device_model.manufacturer_id), model=str(one.device_model_id)) == wanted


@pytest.mark.parametrize(
    "params",
    [{"status": "broken"}, {"facility": "SOUTH"}, {"location": "x"}, {"high_risk": "maybe"}, {"acquired_from": "yesterday"}, {"missing": "soul"},
     {"department": "9" * 30}, {"q": "a\0b"}],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_named(maria, south, params):
    read = filters.read_filters(params, actor=maria)
    assert set(read.problems) == set(params)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(params=st.dictionaries(st.sampled_from(filters.FILTER_NAMES), st.text(max_size=30)))
def test_any_filter_text_is_answered(maria, params):
    read = filters.read_filters(params, actor=maria)
    assert list(filters.filtered(actor=maria, filters=read)[:5]) == []


def rows(actor, **params):
    read = filters.read_filters(params, actor=actor)
    columns = lists.chosen_columns(list(lists.COLUMNS), may_see_costs=True)
    return lists.list_page(filters.filtered(actor=actor, filters=read), columns=columns, sort="control_number", cursor=None, limit=50)


def test_the_list_costs_the_same_for_one_device_and_for_thirty(maria, north):
    DeviceFactory(facility=north)
    with CaptureQueriesContext(connection) as alone:
        rows(maria)
    DeviceFactory.create_batch(29, facility=north)
    with CaptureQueriesContext(connection) as many:
        assert len(rows(maria).rows) == 30
    assert len(many) == len(alone) == 2  # the rows, and the profile of the score column


def test_html_in_any_field_stays_text(maria, north):
    evil = "<script>alert(1)</script>"
    DeviceFactory(
        facility=north, description=evil, serial_number=evil, software_version=evil, udi_di=evil[:20], control_number="<B>1",
        device_model__name=evil, device_model__manufacturer__name=evil, device_model__device_type__name=evil,
        department=DepartmentFactory(facility=north, name=evil), location=LocationFactory(facility=north, name=evil),
    )  # fmt: skip
    (row,) = rows(maria).rows
    assert "<script" not in row.markup
    assert "<B>" not in row.markup


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(size=st.integers(1, 7), descending=st.booleans())
def test_pages_together_are_the_list_forwards_and_backwards(north, size, descending):
    if not Device.objects.exists():
        DeviceFactory.create_batch(13, facility=north)
    order = ("-control_number",) if descending else ("control_number",)
    whole = list(Device.objects.order_by(*order).values_list("control_number", flat=True))
    seen, cursor, pages = [], None, []
    while True:
        page = keyset_page(Device.objects.all(), order=order, cursor=cursor, limit=size)
        seen += [device.control_number for device in page.rows]
        pages.append(page)
        if (cursor := page.next_cursor) is None:
            break
    assert seen == whole
    for earlier, later in pairwise(pages):
        back = keyset_page(Device.objects.all(), order=order, cursor=later.previous_cursor, limit=size)
        assert [d.pk for d in back.rows] == [d.pk for d in earlier.rows]


@given(st.text(max_size=60))
def test_any_text_as_cursor_is_refused_in_words(text):
    if text:
        with pytest.raises(BadCursor):
            keyset_page(Device.objects.none(), order=("control_number",), cursor=text)


@pytest.fixture
def searchable(north):
    """Three devices that are found by different things."""
    bbraun = ManufacturerFactory(name="B. Braun")
    ManufacturerAlias.objects.create(manufacturer=bbraun, alias="BBraun", alias_key="bbr")
    DeviceFactory(
        facility=north, control_number="A-1", device_model__name="Q1", device_model__manufacturer=ManufacturerFactory(name="Acme"),
        device_model__device_type=DeviceTypeFactory(name="Infusion pump"),
    )  # fmt: skip
    second = DeviceFactory(
        facility=north, control_number="A-2", device_model__name="MX 100%", device_model__manufacturer=bbraun,
        device_model__device_type=DeviceTypeFactory(name="Monitor"),
    )  # fmt: skip
    third = DeviceFactory(facility=north, control_number="A-3", description="a_b", device_model__name="R9")
    DeviceFactory(facility=north, control_number="A-4", description="axb", device_model__name="R9b")
    AlternateNumber.objects.create(device=second, kind="finance", number="F-77", number_key="F-77")
    NetworkInterface.objects.create(device=third, mac_address="00:1b:c5:00:12:34", ip_address="10.0.0.7", hostname="ward7")


WORDS = st.sampled_from(
    ["infus", "INF%", "100%", "a_b", "\\", "acme", "ac", "mx", "bbr", "10.0.0.7", "00:1b:c5:00:12:34", "ward7", "F-77", "pump"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(words=st.lists(WORDS, min_size=1, max_size=3), limit=st.integers(1, 5))
def test_a_search_in_two_steps_pages_through_the_same_rows_as_in_one(omar, searchable, words, limit):
    text = " ".join(words)
    read = filters.read_filters({"q": text}, actor=omar)
    found = filters.filtered(actor=omar, filters=read)

    def rows(*, searched):
        cursor, seen = None, []
        while True:
            page = lists.page_of_values(
                found, ["control_number", "status"], order=("control_number",), cursor=cursor, limit=limit, searched=searched
            )
            seen += [row["control_number"] for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                return seen

    assert rows(searched=True) == rows(searched=False) == sorted(device.control_number for device in found)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("infus", ["A-1"]),  # inside the name of its type
        ("acme", ["A-1"]),  # its maker
        ("bbr", ["A-2"]),  # an alias of its maker
        ("AB", []),  # two letters begin a tag or serial
        ("mx 100%", ["A-2"]),  # what LIKE would read as a pattern
        ("a_b", ["A-3"]),
        ("10.0.0.7", ["A-3"]),
        ("00-1B-C5-00-12-34", ["A-3"]),
        ("WARD7", ["A-3"]),
        ("f-7", ["A-2"]),  # part of another number
        ("F-_", []),
    ],
)
def test_a_word_finds_devices_by_everything_it_may_mean(omar, searchable, text, numbers):
    found = filters.filtered(actor=omar, filters=filters.read_filters({"q": text}, actor=omar))
    assert [device.control_number for device in found.order_by("control_number")] == numbers


def test_a_search_asks_one_statement_for_each_word(omar, searchable):
    with CaptureQueriesContext(connection) as captured:
        filters.read_filters({"q": "infusion pump acme"}, actor=omar)
    assert len(captured) == 1 + 3
