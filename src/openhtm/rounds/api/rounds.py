"""Rounds, their scans and unknown tags over the API."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import AwareDatetime, Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Key, Limit, Line, PageOut, Short, Text
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.rounds.models import Round, RoundExpectation, RoundScan, UnknownTag
from openhtm.rounds.queries import rounds as queries
from openhtm.rounds.rules.scans import in_order
from openhtm.rounds.services import rounds as services
from openhtm.rounds.services.scanning import Scanned, scan_in_round, undo_move
from openhtm.rounds.services.tags import settle_tag

router = Router(tags=["rounds"])
Uid = Annotated[UUID, Field(description="Made by the client (version 7): sent again, nothing is added.")]


class RoundOut(Schema):
    """A walk through a place."""

    uid: UUID
    facility: str = Field(description="Code of the facility.")
    location: str = Field(description="Public code of the place.")
    location_name: str
    started_at: dt.datetime
    started_by: str
    ended_at: dt.datetime | None = Field(description="Null while it is under way.")
    note: str
    expected: int
    found: int
    unexpected: int
    unknown: int


class RoundPage(PageOut):
    items: list[RoundOut]


class RoundIn(Body):
    location: Code
    uid: Uid | None = None
    note: Annotated[Line, Field(max_length=400)] = ""


class ExpectedOut(Schema):
    control_number: str
    device_type: str | None
    reasons: list[str] = Field(description="late, due, recalled, missing, open_repair; the first matters most.")
    found_at: dt.datetime | None


class RoundScanIn(Body):
    code: Annotated[Text, Field(min_length=1, max_length=1000)] = Field(description="As read or typed.")
    uid: Uid | None = None
    scanned_at: AwareDatetime | None = Field(default=None, description="When it was scanned, if it is sent later.")
    control_number: Annotated[Line, Field(max_length=60)] = Field(default="", description="Answers choose: the device meant.")


class RoundScanOut(Schema):
    """What a scan was answered. choose and place keep no scan."""

    answer: Literal["found", "unexpected", "unknown", "again", "choose", "place"]
    sentence: str
    uid: UUID | None
    control_number: str | None
    moved: bool = Field(description="The device was moved to the place of the round; it can be undone.")
    repeated: bool = Field(description="This scan was sent before.")
    choices: list[str] = Field(description="Control numbers to choose from.")
    place: str | None = Field(description="Public code, if it was the label of a place.")


class EndIn(Body):
    not_located: Annotated[list[Code], Field(max_length=5000)] | None = Field(
        default=None, description="Control numbers of due devices to record as could not locate; null: all that were not found."
    )
    note: Annotated[Line, Field(max_length=400)] = ""


class EndOut(Schema):
    not_found: int
    attempts: int = Field(description="Visits that were recorded as not located.")


class PlacedOut(Schema):
    control_number: str
    location: str | None


class TagOut(Schema):
    """A tag that nobody knew."""

    id: int
    text: str
    facility: str
    location: str | None
    seen_at: dt.datetime
    seen_by: str
    settled_at: dt.datetime | None
    decision: str = Field(description="device, new_device, not_ours, or empty while it waits.")
    control_number: str | None


class TagPage(PageOut):
    items: list[TagOut]


class SettleIn(Body):
    decision: Literal["device", "new_device", "not_ours"]
    control_number: Annotated[Line, Field(max_length=60)] = ""
    note: Annotated[Line, Field(max_length=200)] = ""


@router.get("/rounds", response={200: RoundPage, **REFUSALS}, operation_id="list_rounds", summary="Rounds, the newest first")
def list_rounds(
    request: HttpRequest,
    facility: Short = "",
    running: bool | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
    count: bool = False,
) -> dict[str, Any]:
    found = queries.rounds(_may(request), facility=facility, running=running)
    page = keyset_page(found, order=("-started_at", "-pk"), cursor=cursor, limit=limit)
    tallies = queries.tallies(one.pk for one in page.rows)
    return {"items": [_round(one, tallies[one.pk]) for one in page.rows], **_ends(page, found, count=count)}


@router.post("/rounds", response={201: RoundOut, **REFUSALS}, operation_id="start_round", summary="Start a round at a place")
def start_round(request: HttpRequest, body: RoundIn) -> Any:
    actor = _may(request)
    begun = services.start_round(actor=actor, location_code=body.location, uid=body.uid, note=body.note, now=timezone.now())
    return Status(201, _round(begun, queries.tallies([begun.pk])[begun.pk]))


@router.get("/rounds/{uuid:uid}", response={200: RoundOut, **REFUSALS}, operation_id="get_round", summary="One round")
def get_round(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    this = _found(request, uid)
    return _round(this, queries.tallies([this.pk])[this.pk])


@router.get(
    "/rounds/{uuid:uid}/expected",
    response={200: list[ExpectedOut], **REFUSALS},
    operation_id="list_round_expectations",
    summary="What was expected, what matters most first",
)
def list_round_expectations(request: HttpRequest, uid: UUID, found: bool | None = None, limit: Limit = 1000) -> list[dict[str, Any]]:
    return [_expected(one) for one in queries.expectations(_found(request, uid), found=found)[:limit]]


@router.post("/rounds/{uuid:uid}/scans", response={200: RoundScanOut, **REFUSALS}, operation_id="scan_in_round", summary="Send one scan")
def add_scan(request: HttpRequest, uid: UUID, body: RoundScanIn) -> dict[str, Any]:
    actor = _may(request)
    answer = scan_in_round(
        actor=actor,
        round_uid=uid,
        text=body.code,
        uid=body.uid,
        scanned_at=body.scanned_at,
        control_number=body.control_number,
        now=timezone.now(),
    )
    return _scan(answer)


@router.post(
    "/rounds/{uuid:uid}/scans/{uuid:scan_uid}/undo",
    response={200: PlacedOut, **REFUSALS},
    operation_id="undo_round_scan",
    summary="Put a device back that a scan moved",
)
def undo_round_scan(request: HttpRequest, uid: UUID, scan_uid: UUID) -> dict[str, Any]:
    device = undo_move(actor=_may(request), round_uid=uid, scan_uid=scan_uid, now=timezone.now())
    return {"control_number": device.control_number, "location": device.location.public_code if device.location else None}


@router.post("/rounds/{uuid:uid}/end", response={200: EndOut, **REFUSALS}, operation_id="end_round", summary="End a round")
def end_round(request: HttpRequest, uid: UUID, body: EndIn) -> dict[str, int]:
    done = services.end_round(actor=_may(request), round_uid=uid, not_located=body.not_located, note=body.note, now=timezone.now())
    return {"not_found": done.not_found, "attempts": done.attempts}


@router.get("/unknown-tags", response={200: TagPage, **REFUSALS}, operation_id="list_unknown_tags", summary="Tags that nobody knew")
def list_unknown_tags(
    request: HttpRequest, settled: bool = False, cursor: Cursor | None = None, limit: Limit = 50, count: bool = False
) -> dict[str, Any]:
    found = queries.tags(_may(request), settled=settled)
    page = keyset_page(found, order=("-seen_at", "-pk"), cursor=cursor, limit=limit)
    return {"items": [_tag(one) for one in page.rows], **_ends(page, found, count=count)}


@router.post(
    "/unknown-tags/{int:tag_id}/settle", response={200: TagOut, **REFUSALS}, operation_id="settle_unknown_tag", summary="Say what a tag is"
)
def settle_unknown_tag(request: HttpRequest, tag_id: Key, body: SettleIn) -> dict[str, Any]:
    try:
        done = settle_tag(actor=_may(request), tag_id=tag_id, now=timezone.now(), **body.model_dump())
    except Device.DoesNotExist:
        raise Invalid({"control_number": ["There is no such device that you can see."]}) from None
    return _tag(done)


def _may(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.DO_ROUNDS)
    return actor


def _found(request: HttpRequest, uid: UUID) -> Round:
    return queries.rounds(_may(request)).get(uid=uid)


def _ends(page: Any, found: Any, *, count: bool) -> dict[str, Any]:
    ends = {"next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}
    if not count:
        return ends
    counted = count_up_to(found)
    return ends | {"count": counted.value, "count_is_exact": counted.exact}


def _round(this: Round, tally: queries.Tally) -> dict[str, Any]:
    return {
        "uid": this.uid,
        "facility": this.facility.code,
        "location": this.location.public_code,
        "location_name": this.location.full_name,
        "started_at": this.started_at,
        "started_by": this.started_by_name,
        "ended_at": this.ended_at,
        "note": this.note,
        "expected": tally.expected,
        "found": tally.found,
        "unexpected": tally.unexpected,
        "unknown": tally.unknown,
    }


def _expected(one: RoundExpectation) -> dict[str, Any]:
    kind = one.device.device_type
    return {
        "control_number": one.device.control_number,
        "device_type": kind.code if kind else None,
        "reasons": in_order(one.reasons),
        "found_at": one.found_at,
    }


def _scan(answer: Scanned) -> dict[str, Any]:
    scan: RoundScan | None = answer.scan
    return {
        "answer": answer.answer,
        "sentence": answer.sentence,
        "uid": scan.uid if scan else None,
        "control_number": answer.device.control_number if answer.device else None,
        "moved": answer.moved,
        "repeated": answer.repeated,
        "choices": [one.control_number for one in answer.choices],
        "place": answer.place.public_code if answer.place else None,
    }


def _tag(tag: UnknownTag) -> dict[str, Any]:
    return {
        "id": tag.pk,
        "text": tag.text,
        "facility": tag.facility.code,
        "location": tag.location.public_code if tag.location else None,
        "seen_at": tag.seen_at,
        "seen_by": tag.seen_by_name,
        "settled_at": tag.settled_at,
        "decision": tag.decision,
        "control_number": tag.device.control_number if tag.device else None,
    }
