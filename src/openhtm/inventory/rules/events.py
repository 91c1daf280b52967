"""What the inventory tells whoever listens (``core.events``): published in the transaction of the change itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """Many devices were added or changed at once. ``device_ids`` None: too many to name; treat it as all."""

    device_ids: frozenset[int] | None
    source: str


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """These devices became ``after`` on the day ``on``. A handler that raises undoes the change: how a higher room says no.

    ``before`` is empty where the devices came from different statuses. ``actor`` is whoever did it (``identity.actor.Actor``).
    """

    device_ids: tuple[int, ...]
    before: str
    after: str
    reason: str
    actor: object


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A device was seen, by a scan or a feed. ``was_missing``: its record said nobody knew where it was."""

    device_id: int
    sighting_id: int
    seen_at: datetime
    was_missing: bool
    actor: object


@dataclass(frozen=True, slots=True)
class DevicesMerged:
    """Two records of one device became one: what hung on ``given_up_id`` counts for ``kept_id``."""

    kept_id: int
    given_up_id: int
    actor: object


@dataclass(frozen=True, slots=True)
class StrategyChosen:
    """Somebody put these devices on another maintenance strategy. A handler that raises undoes the change: how a higher room says no."""

    device_ids: tuple[int, ...]
    strategy: str
    actor: object
