"""The API of the staff survey: what asks me, my answers, and for who holds surveys: planning, opening, ending, results."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Limit, Name, PageOut
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.pulse import queries
from openhtm.pulse.models import Survey
from openhtm.pulse.rules.questions import Question
from openhtm.pulse.services import answering, surveys
from openhtm.sites.models import Facility

router = Router(tags=["surveys"])


class SurveyOut(Schema):
    uid: UUID
    title: str
    facility: str | None = Field(description="Code of the facility; null: everybody is asked.")
    phase: Literal["draft", "waiting", "open", "ended"]
    opens_on: dt.date
    closes_on: dt.date = Field(description="First day on which nobody can answer any more.")
    least_group: int = Field(description="So many answers a group has at least before anything is told of it.")
    invited: int
    answered: int | None = Field(description="Known once the survey ended.")


class SurveyPage(PageOut):
    items: list[SurveyOut]


class SurveyIn(Body):
    title: Name
    facility: Code | None = None
    opens_on: dt.date
    closes_on: dt.date


class SurveyQuestionOut(Schema):
    code: str
    topic: str
    text: str
    answers: list[str] = Field(description="Numbered from 1, the most favourable first; 0 is to prefer not to say.")


class MySurveyOut(Schema):
    uid: UUID
    title: str
    closes_on: dt.date = Field(description="First day on which nobody can answer any more.")
    questions: list[SurveyQuestionOut]


class SurveyAnswersIn(Body):
    answers: Annotated[dict[Code, Annotated[int, Field(ge=0, le=20)]], Field(max_length=100)] = Field(
        description="A number for every question: the place of the answer, or 0."
    )


class SurveyResultOut(Schema):
    question: str
    topic: str
    text: str
    counts: list[int] = Field(description="In the order of the question's answers.")
    declined: int
    favourable: float | None = Field(description="Share of those who said something; null if nobody did.")


class SurveyOutcomeOut(Schema):
    answered: int
    invited: int
    groups: list[str] = Field(description="What is told is about these groups as a whole.")
    left_out: bool = Field(
        description="True: some people of the choice are told together with others beyond it, and are not in these figures."
    )
    results: list[SurveyResultOut]


class SurveyPointOut(Schema):
    survey: UUID
    closes_on: dt.date
    question: str
    favourable: float | None
    said: int


class BenchmarkOut(Schema):
    question: str
    year: int
    who: str
    share: float
    source: str
    confidence: str


class SurveyTrendOut(Schema):
    points: list[SurveyPointOut]
    benchmarks: list[BenchmarkOut]


@router.get("/surveys", response={200: SurveyPage, **REFUSALS}, operation_id="list_surveys", summary="Surveys you hold")
def list_surveys(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    actor = _may(request)
    page = keyset_page(Survey.objects.managed_by(actor).select_related("facility"), order=("-closes_on", "-pk"), cursor=cursor, limit=limit)
    return {"items": [_survey(one) for one in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post("/surveys", response={201: SurveyOut, **REFUSALS}, operation_id="plan_survey", summary="Plan a survey")
def plan_survey(request: HttpRequest, body: SurveyIn) -> Any:
    actor = _may(request)
    facility_id = None if body.facility is None else Facility.objects.visible_to(actor).get(code__iexact=body.facility).pk
    made = surveys.plan_survey(
        actor=actor, title=body.title, facility_id=facility_id, opens_on=body.opens_on, closes_on=body.closes_on, today=timezone.localdate()
    )
    return Status(201, _survey(made))


@router.get("/surveys/mine", response={200: list[MySurveyOut], **REFUSALS}, operation_id="list_my_surveys", summary="Surveys that ask you")
def list_my_surveys(request: HttpRequest) -> list[dict[str, Any]]:
    waiting = queries.to_answer(_who(request), now=timezone.now())
    return [
        {
            "uid": one.survey.uid, "title": one.survey.title, "closes_on": one.survey.closes_on,
            "questions": [_question(question) for question in queries.questions_of(one.survey)],
        }
        for one in waiting
    ]  # fmt: skip


@router.post(
    "/surveys/{uuid:uid}/answers", response={204: None, **REFUSALS}, operation_id="answer_survey", summary="Answer a survey, anonymously"
)
def answer_survey(request: HttpRequest, uid: UUID, body: SurveyAnswersIn) -> Any:
    """The request is logged without who sent it; the answers raise counts and are stored nowhere else."""
    request.logged_without_person = True  # type: ignore[attr-defined]
    today = queries.day_of(answering.invitation_of(_who(request), uid).survey, timezone.now())
    answering.answer(actor=_who(request), uid=uid, answers=body.answers, today=today)
    return Status(204, None)


@router.post("/surveys/{uuid:uid}/open", response={200: SurveyOut, **REFUSALS}, operation_id="open_survey", summary="Invite people")
def open_survey(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    return _survey(surveys.open_survey(actor=_who(request), uid=uid, today=_today(_managed(request, uid)), now=timezone.now()))


@router.post("/surveys/{uuid:uid}/end", response={200: SurveyOut, **REFUSALS}, operation_id="end_survey", summary="End a survey for good")
def end_survey(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    return _survey(surveys.end_survey(actor=_who(request), uid=uid, today=_today(_managed(request, uid))))


@router.get(
    "/surveys/{uuid:uid}/results", response={200: SurveyOutcomeOut, **REFUSALS}, operation_id="get_survey_results", summary="What came out"
)
def get_survey_results(request: HttpRequest, uid: UUID, facility: Code | None = None, specialty: Code | None = None) -> dict[str, Any]:
    """Refused (409) while people can still answer. Groups below the least size are never told, also not by subtraction."""
    survey, today = _managed(request, uid), timezone.localdate()
    found = queries.outcome(survey, facility=facility or "", specialty=specialty or "", today=today)
    if found is None:
        raise surveys.WrongPhase(phase=queries.phase(survey, today))
    return {
        "answered": found.answered,
        "invited": found.invited,
        "groups": ["+".join("/".join(leaf) for leaf in sorted(one.block.leaves)) for one in found.shown],
        "left_out": found.left_out,
        "results": [
            {
                "question": one.question.code, "topic": one.question.topic, "text": one.question.text, "counts": list(one.counts),
                "declined": one.declined, "favourable": one.favourable,
            }
            for one in found.results
        ],
    }  # fmt: skip


@router.get(
    "/surveys/{uuid:uid}/trend", response={200: SurveyTrendOut, **REFUSALS}, operation_id="get_survey_trend", summary="Change over surveys"
)
def get_survey_trend(request: HttpRequest, uid: UUID, facility: Code | None = None, specialty: Code | None = None) -> dict[str, Any]:
    """This survey and those before it that asked the same facility, with published figures as context."""
    survey = _managed(request, uid)
    today = _today(survey)
    rows = queries.trend(queries.same_audience(survey, today=today), facility=facility or "", specialty=specialty or "", today=today)
    points = [
        {"survey": point.survey.uid, "closes_on": point.survey.closes_on, "question": code, "favourable": point.share, "said": point.said}
        for code, line in rows.items()
        for point in line
    ]
    shown = ("question", "year", "who", "share", "source", "confidence")
    known = [{name: getattr(one, name) for name in shown} for code in rows for one in queries.context_for(code)]
    return {"points": points, "benchmarks": known}


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _may(request: HttpRequest) -> Actor:
    actor = _who(request)
    require(actor, Permission.MANAGE_SURVEYS)
    return actor


def _managed(request: HttpRequest, uid: UUID) -> Survey:
    return Survey.objects.managed_by(_may(request)).select_related("facility").get(uid=uid)


def _today(survey: Survey) -> dt.date:
    return queries.day_of(survey, timezone.now())


def _survey(one: Survey) -> dict[str, Any]:
    shown = ("uid", "title", "opens_on", "closes_on", "least_group", "invited", "answered")
    facts = {name: getattr(one, name) for name in shown}
    return facts | {"facility": one.facility.code if one.facility else None, "phase": queries.phase(one, _today(one)).value}


def _question(one: Question) -> dict[str, Any]:
    return {"code": one.code, "topic": one.topic, "text": one.text, "answers": list(one.answers)}


routers: tuple[Router, ...] = (router,)
