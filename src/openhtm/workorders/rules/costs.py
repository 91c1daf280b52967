"""What an order costs, from its entries. Money in whole cents; every line is rounded half up before it is added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True)
class Labour:
    """Minutes of one person and what an hour of them cost on that day (None: unknown, counted as nothing)."""

    minutes: int
    rate_cents: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """A quantity and the price of one (None: unknown, counted as nothing)."""

    quantity: Decimal
    unit_cost_cents: int | None


@dataclass(frozen=True, slots=True)
class Costs:
    """The columns of an order. ``total`` is the cost in full: labour with benefits, parts, companies, other (DOMAIN 10.1)."""

    labour_min: int = 0
    labour_cents: int = 0
    parts_cents: int = 0
    vendor_cents: int = 0
    other_cents: int = 0

    @property
    def total(self) -> int:
        return self.labour_cents + self.parts_cents + self.vendor_cents + self.other_cents


def costs_of(*, labour: Iterable[Labour], parts: Iterable[Part], accepted_reports: Iterable[int | None], other: Iterable[int]) -> Costs:
    """Add up an order's entries. Reports count once somebody accepted them."""
    entries = list(labour)
    return Costs(
        labour_min=sum(entry.minutes for entry in entries),
        labour_cents=sum(labour_cost(entry) for entry in entries),
        parts_cents=sum(part_cost(part) for part in parts),
        vendor_cents=sum(cost or 0 for cost in accepted_reports),
        other_cents=sum(other),
    )


def labour_cost(entry: Labour) -> int:
    return half_up(Decimal(entry.minutes) * Decimal(entry.rate_cents or 0) / 60)


def part_cost(part: Part) -> int:
    return half_up(part.quantity * Decimal(part.unit_cost_cents or 0))


def half_up(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
