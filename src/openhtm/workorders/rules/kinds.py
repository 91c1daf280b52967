"""The kinds of work order and the one table of how an order may move."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Kind(StrEnum):
    SCHEDULED = "scheduled"
    CORRECTIVE = "corrective"
    ACCEPTANCE = "acceptance"
    SAFETY_TEST = "safety_test"
    CALIBRATION = "calibration"
    SOFTWARE_UPDATE = "software_update"
    RECALL_ACTION = "recall_action"
    INCIDENT = "incident"
    RETIREMENT = "retirement"
    PROJECT = "project"


KIND_LABELS: dict[Kind, str] = {
    Kind.SCHEDULED: "Scheduled maintenance",
    Kind.CORRECTIVE: "Corrective maintenance",
    Kind.ACCEPTANCE: "Acceptance",
    Kind.SAFETY_TEST: "Safety test",
    Kind.CALIBRATION: "Calibration",
    Kind.SOFTWARE_UPDATE: "Software update",
    Kind.RECALL_ACTION: "Recall action",
    Kind.INCIDENT: "Incident",
    Kind.RETIREMENT: "Retirement",
    Kind.PROJECT: "Project",
}
CORRECTIVE_CODES: frozenset[Kind] = frozenset({Kind.CORRECTIVE, Kind.INCIDENT})
"""Kinds closed with the failure codes for corrective work; all others use those for scheduled work (DOMAIN: Wang's two lists)."""
NEEDS_FAILURE_CODE: frozenset[Kind] = frozenset({Kind.CORRECTIVE, Kind.INCIDENT, Kind.SCHEDULED, Kind.SAFETY_TEST, Kind.CALIBRATION})


class Status(StrEnum):
    REQUESTED = "requested"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"


S = Status
STATUS_LABELS: dict[Status, str] = {
    S.REQUESTED: "Requested",
    S.OPEN: "Open",
    S.IN_PROGRESS: "In progress",
    S.ON_HOLD: "On hold",
    S.COMPLETED: "Completed, to be reviewed",
    S.CLOSED: "Closed",
    S.CANCELLED: "Cancelled",
    S.MERGED: "Merged into another",
}
STATUS_TONES: dict[Status, str] = {
    S.REQUESTED: "due", S.OPEN: "info", S.IN_PROGRESS: "info", S.ON_HOLD: "hold", S.COMPLETED: "due", S.CLOSED: "ok", S.CANCELLED: "hold",
    S.MERGED: "hold",
}  # fmt: skip
TRANSITIONS: dict[Status, frozenset[Status]] = {
    S.REQUESTED: frozenset({S.OPEN, S.IN_PROGRESS, S.ON_HOLD, S.CANCELLED, S.MERGED}),
    S.OPEN: frozenset({S.IN_PROGRESS, S.ON_HOLD, S.COMPLETED, S.CANCELLED, S.MERGED}),
    S.IN_PROGRESS: frozenset({S.OPEN, S.ON_HOLD, S.COMPLETED, S.CANCELLED, S.MERGED}),
    S.ON_HOLD: frozenset({S.OPEN, S.IN_PROGRESS, S.COMPLETED, S.CANCELLED, S.MERGED}),
    S.COMPLETED: frozenset({S.CLOSED, S.IN_PROGRESS}),
    S.CLOSED: frozenset({S.IN_PROGRESS}),
    S.CANCELLED: frozenset({S.OPEN}),
    S.MERGED: frozenset(),
}
"""Which status may follow which. Reopening a closed order needs a reason and shows its signatures as broken."""
UNDER_WAY: frozenset[Status] = frozenset({S.REQUESTED, S.OPEN, S.IN_PROGRESS, S.ON_HOLD, S.COMPLETED})
WORKABLE: frozenset[Status] = frozenset({S.REQUESTED, S.OPEN, S.IN_PROGRESS, S.ON_HOLD})
NEEDS_REASON: frozenset[tuple[Status, Status]] = frozenset(
    {(S.CLOSED, S.IN_PROGRESS), (S.COMPLETED, S.IN_PROGRESS), (S.CANCELLED, S.OPEN)} | {(before, S.CANCELLED) for before in Status}
)


class Priority(IntEnum):
    """1 is looked at first."""

    EMERGENCY = 1
    URGENT = 2
    NORMAL = 3
    LOW = 4


PRIORITY_LABELS: dict[Priority, str] = {
    Priority.EMERGENCY: "Emergency",
    Priority.URGENT: "Urgent",
    Priority.NORMAL: "Normal",
    Priority.LOW: "Low",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a move is refused: a stable code and what may follow instead."""

    code: str
    allowed: tuple[Status, ...] = ()


def refuse_move(*, before: Status, after: Status, reason: str = "") -> Refusal | None:
    """Return why an order that is ``before`` may not become ``after``, or None if it may."""
    if after == before:
        return Refusal("workorder-status-unchanged")
    if after not in TRANSITIONS[before]:
        return Refusal("workorder-status-not-reachable", tuple(sorted(TRANSITIONS[before], key=list(Status).index)))
    if (before, after) in NEEDS_REASON and not reason.strip():
        return Refusal("workorder-status-needs-reason")
    return None


def number_text(number: int) -> str:
    """The number people say: WO-1042."""
    return f"WO-{number}"
