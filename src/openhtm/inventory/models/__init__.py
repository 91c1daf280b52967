"""Tables of the inventory, one file per aggregate."""

from openhtm.inventory.models.device import (
    AlternateNumber,
    Device,
    MaintenanceStrategy,
    NetworkInterface,
    NumberKind,
    Ownership,
)
from openhtm.inventory.models.facts import (
    DeviceAttachment,
    DeviceMove,
    DeviceNote,
    Sighting,
    SightingSource,
    StatusChange,
)
from openhtm.inventory.models.quality import DuplicateCandidate, DuplicateDecision, InventoryFigure
from openhtm.inventory.models.settings import CustomField, DeviceRiskInput, LabelTemplate, RiskProfile, SavedView

__all__ = [
    "AlternateNumber",
    "CustomField",
    "Device",
    "DeviceAttachment",
    "DeviceMove",
    "DeviceNote",
    "DeviceRiskInput",
    "DuplicateCandidate",
    "DuplicateDecision",
    "InventoryFigure",
    "LabelTemplate",
    "MaintenanceStrategy",
    "NetworkInterface",
    "NumberKind",
    "Ownership",
    "RiskProfile",
    "SavedView",
    "Sighting",
    "SightingSource",
    "StatusChange",
]
