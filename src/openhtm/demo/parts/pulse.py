"""The staff survey: three years of it, each sealed, with what people of a hospital might say. No answer belongs to anybody."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from openhtm.demo.parts.demo import Demo
from openhtm.demo.rules.chance import Chance
from openhtm.pulse import queries
from openhtm.pulse.models import AnswerCount, Invitation, Survey
from openhtm.pulse.rules.questions import edition_on, rules
from openhtm.pulse.rules.results import key_of
from openhtm.pulse.services.surveys import seal_next

YEARS = 3
TAKES_PART = 0.86
DECLINES = 0.05
MOOD = {
    "pay": 0.42,
    "pay_fair": 0.4,
    "tools": 0.62,
    "parts": 0.45,
    "learning": 0.5,
    "load": 0.38,
    "interruptions": 0.3,
    "on_call": 0.5,
    "safe": 0.78,
    "speak_up": 0.7,
}
"""The chance of a favourable answer in the first year."""
DRIFT = {"pay": 0.05, "tools": 0.04, "parts": 0.03, "load": -0.04, "interruptions": -0.02, "learning": 0.06}
"""How it changes from year to year."""


def build(demo: Demo) -> None:
    """Add three surveys that ended. A dozen statements for each."""
    for back in range(YEARS, 0, -1):
        _year(demo, back)
    demo.counts["surveys"] = YEARS


def _year(demo: Demo, back: int) -> None:
    """One survey in spring, so that its people may be asked again now."""
    closes = demo.as_of - dt.timedelta(days=365 * back - 120)
    opens, chance = closes - dt.timedelta(days=21), demo.chance("survey", back)
    known = rules()
    survey = Survey(
        title=f"Staff survey {opens.year}", opens_on=opens, closes_on=closes, least_group=known.least_group, rules_edition=known.edition,
        question_edition=edition_on(opens).edition, opened=True,
    )  # fmt: skip
    asked, _ = queries.audience(None, today=demo.as_of)
    group_of = {leaf: key_of(block) for block in queries.invited_blocks(survey, asked) for leaf in block.leaves}
    if not group_of:
        return
    survey.invited = len(asked)
    survey.save()
    invitations = [
        Invitation(
            survey=survey, staff_id=one.staff_id, user_id=one.user_id, group_key=group_of[one.leaf], answered=chance.random() < TAKES_PART
        )
        for one in asked
    ]
    Invitation.objects.bulk_create(invitations)
    AnswerCount.objects.bulk_create(_counts(survey, invitations, chance, YEARS - back))
    seal_next(now=dt.datetime.combine(demo.as_of, dt.time(12), tzinfo=dt.UTC))


def _counts(survey: Survey, invitations: list[Invitation], chance: Chance, year: int) -> list[AnswerCount]:
    said: Counter[tuple[str, str, int]] = Counter()
    for one in invitations:
        for question in queries.questions_of(survey) if one.answered else ():
            said[one.group_key, question.code, _answer(question.code, chance, year)] += 1
    return [
        AnswerCount(survey=survey, group_key=group, question=code, value=value, count=count) for (group, code, value), count in said.items()
    ]


def _answer(code: str, chance: Chance, year: int) -> int:
    if chance.random() < DECLINES:
        return 0
    if chance.random() < MOOD[code] + year * DRIFT.get(code, 0.0):
        return 1 if chance.random() < 0.35 else 2
    return chance.pick((3, 3, 4, 4, 5))
