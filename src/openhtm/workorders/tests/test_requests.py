"""Faults reported without log-in: what anybody may say and see, and how often."""

import datetime as dt
import html
import io
import re

import pytest
from django.test import Client
from django.utils import timezone

from openhtm.core.errors import Invalid
from openhtm.documents.tests.samples import PDF, image
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory
from openhtm.workorders.models import DeviceCode, PublicTry, WorkCode, WorkOrder
from openhtm.workorders.rules.kinds import Status
from openhtm.workorders.rules.reports import STEPS, instructions, steps
from openhtm.workorders.rules.throttle import PER_TARGET
from openhtm.workorders.services import requests, throttling
from openhtm.workorders.services.requests import Report
from openhtm.workorders.tests.factories import CommentFactory, WorkOrderFactory

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture
def device(north):
    place = LocationFactory(facility=north, name="4 West")
    return DeviceFactory(facility=north, control_number="BME-1", serial_number="SECRET-SN", location=place, device_model__name="MX750")


@pytest.fixture
def code(device):
    return requests.report_codes([device.pk])[device.pk]


@pytest.fixture
def problem(db):
    return WorkCode.objects.create(list="problem", code="no_power", label="Does not power on")


def words(answer):
    return html.unescape(answer.content.decode())


def named(content, name):
    upload = io.BytesIO(content)
    upload.name = name
    return upload


def test_a_nurse_reports_what_the_label_leads_to(client, device, code, problem):
    page = words(client.get(f"/report/d/{code.lower()}"))
    assert "BME-1" in page and "MX750" in page and "4 West" in page and "SECRET-SN" not in page
    sent = client.post(
        f"/report/d/{code}",
        {"problem_code": "no_power", "words": "Since this morning", "patient_involved": "no", "set_aside": "yes", "name": "Rosa",
         "contact": "4112", "call_back": "on", "photo": named(image("PNG"), "screen.png")},
    )  # fmt: skip
    order = WorkOrder.objects.get()
    assert sent.status_code == 303 and sent["Location"] == f"/report/s/{order.status_code}?sent=1"
    assert (order.status, order.origin, order.device, order.title) == (
        "requested",
        "request",
        device,
        "Does not power on: Since this morning",
    )
    assert (order.reporter_name, order.reporter_contact, order.call_back, order.set_aside, order.incident) == (
        "Rosa",
        "4112",
        True,
        True,
        False,
    )
    assert order.attachments.get().public
    status = words(client.get(sent["Location"]))
    assert "Keep the device out of use" in status and "Nobody has looked at it yet" in status


def test_a_patient_involved_makes_an_incident_and_asks_to_keep_everything(client, code):
    sent = client.post(f"/report/d/{code}", {"words": "It stopped", "patient_involved": "yes"})
    order = WorkOrder.objects.get()
    assert (order.incident, order.priority, order.patient_involved) == (True, 1, True)
    assert "do not clean it" in words(client.get(sent["Location"]))


def test_an_unknown_answer_stays_unknown(client, code):
    client.post(f"/report/d/{code}", {"words": "It stopped", "patient_involved": ""})
    assert WorkOrder.objects.get().patient_involved is None


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Say what is wrong"),
        ({"words": "  "}, "Say what is wrong"),
        ({"words": "x", "call_back": "on"}, "Give a number"),
        ({"problem_code": "nosuch"}, "Select a valid choice"),
        ({"words": "x" * 5000}, "at most 4000"),
    ],
)
def test_what_cannot_be_read_is_said_in_place(sent, said, client, code):
    answer = client.post(f"/report/d/{code}", sent)
    assert answer.status_code == 422 and said in words(answer)
    assert not WorkOrder.objects.exists()


@pytest.mark.parametrize(
    ("content", "name"), [(PDF, "photo.pdf"), (b"<script>alert(1)</script>", "photo.png"), (b"\x89PNG\r\n\x1a\nbroken", "a.png")]
)
def test_a_photo_that_is_none_is_refused_and_nothing_is_opened(content, name, client, code):
    answer = client.post(f"/report/d/{code}", {"words": "It stopped", "photo": named(content, name)})
    assert answer.status_code == 422
    assert not WorkOrder.objects.exists()


