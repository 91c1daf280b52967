"""Two records become one, and apart again: nothing is lost on either way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from openhtm.audit.context import acting
from openhtm.core.errors import DomainError, Invalid
from openhtm.core.events import publish
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import (
    AlternateNumber,
    Device,
    DeviceMove,
    DeviceRiskInput,
    DuplicateDecision,
    NumberKind,
    Sighting,
)
from openhtm.inventory.rules import merging as rules
from openhtm.inventory.rules.events import DevicesMerged
from openhtm.inventory.rules.merging import Side
from openhtm.inventory.services.derived import refresh_devices
from openhtm.inventory.services.devices import _foreign
from openhtm.inventory.services.quality import checked_reason, lock_pair, refresh_duplicates, refuse_decided


class CannotMerge(DomainError):
    """These two records cannot become one as they stand."""

    code = "cannot-merge"
    message = "{survivor} and {loser} cannot be merged: {why}"


class CannotUnmerge(DomainError):
    """The merge can no longer be taken back as it stands."""

    code = "cannot-unmerge"
    message = "The merge of {number} cannot be taken back: {why}"


@dataclass(slots=True)
class _Undo:
    """What a merge moved and overwrote, kept as JSON with the decision."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    interfaces: list[int] = field(default_factory=list)
    attachments: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    risk_inputs: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    followers: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@transaction.atomic
def merge_devices(
    *, actor: Actor, survivor: str, loser: str, choices: Mapping[str, Side], reason: str, now: datetime | None = None
) -> Device:
    """Merge the record ``loser`` into ``survivor``. Everything of both stays findable under the survivor.

    ``choices`` maps keys of rules.merging.FIELDS (and ``custom.<key>``) to the record whose value stands; without a
    choice the survivor's stands. What happened to the loser stays with it and shows on the survivor's timeline.
    Raises Device.DoesNotExist, NotAllowed, SameRecord, AlreadyDecided, CannotMerge, Invalid.
    """
    now = now or timezone.now()
    first, second = lock_pair(actor=actor, control_numbers=(survivor, loser))
    kept, given_up = (first, second) if first.control_number == control_number_key(survivor) else (second, first)
    for device in (kept, given_up):
        require(actor, Permission.MERGE_DEVICES, at=device.facility_id, place=device.facility.name)
    reason = checked_reason(reason, required=True)
    _refuse_impossible(kept, given_up)
    refuse_decided(first, second)
    changed = _chosen(kept, given_up, choices, actor) | _later_seen(kept, given_up)
    with acting(actor, reason=reason):
        undo = _Undo(before={key: _plain(getattr(kept, key)) for key in changed}, after={key: _plain(v) for key, v in changed.items()})
        _keep_numbers(kept, given_up, undo)
        _move_parts(kept, given_up, undo)
        _write(kept, given_up, changed, actor=actor, now=now, reason=reason)
        DuplicateDecision.objects.create(
            first=first, second=second, verdict="merged", reason=reason, decided_by_id=actor.user_id, decided_at=now, undo=undo.as_json()
        )
        refresh_devices([kept.pk])
    refresh_duplicates([kept.pk, given_up.pk], now=now)
    publish(DevicesMerged(kept_id=kept.pk, given_up_id=given_up.pk, actor=actor))
    return Device.objects.get(pk=kept.pk)


def _refuse_impossible(kept: Device, given_up: Device) -> None:
    for device in (kept, given_up):
        if device.merged_into_id is not None:
            raise CannotMerge(survivor=kept, loser=given_up, why=f"{device} was merged into another record before. Use that one.")
    if kept.pk in _ancestors(given_up.pk) or given_up.pk in _ancestors(kept.pk):
        raise CannotMerge(survivor=kept, loser=given_up, why="one is part of the other. Take it out of the system first.")


_ANCESTORS = """
WITH RECURSIVE up AS (
  SELECT parent_id AS id, 1 AS depth FROM inventory_device WHERE id = %s
  UNION ALL SELECT d.parent_id, up.depth + 1 FROM inventory_device d JOIN up ON d.id = up.id WHERE up.depth < 20
) SELECT id FROM up WHERE id IS NOT NULL
"""


def _ancestors(device_id: int) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(_ANCESTORS, [device_id])
        return {row[0] for row in cursor.fetchall()}


