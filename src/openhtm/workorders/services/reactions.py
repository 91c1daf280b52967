"""What work orders do when the inventory tells of a change, in the same transaction."""

from __future__ import annotations

from django.utils import timezone

from openhtm.core.events import subscribe
from openhtm.inventory.rules.events import DevicesMerged, StatusChanged
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.services import downtime


def follow_merged_devices(event: DevicesMerged) -> None:
    """Orders under way of the record given up go on with the device that stands for it; settled ones stay where they were. One statement."""
    WorkOrder.objects.filter(device_id=event.given_up_id, under_way=True).update(device_id=event.kept_id, updated_at=timezone.now())


def listen() -> None:
    """Subscribe to what the inventory publishes."""
    subscribe(StatusChanged, "workorders.downtime", downtime.follow_status)
    subscribe(DevicesMerged, "workorders", follow_merged_devices)
