"""What somebody who reported a fault is told: the way of an order in four steps, without the words people write to each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from openhtm.workorders.rules.kinds import Status

STEPS = ("Reported", "Taken on", "Being worked on", "Done")
_REACHED: dict[Status, int] = {
    Status.REQUESTED: 1, Status.OPEN: 2, Status.ON_HOLD: 2, Status.IN_PROGRESS: 3, Status.COMPLETED: 4, Status.CLOSED: 4, Status.MERGED: 2,
    Status.CANCELLED: 1,
}  # fmt: skip
PUBLIC_WORDS: dict[Status, str] = {
    Status.REQUESTED: "Reported. Nobody has looked at it yet.",
    Status.OPEN: "Taken on. Somebody will come.",
    Status.IN_PROGRESS: "Being worked on.",
    Status.ON_HOLD: "Waiting, for example for a part.",
    Status.COMPLETED: "Done.",
    Status.CLOSED: "Done.",
    Status.CANCELLED: "Closed without work.",
    Status.MERGED: "Joined with another report of the same fault.",
}
DUPLICATE_WITHIN = timedelta(days=30)
"""An open report older than that is not offered as the same fault."""


@dataclass(frozen=True, slots=True)
class Step:
    label: str
    done: bool


def steps(status: Status) -> tuple[Step, ...]:
    """Return the four steps, reached or not. A cancelled report stays at the first."""
    return tuple(Step(label, position <= _REACHED[status]) for position, label in enumerate(STEPS, start=1))


def instructions(*, patient_involved: bool, set_aside: bool | None) -> tuple[str, ...]:
    """Return what to do with the device now, in the order of doing it. Keep evidence when a patient was involved (DOMAIN 9)."""
    if patient_involved:
        return (
            "Look after the patient first.",
            "Take the device out of use and keep it where nobody can take it.",
            "Leave it as it is: do not clean it, change settings, print or delete anything, or switch it off if it may stay on.",
            "Keep accessories, disposables and packaging with it.",
            "Tell whoever is in charge of the unit, and file your incident report.",
        )
    if set_aside is False:
        return ("Put a note on the device that it is faulty.", "Stop using it if it gets worse, and add a remark here.")
    return ("Keep the device out of use, with a note on it.", "Keep its cable and accessories with it.")