def test_a_room_takes_reports_too(client, north):
    room = LocationFactory(facility=north, name="Room 4112", kind="room")
    assert client.post(f"/report/p/{room.public_code}", {"words": "The ceiling lamp flickers"}).status_code == 303
    order = WorkOrder.objects.get()
    assert (order.location, order.device, order.facility) == (room, None, north)


def test_open_reports_are_offered_first_without_what_others_wrote(client, device, code, problem):
    order = WorkOrderFactory(
        device=device, title="Mrs Miller in bed 3", problem=problem, opened_at=timezone.now() - dt.timedelta(minutes=20)
    )
    CommentFactory(work_order=order, text="Among colleagues")
    page = words(client.get(f"/report/d/{code}"))
    assert "Already reported" in page and "Does not power on" in page and "20 min ago" in page
    assert "Miller" not in page and "Among colleagues" not in page
    joined = client.post(f"/report/d/{code}/add", {"order": order.number, "words": "Also here", "name": "Jo"})
    assert joined.status_code == 303
    assert order.comments.get(public=True).text == "Also here"
    assert WorkOrder.objects.count() == 1


def test_nothing_is_added_to_the_order_of_another_device(client, north, code):
    other = WorkOrderFactory(device=DeviceFactory(facility=north))
    assert client.post(f"/report/d/{code}/add", {"order": other.number, "words": "x"}).status_code == 404
    assert not other.comments.exists()


def test_the_status_page_tells_the_way_and_takes_remarks(client, device):
    order = WorkOrderFactory(device=device, title="Mrs Miller", description="private words")
    CommentFactory(work_order=order, text="Among colleagues")
    CommentFactory(work_order=order, text="A loaner is on its way", public=True)
    page = words(client.get(f"/report/s/{order.status_code}"))
    assert "A loaner is on its way" in page
    assert not any(secret in page for secret in ("Among colleagues", "Miller", "private words", "SECRET-SN"))
    assert client.post(f"/report/s/{order.status_code}", {"words": ""}).status_code == 422
    assert client.post(f"/report/s/{order.status_code}", {"words": HOSTILE}).status_code == 303
    assert "<script>alert" not in client.get(f"/report/s/{order.status_code}").content.decode()
    WorkOrder.objects.filter(pk=order.pk).update(status="closed", closed_at=timezone.now())
    assert client.post(f"/report/s/{order.status_code}", {"words": "late"}).status_code == 422


def test_the_address_of_a_merged_report_leads_to_the_one_that_stands(client, device):
    kept = WorkOrderFactory(device=device)
    merged = WorkOrderFactory(device=device, status="merged", merged_into=kept)
    assert str(kept) in words(client.get(f"/report/s/{merged.status_code}"))


@pytest.mark.parametrize(
    "address", ["/report/d/NOSUCH12", "/report/p/NOSUCH12", "/report/s/NOSUCH12", "/report/d/a-b_c", "/report/s/" + "Z" * 200]
)
def test_a_code_nobody_knows_is_said_and_counted(address, client):
    answer = client.get(address)
    assert answer.status_code == 404 and "not known here" in words(answer)
    assert PublicTry.objects.get().target == ""


def test_a_device_is_not_flooded_with_reports(client, code):
    for _ in range(PER_TARGET):
        assert client.post(f"/report/d/{code}", {"words": "again"}).status_code == 303
    refused = client.post(f"/report/d/{code}", {"words": "again"})
    assert refused.status_code == 429 and "Wait 15 min" in words(refused)
    assert WorkOrder.objects.count() == PER_TARGET


def test_guessing_codes_has_to_wait(client, monkeypatch):
    monkeypatch.setattr("openhtm.workorders.rules.throttle.PER_ADDRESS", 3)
    monkeypatch.setattr(throttling, "PER_ADDRESS", 3)
    assert [client.get(f"/report/d/AAAA{n}").status_code for n in range(5)] == [404, 404, 404, 429, 429]


