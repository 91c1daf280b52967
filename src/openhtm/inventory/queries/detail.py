"""Everything one device page shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor
from openhtm.inventory.models import AlternateNumber, Device, DeviceRiskInput, RiskProfile
from openhtm.inventory.rules import risk


def device_by_number(*, actor: Actor, number: str) -> Device:
    """Return the device with this control number, or the one it was merged into, or the one that once had it.

    Raises Device.DoesNotExist outside the actor's scope. At most three statements.
    """
    key = control_number_key(number)
    # few devices have a parent, and joining it, ordering or limiting makes the planner think longer than the reading takes
    visible = (
        Device.objects.visible_to(actor)
        .order_by()
        .select_related("facility__organisation", "device_model__manufacturer", "device_type", "department", "location", "service_provider")
    )
    device = next(iter(visible.filter(control_number=key)), None)
    if device is None:
        seen = Device.objects.visible_to(actor).filter(pk=OuterRef("device_id"))  # two facilities may once have used the same number
        former = AlternateNumber.objects.filter(Exists(seen), number_key=key).order_by("-added_at", "-pk")
        device = visible.get(pk=former.values_list("device_id", flat=True).first() or 0)
    if device.merged_into_id:
        return visible.get(pk=device.merged_into_id)
    return device


@dataclass(frozen=True, slots=True)
class ShownScore:
    """A risk score with where its inputs come from.

    ``why_unknown`` is empty where there is a score, ``interval_source`` where the model gives no interval.
    """

    profile: RiskProfile
    family: str
    score: risk.Score
    overridden: DeviceRiskInput | None
    why_unknown: str = ""
    interval_source: str = ""


def current_profiles(*, code: str | None = None) -> list[tuple[RiskProfile, risk.Profile]]:
    """Every current risk profile (or the one of ``code``) as stored and as the rules read it, by code. One statement."""
    current = RiskProfile.objects.filter(effective_to__isnull=True, **({"code": code} if code else {}))
    return [(stored, risk.profile_from_entry(stored.definition)) for stored in current]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else there is of a device: how many, the ids of devices that may be it again, and the records merged into it."""

    interfaces: int
    attachments: int
    model_documents: int
    risk_inputs: int
    candidates: list[int]
    merged: dict[int, str]
    """Control number of each merged record, by its id."""


_SURROUNDINGS = """
SELECT (SELECT count(*) FROM inventory_networkinterface WHERE device_id = %(device)s),
  (SELECT count(*) FROM inventory_deviceattachment WHERE device_id = %(device)s AND removed_at IS NULL),
  (SELECT count(*) FROM catalog_modeldocument WHERE device_model_id = %(model)s AND superseded_by_id IS NULL),
  (SELECT count(*) FROM inventory_deviceriskinput WHERE device_id = %(device)s),
  ARRAY(SELECT second_id FROM inventory_duplicatecandidate WHERE first_id = %(device)s
        UNION SELECT first_id FROM inventory_duplicatecandidate WHERE second_id = %(device)s),
  ARRAY(SELECT id FROM inventory_device WHERE merged_into_id = %(device)s ORDER BY id),
  ARRAY(SELECT control_number FROM inventory_device WHERE merged_into_id = %(device)s ORDER BY id)
"""


def surroundings(device: Device) -> Surroundings:
    """Return what the tabs and notices of a device's page tell of its other records. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_SURROUNDINGS, {"device": device.pk, "model": device.device_model_id})
        interfaces, attachments, documents, inputs, candidates, ids, numbers = cursor.fetchone()
    return Surroundings(interfaces, attachments, documents, inputs, candidates, dict(zip(ids, numbers, strict=True)))


def risk_scores(device: Device, *, family: str | None = None, code: str | None = None, own_inputs: bool = True) -> list[ShownScore]:
    """Score a device by every current profile, or by that of ``code``. Two statements. An unknown input makes the score unknown, never a guess.

    ``own_inputs=False`` says that the device is known to have none of its own, and saves a statement.
    """
    stored_inputs = DeviceRiskInput.objects.filter(device=device).select_related("set_by") if own_inputs else []
    overrides = {override.family: override for override in stored_inputs}
    typed: dict[str, Any] = device.device_type.risk_inputs if device.device_type else {}
    shown = []
    for stored, profile in current_profiles(code=code):
        override = overrides.get(profile.family)
        inputs = {**typed.get(profile.family, {}), **(override.inputs if override else {})}
        score = risk.score(profile=profile, inputs=inputs)
        rule = next((one for one in profile.interval_rules if one.code == score.interval_rule), None)
        shown.append(ShownScore(stored, profile.family, score, override, why_unknown(device, score), rule.source if rule else ""))
    return [one for one in shown if family is None or one.family == family]


def why_unknown(device: Device, score: risk.Score) -> str:
    """Return in a sentence why there is no score and who can change that; empty if there is one."""
    if score.value is not None:
        return ""
    if device.device_type is None:
        return "The device has no type, and scores come from the type. Give its model a type."
    asked = ", ".join(part.label.lower() for part in score.parts if part.factor in score.missing)
    return f"Not known of {device.device_type.name}: {asked}. Set it on the device type, or for this device."


def duplicates_of(candidates: Collection[int], *, actor: Actor) -> list[Device]:
    """Return those of the candidates that the actor sees. One statement, none if there are no candidates."""
    if not candidates:
        return []
    return list(Device.objects.visible_to(actor).current().filter(pk__in=candidates).order_by("control_number")[:10])
