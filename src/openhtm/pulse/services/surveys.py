"""Surveys: planned, opened, ended. Opening invites; the end merges counts into the groups that may be shown, for good."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.urls import reverse

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.notices.services import Message, tell_many
from openhtm.pulse import queries
from openhtm.pulse.models import AnswerCount, Invitation, Survey
from openhtm.pulse.queries import Shown
from openhtm.pulse.rules.questions import DECLINED, edition_on, rules
from openhtm.pulse.rules.results import key_of
from openhtm.sites.models import Facility

FURTHEST_AHEAD = timedelta(days=366)
REMIND_DAYS = 3
_chance = secrets.SystemRandom()


class TooFewToBeAnonymous(DomainError):
    """A survey asks fewer people than the least group (422)."""

    code = "too-few-to-be-anonymous"
    message = "Only {asked} people with an account would be asked; {least} are needed so that nobody can be told by their answers. Ask a larger circle."


class AskedTooSoon(DomainError):
    """Two surveys of the same people so close together could be subtracted from each other (409)."""

    code = "asked-too-soon"
    status = 409
    message = (
        "{title} asks or asked some of the same people. Open this one from {day} on: two surveys close together tell who joined or left."
    )


class WrongPhase(DomainError):
    """The survey is not in the state in which this is possible (409)."""

    code = "survey-phase"
    status = 409
    message = "This survey is {phase}; this is not possible now."


@transaction.atomic
def plan_survey(*, actor: Actor, title: str, facility_id: int | None, opens_on: date, closes_on: date, today: date) -> Survey:
    """Plan a survey with the questions and the rules in force. Raises NotAllowed, Facility.DoesNotExist, Invalid."""
    if facility_id is not None:
        facility_id = Facility.objects.visible_to(actor).get(pk=facility_id).pk
    _require(actor, facility_id)
    known, name = rules(), " ".join(title.replace("\0", "").split())
    errors: dict[str, list[str]] = {}
    if not name or len(name) > 120:
        errors["title"] = ["Give a title of 1 to 120 characters."]
    if not today <= opens_on <= today + FURTHEST_AHEAD:
        errors["opens_on"] = ["Give a day from today on, within a year."]
    if not 1 <= (closes_on - opens_on).days <= known.longest_days:
        errors["closes_on"] = [f"It ends 1 to {known.longest_days} days after it opens."]
    if errors:
        raise Invalid(errors)
    with refuse_readably():
        return Survey.objects.create(
            title=name, facility_id=facility_id, opens_on=opens_on, closes_on=closes_on, least_group=known.least_group,
            rules_edition=known.edition, question_edition=edition_on(opens_on).edition,
        )  # fmt: skip


@transaction.atomic
def open_survey(*, actor: Actor, uid: UUID, today: date, now: datetime) -> Survey:
    """Invite everybody who is asked. Refused where fewer than the least group are, or the same people were asked a short while ago.

    Nine statements for any number of people. Raises Survey.DoesNotExist, NotAllowed, WrongPhase, TooFewToBeAnonymous, AskedTooSoon, Invalid.
    """
    survey = managed_survey(actor, uid)
    if survey.opened:
        raise WrongPhase(phase=queries.phase(survey, today))
    if today >= survey.closes_on:
        raise Invalid({"closes_on": ["Its last day is over. Plan it afresh."]})
    _one_at_a_time()
    asked, _ = queries.audience(survey.facility_id, today=today)
    if len(asked) < survey.least_group:
        raise TooFewToBeAnonymous(asked=len(asked), least=survey.least_group)
    _refuse_too_soon(survey, [one.staff_id for one in asked])
    group_of = {leaf: key_of(block) for block in queries.invited_blocks(survey, asked) for leaf in block.leaves}
    invitations = [Invitation(survey=survey, staff_id=one.staff_id, user_id=one.user_id, group_key=group_of[one.leaf]) for one in asked]
    _chance.shuffle(invitations)
    Invitation.objects.bulk_create(invitations)
    _begin_counts(survey, sorted(set(group_of.values())))
    survey.opened, survey.invited = True, len(invitations)
    survey.save(update_fields=["opened", "invited"])
    tell_many([_told(survey, one.user_id) for one in invitations], now=now)
    return survey


@transaction.atomic
def end_survey(*, actor: Actor, uid: UUID, today: date) -> Survey:
    """End a survey that is open, for good. Raises Survey.DoesNotExist, NotAllowed, WrongPhase."""
    survey = managed_survey(actor, uid)
    if not survey.opened or survey.sealed:
        raise WrongPhase(phase=queries.phase(survey, today))
    if today < survey.closes_on:
        survey.closes_on = max(today, survey.opens_on + timedelta(days=1))
        survey.save(update_fields=["closes_on"])
    _seal(survey)
    return survey


@transaction.atomic
def seal_next(*, now: datetime) -> bool:
    """Seal the survey whose last day was over first; True if there was one. What is shown does not wait for it."""
    waiting = Survey.objects.select_related("facility").select_for_update(of=("self",)).filter(opened=True, sealed=False)
    near = waiting.filter(closes_on__lte=(now + queries.ANY_ZONE).date()).order_by("closes_on", "pk")
    ended = next((one for one in near if queries.day_of(one, now) >= one.closes_on), None)
    if ended is None:
        return False
    _seal(ended)
    return True


@transaction.atomic
def remind_before_end(*, today: date, now: datetime) -> int:
    """Remind everybody who was asked, whether they answered or not: a reminder for some would tell who did. Returns how many."""
    soon = Survey.objects.filter(
        opened=True, sealed=False, opens_on__lte=today, closes_on__gt=today, closes_on__lte=today + timedelta(days=REMIND_DAYS)
    )
    found = Invitation.objects.filter(survey__in=soon).select_related("survey").order_by("pk")
    return tell_many([_told(one.survey, one.user_id, again=True) for one in found], now=now)


def managed_survey(actor: Actor, uid: UUID) -> Survey:
    """A survey the actor may hold, locked. Raises Survey.DoesNotExist, NotAllowed."""
    require(actor, Permission.MANAGE_SURVEYS)
    return Survey.objects.managed_by(actor).select_for_update().get(uid=uid)


def _require(actor: Actor, facility_id: int | None) -> None:
    if facility_id is None:
        require_everywhere(actor, Permission.MANAGE_SURVEYS)
    else:
        require(actor, Permission.MANAGE_SURVEYS, at=facility_id)


def _one_at_a_time() -> None:
    """Wait until nobody else opens a survey: two opened at once would not see each other's people. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('openhtm.pulse.opening'))")


