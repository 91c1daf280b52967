"""Everything one device page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q

from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor
from openhtm.inventory.models import AlternateNumber, Device, DeviceRiskInput, DuplicateCandidate, RiskProfile
from openhtm.inventory.rules import risk


def device_by_number(*, actor: Actor, number: str) -> Device:
    """Return the device with this control number, or the one it was merged into, or the one that once had it.

    Raises Device.DoesNotExist outside the actor's scope. At most three statements.
    """
    key = control_number_key(number)
    visible = Device.objects.visible_to(actor).select_related(
        "facility__organisation",
        "device_model__manufacturer",
        "device_type",
        "department",
        "location",
        "service_provider",
        "parent",
    )
    device = visible.filter(control_number=key).first()
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


def risk_scores(device: Device, *, family: str | None = None, code: str | None = None) -> list[ShownScore]:
    """Score a device by every current profile, or by that of ``code``. Two statements. An unknown input makes the score unknown, never a guess."""
    overrides = {override.family: override for override in DeviceRiskInput.objects.filter(device=device).select_related("set_by")}
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


def duplicates_of(device: Device, *, actor: Actor) -> list[Device]:
    """Return the devices that may be this one again. One statement, a second if there are any."""
    pairs = DuplicateCandidate.objects.filter(Q(first=device) | Q(second=device)).values_list("first_id", "second_id")
    others = {pk for pair in pairs for pk in pair} - {device.pk}
    return list(Device.objects.visible_to(actor).current().filter(pk__in=others).order_by("control_number")[:10]) if others else []
