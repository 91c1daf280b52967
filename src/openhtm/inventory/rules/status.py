"""The life of a device as one transition table."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    PLANNED = "planned"
    ORDERED = "ordered"
    RECEIVED = "received"
    IN_ACCEPTANCE = "in_acceptance"
    IN_SERVICE = "in_service"
    OUT_OF_SERVICE = "out_of_service"
    IN_REPAIR = "in_repair"
    SEQUESTERED = "sequestered"
    STORED = "stored"
    MISSING = "missing"
    RETIRED = "retired"
    DISPOSED = "disposed"


S = Status

STATUS_LABELS: dict[Status, str] = {
    S.PLANNED: "Planned",
    S.ORDERED: "Ordered",
    S.RECEIVED: "Received",
    S.IN_ACCEPTANCE: "In acceptance",
    S.IN_SERVICE: "In service",
    S.OUT_OF_SERVICE: "Out of service",
    S.IN_REPAIR: "In repair",
    S.SEQUESTERED: "Sequestered",
    S.STORED: "Stored",
    S.MISSING: "Missing",
    S.RETIRED: "Retired",
    S.DISPOSED: "Disposed",
}

STATUS_TONES: dict[Status, str] = {
    S.PLANNED: "info", S.ORDERED: "info", S.RECEIVED: "info", S.IN_ACCEPTANCE: "info", S.IN_SERVICE: "ok", S.OUT_OF_SERVICE: "late",
    S.IN_REPAIR: "hold", S.SEQUESTERED: "late", S.STORED: "hold", S.MISSING: "unknown", S.RETIRED: "hold", S.DISPOSED: "hold",
}  # fmt: skip

TRANSITIONS: dict[Status, frozenset[Status]] = {
    S.PLANNED: frozenset({S.ORDERED, S.RECEIVED, S.RETIRED}),
    S.ORDERED: frozenset({S.RECEIVED, S.RETIRED}),
    S.RECEIVED: frozenset({S.IN_ACCEPTANCE, S.STORED, S.RETIRED}),
    S.IN_ACCEPTANCE: frozenset({S.IN_SERVICE, S.OUT_OF_SERVICE, S.STORED, S.RETIRED}),
    S.IN_SERVICE: frozenset({S.OUT_OF_SERVICE, S.IN_REPAIR, S.SEQUESTERED, S.STORED, S.MISSING, S.RETIRED}),
    S.OUT_OF_SERVICE: frozenset({S.IN_SERVICE, S.IN_REPAIR, S.SEQUESTERED, S.STORED, S.MISSING, S.RETIRED}),
    S.IN_REPAIR: frozenset({S.IN_SERVICE, S.OUT_OF_SERVICE, S.SEQUESTERED, S.STORED, S.MISSING, S.RETIRED}),
    S.SEQUESTERED: frozenset({S.OUT_OF_SERVICE, S.IN_REPAIR}),
    S.STORED: frozenset({S.IN_SERVICE, S.IN_ACCEPTANCE, S.OUT_OF_SERVICE, S.IN_REPAIR, S.SEQUESTERED, S.MISSING, S.RETIRED}),
    S.MISSING: frozenset({S.IN_SERVICE, S.OUT_OF_SERVICE, S.IN_REPAIR, S.STORED, S.SEQUESTERED, S.RETIRED}),
    S.RETIRED: frozenset({S.DISPOSED, S.STORED}),
    S.DISPOSED: frozenset(),
}
"""Which status may follow which. A sequestered device is evidence: it returns only through repair or out of service."""

NEEDS_REASON: frozenset[Status] = frozenset({S.OUT_OF_SERVICE, S.SEQUESTERED, S.MISSING, S.RETIRED, S.DISPOSED})
IN_INVENTORY: frozenset[Status] = frozenset(Status) - {S.PLANNED, S.ORDERED, S.RETIRED, S.DISPOSED}
"""Statuses in which a device is on the medical equipment inventory (S&C 14-07: all equipment, whatever its risk)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a change of status is refused: a stable code and what may follow instead."""

    code: str
    allowed: tuple[Status, ...] = ()


def refuse_change(*, before: Status, after: Status, reason: str) -> Refusal | None:
    """Return why ``before`` may not become ``after``, or None if it may."""
    if after == before:
        return Refusal("status-unchanged")
    if after not in TRANSITIONS[before]:
        return Refusal("status-not-reachable", tuple(sorted(TRANSITIONS[before], key=list(Status).index)))
    if after in NEEDS_REASON and not reason.strip():
        return Refusal("status-needs-reason")
    return None
