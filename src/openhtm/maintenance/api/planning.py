"""The API of planning: the work to come by month, and the visits behind it."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.problems import REFUSALS
from openhtm.core.schema import Code, Cursor, Key, Limit, PageOut
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.queries.planning import Scope, visits_of_month, workload
from openhtm.sites.models import Facility

router = Router(tags=["planning"])
Months = Annotated[int, Field(ge=1, le=24)]
Month = Annotated[str, Field(pattern=r"^([0-9]{4}-(0[1-9]|1[0-2])|owed)$", max_length=7)]


class MonthOut(Schema):
    month: dt.date = Field(description="Its first day.")
    visits: int
    minutes: int = Field(description="Estimated.")
    available_min: int | None = Field(description="Minutes people have; null where no hours are known, or for a part of a facility.")


class WorkloadOut(Schema):
    months: list[MonthOut]
    owed_visits: int = Field(description="Open visits due before the first month.")
    owed_min: int


class ForeseenOut(Schema):
    due_on: dt.date
    schedule_id: int
    visit_id: int | None = Field(description="Null for a visit that is foreseen from its schedule.")
    control_number: str
    device: str
    procedure: str
    place: str
    minutes: int
    skill: str


class ForeseenPage(PageOut):
    items: list[ForeseenOut]


def _scope(request: HttpRequest, facility: str | None, department: int | None, location: int | None, skill: str | None) -> Scope:
    """Raises NotAllowed, Facility.DoesNotExist (404)."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.PLAN_MAINTENANCE)
    keys = actor.facilities_for(Permission.PLAN_MAINTENANCE)
    if facility is None:
        require_everywhere(actor, Permission.PLAN_MAINTENANCE)
        facility_id = None
    else:
        found = Facility.objects.all() if keys is None else Facility.objects.filter(pk__in=keys)
        facility_id = found.get(code=facility.upper()).pk
    return Scope(facility_id=facility_id, department_id=department, location_id=location, skill=skill or "")


@router.get(
    "/planning/workload", response={200: WorkloadOut, **REFUSALS}, operation_id="get_workload", summary="Work to come by month, and hours"
)
def get_workload(
    request: HttpRequest, facility: Code | None = None, department: Key | None = None, location: Key | None = None,
    skill: Code | None = None, months: Months = 12,
) -> dict[str, Any]:  # fmt: skip
    today = timezone.localdate()
    scope = _scope(request, facility, department, location, skill)
    return asdict(workload(actor=request.actor, scope=scope, first_on=today, months=months, today=today))  # type: ignore[attr-defined]


@router.get(
    "/planning/visits", response={200: ForeseenPage, **REFUSALS}, operation_id="list_planned_visits", summary="The visits of one month"
)
def list_planned_visits(
    request: HttpRequest, month: Month, facility: Code | None = None, department: Key | None = None, location: Key | None = None,
    skill: Code | None = None, cursor: Cursor | None = None, limit: Limit = 50,
) -> dict[str, Any]:  # fmt: skip
    """``month`` is 2026-03, or ``owed`` for what is due from before this month."""
    today = timezone.localdate()
    scope = _scope(request, facility, department, location, skill)
    try:
        wanted = None if month == "owed" else dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Invalid({"month": ["Give a month such as 2026-03, or owed."]}) from None
    rows, following = visits_of_month(
        actor=request.actor,  # type: ignore[attr-defined]
        scope=scope, month=wanted, first_on=today, cursor=cursor or "", limit=limit,
    )  # fmt: skip
    return {"items": [asdict(row) for row in rows], "next_cursor": following, "previous_cursor": None}
