"""Teams and hours, for the pages of this room and the planning above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.workforce.models import StaffHours, StaffMember, Team, TeamMember


def teams_of(user_id: int | None) -> list[int]:
    """Keys of the active teams a person is in. One statement; none for the system."""
    if user_id is None:
        return []
    return list(TeamMember.objects.filter(staff__user_id=user_id, team__active=True).values_list("team_id", flat=True))


def teams(actor: Actor) -> QuerySet[Team]:
    """The teams the actor may see, with ``people``: how many are in each."""
    return Team.objects.visible_to(actor).select_related("facility").annotate(people=Count("members")).order_by("name", "pk")


def hours_in_force(*, on: date, actor: Actor) -> QuerySet[StaffHours]:
    """Each person's line that holds on a day, at facilities where the actor may see people."""
    found = StaffHours.objects.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=on), effective_from__lte=on)
    found = found.filter(staff__in=StaffMember.objects.here_on(on))
    places = actor.facilities_for(Permission.VIEW_PEOPLE)
    if places is not None:
        found = found.filter(Q(facility_id__in=places) | Q(facility__isnull=True, staff__user_id=actor.user_id or 0))
    return found.select_related("staff", "facility").order_by("staff__full_name", "pk")


def skills_on(*, user_id: int, on: date) -> list[str]:
    """Codes of the skills a person had on a day: what is stamped on a result. One statement."""
    line = StaffHours.objects.filter(
        Q(effective_to__isnull=True) | Q(effective_to__gt=on), staff__user_id=user_id, effective_from__lte=on
    ).order_by("-effective_from")
    return list(line.values_list("skills", flat=True).first() or [])


def rate_on(*, user_id: int, on: date) -> int | None:
    """Cost of a person's hour on a day in cents, or None where nobody said. One statement."""
    return (
        StaffHours.objects.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=on), staff__user_id=user_id, effective_from__lte=on)
        .order_by("-effective_from")
        .values_list("loaded_rate_cents", flat=True)
        .first()
    )


@dataclass(frozen=True, slots=True)
class Capacity:
    """Minutes a week that people have: in all, and by skill (a person counts for each of their skills)."""

    weekly_min: int
    by_skill: dict[str, int]
    people: int


def capacity(*, on: date, facility_id: int | None) -> Capacity:
    """What a facility's people (and those who work everywhere) can do in a week. One statement."""
    held = StaffHours.objects.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=on), effective_from__lte=on)
    held = held.filter(staff__in=StaffMember.objects.here_on(on))
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
    held = StaffHours.objects.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=on), effective_from__lte=on)
    held = held.filter(staff__in=StaffMember.objects.here_on(on))
    if people:
        rows = held.filter(staff__user_id__in=people).values_list("staff__user_id", "weekly_min")
    else:
        rows = held.filter(staff__team_memberships__team_id__in=teams).values_list("staff__team_memberships__team_id", "weekly_min")
    found: dict[int, int] = {}
    for key, minutes in rows:
        found[key] = found.get(key, 0) + minutes
    return found
