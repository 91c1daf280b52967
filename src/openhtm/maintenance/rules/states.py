"""The words for what a visit is: open in one of six states, or settled for ever in one of six others."""

from enum import StrEnum


class VisitState(StrEnum):
    NOT_DUE = "not_due"
    IN_WINDOW = "in_window"
    DUE = "due"
    GRACE = "grace"
    LATE = "late"
    HELD = "held"
    DONE = "done"
    MISSED = "missed"
    EXCLUDED = "excluded"
    PASSED_HELD = "passed_held"
    COVERED = "covered"
    REMOVED = "removed"


V = VisitState

OPEN_STATES = frozenset({V.NOT_DUE, V.IN_WINDOW, V.DUE, V.GRACE, V.LATE, V.HELD})
SETTLED_STATES = frozenset(VisitState) - OPEN_STATES

STATE_LABELS: dict[VisitState, str] = {
    V.NOT_DUE: "Not due",
    V.IN_WINDOW: "Can be done",
    V.DUE: "Due",
    V.GRACE: "In grace",
    V.LATE: "Late",
    V.HELD: "Held by the device's status",
    V.DONE: "Done",
    V.MISSED: "Missed",
    V.EXCLUDED: "Excluded",
    V.PASSED_HELD: "Passed while held",
    V.COVERED: "Done with a larger one",
    V.REMOVED: "No longer owed",
}
