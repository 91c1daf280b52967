"""What planning takes for granted where nobody says otherwise, read from data."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parent.parent / "data" / "planning.yaml"


@dataclass(frozen=True, slots=True)
class PlanningDefaults:
    """``working_days`` are ISO weekdays; ``batch_day_min`` is the most work of one batch; ``together_min`` what one place a day is worth."""

    source: str
    edition: str
    confidence: str
    working_days: frozenset[int]
    batch_day_min: int
    batch_smallest: int
    together_min: int

    def days(self, first_on: date, last_on: date) -> Iterator[date]:
        """Yield the working days from ``first_on`` to ``last_on``, both included."""
        for k in range((last_on - first_on).days + 1):
            if (day := first_on + timedelta(days=k)).isoweekday() in self.working_days:
                yield day


def read_defaults(document: dict[str, Any]) -> PlanningDefaults:
    """Raises ValueError where the table cannot be used."""
    days = frozenset(document["working_days"])
    numbers = [document[name] for name in ("batch_day_min", "batch_smallest", "together_min")]
    if not days or not days <= frozenset(range(1, 8)) or min(numbers) < 0:
        raise ValueError("working days are numbered 1 to 7, minutes are not negative")
    return PlanningDefaults(document["source"], document["edition"], document["confidence"], days, *numbers)


@lru_cache(maxsize=1)
def defaults() -> PlanningDefaults:
    return read_defaults(yaml.safe_load(DATA.read_text(encoding="utf-8")))
