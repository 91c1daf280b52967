"""How one device's test in a tester file stands, and in which words it is said."""

from enum import StrEnum


class State(StrEnum):
    """What a test of a file needs next. Nothing is dropped: a test stays in one of these until a person settles it."""

    READY = "ready"
    DEVICE = "device"
    TESTER = "tester"
    ORDER = "order"
    ROWS = "rows"
    STORED = "stored"
    AGAIN = "again"
    REPEATED = "repeated"
    SET_ASIDE = "set_aside"


STATE_LABELS: dict[State, str] = {
    State.READY: "Ready",
    State.DEVICE: "Which device?",
    State.TESTER: "Which tester?",
    State.ORDER: "No order for it",
    State.ROWS: "Rows need a look",
    State.AGAIN: "Known, or another test?",
    State.STORED: "Stored",
    State.REPEATED: "Known already",
    State.SET_ASIDE: "Set aside",
}
STATE_TONES: dict[State, str] = {
    State.READY: "info",
    State.DEVICE: "unknown",
    State.TESTER: "unknown",
    State.ORDER: "due",
    State.ROWS: "late",
    State.AGAIN: "unknown",
    State.STORED: "ok",
    State.REPEATED: "ok",
    State.SET_ASIDE: "hold",
}
WAITING = frozenset({State.DEVICE, State.TESTER, State.ORDER, State.ROWS, State.AGAIN})
"""What a person has to settle."""
SETTLED = frozenset({State.STORED, State.REPEATED, State.SET_ASIDE})
"""What is not looked at again."""
