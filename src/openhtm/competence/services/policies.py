"""What a site asks of people: each change ends the line in force and begins another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from openhtm.competence.models import CoverageTarget, QualificationPolicy, TrainingOffer
from openhtm.competence.rules.guard import Act, JudgedOn, Mode, Needs, RiskClass
from openhtm.competence.rules.levels import Basis, Level
from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require_everywhere
from openhtm.identity.rules.permissions import Permission, Role


@transaction.atomic
def set_policy(
    *, actor: Actor, act: str, risk: str, needs: str, mode: str, least_level: str = Level.INDEPENDENT, programmes: Sequence[str] = (),
    roles: Sequence[str] = (), judged_on: str = JudgedOn.WORK_DAY, reason: str, effective_from: date | None = None, now: datetime | None = None,
) -> QualificationPolicy:  # fmt: skip
    """Say what an act asks for from a day on (default: today); the line before ends that day. Raises NotAllowed, Invalid, Conflict."""
    require_everywhere(actor, Permission.MANAGE_STAFF)
    now = now or timezone.now()
    since = effective_from or timezone.localdate(now)
    _refuse(act=act, risk=risk, needs=needs, mode=mode, least_level=least_level, judged_on=judged_on, roles=roles, reason=reason)
    lines = QualificationPolicy.objects.select_for_update().filter(act=act, risk=risk)
    before = lines.filter(effective_to__isnull=True).first()
    if before is not None and before.effective_from > since:
        raise Invalid(
            {"effective_from": [f"A later line holds from {before.effective_from.isoformat()} on. Give that day or a later one."]}
        )
    values = {
        "needs": needs, "mode": mode, "least_level": least_level, "programmes": sorted(set(programmes)), "roles": sorted(set(roles)),
        "judged_on": judged_on, "source": "local", "edition": "", "confidence": "", "reason": reason.strip(), "decided_by_id": actor.user_id,
        "decided_at": now,
    }  # fmt: skip
    with refuse_readably():
        if before is not None and before.effective_from == since:
            for name, value in values.items():
                setattr(before, name, value)
            before.save(update_fields=[name.removesuffix("_id") for name in values])
            return before
        lines.filter(effective_to__isnull=True).update(effective_to=since)
        return QualificationPolicy.objects.create(act=act, risk=risk, effective_from=since, **values)


def _refuse(*, reason: str, roles: Sequence[str], **codes: str) -> None:
    known = {"act": Act, "risk": RiskClass, "needs": Needs, "mode": Mode, "least_level": Level, "judged_on": JudgedOn}
    errors = {name: [f"Choose one of: {', '.join(known[name])}."] for name, code in codes.items() if code not in set(known[name])}
    if not set(roles) <= set(Role):
        errors["roles"] = [f"Choose among: {', '.join(Role)}."]
    if not reason.strip() or len(reason) > 400 or "\0" in reason:
        errors["reason"] = ["Say why in 1 to 400 characters."]
    if errors:
        raise Invalid(errors)


@transaction.atomic
def set_coverage_target(*, actor: Actor, risk: str, wanted: int, horizon_days: int) -> CoverageTarget:
    """Say how many people types of a class of risk should have. Raises NotAllowed, Invalid."""
    require_everywhere(actor, Permission.MANAGE_STAFF)
    if risk not in set(RiskClass):
        raise Invalid({"risk": [f"Choose one of: {', '.join(RiskClass)}."]})
    values = {"wanted": wanted, "horizon_days": horizon_days, "source": "local", "edition": "", "confidence": ""}
    with refuse_readably():
        return CoverageTarget.objects.update_or_create(risk=risk, defaults=values)[0]


@transaction.atomic
def set_offer(
    *, actor: Actor, title: str, offer_id: int | None = None, device_type_id: int | None = None, category: str = "",
    basis: str = Basis.VENDOR_SCHOOL, given_by: str = "", cost_cents: int | None = None, minutes: int = 0, valid_months: int | None = None,
    active: bool = True,
) -> TrainingOffer:  # fmt: skip
    """Add a training offer, or change one. Raises TrainingOffer.DoesNotExist, NotAllowed, Invalid, Conflict."""
    require_everywhere(actor, Permission.MANAGE_STAFF)
    errors: dict[str, list[str]] = {}
    if not title.strip():
        errors["title"] = ["Name the training."]
    if basis not in set(Basis):
        errors["basis"] = [f"Choose one of: {', '.join(Basis)}."]
    if cost_cents is not None and cost_cents < 0:
        errors["cost"] = ["The cost cannot be below zero."]
    if errors:
        raise Invalid(errors)
    offer = TrainingOffer.objects.select_for_update().get(pk=offer_id) if offer_id else TrainingOffer()
    offer.title, offer.device_type_id, offer.category, offer.basis = title.strip(), device_type_id, category.strip(), basis
    offer.given_by, offer.cost_cents, offer.minutes, offer.valid_months = given_by.strip(), cost_cents, minutes, valid_months
    offer.active, offer.source, offer.edition, offer.confidence = active, "local", "", ""
    with refuse_readably():
        offer.save()
    return offer
