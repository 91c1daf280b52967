"""The API of testers and their calibrations."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Key, Limit, Line, Long, Name, PageOut
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.testers import queries
from openhtm.testers.models import Calibration, Tester
from openhtm.testers.rules.calibration import state_on
from openhtm.testers.services import testers as services

router = Router(tags=["testers"])
StateCode = Literal["valid", "due_soon", "expired", "never", "set_aside"]
VerdictCode = Literal["in_tolerance", "adjusted", "out_of_tolerance"]
Day = dt.date


class TesterOut(Schema):
    id: int
    device: str = Field(description="Control number.")
    kinds: list[str]
    calibration_interval_months: int
    calibrated_on: Day | None
    calibration_due_on: Day | None = Field(description="Last day on which its readings count; null: none do.")
    state: StateCode = Field(description="On the day of asking.")
    usable: bool
    not_usable_reason: str


class TesterPage(PageOut):
    items: list[TesterOut]


class TesterIn(Body):
    device: Code
    kinds: Annotated[list[Code], Field(min_length=1, max_length=50)]
    interval_months: Annotated[int, Field(ge=1, le=120)] = 12


class TesterPut(Body):
    kinds: Annotated[list[Code], Field(min_length=1, max_length=50)]
    interval_months: Annotated[int, Field(ge=1, le=120)]
    usable: bool = True
    reason: Line = ""


class CalibrationIn(Body):
    uid: UUID | None = Field(default=None, description="Made by the client; sending it again stores nothing twice.")
    performed_on: Day
    due_on: Day
    verdict: VerdictCode
    laboratory: Name
    certificate_number: Annotated[Name, Field(max_length=80)]
    as_found: Annotated[Long, Field(max_length=4000)] = ""
    out_of_tolerance: Annotated[list[Code], Field(max_length=50)] = Field(default=[], description="Quantities found out of tolerance.")
    error_percent: Annotated[float, Field(ge=0, le=1000)] | None = Field(
        default=None, description="Largest error found, in percent of the reading, without its sign."
    )
    supersedes: UUID | None = Field(default=None, description="The calibration this one corrects.")
    certificate_name: Line = ""
    certificate_base64: Annotated[str, Field(max_length=8_000_000)] | None = None


class CalibrationOut(Schema):
    uid: UUID
    performed_on: Day
    due_on: Day
    verdict: VerdictCode
    laboratory: str
    certificate_number: str
    as_found: str
    out_of_tolerance: list[str]
    error_percent: float | None = Field(description="Largest error found, in percent of the reading; null: not recorded.")
    recorded_by: str
    superseded: bool


@router.get("/testers", response={200: TesterPage, **REFUSALS}, operation_id="list_testers", summary="Testers and how they stand")
def list_testers(
    request: HttpRequest, kind: Code | None = None, state: StateCode | None = None, cursor: Cursor | None = None, limit: Limit = 50
) -> dict[str, Any]:
    actor, today = _may(request, Permission.VIEW_TESTERS), timezone.localdate()
    found = queries.testers(actor, kind=kind or "", state=state or "", today=today)
    page = keyset_page(found, order=("pk",), cursor=cursor, limit=limit)
    items = [_out(tester, today) for tester in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post("/testers", response={201: TesterOut, **REFUSALS}, operation_id="add_tester", summary="Say that a device is a tester")
def add_tester(request: HttpRequest, body: TesterIn) -> Any:
    actor = _may(request, Permission.MANAGE_TESTERS)
    made = services.register_tester(actor=actor, control_number=body.device, kinds=body.kinds, interval_months=body.interval_months)
    return Status(201, _out(made, timezone.localdate()))


@router.get("/testers/{int:tester_id}", response={200: TesterOut, **REFUSALS}, operation_id="get_tester", summary="One tester")
def get_tester(request: HttpRequest, tester_id: int) -> dict[str, Any]:
    return _out(_found(_may(request, Permission.VIEW_TESTERS), tester_id), timezone.localdate())


@router.put("/testers/{int:tester_id}", response={200: TesterOut, **REFUSALS}, operation_id="update_tester", summary="Change or set aside")
def update_tester(request: HttpRequest, tester_id: int, body: TesterPut) -> dict[str, Any]:
    changed = services.update_tester(actor=_who(request), tester_id=tester_id, **body.model_dump())
    return _out(changed, timezone.localdate())


@router.get(
    "/testers/{int:tester_id}/calibrations",
    response={200: list[CalibrationOut], **REFUSALS},
    operation_id="list_calibrations",
    summary="Every calibration of a tester, corrected ones included",
)
def list_calibrations(request: HttpRequest, tester_id: int) -> list[dict[str, Any]]:
    tester = _found(_may(request, Permission.VIEW_TESTERS), tester_id)
    return [_calibration(made) for made in tester.calibrations.select_related("superseded_by")[:1000]]


@router.post(
    "/testers/{int:tester_id}/calibrations",
    response={201: CalibrationOut, **REFUSALS},
    operation_id="add_calibration",
    summary="Record a calibration with its certificate",
)
def add_calibration(request: HttpRequest, tester_id: int, body: CalibrationIn) -> Any:
    values = body.model_dump(exclude={"certificate_name", "certificate_base64"})
    values["certificate"] = _file(body)
    return Status(201, _calibration(services.record_calibration(actor=_who(request), tester_id=tester_id, **values)))


def _file(body: CalibrationIn) -> tuple[str, bytes] | None:
    if body.certificate_base64 is None:
        return None
    try:
        return body.certificate_name or "certificate.pdf", base64.b64decode(body.certificate_base64, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid({"certificate_base64": ["This is not base64."]}) from None


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _may(request: HttpRequest, permission: Permission) -> Actor:
    actor = _who(request)
    require(actor, permission)
    return actor


def _found(actor: Actor, tester_id: Key) -> Tester:
    return Tester.objects.visible_to(actor).select_related("device").get(pk=tester_id)


def _out(tester: Tester, today: Day) -> dict[str, Any]:
    shown = ("kinds", "calibration_interval_months", "calibrated_on", "calibration_due_on", "usable", "not_usable_reason")
    state = state_on(day=today, due_on=tester.calibration_due_on, usable=tester.usable)
    return {name: getattr(tester, name) for name in shown} | {
        "id": tester.pk,
        "device": tester.device.control_number,
        "state": state.value,
    }


def _calibration(made: Calibration) -> dict[str, Any]:
    shown = ("uid", "performed_on", "due_on", "verdict", "laboratory", "certificate_number", "as_found", "error_percent")
    return {name: getattr(made, name) for name in shown} | {
        "out_of_tolerance": made.quantities,
        "recorded_by": made.actor_name,
        "superseded": hasattr(made, "superseded_by"),
    }


routers: tuple[Router, ...] = (router,)