def test_tries_are_forgotten_after_a_week(db):
    now = timezone.now()
    for days in (1, 8):
        PublicTry.objects.create(target="", address="127.0.0.1", at=now - dt.timedelta(days=days))
    assert throttling.forget_tries(now=now) == 1


def test_whoever_scans_a_label_signed_out_may_report_without_learning_more(client, device):
    page = words(client.get("/log-in", {"next": "/d/BME-1"}))
    unknown = words(client.get("/log-in", {"next": "/d/NOSUCH"}))
    hide = re.compile(r'value="[^"]*"|/d/[A-Z0-9-]+')
    assert "Report a fault" in page and hide.sub("", page) == hide.sub("", unknown)
    assert "Report a fault" not in words(client.get("/log-in", {"next": "/devices"}))
    led = client.post("/report/start", {"tag": "bme-1"})
    assert led["Location"] == f"/report/d/{DeviceCode.objects.get(device=device).code}"
    assert client.post("/report/start", {"tag": "NOSUCH"}).status_code == 404


def test_a_report_needs_the_form_s_token(device, code):
    assert Client(enforce_csrf_checks=True).post(f"/report/d/{code}", {"words": "x"}).status_code == 403


def test_a_person_of_a_department_reports_and_follows(client, north, device):
    ward = DepartmentFactory(facility=north, name="ICU")
    nurse = actor_of(UserFactory.with_role(Role.REQUESTER, north, department=ward, full_name="Rosa Lindqvist"))
    mine = DeviceFactory(facility=north, department=ward, control_number="BME-7", status="in_service")
    client.force_login(User.objects.get(pk=nurse.user_id))
    page = words(client.get("/requests"))
    assert "BME-7" in page and "BME-1" not in page
    assert client.post("/d/BME-1/report").status_code == 404
    led = client.post("/d/BME-7/report")
    assert "You report as Rosa Lindqvist" in words(client.get(led["Location"]))
    client.post(led["Location"], {"words": "Beeps"})
    order = WorkOrder.objects.get(device=mine)
    assert (order.reporter_id, order.reporter_name, order.status) == (nurse.user_id, "Rosa Lindqvist", "requested")
    assert "Beeps" in words(client.get("/requests"))
    assert client.get(f"/work/{order.number}").status_code == 200


def test_labels_hold_the_report_address(client, omar, device):
    client.force_login(User.objects.get(pk=omar.user_id))
    assert client.post("/work/labels", {"devices": ""}).status_code == 422
    page = client.post("/work/labels", {"devices": "BME-1", "place": device.location.public_code})
    assert page.status_code == 200 and "2 labels" in words(page)
    made = client.post("/work/labels.pdf", {"devices": "BME-1"})
    assert b"".join(made.streaming_content).startswith(b"%PDF-")
    [label] = requests_labels(omar)
    assert label.qr == f"https://x/report/d/{DeviceCode.objects.get(device=device).code}" and label.datamatrix == "BME-1"


def requests_labels(actor):
    from openhtm.workorders.services.report_labels import report_labels

    return report_labels(actor=actor, control_numbers=["BME-1"], base_url="https://x")


def test_an_empty_report_is_refused_by_the_service_too(device, code):
    with pytest.raises(Invalid):
        requests.report_fault(target=requests.target_of_device(code), report=Report(), now=timezone.now())


@pytest.mark.parametrize("status", list(Status))
def test_the_steps_are_reached_in_their_order(status):
    done = [step.done for step in steps(status)]
    assert done == sorted(done, reverse=True) and done[0] and len(done) == len(STEPS)


@pytest.mark.parametrize("set_aside", [True, False, None])
def test_there_is_always_something_to_do_and_the_patient_comes_first(set_aside):
    assert instructions(patient_involved=True, set_aside=set_aside)[0] == "Look after the patient first."
    assert instructions(patient_involved=False, set_aside=set_aside)