def _refuse_too_soon(survey: Survey, staff_ids: list[int]) -> None:
    between = timedelta(days=rules().days_between)
    other = (
        Survey.objects.filter(opened=True, closes_on__gt=survey.opens_on - between, invitations__staff__in=staff_ids)
        .exclude(pk=survey.pk)
        .order_by("-closes_on")
        .first()
    )
    if other is not None:
        raise AskedTooSoon(title=other.title, day=f"{other.closes_on + between:%d %b %Y}")


def _begin_counts(survey: Survey, groups: list[str]) -> None:
    """All counts begin at nothing, in random order: which answers were given first is never to be seen."""
    rows = [
        AnswerCount(survey=survey, group_key=group, question=question.code, value=value)
        for group in groups
        for question in queries.questions_of(survey)
        for value in range(DECLINED, len(question.answers) + 1)
    ]
    _chance.shuffle(rows)
    AnswerCount.objects.bulk_create(rows)


def _seal(survey: Survey) -> None:
    """Merge the counts into the groups that may be shown; the finer ones are gone. Seven statements."""
    found = queries.final([survey])[survey.pk]
    of_group = {key: key_of(one.block) for one in found for key in one.keys}
    merged: Counter[tuple[str, str, int]] = Counter()
    for group, question, value, count in survey.counts.order_by().values_list("group_key", "question", "value", "count"):
        if group in of_group:
            merged[of_group[group], question, value] += count
    survey.counts.all().delete()
    rows = [AnswerCount(survey=survey, group_key=group, question=code, value=value, count=n) for (group, code, value), n in merged.items()]
    _chance.shuffle(rows)
    AnswerCount.objects.bulk_create(rows)
    survey.answered = survey.invitations.filter(answered=True).count()
    survey.blocks, survey.sealed = [_entry(one) for one in found], True
    survey.save(update_fields=["answered", "blocks", "sealed"])


def _entry(one: Shown) -> dict[str, object]:
    block = one.block
    leaves = [list(leaf) for leaf in sorted(block.leaves)]
    return {"key": key_of(block), "label": list(block.label), "leaves": leaves, "answers": block.answers, "invited": one.invited}


def _told(survey: Survey, user_id: int, *, again: bool = False) -> Message:
    return Message(
        key=f"survey-{'ends' if again else 'open'}:{survey.uid}:{user_id}",
        kind="survey",
        subject=f"{survey.title}: {'ends on' if again else 'open until'} {survey.last_on:%d %b %Y}",
        text="It is anonymous: your answers raise counts of a group and are stored nowhere else. If you have answered, there is nothing to do.",
        url=reverse("pulse:answer", args=[survey.uid]),
        user_id=user_id,
    )
