"""Reporting faults without log-in over the API: by the code of a printed label, slowed down like the page, and never saying more."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from ninja import Header, Schema, Status
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, ClientKey, Line, Text
from openhtm.exchange.services.repeatable import answer_once
from openhtm.identity.addresses import client_address
from openhtm.inventory.asking import base_url
from openhtm.workorders.models import WorkComment, WorkEvent, WorkOrder
from openhtm.workorders.rules.kinds import UNDER_WAY, number_text
from openhtm.workorders.rules.kinds import Status as OrderStatus
from openhtm.workorders.rules.reports import PUBLIC_WORDS, instructions
from openhtm.workorders.services import requests, throttling
from openhtm.workorders.services.requests import VISITOR, Report, ReportCodeUnknown, Target

router = Router(tags=["fault reports without log-in"], auth=None)
LabelCode = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{4,24}$", description="As printed on the label, without regard to case.")]
StatusCode = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{4,24}$", description="The last part of the status address.")]
VisitorKey = Annotated[ClientKey, Field(min_length=16)]
ByHeader = Annotated[VisitorKey | None, Header(alias="Idempotency-Key", description="The same as client_key.")]
MOST = 100


class FaultIn(Body):
    """What is wrong: a coded problem or words, at least one of them."""

    problem_code: Annotated[Text, Field(max_length=40)] = Field(default="", description="One of those that the label's address answers.")
    words: Annotated[Text, Field(max_length=4000)] = ""
    name: Annotated[Line, Field(max_length=120)] = ""
    contact: Annotated[Line, Field(max_length=120)] = Field(default="", description="For calling back. Never shown by the status address.")
    call_back: bool = False
    patient_involved: bool | None = Field(default=None, description="true makes it an incident of the highest priority.")
    set_aside: bool | None = Field(default=None, description="The device is out of use.")
    photo_base64: Annotated[str, Field(max_length=4_900_000)] | None = Field(
        default=None, description="JPEG, PNG, WebP or HEIC of up to 3.6 MB; the page takes larger ones."
    )
    photo_name: Annotated[Line, Field(max_length=120)] = "photo"
    client_key: VisitorKey | None = Field(
        default=None,
        description="Made by the client, such as a UUID. The same report sent again under it answers the same and opens nothing.",
    )


class CodedProblem(Schema):
    code: str
    label: str


class OpenReport(Schema):
    """An open report that may be of the same fault: as much as a stranger may know."""

    number: int
    problem: str
    reported_at: dt.datetime
    words: str


class LabelOut(Schema):
    """What a printed code stands for: what anybody sees who stands before it."""

    title: str = Field(description="Kind of device, or name of the place.")
    model: str
    device: str = Field(description="Control number; empty for a place.")
    place: str
    facility: str
    problems: list[CodedProblem]
    open_reports: list[OpenReport]


class PublicStepOut(Schema):
    at: dt.datetime
    words: str


class RemarkOut(Schema):
    at: dt.datetime
    author: str = Field(description="Reporter for whoever is not one of us.")
    text: str


class PublicReportOut(Schema):
    """Where a report stands: exactly what its status page shows."""

    number: str = Field(examples=["WO-1042"])
    status_code: str
    status_url: str = Field(description="The page of the report, for people.")
    status: str = Field(description="Stable code of the order's status.")
    words: str
    instructions: list[str] = Field(description="What to do with the device now.")
    title: str
    model: str
    device: str
    place: str
    happened: list[PublicStepOut]
    remarks: list[RemarkOut]


@router.get(
    "/reports/devices/{code}",
    response={200: LabelOut, **REFUSALS},
    operation_id="get_device_label",
    summary="What a device's label leads to",
)
def get_device_label(request: HttpRequest, code: LabelCode) -> Any:
    """The device of a printed code, the problems to choose from, and open reports that may be of the same fault."""
    return _label(_found(request, lambda: requests.target_of_device(code)))


@router.get(
    "/reports/places/{code}", response={200: LabelOut, **REFUSALS}, operation_id="get_place_label", summary="What a place's label leads to"
)
def get_place_label(request: HttpRequest, code: LabelCode) -> Any:
    """The place of a printed code, the problems to choose from, and open reports that may be of the same fault."""
    return _label(_found(request, lambda: requests.target_of_place(code)))


@router.post(
    "/reports/devices/{code}",
    response={201: PublicReportOut, 200: PublicReportOut, **REFUSALS},
    operation_id="report_device_fault",
    summary="Report a fault of a device without log-in",
)
def report_device_fault(request: HttpRequest, code: LabelCode, payload: FaultIn, header_key: ByHeader = None) -> Any:
    """Open a report. 201, or 200 if the same client_key came before. At most 6 in a quarter of an hour about one device (429)."""
    return _report(request, _found(request, lambda: requests.target_of_device(code)), payload, payload.client_key or header_key)


@router.post(
    "/reports/places/{code}",
    response={201: PublicReportOut, 200: PublicReportOut, **REFUSALS},
    operation_id="report_place_fault",
    summary="Report a fault at a place without log-in",
)
def report_place_fault(request: HttpRequest, code: LabelCode, payload: FaultIn, header_key: ByHeader = None) -> Any:
    """Open a report about a place. 201, or 200 if the same client_key came before. Slowed down like those about devices."""
    return _report(request, _found(request, lambda: requests.target_of_place(code)), payload, payload.client_key or header_key)


@router.get(
    "/reports/{status_code}", response={200: PublicReportOut, **REFUSALS}, operation_id="get_report", summary="Where a report stands"
)
def get_report(request: HttpRequest, status_code: StatusCode) -> Any:
    """For whoever holds the status code. A report joined with another answers as that one does."""
    return _status(request, _found(request, lambda: requests.by_status_code(status_code)))


def _found(request: HttpRequest, find: Callable[[], Any]) -> Any:
    """What a code stands for. A code nobody knows is counted as a try, so that codes are not guessed. Raises TooManyReports."""
    try:
        return find()
    except ReportCodeUnknown:
        throttling.note_try(target="", address=client_address(request), now=timezone.now())
        raise


def _report(request: HttpRequest, target: Target, payload: FaultIn, key: str | None) -> Any:
    now = timezone.now()
    throttling.note_try(target=target.key, address=client_address(request), now=now)
    values = payload.model_dump(exclude={"client_key", "photo_base64", "photo_name"})
    report = Report(**values, photo=_photo(payload), photo_name=payload.photo_name or "photo")

    def make() -> tuple[int, dict[str, Any]]:
        order = requests.report_fault(target=target, report=report, now=now)
        return 201, {"status_code": order.status_code}

    body = payload.model_dump(mode="json", exclude={"client_key"})
    status, made, replayed = answer_once(
        actor=VISITOR, key=key, route="report_fault", body=body, make=make, requester=f"visitor:{target.key}"
    )
    return Status(200 if replayed else status, _status(request, requests.by_status_code(made["status_code"])))


def _photo(payload: FaultIn) -> bytes | None:
    if payload.photo_base64 is None:
        return None
    try:
        return base64.b64decode(payload.photo_base64, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid({"photo_base64": ["This is not base64."]}) from None


def _label(target: Target) -> dict[str, Any]:
    return {
        "title": target.title,
        "model": target.model,
        "device": target.tag,
        "place": target.place,
        "facility": target.facility.name,
        "problems": [{"code": code, "label": label} for code, label in requests.problems()],
        "open_reports": [
            {
                "number": one.number,
                "problem": one.problem.label if one.problem else "A fault",
                "reported_at": one.opened_at,
                "words": PUBLIC_WORDS[OrderStatus(one.status)],
            }
            for one in requests.possible_duplicates(target=target, now=timezone.now())
        ],
    }


def _status(request: HttpRequest, order: WorkOrder) -> dict[str, Any]:
    """Three statements."""
    status, device = OrderStatus(order.status), order.device
    place = order.location or (device.location if device else None)
    happened = WorkEvent.objects.filter(work_order=order, public=True, kind__in=("opened", "status")).order_by("recorded_at", "pk")[:MOST]
    remarks = WorkComment.objects.filter(work_order=order, public=True).order_by("recorded_at", "pk")[:MOST]
    under_way = status in UNDER_WAY
    return {
        "number": number_text(order.number),
        "status_code": order.status_code,
        "status_url": base_url(request) + reverse("workorders:report-status", args=[order.status_code]),
        "status": status.value,
        "words": PUBLIC_WORDS[status],
        "instructions": list(instructions(patient_involved=order.incident, set_aside=order.set_aside)) if under_way else [],
        "title": (device.device_type.name if device.device_type else "Device") if device else (place.name if place else ""),
        "model": str(device.device_model) if device else "",
        "device": device.control_number if device else "",
        "place": place.full_name if place else "",
        "happened": [{"at": one.recorded_at, "words": _words(one)} for one in happened],
        "remarks": [
            {"at": one.recorded_at, "author": one.author_name if one.author_id else "Reporter", "text": one.text} for one in remarks
        ],
    }


def _words(happened: WorkEvent) -> str:
    """A public step without the words that colleagues write to each other."""
    if happened.kind == "opened":
        return "Reported"
    return PUBLIC_WORDS[OrderStatus(happened.after)] if happened.after in set(OrderStatus) else "Changed"
