"""Window profiles, the miss policy, and decisions that no maintenance is needed: what a hospital sets for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.maintenance.models import MissPolicy, NoMaintenanceDecision, PlanLine, Schedule, WindowProfile, WindowStep
from openhtm.maintenance.rules.calendar import Unit
from openhtm.maintenance.services.inherit import refresh_schedules
from openhtm.maintenance.services.programme import SETTLE_AT_ONCE, devices_of
from openhtm.maintenance.services.settling import settle

LOCAL = "local"
STEP_FIELDS = ("before_n", "before_unit", "after_n", "after_unit", "snap_to_month", "grace_days")
POLICY_FIELDS = (
    "search_after_days", "escalate_after_attempts", "in_use_retry_days", "missing_after_misses", "missing_after_months",
    "high_risk_steps_earlier",
)  # fmt: skip


class DecisionWithdrawn(DomainError):
    """The decision was withdrawn before."""

    code = "decision-withdrawn"
    status = 409
    message = "This decision was withdrawn before. Load the page again."


@transaction.atomic
def save_window(
    *, actor: Actor, name: str, description: str, steps: Sequence[Mapping[str, Any]], profile_id: int | None = None, is_default: bool = False,
    now: datetime | None = None,
) -> WindowProfile:  # fmt: skip
    """Add or change a window profile. Every visit that goes by it moves with the next run; what is settled stays.

    ``steps`` hold ``from_interval_days`` and the fields of a step; a step may be changed and added, never taken away, since
    schedules point to it. A profile changed here is no longer brought up to date by the shipped file.
    Raises NotAllowed, Invalid, WindowProfile.DoesNotExist.
    """
    require_everywhere(actor, Permission.EDIT_SCHEDULES)
    now = now or timezone.now()
    _refuse_steps(steps)
    profile = WindowProfile.objects.select_for_update().get(pk=profile_id) if profile_id else WindowProfile(code=_code(name))
    if is_default:
        WindowProfile.objects.filter(is_default=True).exclude(pk=profile.pk).update(is_default=False)
    elif profile.is_default:
        raise Invalid({"is_default": ["One profile must be the default. Make another one the default instead."]})
    profile.name, profile.description, profile.source, profile.is_default = name.strip(), description.strip(), LOCAL, is_default
    with refuse_readably():
        profile.save()
        WindowStep.objects.bulk_create(
            [WindowStep(profile=profile, **step) for step in steps],
            update_conflicts=True, unique_fields=["profile", "from_interval_days"], update_fields=list(STEP_FIELDS),
        )  # fmt: skip
    Schedule.objects.filter(window_step__profile=profile, live=True).update(changed_at=now)
    PlanLine.objects.filter(window_profile=profile, ended_on__isnull=True).update(changed_at=now)
    return profile


def _refuse_steps(steps: Sequence[Mapping[str, Any]]) -> None:
    days = [step["from_interval_days"] for step in steps]
    errors: dict[str, list[str]] = {}
    if 0 not in days:
        errors["steps"] = ["Say what holds from an interval of 0 days on."]
    if len(set(days)) < len(days):
        errors["steps"] = ["Two lines begin with the same interval."]
    if any(step[name] > 1000 for step in steps for name in ("before_n", "after_n", "grace_days")):
        errors["steps"] = ["Give at most 1,000."]
    if any(step[name] not in set(Unit) for step in steps for name in ("before_unit", "after_unit")):
        errors["steps"] = ["Units are day, week, month and year."]
    if errors:
        raise Invalid(errors)


def _code(name: str) -> str:
    """Make a free code from a name."""
    plain = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split())[:30] or "profile"
    taken = set(WindowProfile.objects.filter(code__startswith=plain).values_list("code", flat=True))
    return next(code for code in (plain, *(f"{plain}-{n}" for n in range(2, 1000))) if code not in taken)


@transaction.atomic
def save_miss_policy(*, actor: Actor, values: Mapping[str, int], facility_id: int | None = None) -> MissPolicy:
    """Set what follows when a visit does not happen, for a facility or (None) everywhere else. Raises NotAllowed, Invalid."""
    if facility_id is None:
        require_everywhere(actor, Permission.EDIT_SCHEDULES)
    else:
        require(actor, Permission.EDIT_SCHEDULES, at=facility_id)
    errors = {
        name: ["Give a number from 0 to 1,000."] for name, value in values.items() if name in POLICY_FIELDS and not 0 <= value <= 1000
    }
    if errors:
        raise Invalid(errors)
    where = Q(facility__isnull=True) if facility_id is None else Q(facility_id=facility_id)
    policy = MissPolicy.objects.select_for_update().filter(where).first() or MissPolicy(facility_id=facility_id)
    for name in POLICY_FIELDS:
        if name in values:
            setattr(policy, name, values[name])
    policy.source, policy.confidence = LOCAL, ""
    with refuse_readably():
        policy.save()
    return policy


@transaction.atomic
def withdraw_decision(*, actor: Actor, decision_id: int, now: datetime | None = None) -> NoMaintenanceDecision:
    """Withdraw that no maintenance is needed: what the programme says holds again.

    Raises NoMaintenanceDecision.DoesNotExist, NotAllowed, DecisionWithdrawn.
    """
    now = now or timezone.now()
    found = NoMaintenanceDecision.objects.select_for_update(of=("self",)).get(pk=decision_id)
    if found.device_id:
        device = Device.objects.visible_to(actor).select_related("facility").filter(pk=found.device_id).first()
        if device is None:
            raise NoMaintenanceDecision.DoesNotExist
        require(actor, Permission.EDIT_SCHEDULES, at=device.facility_id, place=device.facility.name)
    else:
        require_everywhere(actor, Permission.EDIT_SCHEDULES)
    if found.withdrawn_at is not None:
        raise DecisionWithdrawn()
    found.withdrawn_at = now
    found.save(update_fields=["withdrawn_at"])
    subject = PlanLine(device_type_id=found.device_type_id, device_model_id=found.device_model_id, device_id=found.device_id)
    ids = list(devices_of(subject).order_by("pk").values_list("pk", flat=True))
    refresh_schedules(actor=actor, device_ids=ids, reason="Maintenance is needed after all.", now=now)
    if len(ids) <= SETTLE_AT_ONCE:
        settle(device_ids=ids, now=now)
    return found
