"""The survey against the database: who is asked, what is stored of an answer (nothing of a person), and what is told."""

import datetime as dt
import random

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.notices.models import Notice
from openhtm.pulse import queries
from openhtm.pulse.models import AnswerCount, Invitation, Survey
from openhtm.pulse.rules.questions import edition_on, rules
from openhtm.pulse.services import checks, surveys
from openhtm.pulse.services.answering import AnsweredAlready, NotAsked, SurveyNotOpen, answer
from openhtm.pulse.tests.factories import SurveyFactory, crew
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workforce.tests.factories import StaffFactory

pytestmark = pytest.mark.django_db
OPENS, TODAY, AFTER = dt.date(2026, 11, 1), dt.date(2026, 11, 5), dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
ENDED = dt.datetime(2026, 11, 16, 0, 5, tzinfo=dt.UTC)
ASKED = [question.code for question in edition_on(TODAY).questions]
ALL_GOOD = dict.fromkeys(ASKED, 1)


@pytest.fixture
def omar():
    return actor_of(UserFactory.with_role(Role.MANAGER, None, full_name="Omar"))


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North")


@pytest.fixture
def south():
    return FacilityFactory(code="SOUTH", name="South")


@pytest.fixture
def staff(north, south):
    """North: 7 biomed and 6 imaging; South: 3 biomed."""
    return {"nb": crew(north, "biomed", 7), "ni": crew(north, "imaging", 6), "sb": crew(south, "biomed", 3)}


@pytest.fixture
def survey(staff, omar):
    return surveys.open_survey(actor=omar, uid=SurveyFactory().uid, today=OPENS, now=NOW)


def say(users, survey, **values):
    for user in users:
        answer(actor=actor_of(user), uid=survey.uid, answers=ALL_GOOD | values, today=TODAY)


