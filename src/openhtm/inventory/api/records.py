"""What is kept with a device over the API: its files and where it was seen; and what a scanned code leads to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any, BinaryIO, Literal, cast
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form, Query, Schema, Status
from ninja.files import UploadedFile
from pydantic import AfterValidator, AwareDatetime, Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Cursor, Limit, PageOut, Short, Text
from openhtm.documents.responses import inert_response
from openhtm.exchange.services.repeatable import answer_once
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.api.devices import ByHeader, actor_of, found_device
from openhtm.inventory.models import DeviceAttachment, Sighting, SightingSource
from openhtm.inventory.services.attachments import attach_file, remove_attachment, visible_attachments
from openhtm.inventory.services.scanning import resolve
from openhtm.inventory.services.sightings import record_sighting
from openhtm.sites.models import Location

router = Router(tags=["records"])
EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class AttachmentOut(Schema):
    """A file kept with a device."""

    uid: UUID
    file_name: str
    title: str
    media_type: str = Field(description="As found in the content, not as claimed by the sender.")
    size_bytes: int
    sha256: str
    added_at: dt.datetime
    added_by: str | None = Field(description="Null: the system.")


class AttachmentIn(Body):
    title: Short = ""


class RemovalIn(Schema):
    reason: Annotated[Text, Field(min_length=1, max_length=200)] = Field(description="Why; others will look for this file.")


@router.get(
    "/devices/{control_number}/attachments", response={200: list[AttachmentOut], **REFUSALS}, operation_id="list_attachments",
    summary="Files of a device",
)  # fmt: skip
def list_attachments(request: HttpRequest, control_number: str) -> Any:
    """The files of a device, the newest first, at most a thousand."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_DEVICES)
    device = found_device(actor, control_number)
    return [_attachment_out(one) for one in visible_attachments(actor, control_number=device.control_number)[:1000]]


def _attachment_out(one: DeviceAttachment) -> dict[str, Any]:
    return {
        "uid": one.uid,
        "file_name": one.file_name,
        "title": one.title,
        "media_type": one.file.media_type,
        "size_bytes": one.file.size_bytes,
        "sha256": one.file.sha256,
        "added_at": one.added_at,
        "added_by": str(one.added_by) if one.added_by else None,
    }


@router.post(
    "/devices/{control_number}/attachments", response={201: AttachmentOut, **REFUSALS}, operation_id="add_attachment", summary="Attach a file"
)  # fmt: skip
def add_attachment(
    request: HttpRequest,
    control_number: str,
    payload: Form[AttachmentIn],
    file: UploadedFile | None = File(None),  # noqa: B008 (ninja's way)
) -> Any:
    """Keep a file (multipart) with a device. The same content under the same name is refused with 422 while it is attached."""
    actor = actor_of(request)
    device = found_device(actor, control_number)
    require(actor, Permission.ADD_ATTACHMENTS, at=device.facility_id, place=device.facility.name)
    if file is None:
        raise Invalid({"file": ["Send the file as the part named file of a multipart form."]})
    made = attach_file(
        device_id=device.pk, content=cast(BinaryIO, file.file), file_name=file.name or "", title=payload.title, actor=actor, now=timezone.now()
    )  # fmt: skip
    return Status(201, _attachment_out(visible_attachments(actor).get(pk=made.pk)))


