"""The same change to many devices: a few statements, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.events import publish
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, MaintenanceStrategy, Ownership, StatusChange
from openhtm.inventory.rules.events import StatusChanged, StrategyChosen
from openhtm.inventory.rules.status import NEEDS_REASON, STATUS_LABELS, TRANSITIONS, Status
from openhtm.inventory.services.devices import _today
from openhtm.inventory.services.life import _locked
from openhtm.sites.models import ServiceProvider

MAX_AT_ONCE = 5000
BULK_FIELDS = frozenset({"ownership", "maintenance_strategy", "service_provider_id"})


class TooMany(DomainError):
    """More devices than one bulk change takes."""

    code = "too-many"
    message = "{count} devices are too many for one change; {limit} fit. Narrow the list."


class SomeCannot(DomainError):
    """Some of the devices cannot make this change of status, so none did."""

    code = "some-cannot"
    message = "{count} of these cannot become {after}, among them {examples}. Nothing was changed; leave them out and repeat."


@transaction.atomic
def bulk_edit(*, actor: Actor, control_numbers: Sequence[str], values: Mapping[str, Any]) -> int:
    """Set ``ownership``, ``maintenance_strategy`` or ``service_provider_id`` on many devices. Returns rows changed.

    Raises Device.DoesNotExist, NotAllowed, TooMany, Invalid.
    """
    _refuse_crowd(control_numbers)
    known = {key: value for key, value in values.items() if key in BULK_FIELDS}
    _refuse_values(known)
    devices = _allowed(actor, control_numbers, Permission.EDIT_DEVICES)
    changing = [d.pk for d in devices if any(getattr(d, key) != value for key, value in known.items())]
    if not known:
        return 0
    if changing and "maintenance_strategy" in known:
        publish(StrategyChosen(device_ids=tuple(changing), strategy=known["maintenance_strategy"], actor=actor))
    return Device.objects.filter(pk__in=changing).update(**known, updated_at=timezone.now())


@transaction.atomic
def bulk_status(*, actor: Actor, control_numbers: Sequence[str], after: str, reason: str = "", now: datetime | None = None) -> int:
    """Change the status of many devices by the transition table, or of none. Returns rows changed.

    Raises Device.DoesNotExist, NotAllowed, TooMany, SomeCannot, Invalid.
    """
    now = now or timezone.now()
    _refuse_crowd(control_numbers)
    if after not in set(Status):
        raise Invalid({"status": [f"Choose one of: {', '.join(Status)}."]})
    target = Status(after)
    if target in NEEDS_REASON and not reason.strip():
        raise Invalid({"reason": ["Give the reason."]})
    devices = [d for d in _allowed(actor, control_numbers, Permission.CHANGE_STATUS) if d.status != target]
    if stuck := [d.control_number for d in devices if target not in TRANSITIONS[Status(d.status)]]:
        raise SomeCannot(count=len(stuck), after=STATUS_LABELS[target].lower(), examples=", ".join(stuck[:3]))
    StatusChange.objects.bulk_create(
        StatusChange(
            device=d,
            before=d.status,
            after=target,
            on=_today(d.facility, now),
            reason=reason,
            actor_id=actor.user_id,
            actor_name=actor.name,
            recorded_at=now,
        )
        for d in devices
    )
    for facility in {d.facility for d in devices}:  # one statement for each facility: its own calendar day
        day = _today(facility, now)
        retired = day if target in (Status.RETIRED, Status.DISPOSED) else None
        here = [d.pk for d in devices if d.facility_id == facility.pk]
        Device.objects.filter(pk__in=here).update(status=target, status_since=day, retired_on=retired, updated_at=now)
    before = {device.status for device in devices}
    publish(
        StatusChanged(
            device_ids=tuple(device.pk for device in devices),
            before=before.pop() if len(before) == 1 else "",
            after=target.value,
            reason=reason,
            actor=actor,
        )
    )
    return len(devices)


def _refuse_crowd(control_numbers: Sequence[str]) -> None:
    if len(control_numbers) > MAX_AT_ONCE:
        raise TooMany(count=f"{len(control_numbers):,}", limit=f"{MAX_AT_ONCE:,}")
    if not control_numbers:
        raise Invalid({"devices": ["Choose at least one device."]})


def _refuse_values(values: Mapping[str, Any]) -> None:
    errors: dict[str, list[str]] = {}
    if "ownership" in values and values["ownership"] not in Ownership.values:
        errors["ownership"] = [f"Choose one of: {', '.join(Ownership.values)}."]
    if "maintenance_strategy" in values and values["maintenance_strategy"] not in MaintenanceStrategy.values:
        errors["maintenance_strategy"] = [f"Choose one of: {', '.join(MaintenanceStrategy.values)}."]
    provider = values.get("service_provider_id")
    if provider is not None and not ServiceProvider.objects.filter(pk=provider).exists():
        errors["service_provider"] = ["Choose a service provider from the list."]
    if errors:
        raise Invalid(errors)


def _allowed(actor: Actor, control_numbers: Sequence[str], permission: Permission) -> list[Device]:
    devices = _locked(actor, control_numbers)
    for facility in {device.facility for device in devices}:
        require(actor, permission, at=facility.pk, place=facility.name)
    return devices