def marks(table):
    """The transactions that last wrote the rows of a table, as the database keeps them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT xmin::text FROM {table}")
        return {row[0] for row in cursor.fetchall()}


def test_everybody_of_our_own_staff_with_an_account_is_asked(survey, staff):
    assert survey.invited == 16
    assert set(Invitation.objects.values_list("group_key", flat=True)) == {"NORTH/biomed", "NORTH/imaging+SOUTH/biomed"}
    assert Notice.objects.filter(kind="survey").count() == 16


def test_no_answer_of_a_person_is_stored(survey, staff):
    rows, fields = AnswerCount.objects.count(), {field.name for field in AnswerCount._meta.get_fields()}
    assert fields == {"key", "survey", "group_key", "question", "value", "count"}
    say(staff["nb"][:3], survey, pay=4)
    assert AnswerCount.objects.count() == rows, "answers raise counts, they add no rows"
    counted = dict(AnswerCount.objects.filter(group_key="NORTH/biomed", question="pay").values_list("value", "count"))
    assert counted == {0: 0, 1: 0, 2: 0, 3: 0, 4: 3, 5: 0}
    assert {field.name for field in Invitation._meta.get_fields()} == {"id", "survey", "staff", "user", "group_key", "answered"}
    assert Invitation.objects.filter(answered=True).count() == 3


def test_no_history_is_kept_of_answers_and_the_marks_of_the_database_tell_nothing(survey, staff):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'pulse%' AND tablename LIKE '%event'")
        assert {row[0] for row in cursor.fetchall()} == {"pulse_surveyevent"}
        cursor.execute("SELECT count(*) FROM pulse_surveyevent")
        before = cursor.fetchone()[0]
    say(staff["nb"][:2], survey, pay=5)
    assert len(marks("pulse_answercount")) == 1
    assert len(marks("pulse_invitation")) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pulse_surveyevent")
        assert cursor.fetchone()[0] == before


def test_everybody_answers_once_and_only_while_it_is_open(survey, staff):
    maria = staff["nb"][0]
    say([maria], survey)
    with pytest.raises(AnsweredAlready):
        say([maria], survey)
    with pytest.raises(SurveyNotOpen, match="01 Nov 2026"):
        answer(actor=actor_of(staff["nb"][1]), uid=survey.uid, answers=ALL_GOOD, today=survey.closes_on)
    with pytest.raises(NotAsked):
        answer(actor=actor_of(UserFactory.with_role(Role.REQUESTER, None)), uid=survey.uid, answers=ALL_GOOD, today=TODAY)


@pytest.mark.parametrize("wrong", [{"pay": 6}, {"pay": -1}, {"salary": 1}, {"pay": None}])
def test_wrong_answers_are_refused_by_question(survey, staff, wrong):
    given = {code: value for code, value in (ALL_GOOD | wrong).items() if value is not None}
    with pytest.raises(Invalid, match=next(iter(wrong))):
        answer(actor=actor_of(staff["nb"][0]), uid=survey.uid, answers=given, today=TODAY)
    assert not Invitation.objects.filter(answered=True).exists()


def test_nothing_is_told_while_people_can_answer(survey, staff):
    say(staff["nb"], survey)
    assert queries.outcome(survey, today=TODAY) is None
    assert queries.trend([survey], today=TODAY) == {}


def test_small_groups_are_told_with_others_only(survey, staff, omar):
    say(staff["nb"], survey, pay=2)
    say(staff["ni"][:4], survey, pay=4)
    say(staff["sb"][:2], survey, pay=5)
    for sealed in (False, True):
        if sealed:
            survey = surveys.end_survey(actor=omar, uid=survey.uid, today=TODAY)
        found = queries.outcome(survey, today=AFTER)
        assert (found.answered, found.invited, found.left_out) == (13, 16, False)
        assert {result.question.code: result.counts for result in found.results}["pay"] == (0, 7, 0, 4, 2)
        biomed = queries.outcome(survey, facility="NORTH", specialty="biomed", today=AFTER)
        assert (biomed.answered, biomed.results[0].favourable, biomed.left_out) == (7, 1.0, False)
        imaging = queries.outcome(survey, facility="NORTH", specialty="imaging", today=AFTER)
        assert (imaging.answered, imaging.results, imaging.left_out) == (0, (), True)
        all_biomed = queries.outcome(survey, specialty="biomed", today=AFTER)
        assert (all_biomed.answered, all_biomed.left_out) == (7, True)
    assert survey.answered == 13
    assert {entry["answers"] for entry in survey.blocks} == {6, 7}


def test_of_too_few_answers_nothing_is_told_and_nothing_is_kept(survey, staff, omar):
    say(staff["nb"][:4], survey)
    ended = surveys.end_survey(actor=omar, uid=survey.uid, today=TODAY)
    found = queries.outcome(ended, today=AFTER)
    assert (found.answered, found.results) == (0, ())
    assert not AnswerCount.objects.filter(survey=survey).exists()
    assert ended.answered == 4


def test_the_sealed_figures_are_the_figures_before(survey, staff, omar):
    chance = random.Random(7)
    for group in staff.values():
        for user in group:
            if chance.random() < 0.8:
                answer(actor=actor_of(user), uid=survey.uid, answers={code: chance.randrange(6) for code in ASKED}, today=TODAY)
    filters = [{}, {"facility": "NORTH"}, {"specialty": "biomed"}, {"facility": "NORTH", "specialty": "biomed"}, {"facility": "SOUTH"}]
    before = [queries.outcome(survey, **one, today=AFTER) for one in filters]
    assert surveys.seal_next(now=ENDED)
    assert not surveys.seal_next(now=ENDED)
    survey.refresh_from_db()
    after = [queries.outcome(survey, **one, today=AFTER) for one in filters]
    assert [(one.answered, one.results) for one in after] == [(one.answered, one.results) for one in before]
    groups = set(AnswerCount.objects.filter(survey=survey).values_list("group_key", flat=True))
    assert groups == {entry["key"] for entry in survey.blocks}


def test_a_survey_of_too_few_is_refused(omar, north):
    crew(north, "biomed", 4)
    with pytest.raises(surveys.TooFewToBeAnonymous, match="Only 4 people"):
        surveys.open_survey(actor=omar, uid=SurveyFactory(facility=north).uid, today=OPENS, now=NOW)
    assert not Invitation.objects.exists()


def test_two_surveys_of_the_same_people_keep_their_distance(survey, omar):
    soon = SurveyFactory(opens_on=dt.date(2026, 12, 1), closes_on=dt.date(2026, 12, 10))
    with pytest.raises(surveys.AskedTooSoon, match="15 Jan 2027"):
        surveys.open_survey(actor=omar, uid=soon.uid, today=OPENS, now=NOW)
    late = survey.closes_on + dt.timedelta(days=rules().days_between)
    surveys.open_survey(actor=omar, uid=SurveyFactory(opens_on=late, closes_on=late + dt.timedelta(days=9)).uid, today=OPENS, now=NOW)


def test_who_has_no_account_is_counted_and_not_asked(omar, north):
    crew(north, "biomed", 5)
    StaffFactory(facility=north)
    asked, without = queries.audience(north.pk, today=TODAY)
    assert (len(asked), without) == (5, 1)


def test_a_plan_is_checked(omar, north):
    asked = {"actor": omar, "title": "Survey", "facility_id": None, "opens_on": TODAY, "closes_on": AFTER, "today": TODAY}
    made = surveys.plan_survey(**asked)
    assert (made.least_group, made.question_edition, queries.phase(made, TODAY)) == (5, "2024.1", "draft")
    for change, field in (({"title": " "}, "title"), ({"opens_on": OPENS}, "opens_on"), ({"closes_on": TODAY}, "closes_on")):
        with pytest.raises(Invalid, match=field):
            surveys.plan_survey(**asked | change)
    local = actor_of(UserFactory.with_role(Role.MANAGER, north))
    with pytest.raises(NotAllowed):
        surveys.plan_survey(**asked | {"actor": local})
    assert surveys.plan_survey(**asked | {"actor": local, "facility_id": north.pk}).facility == north
    with pytest.raises(NotAllowed):
        surveys.plan_survey(**asked | {"actor": actor_of(UserFactory.with_role(Role.TECHNICIAN, None))})


def test_the_manager_of_one_facility_reads_its_surveys_only(survey, north, south):
    local = actor_of(UserFactory.with_role(Role.MANAGER, north))
    here = SurveyFactory(facility=north)
    SurveyFactory(facility=south)
    assert list(Survey.objects.managed_by(local)) == [here]
    with pytest.raises(Survey.DoesNotExist):
        surveys.end_survey(actor=local, uid=survey.uid, today=TODAY)


def test_a_survey_is_opened_once_and_ended_once(survey, omar):
    with pytest.raises(surveys.WrongPhase, match="is open"):
        surveys.open_survey(actor=omar, uid=survey.uid, today=TODAY, now=NOW)
    surveys.end_survey(actor=omar, uid=survey.uid, today=TODAY)
    with pytest.raises(surveys.WrongPhase, match="is ended"):
        surveys.end_survey(actor=omar, uid=survey.uid, today=TODAY)
    with pytest.raises(Invalid, match="afresh"):
        surveys.open_survey(actor=omar, uid=SurveyFactory().uid, today=AFTER, now=NOW)


def test_everybody_is_reminded_whether_they_answered_or_not(survey, staff):
    say(staff["nb"], survey)
    assert surveys.remind_before_end(today=TODAY, now=NOW) == 0
    assert surveys.remind_before_end(today=dt.date(2026, 11, 14), now=NOW) == 16
    assert surveys.remind_before_end(today=dt.date(2026, 11, 15), now=NOW) == 0


def test_opening_costs_the_same_for_few_and_for_many(omar, north, south):
    crew(north, "biomed", 6)
    first = SurveyFactory(facility=north)
    with CaptureQueriesContext(connection) as few:
        surveys.open_survey(actor=omar, uid=first.uid, today=OPENS, now=NOW)
    crew(south, "biomed", 14)
    crew(south, "imaging", 9)
    second = SurveyFactory(facility=south)
    with CaptureQueriesContext(connection) as many:
        surveys.open_survey(actor=omar, uid=second.uid, today=OPENS, now=NOW)
    assert len(many) == len(few)


def test_a_trend_costs_the_same_for_one_survey_and_for_five(survey, staff, omar):
    say(staff["nb"], survey)
    surveys.end_survey(actor=omar, uid=survey.uid, today=TODAY)
    survey.refresh_from_db()
    others = [
        SurveyFactory(opened=True, sealed=True, answered=0, opens_on=dt.date(2020 + n, 1, 1), closes_on=dt.date(2020 + n, 2, 1))
        for n in range(4)
    ]
    with CaptureQueriesContext(connection) as alone:
        queries.trend([survey], today=AFTER)
    with CaptureQueriesContext(connection) as many:
        found = queries.trend([survey, *others], today=AFTER)
    assert len(many) == len(alone) == 1
    assert [point.survey for point in found["pay"]] == [survey]


def test_only_one_survey_is_opened_at_a_time(survey):
    """What opens a survey holds a lock to its end: another would not yet see whom this one asks."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        [held] = other.execute("SELECT NOT pg_try_advisory_xact_lock(hashtext('openhtm.pulse.opening'))").fetchone()
    assert held


