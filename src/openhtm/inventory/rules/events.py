"""What the inventory tells whoever listens (``core.events``): published in the transaction of the change itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """Many devices were added or changed at once. ``device_ids`` None: too many to name; treat it as all."""

    device_ids: frozenset[int] | None
    source: str
