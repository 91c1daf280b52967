"""Pages of rounds and readiness as browsers without scripts meet them."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.rounds.forms import questions_from
from openhtm.rounds.models import ReadinessCheck, ReadinessEntry, RoundScan, UnknownTag
from openhtm.rounds.tests.factories import ASKED, CheckFactory, PinFactory, RoundFactory
from openhtm.rounds.views.rounds import ICONS
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory, LocationFactory
from openhtm.ui.icons import drawing
from openhtm.workorders.tests.factories import WorkOrderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def north():
    return FacilityFactory(name="North")


@pytest.fixture
def ward(north):
    return LocationFactory(facility=north, name="4 West")


@pytest.fixture
def browser(north):
    client = Client()
    client.force_login(UserFactory.with_role(Role.MANAGER, north, full_name="Omar"))
    return client


@pytest.fixture
def check(ward, north):
    unit = DepartmentFactory(facility=north, name="ICU")
    PinFactory(department=unit)
    return CheckFactory(name="Crash cart 2", location=ward, department=unit)


def answers(**more):
    return {"q_ready": "yes", "q_pads": "2028-06-30", "name": "RL", "pin": "2580"} | more


def test_a_place_is_chosen_by_its_label_by_search_and_by_its_tree(browser, ward):
    start = reverse("rounds:round-start")
    assert browser.get(f"{start}?code=/l/{ward.public_code}").url == f"{start}?place={ward.public_code}"
    for query in ("?q=west", "", f"?place={ward.public_code}"):
        assert "4 West" in browser.get(start + query).content.decode()
    assert "Nothing is recorded" not in browser.get(f"{start}?code=nonsense").content.decode()


def test_a_recalled_device_has_its_own_mark_before_and_on_the_round(browser, ward, north):
    pump = DeviceFactory(facility=north, location=ward)
    WorkOrderFactory(device=pump, kind="recall_action")
    page = browser.get(reverse("rounds:round-start") + f"?place={ward.public_code}")
    assert "Recalled" in page.content.decode()
    begun = browser.post(reverse("rounds:round-start"), {"place": ward.public_code})
    assert '<span class="status" data-tone="late">Recalled</span>' in browser.get(begun["Location"]).content.decode()


def test_a_round_from_start_to_end_by_plain_forms(browser, ward, north):
    pump, lost = DeviceFactory(facility=north, location=ward), DeviceFactory(facility=north, location=ward)
    page = browser.post(reverse("rounds:round-start"), {"place": ward.public_code})
    scan = page.url + "/scan"
    answer = browser.post(scan, {"code": pump.control_number}, follow=True)
    assert f"{pump.control_number}, " in answer.content.decode() and " found." in answer.content.decode()
    assert browser.post(scan, {"code": ""}).status_code == 422
    assert browser.post(scan, {"code": "RNT-1", "uid": "not an id", "scanned_at": "yesterday"}).status_code == 302
    part = browser.post(scan, {"code": "RNT-1"}, headers={"X-Part": "state"}).content.decode()
    assert part.startswith('<div class="round-state') and 'data-answer="again"' in part
    assert lost.control_number in browser.get(page.url + "/end").content.decode()
    ended = browser.post(page.url + "/end", {"note": "Ward was full"}, follow=True).content.decode()
    assert lost.control_number in ended and "Ward was full" in ended
    table = browser.get(page.url + "/not-found.csv")
    assert lost.control_number in table.content.decode() and pump.control_number not in table.content.decode()
    assert browser.post(scan, {"code": "RNT-2"}).status_code == 409
    assert RoundScan.objects.count() == 3


@pytest.mark.parametrize("name", sorted(ICONS.values()))
def test_every_answer_has_its_mark(name):
    assert "<svg" in drawing(name)


def test_an_unknown_tag_is_settled_on_its_page(browser, ward, north):
    tag = UnknownTag.objects.create(text="RNT-1", facility=north, location=ward)
    page = reverse("rounds:tag-settle", args=[tag.pk])
    refused = browser.post(page, {"decision": "device", "control_number": "NOSUCH"})
    assert refused.status_code == 422 and "There is no such device" in refused.content.decode()
    assert browser.post(page, {"decision": "not_ours"}).status_code == 302
    assert "Not ours" in browser.get(reverse("rounds:tag-list") + "?show=settled").content.decode()


def test_empty_pages_say_what_to_do_next(browser):
    for route, words in (
        ("rounds:round-list", "No round yet"),
        ("rounds:tag-list", "No unknown tag waits"),
        ("rounds:readiness", "No readiness check yet"),
    ):
        assert words in browser.get(reverse(route)).content.decode()


def test_a_check_is_added_from_a_starter_and_changed(browser, ward):
    page = f"{reverse('rounds:readiness-add')}?place={ward.public_code}&starter=aed"
    assert "Does the status indicator show ready?" in browser.get(page).content.decode()
    sent = {
        "name": "AED lobby", "frequency": "shift", "shift_starts": "07:00 19:00", "escalate_after": "2", "question-TOTAL_FORMS": "2",
        "question-INITIAL_FORMS": "0", "question-0-text": "Is it ready?", "question-0-kind": "yes_no", "question-1-text": "",
    }  # fmt: skip
    assert browser.post(page, sent | {"shift_starts": "noon"}).status_code == 422
    assert browser.post(page, sent | {"question-0-text": ""}).status_code == 422
    answer = browser.post(page, sent)
    made = ReadinessCheck.objects.get()
    assert answer.url == reverse("rounds:readiness-check", args=[made.code])
    assert made.questions == [{"key": "is_it_ready", "text": "Is it ready?", "kind": "yes_no"}]
    edit = reverse("rounds:readiness-edit", args=[made.code])
    assert "07:00, 19:00" in browser.get(edit).content.decode()
    browser.post(edit, sent | {"frequency": "weekly", "question-INITIAL_FORMS": "1", "question-0-key": "is_it_ready"})
    made.refresh_from_db()
    assert (made.frequency, made.shift_starts) == ("weekly", [])


def test_keys_of_questions_are_made_once_and_differ():
    rows = [{"text": "Is it ready?"}, {"text": "Is it ready!"}, {"text": "42"}, {"key": "old", "text": "Old"}, {"text": " "}]
    assert [one["key"] for one in questions_from(rows)] == ["is_it_ready", "is_it_ready_2", "q_42", "old"]


def test_a_check_is_done_without_log_in(check):
    client, page = Client(), reverse("rounds:ready", args=[check.code])
    assert "Is it ready?" in client.get(page).content.decode()
    refused = client.post(page, answers(pin="0000"))
    assert refused.status_code == 422 and "do not belong together" in refused.content.decode()
    assert "Answer yes or no." in client.post(page, answers(q_ready="")).content.decode()
    done = client.post(page, answers(), follow=True)
    assert ">Done<" in done.content.decode()
    assert 'value="RL"' in client.get(page).content.decode()
    assert "2580" not in str(client.cookies)
    entry = ReadinessEntry.objects.get()
    assert (entry.person_name, entry.proof, entry.answers) == ("RL", "unit_code", {"ready": True, "pads": "2028-06-30"})


def test_the_same_page_sent_twice_is_one_entry(check):
    client, page = Client(), reverse("rounds:ready", args=[check.code])
    sent = answers(uid="01a2043a-f4e6-765f-b340-06159bb0faa4")
    assert [client.post(page, sent).status_code for _ in range(2)] == [303, 303]
    assert ReadinessEntry.objects.count() == 1


def test_who_is_logged_in_gives_no_pin(browser, check):
    page = reverse("rounds:ready", args=[check.code])
    assert "You check as Omar" in browser.get(page).content.decode()
    assert browser.post(page, {"q_ready": "no", "q_pads": "2028-06-30", "problem_text": "Line 1\r\nLine 2"}, follow=True).status_code == 200
    entry = ReadinessEntry.objects.get()
    assert (entry.proof, entry.problem, entry.work_order is not None) == ("login", True, True)


def test_a_code_nobody_knows_is_not_there():
    assert Client().get("/ready/NOSUCH").status_code == 404


def test_pins_and_unit_codes_are_set_on_their_pages(browser, check):
    unit = reverse("rounds:unit-code", args=[check.department_id])
    assert browser.post(unit, {"code": "1234"}).status_code == 422
    assert browser.post(unit, {"code": "4826"}).status_code == 302
    assert browser.post(reverse("rounds:readiness-pin"), {"pin": "4826", "password": "wrong"}).status_code == 422
    for route in ("rounds:unit-codes", "rounds:readiness-pin"):
        assert browser.get(reverse(route)).status_code == 200


def test_labels_are_a_pdf(browser, check):
    assert check.name in browser.get(reverse("rounds:readiness-labels")).content.decode()
    answer = browser.get(reverse("rounds:readiness-labels-pdf"), {"code": check.code})
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert browser.get(reverse("rounds:readiness-labels-pdf")).status_code == 422


def test_the_board_and_the_page_of_a_check_tell_of_gaps(browser, check):
    ReadinessCheck.objects.update(starts_on=timezone.localdate() - dt.timedelta(days=3))
    for page in (reverse("rounds:readiness"), reverse("rounds:readiness-check", args=[check.code])):
        assert "missed" in browser.get(page).content.decode()


def test_panels_show_rounds_at_a_place_and_readiness_of_a_device(browser, ward, north):
    device = DeviceFactory(facility=north, location=ward)
    CheckFactory(location=ward, device=device, questions=ASKED, name="Cart of bay 3")
    RoundFactory(location=ward)
    assert "Start round here" in browser.get(f"/l/{ward.public_code}").content.decode()
    assert "Cart of bay 3" in browser.get(f"/d/{device.control_number}").content.decode()