def test_a_survey_keeps_the_days_of_its_facility(omar, staff, north):
    north.time_zone = "America/Los_Angeles"
    north.save(update_fields=["time_zone"])
    survey = surveys.open_survey(actor=omar, uid=SurveyFactory(facility=north).uid, today=OPENS, now=NOW)
    maria = actor_of(staff["nb"][0])
    last_evening, over = ENDED, ENDED + dt.timedelta(hours=8)
    assert (survey.last_on, queries.day_of(survey, last_evening), queries.day_of(survey, over)) == (
        dt.date(2026, 11, 15), dt.date(2026, 11, 15), dt.date(2026, 11, 16)
    )  # fmt: skip
    assert [one.survey for one in queries.to_answer(maria, now=last_evening)] == [survey]
    assert not surveys.seal_next(now=last_evening)
    assert queries.to_answer(maria, now=over) == []
    assert surveys.seal_next(now=over)
    assert queries.to_answer(maria, now=NOW - dt.timedelta(hours=2)) == []


def test_a_trend_ends_with_its_survey_and_reaches_back(omar):
    days = [dt.date(2000 + n, 3, 1) for n in range(20)]
    made = [SurveyFactory(opened=True, sealed=True, answered=0, opens_on=day, closes_on=day + dt.timedelta(days=9)) for day in days]
    assert queries.same_audience(made[3], today=AFTER) == made[3::-1]
    assert queries.same_audience(made[15], today=AFTER) == made[15:3:-1]


