"""Surveys for their pages: who is asked, what came out, and the change over the years. Everything told is about whole blocks."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.pulse.models import AnswerCount, Invitation, Survey
from openhtm.pulse.rules.partition import Block, Leaf, blocks, touched, within
from openhtm.pulse.rules.questions import Benchmark, Question, benchmarks, editions
from openhtm.pulse.rules.results import Result, Tally, result
from openhtm.workforce.models import StaffKind, StaffMember, TeamMember

EVERYWHERE, GENERAL = "everywhere", "general"
IN_A_TREND = 12
_NOT_PLACE = re.compile(r"[/+]")
"""Signs that part the names of groups."""
ANY_ZONE = timedelta(hours=14)
"""No clock is further from another's: what may be open somewhere is looked at."""


class Phase(StrEnum):
    DRAFT = "draft"
    WAITING = "waiting"
    OPEN = "open"
    ENDED = "ended"


PHASE_WORDS = {
    Phase.DRAFT: ("hold", "Draft"),
    Phase.WAITING: ("info", "Not open yet"),
    Phase.OPEN: ("ok", "Open"),
    Phase.ENDED: ("hold", "Ended"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who would be asked, and the smallest group they belong to."""

    staff_id: int
    user_id: int
    leaf: Leaf


@dataclass(frozen=True, slots=True)
class Shown:
    """A group that may be shown: its smallest groups, and under which keys its answers are counted."""

    block: Block
    keys: tuple[str, ...]
    invited: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a survey came to within a filter. ``left_out`` answers lie in groups that reach beyond the filter and are not told."""

    survey: Survey
    answered: int
    invited: int
    results: tuple[Result, ...]
    shown: tuple[Shown, ...]
    left_out: bool


@dataclass(frozen=True, slots=True)
class Point:
    """A question in one survey of a row of surveys."""

    survey: Survey
    share: float | None
    said: int


def phase(survey: Survey, today: date) -> Phase:
    """Where a survey stands follows from its days: nothing has to fire for it to end."""
    if not survey.opened:
        return Phase.DRAFT
    if survey.sealed or today >= survey.closes_on:
        return Phase.ENDED
    return Phase.OPEN if today >= survey.opens_on else Phase.WAITING


def day_of(survey: Survey, now: datetime) -> date:
    """The day it is for a survey: as the clocks of its facility show it, of everybody as those of the server."""
    return timezone.localtime(now, ZoneInfo(survey.facility.time_zone) if survey.facility else None).date()


def questions_of(survey: Survey) -> tuple[Question, ...]:
    """The questions as they were asked."""
    return editions()[survey.question_edition].questions


def to_answer(actor: Actor, *, now: datetime) -> list[Invitation]:
    """Invitations of the actor that wait for an answer. One statement."""
    if actor.user_id is None:
        return []
    mine = Invitation.objects.filter(user_id=actor.user_id, answered=False, survey__opened=True, survey__sealed=False)
    first, last = (now - ANY_ZONE).date(), (now + ANY_ZONE).date()
    found = mine.filter(survey__opens_on__lte=last, survey__closes_on__gt=first).select_related("survey__facility")
    return [one for one in found.order_by("survey__closes_on", "pk") if phase(one.survey, day_of(one.survey, now)) is Phase.OPEN]


def audience(facility_id: int | None, *, today: date) -> tuple[list[Asked], int]:
    """Who is asked: in-house staff with an account; and how many in-house people have none. Three statements."""
    staff = StaffMember.objects.here_on(today).filter(kind=StaffKind.IN_HOUSE)
    if facility_id is not None:
        staff = staff.filter(facility_id=facility_id)
    specialty: dict[int, str] = {}
    teams = TeamMember.objects.filter(staff__in=staff, team__active=True).order_by("team__name", "pk")
    for staff_id, name in teams.values_list("staff_id", "team__specialty"):
        specialty.setdefault(staff_id, name)
    asked: list[Asked] = []
    without = 0
    for pk, user_id, active, code in staff.order_by("pk").values_list("pk", "user_id", "user__is_active", "facility__code"):
        if user_id is None or not active:
            without += 1
        else:
            place = _NOT_PLACE.sub("-", code) if code else EVERYWHERE
            asked.append(Asked(pk, user_id, (place, specialty.get(pk, GENERAL))))
    return asked, without


def group_sizes(asked: Sequence[Asked]) -> dict[Leaf, int]:
    """How many people each smallest group has."""
    return dict(Counter(one.leaf for one in asked))


def invited_blocks(survey: Survey, asked: Sequence[Asked]) -> tuple[Block, ...]:
    """The groups answers are counted in: merged before anybody answers, so that none has fewer people than the least group."""
    return blocks(group_sizes(asked), least=survey.least_group)


def answered_of(survey: Survey) -> int:
    """How many people answered so far. One statement."""
    return survey.invitations.filter(answered=True).count() if survey.answered is None else survey.answered


def shown(surveys: Sequence[Survey]) -> dict[int, tuple[Shown, ...]]:
    """The groups that may be shown of surveys that ended, by survey. One statement where one is not sealed yet, else none."""
    found = {one.pk: tuple(_stored(entry) for entry in one.blocks) for one in surveys if one.sealed}
    return found | final([one for one in surveys if not one.sealed])


def final(surveys: Sequence[Survey]) -> dict[int, tuple[Shown, ...]]:
    """The groups by the answers that were given. A group of invitations is never taken apart. One statement or none."""
    if not surveys:
        return {}
    counted: dict[int, dict[Leaf, tuple[int, int]]] = {one.pk: {} for one in surveys}
    rows = Invitation.objects.filter(survey__in=surveys).order_by().values_list("survey_id", "group_key")
    for survey_id, key, answered, invited in rows.annotate(n=Count("pk", filter=Q(answered=True)), m=Count("pk")):
        counted[survey_id][atom_of(key)] = answered, invited
    return {one.pk: _final(counted[one.pk], one.least_group) for one in surveys}


def _final(counted: dict[Leaf, tuple[int, int]], least: int) -> tuple[Shown, ...]:
    found = blocks({atom: answered for atom, (answered, _) in counted.items()}, least=least)
    return tuple(
        Shown(
            Block(block.label, frozenset(leaf for atom in block.leaves for leaf in leaves_of(atom[-1])), block.answers),
            tuple(sorted(atom[-1] for atom in block.leaves)),
            sum(counted[atom][1] for atom in block.leaves),
        )
        for block in found
    )


def atom_of(key: str) -> Leaf:
    """A group of invitations as a leaf below the narrowest place that holds all of it."""
    common: list[str] = []
    for parts in zip(*leaves_of(key), strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return (*common, key)


def leaves_of(key: str) -> list[Leaf]:
    """The smallest groups that a key names."""
    return [tuple(part.split("/")) for part in key.split("+")]


def filters(found: Sequence[Shown]) -> tuple[list[str], list[str]]:
    """Facilities and specialties of which at least one whole group may be shown."""
    leaves = [leaf for one in found for leaf in one.block.leaves]
    every = [one.block for one in found]
    return (
        [place for place in sorted({leaf[0] for leaf in leaves}) if within(every, {0: place})],
        [skill for skill in sorted({leaf[1] for leaf in leaves}) if within(every, {1: skill})],
    )


def outcome(survey: Survey, *, facility: str = "", specialty: str = "", today: date) -> Outcome | None:
    """What came out, for all or within a filter; None while people can still answer. Two or three statements."""
    if phase(survey, today) is not Phase.ENDED:
        return None
    inside, left_out = _within(shown([survey])[survey.pk], facility, specialty)
    results = _results(survey, inside, _tallies([survey])[survey.pk]) if inside else ()
    answered, invited = sum(one.block.answers for one in inside), sum(one.invited for one in inside)
    return Outcome(survey, answered, invited, results, inside, left_out)


def trend(surveys: Sequence[Survey], *, facility: str = "", specialty: str = "", today: date) -> dict[str, list[Point]]:
    """Each question through the surveys that ended, the oldest first. One or two statements for any number."""
    ended = sorted((one for one in surveys if phase(one, today) is Phase.ENDED), key=lambda one: (one.closes_on, one.pk))
    found, tallies = shown(ended), _tallies(ended)
    rows: dict[str, list[Point]] = defaultdict(list)
    for survey in ended:
        inside, _ = _within(found[survey.pk], facility, specialty)
        for one in _results(survey, inside, tallies[survey.pk]) if inside else ():
            rows[one.question.code].append(Point(survey, one.favourable, one.said))
    return dict(rows)


def context_for(question: str) -> list[Benchmark]:
    """Published figures to set beside a question."""
    return [one for one in benchmarks() if one.question == question]


def same_audience(survey: Survey, *, today: date) -> list[Survey]:
    """This survey and those before it that ended and asked the same facility, the newest first. One statement."""
    before = Q(closes_on__lt=survey.closes_on) | Q(closes_on=survey.closes_on, pk__lte=survey.pk)
    same = Q(facility__isnull=True) if survey.facility_id is None else Q(facility_id=survey.facility_id)
    found = Survey.objects.filter(same, before, opened=True)
    return list(found.filter(Q(sealed=True) | Q(closes_on__lte=today)).order_by("-closes_on", "-pk")[:IN_A_TREND])


def _within(found: Sequence[Shown], facility: str, specialty: str) -> tuple[tuple[Shown, ...], bool]:
    """The groups that lie wholly within a filter, and whether a part of another does."""
    asked = {place: value for place, value in ((0, facility), (1, specialty)) if value}
    every = [one.block for one in found]
    inside = set(within(every, asked))
    return tuple(one for one in found if one.block in inside), bool(touched(every, asked))


def _results(survey: Survey, inside: Sequence[Shown], tally: Tally) -> tuple[Result, ...]:
    keys = [key for one in inside for key in one.keys]
    return tuple(result(question, keys, tally) for question in questions_of(survey))


def _tallies(surveys: Sequence[Survey]) -> dict[int, dict[tuple[str, str, int], int]]:
    found: dict[int, dict[tuple[str, str, int], int]] = {one.pk: {} for one in surveys}
    rows = AnswerCount.objects.filter(survey__in=surveys).order_by()
    for survey_id, group, question, value, count in rows.values_list("survey_id", "group_key", "question", "value", "count"):
        found[survey_id][group, question, value] = count
    return found


def _stored(entry: dict[str, Any]) -> Shown:
    leaves = frozenset(tuple(leaf) for leaf in entry["leaves"])
    return Shown(Block(tuple(entry["label"]), leaves, int(entry["answers"])), (entry["key"],), int(entry["invited"]))
