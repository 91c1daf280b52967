"""Policies and the training plan over the API."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field

from openhtm.competence.asking import actor_of
from openhtm.competence.models import PlannedTraining, QualificationPolicy
from openhtm.competence.queries import training as queries
from openhtm.competence.queries.cover import Scope, scope_of
from openhtm.competence.queries.policies import in_force
from openhtm.competence.rules.guard import Act, JudgedOn, Mode, Needs, RiskClass
from openhtm.competence.rules.levels import Level
from openhtm.competence.services import policies, training
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Day, Key, Limit, PageOut, Text
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission, Role
from openhtm.sites.models import Facility

router = Router(tags=["competence"])
Reason = Annotated[Text, Field(min_length=1, max_length=400)]


class QualificationPolicyOut(Schema):
    act: str
    risk: str
    needs: str
    mode: str = Field(description="off, warn or block.")
    least_level: str
    programmes: list[str] = Field(description="Credentials that count; empty: any.")
    roles: list[str] = Field(description="Roles that suffice in place of what is needed.")
    judged_on: str = Field(description="At closing: work_day, the day the work was completed, or act_day.")
    effective_from: dt.date
    effective_to: dt.date | None
    source: str
    reason: str


class QualificationPolicyIn(Body):
    act: Literal[tuple(one.value for one in Act)]  # type: ignore[valid-type]
    risk: Literal[tuple(one.value for one in RiskClass)]  # type: ignore[valid-type]
    needs: Literal[tuple(one.value for one in Needs)]  # type: ignore[valid-type]
    mode: Literal[tuple(one.value for one in Mode)]  # type: ignore[valid-type]
    least_level: Literal[tuple(one.value for one in Level)] = "independent"  # type: ignore[valid-type]
    programmes: Annotated[list[Code], Field(max_length=50)] = []
    roles: Annotated[list[Literal[tuple(one.value for one in Role)]], Field(max_length=20)] = []  # type: ignore[valid-type]
    judged_on: Literal[tuple(one.value for one in JudgedOn)] = "work_day"  # type: ignore[valid-type]
    effective_from: Day | None = None
    reason: Reason


@router.get(
    "/qualification-policies", response={200: list[QualificationPolicyOut], **REFUSALS}, operation_id="list_qualification_policies",
    summary="What getting, closing and deciding work asks for",
)  # fmt: skip
def list_policies(request: HttpRequest, on: Day | None = None) -> list[dict[str, Any]]:
    """The lines in force on a day, today if none is given."""
    require(actor_of(request), Permission.VIEW_STAFF)
    return [_policy(one) for one in in_force(on or timezone.localdate())]


@router.put(
    "/qualification-policies",
    response={200: QualificationPolicyOut, **REFUSALS},
    operation_id="set_qualification_policy",
    summary="Change a policy",
)
def put_policy(request: HttpRequest, payload: QualificationPolicyIn) -> dict[str, Any]:
    """From a day on; the line before ends that day and stays readable."""
    return _policy(policies.set_policy(actor=actor_of(request), **payload.model_dump()))


def _policy(one: QualificationPolicy) -> dict[str, Any]:
    return {name: getattr(one, name) for name in QualificationPolicyOut.model_fields}


class TrainingProposalOut(Schema):
    staff_id: int
    person: str
    device_type_id: int
    device_type: str
    coverage: str
    training: str
    cost_cents: int | None
    working_min: int | None
    why_this_person: str


class TrainingPlanOut(Schema):
    proposals: list[TrainingProposalOut]
    cost_cents: int = Field(description="Of the proposals with a known cost.")
    without_cost: int
    unfilled: int = Field(description="Places nobody is free for.")


@router.get(
    "/training-plan", response={200: TrainingPlanOut, **REFUSALS}, operation_id="get_training_plan", summary="Who should learn what"
)
def get_plan(request: HttpRequest, facility: Code | None = None, high_risk: bool | None = None) -> dict[str, Any]:
    """Proposals that close gaps and single points of failure, with their cost; what is planned is not proposed again."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_STAFF)
    found = queries.proposals(actor=actor, scope=_scope(actor, facility, high_risk), on=timezone.localdate())
    return {
        "proposals": [
            {
                "staff_id": one.staff_id, "person": found.staff.get(one.staff_id, ""), "device_type_id": one.type_id,
                "device_type": found.types[one.type_id].name, "coverage": one.cover.value, "training": str(found.offers.get(one.type_id, "")),
                "cost_cents": one.course.cost_cents if one.course else None, "working_min": one.course.minutes if one.course else None,
                "why_this_person": one.nearness,
            }
            for one in found.plan.proposals
        ],
        "cost_cents": found.plan.cost_cents, "without_cost": found.plan.uncosted, "unfilled": sum(found.plan.unfilled.values()),
    }  # fmt: skip