def broken():
    return {law.code for law in checks.INVARIANTS if law.check()[0]}


def test_the_laws_of_surveys_hold_through_the_life_of_one(survey, staff, omar):
    assert broken() == set()
    say(staff["nb"], survey)
    say(staff["ni"][:2], survey, pay=0)
    assert broken() == set()
    surveys.end_survey(actor=omar, uid=survey.uid, today=TODAY)
    assert broken() == set()


def test_the_laws_of_surveys_name_what_breaks_them(survey, staff, omar):
    say(staff["nb"], survey)
    AnswerCount.objects.filter(group_key="NORTH/biomed", question="pay", value=1).update(count=6)
    assert checks.INVARIANTS[0].check() == (1, [survey.title])
    AnswerCount.objects.filter(group_key="NORTH/biomed", question="pay", value=1).update(count=7)
    Invitation.objects.filter(pk=Invitation.objects.filter(group_key="NORTH/biomed").first().pk).update(group_key="NORTH/other")
    assert "survey-least-group" in broken()
    Invitation.objects.filter(group_key="NORTH/other").update(group_key="NORTH/biomed")
    surveys.end_survey(actor=omar, uid=survey.uid, today=TODAY)
    assert broken() == set()
    AnswerCount.objects.create(survey=survey, group_key="NORTH/imaging", question="pay", value=1, count=1)
    assert broken() == {"survey-counts-as-answered", "survey-sealed-keeps-told"}
