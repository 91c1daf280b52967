"""What a failed step sets in motion: the device is taken out of use, and a repair order is opened beside the work.

This follows from the result, not from the rights of whoever measured it: a company's technician who finds a fault also
takes the device out of service.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q

from openhtm.identity.actor import Actor, Grant
from openhtm.identity.rules.permissions import Role
from openhtm.inventory.models import Device
from openhtm.inventory.rules.status import Status as DeviceStatus
from openhtm.inventory.services.bulk import bulk_status
from openhtm.procedures.models import ProcedureKind, ProcedureVersion, VersionStatus
from openhtm.procedures.rules.steps import Step
from openhtm.workorders.models import Checklist, Downtime, Origin, Purpose, Result, WorkEvent, WorkOrder
from openhtm.workorders.rules.kinds import CORRECTIVE_CODES, Kind, Priority, number_text
from openhtm.workorders.rules.wanted import NewOrder
from openhtm.workorders.services.opening import open_many
from openhtm.workorders.services.shared import event


@dataclass
class Failure:
    """The failed steps of one order."""

    order: WorkOrder
    titles: list[str] = field(default_factory=list)

    def in_words(self) -> str:
        more = f" and {len(self.titles) - 2} more" if len(self.titles) > 2 else ""
        return f"{', '.join(self.titles[:2])}{more}"


def act_on_failures(*, stored: Iterable[tuple[Result, Step, WorkOrder]], actor: Actor, now: datetime) -> list[WorkOrder]:
    """Take devices with a failed critical step out of service and open one repair order each. Returns the orders opened.

    A value as found that fails is not the end: the one as left decides. About twenty statements for any number of failures,
    none without one. An order that repairs already is not given another; it asks for the test again.
    """
    failures: dict[int, Failure] = {}
    for result, step, order in stored:
        if result.verdict == "fail" and step.on_fail == "critical" and result.phase != "as_found":
            failures.setdefault(order.pk, Failure(order)).titles.append(step.title)
    return repair(failures=list(failures.values()), actor=actor, now=now, take_out=True) if failures else []


def repair(*, failures: Sequence[Failure], actor: Actor, now: datetime, take_out: bool) -> list[WorkOrder]:
    """Open a repair order beside each of these orders, unless one is under way; ``take_out``: the device leaves service."""
    devices = Device.objects.in_bulk({one.order.device_id for one in failures if one.order.device_id})
    rights = _rights(actor, {one.order.facility_id for one in failures} | {device.facility_id for device in devices.values()})
    here = [one for one in failures if one.order.kind in CORRECTIVE_CODES]
    if take_out and here:
        WorkOrder.objects.filter(pk__in=[one.order.pk for one in here], device__isnull=False).update(
            return_test_required=True, updated_at=now
        )
    under_way = set(
        WorkOrder.objects.filter(parent__in=[one.order.pk for one in failures], origin=Origin.RESULT, under_way=True).values_list(
            "parent", flat=True
        )
    )
    lacking = [one for one in failures if one not in here and one.order.pk not in under_way]
    opened = open_many(actor=rights, wanted=[_wanted(one, devices, take_out=take_out) for one in lacking], now=now)
    _say_so(lacking, opened, actor=actor, now=now)
    if take_out:
        _add_return_tests([*opened, *(one.order for one in here)], devices=devices, now=now)
        _take_out(failures, devices=devices, actor=rights, now=now)
    return opened


def _rights(actor: Actor, facility_ids: set[int]) -> Actor:
    grants = tuple(Grant(Role.CLINICAL_ENGINEER, facility_id) for facility_id in sorted(facility_ids))
    return Actor(user_id=actor.user_id, name=actor.name, grants=grants, token_id=actor.token_id)


def _wanted(failure: Failure, devices: dict[int, Device], *, take_out: bool) -> NewOrder:
    order = failure.order
    device = devices.get(order.device_id or 0)
    return NewOrder(
        title=f"Failed: {failure.in_words()}"[:200],
        kind=Kind.CORRECTIVE,
        description=f"Found during {number_text(order.number)}: {', '.join(failure.titles)}."[:20_000],
        priority=Priority.URGENT if take_out else Priority.NORMAL,
        origin=Origin.RESULT.value,
        device_id=device.pk if device else None,
        facility_id=device.facility_id if device else order.facility_id,
        parent_id=order.pk,
        return_test_required=take_out and device is not None,
    )


def _say_so(failures: Sequence[Failure], opened: Sequence[WorkOrder], *, actor: Actor, now: datetime) -> None:
    WorkEvent.objects.bulk_create(
        event(one.order.pk, "step_failed", actor=actor, now=now, after=number_text(made.number), text=f"Failed: {one.in_words()}")
        for one, made in zip(failures, opened, strict=True)
    )


def _add_return_tests(orders: Sequence[WorkOrder], *, devices: dict[int, Device], now: datetime) -> None:
    """Give each order the released return-to-service procedure of its device: of its model, its type, or for all. Three statements."""
    having = set(Checklist.objects.filter(work_order__in=orders, purpose=Purpose.RETURN_TO_SERVICE).values_list("work_order", flat=True))
    wanting = [one for one in orders if one.pk not in having and one.device_id]
    versions = _return_versions(devices.values()) if wanting else {}
    Checklist.objects.bulk_create(
        Checklist(work_order=one, version_id=version, purpose=Purpose.RETURN_TO_SERVICE, position=100, added_at=now)
        for one in wanting
        if (version := versions.get(one.device_id or 0))
    )


def _return_versions(devices: Iterable[Device]) -> dict[int, int]:
    """Return the released return-to-service version for each device. One statement for the procedures, one for what they suit."""
    released = ProcedureVersion.objects.filter(
        status=VersionStatus.RELEASED, procedure__active=True, procedure__kind=ProcedureKind.RETURN_TO_SERVICE
    ).order_by("procedure__code")
    suits = list(released.values_list("pk", "procedure__device_models", "procedure__device_types"))
    by_model: dict[int | None, int] = {model: pk for pk, model, _ in suits if model}
    by_type: dict[int | None, int] = {kind: pk for pk, _, kind in suits if kind}
    general = next((pk for pk, model, kind in suits if not model and not kind), None)
    chosen = {one.pk: by_model.get(one.device_model_id or 0) or by_type.get(one.device_type_id or 0) or general for one in devices}
    return {device: version for device, version in chosen.items() if version}


def _take_out(failures: Sequence[Failure], *, devices: dict[int, Device], actor: Actor, now: datetime) -> None:
    """Out of service with the reason, and down from now on. Nothing for devices that are not in service."""
    tagged = [one for one in failures if one.order.device_id and devices[one.order.device_id].status == DeviceStatus.IN_SERVICE]
    if not tagged:
        return
    numbers = [devices[one.order.device_id or 0].control_number for one in tagged]
    reason = "; ".join(f"{number_text(one.order.number)}: {one.in_words()} failed" for one in tagged[:3])
    bulk_status(actor=actor, control_numbers=sorted(set(numbers)), after=DeviceStatus.OUT_OF_SERVICE, reason=reason[:400], now=now)
    running = list(Downtime.objects.filter(device__in=devices, ended_at__isnull=True, work_order__isnull=True))
    by_device = {one.order.device_id: one.order for one in tagged}
    for time in running:
        time.work_order = by_device.get(time.device_id)
    Downtime.objects.bulk_update(running, ["work_order"])


def failing_return_tests(device_ids: Iterable[int]) -> list[tuple[str, str]]:
    """Return (control number, order number) where a device may not be released yet: its order's return-to-service test has not passed.

    One statement, by the index of orders under way of a device.
    """
    passed = Q(
        checklists__purpose=Purpose.RETURN_TO_SERVICE,
        checklists__finished_at__isnull=False,
        checklists__outcome__in=("pass", "pass_adjusted"),
    )
    owing = (
        WorkOrder.objects.filter(device__in=list(device_ids), return_test_required=True, under_way=True)
        .annotate(passed=Count("checklists", filter=passed))
        .filter(passed=0)
        .order_by("number")
    )
    return [(tag, number_text(number)) for tag, number in owing.values_list("device__control_number", "number")]
