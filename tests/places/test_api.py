"""The API of places and people, called from outside with bearer tokens."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from openhtm.identity.models import RoleAssignment
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.sites.models import Location
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory, LocationFactory
from tests.permissions.client import ApiClient, logged_in

pytestmark = pytest.mark.django_db
PLACE = {"facility": "NORTH", "kind": "building", "name": "Main"}


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def nadia(north):
    return UserFactory.with_role(Role.ADMINISTRATOR, north, username="nadia")


@pytest.fixture
def api(nadia):
    return ApiClient(nadia)


def test_places_are_made_moved_and_listed(api):
    main = api.post("/locations", PLACE).json()
    area = api.post("/locations", PLACE | {"kind": "area", "name": "4 West"}).json()
    api.post("/locations", PLACE | {"kind": "room", "name": "4112", "parent": area["public_code"]})
    moved = api.post(f"/locations/{area['public_code']}/move", {"parent": main["public_code"]}).json()
    assert moved["full_name"] == "Main › 4 West" and moved["parent"] == main["public_code"]
    within = api.get(f"/locations?within={main['public_code']}").json()
    assert [row["full_name"] for row in within["items"]] == ["Main", "Main › 4 West", "Main › 4 West › 4112"]
    top = api.get("/locations?parent=").json()
    assert [row["name"] for row in top["items"]] == ["Main"]
    back = api.post(f"/locations/{main['public_code']}/move", {"parent": area["public_code"]})
    assert (back.status_code, back.json()["code"]) == (422, "cannot-move")


def test_a_creation_sent_twice_under_one_key_creates_once(api):
    key = {"HTTP_IDEMPOTENCY_KEY": "k-1"}
    first, again = (api.post("/locations", PLACE, **key) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert Location.objects.count() == 1
    other = api.post("/locations", PLACE | {"name": "Annex"}, **key)
    assert (other.status_code, other.json()["code"]) == (409, "client-key-reused")


def test_pages_go_forth_and_back(api, north):
    DepartmentFactory.create_batch(5, facility=north)
    first = api.get("/departments?limit=2").json()
    second = api.get(f"/departments?limit=2&cursor={first['next_cursor']}").json()
    assert first["count"] == 5 and first["previous_cursor"] is None
    names = [row["name"] for row in first["items"] + second["items"]]
    assert len(set(names)) == 4
    assert api.get(f"/departments?limit=2&cursor={second['previous_cursor']}").json()["items"] == first["items"]


def test_a_patch_writes_what_it_names_or_nothing(api, north):
    ward = DepartmentFactory(facility=north, name="ICU", cost_centre="1")
    assert api.patch(f"/departments/{ward.pk}", {"cost_centre": "2", "active": False}).json()["active"] is False
    assert api.patch(f"/departments/{ward.pk}", {"name": ""}).status_code == 422
    ward.refresh_from_db()
    assert (ward.name, ward.cost_centre) == ("ICU", "2")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/locations", b"{", 400),
        ("POST", "/locations", b"\xff\xfe", 400),
        ("POST", "/locations", PLACE | {"kind": "galaxy"}, 422),
        ("POST", "/locations", PLACE | {"name": "a\x00b"}, 422),
        ("POST", "/locations", PLACE | {"name": "x" * 121}, 422),
        ("POST", "/locations", PLACE | {"parent": "NOSUCH"}, 404),
        ("POST", "/locations", PLACE | {"surprise": 1}, 422),
        ("GET", "/departments/99999999999999999999", None, 422),
        ("GET", "/departments/9223372036854775807", None, 404),
        ("GET", "/departments?limit=0", None, 422),
        ("GET", "/departments?limit=1001", None, 422),
        ("GET", "/departments?cursor=WzAsIDUsICJ6eiJd", None, 400),
        ("GET", "/locations?within=%00", None, 422),
        ("GET", "/users/0", None, 422),
        ("POST", "/users", {"username": "<b>", "full_name": "X", "role": "technician", "facility": "NORTH"}, 422),
        ("POST", "/tokens", {"name": " "}, 422),
        ("POST", "/tokens", {"name": "x", "days": 366}, 422),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(api, method, path, body, status):
    answer = api.call(method, path, body)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert not Location.objects.exists()


def test_a_read_only_token_changes_nothing(nadia):
    reader = ApiClient(nadia, read_only=True)
    assert reader.get("/me").json()["read_only"] is True
    assert reader.post("/locations", PLACE).status_code == 403


def test_a_token_for_one_role_at_one_facility_reaches_no_further(north):
    south = FacilityFactory(code="SOUTH")
    ada = UserFactory.with_role(Role.ADMINISTRATOR, None)
    RoleAssignment.objects.create(user=ada, role=Role.TECHNICIAN, facility=None)
    narrow = ApiClient(ada, role=Role.TECHNICIAN, facility_id=south.pk)
    assert [row["code"] for row in narrow.get("/facilities").json()["items"]] == ["SOUTH"]
    assert narrow.get("/facilities/NORTH").status_code == 404
    assert narrow.post("/locations", PLACE | {"facility": "SOUTH"}).status_code == 403
    assert ApiClient(ada).get("/facilities/NORTH").status_code == 200


def test_a_user_is_added_gets_a_role_and_loses_it(api, north):
    made = api.post("/users", {"username": "omar", "full_name": "Omar", "role": "technician", "facility": "NORTH"}).json()
    assert made["one_time_password"] and made["roles"] == [{"role": "technician", "facility": "NORTH"}]
    given = api.post("/role-assignments", {"user_id": made["id"], "role": "manager", "facility": "NORTH"}).json()
    assert api.delete(f"/role-assignments/{given['id']}").status_code == 204
    assert api.get(f"/users/{made['id']}").json()["roles"] == [{"role": "technician", "facility": "NORTH"}]
    assert "one_time_password" not in api.get("/users?q=omar").json()["items"][0]


def test_a_token_made_by_the_api_works_until_it_is_revoked(api):
    made = api.post("/tokens", {"name": "export", "read_only": True}).json()
    caller = {"HTTP_AUTHORIZATION": f"Bearer {made['token']}"}
    assert Client().get("/api/v1/me", **caller).status_code == 200
    assert made["token"] not in api.get("/tokens").content.decode()
    assert api.delete(f"/tokens/{made['id']}").json()["revoked_at"]
    assert Client().get("/api/v1/me", **caller).status_code == 401


def test_a_session_needs_its_csrf_token_to_write(nadia):
    client = logged_in(nadia)
    assert client.get("/api/v1/me").status_code == 200
    assert client.post("/api/v1/locations", PLACE, content_type="application/json").status_code == 403
    client.get("/profile")
    token = client.cookies["csrftoken"].value
    answer = client.post("/api/v1/locations", PLACE, content_type="application/json", HTTP_X_CSRFTOKEN=token)
    assert answer.status_code == 201


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer oht_x", "Bearer \x00", "Basic YTpi", "Bearer " + "x" * 5000])
def test_any_other_authorization_is_401(header):
    assert Client().get("/api/v1/me", HTTP_AUTHORIZATION=header).status_code == 401


@pytest.mark.parametrize("path", ["/facilities", "/locations", "/departments", "/users", "/role-assignments", "/tokens"])
def test_lists_cost_the_same_for_one_row_and_for_thirty(api, north, path):
    fill(north, 1)
    statements(api, path)
    alone = statements(api, path)
    fill(north, 29)
    assert statements(api, path) == alone


def fill(facility, count):
    DepartmentFactory.create_batch(count, facility=facility)
    LocationFactory.create_batch(count, facility=facility)
    for _ in range(count):
        ApiClient(UserFactory.with_role(Role.TECHNICIAN, facility))


def statements(api, path) -> int:
    with CaptureQueriesContext(connection) as done:
        assert api.get(path).status_code == 200
    return len(done)
