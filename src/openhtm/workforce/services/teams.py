"""Teams and who is in them; hours people have for work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.workforce.models import ShiftPattern, Skill, Specialty, StaffHours, StaffMember, Team, TeamMember
from openhtm.workforce.services.access import found_staff, require_at_staff
from openhtm.workforce.services.days import refuse_wrong_days


@transaction.atomic
def add_team(*, actor: Actor, name: str, facility_id: int | None, specialty: str = Specialty.GENERAL) -> Team:
    """Add a team at a facility (None: works everywhere). Raises NotAllowed, Facility.DoesNotExist, Conflict, Invalid."""
    _require(actor, facility_id)
    if facility_id is not None:
        Facility.objects.visible_to(actor).get(pk=facility_id)
    with refuse_readably():
        return Team.objects.create(name=_name(name), facility_id=facility_id, specialty=_specialty(specialty))


@transaction.atomic
def update_team(*, actor: Actor, team_id: int, name: str | None = None, active: bool | None = None, specialty: str | None = None) -> Team:
    """Rename a team, say what it knows best, or take it out of use. Raises Team.DoesNotExist, NotAllowed, Invalid."""
    team = Team.objects.visible_to(actor).select_for_update().get(pk=team_id)
    _require(actor, team.facility_id)
    team.name = team.name if name is None else _name(name)
    team.active = team.active if active is None else active
    team.specialty = team.specialty if specialty is None else _specialty(specialty)
    with refuse_readably():
        team.save(update_fields=["name", "active", "specialty"])
    return team


@transaction.atomic
def set_members(*, actor: Actor, team_id: int, staff_ids: Sequence[int], lead_ids: Sequence[int] = ()) -> int:
    """Make the team consist of exactly these people. Returns how many. Raises Team.DoesNotExist, NotAllowed, Invalid."""
    team = Team.objects.visible_to(actor).select_for_update().get(pk=team_id)
    _require(actor, team.facility_id)
    wanted = set(staff_ids)
    known = set(StaffMember.objects.visible_to(actor).working().filter(pk__in=wanted).values_list("pk", flat=True))
    if strangers := wanted - known:
        raise Invalid({"members": [f"There is no person {min(strangers)} that you can see."]})
    TeamMember.objects.filter(team=team).exclude(staff_id__in=wanted).delete()
    TeamMember.objects.bulk_create(
        [TeamMember(team=team, staff_id=staff_id, lead=staff_id in set(lead_ids)) for staff_id in sorted(wanted)],
        update_conflicts=True,
        unique_fields=["team", "staff"],
        update_fields=["lead"],
    )
    return len(wanted)


@transaction.atomic
def set_hours(
    *,
    actor: Actor,
    staff_id: int,
    weekly_min: int,
    effective_from: date,
    facility_id: int | None = None,
    loaded_rate_cents: int | None = None,
    paid_weekly_min: int | None = None,
    shift_id: int | None = None,
    skills: Sequence[str] = (),
) -> StaffHours:
    """Say from which day on a person has so many minutes a week, up to the next line known; the line before ends there.

    Needs the right where the hours count and where the person works. Raises StaffMember.DoesNotExist, NotAllowed, Invalid.
    """
    _require(actor, facility_id)
    person = found_staff(actor, staff_id, lock=True)
    require_at_staff(actor, Permission.MANAGE_TEAMS, person)
    refuse_wrong_days(today=timezone.localdate(), effective_from=effective_from)
    unknown = set(skills) - set(Skill.objects.filter(active=True, code__in=skills).values_list("code", flat=True))
    if unknown:
        raise Invalid({"skills": [f"There is no skill {min(unknown)}."]})
    if shift_id is not None and not ShiftPattern.objects.filter(pk=shift_id, active=True).exists():
        raise Invalid({"shift": ["Choose a shift from the list."]})
    lines = StaffHours.objects.filter(staff=person)
    following = lines.filter(effective_from__gt=effective_from).aggregate(day=Min("effective_from"))["day"]
    lines.in_force(effective_from).filter(effective_from__lt=effective_from).update(effective_to=effective_from)
    values: dict[str, Any] = {
        "facility_id": facility_id, "weekly_min": weekly_min, "loaded_rate_cents": loaded_rate_cents, "skills": sorted(set(skills)),
        "paid_weekly_min": paid_weekly_min, "shift_id": shift_id, "effective_to": following,
    }  # fmt: skip
    with refuse_readably():
        return StaffHours.objects.update_or_create(staff=person, effective_from=effective_from, defaults=values)[0]


def _require(actor: Actor, facility_id: int | None) -> None:
    if facility_id is None:
        require_everywhere(actor, Permission.MANAGE_TEAMS)
    else:
        require(actor, Permission.MANAGE_TEAMS, at=facility_id)


def _specialty(code: str) -> str:
    if code not in Specialty.values:
        raise Invalid({"specialty": [f"Choose one of: {', '.join(Specialty.values)}."]})
    return code


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > 80:
        raise Invalid({"name": ["Give a name of 1 to 80 characters."]})
    return name