def _scope(actor: Actor, facility: str | None, high_risk: bool | None) -> Scope:
    facility_id = None if facility is None else Facility.objects.visible_to(actor).get(code__iexact=facility).pk
    return scope_of(actor, facility_id=facility_id, high_risk=high_risk)


class ChosenTrainingIn(Body):
    staff_id: Key
    device_type_id: Key


class TrainingAcceptIn(Body):
    chosen: Annotated[list[ChosenTrainingIn], Field(min_length=1, max_length=1000)]
    facility: Code | None = None
    high_risk: bool | None = None
    due_on: Day | None = None


class TrainingAcceptOut(Schema):
    planned: int


@router.post(
    "/training-plan/accept", response={200: TrainingAcceptOut, **REFUSALS}, operation_id="accept_training_plan", summary="Plan proposals"
)
def accept_plan(request: HttpRequest, payload: TrainingAcceptIn) -> dict[str, int]:
    """Make proposals planned training: all of them or none. 409 if one is no longer proposed."""
    actor = actor_of(request)
    chosen = {(one.staff_id, one.device_type_id) for one in payload.chosen}
    scope = _scope(actor, payload.facility, payload.high_risk)
    return {"planned": training.accept_proposals(actor=actor, scope=scope, chosen=chosen, due_on=payload.due_on)}


class PlannedTrainingOut(Schema):
    uid: UUID
    staff_id: int
    person: str
    device_type_id: int
    device_type: str
    title: str
    cost_cents: int | None
    because: str
    due_on: dt.date | None
    done_on: dt.date | None
    given_up_on: dt.date | None
    given_up_reason: str


class PlannedTrainingPage(PageOut):
    items: list[PlannedTrainingOut]


@router.get(
    "/planned-training", response={200: PlannedTrainingPage, **REFUSALS}, operation_id="list_planned_training", summary="Planned training"
)
def list_planned(request: HttpRequest, ahead: bool = True, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    """What lies ahead; with ahead=false also what is done or given up."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_STAFF)
    found = queries.planned(actor=actor)
    found = found.filter(done_on__isnull=True, given_up_on__isnull=True) if ahead else found
    page = keyset_page(found, order=("pk",), cursor=cursor, limit=limit)
    return {"items": [_planned(one) for one in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


def _planned(one: PlannedTraining) -> dict[str, Any]:
    names = ("uid", "staff_id", "device_type_id", "title", "cost_cents", "because", "due_on", "done_on", "given_up_on", "given_up_reason")
    return {name: getattr(one, name) for name in names} | {"person": one.staff.full_name, "device_type": one.device_type.name}


class TrainingDoneIn(Body):
    done_on: Day
    certificate: Annotated[Text, Field(max_length=120)] = ""
    observer_id: Key | None = None


@router.post(
    "/planned-training/{uuid:uid}/done", response={200: PlannedTrainingOut, **REFUSALS}, operation_id="finish_planned_training",
    summary="Training was done",
)  # fmt: skip
def finish_planned(request: HttpRequest, uid: UUID, payload: TrainingDoneIn) -> dict[str, Any]:
    """The person is signed off for the type it was for, as long as the course says."""
    actor = actor_of(request)
    training.finish_training(actor=actor, uid=uid, **payload.model_dump())
    return _planned(queries.planned(actor=actor).get(uid=uid))


class TrainingGiveUpIn(Body):
    reason: Reason


@router.post(
    "/planned-training/{uuid:uid}/give-up", response={200: PlannedTrainingOut, **REFUSALS}, operation_id="give_up_planned_training",
    summary="Give training up",
)  # fmt: skip
def give_up_planned(request: HttpRequest, uid: UUID, payload: TrainingGiveUpIn) -> dict[str, Any]:
    actor = actor_of(request)
    training.give_up_training(actor=actor, uid=uid, reason=payload.reason)
    return _planned(queries.planned(actor=actor).get(uid=uid))
