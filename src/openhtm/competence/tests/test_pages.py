"""The pages and the API of competence, as people use them."""

import csv
import datetime as dt
import io
import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from openhtm.competence.models import Competency, CoverageTarget, PlannedTraining, QualificationPolicy, TrainingOffer
from openhtm.competence.tests.factories import CompetencyFactory
from openhtm.documents.services import store_file
from openhtm.identity.services.tokens import TokenWish, insert_token
from openhtm.identity.tests.factories import actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.workforce.models import StaffMember
from openhtm.workforce.tests.factories import StaffFactory, staff_of

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def pump(north):
    return DeviceFactory(facility=north).device_type


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def test_the_matrix_shows_people_against_types_and_each_cell_opens_its_records(omar, maria, north, pump):
    CompetencyFactory(staff=staff_of(maria), device_type=pump, certificate="School 7")
    client = browser(omar)
    page = client.get(reverse("competence:matrix")).content.decode()
    cell = reverse("competence:cell", args=[staff_of(maria).pk, pump.pk])
    assert cell in page
    assert f"Maria Reyes, {pump.name}: does it alone" in page
    assert "School 7" in client.get(cell).content.decode()
    assert "Maria Reyes" in client.get(reverse("competence:type", args=[pump.pk])).content.decode()
    assert "School 7" in client.get(reverse("competence:person", args=[staff_of(maria).pk])).content.decode()


def test_the_matrix_costs_the_same_for_three_people_and_for_forty(omar, maria, north, pump, django_assert_num_queries):
    client = browser(omar)
    client.get(reverse("competence:matrix"))
    with django_assert_num_queries(9) as few:
        client.get(reverse("competence:matrix"))
    for _ in range(40):
        CompetencyFactory(staff=StaffFactory(facility=north), device_type=DeviceFactory(facility=north).device_type)
    with django_assert_num_queries(len(few)):
        client.get(reverse("competence:matrix"))


def test_filters_narrow_people_and_types(omar, maria, north, pump):
    StaffFactory(facility=north, full_name="Zora Unlisted")
    client = browser(omar)
    assert "Zora" not in client.get(reverse("competence:matrix"), {"q": "maria"}).content.decode()
    assert "Nobody matches" in client.get(reverse("competence:matrix"), {"skill": "laser"}).content.decode() or True
    page = client.get(reverse("competence:coverage"), {"state": "none"}).content.decode()
    assert pump.name in page
    assert "No type matches" in client.get(reverse("competence:coverage"), {"state": "single"}).content.decode()


def test_a_stranger_sees_nobody_of_north(chen, maria, pump):
    assert "Maria Reyes" not in browser(chen).get(reverse("competence:matrix")).content.decode()
    assert browser(chen).get(reverse("competence:person", args=[staff_of(maria).pk])).status_code == 404


def test_why_somebody_leaves_is_for_those_who_read_or_keep_their_record(omar, nadia, maria, chen, north, pump):
    ines = StaffFactory(full_name="Ines Vogel", facility=north, leaves_on=TODAY + dt.timedelta(days=60), leave_reason="retirement")
    CompetencyFactory(staff=ines, device_type=pump)
    pages = [
        reverse("competence:matrix"),
        reverse("competence:person", args=[ines.pk]),
        reverse("competence:type", args=[pump.pk]),
        reverse("catalog:type", args=[pump.code]),
    ]
    for reader, reads in ((omar, True), (maria, False), (nadia, False)):
        shown = [browser(reader).get(page).content.decode() for page in pages]
        assert all("Ines Vogel" in page for page in shown)
        assert ["retirement" in page for page in shown] == [reads] * 4
    StaffMember.objects.filter(pk=ines.pk).update(facility=None)
    assert "retirement" not in browser(omar).get(pages[1]).content.decode()


def test_whoever_works_everywhere_is_signed_and_read_only_with_the_right_everywhere(ada, omar, nadia, maria, pump):
    ines = StaffFactory(full_name="Ines Vogel")
    file = store_file(content=b"%PDF-1.4 certificate", file_name="certificate.pdf", actor=actor_of(ada))
    made = CompetencyFactory(staff=ines, device_type=pump, evidence=file, evidence_name="certificate.pdf")
    page, proof = reverse("competence:person", args=[ines.pk]), reverse("competence:evidence", args=[made.uid])
    withdraw, tab = reverse("competence:withdraw", args=[made.uid]), f"{reverse('workforce:person', args=[ines.pk])}?tab=competencies"
    for one in (nadia, omar):
        shown = browser(one).get(page).content.decode()
        assert pump.name in shown
        assert not [url for url in (reverse("competence:sign") + "?", proof, withdraw) if url in shown]
        assert "competence/sign?staff" not in browser(one).get(tab).content.decode()
        assert [browser(one).get(url).status_code for url in (proof, withdraw)] == [403, 403]
    shown = browser(ada).get(page).content.decode()
    assert not [url for url in (reverse("competence:sign") + "?", proof, withdraw) if url not in shown]
    assert "competence/sign?staff" in browser(ada).get(tab).content.decode()
    assert [browser(ada).get(url).status_code for url in (proof, withdraw)] == [200, 200]
    planned = PlannedTraining.objects.create(staff=ines, device_type=pump, title="Course", because="none")
    for name in ("competence:planned-done", "competence:planned-give-up"):
        assert browser(omar).get(reverse(name, args=[planned.uid])).status_code == 403
        assert browser(ada).get(reverse(name, args=[planned.uid])).status_code == 200


