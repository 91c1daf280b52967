"""Whatever is sent below /api/, a refusal is problem+json, says its status and names the request."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from openhtm.inventory.models import Device
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Facility
from tests.permissions.client import ApiClient

pytestmark = pytest.mark.django_db


def is_problem(answer: object, status: int, code: str) -> None:
    assert answer.status_code == status, answer.content  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/problem+json"  # type: ignore[index]
    body = json.loads(answer.content)  # type: ignore[attr-defined]
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"] and body["title"] and body["request_id"] == answer["X-Request-ID"]  # type: ignore[index]


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v2/devices", "/api/v1/", "/api/v1/nothing", "/api/v1/devices/a/b/c", "/api/v1/%00", "/api/%ff"]
)
def test_an_unknown_address(maria: ApiClient, path: str) -> None:
    is_problem(maria.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/devices"), ("PUT", "/devices/A"), ("TRACE", "/devices"), ("PUT", "/bulk/devices/edit")]
)
def test_a_method_that_an_address_does_not_take(maria: ApiClient, method: str, path: str) -> None:
    answer = maria.call(method, path)
    is_problem(answer, 405, "method-not-allowed")
    assert answer["Allow"]


def test_nobody(client: Client, db: None) -> None:
    answer = client.get("/api/v1/devices")
    is_problem(answer, 401, "not-logged-in")
    assert answer["WWW-Authenticate"] == "Bearer"
    is_problem(client.get("/api/v1/devices", HTTP_AUTHORIZATION="Bearer \u00e9\u0000"), 401, "not-logged-in")


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"a":NaN}', b"[" * 5000, b'{"text":"\\ud800"}', b"nul", b'{"text": 1e999}'], ids=lambda b: repr(b[:12])
)
def test_a_body_that_is_no_json(maria: ApiClient, north: Facility, body: bytes) -> None:
    DeviceFactory(facility=north, control_number="A-1")
    is_problem(maria.post("/devices/A-1/notes", body), 400, "unreadable")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"1", b'"text"'])
def test_a_body_that_is_no_object(maria: ApiClient, north: Facility, body: bytes) -> None:
    DeviceFactory(facility=north, control_number="A-1")
    is_problem(maria.call("POST", "/devices/A-1/notes", body), 422, "invalid")


def test_a_body_of_another_kind(maria: ApiClient, north: Facility) -> None:
    answer = maria.client.post("/api/v1/devices", "facility=NORTH", content_type="application/x-www-form-urlencoded", **maria.headers)
    is_problem(answer, 415, "not-json")


def test_a_body_that_is_too_large(maria: ApiClient) -> None:
    body = b'{"text": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    is_problem(maria.post("/devices", body), 413, "too-large")


def test_a_foreign_host(maria: ApiClient) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "ALLOWED_HOSTS", ["hospital.example"])
        is_problem(maria.get("/devices", HTTP_HOST="evil.example"), 400, "unreadable")


@pytest.mark.parametrize("starts_at", ["08:00Z", "08:00+01:00"])
def test_a_time_of_the_clock_has_no_offset(ada: ApiClient, starts_at: str) -> None:
    answer = ada.post("/shifts", json.dumps({"name": "Day", "weekdays": [1], "starts_at": starts_at, "ends_at": "16:00"}).encode())
    is_problem(answer, 422, "invalid")
    assert "starts_at" in answer.content.decode() and "Leave out the offset" in answer.content.decode()


def test_a_failure_on_our_side_tells_only_its_number(maria: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device.objects.__class__, "visible_to", None)
    maria.client.raise_request_exception = False
    answer = maria.get("/devices")
    is_problem(answer, 500, "server-error")
    assert "NoneType" not in answer.content.decode()


@bounded(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=5)
       | st.dictionaries(st.sampled_from(["facility", "model_id", "custom", "serial_number", "status", "acquired_on", "seen_at"]),
                         st.none() | st.integers() | st.text() | st.dictionaries(st.text(), st.text() | st.integers(), max_size=2)))  # fmt: skip
@pytest.mark.parametrize("call", [("POST", "/devices"), ("PATCH", "/devices/A-1"), ("POST", "/bulk/devices/edit")], ids=" ".join)
def test_any_json_is_answered(maria: ApiClient, north: Facility, call: tuple[str, str], body: object) -> None:
    answer = maria.call(*call, json.dumps(body).encode())
    assert 400 <= answer.status_code < 500 and answer["Content-Type"] == "application/problem+json"
