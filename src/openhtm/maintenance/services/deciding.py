"""Whether somebody may decide on alternate maintenance (AEM): by their credentials or role, or with an override of two people."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.competence.rules.guard import Act, Outcome
from openhtm.competence.rules.wording import reasons_in_words
from openhtm.core.events import subscribe
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.inventory.models.device import MaintenanceStrategy
from openhtm.inventory.rules.events import StrategyChosen
from openhtm.workorders.models import QualificationOverride
from openhtm.workorders.services.qualification import NotQualified, decision_verdict

REMEDY = "Let somebody who may decide it do so, or ask for an override under Work, Overrides; a second person confirms it."


def guard_decision(*, actor: Actor, device_type_ids: Collection[int | None], high_risk: bool, now: datetime | None = None) -> None:
    """Refuse a decision about these types unless the actor may take it; an override is used up by it. Up to five statements.

    The system itself is not judged: it carries out what people decided. Raises NotQualified.
    """
    now = now or timezone.now()
    verdict = decision_verdict(actor=actor, high_risk=high_risk, now=now)
    if verdict.outcome != Outcome.BLOCK:
        return
    wanted = set(device_type_ids)
    left = QualificationOverride.objects.select_for_update().filter(
        act=Act.AEM_DECISION.value, device_type_id__in=[pk for pk in wanted if pk], staff__user_id=actor.user_id or 0,
        confirmed_at__isnull=False, used_at__isnull=True,
    )  # fmt: skip
    found = {one.device_type_id: one.pk for one in left}
    if wanted - found.keys():
        raise NotQualified(
            person=actor.name, what="deciding on alternate maintenance", reasons=reasons_in_words(verdict.reasons), remedy=REMEDY
        )
    QualificationOverride.objects.filter(pk__in=found.values()).update(used_at=now)


def guard_line(*, actor: Actor, device_type_id: int | None, device_model_id: int | None, device_id: int | None, now: datetime) -> None:
    """Judge a line of the programme whose source is an alternate maintenance decision. Raises NotQualified."""
    kind_id: int | None
    if device_id is not None:
        kind_id, high_risk = Device.objects.values_list("device_type_id", "high_risk").get(pk=device_id)
    elif device_model_id is not None:
        kind_id, high = DeviceModel.objects.values_list("device_type_id", "device_type__high_risk").get(pk=device_model_id)
        high_risk = bool(high)
    else:
        kind_id, high_risk = device_type_id, DeviceType.objects.filter(pk=device_type_id or 0, high_risk=True).exists()
    guard_decision(actor=actor, device_type_ids=[kind_id], high_risk=high_risk, now=now)


def _follow_strategy(event: StrategyChosen) -> None:
    """Devices put on the alternate strategy one by one or by thousands are a decision too."""
    if event.strategy != MaintenanceStrategy.AEM:
        return
    assert isinstance(event.actor, Actor)
    rows = Device.objects.filter(pk__in=event.device_ids).order_by().values_list("device_type_id", "high_risk").distinct()
    kinds = list(rows)
    for high_risk in sorted({high for _, high in kinds}):
        guard_decision(actor=event.actor, device_type_ids={kind for kind, high in kinds if high == high_risk}, high_risk=high_risk)


def listen() -> None:
    """Subscribe to what the inventory tells."""
    subscribe(StrategyChosen, "maintenance.aem_decision", _follow_strategy)
