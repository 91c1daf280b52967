"""What waits for review."""

from __future__ import annotations

from django.db.models import QuerySet

from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.rules.kinds import Status


def queue(actor: Actor) -> QuerySet[WorkOrder]:
    """Completed orders of the facilities where the actor reviews. Served by the index of the board. Raises NotAllowed."""
    require(actor, Permission.REVIEW_WORK)
    found = WorkOrder.objects.visible_to(actor).filter(status=Status.COMPLETED, under_way=True)
    allowed = actor.facilities_for(Permission.REVIEW_WORK)
    if allowed is not None:
        found = found.filter(facility__in=allowed)
    return found.select_related("device__device_model__manufacturer", "facility", "completed_by", "location")
