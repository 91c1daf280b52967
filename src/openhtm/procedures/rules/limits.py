"""The limit of a measured value: its numbers, what they mean, and who says so.

A limit is a range (``low``, ``high``), or a nominal value with a tolerance: ``absolute`` in the step's unit, ``percent`` of
the nominal value, or both, of which the greater applies (IEC 60601-2-4 writes delivered energy so: 15 % or 3 J).
A limit that comes from the manufacturer's instructions (``origin`` "ifu") may have no numbers yet: such a value is recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openhtm.procedures.rules.fields import Fields, plain

ORIGINS: Mapping[str, str] = {
    "standard": "a standard or regulation",
    "ifu": "the manufacturer's instructions for use",
    "practice": "common practice",
    "local": "a decision of this hospital",
}
CONFIDENCES: Mapping[str, str] = {
    "S": "seen in the named source",
    "S2": "seen in a secondary source",
    "GK-high": "general knowledge, believed exact",
    "GK-med": "general knowledge, to be checked",
    "GK-low": "a starting value only; confirm it",
    "ifu": "to be taken from the manufacturer's instructions",
    "site": "decided by this hospital",
}
IFU_SOURCE = "Manufacturer's instructions for use"
_TOLERANCE = "Give low and high, or nominal with percent or absolute."


@dataclass(frozen=True)
class Limit:
    """The limit of one number, in the step's unit."""

    origin: str
    source: str
    edition: str
    confidence: str
    low: Decimal | None = None
    high: Decimal | None = None
    low_inclusive: bool = True
    high_inclusive: bool = True
    nominal: Decimal | None = None
    percent: Decimal | None = None
    absolute: Decimal | None = None
    note: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether the numbers must still be taken from the manufacturer's instructions."""
        return self.low is None and self.high is None and self.nominal is None


@dataclass(frozen=True)
class Bounds:
    """What a limit amounts to: the lowest and highest value that pass, and where a passing value counts as near."""

    low: Decimal | None
    high: Decimal | None
    low_inclusive: bool
    high_inclusive: bool
    near_low: Decimal | None
    near_high: Decimal | None


def bounds_of(limit: Limit) -> Bounds:
    """Work out the bounds of a limit. A value past 90 % of the way to a bound is near it.

    The way is counted from the nominal value or the middle of a range; from zero where there is only a highest value, or
    the lowest is zero (nothing is near a floor that cannot be passed). A lowest value alone is near below low / 0.9.
    """
    low, high = _edges(limit)
    near_low = near_high = None
    if low and high is not None:
        middle = (low + high) / 2
        near_low, near_high = middle - (middle - low) * _NEAR, middle + (high - middle) * _NEAR
    elif high is not None and high > 0:
        near_high = high * _NEAR
    elif low is not None and low > 0:
        near_low = low / _NEAR
    return Bounds(low, high, limit.low_inclusive, limit.high_inclusive, near_low, near_high)


_NEAR = Decimal("0.9")


def _edges(limit: Limit) -> tuple[Decimal | None, Decimal | None]:
    if limit.nominal is None:
        return limit.low, limit.high
    by_percent = abs(limit.nominal) * (limit.percent or 0) / 100
    tolerance = max(by_percent, limit.absolute or Decimal(0))
    return limit.nominal - tolerance, limit.nominal + tolerance


def read_limit(fields: Fields) -> Limit:
    """Read a limit as written. ``{from: ifu}`` alone is enough for one that must come from the manufacturer."""
    origin = fields.one_of("from", ORIGINS, default="standard")
    open_ifu = origin == "ifu" and not any(fields.has(name) for name in ("low", "high", "nominal"))
    limit = Limit(
        origin=origin,
        source=fields.text("source", required=origin != "ifu", default=IFU_SOURCE if origin == "ifu" else ""),
        edition=fields.text("edition", most=60, required=not open_ifu),
        confidence=fields.one_of("confidence", CONFIDENCES, default="ifu" if open_ifu else None),
        **{name: fields.number(name) for name in ("low", "high", "nominal", "percent", "absolute")},
        low_inclusive=fields.flag("low_inclusive", default=True),
        high_inclusive=fields.flag("high_inclusive", default=True),
        note=fields.text("note"),
    )
    fields.done()
    _check(limit, fields)
    return limit


def _check(limit: Limit, fields: Fields) -> None:
    ranged = limit.low is not None or limit.high is not None
    tolerant = limit.percent is not None or limit.absolute is not None
    if limit.is_open and (tolerant or limit.origin != "ifu"):
        fields.wrong("", "The limit has no numbers.", _TOLERANCE)
    if limit.nominal is not None and (ranged or not tolerant):
        fields.wrong("nominal", "A nominal value goes with percent or absolute, and without low and high.", _TOLERANCE)
    if ranged and limit.nominal is None and tolerant:
        fields.wrong("percent", "A tolerance needs a nominal value.", _TOLERANCE)
    if limit.nominal is not None and not (limit.low_inclusive and limit.high_inclusive):
        fields.wrong("low_inclusive", "A tolerance always includes its ends.", "Use low and high to leave an end out.")
    for name in ("percent", "absolute"):
        value = getattr(limit, name)
        if value is not None and value <= 0:
            fields.wrong(name, "A tolerance must be greater than zero.", "Correct the number.")
    if limit.nominal == 0 and limit.absolute is None and limit.percent is not None:
        fields.wrong("percent", "A percentage of zero allows nothing.", "Give absolute as well.")
    if limit.low is not None and limit.high is not None:
        empty = limit.low > limit.high or (limit.low == limit.high and not (limit.low_inclusive and limit.high_inclusive))
        if empty:
            fields.wrong("low", "No value can pass: the lowest lies above the highest.", "Exchange or correct them.")


def dump_limit(limit: Limit) -> dict[str, Any]:
    """Return the limit as plain JSON, without what is default."""
    out: dict[str, Any] = {"from": limit.origin, "source": limit.source, "confidence": limit.confidence}
    out |= {name: text for name in ("edition", "note") if (text := getattr(limit, name))}
    numbers = ((name, getattr(limit, name)) for name in ("low", "high", "nominal", "percent", "absolute"))
    out |= {name: plain(value) for name, value in numbers if value is not None}
    return out | {name: False for name in ("low_inclusive", "high_inclusive") if not getattr(limit, name)}
