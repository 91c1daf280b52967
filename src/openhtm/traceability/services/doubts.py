"""Turning a tester in doubt into work: one order for each device, once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.procedures.models import ProcedureVersion, VersionStatus
from openhtm.testers.models import Tester
from openhtm.traceability.models import DoubtOrder
from openhtm.traceability.queries.doubts import Finding, devices_in_doubt, finding_of, results_in_doubt, worst_results
from openhtm.traceability.rules.doubts import RANK_LABELS, Rank
from openhtm.workorders.models import Result, WorkEvent, WorkOrder
from openhtm.workorders.rules.kinds import Kind, Priority, number_text
from openhtm.workorders.rules.wanted import NewOrder
from openhtm.workorders.services.opening import open_many
from openhtm.workorders.services.shared import MAX_AT_ONCE, TooManyOrders, event


@transaction.atomic
def open_doubt_orders(
    *,
    actor: Actor,
    calibration: uuid.UUID,
    devices: Sequence[str] | None = None,
    close: bool = False,
    error_percent: float | None = None,
    now: datetime | None = None,
) -> list[DoubtOrder]:
    """Open an order for each of these devices (control numbers; None: all in doubt, ``close``: those whose verdict could be otherwise).

    A device that has its order because of this finding gets no second one, however often this is done. The order is a part of
    the one in doubt, carries its procedure as released today, and both name each other. About twenty-five statements for any
    number up to 5,000. Raises Calibration.DoesNotExist, NotAllowed, Invalid (a device is not in doubt), TooManyOrders.
    """
    now = now or timezone.now()
    require(actor, Permission.ADD_WORK)
    finding = finding_of(actor, calibration)
    Tester.objects.select_for_update().get(pk=finding.tester.pk)
    found = results_in_doubt(actor, finding, error_percent=error_percent)
    chosen = _chosen(actor, finding, found, devices, close)
    having = set(DoubtOrder.objects.filter(calibration=finding.calibration, device__in=chosen).values_list("device", flat=True))
    lacking = [one for one in chosen if one not in having]
    if len(lacking) > MAX_AT_ONCE:
        raise TooManyOrders(count=f"{len(lacking):,}", limit=f"{MAX_AT_ONCE:,}")
    if not lacking:
        return []
    worst = worst_results(found, lacking)
    here = Device.objects.visible_to(actor).select_related("facility").in_bulk(lacking)
    for facility in {device.facility for device in here.values()}:
        require(actor, Permission.ADD_WORK, at=facility.pk, place=facility.name)
    keys = [one for one in lacking if one in here]
    versions = _released({worst[one].checklist.version.procedure_id for one in keys})
    opened = open_many(actor=actor, wanted=[_wanted(finding, here[one], worst[one], versions) for one in keys], now=now)
    counts = dict(devices_in_doubt(found.filter(device__in=keys), finding).values_list("device", "results"))
    return _write(actor, finding, dict(zip(keys, opened, strict=True)), worst, counts, now)


def _chosen(actor: Actor, finding: Finding, found: QuerySet[Any], devices: Sequence[str] | None, close: bool) -> list[int]:
    """Return the keys of the devices, in order. One or two statements. Raises Invalid for one that is not in doubt."""
    rows = devices_in_doubt(found, finding, close=close)
    if devices is None:
        return sorted(rows.values_list("device", flat=True))
    numbers = {control_number_key(one)[:60].replace("\0", "") for one in devices if one.strip()}
    if not numbers:
        raise Invalid({"devices": ["Choose at least one device."]})
    if len(numbers) > MAX_AT_ONCE:
        raise TooManyOrders(count=f"{len(numbers):,}", limit=f"{MAX_AT_ONCE:,}")
    known = dict(Device.objects.visible_to(actor).filter(control_number__in=numbers).values_list("control_number", "pk"))
    doubted = set(rows.filter(device__in=list(known.values())).values_list("device", flat=True))
    strangers = sorted(number for number in numbers if known.get(number) not in doubted)
    if strangers:
        raise Invalid({"devices": [f"{strangers[0]} is not in doubt because of this finding, or not a device that you can see."]})
    return sorted(doubted)


def _released(procedure_ids: set[int]) -> dict[int, int]:
    """Return the released version of each procedure. One statement."""
    rows = ProcedureVersion.objects.filter(procedure__in=procedure_ids, status=VersionStatus.RELEASED, procedure__active=True)
    return dict(rows.values_list("procedure_id", "pk"))


def _wanted(finding: Finding, device: Device, worst: Result, versions: dict[int, int]) -> NewOrder:
    rank = Rank(worst.rank)  # type: ignore[attr-defined]  # annotated
    version = versions.get(worst.checklist.version.procedure_id)
    number = finding.tester.device.control_number
    return NewOrder(
        title=f"Test again: tester {number} was out of tolerance"[:200],
        facility_id=device.facility_id,
        device_id=device.pk,
        kind=Kind.SAFETY_TEST if worst.kind == "electrical_safety" else Kind.CALIBRATION,
        description=(
            f"{number} was found out of tolerance on {finding.until_on:%d %b %Y}. {worst.work_order} of "
            f"{worst.measured_at:%d %b %Y} was judged by it. {RANK_LABELS[rank]}."
        ),
        priority=Priority.URGENT if rank == Rank.HIGH_RISK_CLOSE else Priority.NORMAL,
        origin="tester",
        parent_id=worst.work_order_id,
        version_ids=(version,) if version else (),
    )


def _write(
    actor: Actor, finding: Finding, opened: dict[int, WorkOrder], worst: dict[int, Result], counts: dict[int, int], now: datetime
) -> list[DoubtOrder]:
    """Tie each order to the finding, and tell the order in doubt. Two statements."""
    with refuse_readably():
        made = DoubtOrder.objects.bulk_create(
            DoubtOrder(
                calibration=finding.calibration, device_id=device, in_doubt_id=worst[device].work_order_id, order=order,
                results=counts.get(device, 1), opened_by_id=actor.user_id, opened_by_name=actor.name[:120], opened_at=now,
            )
            for device, order in opened.items()
        )  # fmt: skip
    words = f"The tester {finding.tester.device.control_number} was found out of tolerance on {finding.until_on:%d %b %Y}."
    WorkEvent.objects.bulk_create(
        event(worst[device].work_order_id, "in_doubt", actor=actor, now=now, after=number_text(order.number), text=words)
        for device, order in opened.items()
    )
    return made
