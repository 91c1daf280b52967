"""How far the programme covers the inventory, by device type."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from openhtm.catalog.models import DeviceType
from openhtm.core.pagination import Page, keyset_page
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.maintenance.models import NoMaintenanceDecision, PlanLine, Schedule
from openhtm.maintenance.queries.lists import interval_words


@dataclass(frozen=True)
class TypeRow:
    """A device type with its devices in the inventory: scheduled, decided not to need it, and neither."""

    id: int
    name: str
    devices: int
    scheduled: int
    decided: int
    lines: list[str]

    @property
    def open(self) -> int:
        return self.devices - self.scheduled - self.decided

    @property
    def covered_percent(self) -> float:
        return 100.0 * (self.scheduled + self.decided) / self.devices if self.devices else 100.0


def types_page(*, actor: Actor, cursor: str | None, limit: int) -> Page[TypeRow]:
    """Return a page of types that have devices or lines, by name. Three statements. Raises BadCursor."""
    devices = Device.objects.visible_to(actor).in_inventory().current()
    lines = PlanLine.objects.filter(device_type=OuterRef("pk"), ended_on__isnull=True)
    types = DeviceType.objects.filter(Exists(devices.filter(device_type=OuterRef("pk"))) | Exists(lines))
    page = keyset_page(types.values("id", "name"), order=("name", "id"), cursor=cursor, limit=limit)
    ids = [row["id"] for row in page.rows]
    counts = _counts(actor, ids)
    worded: dict[int, list[str]] = {}
    found = PlanLine.objects.filter(device_type__in=ids, ended_on__isnull=True, needed=True).select_related("procedure", "facility")
    for line in found.order_by("procedure__name", "pk"):
        where = f" at {line.facility.code}" if line.facility else ""
        worded.setdefault(line.device_type_id or 0, []).append(f"{line.procedure}, {interval_words(line)}{where}")
    rows = [TypeRow(row["id"], row["name"], *counts.get(row["id"], (0, 0, 0)), worded.get(row["id"], [])) for row in page.rows]
    return Page(rows, page.next_cursor, page.previous_cursor)


def totals(actor: Actor) -> tuple[int, int, int]:
    """Return devices in the inventory, those with a live schedule, and those with a decision instead. One statement."""
    return next(iter(_counts(actor, None).values()), (0, 0, 0))


def _counts(actor: Actor, type_ids: list[int] | None) -> dict[int | None, tuple[int, int, int]]:
    decided = NoMaintenanceDecision.objects.filter(withdrawn_at__isnull=True)
    live = Exists(Schedule.objects.filter(device=OuterRef("pk"), live=True))
    none_needed = (
        Exists(decided.filter(device_id=OuterRef("pk")))
        | Exists(decided.filter(device_model_id=OuterRef("device_model_id")))
        | Exists(decided.filter(device_type_id=OuterRef("device_type_id")))
    )
    devices = Device.objects.visible_to(actor).in_inventory().current().annotate(scheduled=live, decided=none_needed).order_by()
    about = {
        "count": Count("pk"),
        "with_schedule": Count("pk", filter=Q(scheduled=True)),
        "without": Count("pk", filter=Q(scheduled=False, decided=True)),
    }
    if type_ids is None:
        found = devices.aggregate(**about)
        return {None: (found["count"], found["with_schedule"], found["without"])}
    rows = devices.filter(device_type__in=type_ids).values("device_type_id").annotate(**about).values_list("device_type_id", *about)
    return {kind: (count, scheduled, without) for kind, count, scheduled, without in rows}


def lines_of_type(type_id: int) -> list[PlanLine]:
    """Return the lines in force for a type, its models and its devices, the general ones first. One statement."""
    subject = Q(device_type=type_id) | Q(device_model__device_type=type_id) | Q(device__device_type=type_id)
    found = PlanLine.objects.filter(subject, ended_on__isnull=True).select_related(
        "procedure", "device_type", "device_model__manufacturer", "device", "facility", "decided_by"
    )
    return list(found.order_by("procedure__name", "device_id", "device_model_id", "pk")[:200])


def decisions_of_type(type_id: int) -> list[NoMaintenanceDecision]:
    """Return the decisions that hold for a type, its models or its devices. One statement."""
    subject = Q(device_type=type_id) | Q(device_model__device_type=type_id) | Q(device__device_type=type_id)
    found = NoMaintenanceDecision.objects.filter(subject, withdrawn_at__isnull=True).select_related(
        "device_type", "device_model__manufacturer", "device"
    )
    return list(found.order_by("-decided_at")[:100])
