"""Testers in doubt over the API: findings, what they put in doubt, and turning it into work."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Schema, Status
from pydantic import Field

from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Limit, PageOut
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.testers.models import Tester
from openhtm.traceability.queries import doubts as queries
from openhtm.traceability.queries.doubts import Finding
from openhtm.traceability.rules.doubts import FARTHEST_PPM, Rank
from openhtm.traceability.services import doubts as services

router = Router(tags=["testers in doubt"])
Percent = Annotated[float, Field(ge=0, le=1000)]


class TesterFindingOut(Schema):
    """A calibration that found its tester out of tolerance, and the period it puts in doubt."""

    uid: UUID
    tester: str = Field(description="Control number.")
    found_on: dt.date
    since: dt.date | None = Field(description="Day of the last good calibration; null: all it ever measured is in doubt.")
    until: dt.date = Field(description="Day of the finding; it is not in doubt itself.")
    error_percent: float | None = Field(description="Largest error found, in percent of the reading; null: not recorded.")


class TesterFindingCounts(Schema):
    """How much is in doubt, and how far the work is."""

    results: int
    devices: int
    close: int = Field(description="Devices with a result that could be otherwise: its margin is smaller than the error.")
    high_risk: int
    orders: int
    open: int
    done: int
    dropped: int = Field(description="Orders cancelled or merged.")
    without: int = Field(description="Devices without work.")


class TesterFindingDetail(TesterFindingOut):
    counts: TesterFindingCounts


class DoubtQuery(Schema):
    close: bool = Field(default=False, description="true: only what could be otherwise.")
    error_percent: Percent | None = Field(default=None, description="Suppose this error instead of the one recorded.")
    cursor: Cursor | None = None
    limit: Limit = 50


class DoubtfulResult(Schema):
    """A result judged by the tester in the period, the worst first."""

    uid: UUID
    rank: int = Field(
        description="1 high-risk and could be otherwise, 2 could be otherwise, 3 and 4 cannot tell, 5 and 6 the margin is larger."
    )
    margin_percent: float | None = Field(
        description="Distance to the nearest limit in percent of the reading; null: no limit to compare with."
    )
    device: str | None
    high_risk: bool
    order: int
    procedure: str
    step: str
    verdict: str
    number: float | None
    unit: str
    share_of_limit: float | None
    measured_at: dt.datetime


class DoubtfulResults(PageOut):
    items: list[DoubtfulResult]


class DoubtfulDevice(Schema):
    """A device with results in doubt, and the work that follows."""

    device: str
    rank: int
    margin_percent: float | None
    results: int
    order_in_doubt: int
    passed_since: dt.datetime | None = Field(description="When its step passed again with another tester.")
    order: int | None = Field(description="The order that tests it again.")
    order_status: str | None


class DoubtfulDevices(PageOut):
    items: list[DoubtfulDevice]


class DoubtOrdersIn(Body):
    devices: Annotated[list[Code], Field(min_length=1, max_length=5000)] | None = Field(
        default=None, description="Control numbers; null: every device in doubt."
    )
    close: bool = Field(default=False, description="true: only devices whose result could be otherwise.")
    error_percent: Percent | None = None


class DoubtOrderOut(Schema):
    device_id: int
    order: int
    order_in_doubt: int
    results: int


@router.get(
    "/testers/{int:tester_id}/findings",
    response={200: list[TesterFindingOut], **REFUSALS},
    operation_id="list_tester_findings",
    summary="Findings of a tester",
)
def list_tester_findings(request: HttpRequest, tester_id: int) -> Any:
    """Calibrations that found it out of tolerance and were not corrected, newest first."""
    actor = _may(request)
    tester = Tester.objects.visible_to(actor).select_related("device__facility").get(pk=tester_id)
    return [_finding(one) for one in queries.findings_of(tester)]


@router.get(
    "/tester-findings/{uuid:uid}", response={200: TesterFindingDetail, **REFUSALS}, operation_id="get_tester_finding", summary="One finding"
)
def get_tester_finding(request: HttpRequest, uid: UUID) -> Any:
    """A finding with its counts."""
    actor = _may(request)
    finding = queries.finding_of(actor, uid)
    return _finding(finding) | {"counts": queries.figures(queries.results_in_doubt(actor, finding), finding)}


@router.get(
    "/tester-findings/{uuid:uid}/results",
    response={200: DoubtfulResults, **REFUSALS},
    operation_id="list_doubtful_results",
    summary="Results in doubt",
)
def list_doubtful_results(request: HttpRequest, uid: UUID, query: Query[DoubtQuery]) -> Any:
    """Every result judged by the tester since its last good calibration, the worst first."""
    actor = _may(request)
    found = queries.shown_results(queries.results_in_doubt(actor, queries.finding_of(actor, uid), error_percent=query.error_percent))
    found = found.filter(rank__lte=int(Rank.CLOSE)) if query.close else found
    page = keyset_page(found, order=("rank", "margin", "uid"), cursor=query.cursor, limit=query.limit)
    return {"items": [_result(one) for one in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.get(
    "/tester-findings/{uuid:uid}/devices",
    response={200: DoubtfulDevices, **REFUSALS},
    operation_id="list_doubtful_devices",
    summary="Devices in doubt",
)
def list_doubtful_devices(request: HttpRequest, uid: UUID, query: Query[DoubtQuery]) -> Any:
    """Every device with a result in doubt, the worst first, with its work."""
    actor = _may(request)
    finding = queries.finding_of(actor, uid)
    found = queries.results_in_doubt(actor, finding, error_percent=query.error_percent)
    rows = queries.devices_in_doubt(found, finding, close=query.close)
    page = keyset_page(rows, order=("worst", "nearest", "key"), cursor=query.cursor, limit=query.limit)
    keys = [row["key"] for row in page.rows]
    devices, worst, orders = queries.devices_by_key(actor, keys), queries.worst_results(found, keys), queries.orders_of(finding, keys)
    again = queries.passed_since(finding, worst)
    items = [
        {
            "device": devices[row["key"]].control_number,
            "rank": row["worst"],
            "margin_percent": _percent(row["nearest"]),
            "results": row["results"],
            "order_in_doubt": worst[row["key"]].work_order.number,
            "passed_since": again[row["key"]][0] if row["key"] in again else None,
            "order": orders[row["key"]].order.number if row["key"] in orders else None,
            "order_status": orders[row["key"]].order.status if row["key"] in orders else None,
        }
        for row in page.rows
        if row["key"] in devices
    ]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post(
    "/tester-findings/{uuid:uid}/orders",
    response={201: list[DoubtOrderOut], **REFUSALS},
    operation_id="open_doubt_orders",
    summary="Turn doubt into work",
)
def open_doubt_orders(request: HttpRequest, uid: UUID, payload: DoubtOrdersIn) -> Any:
    """Open one order for each device, linked to the order in doubt and to the finding. Sent again it opens none for those that have one."""
    made = services.open_doubt_orders(
        actor=_who(request), calibration=uid, devices=payload.devices, close=payload.close, error_percent=payload.error_percent
    )
    numbers = queries.numbers_of([one.in_doubt_id for one in made])
    items = [
        {"device_id": one.device_id, "order": one.order.number, "order_in_doubt": numbers[one.in_doubt_id], "results": one.results}
        for one in made
    ]
    return Status(201, items)


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _may(request: HttpRequest) -> Actor:
    actor = _who(request)
    require(actor, Permission.VIEW_TESTERS)
    return actor


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "uid": one.calibration.uid,
        "tester": one.tester.device.control_number,
        "found_on": one.until_on,
        "since": one.since_on,
        "until": one.until_on,
        "error_percent": one.error_percent,
    }


def _percent(ppm: int) -> float | None:
    return None if ppm > FARTHEST_PPM else ppm / 10_000


def _result(one: Any) -> dict[str, Any]:
    shown = {name: getattr(one, name) for name in ("uid", "rank", "verdict", "number", "unit", "share_of_limit", "measured_at")}
    return shown | {
        "margin_percent": _percent(one.margin),
        "device": one.device.control_number if one.device else None,
        "high_risk": bool(one.device and one.device.high_risk),
        "order": one.work_order.number,
        "procedure": one.checklist.version.procedure.code,
        "step": one.step_key,
    }
