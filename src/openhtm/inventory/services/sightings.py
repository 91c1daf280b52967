"""Evidence that a device is where somebody saw it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from openhtm.core.errors import Invalid, NotFound
from openhtm.core.events import publish
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, Sighting, SightingSource
from openhtm.inventory.rules.events import DeviceSeen
from openhtm.inventory.rules.status import Status
from openhtm.sites.models import Location

FUTURE_TOLERANCE = dt.timedelta(minutes=5)  # clocks of phones differ a little


@dataclass(frozen=True, slots=True)
class Seen:
    """A recorded sighting, and what it means: a missing device was found, or it stands elsewhere than recorded."""

    device: Device
    sighting: Sighting
    was_missing: bool
    elsewhere: bool


@transaction.atomic
def record_sighting(
    *,
    control_number: str,
    actor: Actor,
    now: dt.datetime,
    seen_at: dt.datetime | None = None,
    location_code: str = "",
    source: SightingSource = SightingSource.SCAN,
    detail: str = "",
) -> Seen:
    """Append that ``actor`` saw the device, at the place with the public code ``location_code`` if one is given.

    ``last_seen_*`` moves only forward in time: a sighting reported late stays in the history. The recorded place and
    status stay as they are; ``Seen`` tells where they should be looked at. Four to six statements.
    Raises NotFound, NotAllowed, Invalid (a time in the future).
    """
    device = _device(control_number, actor)
    require(actor, Permission.SCAN_DEVICES, at=device.facility_id, place=device.facility.name)
    at = seen_at or now
    if at > now + FUTURE_TOLERANCE:
        raise Invalid({"seen_at": ["This time lies in the future. Check the clock of the phone or scanner."]})
    place = _place(location_code, actor) if location_code else None
    sighting = Sighting.objects.create(
        device=device, seen_at=at, location=place, source=source, detail=detail[:200], actor_id=actor.user_id, actor_name=actor.name[:120]
    )
    newer = Device.objects.filter(Q(last_seen_at__lt=at) | Q(last_seen_at__isnull=True), pk=device.pk)
    if newer.update(last_seen_at=at, last_seen_location=place):
        device.last_seen_at, device.last_seen_location = at, place
    elsewhere = place is not None and device.location_id is not None and place.pk != device.location_id
    missing = device.status == Status.MISSING
    publish(DeviceSeen(device_id=device.pk, sighting_id=sighting.pk, seen_at=at, was_missing=missing, actor=actor))
    return Seen(device, sighting, was_missing=missing, elsewhere=elsewhere)


def _device(control_number: str, actor: Actor) -> Device:
    number = control_number_key(control_number)
    visible = Device.objects.visible_to(actor).select_related("facility", "location", "merged_into__facility")
    device = visible.filter(control_number=number).first()
    if device is None:
        raise NotFound(kind="device", name=number[:60])
    return device.merged_into or device


def _place(code: str, actor: Actor) -> Location:
    place = Location.objects.visible_to(actor).filter(public_code=code.strip().upper()).first()
    if place is None:
        raise NotFound(kind="place", name=code.strip()[:20])
    return place
