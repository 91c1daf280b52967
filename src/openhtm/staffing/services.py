"""Assumptions, projects and scenarios of the forecast: the only writers."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.staffing.models import AssumptionOverride, Scenario, ScenarioChange, StaffingProject
from openhtm.staffing.rules.assumptions import Assumption, shipped
from openhtm.staffing.rules.scenario import ChangeKind
from openhtm.workforce.models import Skill, StaffMember

MOST_CHANGES = 50


@transaction.atomic
def overrule_assumption(
    *, actor: Actor, key: str, value: float | None, reason: str, effective_from: date, facility_id: int | None = None
) -> AssumptionOverride:
    """Put ``value`` in place of a shipped assumption from a day on; None: the shipped value holds again. Nothing is overwritten.

    Raises NotAllowed, Facility.DoesNotExist, Invalid.
    """
    _require(actor, facility_id)
    known = _assumption(key)
    if not reason.strip() or len(reason) > 400:
        raise Invalid({"reason": ["Say in up to 400 characters why another value is right here."]})
    if value is not None and not (math.isfinite(value) and known.low <= value <= known.high):
        raise Invalid({"value": [f"{known.label} must lie between {known.low:g} and {known.high:g} {known.unit}."]})
    if value is not None and known.unit == "months" and value != int(value):
        raise Invalid({"value": ["Give whole months: repairs are counted by the month."]})
    return AssumptionOverride.objects.create(
        key=key, facility_id=facility_id, value=Decimal(str(round(known.value if value is None else value, 3))), withdrawn=value is None,
        reason=reason.strip(), effective_from=effective_from, set_by_id=actor.user_id,
    )  # fmt: skip


@transaction.atomic
def save_project(
    *, actor: Actor, name: str, hours: int, from_on: date, until_on: date, skill: str = "", note: str = "", facility_id: int | None = None,
    project_id: int | None = None, active: bool = True,
) -> StaffingProject:  # fmt: skip
    """Add a project or change one. Raises NotAllowed, StaffingProject.DoesNotExist, Invalid, Conflict."""
    _require(actor, facility_id)
    project = StaffingProject()
    if project_id is not None:
        project = StaffingProject.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=project_id)  # type: ignore[assignment]
        _require(actor, project.facility_id)
    if not 1 <= hours <= 1_000_000:
        raise Invalid({"hours": ["A project takes 1 to 1,000,000 hours."]})
    project.name, project.hours, project.from_on, project.until_on = _name(name), hours, from_on, until_on
    project.skill, project.note, project.facility_id, project.active = _skill(skill), note.strip()[:400], facility_id, active
    with refuse_readably():
        project.save()
    return project


@transaction.atomic
def add_scenario(*, actor: Actor, name: str, facility_id: int | None = None) -> Scenario:
    """Begin a scenario without changes. Raises NotAllowed, Facility.DoesNotExist, Invalid."""
    _require(actor, facility_id)
    return Scenario.objects.create(name=_name(name), facility_id=facility_id, made_by_id=actor.user_id)


@transaction.atomic
def add_change(
    *, actor: Actor, uid: Any, kind: str, from_on: date, amount: float = 0, skill: str = "", staff_id: int | None = None
) -> ScenarioChange:
    """Add a change to a scenario. Raises Scenario.DoesNotExist, StaffMember.DoesNotExist, NotAllowed, Invalid, Conflict."""
    scenario = _scenario(actor, uid)
    if kind not in set(ChangeKind):
        raise Invalid({"kind": [f"Choose one of: {', '.join(ChangeKind)}."]})
    if not math.isfinite(amount) or abs(amount) > 1000:
        raise Invalid({"amount": ["Give a number from -100 to 1,000."]})
    if scenario.changes.count() >= MOST_CHANGES:
        raise Invalid({"": [f"A scenario holds at most {MOST_CHANGES} changes."]})
    leaver = StaffMember.objects.visible_to(actor).get(pk=staff_id) if staff_id is not None else None
    with refuse_readably():
        return ScenarioChange.objects.create(
            scenario=scenario, kind=kind, from_on=from_on, amount=Decimal(str(round(amount, 2))), skill=_skill(skill), staff=leaver
        )


@transaction.atomic
def remove_change(*, actor: Actor, uid: Any, change_id: int) -> None:
    """Take a change out of a scenario. Raises Scenario.DoesNotExist, ScenarioChange.DoesNotExist, NotAllowed."""
    _scenario(actor, uid).changes.get(pk=change_id).delete()


@transaction.atomic
def end_scenario(*, actor: Actor, uid: Any) -> Scenario:
    """Put a scenario away; it stays in the history. Raises Scenario.DoesNotExist, NotAllowed."""
    scenario = _scenario(actor, uid)
    scenario.active = False
    scenario.save(update_fields=["active"])
    return scenario


def _scenario(actor: Actor, uid: Any) -> Scenario:
    scenario: Scenario = Scenario.objects.visible_to(actor).select_for_update(of=("self",)).get(uid=uid)  # type: ignore[assignment]
    _require(actor, scenario.facility_id)
    return scenario


def _assumption(key: str) -> Assumption:
    found = next((one for one in shipped().assumptions if one.key == key), None)
    if found is None:
        raise Invalid(
            {"key": [f"There is no assumption {key[:40]}. Choose one of: {', '.join(one.key for one in shipped().assumptions)}."]}
        )
    return found


def _require(actor: Actor, facility_id: int | None) -> None:
    if facility_id is None:
        require_everywhere(actor, Permission.VIEW_STAFFING)
        return
    Facility.objects.visible_to(actor).get(pk=facility_id)
    require(actor, Permission.VIEW_STAFFING, at=facility_id)


def _skill(code: str) -> str:
    if code and not Skill.objects.filter(code=code, active=True).exists():
        raise Invalid({"skill": [f"There is no skill {code[:40]}. Choose one from the list."]})
    return code


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > 120:
        raise Invalid({"name": ["Give a name of 1 to 120 characters."]})
    return name
