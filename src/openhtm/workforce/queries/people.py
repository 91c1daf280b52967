"""People for lists and for their own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.workforce.models import CareerRole, Credential, StaffKind, StaffMember, TeamMember
from openhtm.workforce.queries.credentials import IN_PRACTICE, CredentialStanding, credentials_on, holding_on

LEAVING_DAYS = 365
STATES = {"here": "Working here", "leaving": "Leaving within a year", "left": "Left"}


@dataclass(frozen=True, slots=True)
class StaffFilters:
    """What a list is narrowed to. Codes that do not exist narrow nothing."""

    q: str = ""
    kind: str = ""
    role: str = ""
    facility: str = ""
    team: str = ""
    programme: str = ""
    state: str = "here"


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A person of a list with their teams and what they are certified for today."""

    staff: StaffMember
    teams: list[str]
    credentials: list[CredentialStanding]


def staff_list(actor: Actor, filters: StaffFilters, *, on: date) -> QuerySet[StaffMember]:
    """The people the actor may see, narrowed."""
    found = StaffMember.objects.visible_to(actor).select_related("facility", "provider")
    if filters.q:
        found = found.filter(Q(full_name__icontains=filters.q) | Q(job_title__icontains=filters.q))
    if filters.kind in StaffKind.values:
        found = found.filter(kind=filters.kind)
    if filters.role in CareerRole.values:
        found = found.filter(career_role=filters.role)
    if filters.facility:
        found = found.filter(facility__code__iexact=filters.facility)
    if filters.team.isdecimal() and len(filters.team) < 18:
        found = found.filter(team_memberships__team_id=int(filters.team))
    if filters.programme:
        found = found.filter(pk__in=_holders(filters.programme, on))
    return found.filter(_in_state(filters.state, on))


def rows_of(people: list[StaffMember], *, on: date) -> list[StaffRow]:
    """The people of a page with teams and certifications. Two statements for any number."""
    ids = [one.pk for one in people]
    held = credentials_on(ids, on)
    teams: dict[int, list[str]] = {pk: [] for pk in ids}
    members = TeamMember.objects.filter(staff_id__in=ids, team__active=True).order_by("team__name")
    for staff_id, name in members.values_list("staff_id", "team__name"):
        teams[staff_id].append(name)
    return [StaffRow(one, teams[one.pk], held[one.pk]) for one in people]


def _holders(programme: str, on: date) -> QuerySet[Credential]:
    held = Credential.objects.filter(holding_on(on), programme=programme, tier__in=IN_PRACTICE)
    return held.values("staff_id")  # type: ignore[return-value]  # a subquery of keys


def _in_state(state: str, on: date) -> Q:
    here = Q(leaves_on__isnull=True) | Q(leaves_on__gt=on)
    return {
        "here": here,
        "leaving": Q(leaves_on__gt=on, leaves_on__lte=on + timedelta(days=LEAVING_DAYS)),
        "left": Q(leaves_on__lte=on),
    }.get(state, Q())
