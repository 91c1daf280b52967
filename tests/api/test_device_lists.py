"""The list of devices over the API: the page's filters, whole and flat paging, counts, refusals."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.inventory.api.devices import DeviceQuery
from openhtm.inventory.models import Device
from openhtm.inventory.queries.filters import FILTER_NAMES
from openhtm.inventory.rules.status import Status
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Facility
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory
from tests.permissions.client import ApiClient, logged_in

pytestmark = pytest.mark.django_db
PICKED = re.compile(r'name="selected" value="([^"]+)"')


@pytest.fixture
def olga(north: Facility) -> User:
    return UserFactory.with_role(Role.MANAGER, north, username="olga")


@pytest.fixture
def api(olga: User) -> ApiClient:
    return ApiClient(olga)


@pytest.fixture
def browser(olga: User) -> Client:
    return logged_in(olga)


@pytest.fixture
def mixed(north: Facility, south: Facility) -> list[Device]:
    """A dozen devices that differ in what filters ask for, and one elsewhere."""
    pump = DeviceTypeFactory(name="Infusion pump", code="pump", high_risk=True, high_risk_source="FDA")
    models = [DeviceModelFactory(name="Alaris", device_type=pump), DeviceModelFactory(name="", device_type=None)]
    wards = [LocationFactory(facility=north, name="4 West"), None]
    units = [DepartmentFactory(facility=north, name="ICU"), None]
    DeviceFactory(facility=south, control_number="SOUTH-1")
    return [
        DeviceFactory(
            facility=north, control_number=f"D-{n:02d}", device_model=models[n % 2], location=wards[n % 3 % 2], department=units[n % 2],
            status=list(Status)[n], serial_number="" if n % 4 == 0 else f"SN{n}", ownership="leased" if n % 5 == 0 else "owned",
            acquired_on=dt.date(2015 + n, 1, 1) if n % 3 else None,
        )
        for n in range(12)
    ]  # fmt: skip


FILTERS: dict[str, list[str]] = {
    "q": ["D-0", "SN1", "alaris", "infusion pump", "nothing at all", "SOUTH-1", "%", "“"],
    "facility": ["NORTH", "north"],
    "status": ["in_inventory", "gone", "stored,missing", "in_repair"],
    "device_type": ["pump"],
    "high_risk": ["true", "0"],
    "ownership": ["leased", "owned,leased"],
    "missing": ["serial", "location", "serial,location", "model", "type", "acquired"],
    "acquired_from": ["2018-01-01"],
    "acquired_to": ["2020-06-30"],
}


def api_numbers(api: ApiClient, params: dict[str, str]) -> list[str]:
    answer = api.get("/devices?" + urlencode(params))
    assert answer.status_code == 200, answer.content
    return [item["control_number"] for item in answer.json()["items"]]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(params=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in FILTERS.items()}))
def test_the_same_filters_mean_the_same_devices_on_the_page(
    api: ApiClient, browser: Client, mixed: list[Device], params: dict[str, str]
) -> None:
    page = browser.get("/devices", params)
    assert PICKED.findall(page.content.decode()) == api_numbers(api, params)


def test_the_api_takes_exactly_the_filters_of_the_page() -> None:
    assert set(DeviceQuery.model_fields) == set(FILTER_NAMES)


def test_filters_by_place_department_model_and_maker(api: ApiClient, mixed: list[Device]) -> None:
    first = mixed[0]
    for name, key, column in (
        ("location", first.location_id, "location_id"), ("department", first.department_id, "department_id"),
        ("model", first.device_model_id, "device_model_id"),
    ):  # fmt: skip
        expected = [d.control_number for d in mixed if getattr(d, column) == key]
        assert api_numbers(api, {name: str(key)}) == expected
    maker = first.device_model.manufacturer_id
    assert api_numbers(api, {"manufacturer": str(maker)}) == [d.control_number for d in mixed if d.device_model.manufacturer_id == maker]


def walk(api: ApiClient, limit: int) -> list[str]:
    seen: list[str] = []
    cursor = ""
    while True:
        body = api.get(f"/devices?limit={limit}" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [item["control_number"] for item in body["items"]]
        if body["next_cursor"] is None:
            return seen
        cursor = body["next_cursor"]


@pytest.mark.parametrize("limit", [1, 5, 12, 1000])
def test_pages_show_every_device_once(api: ApiClient, mixed: list[Device], limit: int) -> None:
    assert walk(api, limit) == [d.control_number for d in mixed]


def test_a_page_leads_back_to_the_one_before(api: ApiClient, mixed: list[Device]) -> None:
    first = api.get("/devices?limit=5").json()
    second = api.get(f"/devices?limit=5&cursor={first['next_cursor']}").json()
    assert api.get(f"/devices?limit=5&cursor={second['previous_cursor']}").json()["items"] == first["items"]


def test_the_count_is_told_when_asked(api: ApiClient, mixed: list[Device]) -> None:
    assert (api.get("/devices").json()["count"], api.get("/devices?count=true&limit=1").json()["count"]) == (None, 12)
    assert api.get("/devices?count=true").json()["count_is_exact"] is True


def cost(api: ApiClient, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert api.get(path).status_code == 200
    return len(captured)


def test_lists_and_one_device_cost_the_same_for_one_and_for_thirty(api: ApiClient, north: Facility) -> None:
    DeviceFactory(facility=north, control_number="A-1")
    cost(api, "/devices?count=true")  # the token's last use is noted once a minute
    alone = [cost(api, path) for path in ("/devices?count=true", "/devices/A-1")]
    DeviceFactory.create_batch(29, facility=north)
    for n in range(29):
        Device.objects.get(control_number="A-1").interfaces.create(hostname=f"h{n}")
    assert [cost(api, path) for path in ("/devices?count=true", "/devices/A-1")] == alone


@pytest.mark.parametrize(
    ("query", "status", "fields"),
    [
        ({"limit": "0"}, 422, {"limit"}),
        ({"limit": "1001"}, 422, {"limit"}),
        ({"limit": "many"}, 422, {"limit"}),
        ({"count": "perhaps"}, 422, {"count"}),
        ({"cursor": "junk"}, 400, set()),
        ({"cursor": "WzAsIG51bGxd"}, 400, set()),
        ({"q": "a\0b"}, 422, {"q"}),
        ({"q": "x" * 201}, 422, {"q"}),
        ({"status": "fine"}, 422, {"status"}),
        ({"facility": "SOUTH"}, 422, {"facility"}),
        ({"device_type": "none-such"}, 422, {"device_type"}),
        ({"location": "9" * 30}, 422, {"location"}),
        ({"department": "-1"}, 422, {"department"}),
        ({"high_risk": "maybe"}, 422, {"high_risk"}),
        ({"missing": "everything"}, 422, {"missing"}),
        ({"acquired_from": "31/12/2020"}, 422, {"acquired_from"}),
        ({"status": "fine", "missing": "x"}, 422, {"status", "missing"}),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    api: ApiClient, mixed: list[Device], query: dict[str, Any], status: int, fields: set[str]
) -> None:
    answer = api.get("/devices?" + urlencode(query))
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert {error["field"] for error in answer.json()["errors"]} == fields


def test_broken_bytes_in_a_query_are_words_like_any_other(api: ApiClient, mixed: list[Device]) -> None:
    assert api.get("/devices?q=%ff%fe%ed%a0%80").json()["items"] == []