def _chosen(kept: Device, given_up: Device, choices: Mapping[str, Side], actor: Actor) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    for key, side in choices.items():
        if key not in rules.BY_KEY and not key.startswith(rules.CUSTOM):
            errors[key] = ["There is no such field to choose."]
        elif side not in ("survivor", "loser"):
            errors[key] = ["Choose survivor or loser."]
        elif key in rules.PLACES and side == "loser" and kept.facility_id != given_up.facility_id:
            errors[key] = [f"This place belongs to {given_up.facility.name}. Move the device there first, or keep its place."]
    if errors:
        raise Invalid(errors)
    changed = rules.merged_values(survivor=record_values(kept), loser=record_values(given_up), choices=choices)
    if broken := _foreign(changed, kept.facility, actor, device=kept):
        raise Invalid(broken)
    return changed


def record_values(device: Device) -> dict[str, Any]:
    """Return the columns a merge chooses from."""
    return {column: getattr(device, column) for column in (*rules.COLUMNS, "custom")}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _keep_numbers(kept: Device, given_up: Device, undo: _Undo) -> None:
    """Copy every number of the loser to the survivor; the loser keeps its own. Two statements."""
    source = f"merged from {given_up.control_number}"[:60]
    rows = list(AlternateNumber.objects.filter(device__in=(kept, given_up)))
    have = {row.number_key for row in rows if row.device_id == kept.pk} | {kept.control_number}
    wanted = {row.number_key: (row.number, row.kind) for row in rows if row.device_id == given_up.pk}
    wanted[given_up.control_number] = (given_up.control_number, NumberKind.OLD_CONTROL_NUMBER)
    copies = [
        AlternateNumber(device=kept, number_key=key, number=number, kind=kind, source=source)
        for key, (number, kind) in wanted.items()
        if key not in have
    ]
    undo.numbers = [row.pk for row in AlternateNumber.objects.bulk_create(copies)]


def _move_parts(kept: Device, given_up: Device, undo: _Undo) -> None:
    """Move what the survivor does not have yet: interfaces, files, risk inputs, parts of the system, earlier mergers."""
    mine = {_address(row) for row in kept.interfaces.all()}
    undo.interfaces = [row.pk for row in given_up.interfaces.all() if _address(row) not in mine]
    kept.interfaces.model.objects.filter(pk__in=undo.interfaces).update(device=kept)
    files = set(kept.attachments.filter(removed_at__isnull=True).values_list("file_id", "file_name"))
    undo.attachments = [row.pk for row in given_up.attachments.all() if row.removed_at or (row.file_id, row.file_name) not in files]
    kept.attachments.model.objects.filter(pk__in=undo.attachments).update(device=kept)
    families = set(DeviceRiskInput.objects.filter(device=kept).values_list("family", flat=True))
    undo.risk_inputs = list(DeviceRiskInput.objects.filter(device=given_up).exclude(family__in=families).values_list("pk", flat=True))
    DeviceRiskInput.objects.filter(pk__in=undo.risk_inputs).update(device=kept)
    undo.children = list(Device.objects.filter(parent=given_up).values_list("pk", flat=True))
    Device.objects.filter(pk__in=undo.children).update(parent=kept)
    undo.followers = list(Device.objects.filter(merged_into=given_up).values_list("pk", flat=True))
    Device.objects.filter(pk__in=undo.followers).update(merged_into=kept)


def _address(interface: Any) -> tuple[Any, ...]:
    return (str(interface.mac_address).lower(),) if interface.mac_address else (interface.ip_address, interface.hostname.lower())


def _write(kept: Device, given_up: Device, changed: dict[str, Any], *, actor: Actor, now: datetime, reason: str) -> None:
    _record_move(kept, changed, actor=actor, now=now, reason=reason)
    Device.objects.filter(pk=kept.pk).update(**changed, updated_at=now)
    Device.objects.filter(pk=given_up.pk).update(merged_into=kept, updated_at=now)


def _later_seen(kept: Device, given_up: Device) -> dict[str, Any]:
    """Where the device was last seen, if the record given up knows it better."""
    if given_up.last_seen_at is None or (kept.last_seen_at is not None and kept.last_seen_at >= given_up.last_seen_at):
        return {}
    return {"last_seen_at": given_up.last_seen_at, "last_seen_location_id": given_up.last_seen_location_id}


