"""Teams and hours, for the pages of this room and the planning above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.workforce.models import StaffHours, Team
from openhtm.workforce.queries.credentials import CredentialStanding as CredentialStanding
from openhtm.workforce.queries.credentials import credentials_on as credentials_on


def teams(actor: Actor) -> QuerySet[Team]:
    """The teams the actor may see, with ``people``: how many are in each."""
    return Team.objects.visible_to(actor).select_related("facility").annotate(people=Count("members")).order_by("name", "pk")


def hours_in_force(*, on: date, actor: Actor) -> QuerySet[StaffHours]:
    """Each person's line that holds on a day, at facilities where the actor may see people."""
    found = StaffHours.objects.of_people_here(on)
    places = actor.facilities_for(Permission.VIEW_PEOPLE)
    if places is not None:
        found = found.filter(Q(facility_id__in=places) | Q(facility__isnull=True, staff__user_id=actor.user_id or 0))
    return found.select_related("staff", "facility").order_by("staff__full_name", "pk")


def skills_on(*, user_id: int, on: date) -> list[str]:
    """Codes of the skills a person had on a day: what is stamped on a result. One statement."""
    return list(_line_of(user_id, on).values_list("skills", flat=True).first() or [])


def rate_on(*, user_id: int, on: date) -> int | None:
    """Cost of a person's hour on a day in cents, or None where nobody said. One statement."""
    return _line_of(user_id, on).values_list("loaded_rate_cents", flat=True).first()


def _line_of(user_id: int, on: date) -> QuerySet[StaffHours]:
    return StaffHours.objects.in_force(on).filter(staff__user_id=user_id).order_by("-effective_from")


@dataclass(frozen=True, slots=True)
class Capacity:
    """Minutes a week that people have: in all, and by skill (a person counts for each of their skills)."""

    weekly_min: int
    by_skill: dict[str, int]
    people: int


def capacity(*, on: date, facility_id: int | None) -> Capacity:
    """What a facility's people (and those who work everywhere) can do in a week. One statement."""
    held = StaffHours.objects.of_people_here(on)
    if facility_id is not None:
        held = held.filter(Q(facility_id=facility_id) | Q(facility__isnull=True))
    by_skill: dict[str, int] = {}
    total = people = 0
    for minutes, skills in held.values_list("weekly_min", "skills"):
        total, people = total + minutes, people + 1
        for skill in skills:
            by_skill[skill] = by_skill.get(skill, 0) + minutes
    return Capacity(total, by_skill, people)


def weekly_min_by(*, on: date, people: Sequence[int] = (), teams: Sequence[int] = ()) -> dict[int, int]:
    """Minutes a week by person, or by team (all its members); those for whom nobody entered hours are left out. One statement."""
    if not (people or teams):
        return {}
    held = StaffHours.objects.of_people_here(on)
    if people:
        rows = held.filter(staff__user_id__in=people).values_list("staff__user_id", "weekly_min")
    else:
        rows = held.filter(staff__team_memberships__team_id__in=teams).values_list("staff__team_memberships__team_id", "weekly_min")
    found: dict[int, int] = {}
    for key, minutes in rows:
        found[key] = found.get(key, 0) + minutes
    return found
