"""One scan of a round: always kept, always evidence of place, and answered at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction

from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.ids import uuid7
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, DeviceMove
from openhtm.inventory.services.life import move_devices
from openhtm.inventory.services.scanning import ScanResult, resolve
from openhtm.inventory.services.sightings import record_sighting
from openhtm.rounds.models import Round, RoundExpectation, RoundScan, ScanVerdict, UnknownTag
from openhtm.rounds.rules.scans import Meaning, meaning
from openhtm.rounds.services.rounds import FUTURE_TOLERANCE, RoundEnded, locked_round
from openhtm.sites.models import Location

Answer = Literal["found", "unexpected", "unknown", "again", "choose", "place"]
MAX_TEXT = 400


class MovedSince(DomainError):
    """The device was moved again after the round moved it, so moving it back would undo somebody else's work (409)."""

    code = "round-moved-since"
    status = 409
    message = "{control_number} was moved again since this scan. Move it on its own page."


class NothingToUndo(DomainError):
    """The scan moved nothing."""

    code = "round-nothing-to-undo"
    message = "This scan moved no device, so there is nothing to undo."


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan was answered. ``choose`` and ``place`` keep no scan: several devices have the code, or it is the label of a place."""

    answer: Answer
    sentence: str
    scan: RoundScan | None = None
    device: Device | None = None
    choices: tuple[Device, ...] = ()
    place: Location | None = None
    repeated: bool = False

    @property
    def moved(self) -> bool:
        return self.scan is not None and self.scan.move_id is not None


@transaction.atomic
def scan_in_round(
    *,
    actor: Actor,
    round_uid: UUID,
    text: str,
    uid: UUID | None = None,
    scanned_at: datetime | None = None,
    control_number: str = "",
    now: datetime,
) -> Scanned:
    """Keep one scan and say what it means. ``control_number`` answers ``choose``; ``uid`` sent again adds nothing.

    A scan made before the round ended may come later. Ten to twenty statements.
    Raises Round.DoesNotExist, NotAllowed, RoundEnded, Conflict, Invalid.
    """
    this = locked_round(actor=actor, round_uid=round_uid)
    if uid is not None and (known := RoundScan.objects.filter(uid=uid).select_related("device__device_type").first()):
        if known.round_id != this.pk or known.text != text.strip()[:MAX_TEXT]:
            raise Conflict(what="The scan with this id")
        return Scanned(_answer(known.verdict), sentence_of(known, this), scan=known, device=known.device, repeated=True)
    at = _time_of(this, scanned_at, now)
    result = resolve(text, actor)
    if result.kind == "unreadable":
        raise Invalid({"code": [result.explanation]})
    if result.location is not None:
        return Scanned("place", f"This is the label of {result.location}. Start a round there to go through it.", place=result.location)
    device = _device_meant(result, this, control_number)
    if device is None and result.kind in ("devices", "model") and result.devices:
        return Scanned("choose", "Several devices have this code. Choose the one before you.", choices=tuple(result.devices))
    return _keep(actor, this, text.strip()[:MAX_TEXT], device, uid=uid or uuid7(), at=at, now=now)


def _time_of(this: Round, scanned_at: datetime | None, now: datetime) -> datetime:
    at = scanned_at or now
    if at > now + FUTURE_TOLERANCE:
        raise Invalid({"scanned_at": ["This time lies in the future. Check the clock of the phone or scanner."]})
    if at < this.started_at - FUTURE_TOLERANCE:
        raise Invalid({"scanned_at": ["This time lies before the round. Check the clock of the phone or scanner."]})
    if this.ended_at is not None and at > this.ended_at:
        raise RoundEnded(place=this.location.name)
    return at


def _device_meant(result: ScanResult, this: Round, control_number: str) -> Device | None:
    """The one device of a code; of several the one chosen, or the one that is expected here."""
    if result.kind == "device":
        return result.devices[0]
    if control_number:
        wanted = control_number_key(control_number)
        return next((device for device in result.devices if device.control_number == wanted), None)
    if result.kind != "devices":
        return None
    expected = RoundExpectation.objects.filter(round=this, device__in=result.devices).values_list("device_id", flat=True)
    here = set(expected[:2])
    return next((device for device in result.devices if device.pk in here), None) if len(here) == 1 else None


def _keep(actor: Actor, this: Round, text: str, device: Device | None, *, uid: UUID, at: datetime, now: datetime) -> Scanned:
    means = _meaning(actor, this, text, device)
    move = None
    if device is not None:
        record_sighting(
            control_number=device.control_number, actor=actor, now=now, seen_at=at, location_code=this.location.public_code,
            detail=f"Round at {this.location.name}",
        )  # fmt: skip
        move = _move_here(actor, this, device, now) if means.moves else None
        RoundExpectation.objects.filter(round=this, device=device, found_at__isnull=True).update(found_at=at)
    scan = RoundScan.objects.create(
        uid=uid, round=this, text=text, device=device, verdict=means.verdict, move=move, scanned_at=at, actor_id=actor.user_id,
        actor_name=actor.name[:120],
    )  # fmt: skip
    if means.verdict == ScanVerdict.UNKNOWN:
        UnknownTag.objects.create(
            text=text, facility=this.facility, location=this.location, scan=scan, seen_at=at, seen_by_name=actor.name[:120]
        )
    return Scanned(_answer(scan.verdict), sentence_of(scan, this), scan=scan, device=device)


def _meaning(actor: Actor, this: Round, text: str, device: Device | None) -> Meaning:
    """Three statements."""
    same = RoundScan.objects.filter(round=this)
    if device is None:
        return meaning(
            known=False, scanned_before=same.filter(text=text, device=None).exists(), expected=False, recorded_here=False, may_move=False
        )
    here = device.location_id is not None and Location.objects.within(this.location).filter(pk=device.location_id).exists()
    return meaning(
        known=True,
        scanned_before=same.filter(device=device).exists(),
        expected=RoundExpectation.objects.filter(round=this, device=device).exists(),
        recorded_here=here,
        may_move=all(actor.may(Permission.MOVE_DEVICES, at=facility) for facility in {device.facility_id, this.facility_id}),
    )


def _move_here(actor: Actor, this: Round, device: Device, now: datetime) -> DeviceMove | None:
    """Move the device to the place of the round. It stays its department's, unless it came from another facility."""
    stays = device.facility_id == this.facility_id
    move_devices(
        actor=actor, control_numbers=[device.control_number], facility_id=this.facility_id, location_id=this.location_id,
        department_id=device.department_id if stays else None, reason=f"Seen on a round at {this.location.name}"[:400], now=now,
    )  # fmt: skip
    return DeviceMove.objects.filter(device=device).order_by("-pk").first()


