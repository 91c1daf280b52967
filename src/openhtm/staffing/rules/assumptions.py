"""What a forecast assumes: shipped values with their source, and what a hospital puts in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parent.parent / "data" / "assumptions.yaml"


@dataclass(frozen=True, slots=True)
class Assumption:
    """One value as shipped. ``low`` and ``high`` are the limits within which it may be overruled."""

    key: str
    label: str
    value: float
    unit: str
    low: float
    high: float
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What others have: context, never part of the sum."""

    label: str
    low: float
    high: float
    unit: str
    note: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Assumed:
    """The values a forecast goes by. Hours and months are whole or not, shares are from 0 to 1."""

    paid_hours_per_year: float
    present_hours_per_year: float
    productive_fraction: float
    training_hours_per_year: float
    administration_hours_per_month: float
    corrective_months: float
    interval_confidence: float

    @property
    def expected_off(self) -> float:
        """Share of paid time on which nobody is there."""
        return max(0.0, 1 - self.present_hours_per_year / self.paid_hours_per_year)

    @property
    def productive_of_present(self) -> float:
        """Share of the time present that can be booked on work."""
        return min(1.0, self.productive_fraction * self.paid_hours_per_year / self.present_hours_per_year)


@dataclass(frozen=True, slots=True)
class Shipped:
    """The file as it is shipped."""

    edition: str
    source: str
    assumptions: tuple[Assumption, ...]
    benchmarks: tuple[Benchmark, ...]

    def assumed(self, overrides: Mapping[str, float]) -> Assumed:
        """The shipped values with ``overrides`` in their place."""
        return Assumed(**{one.key: float(overrides.get(one.key, one.value)) for one in self.assumptions})


@cache
def shipped() -> Shipped:
    document: dict[str, Any] = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return Shipped(
        edition=document["edition"],
        source=document["source"],
        assumptions=tuple(Assumption(**entry) for entry in document["assumptions"]),
        benchmarks=tuple(Benchmark(**entry) for entry in document["benchmarks"]),
    )
