"""When a tester's reading counts, and which readings an out-of-tolerance finding puts in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

SOON_DAYS = 30
"""Days before the due day from which a tester is shown as due soon: a courtesy of the page, no rule of judging."""


class State(StrEnum):
    VALID = "valid"
    DUE_SOON = "due_soon"
    EXPIRED = "expired"
    NEVER = "never"
    SET_ASIDE = "set_aside"


STATE_LABELS: dict[State, str] = {
    State.VALID: "In calibration",
    State.DUE_SOON: "Due soon",
    State.EXPIRED: "Calibration expired",
    State.NEVER: "Never calibrated",
    State.SET_ASIDE: "Set aside",
}
STATE_TONES: dict[State, str] = {
    State.VALID: "ok",
    State.DUE_SOON: "due",
    State.EXPIRED: "late",
    State.NEVER: "unknown",
    State.SET_ASIDE: "hold",
}


def state_on(*, day: date, due_on: date | None, usable: bool = True) -> State:
    """Return how a tester stands on ``day``. The due day itself is the last one on which readings count."""
    if not usable:
        return State.SET_ASIDE
    if due_on is None:
        return State.NEVER
    if day > due_on:
        return State.EXPIRED
    return State.DUE_SOON if (due_on - day).days <= SOON_DAYS else State.VALID


def counts_on(*, day: date, due_on: date | None, usable: bool = True) -> bool:
    """True if a reading taken on ``day`` may be judged: in calibration and not set aside."""
    return state_on(day=day, due_on=due_on, usable=usable) in (State.VALID, State.DUE_SOON)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """One calibration as far as tracing needs it. ``good``: found in tolerance, before any adjustment."""

    performed_on: date
    good: bool


@dataclass(frozen=True, slots=True)
class Doubt:
    """Readings from ``since`` (None: from the first) up to and without ``until`` are in doubt."""

    since: date | None
    until: date


def doubt(*, calibrations: Sequence[Calibrated], found_on: date) -> Doubt:
    """Return the period put in doubt by a finding on ``found_on``: since the newest calibration before it that was good.

    A calibration on the very day of the finding is the finding. Raises ValueError if the finding is not among ``calibrations``.
    """
    if not any(c.performed_on == found_on and not c.good for c in calibrations):
        raise ValueError("there is no out-of-tolerance finding on that day")
    good = [c.performed_on for c in calibrations if c.good and c.performed_on < found_on]
    return Doubt(max(good, default=None), found_on)
