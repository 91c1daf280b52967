"""Orders, visits and what belongs to them as rows for COPY, with keys and numbers given here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db import connection, models

from openhtm.core.ids import CROCKFORD
from openhtm.demo.copying import TableCopy, reserve_ids
from openhtm.demo.parts.demo import Demo
from openhtm.demo.rules.chance import Chance
from openhtm.maintenance.models import Attempt, Visit, VisitExclusion
from openhtm.workorders.models import Checklist, Downtime, LabourEntry, PartUsed, Result, VendorReport, WorkEvent, WorkOrder

NUMBERS = "workorders_number"
KEYS_AT_ONCE = 2_000
ORDER = (
    "id", "uid", "number", "kind", "status", "priority", "title", "description", "origin", "facility_id", "device_id", "location_id",
    "department_id", "reporter_id", "reporter_name", "reporter_contact", "call_back", "patient_involved", "incident", "set_aside",
    "status_code", "opened_at", "opened_by_id", "opened_by_name", "opens_on", "due_on", "on_time_until", "grace_until", "planned_on",
    "response_due_at", "completion_due_at", "responded_at", "assigned_user_id", "assigned_team_id", "assigned_provider_id", "skill",
    "est_min", "started_at", "completed_at", "completed_by_id", "closed_at", "closed_by_id", "closed_by_rule", "hold_reason_id",
    "hold_until", "held_since", "held_s", "problem_id", "cause_id", "resolution_id", "failure_id", "cancel_reason_id", "work_done",
    "return_test_required", "review_reasons", "parent_id", "labour_min", "labour_cents", "parts_cents", "vendor_cents", "other_cents",
    "updated_at",
)  # fmt: skip
_PLAIN: dict[str, Any] = dict.fromkeys(ORDER) | {
    "priority": 3, "description": "", "origin": "person", "reporter_name": "", "reporter_contact": "", "call_back": False,
    "incident": False, "opened_by_name": "", "skill": "", "closed_by_rule": False, "held_s": 0, "work_done": "",
    "return_test_required": False, "review_reasons": "[]", "labour_min": 0, "labour_cents": 0, "parts_cents": 0, "vendor_cents": 0,
    "other_cents": 0,
}  # fmt: skip
TABLES: dict[str, tuple[type[models.Model], tuple[str, ...]]] = {
    "orders": (WorkOrder, ORDER),
    "events": (
        WorkEvent, ("uid", "work_order_id", "kind", "before", "after", "text", "public", "actor_id", "actor_name", "recorded_at"),
    ),
    "labour": (
        LabourEntry,
        ("uid", "work_order_id", "user_id", "user_name", "category_id", "started_at", "ended_at", "minutes", "rate_cents", "note"),
    ),
    "parts": (
        PartUsed, ("uid", "work_order_id", "part_number", "description", "quantity", "unit_cost_cents", "serial_or_lot", "added_by_id", "added_at"),
    ),
    "reports": (
        VendorReport,
        ("uid", "work_order_id", "provider_id", "report_number", "performed_on", "performed_by", "summary", "labour_min", "cost_cents",
         "file_name", "verdict", "received_by_id", "received_at", "reviewed_by_id", "reviewed_at", "review_note"),
    ),
    "downtimes": (Downtime, ("uid", "device_id", "work_order_id", "planned", "started_at", "ended_at")),
    "checklists": (
        Checklist, ("id", "uid", "work_order_id", "version_id", "purpose", "position", "added_at", "finished_at", "finished_by_id", "outcome"),
    ),
    "results": (
        Result,
        ("uid", "checklist_id", "work_order_id", "device_id", "step_key", "phase", "kind", "number", "unit", "entered", "choice", "text",
         "files", "detail", "verdict", "limit", "share_of_limit", "tester_id", "tester_due_on", "review_reasons", "performer_id",
         "performer_name", "qualification", "measured_at", "received_at", "reason", "fingerprint"),
    ),
    "visits": (
        Visit,
        ("id", "schedule_id", "device_id", "due_on", "opens_on", "on_time_until", "grace_until", "state", "performed_on", "timing",
         "outcome", "attempts_count", "policy_compliant", "work_order_id", "settled_at", "updated_at"),
    ),
    "attempts": (
        Attempt,
        ("uid", "visit_id", "device_id", "outcome", "attempted_at", "attempted_on", "location_id", "note", "work_order_id", "performer_id",
         "performer_name", "reason", "recorded_at"),
    ),
    "exclusions": (
        VisitExclusion,
        ("uid", "visit_id", "code", "reason", "proposed_by_id", "proposed_by_name", "proposed_at", "decided_by_id", "decided_by_name",
         "decided_at", "confirmed", "decision_note"),
    ),
}  # fmt: skip
"""In the order of their references: a row is copied after those it points to."""


class Book:
    """Rows waiting to be copied, and the keys of those that others point to."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.tables = {name: TableCopy(model, columns) for name, (model, columns) in TABLES.items()}
        self.order_keys, self.visit_keys, self.checklist_keys = _keys(WorkOrder), _keys(Visit), _keys(Checklist)
        self.numbers = demo.numbers = demo.numbers or Numbers(demo)

    def add(self, table: str, *values: Any) -> None:
        self.tables[table].add(values)

    def order(self, chance: Chance, uid: str, values: dict[str, Any]) -> int:
        """Keep an order and return its key. ``opened_at`` decides its number."""
        pk = next(self.order_keys)
        row = _PLAIN | {
            "id": pk, "uid": uid, "number": self.numbers.take(values["opened_at"].date()), "status_code": code(chance), "updated_at": values["opened_at"],
        } | values  # fmt: skip
        self.tables["orders"].add([row[name] for name in ORDER])
        return pk

    def flush(self) -> None:
        for table in self.tables.values():
            table.flush()

    def counts(self) -> dict[str, int]:
        return {f"work {name}" if name in ("events", "parts") else name: table.written for name, table in self.tables.items()}


class Numbers:
    """Order numbers that rise from month to month. A month has a block of its own; when it is full the next one lends."""

    def __init__(self, demo: Demo) -> None:
        self._first = demo.horizon
        self._size = max(demo.devices // 10, 40)
        self._taken: dict[int, int] = {}
        self.highest = 0

    def take(self, day: dt.date) -> int:
        month = max((day.year - self._first.year) * 12 + day.month - self._first.month, 0)  # older days share the first block
        while self._taken.get(month, 0) >= self._size:
            month += 1
        self._taken[month] = self._taken.get(month, 0) + 1
        number = 1000 + month * self._size + self._taken[month]
        self.highest = max(self.highest, number)
        return number

    def hand_over(self) -> None:
        """Let the next number that is given out follow the highest."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval(%s, %s)", [NUMBERS, max(self.highest, 1000)])


def _keys(model: type[models.Model]) -> Iterator[int]:
    while True:
        first = reserve_ids(model, KEYS_AT_ONCE)
        yield from range(first, first + KEYS_AT_ONCE)


def code(chance: Chance) -> str:
    """Return the code of a status address: Crockford's base 32, as ``core.ids.public_code`` makes them."""
    bits = chance.getrandbits(80)
    return "".join(CROCKFORD[bits >> shift & 31] for shift in range(0, 80, 5))
