"""The checklist runner without JavaScript, review and held results as pages."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from openhtm.documents.tests import samples
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import PASSWORD, UserFactory, actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workorders.models import HeldResult, Result, WorkOrder
from openhtm.workorders.services.results import store_results
from openhtm.workorders.tests.evidence import ALARM, CASE, ChecklistFactory, VersionFactory, answers, content_of, result


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def north(db):
    return FacilityFactory(code="NORTH", name="North Campus")


def somebody(role, facility, name):
    user = UserFactory.with_role(role, facility, username=name, full_name=name.title())
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    client.force_login(user)
    client.actor = actor_of(user)
    return client


@pytest.fixture
def maria(north):
    return somebody(Role.TECHNICIAN, north, "maria")


@pytest.fixture
def omar(north):
    return somebody(Role.MANAGER, north, "omar")


@pytest.fixture
def checklist(north):
    return ChecklistFactory(work_order__device=DeviceFactory(facility=north, status="in_service"))


def url(name, checklist):
    return reverse(f"workorders:{name}", args=[checklist.work_order.number, checklist.uid])


def send(client, checklist, step, **fields):
    return client.post(url("checklist-answer", checklist), {"step": step, **fields})


def test_the_page_shows_steps_limits_sources_and_what_stood_before(maria, north, checklist):
    store_results(actor=maria.actor, items=[result(checklist, "energy-200", "201.8", measured_at="2026-04-30T10:00:00Z")])
    later = ChecklistFactory(work_order__device=checklist.work_order.device, version=checklist.version)
    page = maria.get(url("checklist", later)).content.decode()
    assert "Delivered energy at 200 J" in page and "Limit 170 to 230 J, IEC 60601-2-4 3.1." in page
    assert "Last time 201.8 J on" in page and "Connect both paddles" in page
    assert page.count("data-current") == 1 and "Step 1 of 9" in page
    assert "style=" not in page


def test_an_answer_goes_on_to_the_next_step(maria, checklist):
    answer = send(maria, checklist, "case", value="pass")
    assert answer.status_code == 303 and answer["Location"].endswith("?step=energy-200#step-energy-200")
    page = maria.get(answer["Location"]).content.decode()
    assert re.search(r'id="step-energy-200"[^>]*data-current', page)
    assert Result.objects.get().performer_name == "Maria"


def test_the_same_form_twice_stores_one_result(maria, checklist):
    form = {"value": "pass", "uid": re.search(r'name="uid" value="([^"]+)"', maria.get(url("checklist", checklist)).content.decode())[1]}
    send(maria, checklist, "alarm", **form)
    send(maria, checklist, "alarm", **form)
    assert Result.objects.filter(step_key="alarm").count() == 1 and HeldResult.objects.count() <= 1


def test_a_refused_answer_comes_back_with_its_sentence_and_what_was_typed(maria, checklist):
    answer = send(maria, checklist, "energy-200", value="2o1")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "This is not a number." in page and 'value="2o1"' in page and 'aria-invalid="true"' in page


def test_skipping_asks_for_the_reason(maria, checklist):
    assert "Say why this step was skipped." in send(maria, checklist, "case", skip="skipped").content.decode()
    assert send(maria, checklist, "case", skip="skipped", text="No ladder here").status_code == 303
    assert Result.objects.get().verdict == "skipped"


def test_as_found_and_as_left_are_stored_together(maria, checklist):
    send(maria, checklist, "flow-100", value_as_found="90", value_as_left="100")
    assert list(Result.objects.order_by("phase").values_list("phase", "verdict")) == [("as_found", "fail"), ("as_left", "pass")]
    order = maria.get(f"/work/{checklist.work_order.number}").content.decode()
    assert re.search(r"1 of \d+ steps", order) and "failed" not in order.partition("Checklists")[2].partition("</ul>")[0]


def test_a_correction_needs_its_reason_and_supersedes(maria, checklist):
    send(maria, checklist, "energy-200", value="20.15", text="x")
    send(maria, checklist, "energy-200", value="201.5", reason="Decimal point")
    assert Result.objects.get(number=201.5).supersedes.number == 20.15


def test_a_photo_goes_with_the_step_and_is_shown_to_those_who_see_the_order(maria, north, checklist):
    picture = SimpleUploadedFile("label.png", samples.image("PNG"))
    assert send(maria, checklist, "label-photo", photo=picture).status_code == 303
    [sha] = Result.objects.get().files
    shown = maria.get(reverse("workorders:photo", args=[checklist.work_order.number, sha]))
    assert shown.status_code == 200 and shown["Content-Type"] == "image/png"
    assert maria.get(reverse("workorders:photo", args=[checklist.work_order.number, "0" * 64])).status_code == 404
    bad = send(maria, checklist, "label-photo", photo=SimpleUploadedFile("x.png", b"<script>"))
    assert bad.status_code == 422 and Result.objects.count() == 1


def test_electrical_safety_is_judged_test_by_test(maria, checklist):
    page = maria.get(url("checklist", checklist)).content.decode()
    keys = re.findall(r'name="test:([^"]+)"', page)
    looks = re.findall(r'name="look:([^"]+)"', page)
    assert keys and looks
    form = {f"test:{key}": "0.1" for key in keys} | {f"look:{key}": "pass" for key in looks}
    answer = send(maria, checklist, "safety", **form)
    assert answer.status_code == 303
    stored = Result.objects.get()
    assert stored.kind == "electrical_safety" and set(stored.detail["tests"]) == {*keys, *looks}
    assert stored.limit["edition"] == "2012"


def test_a_failed_step_says_what_it_set_in_motion(maria, checklist):
    answer = send(maria, checklist, "case", value="fail")
    page = maria.get(answer["Location"]).content.decode()
    repair = WorkOrder.objects.get(parent=checklist.work_order)
    assert f"{repair} was opened for the repair" in page


def test_finishing_leads_to_the_signature(maria, checklist):
    refused = maria.post(url("checklist-finish", checklist), {"outcome": "partial"})
    assert refused.status_code == 422 and "Nothing has been recorded" in refused.content.decode()
    store_results(actor=maria.actor, items=answers(checklist))
    assert maria.post(url("checklist-finish", checklist), {"outcome": "pass"}).status_code == 303
    checklist.refresh_from_db()
    assert checklist.outcome == "pass"
    sign = reverse("workorders:sign", args=[checklist.work_order.number])
    assert "not your password" in maria.post(sign, {"password": "wrong"}).content.decode()
    assert maria.post(sign, {"password": PASSWORD}).status_code == 303
    assert "Signed" in maria.get(sign).content.decode()


def test_a_reader_sees_the_checklist_but_no_buttons(north, checklist):
    reader = somebody(Role.SURVEYOR, north, "sam")
    page = reader.get(url("checklist", checklist)).content.decode()
    assert "data-finish" not in page and "readonly" in page


def test_adding_a_checklist(maria, checklist):
    version = VersionFactory()
    form = reverse("workorders:checklist-add", args=[checklist.work_order.number])
    assert version.procedure.name in maria.get(form).content.decode()
    assert maria.post(form, {"procedure": version.procedure.code}).status_code == 303
    assert maria.post(form, {"procedure": version.procedure.code}).status_code == 422


def test_review_lists_exceptions_and_closes_with_a_signature(maria, omar, checklist):
    store_results(actor=maria.actor, items=answers(checklist, energy="229.5"))
    WorkOrder.objects.filter(pk=checklist.work_order_id).update(status="completed", review_reasons=["near_limit"], kind="project")
    checklist.finished_at = checklist.added_at
    checklist.outcome = "pass"
    checklist.save()
    listed = omar.get(reverse("workorders:review-list")).content.decode()
    assert "More than 90 % of a limit" in listed and "Not signed" in listed
    page = reverse("workorders:review", args=[checklist.work_order.number])
    assert "energy-200" in omar.get(page).content.decode()
    assert omar.post(page, {"password": "wrong"}).status_code == 422
    assert omar.post(page, {"password": PASSWORD}).status_code == 303
    checklist.work_order.refresh_from_db()
    assert checklist.work_order.status == "closed"
    assert maria.get(reverse("workorders:review-list")).status_code == 403


def test_held_results_are_listed_and_settled(maria, omar, checklist):
    store_results(actor=maria.actor, items=[result(checklist, "no-such", "pass")])
    assert "has no step no-such" in maria.get(reverse("workorders:held-list")).content.decode()
    settle = reverse("workorders:held-settle", args=[HeldResult.objects.get().uid])
    assert omar.post(settle, {"decision": "stored", "note": "try"}).status_code == 422
    assert omar.post(settle, {"decision": "discarded", "note": "Typing mistake"}).status_code == 303
    assert HeldResult.objects.get().decision == "discarded"


def statements(client, address):
    with CaptureQueriesContext(connection) as counted:
        assert client.get(address).status_code == 200
    return len(counted)


def test_the_page_costs_the_same_for_two_steps_and_for_many(maria, north):
    def made(steps):
        return ChecklistFactory(work_order__device=DeviceFactory(facility=north), version=VersionFactory(content=content_of(*steps)))

    few = made((CASE, ALARM))
    many = made([CASE | {"key": f"case-{n}"} for n in range(40)])
    for one in (few, many):
        maria.get(url("checklist", one))
    assert statements(maria, url("checklist", few)) == statements(maria, url("checklist", many))


def test_lists_cost_the_same_for_one_row_and_for_thirty(maria, omar, north):
    def waiting(count):
        for _ in range(count):
            one = ChecklistFactory(work_order__device=DeviceFactory(facility=north), work_order__status="completed")
            store_results(actor=maria.actor, items=[result(one, "no-such", "pass")])

    waiting(1)
    addresses = [reverse("workorders:review-list"), reverse("workorders:held-list")]
    for address in addresses:
        omar.get(address)
    alone = [statements(omar, address) for address in addresses]
    waiting(29)
    assert [statements(omar, address) for address in addresses] == alone
