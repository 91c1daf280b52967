"""Files, sightings and scans over the API."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from openhtm.documents.tests import samples
from openhtm.inventory.models import Device
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Facility
from openhtm.sites.tests.factories import LocationFactory
from tests.permissions.client import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(north: Facility) -> Device:
    return DeviceFactory(facility=north, control_number="BME-1", serial_number="SN-100")


def sent(caller: ApiClient, path: str, **fields: Any) -> HttpResponse:
    """Send a multipart form."""
    return caller.client.post(f"/api/v1{path}", fields, **caller.headers)


def pdf() -> SimpleUploadedFile:
    return SimpleUploadedFile("report.pdf", samples.PDF, "application/pdf")


def refused(answer: HttpResponse) -> set[str]:
    assert answer.status_code == 422, answer.content
    return {error["field"] for error in answer.json()["errors"]}


def test_a_file_is_attached_listed_handed_out_and_taken_away(maria: ApiClient, chen: ApiClient, device: Device) -> None:
    answer = sent(maria, "/devices/bme-1/attachments", file=pdf(), title="Report")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["file_name"], made["title"], made["media_type"]) == ("report.pdf", "Report", "application/pdf")
    assert (made["sha256"], made["size_bytes"]) == (hashlib.sha256(samples.PDF).hexdigest(), len(samples.PDF))
    assert maria.get("/devices/BME-1/attachments").json() == [made]
    content = maria.get(f"/attachments/{made['uid']}/content")
    assert b"".join(content.streaming_content) == samples.PDF  # type: ignore[attr-defined]
    assert content["Content-Disposition"].startswith("attachment")
    assert chen.get(f"/attachments/{made['uid']}/content").status_code == 404
    assert refused(maria.delete(f"/attachments/{made['uid']}")) == {"reason"}
    assert refused(maria.delete(f"/attachments/{made['uid']}?reason=%20")) == {"reason"}
    assert maria.delete(f"/attachments/{made['uid']}?reason=Wrong+device").status_code == 204
    assert maria.get("/devices/BME-1/attachments").json() == []
    assert maria.delete(f"/attachments/{made['uid']}?reason=Again").status_code == 404


def test_a_missing_a_second_and_a_dangerous_file_are_refused(maria: ApiClient, device: Device) -> None:
    assert refused(sent(maria, "/devices/BME-1/attachments", title="None")) == {"file"}
    assert sent(maria, "/devices/BME-1/attachments", file=pdf()).status_code == 201
    assert sent(maria, "/devices/BME-1/attachments", file=pdf()).status_code == 422
    page = SimpleUploadedFile("page.html", b"<html><script>alert(1)</script></html>", "text/html")
    assert sent(maria, "/devices/BME-1/attachments", file=page).status_code in {415, 422}


def test_sightings_are_recorded_once_and_paged(maria: ApiClient, device: Device, north: Facility) -> None:
    ward = LocationFactory(facility=north, name="4 West")
    one = {"location_code": ward.public_code, "seen_at": "2024-05-01T10:00:00Z", "client_key": "s-1"}
    first, again = maria.post("/devices/BME-1/sightings", one), maria.post("/devices/BME-1/sightings", one)
    assert (first.status_code, again.status_code) == (201, 200), first.content
    assert first.json() == again.json()
    assert (first.json()["location"], first.json()["was_missing"]) == ("4 West", False)
    assert maria.post("/devices/BME-1/sightings", {"source": "person", "detail": "In the hall"}).status_code == 201
    page = maria.get("/devices/BME-1/sightings?limit=1&count=true").json()
    assert [row["detail"] for row in page["items"]] == ["In the hall"]
    assert page["count"] == 2
    rest = maria.get(f"/devices/BME-1/sightings?limit=1&cursor={page['next_cursor']}").json()
    assert [row["location_code"] for row in rest["items"]] == [ward.public_code]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("at", ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "2024-01-01T00:00:00"])
def test_a_sighting_at_an_impossible_time_is_refused(at: str, maria: ApiClient, device: Device) -> None:
    assert refused(maria.post("/devices/BME-1/sightings", {"seen_at": at})) == {"seen_at"}


def test_a_sighting_names_no_place_out_of_sight(maria: ApiClient, ada: ApiClient, device: Device, south: Facility) -> None:
    vault = LocationFactory(facility=south, name="Vault")
    assert ada.post("/devices/BME-1/sightings", {"location_code": vault.public_code}).status_code == 201
    assert maria.post("/devices/BME-1/sightings", {"location_code": vault.public_code}).status_code == 404
    [row] = maria.get("/devices/BME-1/sightings").json()["items"]
    assert (row["location"], row["location_code"]) == (None, None)


def test_a_code_leads_to_what_the_caller_sees(maria: ApiClient, chen: ApiClient, device: Device) -> None:
    for code in ("bme-1", "sn100"):
        found = maria.post("/scan", {"code": code}).json()
        assert (found["kind"], found["control_numbers"]) == ("device", ["BME-1"])
    assert chen.post("/scan", {"code": "BME-1"}).json()["kind"] == "unknown"
    assert maria.post("/scan", {"code": " "}).json()["kind"] == "unreadable"


def test_a_udi_leads_to_its_model_and_fills_a_form(maria: ApiClient, device: Device) -> None:
    device.device_model.identifiers.create(di="00847946012342", issuer="GS1")
    found = maria.post("/scan", {"code": "(01)00847946012342(21)NEW-9"}).json()
    assert (found["kind"], [model["id"] for model in found["models"]]) == ("model", [device.device_model_id])
    assert found["prefill"]["serial_number"] == "NEW-9"
