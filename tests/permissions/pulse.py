"""Who may do what with the staff survey. Nobody, whatever their role, is ever shown an answer of a person: there is none."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from openhtm.identity.rules.permissions import Permission as P
from openhtm.identity.rules.permissions import Role
from openhtm.pulse.models import AnswerCount, Invitation, Survey
from openhtm.pulse.rules.questions import edition_on
from openhtm.workforce.services.people import staff_of_accounts
from tests.permissions.rows import LOGGED_IN, Row
from tests.permissions.world import World


def _survey(world: World, title: str, **values: Any) -> Survey:
    today = timezone.localdate()
    about = {
        "facility": world.north, "opens_on": today, "closes_on": today + dt.timedelta(days=9), "least_group": 5, "rules_edition": "2026.1",
        "question_edition": "2024.1",
    }  # fmt: skip
    return Survey.objects.get_or_create(title=title, defaults=about | values)[0]


def draft(world: World) -> dict[str, Any]:
    return {"uid": _survey(world, "Draft").uid}


def ended(world: World) -> dict[str, Any]:
    return {"uid": _survey(world, "Ended", opened=True, sealed=True, answered=0).uid}


def open_one(world: World) -> dict[str, Any]:
    """Open, and the technician of North is asked."""
    survey = _survey(world, "Open", opened=True, invited=1)
    maria = world.people[Role.TECHNICIAN]
    Invitation.objects.get_or_create(
        survey=survey, staff=staff_of_accounts([maria.pk])[maria.pk], user=maria, defaults={"group_key": "NORTH/x"}
    )
    AnswerCount.objects.get_or_create(survey=survey, group_key="NORTH/x", question="pay", value=1)
    return {"uid": survey.uid}


def new_survey(world: World) -> dict[str, Any]:
    today = timezone.localdate()
    return {"title": "S", "facility": world.north.code, "opens_on": str(today), "closes_on": str(today + dt.timedelta(days=9))}


def answers(world: World) -> dict[str, Any]:
    return {"answers": {question.code: 1 for question in edition_on(timezone.localdate()).questions}}


ROWS: list[Row] = [
    Row("pulse:home", needs=LOGGED_IN),
    Row("pulse:answer", needs=LOGGED_IN, kwargs=open_one, scoped=True),
    Row("pulse:answer", "POST", needs=LOGGED_IN, kwargs=open_one, scoped=True),
    Row("pulse:survey-new", needs=P.MANAGE_SURVEYS),
    Row("pulse:survey-new", "POST", needs=P.MANAGE_SURVEYS),
    Row("pulse:survey", needs=P.MANAGE_SURVEYS, kwargs=ended, scoped=True),
    Row("pulse:survey-open", "POST", needs=P.MANAGE_SURVEYS, kwargs=draft, scoped=True),
    Row("pulse:survey-end", "POST", needs=P.MANAGE_SURVEYS, kwargs=open_one, scoped=True),
    Row("api:list_surveys", needs=P.MANAGE_SURVEYS),
    Row("api:plan_survey", "POST", needs=P.MANAGE_SURVEYS, data=new_survey, scoped=True),
    Row("api:list_my_surveys", needs=LOGGED_IN),
    Row("api:answer_survey", "POST", needs=LOGGED_IN, kwargs=open_one, data=answers, scoped=True),
    Row("api:open_survey", "POST", needs=P.MANAGE_SURVEYS, kwargs=draft, scoped=True),
    Row("api:end_survey", "POST", needs=P.MANAGE_SURVEYS, kwargs=open_one, scoped=True),
    Row("api:get_survey_results", needs=P.MANAGE_SURVEYS, kwargs=ended, scoped=True),
    Row("api:get_survey_trend", needs=P.MANAGE_SURVEYS, kwargs=ended, scoped=True),
]
