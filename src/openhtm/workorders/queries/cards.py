"""Orders as the pages show them in rows and cards: finished values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from openhtm.ui.rules.windows import DueWindow
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.rules.kinds import (
    KIND_LABELS,
    PRIORITY_LABELS,
    STATUS_LABELS,
    STATUS_TONES,
    WORKABLE,
    Kind,
    Priority,
    Status,
    number_text,
)
from openhtm.workorders.rules.urgency import Standing, Timing, Urgency, standing

FIELDS = (
    "number", "title", "kind", "status", "priority", "origin", "incident", "est_min", "opened_at", "planned_on", "hold_until", "hold_reason__label",
    "opens_on", "due_on", "on_time_until", "grace_until", "completion_due_at", "facility__time_zone", "facility__name", "device__control_number",
    "device__device_type__name", "device__device_model__name", "device__device_model__catalog_number", "device__device_model__manufacturer__name",
    "device__location__full_name", "location__full_name", "department__name", "assigned_user__full_name", "assigned_team__name",
    "assigned_provider__name",
)  # fmt: skip
"""What ``.values(*FIELDS)`` must bring for a card."""


def cards_of(chosen: QuerySet[WorkOrder], *, now: datetime) -> list[Card]:
    """Return the cards of a sorted and cut ``chosen``, in its order. Two statements: first the keys, from an index alone, then what
    a card shows of them, so that names are looked up for the orders shown and not for every order they were chosen from.
    """
    keys = list(chosen.values_list("pk", flat=True))
    found = {row["pk"]: row for row in WorkOrder.objects.filter(pk__in=keys).order_by().values("pk", *FIELDS)} if keys else {}
    return [Card(found[key], now) for key in keys if key in found]


@dataclass(frozen=True)
class Card:
    """One order of a list. ``row`` holds FIELDS; everything else follows from it and from ``now`` (aware)."""

    row: Mapping[str, Any]
    now: datetime

    @property
    def number(self) -> int:
        return int(self.row["number"])

    @property
    def name(self) -> str:
        return number_text(self.number)

    @property
    def url(self) -> str:
        return f"/work/{self.number}"

    @property
    def title(self) -> str:
        return str(self.row["title"])

    @property
    def tag(self) -> str:
        return self.row["device__control_number"] or ""

    @cached_property
    def device(self) -> str:
        """ "Infusion pump, Alaris 8015", or empty for work without a device."""
        if not self.tag:
            return ""
        kind = self.row["device__device_type__name"] or "Device of unknown type"
        model = self.row["device__device_model__name"] or self.row["device__device_model__catalog_number"] or "model unknown"
        return f"{kind}, {model}"

    @property
    def is_maintenance(self) -> bool:
        return self.row["kind"] == Kind.SCHEDULED

    @property
    def headline(self) -> str:
        """What stands large: the device for a visit, the fault for everything else."""
        return self.device if self.is_maintenance and self.device else self.title

    @property
    def subline(self) -> str:
        """What stands small below ``headline``: where to find it and what it takes."""
        if self.is_maintenance and self.device:
            parts = [self.tag, self.title]
        else:
            parts = [self.name, " ".join(part for part in (self.tag, self.row["device__device_type__name"]) if part)]
        minutes = self.row["est_min"]
        return " · ".join(part for part in (*parts, f"{minutes} min" if minutes else "") if part)

    @cached_property
    def place(self) -> str:
        """The whole name of the place, from the top down; empty if it is unknown."""
        return self.row["location__full_name"] or self.row["device__location__full_name"] or ""

    @property
    def unit(self) -> str:
        """The place people walk to: without the room and without building and floor; the department if no place is known."""
        above = self.place.split(" › ")
        if not self.place:
            return self.row["department__name"] or ""
        return above[-2] if len(above) > 3 else above[-1]

    @property
    def room(self) -> str:
        return self.place.split(" › ")[-1] if self.place else ""

    @cached_property
    def today(self) -> date:
        """The day it is at the order's facility."""
        return self.now.astimezone(_zone(self.row["facility__time_zone"])).date()

    @cached_property
    def standing(self) -> Standing:
        """How it stands in time; work that waits for review or is settled is no longer late."""
        row = self.row
        if self.status not in WORKABLE:
            return Standing(Urgency.OPEN, "")
        timing = Timing(
            opens_on=row["opens_on"], due_on=row["due_on"], on_time_until=row["on_time_until"], grace_until=row["grace_until"],
            completion_due_at=row["completion_due_at"],
        )  # fmt: skip
        return standing(timing=timing, today=self.today, now=self.now)

    @property
    def window(self) -> DueWindow | None:
        row = self.row
        if row["due_on"] is None:
            return None
        return DueWindow(
            opens_on=row["opens_on"],
            due_on=row["due_on"],
            grace_until=row["grace_until"],
            today=self.today,
            on_time_until=row["on_time_until"],
        )

    @property
    def status(self) -> Status:
        return Status(self.row["status"])

    @property
    def status_label(self) -> str:
        return SHORT_STATUS[self.status]

    @property
    def status_tone(self) -> str:
        return STATUS_TONES[self.status]

    @property
    def kind_label(self) -> str:
        return KIND_LABELS[Kind(self.row["kind"])]

    @property
    def mark(self) -> tuple[str, str]:
        """Tone and word of the one mark on a phone: how it stands in time, else what kind of work it is."""
        if self.standing.words:
            return self.standing.tone, self.standing.words
        return ("late", "Incident") if self.row["incident"] else ("info", SHORT_KIND.get(Kind(self.row["kind"]), self.kind_label))

    @property
    def priority_label(self) -> str:
        return PRIORITY_LABELS[Priority(self.row["priority"])]

    @property
    def priority_tone(self) -> str:
        return {1: "late", 2: "due"}.get(self.row["priority"], "")

    @property
    def assignee(self) -> str:
        """Who has it: the person, else the team, else the company; empty if nobody."""
        return self.row["assigned_user__full_name"] or self.row["assigned_team__name"] or self.row["assigned_provider__name"] or ""

    @property
    def waits(self) -> bool:
        """On hold, and not before the day on which it can go on."""
        return self.status is Status.ON_HOLD and (self.row["hold_until"] is None or self.row["hold_until"] > self.today)

    @property
    def can_go_on(self) -> bool:
        return self.status is Status.ON_HOLD and not self.waits


SHORT_STATUS = STATUS_LABELS | {Status.COMPLETED: "To review", Status.MERGED: "Merged"}
SHORT_KIND = {Kind.CORRECTIVE: "Repair", Kind.SCHEDULED: "Maintenance"}


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