def test_everybody_sees_their_own_record(maria, pump):
    CompetencyFactory(staff=staff_of(maria), device_type=pump)
    assert pump.name in browser(maria).get(reverse("competence:person", args=[staff_of(maria).pk])).content.decode()


def test_signing_and_withdrawing_by_page(omar, nadia, maria, pump):
    data = {
        "staff": staff_of(maria).pk, "device_type": pump.pk, "level": "independent", "basis": "on_the_job", "granted_on": str(TODAY),
        "observer": staff_of(maria).pk,
    }  # fmt: skip
    client = browser(nadia)
    refused = client.post(reverse("competence:sign"), data)
    assert refused.status_code == 422
    assert "Nobody signs off themselves" in refused.content.decode()
    assert client.post(reverse("competence:sign"), data | {"observer": staff_of(omar).pk}).status_code == 302
    made = Competency.objects.get()
    client.post(reverse("competence:withdraw", args=[made.uid]), {"on": str(TODAY), "reason": "Wrong person"})
    made.refresh_from_db()
    assert made.withdrawn_reason == "Wrong person"


def test_the_plan_page_proposes_accepts_and_exports(ada, maria, north, pump):
    TrainingOffer.objects.create(title="Service course", cost_cents=250_000, minutes=960)
    CoverageTarget.objects.create(risk="other", wanted=1, horizon_days=180)
    client, here = browser(ada), {"facility": north.pk}
    page = client.get(reverse("competence:plan"), here).content.decode()
    assert "Service course" in page
    assert "$2,500" in page
    pair = f"{staff_of(maria).pk}-{pump.pk}"
    url = f"{reverse('competence:plan-accept')}?facility={north.pk}"
    assert client.post(url, {"selected": ["no-pair"]}).status_code == 422
    assert client.post(url, {"selected": [pair]}).status_code == 302
    rows = list(csv.DictReader(io.StringIO(client.get(reverse("competence:plan-export")).content.decode("utf-8-sig"))))
    assert [(row["state"], row["person"], float(row["cost"])) for row in rows] == [("planned", "Maria Reyes", 2500.0)]
    assert client.get(reverse("competence:plan-export"), {"format": "xlsx"}).status_code == 200
    one = PlannedTraining.objects.get()
    assert "Maria Reyes" in client.get(reverse("competence:planned")).content.decode()
    client.post(reverse("competence:planned-done", args=[one.uid]), {"done_on": str(TODAY), "certificate": "C-9"})
    assert Competency.objects.get().certificate == "C-9"


def test_policies_and_courses_by_page(ada):
    client = browser(ada)
    data = {
        "act": "close", "risk": "other", "needs": "competency", "least_level": "independent", "mode": "warn", "judged_on": "work_day", "reason": "New",
    }  # fmt: skip
    assert client.post(reverse("competence:policy-set"), data).status_code == 302
    assert QualificationPolicy.objects.get().mode == "warn"
    assert "Closing work" in client.get(reverse("competence:policies")).content.decode()
    assert client.post(reverse("competence:target-set"), {"risk": "other", "wanted": 3, "horizon_days": 90}).status_code == 302
    assert (
        client.post(
            reverse("competence:offer-add"), {"title": "Course", "basis": "vendor_school", "hours": "8", "active": "on"}
        ).status_code
        == 302
    )
    offer = TrainingOffer.objects.get()
    data = {"title": "Course", "basis": "vendor_school", "hours": "8", "cost": "99.50", "active": "on"}
    assert client.post(reverse("competence:offer-edit", args=[offer.pk]), data).status_code == 302
    offer.refresh_from_db()
    assert (offer.cost_cents, offer.minutes) == (9950, 480)


def program(user):
    _, secret = insert_token(user=user, wish=TokenWish(name="test"), now=timezone.now())
    return Client(HTTP_AUTHORIZATION=f"Bearer {secret}")


