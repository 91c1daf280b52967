"""Devices over the API: creation, change, life, interfaces, and what each caller may see."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from openhtm.catalog.models import DeviceModel
from openhtm.catalog.tests.factories import DeviceModelFactory
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.inventory.models import CustomField, Device, NetworkInterface, StatusChange
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Facility
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory, ServiceProviderFactory
from tests.permissions.client import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(db: None) -> DeviceModel:
    return DeviceModelFactory(name="MX750", manufacturer__name="Philips")


@pytest.fixture
def device(north: Facility) -> Device:
    return DeviceFactory(facility=north, control_number="BME-00001", acquisition_cost_cents=125_000, supplier="Acme", custom={"fleet": "A"})


def fields_refused(answer: HttpResponse) -> set[str]:
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    return {error["field"] for error in answer.json()["errors"]}


def test_a_device_is_added_with_everything_that_is_known(maria: ApiClient, north: Facility, model: DeviceModel) -> None:
    ward, unit = LocationFactory(facility=north, name="4 West"), DepartmentFactory(facility=north, name="ICU")
    DeviceFactory(facility=north, control_number="SYS-1")
    sent = {
        "facility": "north", "model_id": model.pk, "control_number": " bme-7 ", "serial_number": "S1", "location_id": ward.pk,
        "department_id": unit.pk, "part_of": "sys-1", "acquired_on": "2024-05-01", "acquisition_cost_cents": 990_000, "status": "stored",
        "service_provider_id": ServiceProviderFactory(name="Acme").pk, "ownership": "leased", "owner_name": "Bank",
    }  # fmt: skip
    answer = maria.post("/devices", sent)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    expected = {
        "control_number": "BME-7", "facility": "NORTH", "manufacturer": "Philips", "model": "MX750", "location": "4 West",
        "department": "ICU", "part_of": "SYS-1", "status": "stored", "acquisition_cost_cents": 990_000, "service_provider": "Acme",
    }  # fmt: skip
    assert {key: body[key] for key in expected} == expected
    assert maria.get("/devices/BME-7").json() == body


def test_a_missing_control_number_is_assigned_and_a_udi_fills_what_it_says(maria: ApiClient, north: Facility, model: DeviceModel) -> None:
    sent = {"facility": "NORTH", "model_id": model.pk, "udi_carrier": "(01)00847946012342(17)280131(10)L7(21)AR16"}
    body = maria.post("/devices", sent).json()
    assert body["control_number"].startswith("BME-")
    assert (body["udi_di"], body["serial_number"], body["lot"], body["udi_expires_on"]) == ("00847946012342", "AR16", "L7", "2028-01-31")


def test_sending_a_creation_twice_adds_one_device(maria: ApiClient, north: Facility, model: DeviceModel) -> None:
    sent = {"facility": "NORTH", "model_id": model.pk, "client_key": "k-1"}
    first, again = maria.post("/devices", sent), maria.post("/devices", sent)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    by_header = maria.post("/devices", {"facility": "NORTH", "model_id": model.pk}, HTTP_IDEMPOTENCY_KEY="k-1")
    assert (by_header.status_code, by_header.json()) == (200, first.json())
    other = maria.post("/devices", sent | {"serial_number": "S2"})
    assert (other.status_code, other.json()["code"]) == (409, "client-key-reused")
    assert Device.objects.count() == 1


def test_a_refused_creation_frees_its_key(maria: ApiClient, north: Facility, model: DeviceModel) -> None:
    sent = {"facility": "NORTH", "model_id": model.pk + 999, "client_key": "k-2"}
    assert fields_refused(maria.post("/devices", sent)) == {"model_id"}
    assert maria.post("/devices", sent | {"model_id": model.pk}).status_code == 201


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"facility": "SOUTH"}, {"facility"}),
        ({"facility": "NOWHERE"}, {"facility"}),
        ({"model_id": None}, {"model_id"}),
        ({"department_id": 10**9}, {"department_id"}),
        ({"location_id": 10**9}, {"location_id"}),
        ({"service_provider_id": 10**9}, {"service_provider_id"}),
        ({"part_of": "NO-SUCH"}, {"part_of"}),
        ({"control_number": "a/b"}, {"control_number"}),
        ({"control_number": "x" * 41}, {"control_number"}),
        ({"serial_number": "a\x00b"}, {"serial_number"}),
        ({"serial_number": "a\tb"}, {"serial_number"}),
        ({"acquired_on": "1850-01-01"}, {"acquired_on"}),
        ({"manufactured_on": "2099-01-01"}, {"manufactured_on"}),
        ({"high_risk_override": True}, {"high_risk_reason"}),
        ({"udi_carrier": "(01)123"}, {"udi_carrier"}),
        ({"status": "disposed"}, {"status"}),
        ({"status": "fine"}, {"status"}),
        ({"custom": {"unknown": "x"}}, {"custom.unknown"}),
        ({"serial": "x"}, {"serial"}),
        ({"acquisition_cost_cents": -1}, {"acquisition_cost_cents"}),
        ({"client_key": ""}, {"client_key"}),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    maria: ApiClient, north: Facility, south: Facility, model: DeviceModel, change: dict[str, Any], fields: set[str]
) -> None:
    assert fields_refused(maria.post("/devices", {"facility": "NORTH", "model_id": model.pk} | change)) == fields
    assert not Device.objects.exists()


def test_null_clears_and_nothing_else_changes(maria: ApiClient, device: Device) -> None:
    before = maria.get("/devices/BME-00001").json()
    answer = maria.patch("/devices/BME-00001", {"serial_number": None, "supplier": None, "acquisition_cost_cents": None})
    assert answer.status_code == 200, answer.content
    changed = {key for key, value in answer.json().items() if value != before[key]}
    assert changed == {"serial_number", "supplier", "acquisition_cost_cents", "updated_at"}
    assert (answer.json()["serial_number"], answer.json()["acquisition_cost_cents"]) == ("", None)


def test_nothing_sent_changes_nothing(maria: ApiClient, device: Device) -> None:
    before = maria.get("/devices/BME-00001").json()
    assert maria.patch("/devices/BME-00001", {}).json() == before


def test_site_fields_change_one_by_one(maria: ApiClient, device: Device) -> None:
    CustomField.objects.create(key="fleet", label="Fleet", kind="text")
    CustomField.objects.create(key="size", label="Size", kind="number")
    assert maria.patch("/devices/BME-00001", {"custom": {"size": 2}}).json()["custom"] == {"fleet": "A", "size": 2}
    assert maria.patch("/devices/BME-00001", {"custom": {"fleet": None}}).json()["custom"] == {"size": 2}
    assert fields_refused(maria.patch("/devices/BME-00001", {"custom": {"size": "big"}})) == {"custom.size"}
    assert maria.patch("/devices/BME-00001", {"custom": {"fleet": "a\x00"}}).status_code == 422
    assert maria.patch("/devices/BME-00001", {"custom": None}).json()["custom"] == {}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"control_number": None}, "control_number"),
        ({"model_id": None}, "model_id"),
        ({"ownership": None}, "ownership"),
        ({"part_of": "BME-00001"}, "part_of"),
        ({"seen_at": "2026-01-01T00:00:00"}, "seen_at"),
        ({"status": "retired"}, "status"),
        ({"facility": "SOUTH"}, "facility"),
    ],
)
def test_a_change_that_cannot_be_is_refused_by_field(maria: ApiClient, device: Device, sent: dict[str, Any], field: str) -> None:
    assert fields_refused(maria.patch("/devices/BME-00001", sent)) == {field}


def test_a_change_upon_an_old_reading_is_a_conflict(maria: ApiClient, device: Device) -> None:
    seen = maria.get("/devices/BME-00001").json()["updated_at"]
    assert maria.patch("/devices/BME-00001", {"lot": "1", "seen_at": seen}).status_code == 200
    late = maria.patch("/devices/BME-00001", {"lot": "2", "seen_at": seen})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


def test_a_renumbered_device_is_found_by_both_numbers(maria: ApiClient, device: Device) -> None:
    assert maria.patch("/devices/bme-00001", {"control_number": "N-1"}).json()["control_number"] == "N-1"
    old = maria.get("/devices/BME-00001").json()
    assert old["control_number"] == "N-1"
    assert old["alternate_numbers"] == [{"kind": "old_control_number", "number": "BME-00001"}]


def test_the_same_old_number_at_two_facilities_leads_each_to_their_own(
    maria: ApiClient, chen: ApiClient, north: Facility, south: Facility
) -> None:
    for number, facility in (("N-1", north), ("S-1", south)):
        DeviceFactory(facility=facility, control_number=number).alternate_numbers.create(
            kind="old_control_number", number="OLD 1", number_key="OLD 1"
        )
    assert maria.get("/devices/old%201").json()["control_number"] == "N-1"
    assert chen.get("/devices/old%201").json()["control_number"] == "S-1"


def test_status_follows_the_transition_table(maria: ApiClient, device: Device) -> None:
    path = "/devices/BME-00001/status"
    assert maria.post(path, {"status": "in_repair"}).json()["status"] == "in_repair"
    for sent, said in (
        ({"status": "in_repair"}, "Nothing to change"),
        ({"status": "planned"}, "it can become"),
        ({"status": "retired"}, "Give the reason"),
    ):
        refused = maria.post(path, sent)
        assert (refused.status_code, refused.json()["code"]) == (422, "status-refused")
        assert said in refused.json()["detail"]
    assert fields_refused(maria.post(path, {"status": "in_service", "on": "2999-01-01"})) == {"on"}
    retired = maria.post(path, {"status": "retired", "reason": "Beyond repair"}).json()
    assert (retired["status"], retired["retired_on"]) == ("retired", retired["status_since"])


def test_a_device_moves_within_its_facility_and_not_to_places_of_another(maria: ApiClient, device: Device, south: Facility) -> None:
    ward = LocationFactory(facility=device.facility, name="4 West")
    moved = maria.post("/devices/BME-00001/move", {"facility": "NORTH", "location_id": ward.pk, "reason": "Rounds"})
    assert moved.json()["location"] == "4 West"
    elsewhere = LocationFactory(facility=south, name="Lobby")
    assert fields_refused(maria.post("/devices/BME-00001/move", {"facility": "NORTH", "location_id": elsewhere.pk})) == {"location_id"}
    assert fields_refused(maria.post("/devices/BME-00001/move", {"facility": "SOUTH"})) == {"facility"}


def test_a_note_is_signed_and_stands_on_the_timeline(maria: ApiClient, device: Device) -> None:
    noted = maria.post("/devices/BME-00001/notes", {"text": "<b>Tape</b> on the door"})
    assert (noted.status_code, noted.json()["author"]) == (201, "Maria Reyes · test")
    events = maria.get("/devices/BME-00001/timeline").json()
    assert (events[0]["title"], events[0]["detail"]) == ("Note by Maria Reyes · test", "<b>Tape</b> on the door")
    assert fields_refused(maria.post("/devices/BME-00001/notes", {"text": "   "})) == {"text"}


def test_an_interface_from_first_to_last(maria: ApiClient, device: Device) -> None:
    path = "/devices/BME-00001/interfaces"
    made = maria.post(path, {"mac_address": "00-1B-C5-00-12-34", "vlan": 210})
    assert (made.status_code, made.json()["mac_address"]) == (201, "00:1b:c5:00:12:34")
    one = f"{path}/{made.json()['id']}"
    changed = maria.patch(one, {"ip_address": "10.0.0.9", "vlan": None}).json()
    assert (changed["mac_address"], changed["ip_address"], changed["vlan"]) == ("00:1b:c5:00:12:34", "10.0.0.9", None)
    assert fields_refused(maria.patch(one, {"mac_address": "zz"})) == {"mac_address"}
    assert fields_refused(maria.post(path, {"name": "LAN"})) == {""}
    assert [i["id"] for i in maria.get("/devices/BME-00001").json()["interfaces"]] == [made.json()["id"]]
    assert (maria.delete(one).status_code, maria.delete(one).status_code) == (204, 404)
    assert not NetworkInterface.objects.exists()


def test_the_timeline_says_who_changed_what(maria: ApiClient, device: Device) -> None:
    maria.patch("/devices/BME-00001", {"serial_number": "NEW"})
    event = next(e for e in maria.get("/devices/BME-00001/timeline").json() if e["changes"])
    assert event["title"] == "Maria Reyes · test changed"
    assert ["Serial number", device.serial_number, "NEW"] in event["changes"]


def test_costs_and_addresses_show_only_with_their_right(maria: ApiClient, sam: ApiClient, device: Device) -> None:
    maria.post("/devices/BME-00001/interfaces", {"hostname": "pump-1"})
    maria.patch("/devices/BME-00001", {"acquisition_cost_cents": 777_700})
    seen = sam.get("/devices/BME-00001").json()
    assert (seen["acquisition_cost_cents"], seen["purchase_order"], seen["supplier"], seen["interfaces"]) == (None, None, None, None)
    assert "7,777" in maria.get("/devices/BME-00001/timeline").content.decode()
    assert "7,777" not in sam.get("/devices/BME-00001/timeline").content.decode()


def test_who_may_not_see_the_history_gets_403(north: Facility, device: Device) -> None:
    requester = ApiClient(UserFactory.with_role(Role.REQUESTER, north))
    assert requester.get("/devices/BME-00001").status_code == 200
    assert requester.get("/devices/BME-00001/timeline").status_code == 403


def test_nothing_of_another_facility_can_be_reached(maria: ApiClient, chen: ApiClient, device: Device, model: DeviceModel) -> None:
    made = maria.post("/devices/BME-00001/interfaces", {"hostname": "x"}).json()["id"]
    one = "/devices/BME-00001"
    calls: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", one, None), ("PATCH", one, {"lot": "1"}), ("POST", f"{one}/status", {"status": "in_repair"}),
        ("POST", f"{one}/move", {"facility": "SOUTH"}), ("POST", f"{one}/notes", {"text": "x"}),
        ("POST", f"{one}/interfaces", {"hostname": "y"}), ("PATCH", f"{one}/interfaces/{made}", {"hostname": "y"}),
        ("DELETE", f"{one}/interfaces/{made}", None), ("GET", f"{one}/timeline", None),
        ("POST", "/bulk/devices/edit", {"control_numbers": ["BME-00001"], "ownership": "leased"}),
        ("POST", "/bulk/devices/status", {"control_numbers": ["BME-00001"], "status": "in_repair"}),
        ("POST", "/bulk/devices/move", {"control_numbers": ["BME-00001"], "facility": "SOUTH"}),
    ]  # fmt: skip
    before = maria.get(one).json()
    for method, path, body in calls:
        assert chen.call(method, path, body).status_code == 404, (method, path)
    assert chen.get("/devices").json()["items"] == []
    assert fields_refused(chen.post("/devices", {"facility": "SOUTH", "model_id": model.pk, "part_of": "BME-00001"})) == {"part_of"}
    assert maria.get(one).json() == before


def test_many_devices_change_together_or_not_at_all(maria: ApiClient, north: Facility) -> None:
    numbers = [DeviceFactory(facility=north, control_number=f"D-{n}").control_number for n in range(3)]
    edit = {"control_numbers": numbers, "ownership": "leased"}
    assert maria.post("/bulk/devices/edit", edit).json() == {"changed": 3}
    assert maria.post("/bulk/devices/edit", edit).json() == {"changed": 0}
    assert fields_refused(maria.post("/bulk/devices/edit", {"control_numbers": numbers})) == {""}
    assert fields_refused(maria.post("/bulk/devices/edit", edit | {"service_provider_id": 10**9})) == {"service_provider_id"}
    assert maria.post("/bulk/devices/edit", edit | {"control_numbers": [*numbers, "GONE"]}).status_code == 404
    maria.post("/devices/D-0/status", {"status": "missing", "reason": "Not at rounds"})
    stuck = maria.post("/bulk/devices/status", {"control_numbers": numbers, "status": "in_acceptance"})
    assert (stuck.status_code, stuck.json()["code"]) == (422, "some-cannot")
    assert maria.post("/bulk/devices/status", {"control_numbers": numbers, "status": "stored"}).json() == {"changed": 3}
    ward = LocationFactory(facility=north, name="4 West")
    assert maria.post("/bulk/devices/move", {"control_numbers": numbers, "facility": "NORTH", "location_id": ward.pk}).json() == {
        "changed": 3
    }
    assert fields_refused(maria.post("/bulk/devices/edit", edit | {"control_numbers": []})) == {"control_numbers"}


def test_a_read_only_token_reads_and_changes_nothing(north: Facility, device: Device) -> None:
    reader = ApiClient(UserFactory.with_role(Role.TECHNICIAN, north), read_only=True)
    assert reader.get("/devices/BME-00001").status_code == 200
    assert reader.patch("/devices/BME-00001", {"lot": "1"}).status_code == 403


@pytest.mark.parametrize("number", ["%00", "a%00b", "x" * 41, "x" * 5000, "%ff%fe", "..", "%F0%9F%98%80", "a%2Fb", "'%22%3B--"])
def test_any_text_as_a_control_number_is_answered(maria: ApiClient, device: Device, number: str) -> None:
    answer = maria.get(f"/devices/{number}")
    assert answer.status_code == 404
    assert json.loads(answer.content)["status"] == 404


def test_many_devices_are_added_once(maria: ApiClient, north: Facility, model: DeviceModel) -> None:
    items = [{"facility": "NORTH", "model_id": model.pk, "control_number": f"N-{n}"} for n in range(3)]
    sent = {"items": [*items, {"facility": "NORTH", "model_id": model.pk, "part_of": "N-0"}], "client_key": "many-1"}
    first, again = maria.post("/bulk/devices", sent), maria.post("/bulk/devices", sent)
    assert (first.status_code, again.status_code) == (201, 200), first.content
    assert first.json() == again.json()
    assert first.json()["control_numbers"][:3] == ["N-0", "N-1", "N-2"]
    assert Device.objects.count() == first.json()["added"] == 4


def test_one_wrong_item_adds_none_and_every_wrong_field_is_named(maria: ApiClient, device: Device, model: DeviceModel) -> None:
    good = {"facility": "NORTH", "model_id": model.pk}
    wrong = [good, good | {"model_id": 2**40}, good | {"control_number": "BME-00001"}, good | {"facility": "SOUTH"}]
    assert fields_refused(maria.post("/bulk/devices", {"items": wrong})) == {
        "items.1.model_id", "items.2.control_number", "items.3.facility",
    }  # fmt: skip
    assert fields_refused(maria.post("/bulk/devices", {"items": [good, good | {"serial_number": 5}]})) == {"items.1.serial_number"}
    assert Device.objects.count() == 1


def test_an_item_may_be_part_of_any_other_and_a_circle_is_refused(maria: ApiClient, north: Facility, model: DeviceModel) -> None:
    base = {"facility": "north", "model_id": model.pk}
    chain = [base | {"control_number": f"C-{n}", "part_of": f"C-{n + 1}"} for n in range(3)] + [base | {"control_number": "C-3"}]
    assert maria.post("/bulk/devices", {"items": chain}).json()["control_numbers"] == ["C-0", "C-1", "C-2", "C-3"]
    assert Device.objects.get(control_number="C-0").parent.parent.parent.control_number == "C-3"
    circle = [base | {"control_number": f"R-{n}", "part_of": f"R-{1 - n}"} for n in range(2)]
    assert fields_refused(maria.post("/bulk/devices", {"items": circle})) == {"items.0.part_of", "items.1.part_of"}
    twice = [base | {"control_number": "T-1"}, base | {"control_number": " t-1"}]
    assert fields_refused(maria.post("/bulk/devices", {"items": twice})) == {"items.1.control_number"}


def test_thirty_devices_cost_the_statements_of_one_and_each_has_its_history(maria: ApiClient, north: Facility, model: DeviceModel) -> None:
    def statements(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert maria.post("/bulk/devices", {"items": [{"facility": "NORTH", "model_id": model.pk}] * count}).status_code == 201
        return len(captured)

    statements(1)
    assert statements(30) == statements(1)
    assert StatusChange.objects.count() == Device.objects.count() == 32
    for device in Device.objects.all():
        assert maria.get(f"/devices/{device.control_number}/timeline").json()[-1]["title"] == f"{device.control_number} recorded"