@router.get("/attachments/{uid}/content", response={200: None, **REFUSALS}, operation_id="attachment_content", summary="A file's content")
def attachment_content(request: HttpRequest, uid: UUID) -> Any:
    """The file itself, always as a download, under the media type found in its content."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_DEVICES)
    found = visible_attachments(actor).get(uid=uid)
    return inert_response(found.file, found.file_name)


@router.delete("/attachments/{uid}", response={204: None, **REFUSALS}, operation_id="remove_attachment", summary="Take a file away")
def delete_attachment(request: HttpRequest, uid: UUID, query: Query[RemovalIn]) -> Any:
    """Take a file away from its device. Its content, and who removed it and why, stay."""
    remove_attachment(uid=uid, reason=query.reason, actor=actor_of(request), now=timezone.now())
    return Status(204, None)


def _recent(at: dt.datetime) -> dt.datetime:
    if at < EARLIEST:
        raise ValueError("Give a time since 1970.")
    return at


class SightingOut(Schema):
    """Somebody or something saw the device."""

    uid: UUID
    seen_at: dt.datetime
    location: str | None = Field(description="Names from the building down; null if not said, or not yours to see.")
    location_code: str | None = Field(description="The code on the label of the place.")
    source: str
    detail: str
    seen_by: str
    recorded_at: dt.datetime


class SightingList(PageOut):
    items: list[SightingOut]


class SightingIn(Body):
    location_code: Annotated[Text, Field(max_length=20)] = Field(default="", description="The code on the label of the place.")
    seen_at: Annotated[AwareDatetime, AfterValidator(_recent)] | None = Field(default=None, description="Left out: now.")
    source: Literal["scan", "person"] = "scan"
    detail: Short = ""
    client_key: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Your own key of this sighting. The header Idempotency-Key means the same."
    )


class SeenOut(SightingOut):
    """A recorded sighting and what it means."""

    control_number: str
    was_missing: bool = Field(description="The device was recorded as missing; its status is unchanged.")
    elsewhere: bool = Field(description="It was seen elsewhere than recorded; its place is unchanged.")


@router.get(
    "/devices/{control_number}/sightings", response={200: SightingList, **REFUSALS}, operation_id="list_sightings", summary="Sightings"
)
def list_sightings(
    request: HttpRequest, control_number: str, cursor: Cursor | None = None, limit: Limit = 50, count: bool = False
) -> dict[str, Any]:
    """Where a device was seen, the latest first."""
    actor = actor_of(request)
    device = found_device(actor, control_number)
    require(actor, Permission.VIEW_HISTORY, at=device.facility_id, place=device.facility.name)
    found = Sighting.objects.filter(device=device)
    page = keyset_page(found, order=("-seen_at", "-pk"), cursor=cursor, limit=limit)
    total = count_up_to(found) if count else None
    return {
        "items": _sightings_out(page.rows, actor),
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": total.value if total else None,
        "count_is_exact": total.exact if total else None,
    }


def _sightings_out(rows: Iterable[Sighting], actor: Actor) -> list[dict[str, Any]]:
    """Return sightings under the names of the contract, without places the actor may not see. One statement."""
    listed = list(rows)
    places = Location.objects.visible_to(actor).in_bulk({one.location_id for one in listed if one.location_id})
    return [_sighting_out(one, places.get(one.location_id or 0)) for one in listed]


def _sighting_out(one: Sighting, place: Location | None) -> dict[str, Any]:
    return {
        "uid": one.uid,
        "seen_at": one.seen_at,
        "location": place.full_name if place else None,
        "location_code": place.public_code if place else None,
        "source": one.source,
        "detail": one.detail,
        "seen_by": one.actor_name,
        "recorded_at": one.recorded_at,
    }


@router.post(
    "/devices/{control_number}/sightings", response={201: SeenOut, 200: SeenOut, **REFUSALS}, operation_id="add_sighting",
    summary="Record a sighting",
)  # fmt: skip
def add_sighting(request: HttpRequest, control_number: str, payload: SightingIn, header_key: ByHeader = None) -> Any:
    """Record that the caller saw the device. 201, or 200 with the first answer if the same client_key came before."""
    actor = actor_of(request)
    number = found_device(actor, control_number).control_number
    sent = payload.model_dump(mode="json", exclude={"client_key"})

    def make() -> tuple[int, dict[str, Any]]:
        seen = record_sighting(
            control_number=number,
            actor=actor,
            now=timezone.now(),
            seen_at=payload.seen_at,
            location_code=payload.location_code,
            source=SightingSource(payload.source),
            detail=payload.detail,
        )
        [answer] = _sightings_out([seen.sighting], actor)
        meaning = {"control_number": seen.device.control_number, "was_missing": seen.was_missing, "elsewhere": seen.elsewhere}
        return 201, SeenOut.model_validate(answer | meaning).model_dump(mode="json")

    status, answer, replayed = answer_once(
        actor=actor, key=payload.client_key or header_key, route="add_sighting", body=sent | {"device": number}, make=make
    )
    return Status(200 if replayed else status, answer)


class ScanIn(Body):
    code: Annotated[Text, Field(min_length=1, max_length=1000)] = Field(
        description="As scanned or typed: number, UDI, address, MAC address."
    )


class ScannedModel(Schema):
    id: int
    manufacturer: str
    name: str
    catalog_number: str
    device_type: str | None


class ScannedPlace(Schema):
    code: str
    name: str
    facility: str


class ScanOut(Schema):
    """What a code leads to, among what the caller may see."""

    kind: Literal["device", "devices", "model", "gudid", "location", "unknown", "unreadable"]
    code: str
    explanation: str
    control_numbers: list[str] = Field(description="At most 50.")
    more_devices: bool
    models: list[ScannedModel]
    gudid_record_key: str | None
    location: ScannedPlace | None
    prefill: dict[str, str] = Field(description="What the code says about a new device, by field.")


@router.post("/scan", response={200: ScanOut, **REFUSALS}, operation_id="scan_code", summary="What a code stands for")
def scan_code(request: HttpRequest, payload: ScanIn) -> dict[str, Any]:
    """Find what a code stands for. Nothing is recorded; 200 also where nothing was found, with kind unknown."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_DEVICES)
    found = resolve(payload.code, actor)
    place = found.location
    return {
        "kind": found.kind,
        "code": found.code,
        "explanation": found.explanation,
        "control_numbers": [device.control_number for device in found.devices],
        "more_devices": found.more_devices,
        "models": [
            {
                "id": model.pk,
                "manufacturer": model.manufacturer.name,
                "name": model.name,
                "catalog_number": model.catalog_number,
                "device_type": model.device_type.code if model.device_type else None,
            }
            for model in found.models
        ],
        "gudid_record_key": found.gudid.record_key if found.gudid else None,
        "location": {"code": place.public_code, "name": place.full_name, "facility": place.facility.code} if place else None,
        "prefill": found.prefill,
    }
