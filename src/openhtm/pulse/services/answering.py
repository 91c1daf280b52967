"""Answering: the counts of a group go up by one. Nothing else is written, and nothing that could be put together with a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from openhtm.core.errors import DomainError, Invalid
from openhtm.identity.actor import Actor
from openhtm.pulse import queries
from openhtm.pulse.models import Invitation, Survey
from openhtm.pulse.queries import Phase
from openhtm.pulse.rules.questions import DECLINED, Question

# Every row of the survey is written anew, the touched ones with one more: the database's marks of the last change are then the same
# everywhere and tell neither which counts went up nor who answered.
_COUNT = """
UPDATE pulse_answercount
SET count = count + (CASE WHEN group_key = %(group)s AND (question, value) IN (SELECT * FROM unnest(%(codes)s::text[], %(values)s::int[])) THEN 1 ELSE 0 END)
WHERE survey_id = %(survey)s
"""
_TICK = "UPDATE pulse_invitation SET answered = answered OR id = %(invitation)s WHERE survey_id = %(survey)s"


class NotAsked(DomainError):
    """Who is not invited to a survey finds nothing there (404)."""

    code = "not-asked"
    status = 404
    message = "There is no survey here that asks you."


class AnsweredAlready(DomainError):
    """Everybody answers once (409)."""

    code = "answered-already"
    status = 409
    message = "You have answered this survey. Answers cannot be changed: nobody knows which are yours."


class SurveyNotOpen(DomainError):
    """Answers are taken between the first and the last day only (409)."""

    code = "survey-not-open"
    status = 409
    message = "This survey takes answers from {first} to {last} only."


def invitation_of(actor: Actor, uid: UUID) -> Invitation:
    """The actor's invitation. One statement. Raises NotAsked."""
    mine = Invitation.objects.filter(user_id=actor.user_id) if actor.user_id is not None else Invitation.objects.none()
    found = mine.select_related("survey__facility").filter(survey__uid=uid, survey__opened=True).first()
    if found is None:
        raise NotAsked
    return found


def require_open(survey: Survey, *, today: date) -> None:
    """Raise SurveyNotOpen unless answers are taken today."""
    if queries.phase(survey, today) is not Phase.OPEN:
        raise SurveyNotOpen(first=f"{survey.opens_on:%d %b %Y}", last=f"{survey.last_on:%d %b %Y}")


@transaction.atomic
def answer(*, actor: Actor, uid: UUID, answers: Mapping[str, int], today: date) -> None:
    """Count somebody's answers: one to every question, 0 for who prefers not to say. Four statements.

    Raises NotAsked, SurveyNotOpen, AnsweredAlready, Invalid.
    """
    invitation = invitation_of(actor, uid)
    survey = Survey.objects.select_for_update().get(pk=invitation.survey_id)
    require_open(survey, today=today)
    mine = Invitation.objects.get(pk=invitation.pk)
    if mine.answered:
        raise AnsweredAlready
    chosen = _checked(queries.questions_of(survey), answers)
    about: dict[str, Any] = {
        "survey": survey.pk,
        "group": mine.group_key,
        "codes": list(chosen),
        "values": list(chosen.values()),
        "invitation": mine.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, about)
        cursor.execute(_TICK, about)


def _checked(questions: tuple[Question, ...], answers: Mapping[str, int]) -> dict[str, int]:
    known = {question.code: question for question in questions}
    errors = {code: ["There is no such question."] for code in answers if code not in known}
    for code, question in known.items():
        value = answers.get(code)
        if value is None:
            errors[code] = ["Choose an answer, or that you prefer not to say."]
        elif not DECLINED <= value <= len(question.answers):
            errors[code] = [f"Choose 0 to {len(question.answers)}."]
    if errors:
        raise Invalid(errors)
    return {code: answers[code] for code in known}
