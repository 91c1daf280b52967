"""Unknown tags: kept when they were scanned, settled when somebody says what they are."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import AlternateNumber, Device, NumberKind
from openhtm.inventory.services.devices import keep_number
from openhtm.inventory.services.sightings import record_sighting
from openhtm.rounds.models import UnknownTag
from openhtm.rounds.services.rounds import clean_line

DECISIONS = ("device", "new_device", "not_ours")
_LONGEST_NUMBER = 80


class TagSettled(DomainError):
    """Somebody already said what this tag is (409)."""

    code = "tag-settled"
    status = 409
    message = "{name} already said what this tag is."


@transaction.atomic
def settle_tag(*, actor: Actor, tag_id: int, decision: str, control_number: str = "", note: str = "", now: datetime) -> UnknownTag:
    """Say what an unknown tag is: a device that is known or was just added, or not ours.

    Of a device, the tag becomes another number of it, so that the next scan finds it, and the scan becomes a sighting of it.
    Raises UnknownTag.DoesNotExist, Device.DoesNotExist, NotAllowed, TagSettled, Invalid.
    """
    reach = UnknownTag.objects.select_related("location", "settled_by", "facility")
    visible = reach if (who := actor.reach()).everywhere else reach.filter(facility_id__in=who.facility_ids)
    tag = visible.select_for_update(of=("self",)).get(pk=tag_id)
    require(actor, Permission.DO_ROUNDS, at=tag.facility_id, place=tag.facility.name)
    if tag.settled_at is not None:
        raise TagSettled(name=tag.settled_by.full_name if tag.settled_by else "Somebody")
    if decision not in DECISIONS:
        raise Invalid({"decision": ["Choose device, new device or not ours."]})
    tag.device = None if decision == "not_ours" else _device(actor, control_number)
    tag.note = clean_line(note, field="note", limit=200)
    tag.decision, tag.settled_at, tag.settled_by_id = decision, now, actor.user_id
    tag.save(update_fields=["device", "note", "decision", "settled_at", "settled_by"])
    if tag.device is not None:
        _learn(actor, tag, tag.device, now)
    return tag


def _device(actor: Actor, control_number: str) -> Device:
    if not control_number.strip():
        raise Invalid({"control_number": ["Give the control number of the device."]})
    found = Device.objects.visible_to(actor).select_related("facility").get(control_number=control_number_key(control_number)[:60])
    require(actor, Permission.EDIT_DEVICES, at=found.facility_id, place=found.facility.name)
    return found


def _learn(actor: Actor, tag: UnknownTag, device: Device, now: datetime) -> None:
    """Remember the tag as a number of the device, and where and when the device was therefore seen."""
    if len(tag.text) <= _LONGEST_NUMBER and tag.text.isprintable():
        key = control_number_key(tag.text)
        if not AlternateNumber.objects.filter(number_key=key).exists() and key != device.control_number:
            keep_number(device=device, number=tag.text, kind=NumberKind.OTHER, source="Round")
    record_sighting(
        control_number=device.control_number, actor=actor, now=now, seen_at=tag.seen_at,
        location_code=tag.location.public_code if tag.location else "", detail="Tag settled after a round",
    )  # fmt: skip
