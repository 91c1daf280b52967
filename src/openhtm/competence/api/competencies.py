"""Competencies over the API: listed, signed, withdrawn; and how well types are covered."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.competence.asking import actor_of
from openhtm.competence.models import Competency
from openhtm.competence.queries import cover as cover_queries
from openhtm.competence.queries import matrix as matrix_queries
from openhtm.competence.queries.cover import coverage, scope_of
from openhtm.competence.queries.standing import as_held
from openhtm.competence.rules.cover import COVER_LABELS, Cover
from openhtm.competence.rules.levels import Basis, Level
from openhtm.competence.services.signing import Grant, sign_competency, withdraw_competency
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Day, Key, Limit, PageOut, Short, Text
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility

router = Router(tags=["competence"])
LevelCode = Literal[tuple(level.value for level in Level)]  # type: ignore[valid-type]
BasisCode = Literal[tuple(basis.value for basis in Basis)]  # type: ignore[valid-type]
CoverCode = Literal[tuple(cover.value for cover in Cover)]  # type: ignore[valid-type]
Note = Annotated[Text, Field(max_length=400)]


class CompetencyOut(Schema):
    """What somebody was found able to do."""

    uid: UUID
    staff_id: int
    person: str
    device_type_id: int | None
    device_model_id: int | None
    procedure: str | None = Field(description="Code of the procedure.")
    subject: str = Field(description="Name of the type, model or procedure.")
    level: str
    basis: str
    granted_on: dt.date
    valid_until: dt.date | None = Field(description="Last day on which it holds; null: no end.")
    holds: bool = Field(description="Whether it holds today.")
    observer_id: int | None
    observer: str | None
    certificate: str
    note: str
    has_evidence: bool
    signed_by: str
    signed_at: dt.datetime
    withdrawn_on: dt.date | None = Field(description="First day on which it no longer holds.")
    withdrawn_reason: str


class CompetencyPage(PageOut):
    items: list[CompetencyOut]


class CompetencyIn(Body):
    """Exactly one of device_type_id, device_model_id and procedure_id."""

    uid: UUID | None = Field(default=None, description="Your own key (UUIDv7); sending it twice stores it once.")
    staff_id: Key
    device_type_id: Key | None = None
    device_model_id: Key | None = None
    procedure_id: Key | None = None
    level: LevelCode  # type: ignore[valid-type]
    basis: BasisCode  # type: ignore[valid-type]
    granted_on: Day
    valid_until: Day | None = None
    observer_id: Key | None = Field(default=None, description="Staff who watched the work; never the person themselves.")
    certificate: Annotated[Text, Field(max_length=120)] = ""
    note: Note = ""


class CompetencyWithdrawIn(Body):
    reason: Annotated[Text, Field(min_length=1, max_length=400)]
    on: Day | None = Field(default=None, description="First day on which it no longer holds; left out: today.")


@router.get(
    "/competencies", response={200: CompetencyPage, **REFUSALS}, operation_id="list_competencies", summary="Competencies you can see"
)
def list_competencies(
    request: HttpRequest, staff_id: Key | None = None, device_type_id: Key | None = None, device_model_id: Key | None = None,
    procedure_id: Key | None = None, holding_on: Day | None = None, cursor: Cursor | None = None, limit: Limit = 50,
) -> dict[str, Any]:  # fmt: skip
    """Newest first. Whoever may not see staff gets their own."""
    actor = actor_of(request)
    found = matrix_queries.related(Competency.objects.visible_to(actor))
    if not actor.may(Permission.VIEW_STAFF):
        found = found.filter(staff__user_id=actor.user_id or 0)
    wanted = {"staff_id": staff_id, "device_type_id": device_type_id, "device_model_id": device_model_id, "procedure_id": procedure_id}
    found = found.filter(**{name: key for name, key in wanted.items() if key is not None})
    if holding_on is not None:
        found = found.filter(pk__in=Competency.objects.holding_on(holding_on).values("pk"))
    page = keyset_page(found, order=("-pk",), cursor=cursor, limit=limit)
    today = timezone.localdate()
    return {
        "items": [competency_out(one, today) for one in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
    }


@router.post(
    "/competencies",
    response={201: CompetencyOut, **REFUSALS},
    operation_id="sign_competency",
    summary="Sign somebody off for a kind of work",
)
def add_competency(request: HttpRequest, payload: CompetencyIn) -> Any:
    """Grant a competency to another person. Nobody signs off themselves, and no observer watches themselves."""
    values = payload.model_dump()
    uid = values.pop("uid")
    made = sign_competency(actor=actor_of(request), grant=Grant(**values), uid=uid)
    return Status(201, competency_out(_one(actor_of(request), made.uid), timezone.localdate()))


@router.get("/competencies/{uuid:uid}", response={200: CompetencyOut, **REFUSALS}, operation_id="get_competency", summary="One competency")
def get_competency(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    actor = actor_of(request)
    if not Competency.objects.filter(uid=uid, staff__user_id=actor.user_id or 0).exists():
        require(actor, Permission.VIEW_STAFF)
    return competency_out(_one(actor, uid), timezone.localdate())


@router.post(
    "/competencies/{uuid:uid}/withdraw",
    response={200: CompetencyOut, **REFUSALS},
    operation_id="withdraw_competency",
    summary="Withdraw a competency",
)
def take_competency(request: HttpRequest, uid: UUID, payload: CompetencyWithdrawIn) -> dict[str, Any]:
    """Take it away from a day on; what it covered before stays covered."""
    actor = actor_of(request)
    withdraw_competency(actor=actor, uid=uid, reason=payload.reason, on=payload.on)
    return competency_out(_one(actor, uid), timezone.localdate())


def _one(actor: Actor, uid: UUID) -> Competency:
    return matrix_queries.related(Competency.objects.visible_to(actor)).get(uid=uid)


def competency_out(one: Competency, today: dt.date) -> dict[str, Any]:
    plain = (
        "uid", "staff_id", "device_type_id", "device_model_id", "level", "basis", "granted_on", "valid_until", "observer_id", "certificate", "note",
        "signed_at", "withdrawn_on", "withdrawn_reason",
    )  # fmt: skip
    return {name: getattr(one, name) for name in plain} | {
        "person": one.staff.full_name,
        "procedure": one.procedure.code if one.procedure else None,
        "subject": str(one.subject),
        "holds": as_held(one).holds_on(today),
        "observer": one.observer.full_name if one.observer else None,
        "has_evidence": one.evidence_id is not None,
        "signed_by": one.signed_by_name,
    }


class CoverageOut(Schema):
    """How many can service a type alone, and what that means."""

    device_type_id: int
    code: str
    name: str
    high_risk: bool
    devices: int
    people_now: int
    people_staying: int = Field(description="Of them, those who neither leave nor lapse within the days ahead of the target.")
    people_wanted: int
    state: CoverCode  # type: ignore[valid-type]
    words: str
    only_person: str | None = Field(description="The only one, if there is only one.")
    only_staff_id: int | None
    only_until: dt.date | None


@router.get(
    "/competencies/coverage",
    response={200: list[CoverageOut], **REFUSALS},
    operation_id="list_coverage",
    summary="Gaps and single points of failure",
)
def list_coverage(
    request: HttpRequest, facility: Code | None = None, team_id: Key | None = None, skill: Short = "", high_risk: bool | None = None,
    state: CoverCode | None = None, on: Day | None = None, limit: Limit = 1000,  # type: ignore[valid-type]
) -> list[dict[str, Any]]:  # fmt: skip
    """Every type with devices in use, the worst covered first. Five statements."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_STAFF)
    facility_id = None if facility is None else Facility.objects.visible_to(actor).get(code__iexact=facility).pk
    scope = scope_of(actor, facility_id=facility_id, team_id=team_id, skill=skill, high_risk=high_risk)
    found = [one for one in coverage(scope=scope, on=on or timezone.localdate()) if state is None or one.cover == state][:limit]
    counts = cover_queries.device_counts([one.type_id for one in found], scope=scope)
    return [
        {
            "device_type_id": one.type_id, "code": one.code, "name": one.name, "high_risk": one.high_risk, "devices": counts.get(one.type_id, 0),
            "people_now": one.numbers.now, "people_staying": one.numbers.later, "people_wanted": one.numbers.wanted, "state": one.cover.value,
            "words": COVER_LABELS[one.cover], "only_person": one.only_name or None, "only_staff_id": one.only_staff_id, "only_until": one.only_until,
        }
        for one in found
    ]  # fmt: skip
