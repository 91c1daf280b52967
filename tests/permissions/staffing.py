"""Who may do what with the staffing forecast."""

from __future__ import annotations

import datetime as dt
from typing import Any

from openhtm.identity.rules.permissions import Permission as P
from openhtm.staffing.models import Scenario, ScenarioChange, StaffingProject
from tests.permissions.rows import Row
from tests.permissions.world import World

JANUARY, MARCH = dt.date(2027, 1, 1), dt.date(2027, 3, 1)


def north(world: World) -> dict[str, Any]:
    return {"facility": world.north.code}


def project(world: World) -> dict[str, Any]:
    values = {"hours": 80, "from_on": JANUARY, "until_on": MARCH}
    return {"project_id": StaffingProject.objects.get_or_create(name="New wing", facility=world.north, defaults=values)[0].pk}


def new_project(world: World) -> dict[str, Any]:
    return {"name": "New pumps", "hours": 40, "from_on": "2027-01-01", "until_on": "2027-02-01", "facility": world.north.code}


def scenario(world: World) -> dict[str, Any]:
    return {"uid": Scenario.objects.get_or_create(name="Growth", facility=world.north)[0].uid}


def change(world: World) -> dict[str, Any]:
    of = Scenario.objects.get_or_create(name="Growth", facility=world.north)[0]
    made = ScenarioChange.objects.get_or_create(scenario=of, kind="fleet", from_on=JANUARY, amount=10)[0]
    return {"uid": of.uid, "change_id": made.pk}


def new_change(world: World) -> dict[str, Any]:
    return {"kind": "hire", "from_on": "2027-01-01", "amount": 40}


def overruled(world: World) -> dict[str, Any]:
    return {"key": "productive_fraction", "value": 0.7, "reason": "Long ways", "effective_from": "2027-01-01", "facility": world.north.code}


GATE = P.VIEW_STAFFING
ROWS: list[Row] = [
    Row("staffing:forecast", needs=GATE),
    Row("staffing:people", needs=GATE),
    Row("staffing:repairs", needs=GATE),
    Row("staffing:assumptions", needs=GATE),
    Row("staffing:overrule", needs=GATE, kwargs=lambda world: {"key": "productive_fraction"}),
    Row("staffing:overrule", "POST", needs=GATE, kwargs=lambda world: {"key": "productive_fraction"}),
    Row("staffing:project-list", needs=GATE),
    Row("staffing:project-add", needs=GATE),
    Row("staffing:project-add", "POST", needs=GATE),
    Row("staffing:project-edit", needs=GATE, kwargs=project, scoped=True),
    Row("staffing:project-edit", "POST", needs=GATE, kwargs=project, scoped=True),
    Row("staffing:scenario-list", needs=GATE),
    Row("staffing:scenario-add", needs=GATE),
    Row("staffing:scenario-add", "POST", needs=GATE),
    Row("staffing:scenario", needs=GATE, kwargs=scenario, scoped=True),
    Row("staffing:scenario", "POST", needs=GATE, kwargs=scenario, scoped=True),
    Row("staffing:scenario-end", "POST", needs=GATE, kwargs=scenario, scoped=True),
    Row("staffing:change-remove", "POST", needs=GATE, kwargs=change, scoped=True),
    Row("api:staffing_forecast", needs=GATE, query={"facility": "NORTH"}, ok=(200, 404)),
    Row("api:overrule_assumption", "POST", needs=GATE, data=overruled, ok=(201, 404)),
    Row("api:list_staffing_projects", needs=GATE),
    Row("api:add_staffing_project", "POST", needs=GATE, data=new_project, ok=(201, 404)),
    Row("api:set_staffing_project", "PUT", needs=GATE, kwargs=project, data=new_project, scoped=True),
    Row("api:add_scenario", "POST", needs=GATE, data=lambda world: {"name": "Growth", "facility": world.north.code}, ok=(201, 404)),
    Row("api:get_scenario", needs=GATE, kwargs=scenario, scoped=True),
    Row("api:add_scenario_change", "POST", needs=GATE, kwargs=scenario, data=new_change, scoped=True),
    Row("api:remove_scenario_change", "DELETE", needs=GATE, kwargs=change, scoped=True),
]
