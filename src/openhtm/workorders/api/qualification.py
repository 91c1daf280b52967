"""Who may do an order and why not the others, suggestions for many, overrides, and the stamp of closed work."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.competence.rules.wording import ground_in_words, in_words
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Cursor, Key, Limit, PageOut, Text
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.api.shapes import actor_of, found_order
from openhtm.workorders.models import QualificationOverride
from openhtm.workorders.queries import qualification as queries
from openhtm.workorders.queries.overrides import overrides_seen
from openhtm.workorders.queries.suggestions import suggestions
from openhtm.workorders.queries.unassigned import unassigned
from openhtm.workorders.services import qualification as services

router = Router(tags=["qualification"])


class QualificationReasonOut(Schema):
    code: str = Field(
        description="no_record, gone, no_competency, level_too_low, competency_lapsed, no_credential, credential_lapsed or credential_unverified."
    )
    words: str
    on: dt.date | None = Field(description="The day it ran out or the person left.")


class WhoMayPersonOut(Schema):
    staff_id: int
    user_id: int | None
    name: str
    may: bool
    under_way: int = Field(description="Orders this person has under way.")
    by: str = Field(description="What it rests on; empty if they may not.")
    reasons: list[QualificationReasonOut]


class WhoMayOut(Schema):
    judged: bool = Field(description="False for work that asks for nothing, such as a project: then anybody may.")
    mode: str | None = Field(description="What the policy does without it: warn or block; null: no policy is in force.")
    may: list[WhoMayPersonOut] = Field(description="The least busy first.")
    others: list[WhoMayPersonOut] = Field(description="Everybody else who works there, each with the reason.")


@router.get(
    "/work-orders/{number}/who-may", response={200: WhoMayOut, **REFUSALS}, operation_id="who_may_do_work_order", summary="Who may do it"
)
def who_may(request: HttpRequest, number: Key, limit: Limit = 1000) -> dict[str, Any]:
    """Who may do the order today by the policy in force, and why not the others."""
    actor = actor_of(request)
    order = found_order(actor, number)
    require(actor, Permission.VIEW_STAFF, at=order.facility_id, place=order.facility.name)
    found = queries.who_may(order, now=timezone.now())
    if found is None:
        return {"judged": False, "mode": None, "may": [], "others": []}
    return {
        "judged": True,
        "mode": found.policy.mode.value if found.in_force else None,
        "may": [_person(one) for one in found.may[:limit]],
        "others": [_person(one) for one in found.others[:limit]],
    }


def _person(one: queries.Candidate) -> dict[str, Any]:
    return {
        "staff_id": one.person.staff_id, "user_id": one.person.user_id, "name": one.person.name, "may": one.may, "under_way": one.under_way,
        "by": ground_in_words(one.verdict) if one.may else "",
        "reasons": [{"code": reason.code.value, "words": in_words(reason), "on": reason.on} for reason in one.verdict.reasons],
    }  # fmt: skip


class ClosingQualificationOut(Schema):
    """What whoever did the work was qualified by, as it was on that day."""

    performer: str
    company: str
    on: dt.date
    outcome: str
    words: str
    facts: dict[str, Any] = Field(description="Roles, skills, competencies, credentials, and the policy judged by.")
    overridden_because: str | None
    recorded_at: dt.datetime


@router.get(
    "/work-orders/{number}/qualification", response={200: ClosingQualificationOut | None, **REFUSALS}, operation_id="get_closing_qualification",
    summary="Qualification stamped at closing",
)  # fmt: skip
def closing_qualification(request: HttpRequest, number: Key) -> dict[str, Any] | None:
    """Null while the order is not closed, or if it was closed before this was recorded."""
    actor = actor_of(request)
    order = found_order(actor, number)
    require(actor, Permission.VIEW_STAFF, at=order.facility_id, place=order.facility.name)
    found = queries.closing_qualification(order)
    if found is None:
        return None
    plain = {name: getattr(found, name) for name in ("company", "on", "outcome", "words", "facts", "recorded_at")}
    return plain | {"performer": found.performer_name, "overridden_because": found.override.reason if found.override else None}


class SuggestedPersonOut(Schema):
    staff_id: int
    user_id: int
    name: str
    under_way: int


class SuggestionOut(Schema):
    number: int
    judged: bool
    may: int
    may_not: int
    people: list[SuggestedPersonOut] = Field(description="The three least busy who may.")


class SuggestionPage(PageOut):
    items: list[SuggestionOut]


@router.get(
    "/work-order-suggestions",
    response={200: SuggestionPage, **REFUSALS},
    operation_id="suggest_assignments",
    summary="Who could get open orders",
)
def suggest(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    """Open orders that no person and no company has, the most urgent first, each with who may do it. Four statements for any number."""
    actor = actor_of(request)
    require(actor, Permission.ASSIGN_WORK)
    rows = unassigned(actor).values_list("pk", "number", "priority", named=True)
    page = keyset_page(rows, order=("priority", "number"), cursor=cursor, limit=limit)
    found = suggestions([one.pk for one in page.rows], now=timezone.now(), on=timezone.localdate())
    items = [
        {
            "number": one.number, "judged": found[one.pk].judged, "may": found[one.pk].may, "may_not": found[one.pk].others,
            "people": [
                {"staff_id": who.staff_id, "user_id": who.user_id, "name": who.name, "under_way": who.under_way} for who in found[one.pk].people
            ],
        }
        for one in page.rows
    ]  # fmt: skip
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


class OverrideOut(Schema):
    uid: UUID
    act: str
    number: int | None = Field(description="The order it is for.")
    device_type_id: int | None = Field(description="For a decision: the type it is about.")
    staff_id: int
    person: str
    missing: str
    reason: str
    asked_by: str
    asked_at: dt.datetime
    confirmed_by: str
    confirmed_at: dt.datetime | None
    declined_at: dt.datetime | None
    decline_reason: str
    used_at: dt.datetime | None


class OverridePage(PageOut):
    items: list[OverrideOut]


class OverrideIn(Body):
    staff_id: Key
    act: Literal["assign", "close"] = "assign"
    reason: Annotated[Text, Field(min_length=1, max_length=400)]


class OverrideDeclineIn(Body):
    reason: Annotated[Text, Field(min_length=1, max_length=400)]


@router.post(
    "/work-orders/{number}/overrides", response={201: OverrideOut, **REFUSALS}, operation_id="ask_override", summary="Ask for an override"
)
def ask(request: HttpRequest, number: Key, payload: OverrideIn) -> Any:
    """Ask that somebody may get or close the order without the qualification. It counts once another person confirmed it."""
    return Status(201, override_out(services.ask_override(actor=actor_of(request), number=number, **payload.model_dump())))


@router.get("/qualification-overrides", response={200: OverridePage, **REFUSALS}, operation_id="list_overrides", summary="Overrides")
def list_overrides(
    request: HttpRequest, state: Literal["waiting", "confirmed", "declined"] | None = None, cursor: Cursor | None = None, limit: Limit = 50
) -> dict[str, Any]:
    actor = actor_of(request)
    require(actor, Permission.VIEW_STAFF)
    page = keyset_page(overrides_seen(actor=actor, state=state or ""), order=("-pk",), cursor=cursor, limit=limit)
    return {"items": [override_out(one) for one in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post(
    "/qualification-overrides/{uuid:uid}/confirm",
    response={200: OverrideOut, **REFUSALS},
    operation_id="confirm_override",
    summary="Confirm",
)
def confirm(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """Stand for it as the second person; never for what one asked for, nor for oneself."""
    return override_out(services.confirm_override(actor=actor_of(request), uid=uid))


@router.post(
    "/qualification-overrides/{uuid:uid}/decline",
    response={200: OverrideOut, **REFUSALS},
    operation_id="decline_override",
    summary="Decline",
)
def decline(request: HttpRequest, uid: UUID, payload: OverrideDeclineIn) -> dict[str, Any]:
    return override_out(services.decline_override(actor=actor_of(request), uid=uid, reason=payload.reason))


def override_out(one: QualificationOverride) -> dict[str, Any]:
    plain = (
        "uid", "act", "device_type_id", "staff_id", "missing", "reason", "asked_at", "confirmed_at", "declined_at", "decline_reason", "used_at",
    )  # fmt: skip
    return {name: getattr(one, name) for name in plain} | {
        "number": one.work_order.number if one.work_order else None,
        "person": one.staff.full_name,
        "asked_by": one.asked_by_name,
        "confirmed_by": one.confirmed_by_name,
    }


class DecisionOverrideIn(Body):
    device_type_id: Key
    reason: Annotated[Text, Field(min_length=1, max_length=400)]


@router.post(
    "/qualification-overrides/decisions", response={201: OverrideOut, **REFUSALS}, operation_id="ask_decision_override",
    summary="Ask to decide on alternate maintenance",
)  # fmt: skip
def ask_decision(request: HttpRequest, payload: DecisionOverrideIn) -> Any:
    """Ask to decide once on alternate maintenance of a type without the qualification."""
    actor = actor_of(request)
    require(actor, Permission.EDIT_SCHEDULES)
    return Status(201, override_out(services.ask_decision_override(actor=actor, **payload.model_dump())))
