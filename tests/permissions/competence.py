"""Who may see, sign and plan competence, and who decides on exceptions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from openhtm.catalog.models import DeviceType
from openhtm.competence.models import Competency, PlannedTraining, TrainingOffer
from openhtm.competence.tests.factories import CompetencyFactory
from openhtm.identity.rules.permissions import Permission as P
from openhtm.identity.rules.permissions import Role
from openhtm.workforce.models import StaffMember
from openhtm.workforce.tests.factories import StaffFactory
from openhtm.workorders.models import QualificationOverride
from tests.permissions.rows import LOGGED_IN, Row
from tests.permissions.workorder_pages import order
from tests.permissions.world import World

NO_FILE = (404,)
DAY = "2026-01-05"


def _staff(world: World) -> StaffMember:
    """Somebody at North without an account."""
    return StaffMember.objects.filter(facility=world.north, user=None).first() or StaffFactory(facility=world.north)


def _kind(world: World) -> DeviceType:
    return world.device.device_type or DeviceType.objects.get_or_create(code="pump", defaults={"name": "Pump"})[0]


def _held(world: World) -> Competency:
    found = Competency.objects.filter(staff=_staff(world)).first()
    return found or CompetencyFactory(staff=_staff(world), device_type=_kind(world))


def held(world: World) -> dict[str, Any]:
    return {"uid": _held(world).uid}


def person(world: World) -> dict[str, Any]:
    return {"staff_id": _staff(world).pk}


def cell(world: World) -> dict[str, Any]:
    return {"staff_id": _staff(world).pk, "type_id": _kind(world).pk}


def kind(world: World) -> dict[str, Any]:
    return {"type_id": _kind(world).pk}


def training(world: World) -> dict[str, Any]:
    found = PlannedTraining.objects.filter(staff=_staff(world)).first()
    made = found or PlannedTraining.objects.create(staff=_staff(world), device_type=_kind(world), title="Course", because="none")
    return {"uid": made.uid}


def offer(world: World) -> dict[str, Any]:
    return {"offer_id": TrainingOffer.objects.get_or_create(title="Course")[0].pk}


def grant(world: World) -> dict[str, Any]:
    return {
        "staff_id": _staff(world).pk, "device_type_id": _kind(world).pk, "level": "independent", "basis": "experience", "granted_on": DAY,
    }  # fmt: skip


def a_policy(world: World) -> dict[str, Any]:
    return {"act": "assign", "risk": "other", "needs": "competency", "mode": "warn", "reason": "Tried out"}


def override(world: World) -> dict[str, Any]:
    number = order(world)["number"]
    asked = world.people[Role.TECHNICIAN]
    found = QualificationOverride.objects.filter(work_order__number=number).first()
    made = found or QualificationOverride.objects.create(
        act="assign", work_order=_order(number), staff=_staff(world), missing="x", reason="y", asked_by=asked, asked_by_name="T",
        asked_at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
    )  # fmt: skip
    return {"uid": made.uid}


def _order(number: int) -> Any:
    from openhtm.workorders.models import WorkOrder

    return WorkOrder.objects.get(number=number)


REFUSED = (200, 201, 302, 303, 400, 404, 409, 422)
ROWS: list[Row] = [
    Row("competence:matrix", needs=P.VIEW_STAFF),
    Row("competence:coverage", needs=P.VIEW_STAFF),
    Row("competence:person", needs=P.VIEW_STAFF, kwargs=person, scoped=True),
    Row("competence:cell", needs=P.VIEW_STAFF, kwargs=cell, scoped=True),
    Row("competence:type", needs=P.VIEW_STAFF, kwargs=kind),
    Row("competence:sign", needs=P.SIGN_COMPETENCIES),
    Row("competence:sign", "POST", needs=P.SIGN_COMPETENCIES),
    Row("competence:withdraw", needs=P.SIGN_COMPETENCIES, kwargs=held, scoped=True),
    Row("competence:withdraw", "POST", needs=P.SIGN_COMPETENCIES, kwargs=held, scoped=True),
    Row("competence:evidence", needs=P.SIGN_COMPETENCIES, kwargs=held, scoped=True, ok=NO_FILE),
    Row("competence:plan", needs=P.VIEW_STAFF),
    Row("competence:plan-accept", "POST", needs=P.MANAGE_STAFF),
    Row("competence:plan-export", needs=P.VIEW_STAFF),
    Row("competence:planned", needs=P.VIEW_STAFF),
    Row("competence:planned-done", needs=P.MANAGE_STAFF, kwargs=training, scoped=True),
    Row("competence:planned-done", "POST", needs=P.MANAGE_STAFF, kwargs=training, scoped=True),
    Row("competence:planned-give-up", needs=P.MANAGE_STAFF, kwargs=training, scoped=True),
    Row("competence:planned-give-up", "POST", needs=P.MANAGE_STAFF, kwargs=training, scoped=True),
    Row("competence:policies", needs=P.VIEW_STAFF),
    Row("competence:policy-set", needs=P.MANAGE_STAFF, everywhere=True),
    Row("competence:policy-set", "POST", needs=P.MANAGE_STAFF, everywhere=True),
    Row("competence:target-set", needs=P.MANAGE_STAFF, everywhere=True),
    Row("competence:target-set", "POST", needs=P.MANAGE_STAFF, everywhere=True),
    Row("competence:offers", needs=P.VIEW_STAFF),
    Row("competence:offer-add", needs=P.MANAGE_STAFF, everywhere=True),
    Row("competence:offer-add", "POST", needs=P.MANAGE_STAFF, everywhere=True),
    Row("competence:offer-edit", needs=P.MANAGE_STAFF, kwargs=offer, everywhere=True),
    Row("competence:offer-edit", "POST", needs=P.MANAGE_STAFF, kwargs=offer, everywhere=True),
    Row("api:list_competencies", needs=LOGGED_IN),
    Row("api:sign_competency", "POST", needs=P.SIGN_COMPETENCIES, data=grant, scoped=True),
    Row("api:get_competency", needs=P.VIEW_STAFF, kwargs=held, scoped=True),
    Row("api:withdraw_competency", "POST", needs=P.SIGN_COMPETENCIES, kwargs=held, data=lambda world: {"reason": "Mistake"}, scoped=True),
    Row("api:list_coverage", needs=P.VIEW_STAFF),
    Row("api:list_qualification_policies", needs=P.VIEW_STAFF),
    Row("api:set_qualification_policy", "PUT", needs=P.MANAGE_STAFF, data=a_policy, everywhere=True),
    Row("api:get_training_plan", needs=P.VIEW_STAFF),
    Row(
        "api:accept_training_plan",
        "POST",
        needs=P.MANAGE_STAFF,
        data=lambda world: {"chosen": [{"staff_id": 1, "device_type_id": 1}]},
        ok=(409, 422),
    ),
    Row("api:list_planned_training", needs=P.VIEW_STAFF),
    Row("api:finish_planned_training", "POST", needs=P.MANAGE_STAFF, kwargs=training, data=lambda world: {"done_on": DAY}, scoped=True),
    Row("api:give_up_planned_training", "POST", needs=P.MANAGE_STAFF, kwargs=training, data=lambda world: {"reason": "Moved"}, scoped=True),
    Row("workorders:override-list", needs=P.VIEW_STAFF),
    Row("workorders:override-confirm", "POST", needs=P.OVERRIDE_QUALIFICATION, kwargs=override, scoped=True),
    Row("workorders:override-decline", needs=P.OVERRIDE_QUALIFICATION, kwargs=override, scoped=True),
    Row("workorders:override-decline", "POST", needs=P.OVERRIDE_QUALIFICATION, kwargs=override, scoped=True),
    Row("workorders:decision-override", needs=P.EDIT_SCHEDULES),
    Row("workorders:decision-override", "POST", needs=P.EDIT_SCHEDULES),
    Row("workorders:suggestion-list", needs=P.ASSIGN_WORK),
    Row("workorders:order-override", needs=P.DO_WORK, kwargs=order, scoped=True),
    Row("workorders:order-override", "POST", needs=P.DO_WORK, kwargs=order, scoped=True),
    Row("workorders:order-give", "POST", needs=P.ASSIGN_WORK, kwargs=order, scoped=True),
    Row("api:who_may_do_work_order", needs=P.VIEW_STAFF, kwargs=order, scoped=True),
    Row("api:get_closing_qualification", needs=P.VIEW_STAFF, kwargs=order, scoped=True),
    Row("api:suggest_assignments", needs=P.ASSIGN_WORK),
    Row(
        "api:ask_override",
        "POST",
        needs=P.DO_WORK,
        kwargs=order,
        data=lambda world: {"staff_id": _staff(world).pk, "reason": "Needed"},
        scoped=True,
        ok=REFUSED,
    ),
    Row("api:list_overrides", needs=P.VIEW_STAFF),
    Row("api:confirm_override", "POST", needs=P.OVERRIDE_QUALIFICATION, kwargs=override, scoped=True),
    Row("api:decline_override", "POST", needs=P.OVERRIDE_QUALIFICATION, kwargs=override, data=lambda world: {"reason": "No"}, scoped=True),
    Row(
        "api:ask_decision_override",
        "POST",
        needs=P.EDIT_SCHEDULES,
        data=lambda world: {"device_type_id": _kind(world).pk, "reason": "Needed"},
    ),
]