def _record_move(device: Device, changed: Mapping[str, Any], *, actor: Actor, now: datetime, reason: str) -> None:
    """Record a change of place as the fact it is."""
    if not {"location_id", "department_id"} & set(changed):
        return
    DeviceMove.objects.create(
        device=device,
        from_facility_id=device.facility_id,
        to_facility_id=device.facility_id,
        from_location_id=device.location_id,
        to_location_id=changed.get("location_id", device.location_id),
        from_department_id=device.department_id,
        to_department_id=changed.get("department_id", device.department_id),
        reason=reason,
        actor_id=actor.user_id,
        actor_name=actor.name,
        recorded_at=now,
    )


@transaction.atomic
def unmerge_devices(*, actor: Actor, loser: str, reason: str, now: datetime | None = None) -> Device:
    """Take a merge back: the record ``loser`` stands for itself again. Returns it.

    What the merge moved goes back, what it overwrote is restored where nobody changed it since, and only the numbers it
    added are removed. The pair counts as different devices from then on. Raises Device.DoesNotExist, NotAllowed,
    CannotUnmerge, Invalid.
    """
    now = now or timezone.now()
    given_up = Device.objects.visible_to(actor).select_related("facility", "merged_into").get(control_number=control_number_key(loser))
    if given_up.merged_into is None:
        raise CannotUnmerge(number=given_up, why="it stands for itself already.")
    first, second = lock_pair(actor=actor, control_numbers=(given_up.control_number, given_up.merged_into.control_number))
    kept = first if first.pk == given_up.merged_into_id else second
    for device in (first, second):
        require(actor, Permission.MERGE_DEVICES, at=device.facility_id, place=device.facility.name)
    reason = checked_reason(reason, required=True)
    decision = DuplicateDecision.objects.filter(first=first, second=second, verdict="merged").first()
    _refuse_tangled(kept, given_up, decision)
    assert decision is not None
    with acting(actor, reason=reason):
        _give_back(kept, given_up, decision.undo, actor=actor, now=now, reason=reason)
        decision.verdict, decision.reason, decision.undo = "different", reason, {}
        decision.decided_by_id, decision.decided_at = actor.user_id, now
        decision.save(update_fields=["verdict", "reason", "undo", "decided_by", "decided_at"])
        refresh_devices([kept.pk, given_up.pk])
    refresh_duplicates([kept.pk, given_up.pk], now=now)
    return Device.objects.get(pk=given_up.pk)


def _refuse_tangled(kept: Device, given_up: Device, decision: DuplicateDecision | None) -> None:
    if kept.merged_into_id is not None:
        raise CannotUnmerge(number=given_up, why=f"{kept} was itself merged into another record since. Take that merge back first.")
    if decision is None:
        raise CannotUnmerge(number=given_up, why=f"it came to {kept} with a later merge. Take that merge back first.")


def _give_back(kept: Device, given_up: Device, undo: Mapping[str, Any], *, actor: Actor, now: datetime, reason: str) -> None:
    kept.interfaces.filter(pk__in=undo["interfaces"]).update(device=given_up)
    kept.attachments.filter(pk__in=undo["attachments"]).update(device=given_up)
    DeviceRiskInput.objects.filter(pk__in=undo["risk_inputs"], device=kept).update(device=given_up)
    AlternateNumber.objects.filter(pk__in=undo["numbers"], device=kept).delete()
    Device.objects.filter(pk__in=undo["children"], parent=kept).update(parent=given_up)
    Device.objects.filter(pk__in=undo["followers"], merged_into=kept).update(merged_into=given_up)
    Device.objects.filter(pk=given_up.pk).update(merged_into=None, updated_at=now)
    untouched = {key: value for key, value in undo["before"].items() if _plain(getattr(kept, key)) == undo["after"][key]}
    restored = {key: _typed(key, value) for key, value in untouched.items()}
    _record_move(kept, restored, actor=actor, now=now, reason=reason)
    Device.objects.filter(pk=kept.pk).update(**(restored | _last_seen(kept)), updated_at=now)
    Device.objects.filter(pk=given_up.pk).update(**_last_seen(given_up))


def _typed(column: str, value: Any) -> Any:
    if value and column.endswith("_on"):
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if value and column.endswith("_at") else value


def _last_seen(device: Device) -> dict[str, Any]:
    """When and where the device itself was last seen, by its sightings and those of records merged into it."""
    ids = [device.pk, *Device.objects.filter(merged_into=device).values_list("pk", flat=True)]
    newest = Sighting.objects.filter(device_id__in=ids).order_by("-seen_at", "-pk").values("seen_at", "location_id").first()
    return {"last_seen_at": newest["seen_at"], "last_seen_location_id": newest["location_id"]} if newest else {}
