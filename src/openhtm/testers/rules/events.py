"""What testers tell the rooms above."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class FoundOutOfTolerance:
    """A calibration found a tester out of tolerance: readings from ``since`` (None: the first) until ``until`` are in doubt."""

    tester_id: int
    calibration_id: int
    since: date | None
    until: date
    actor: object
