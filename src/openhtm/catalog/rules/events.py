"""What the catalogue tells the rooms above (``core.events``): published in the transaction of the change itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeviceTypesChanged:
    """What follows from these device types (high risk, life support, risk inputs) may differ from now on."""

    type_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class ModelsChanged:
    """These device models now belong to another device type."""

    model_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class ModelsMerged:
    """Manufacturers became one. Each pair is (a device model that was given up, the one that stands for it): devices must follow."""

    pairs: tuple[tuple[int, int], ...]
