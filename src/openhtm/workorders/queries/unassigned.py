"""Orders under way that nobody in person has."""

from __future__ import annotations

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.models.order import WorkOrderQuerySet
from openhtm.workorders.rules.kinds import WORKABLE


def unassigned(actor: Actor) -> WorkOrderQuerySet:
    """Workable orders that no person and no company has, where the actor may assign work. Order by ``priority``, ``number``."""
    nobody = {"assigned_user__isnull": True, "assigned_provider__isnull": True}
    found = WorkOrder.objects.visible_to(actor).under_way().filter(status__in=sorted(WORKABLE), **nobody)
    places = actor.facilities_for(Permission.ASSIGN_WORK)
    return found if places is None else found.filter(facility_id__in=places)
