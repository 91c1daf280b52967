"""The work on one device."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from openhtm.identity.actor import Actor
from openhtm.workorders.models import Downtime, WorkOrder
from openhtm.workorders.queries.closing import open_corrective
from openhtm.workorders.rules.downtime import Down


def orders_of_device(*, actor: Actor, device_id: int) -> QuerySet[WorkOrder]:
    """Orders of a device that the actor may see, newest first."""
    return (
        WorkOrder.objects.visible_to(actor).filter(device_id=device_id).select_related("assigned_user", "assigned_team").order_by("-number")
    )


def repairs_under_way(*, actor: Actor, device_id: int) -> QuerySet[WorkOrder]:
    """Open corrective orders and incidents of a device, the most urgent first."""
    return WorkOrder.objects.visible_to(actor).filter(open_corrective(device_id)).order_by("priority", "number")


def release_blockers(device_id: int) -> QuerySet[WorkOrder]:
    """Orders under way that let the device go back into service only after a passed return-to-service test."""
    return WorkOrder.objects.filter(device_id=device_id, under_way=True, return_test_required=True).order_by("number")


def downtimes(*, device_id: int, start: datetime, end: datetime) -> list[Down]:
    """Times a device was down that touch ``[start, end)``, for ``rules.downtime``. One statement."""
    touching = Downtime.objects.filter(device_id=device_id, started_at__lt=end).exclude(ended_at__lte=start)
    return [Down(since, until, planned) for since, until, planned in touching.values_list("started_at", "ended_at", "planned")]
