"""Who may get work: people with the right to do it there, teams of that place, companies we work with."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from django.db.models import Q

from openhtm.core.errors import Invalid
from openhtm.identity.models import RoleAssignment
from openhtm.sites.models import ServiceProvider
from openhtm.workforce.models import Team
from openhtm.workorders.rules.people import WORKING_ROLES


def refuse_strange_assignees(
    *, user_ids: Set[tuple[int, int]] = frozenset(), team_ids: Set[tuple[int, int]] = frozenset(), provider_ids: Set[int] = frozenset(),
    now: datetime,
) -> None:  # fmt: skip
    """Raise Invalid if a person, team (each with the facility of the order) or provider cannot get work there. Up to three statements."""
    errors: dict[str, list[str]] = {}
    if user_ids and _people_elsewhere(user_ids, now):
        errors["assigned_user"] = ["Choose somebody who works on orders at this facility."]
    if team_ids:
        found = dict(Team.objects.filter(pk__in={team for team, _ in team_ids}, active=True).values_list("pk", "facility_id"))
        if any(team not in found or found[team] not in (None, facility) for team, facility in team_ids):
            errors["assigned_team"] = ["Choose a team of this facility."]
    if provider_ids and ServiceProvider.objects.filter(pk__in=provider_ids, active=True).count() < len(provider_ids):
        errors["assigned_provider"] = ["Choose a service provider from the list."]
    if errors:
        raise Invalid(errors)


def _people_elsewhere(wanted: Set[tuple[int, int]], now: datetime) -> bool:
    valid = Q(valid_until__isnull=True) | Q(valid_until__gt=now)
    held = RoleAssignment.objects.filter(valid, user_id__in={user for user, _ in wanted}, user__is_active=True, role__in=WORKING_ROLES)
    places: dict[int, set[int | None]] = {}
    for user, facility in held.values_list("user_id", "facility_id"):
        places.setdefault(user, set()).add(facility)
    return any(not {None, facility} & places.get(user, set()) for user, facility in wanted)