@transaction.atomic
def undo_move(*, actor: Actor, round_uid: UUID, scan_uid: UUID, now: datetime) -> Device:
    """Put a device back to where it was recorded before a scan moved it; that it was seen here stays.

    Raises Round.DoesNotExist, RoundScan.DoesNotExist, NotAllowed, NothingToUndo, MovedSince.
    """
    this = locked_round(actor=actor, round_uid=round_uid)
    scan = RoundScan.objects.select_related("move", "device").get(round=this, uid=scan_uid)
    if scan.move is None or scan.device is None:
        raise NothingToUndo
    if DeviceMove.objects.filter(device=scan.device, pk__gt=scan.move.pk).exists():
        raise MovedSince(control_number=scan.device.control_number)
    move_devices(
        actor=actor, control_numbers=[scan.device.control_number], facility_id=scan.move.from_facility_id,
        location_id=scan.move.from_location_id, department_id=scan.move.from_department_id,
        reason=f"Undone on a round at {this.location.name}"[:400], now=now,
    )  # fmt: skip
    return Device.objects.select_related("location").get(pk=scan.device.pk)


def _answer(verdict: str) -> Answer:
    return verdict  # type: ignore[return-value]  # the verdicts are a part of the answers


def sentence_of(scan: RoundScan, this: Round) -> str:
    """What is said aloud, shown and read to screen readers."""
    if scan.device is None:
        kept = scan.verdict == ScanVerdict.UNKNOWN
        return f"{scan.text[:60]} is unknown. It was kept to be settled." if kept else f"{scan.text[:60]} was scanned before."
    name = f"{scan.device.control_number}{', ' + scan.device.device_type.name if scan.device.device_type else ''}"
    if scan.verdict == ScanVerdict.AGAIN:
        return f"{name} was scanned before."
    if scan.verdict == ScanVerdict.FOUND:
        return f"{name} found."
    moved = f" It was moved to {this.location.name}." if scan.move_id else " Its record stays where it is."
    return f"{name} was not expected here.{moved}"
