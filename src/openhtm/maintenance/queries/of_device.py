"""The maintenance of one device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from openhtm.maintenance.models import MeterReading, NoMaintenanceDecision, Schedule, Visit
from openhtm.maintenance.queries.visit_list import FIELDS, VisitCard
from openhtm.maintenance.queries.visit_page import every

SHOWN = 12


@dataclass(frozen=True)
class Line:
    """A schedule of a device with its open visit."""

    id: int
    procedure: str
    every: str
    source: str
    live: bool
    card: VisitCard | None

    @property
    def url(self) -> str:
        return f"/schedules/{self.id}"


@dataclass(frozen=True)
class OfDevice:
    """Schedules, live ones first by what is due next; settled visits, the newest first; newest reading of each meter."""

    lines: list[Line]
    history: list[VisitCard]
    readings: list[MeterReading]
    decisions: list[NoMaintenanceDecision]
    has_meter: bool

    @property
    def due(self) -> list[VisitCard]:
        return [line.card for line in self.lines if line.card is not None]


def maintenance_of(*, device_id: int, type_id: int | None, model_id: int, now: datetime) -> OfDevice:
    """Return everything the Maintenance tab shows. Five statements."""
    open_rows = {row["schedule_id"]: VisitCard(row, now) for row in Visit.objects.filter(device_id=device_id, is_open=True).values(*FIELDS)}
    schedules = list(Schedule.objects.filter(device_id=device_id).select_related("procedure").order_by("-live", "pk"))
    lines = [
        Line(one.pk, one.procedure.name, every(one.every_n, one.every_unit), one.get_inherited_display(), one.live, open_rows.get(one.pk))
        for one in schedules
    ]
    lines.sort(key=lambda line: (not line.live, line.card is None, line.card.row["on_time_until"] if line.card else now.date()))
    settled = Visit.objects.filter(device_id=device_id, is_open=False).order_by("-due_on", "-pk").values(*FIELDS)[:SHOWN]
    readings = MeterReading.objects.filter(device_id=device_id).order_by("meter", "-read_on", "-pk").distinct("meter")
    return OfDevice(
        lines, [VisitCard(row, now) for row in settled], list(readings), decisions_for(device_id=device_id, type_id=type_id, model_id=model_id),
        any(one.meter for one in schedules if one.live),
    )  # fmt: skip


def open_visits_of(*, device_id: int, now: datetime) -> list[VisitCard]:
    """Return the open visits of a device, the most urgent first. One statement."""
    rows = Visit.objects.filter(device_id=device_id, is_open=True).order_by("on_time_until", "pk").values(*FIELDS)
    return [VisitCard(row, now) for row in rows]


def decisions_for(*, device_id: int, type_id: int | None, model_id: int) -> list[NoMaintenanceDecision]:
    """Return the decisions that no maintenance is needed which concern a device. One statement."""
    subjects = NoMaintenanceDecision.objects.filter(device_id=device_id) | NoMaintenanceDecision.objects.filter(device_model_id=model_id)
    if type_id is not None:
        subjects |= NoMaintenanceDecision.objects.filter(device_type_id=type_id)
    return list(subjects.filter(withdrawn_at__isnull=True).order_by("-decided_at"))
