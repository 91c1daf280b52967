"""Where the tests of a file may go: open orders of their devices with an electrical-safety step, procedures, testers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from openhtm.core.text import number_key
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.procedures.models import ProcedureKind, ProcedureVersion, VersionStatus
from openhtm.procedures.rules.steps import Step
from openhtm.testers.models import Calibration, Tester
from openhtm.traceability.models import FileRow
from openhtm.traceability.rules.states import State
from openhtm.workorders.models import Checklist, Result, WorkOrder
from openhtm.workorders.queries.evidence import contents_of
from openhtm.workorders.rules.kinds import WORKABLE, Kind
from openhtm.workorders.rules.verdicts import CalibrationFact

SAFETY = "electrical_safety"


@dataclass(frozen=True, slots=True)
class Target:
    """A step of a checklist that takes an electrical-safety test. ``answered``: a result stands there already."""

    checklist: Checklist
    step: Step
    answered: bool


@dataclass(frozen=True, slots=True)
class Instrument:
    """A tester with its calibrations that were not superseded."""

    tester: Tester
    calibrations: tuple[CalibrationFact, ...]


def targets_of(*, actor: Actor, device_ids: Iterable[int]) -> dict[int, list[Target]]:
    """Return by device where a safety test may be stored, the fittest first. At most three statements.

    What is not answered yet comes first, then orders of kind safety test, then what is due first.
    """
    open_orders = WorkOrder.objects.visible_to(actor).filter(
        under_way=True, status__in=[one.value for one in WORKABLE], device__in=list(device_ids)
    )
    found = list(
        Checklist.objects.filter(work_order__in=open_orders)
        .select_related("work_order__facility", "version__procedure")
        .defer("version__content")
        .order_by("pk")
    )
    contents = contents_of({one.version_id: one.version.content_hash for one in found})
    steps = [(one, step) for one in found for step in contents[one.version_id].steps if step.electrical_safety]
    answered = set(
        Result.objects.filter(checklist__in={one.pk for one, _ in steps}, step_key__in={step.key for _, step in steps}).values_list(
            "checklist_id", "step_key"
        )
        if steps
        else ()
    )
    by_device: dict[int, list[Target]] = defaultdict(list)
    for one, step in steps:
        by_device[one.work_order.device_id or 0].append(Target(one, step, (one.pk, step.key) in answered))
    for targets in by_device.values():
        targets.sort(key=_fitness)
    return by_device


def _fitness(target: Target) -> tuple[bool, bool, date, int, int]:
    order = target.checklist.work_order
    return target.answered, order.kind != Kind.SAFETY_TEST, order.due_on or date.max, order.number, target.checklist.position


def measured_before(*, device_ids: Iterable[int], instants: Iterable[datetime]) -> dict[tuple[int, datetime], list[Result]]:
    """Return results of safety tests by device and the instant of measuring: several where a tester tells the day only. One statement."""
    rows = Result.objects.filter(
        device__in=list(device_ids), measured_at__in=list(instants), kind=SAFETY, source_file__isnull=False
    ).select_related("work_order")
    found: dict[tuple[int, datetime], list[Result]] = defaultdict(list)
    for one in rows.defer("limit", "detail", "qualification").order_by("uid"):
        found[one.device_id or 0, one.measured_at].append(one)
    return found


def readings_of(results: Iterable[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return the rows of files from which results were stored, by result. One statement."""
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    rows = FileRow.objects.filter(test__result__in=list(results), test__state=State.STORED.value, read__isnull=False)
    for result, read in rows.values_list("test__result_id", "read"):
        found[result].append(read or {})
    return found


def safety_versions(devices: Iterable[Device]) -> dict[int, ProcedureVersion]:
    """Return for each device the released procedure with an electrical-safety step that suits it: of its model, its type, or all.

    Safety tests come before maintenance. Two statements.
    """
    released = (
        ProcedureVersion.objects.filter(
            status=VersionStatus.RELEASED, procedure__active=True, content__contains={"steps": [{"kind": SAFETY}]}
        )
        .exclude(procedure__kind=ProcedureKind.RETURN_TO_SERVICE)
        .select_related("procedure")
        .defer("content")
        .order_by("procedure__code")
    )
    versions = {one.pk: one for one in released}
    ranked = sorted(versions.values(), key=lambda one: (one.procedure.kind != ProcedureKind.SAFETY_TEST, one.procedure.code))
    suits = list(released.values_list("pk", "procedure__device_models", "procedure__device_types"))
    by_model: dict[int, set[int]] = defaultdict(set)
    by_type: dict[int, set[int]] = defaultdict(set)
    general: set[int] = set()
    for pk, model, kind in suits:
        (by_model[model] if model else by_type[kind] if kind else general).add(pk)
    chosen = {}
    for device in devices:
        for fitting in (by_model.get(device.device_model_id), by_type.get(device.device_type_id or 0), general):
            if fitting:
                chosen[device.pk] = next(one for one in ranked if one.pk in fitting)
                break
    return chosen


def instruments(*, actor: Actor, serials: Iterable[str], tester_ids: Iterable[int]) -> tuple[dict[str, list[int]], dict[int, Instrument]]:
    """Return testers by the key of their serial number, and all of them with their calibrations. Three statements."""
    keys = {key for serial in serials if (key := number_key(serial))}
    visible = Tester.objects.visible_to(actor).filter(active=True).select_related("device")
    testers = {one.pk: one for one in visible.filter(pk__in=list(tester_ids))}
    by_serial: dict[str, list[int]] = defaultdict(list)
    for one in visible.filter(device__serial_key__in=keys) if keys else ():
        by_serial[one.device.serial_key].append(one.pk)
        testers[one.pk] = one
    facts: dict[int, list[CalibrationFact]] = {pk: [] for pk in testers}
    rows = Calibration.objects.filter(tester__in=facts, superseded_by__isnull=True)
    for tester_id, performed_on, due_on, verdict in rows.values_list("tester_id", "performed_on", "due_on", "verdict"):
        facts[tester_id].append(CalibrationFact(performed_on, due_on, verdict))
    return by_serial, {pk: Instrument(one, tuple(facts[pk])) for pk, one in testers.items()}


def tester_of(*, by_serial: dict[str, list[int]], serial: str, named: int | None) -> tuple[int | None, str]:
    """Return the tester that measured, and why there is none. What a person named wins."""
    if named is not None:
        return named, ""
    found: Sequence[int] = by_serial.get(number_key(serial), ()) if serial else ()
    if len(found) == 1:
        return found[0], ""
    if not serial:
        return None, "The file does not say which tester measured. Name it above the list."
    why = "No tester that you can see has" if not found else f"{len(found)} testers have"
    return None, f"{why} the serial number {serial[:60]}. Add it under Testers, or name the tester above the list."
