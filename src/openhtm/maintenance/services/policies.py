"""Window profiles, the miss policy, and decisions that no maintenance is needed: what a hospital sets for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.maintenance.models import Attempt, MissPolicy, NoMaintenanceDecision, PlanLine, Schedule, WindowProfile, WindowStep
from openhtm.maintenance.queries.owed import days_at_facilities
from openhtm.maintenance.rules.calendar import Unit
from openhtm.maintenance.rules.policy_periods import OWN_DAYS, in_force
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
def save_miss_policy(
    *, actor: Actor, values: Mapping[str, int], reason: str, facility_id: int | None = None, now: datetime | None = None
) -> MissPolicy:
    """Set what follows from today on when a visit does not happen, for a facility or (None) everywhere else.

    The version that holds now ends today and a new one begins; what was tried before stays judged by the old one. Today is the day
    at the facility, for everywhere else the latest day any clock shows. A second change on one day replaces the first (history
    keeps both); the same numbers again change nothing. Numbers left out stay. Raises NotAllowed, Invalid, Conflict.
    """
    if facility_id is None:
        require_everywhere(actor, Permission.EDIT_SCHEDULES)
    else:
        require(actor, Permission.EDIT_SCHEDULES, at=facility_id)
    reason = _refuse_policy(values, reason)
    now = now or timezone.now()
    policy, begins_on = _version_to_write(facility_id, now)
    if policy.pk is not None and all(getattr(policy, name) == values[name] for name in POLICY_FIELDS if name in values):
        return policy
    if policy.pk is not None and policy.effective_from != begins_on:
        policy.effective_to = begins_on
        policy.save(update_fields=["effective_to"])
        policy = _copy_of(policy, facility_id)
    for name in POLICY_FIELDS:
        setattr(policy, name, values.get(name, getattr(policy, name)))
    policy.effective_from, policy.source, policy.confidence = begins_on, LOCAL, ""
    policy.reason, policy.set_by_id, policy.set_by_name, policy.set_at = reason, actor.user_id, actor.name[:120], now
    with refuse_readably():
        policy.save()
    _settle_tried_since(begins_on, facility_id, now)
    return policy


def _refuse_policy(values: Mapping[str, int], reason: str) -> str:
    """Return the reason without spaces around it. Raises Invalid."""
    lowest = {"escalate_after_attempts": 1, "missing_after_misses": 1, "missing_after_months": 1}
    errors = {
        name: [f"Give a number from {lowest.get(name, 0)} to 1,000."]
        for name, value in values.items()
        if name in POLICY_FIELDS and not lowest.get(name, 0) <= value <= 1000
    }
    reason = reason.strip()
    if not reason or len(reason) > 400 or "\0" in reason:
        errors["reason"] = ["Say in up to 400 characters why the policy changes."]
    if errors:
        raise Invalid(errors)
    return reason


def _version_to_write(facility_id: int | None, now: datetime) -> tuple[MissPolicy, date]:
    """Return the locked version without an end, or a new one with the numbers of everywhere else, and the day the next begins."""
    days = days_at_facilities(now=now)
    today = days[facility_id] if facility_id is not None else max(days.values(), default=timezone.localdate(now))
    open_ended = MissPolicy.objects.select_for_update(of=("self",)).filter(effective_to__isnull=True)
    own = open_ended.filter(facility_id=facility_id).first() if facility_id else open_ended.filter(facility__isnull=True).first()
    if own is not None:
        return own, max(today, own.effective_from or today)
    general = in_force(MissPolicy.objects.filter(facility__isnull=True), on=today, facility_id=None)
    return _copy_of(general or MissPolicy(), facility_id), today


def _copy_of(policy: MissPolicy, facility_id: int | None) -> MissPolicy:
    numbers = {name: getattr(policy, name) for name in (*POLICY_FIELDS, "recent_share")}
    return MissPolicy(facility_id=facility_id, **numbers)


def _settle_tried_since(begins_on: date, facility_id: int | None, now: datetime) -> None:
    """Judge again what was tried on the first day of the new version before it was saved. Few rows: one day's attempts in vain."""
    lately = now - timedelta(days=2)  # recorded after it was tried, and there is an index on it
    tried = Attempt.objects.filter(recorded_at__gte=lately, attempted_on__gte=begins_on, outcome__in=list(OWN_DAYS))
    if facility_id is not None:
        tried = tried.filter(device__facility=facility_id)
    if ids := sorted(set(tried.values_list("device_id", flat=True))):
        settle(device_ids=ids, now=now)


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
