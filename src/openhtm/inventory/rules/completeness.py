"""How complete an inventory is: one figure that opens to its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CMS_FACTS: dict[str, str] = {
    "manufacturer": "Manufacturer",
    "model": "Model",
    "serial": "Serial number",
    "type": "Description (device type)",
    "location": "Location",
    "department": "Owning department",
    "provider": "Service provider",
    "accepted": "Acceptance date",
}
"""What CMS expects on every line of the inventory besides its unique number (S&C 14-07; docs/reference/data-quality.md)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One fact: how many devices lack it, and the percentage that has it (None without devices)."""

    code: str
    label: str
    missing: int
    percent: float | None


@dataclass(frozen=True, slots=True)
class Completeness:
    """``percent`` is the mean over the parts, each counting the same; None while there is no device to judge."""

    total: int
    percent: float | None
    parts: tuple[Part, ...]


def completeness(*, total: int, missing: Mapping[str, int]) -> Completeness:
    """Judge ``total`` devices by how many lack each of CMS_FACTS. Raises ValueError if more lack a fact than there are."""
    for code in CMS_FACTS:
        if not 0 <= missing.get(code, 0) <= total:
            raise ValueError(f"{missing[code]} of {total} devices cannot lack {code}")
    parts = tuple(
        Part(code, label, missing.get(code, 0), 100 * (total - missing.get(code, 0)) / total if total else None)
        for code, label in CMS_FACTS.items()
    )
    shares = [part.percent for part in parts if part.percent is not None]
    return Completeness(total, sum(shares) / len(shares) if shares else None, parts)
