"""Overrides, for whoever decides on them."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.workforce.models import StaffMember
from openhtm.workorders.models import QualificationOverride, WorkOrder

_STATES = {
    "waiting": Q(confirmed_at__isnull=True, declined_at__isnull=True),
    "confirmed": Q(confirmed_at__isnull=False),
    "declined": Q(declined_at__isnull=False),
    "": Q(),
}


def overrides_seen(*, actor: Actor, state: str) -> QuerySet[QualificationOverride]:
    """Overrides of orders the actor sees, and of decisions by staff they see; ``state`` empty: all. Order by ``-pk``."""
    seen = Q(work_order__in=WorkOrder.objects.visible_to(actor)) | Q(
        work_order__isnull=True, staff__in=StaffMember.objects.visible_to(actor)
    )
    return QualificationOverride.objects.filter(seen & _STATES[state]).select_related("work_order__facility", "staff", "device_type")
