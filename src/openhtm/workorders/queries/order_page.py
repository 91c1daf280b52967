"""What one order page shows beside ``queries.detail``: counts of its tabs, checklists, what was booked, what may be the same fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from openhtm.identity.actor import Actor
from openhtm.workorders.models import (
    Checklist,
    LabourEntry,
    OtherCost,
    PartUsed,
    Result,
    Signature,
    VendorReport,
    WorkAttachment,
    WorkComment,
    WorkOrder,
    WorkWatcher,
)
from openhtm.workorders.queries.checklists import standings
from openhtm.workorders.rules.checklists import Standing
from openhtm.workorders.rules.kinds import CORRECTIVE_CODES, WORKABLE


@dataclass(frozen=True)
class Counts:
    """How much there is on each tab."""

    checklists: int
    booked: int
    written: int
    watching: bool


def counts_of(order: WorkOrder, *, actor: Actor) -> Counts:
    """One statement of small counts, each on the index of its own table."""
    kept = Q(removed_at__isnull=True)
    row = (
        WorkOrder.objects.filter(pk=order.pk)
        .annotate(
            n_checklists=_number(Checklist),
            n_booked=_number(LabourEntry, kept) + _number(PartUsed, kept) + _number(VendorReport) + _number(OtherCost, kept),
            n_written=_number(WorkComment) + _number(WorkAttachment, kept),
            n_watching=_number(WorkWatcher, Q(user_id=actor.user_id)),
        )
        .values("n_checklists", "n_booked", "n_written", "n_watching")
        .get()
    )
    return Counts(row["n_checklists"], row["n_booked"], row["n_written"], bool(row["n_watching"]))


def _number(model: Any, condition: Q | None = None) -> Coalesce:
    found = model.objects.filter(condition or Q(), work_order=OuterRef("pk")).order_by().values("work_order")
    return Coalesce(Subquery(found.annotate(n=Count("*")).values("n")), 0)


@dataclass(frozen=True)
class ChecklistLine:
    """A checklist with where it stands."""

    checklist: Checklist
    stands: Standing


def checklists_of(order: WorkOrder) -> list[ChecklistLine]:
    """Three statements, two where every content was read before."""
    found = list(
        Checklist.objects.filter(work_order=order)
        .select_related("version__procedure", "finished_by")
        .defer("version__content")
        .order_by("position", "pk")
    )
    stands = standings(found) if found else {}
    return [ChecklistLine(one, stands[one.pk]) for one in found]


@dataclass(frozen=True)
class Booked:
    """Labour, parts, service reports and other costs of an order."""

    labour: Sequence[LabourEntry]
    parts: Sequence[PartUsed]
    reports: Sequence[VendorReport]
    costs: Sequence[OtherCost]


def booked_on(order: WorkOrder) -> Booked:
    """Four statements."""
    kept = {"work_order": order, "removed_at__isnull": True}
    return Booked(
        list(LabourEntry.objects.filter(**kept).select_related("category")),
        list(PartUsed.objects.filter(**kept)),
        list(VendorReport.objects.filter(work_order=order).select_related("provider", "reviewed_by", "file")),
        list(OtherCost.objects.filter(**kept)),
    )


def signatures_of(order: WorkOrder) -> list[Signature]:
    """One statement."""
    return list(Signature.objects.filter(work_order=order))


def current_results(order: WorkOrder) -> list[Result]:
    """The results that stand, by checklist and step. One statement."""
    found = Result.objects.filter(work_order=order, superseded_by__isnull=True).select_related(
        "checklist__version__procedure", "tester__device"
    )
    return list(found.order_by("checklist__position", "checklist_id", "measured_at", "uid"))


def children_of(order: WorkOrder) -> list[WorkOrder]:
    """One statement."""
    return list(WorkOrder.objects.filter(parent=order).order_by("number")[:50])


def alike(order: WorkOrder, *, actor: Actor) -> list[tuple[int, str]]:
    """Other open repairs of the same device, which may be the same fault. One statement."""
    if order.device_id is None or order.kind not in CORRECTIVE_CODES:
        return []
    found = WorkOrder.objects.visible_to(actor).under_way().filter(device_id=order.device_id, status__in=sorted(WORKABLE))
    found = found.filter(kind__in=[kind.value for kind in CORRECTIVE_CODES]).exclude(pk=order.pk)
    return list(found.order_by("number").values_list("number", "title")[:5])


def running_timer(*, actor: Actor) -> LabourEntry | None:
    """The actor's running timer, on whatever order. One statement."""
    timers = LabourEntry.objects.filter(user_id=actor.user_id or 0, ended_at__isnull=True, removed_at__isnull=True)
    return timers.select_related("work_order").first()
