"""Risk inputs of single devices, and the score an organisation shows first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from openhtm.audit.context import acting
from openhtm.core.errors import Invalid
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, DeviceRiskInput, RiskProfile
from openhtm.inventory.queries.detail import current_profiles
from openhtm.inventory.services.devices import lock_device
from openhtm.inventory.services.quality import checked_reason
from openhtm.sites.models import Organisation


@transaction.atomic
def set_risk_inputs(
    *, actor: Actor, control_number: str, family: str, inputs: Mapping[str, float], reason: str, now: datetime | None = None
) -> DeviceRiskInput:
    """Set what a device scores by where it differs from its type; factors not given stay as the type says.

    Replaces what was set for this family before. Raises Device.DoesNotExist, NotAllowed, Invalid.
    """
    device = _allowed(actor, control_number)
    reason = checked_reason(reason, required=True)
    _refuse_unknown(family, inputs)
    if not inputs:
        raise Invalid({"": ["Give at least one input, or go back to those of the device type."]})
    now = now or timezone.now()
    with acting(actor, reason=reason):
        stored, _ = DeviceRiskInput.objects.update_or_create(
            device=device,
            family=family,
            defaults={"inputs": dict(inputs), "reason": reason, "set_by_id": actor.user_id, "set_at": now},
        )
        Device.objects.filter(pk=device.pk).update(updated_at=now)
    return stored


@transaction.atomic
def clear_risk_inputs(*, actor: Actor, control_number: str, family: str, reason: str, now: datetime | None = None) -> None:
    """Let a device score by its type's inputs again. Clearing twice changes nothing. Raises Device.DoesNotExist, NotAllowed, Invalid."""
    device = _allowed(actor, control_number)
    reason = checked_reason(reason, required=True)
    with acting(actor, reason=reason):
        removed, _ = DeviceRiskInput.objects.filter(device=device, family=family).delete()
        if removed:
            Device.objects.filter(pk=device.pk).update(updated_at=now or timezone.now())


def _allowed(actor: Actor, control_number: str) -> Device:
    device = lock_device(actor=actor, control_number=control_number)
    require(actor, Permission.SET_RISK, at=device.facility_id, place=device.facility.name)
    return device


def _refuse_unknown(family: str, inputs: Mapping[str, float]) -> None:
    profiles = [profile for _, profile in current_profiles() if profile.family == family]
    if not profiles:
        raise Invalid({"family": [f"There is no risk profile of the family {family[:40]}."]})
    errors: dict[str, list[str]] = {}
    for code, value in inputs.items():
        scales = [factor for profile in profiles for factor in profile.factors if factor.code == code]
        if not scales:
            errors[code] = [f"The family {family} does not ask for this."]
        elif isinstance(value, bool) or not any(scale.allows(value) for scale in scales):
            errors[f"factor_{code}"] = [f"{value} is not on the scale."]
    if errors:
        raise Invalid(errors)


@transaction.atomic
def choose_risk_profile(*, actor: Actor, code: str) -> Organisation:
    """Choose the score shown first in the whole organisation. Raises NotAllowed, Invalid."""
    require_everywhere(actor, Permission.EDIT_ORGANISATION)
    if not RiskProfile.objects.filter(code=code, effective_to__isnull=True).exists():
        raise Invalid({"code": [f"There is no current risk profile {code[:60]}."]})
    organisation = Organisation.objects.select_for_update().order_by("pk")[:1].get()
    organisation.risk_profile = code
    organisation.save(update_fields=["risk_profile"])
    return organisation
