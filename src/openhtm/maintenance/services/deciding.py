"""Whether somebody may decide on alternate maintenance (AEM): by their credentials or role, or with an override of two people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
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
from openhtm.workorders.services.qualification import Decided, NotQualified, decision_verdicts

REMEDY = "Let somebody who may decide it do so, or ask for an override under Work, Overrides; a second person confirms it."
UNTYPED = "Let somebody who may decide it do so. An override is asked for by device type: give every device a type first."
SHOWN = 5
"""Devices named in a refusal."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a decision is about: a device, or a type or model by its name; where: None is everywhere."""

    name: str
    device_type_id: int | None
    high_risk: bool
    facility_id: int | None

    @property
    def decided(self) -> Decided:
        return Decided(self.device_type_id, self.facility_id, self.high_risk)


def guard_decision(*, actor: Actor, subjects: Collection[Subject], now: datetime | None = None) -> None:
    """Refuse a decision unless the actor may take it about each of its subjects; an override is used up by it. Up to eight statements.

    The system itself is not judged: it carries out what people decided. Raises NotQualified, naming those that stand in the way.
    """
    now = now or timezone.now()
    verdicts = decision_verdicts(actor=actor, about={one.decided for one in subjects}, now=now)
    blocked = [one for one in subjects if verdicts[one.decided].outcome == Outcome.BLOCK]
    if not blocked:
        return
    found = _overrides(actor, {one.device_type_id for one in blocked if one.device_type_id})
    if left := [one for one in blocked if one.device_type_id not in found]:
        reasons = dict.fromkeys(reason for one in left for reason in verdicts[one.decided].reasons)
        raise NotQualified(
            person=actor.name, what=f"deciding on alternate maintenance of {_named(left)}", reasons=reasons_in_words(list(reasons)),
            remedy=REMEDY if all(one.device_type_id for one in left) else UNTYPED,
        )  # fmt: skip
    QualificationOverride.objects.filter(pk__in=found.values()).update(used_at=now)


def guard_line(
    *, actor: Actor, device_type_id: int | None, device_model_id: int | None, device_id: int | None, now: datetime,
    facility_id: int | None = None,
) -> None:  # fmt: skip
    """Judge a line of the programme whose source is an alternate maintenance decision: for its type or model, and for each of
    the devices it is about whose risk differs from that of the type. Raises NotQualified."""
    devices = Device.objects.in_inventory().current()
    if facility_id is not None:
        devices = devices.filter(facility_id=facility_id)
    if device_id is not None:
        subjects = _subjects(Device.objects.filter(pk=device_id))
    elif device_model_id is not None:
        model = DeviceModel.objects.select_related("device_type").get(pk=device_model_id)
        high = bool(model.device_type and model.device_type.high_risk)
        subjects = [
            Subject(str(model), model.device_type_id, high, facility_id),
            *_subjects(devices.filter(device_model=model, high_risk=not high)),
        ]
    else:
        kind = DeviceType.objects.get(pk=device_type_id or 0)
        apart = devices.filter(device_type=kind, high_risk=not kind.high_risk)
        subjects = [Subject(str(kind), kind.pk, kind.high_risk, facility_id), *_subjects(apart)]
    guard_decision(actor=actor, subjects=subjects, now=now)


def _overrides(actor: Actor, device_type_ids: set[int]) -> dict[int, int]:
    """Return the confirmed overrides that the actor has left, by type."""
    left = QualificationOverride.objects.select_for_update().filter(
        act=Act.AEM_DECISION.value, device_type_id__in=device_type_ids, staff__user_id=actor.user_id or 0, confirmed_at__isnull=False,
        used_at__isnull=True,
    )  # fmt: skip
    return {one.device_type_id: one.pk for one in left if one.device_type_id}


def _subjects(devices: QuerySet[Device]) -> list[Subject]:
    rows = devices.order_by("control_number").values_list("control_number", "device_type_id", "high_risk", "facility_id")
    return [Subject(*row) for row in rows]


def _named(subjects: Sequence[Subject]) -> str:
    names = [one.name for one in subjects]
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")


def _follow_strategy(event: StrategyChosen) -> None:
    """Devices put on the alternate strategy one by one or by thousands are a decision about each of them."""
    if event.strategy != MaintenanceStrategy.AEM:
        return
    assert isinstance(event.actor, Actor)
    guard_decision(actor=event.actor, subjects=_subjects(Device.objects.filter(pk__in=event.device_ids)))


def listen() -> None:
    """Subscribe to what the inventory tells."""
    subscribe(StrategyChosen, "maintenance.aem_decision", _follow_strategy)
