"""Who may do what with teams and hours."""

from __future__ import annotations

from typing import Any

from openhtm.identity.rules.permissions import Permission as P
from openhtm.workforce.models import Team
from openhtm.workforce.tests.factories import staff_of
from tests.permissions.rows import Row
from tests.permissions.world import World


def team(world: World) -> dict[str, Any]:
    return {"team_id": Team.objects.get_or_create(name="Imaging", facility=world.north)[0].pk}


def new_team(world: World) -> dict[str, Any]:
    return {"name": "Laboratory", "facility": world.north.code}


def hours(world: World) -> dict[str, Any]:
    return {"staff_id": staff_of(world.chen).pk, "weekly_min": 1800, "effective_from": "2026-01-05", "facility": world.north.code}


ROWS: list[Row] = [
    Row("workforce:team-list", needs=P.VIEW_SCHEDULES),
    Row("workforce:team-add", needs=P.MANAGE_TEAMS),
    Row("workforce:team-add", "POST", needs=P.MANAGE_TEAMS),
    Row("workforce:team", needs=P.VIEW_SCHEDULES, kwargs=team, scoped=True),
    Row("workforce:team", "POST", needs=P.MANAGE_TEAMS, kwargs=team, scoped=True),
    Row("workforce:hours-list", needs=P.VIEW_SCHEDULES),
    Row("workforce:hours-set", needs=P.MANAGE_TEAMS),
    Row("workforce:hours-set", "POST", needs=P.MANAGE_TEAMS),
    Row("api:list_teams", needs=P.VIEW_SCHEDULES),
    Row("api:add_team", "POST", needs=P.MANAGE_TEAMS, data=new_team, ok=(201, 404)),
    Row("api:update_team", "PATCH", needs=P.MANAGE_TEAMS, kwargs=team, scoped=True),
    Row("api:set_team_members", "PUT", needs=P.MANAGE_TEAMS, kwargs=team, data=lambda world: {"staff_ids": []}, scoped=True),
    Row("api:list_skills", needs=P.VIEW_SCHEDULES),
    Row("api:list_staff_hours", needs=P.VIEW_SCHEDULES, query={"on": "2026-01-05"}),
    Row("api:set_staff_hours", "POST", needs=P.MANAGE_TEAMS, data=hours, ok=(200, 404, 422)),
]
