"""Fault reports without log-in over the API: as slow, as careful and as silent as the page."""

import base64
import json

import pytest
from django.test import Client

from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import LocationFactory
from openhtm.workorders.models import PublicTry, WorkOrder
from openhtm.workorders.rules.throttle import PER_TARGET
from openhtm.workorders.services.requests import report_codes
from openhtm.workorders.tests.factories import CommentFactory, shipped_codes

pytestmark = pytest.mark.django_db
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
KEY = "0b6d6a5e-93f9-4a6f-8f0e-1f0a7f6f2c11"


@pytest.fixture
def device(north):
    shipped_codes()
    return DeviceFactory(facility=north, control_number="PUMP-1", location=LocationFactory(facility=north, name="4 West"))


@pytest.fixture
def code(device):
    return report_codes([device.pk])[device.pk]


def post(path, body, **headers):
    return Client().post(f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=headers)


def test_a_label_tells_what_anybody_sees_who_stands_before_it(code):
    answer = Client().get(f"/api/v1/reports/devices/{code.lower()}").json()
    assert (answer["device"], answer["facility"], answer["open_reports"]) == ("PUMP-1", "North Campus", [])
    assert {"code": "battery", "label": answer["problems"][0]["label"]}.keys() == answer["problems"][0].keys()


def test_a_report_opens_a_request_and_answers_its_status_address(code, device):
    photo = base64.b64encode(PNG).decode()
    answer = post(f"/reports/devices/{code}", {"words": "Beeps", "contact": "ext. 4410", "photo_base64": photo, "photo_name": "p.png"})
    assert answer.status_code == 201, answer.content
    order, told = WorkOrder.objects.get(), answer.json()
    assert (order.device, order.status, order.origin, order.reporter_contact) == (device, "requested", "request", "ext. 4410")
    assert order.attachments.count() == 1
    assert told["status_url"].endswith(f"/report/s/{order.status_code}")
    status = Client().get(f"/api/v1/reports/{told['status_code']}").json()
    assert (status["number"], status["status"], status["happened"][0]["words"]) == (str(order), "requested", "Reported")


def test_a_place_is_reported_too(north):
    place = LocationFactory(facility=north, name="Room 7")
    assert Client().get(f"/api/v1/reports/places/{place.public_code}").json()["title"] == "Room 7"
    assert post(f"/reports/places/{place.public_code}", {"words": "No gas"}).status_code == 201
    assert WorkOrder.objects.get().location == place


def test_the_same_report_sent_again_opens_nothing(code):
    first = post(f"/reports/devices/{code}", {"words": "Beeps", "client_key": KEY})
    again = post(f"/reports/devices/{code}", {"words": "Beeps"}, **{"Idempotency-Key": KEY})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["status_code"] == again.json()["status_code"]
    assert WorkOrder.objects.count() == 1
    assert post(f"/reports/devices/{code}", {"words": "Burns", "client_key": KEY}).json()["code"] == "client-key-reused"


def test_a_key_of_one_label_says_nothing_about_another(code, north):
    other = DeviceFactory(facility=north)
    post(f"/reports/devices/{code}", {"words": "Beeps", "client_key": KEY})
    answer = post(f"/reports/devices/{report_codes([other.pk])[other.pk]}", {"words": "Beeps", "client_key": KEY})
    assert (answer.status_code, WorkOrder.objects.count()) == (201, 2)


def test_it_is_slowed_down_like_the_page(code):
    answers = [post(f"/reports/devices/{code}", {"words": f"Report {n}"}).status_code for n in range(PER_TARGET + 1)]
    assert answers == [201] * PER_TARGET + [429]
    assert Client().post(f"/report/d/{code}", {"words": "By the page"}).status_code == 429


def test_guessing_codes_is_counted(code):
    assert Client().get("/api/v1/reports/devices/ZZZZ9999").json()["code"] == "report-code-unknown"
    assert Client().get("/api/v1/reports/ZZZZ9999").status_code == 404
    assert PublicTry.objects.count() == 2


@pytest.mark.parametrize(
    "body",
    [
        {}, {"words": " "}, {"problem_code": "no-such"}, {"words": "x" * 4001}, {"words": "a\0b"}, {"words": "x", "photo_base64": "%%"},
        {"words": "x", "photo_base64": base64.b64encode(b"MZ program").decode()}, {"words": "x", "client_key": "short"}, {"more": 1},
    ],
)  # fmt: skip
def test_what_says_nothing_or_means_harm_is_refused_by_field(code, body):
    answer = post(f"/reports/devices/{code}", body)
    assert answer.status_code in (409, 415, 422), answer.content
    assert answer.json()["detail"]
    assert not WorkOrder.objects.exists()


def test_the_status_says_no_more_than_its_page(code):
    told = post(f"/reports/devices/{code}", {"words": "Secret words", "name": "Rosa", "contact": "ext. 1"}).json()
    order = WorkOrder.objects.get()
    CommentFactory(work_order=order, text="Between colleagues")
    CommentFactory(work_order=order, text="For the reporter", public=True)
    answer = Client().get(f"/api/v1/reports/{told['status_code']}")
    for hidden in ("Between colleagues", "Rosa", "ext. 1", "Secret words", order.facility.code):
        assert hidden not in answer.content.decode()
    assert "For the reporter" in answer.content.decode()