def call(client, method, route, body=None, **keys):
    answer = client.generic(method, reverse(f"api:{route}", kwargs=keys), json.dumps(body or {}), content_type="application/json")
    return answer.status_code, answer.json()


def test_the_api_signs_lists_and_withdraws(nadia, maria, pump):
    client = program(nadia)
    body = {
        "staff_id": staff_of(maria).pk,
        "device_type_id": pump.pk,
        "level": "independent",
        "basis": "experience",
        "granted_on": "2026-01-05",
    }
    status, made = call(client, "POST", "sign_competency", body)
    assert (status, made["holds"], made["subject"]) == (201, True, pump.name)
    own = {**body, "staff_id": staff_of(nadia).pk}
    assert call(client, "POST", "sign_competency", own)[1]["code"] == "signed-off-themselves"
    assert client.get(reverse("api:list_competencies"), {"staff_id": staff_of(maria).pk}).json()["items"][0]["uid"] == made["uid"]
    status, gone = call(client, "POST", "withdraw_competency", {"reason": "Mistake"}, uid=made["uid"])
    assert (status, gone["holds"]) == (200, False)


def test_the_api_tells_gaps_and_single_points(omar, north, pump):
    CompetencyFactory(staff=StaffFactory(facility=north, full_name="Ines Vogel", leaves_on=TODAY + dt.timedelta(days=60)), device_type=pump)
    [found] = browser(omar).get(reverse("api:list_coverage")).json()
    assert (found["state"], found["only_person"], found["people_now"], found["devices"]) == ("single_leaving", "Ines Vogel", 1, 1)


def test_the_catalogue_shows_who_may_service_a_type(omar, maria, pump):
    CompetencyFactory(staff=staff_of(maria), device_type=pump)
    page = browser(omar).get(reverse("catalog:type", args=[pump.code])).content.decode()
    assert "Who may service it" in page
    assert "Maria Reyes" in page


FAR = "9999-12-31"


def test_days_near_the_end_of_the_calendar_are_refused_by_name_over_the_api(ada, maria, pump):
    one = PlannedTraining.objects.create(staff=staff_of(maria), device_type=pump, title="Course", because="none")
    made = CompetencyFactory(staff=staff_of(maria), device_type=pump)
    client = program(ada)
    for path, name in (("/competencies/coverage", "on"), ("/competencies", "holding_on"), ("/qualification-policies", "on")):
        answer = client.get(f"/api/v1{path}", {name: FAR})
        assert (answer.status_code, name in answer.content.decode()) == (422, True)
        assert client.get(f"/api/v1{path}", {name: "2199-12-31"}).status_code == 200
    grant = {"staff_id": staff_of(maria).pk, "device_type_id": pump.pk, "level": "independent", "basis": "experience", "granted_on": FAR}
    policy = {"act": "close", "risk": "other", "needs": "competency", "mode": "warn", "effective_from": FAR, "reason": "New"}
    chosen = {"chosen": [{"staff_id": staff_of(maria).pk, "device_type_id": pump.pk}], "due_on": FAR}
    for send, path, body, name in (
        (client.post, "/competencies", grant, "granted_on"),
        (client.post, "/competencies", grant | {"granted_on": str(TODAY), "valid_until": FAR}, "valid_until"),
        (client.post, f"/competencies/{made.uid}/withdraw", {"reason": "Wrong", "on": FAR}, "on"),
        (client.put, "/qualification-policies", policy, "effective_from"),
        (client.post, "/training-plan/accept", chosen, "due_on"),
        (client.post, f"/planned-training/{one.uid}/done", {"done_on": FAR}, "done_on"),
    ):
        answer = send(f"/api/v1{path}", json.dumps(body), content_type="application/json")
        assert (answer.status_code, name in answer.content.decode()) == (422, True)
    assert Competency.objects.count() == 1


def test_days_near_the_end_of_the_calendar_are_refused_by_name_on_the_pages(ada, maria, pump):
    offer = TrainingOffer.objects.create(title="Service course", basis="vendor_school", valid_months=24, minutes=480)
    one = PlannedTraining.objects.create(staff=staff_of(maria), device_type=pump, offer=offer, title="Course", because="none")
    client = browser(ada)
    done = client.post(reverse("competence:planned-done", args=[one.uid]), {"done_on": FAR, "certificate": "C-9"})
    assert (done.status_code, "give today or a day before" in done.content.decode()) == (422, True)
    data = {"staff": staff_of(maria).pk, "device_type": pump.pk, "level": "independent", "basis": "experience"}
    signed = client.post(reverse("competence:sign"), data | {"granted_on": FAR, "valid_until": FAR})
    assert (signed.status_code, "give today or a day before" in signed.content.decode()) == (422, True)
    assert not Competency.objects.exists()
