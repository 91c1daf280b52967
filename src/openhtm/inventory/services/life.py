"""A device's life and place: status changes, moves, notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.events import publish
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, DeviceMove, DeviceNote, StatusChange
from openhtm.inventory.rules.events import StatusChanged
from openhtm.inventory.rules.status import STATUS_LABELS, Refusal, Status, refuse_change
from openhtm.inventory.services.devices import _today, lock_device
from openhtm.inventory.services.quality import refresh_duplicates
from openhtm.sites.models import Department, Facility, Location


class StatusRefused(DomainError):
    """The transition table does not allow this change of status."""

    code = "status-refused"
    message = "{control_number} is {before} and cannot become {after}. {remedy}"


@transaction.atomic
def change_status(
    *, actor: Actor, control_number: str, after: str, reason: str = "", on: date | None = None, now: datetime | None = None
) -> Device:
    """Change a device's status by the transition table. Raises Device.DoesNotExist, NotAllowed, StatusRefused, Invalid."""
    now = now or timezone.now()
    device = lock_device(actor=actor, control_number=control_number)
    require(actor, Permission.CHANGE_STATUS, at=device.facility_id, place=device.facility.name)
    if after not in set(Status):
        raise Invalid({"status": [f"Choose one of: {', '.join(Status)}."]})
    before, target = Status(device.status), Status(after)
    if refusal := refuse_change(before=before, after=target, reason=reason):
        raise StatusRefused(
            control_number=device, before=STATUS_LABELS[before].lower(), after=STATUS_LABELS[target].lower(), remedy=_remedy(refusal)
        )
    today = _today(device.facility, now)
    day = on or today
    if day > today or (device.status_since and day < device.status_since):
        raise Invalid({"on": [f"Give a day from {device.status_since or 'the beginning'} to today."]})
    device.status, device.status_since, device.updated_at = target, day, now
    device.retired_on = day if target in (Status.RETIRED, Status.DISPOSED) else None
    device.save(update_fields=["status", "status_since", "retired_on", "updated_at"])
    StatusChange.objects.create(
        device=device, before=before, after=target, on=day, reason=reason, actor_id=actor.user_id, actor_name=actor.name, recorded_at=now
    )
    if device.retired_on or before in (Status.RETIRED, Status.DISPOSED):
        refresh_duplicates([device.pk], now=now)
    publish(StatusChanged(device_ids=(device.pk,), before=before.value, after=target.value, reason=reason, actor=actor))
    return device


def _remedy(refusal: Refusal) -> str:
    if refusal.code == "status-needs-reason":
        return "Give the reason."
    if refusal.code == "status-unchanged":
        return "Nothing to change."
    if not refusal.allowed:
        return "This status is final."
    return "From here it can become: " + ", ".join(STATUS_LABELS[status].lower() for status in refusal.allowed) + "."


@transaction.atomic
def move_devices(
    *,
    actor: Actor,
    control_numbers: Sequence[str],
    facility_id: int,
    location_id: int | None,
    department_id: int | None,
    reason: str = "",
    now: datetime | None = None,
) -> int:
    """Move devices to a place and department (None: unknown) of one facility. Returns how many really moved.

    The actor needs the right at the old and at the new facility. Four statements for any number of devices.
    Raises Device.DoesNotExist if one is outside the actor's scope, NotAllowed, Invalid.
    """
    now = now or timezone.now()
    target = Facility.objects.visible_to(actor).get(pk=facility_id)
    require(actor, Permission.MOVE_DEVICES, at=target.pk, place=target.name)
    _refuse_strangers(target, location_id=location_id, department_id=department_id)
    devices = _locked(actor, control_numbers)
    for facility in {device.facility for device in devices}:
        require(actor, Permission.MOVE_DEVICES, at=facility.pk, place=facility.name)
    moving = [d for d in devices if (d.facility_id, d.location_id, d.department_id) != (target.pk, location_id, department_id)]
    DeviceMove.objects.bulk_create(
        DeviceMove(
            device=d,
            from_facility_id=d.facility_id,
            to_facility=target,
            from_location_id=d.location_id,
            to_location_id=location_id,
            from_department_id=d.department_id,
            to_department_id=department_id,
            reason=reason,
            actor_id=actor.user_id,
            actor_name=actor.name,
            recorded_at=now,
        )
        for d in moving
    )
    Device.objects.filter(pk__in=[d.pk for d in moving]).update(
        facility=target, location_id=location_id, department_id=department_id, updated_at=now
    )
    return len(moving)


def _locked(actor: Actor, control_numbers: Sequence[str]) -> list[Device]:
    wanted = {number.strip().upper() for number in control_numbers}
    visible = Device.objects.visible_to(actor).select_related("facility").filter(control_number__in=wanted)
    devices = list(visible.select_for_update(of=("self",)).order_by("pk"))
    if missing := wanted - {device.control_number for device in devices}:
        raise Device.DoesNotExist(f"{min(missing)} is not there")
    return devices


def _refuse_strangers(facility: Facility, *, location_id: int | None, department_id: int | None) -> None:
    errors: dict[str, list[str]] = {}
    if location_id is not None and not Location.objects.filter(pk=location_id, facility=facility).exists():
        errors["location"] = [f"Choose a place at {facility.name}."]
    if department_id is not None and not Department.objects.filter(pk=department_id, facility=facility).exists():
        errors["department"] = [f"Choose a department of {facility.name}."]
    if errors:
        raise Invalid(errors)


@transaction.atomic
def add_note(*, actor: Actor, control_number: str, text: str, now: datetime | None = None) -> DeviceNote:
    """Add a remark to a device. Raises Device.DoesNotExist, NotAllowed, Invalid."""
    device = lock_device(actor=actor, control_number=control_number)
    require(actor, Permission.ADD_NOTES, at=device.facility_id, place=device.facility.name)
    text = text.strip()
    if not text or len(text) > 10_000 or "\0" in text:
        raise Invalid({"text": ["Write a note of 1 to 10,000 characters."]})
    return DeviceNote.objects.create(
        device=device, text=text, author_id=actor.user_id, author_name=actor.name, recorded_at=now or timezone.now()
    )
