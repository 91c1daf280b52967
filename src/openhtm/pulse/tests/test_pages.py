"""The pages of the survey: a technician answers, a manager reads; and what a log line says of it."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from pghistory.models import Context
from structlog.testing import capture_logs
from tests.permissions.client import ApiClient, logged_in

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.pulse.models import AnswerCount, Invitation, Survey
from openhtm.pulse.rules.questions import edition_on
from openhtm.pulse.services import surveys
from openhtm.pulse.services.answering import answer
from openhtm.pulse.tests.factories import SurveyFactory, crew
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.ui.templatetags.ui import day

pytestmark = pytest.mark.django_db


@pytest.fixture
def omar():
    return UserFactory.with_role(Role.MANAGER, None, full_name="Omar")


@pytest.fixture
def people():
    return crew(FacilityFactory(code="NORTH"), "biomed", 6)


@pytest.fixture
def survey(people, omar):
    today = timezone.localdate()
    draft = SurveyFactory(title="Staff survey", opens_on=today, closes_on=today + dt.timedelta(days=9))
    return surveys.open_survey(actor=actor_of(omar), uid=draft.uid, today=today, now=timezone.now())


def all_answers(value=2):
    return {question.code: value for question in edition_on(timezone.localdate()).questions}


def test_a_technician_answers_and_only_counts_are_written(people, survey):
    client, url, known = logged_in(people[0]), reverse("pulse:answer", args=[survey.uid]), Context.objects.count()
    home = client.get(reverse("pulse:home")).content.decode()
    assert "Staff survey asks you" in home
    assert f"Open until {day(survey.last_on)}, that day included" in home
    assert b"stored nowhere else" in client.get(url).content
    refused = client.post(url, {"pay": "2"})
    assert refused.status_code == 422
    assert b"prefer not to say" in refused.content
    done = client.post(url, all_answers(), follow=True)
    assert b"Thank you" in done.content
    assert client.post(url, all_answers()).status_code == 409
    assert set(AnswerCount.objects.filter(count__gt=0).values_list("value", "count")) == {(2, 1)}
    assert Context.objects.count() == known, "history keeps no context of it"


def test_the_log_line_of_an_answer_names_nobody(people, survey):
    with capture_logs() as lines:
        logged_in(people[0]).post(reverse("pulse:answer", args=[survey.uid]), all_answers())
        ApiClient(people[1]).post(f"/surveys/{survey.uid}/answers", {"answers": all_answers()})
        logged_in(people[0]).get(reverse("pulse:home"))
    asked = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in asked] == [303, 204, 200]
    assert [line["user"] for line in asked] == [None, None, people[0].pk]
    assert not any(str(value) in str(line) for line in asked for value in ("pay_fair", "speak_up"))
    assert Invitation.objects.filter(answered=True).count() == 2


def test_a_manager_plans_opens_ends_and_reads(people, omar):
    client, today = logged_in(omar), timezone.localdate()
    sent = {"title": "Survey 2030", "opens_on": today, "closes_on": today + dt.timedelta(days=5)}
    made = client.post(reverse("pulse:survey-new"), sent)
    assert made.status_code == 302
    page = client.get(made["Location"]).content
    assert b"Who is asked" in page
    assert b"Biomedical, NORTH" in page
    opened = client.post(f"{made['Location']}/open", follow=True)
    assert b"of 6 answered" in opened.content or b"of 7 answered" in opened.content
    uid = made["Location"].rpartition("/")[2]
    for user in people:
        answer(actor=actor_of(user), uid=uid, answers=all_answers(), today=today)
    results = client.post(f"{made['Location']}/end", follow=True).content.decode()
    assert "100 %" in results
    assert "HTM professionals, 2025" in results
    assert "45 %" in results


def test_a_survey_of_too_few_says_so_on_its_page(omar):
    draft = SurveyFactory(opens_on=timezone.localdate(), closes_on=timezone.localdate() + dt.timedelta(days=5))
    client, url = logged_in(omar), reverse("pulse:survey", args=[draft.uid])
    assert b"Too few to be anonymous" in client.get(url).content
    told = client.post(reverse("pulse:survey-open", args=[draft.uid]), follow=True).content
    assert b"are needed so that nobody can be told" in told
    draft.refresh_from_db()
    assert not draft.opened


def test_what_is_told_of_too_few_answers_is_true_before_and_after_the_seal(people, survey, omar):
    answer(actor=actor_of(people[0]), uid=survey.uid, answers=all_answers(), today=timezone.localdate())
    Survey.objects.filter(pk=survey.pk).update(opens_on=dt.date(2026, 1, 1), closes_on=dt.date(2026, 1, 9))
    client, url = logged_in(omar), reverse("pulse:survey", args=[survey.uid])
    assert "are deleted within an hour of the end" in client.get(url).content.decode()
    surveys.seal_next(now=timezone.now())
    assert "Their answers were deleted" in client.get(url).content.decode()


def test_results_by_the_api_wait_for_the_end(people, survey, omar):
    api = ApiClient(omar)
    assert api.get(f"/surveys/{survey.uid}/results").status_code == 409
    for user in people:
        ApiClient(user).post(f"/surveys/{survey.uid}/answers", {"answers": all_answers(1)})
    assert ApiClient(people[0]).get("/surveys/mine").json() == []
    assert api.post(f"/surveys/{survey.uid}/end").status_code == 200
    found = api.get(f"/surveys/{survey.uid}/results").json()
    assert (found["answered"], found["left_out"]) == (6, False)
    assert found["groups"] == ["NORTH/biomed+everywhere/general"] or found["groups"] == ["NORTH/biomed"]
    assert found["results"][0]["counts"] == [6, 0, 0, 0, 0]
    trend = api.get(f"/surveys/{survey.uid}/trend").json()
    assert {one["share"] for one in trend["benchmarks"]} == {0.45, 0.3}
    assert ApiClient(people[0]).get(f"/surveys/{survey.uid}/results").status_code == 403
