"""What the inventory does when the catalogue tells of a change, in the same transaction."""

from __future__ import annotations

from django.utils import timezone

from openhtm.catalog.rules.events import DeviceTypesChanged, ModelsChanged, ModelsMerged
from openhtm.core.events import subscribe
from openhtm.inventory.models import Device
from openhtm.inventory.services.derived import refresh_types
from openhtm.inventory.services.quality import refresh_duplicates


def follow_types(event: DeviceTypesChanged) -> None:
    refresh_types(type_ids=event.type_ids)


def follow_models(event: ModelsChanged) -> None:
    refresh_types(model_ids=event.model_ids)


def follow_merged_models(event: ModelsMerged) -> None:
    """Point the devices of models given up to those that stand for them. One statement for each pair and two refreshes."""
    for given_up, kept in event.pairs:
        Device.objects.filter(device_model_id=given_up).update(device_model_id=kept, updated_at=timezone.now())
    refresh_types(model_ids={kept for _, kept in event.pairs})
    refresh_duplicates()  # equal serial numbers of the two makers are of one maker now


def listen() -> None:
    """Subscribe to what the catalogue publishes."""
    subscribe(DeviceTypesChanged, "inventory", follow_types)
    subscribe(ModelsChanged, "inventory", follow_models)
    subscribe(ModelsMerged, "inventory", follow_merged_models)
