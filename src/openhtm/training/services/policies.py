"""Lines of the policy: the starter ones, lines of a site, and the end of a line."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from openhtm.audit.context import acting
from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.training.models import TrainingPolicy
from openhtm.training.rules.shipped import starter_policy
from openhtm.training.services.shared import line

FURTHEST = timedelta(days=3660)


@transaction.atomic
def load_starter_policy() -> int:
    """Add the lines of the starter policy that are missing and whose device types are known. Returns how many. Three statements.

    What a site ended stays ended: a code that was loaded once is not loaded again in the same edition.
    """
    shipped = starter_policy()
    stored = set(TrainingPolicy.objects.filter(shipped=True, edition=shipped.edition).values_list("code", flat=True))
    types = dict(DeviceType.objects.filter(code__in=[one.type_code for one in shipped.lines if one.type_code]).values_list("code", "pk"))
    fresh = [one for one in shipped.lines if one.code not in stored and (not one.type_code or one.type_code in types)]
    TrainingPolicy.objects.bulk_create(
        TrainingPolicy(
            code=one.code, name=one.name, device_type_id=types.get(one.type_code), high_risk=not one.type_code, each_model=one.each_model,
            repeat_months=one.repeat_months, roll_out_days=one.roll_out_days, source=shipped.source, edition=shipped.edition,
            confidence=shipped.confidence, shipped=True, effective_from=shipped.effective_from,
        )
        for one in fresh
    )  # fmt: skip
    return len(fresh)


@transaction.atomic
def add_policy(
    *,
    actor: Actor,
    code: str,
    name: str,
    source: str,
    effective_from: date,
    facility_id: int | None = None,
    device_type_code: str = "",
    device_model_id: int | None = None,
    high_risk: bool = False,
    each_model: bool = False,
    repeat_months: int | None = None,
    roll_out_days: int | None = None,
) -> TrainingPolicy:
    """Add a line of a site. Raises NotAllowed, Facility.DoesNotExist, Invalid."""
    if facility_id is not None:
        facility_id = Facility.objects.visible_to(actor).get(pk=facility_id).pk
    _require(actor, facility_id)
    kind, model = _target(device_type_code, device_model_id, high_risk)
    if repeat_months is None and roll_out_days is None:
        raise Invalid({"repeat_months": ["Say after how many months it is repeated, or within how many days after roll-out."]})
    with refuse_readably():
        return TrainingPolicy.objects.create(
            code=line(code, field="code", limit=60, needed=True).lower()[:60], name=line(name, field="name", limit=120, needed=True),
            source=line(source, field="source", limit=300, needed=True), facility_id=facility_id, device_type=kind, device_model=model,
            high_risk=high_risk, each_model=each_model and model is None, repeat_months=repeat_months, roll_out_days=roll_out_days,
            effective_from=effective_from,
        )  # fmt: skip


@transaction.atomic
def end_policy(*, actor: Actor, uid: UUID, effective_to: date, reason: str) -> TrainingPolicy:
    """Say from which day on a line no longer holds. Raises TrainingPolicy.DoesNotExist, NotAllowed, Invalid."""
    policy = TrainingPolicy.objects.visible_to(actor).select_for_update().get(uid=uid)
    _require(actor, policy.facility_id)
    if policy.effective_to is not None:
        raise Invalid({"effective_to": ["This line has ended already."]})
    if effective_to < policy.effective_from or effective_to - policy.effective_from > FURTHEST * 10:
        raise Invalid({"effective_to": [f"Give a day from {policy.effective_from:%d %b %Y} on."]})
    policy.effective_to, policy.ended_reason = effective_to, line(reason, field="reason", limit=200, needed=True)
    with refuse_readably(), acting(actor, reason=policy.ended_reason):
        policy.save(update_fields=["effective_to", "ended_reason"])
    return policy


def _require(actor: Actor, facility_id: int | None) -> None:
    if facility_id is None:
        require_everywhere(actor, Permission.MANAGE_TRAINING)
    else:
        require(actor, Permission.MANAGE_TRAINING, at=facility_id)


def _target(type_code: str, model_id: int | None, high_risk: bool) -> tuple[DeviceType | None, DeviceModel | None]:
    if sum((bool(type_code), model_id is not None, high_risk)) != 1:
        raise Invalid({"device_type": ["Choose one: a device type, a model, or all high-risk equipment."]})
    kind = DeviceType.objects.filter(code=type_code).first() if type_code else None
    if type_code and kind is None:
        raise Invalid({"device_type": [f"There is no device type {type_code[:80]}."]})
    model = DeviceModel.objects.filter(pk=model_id).first() if model_id is not None else None
    if model_id is not None and model is None:
        raise Invalid({"device_model": ["There is no such model."]})
    return kind, model
