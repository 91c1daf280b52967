"""What sites tell whoever listens (``core.events``): published in the transaction of the change itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlaceMoved:
    """A place and everything within it lies in another one now. Who stores where something lies computes it anew."""

    location_id: int
