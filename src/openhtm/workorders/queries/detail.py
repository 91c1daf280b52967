"""Everything one order page or answer shows."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.workorders.models import WorkAttachment, WorkComment, WorkEvent, WorkOrder

_RELATED = (
    "facility__organisation", "device__device_model__manufacturer", "device__device_type", "device__location", "location", "department", "reporter", "assigned_user",
    "assigned_team", "assigned_provider", "hold_reason", "problem", "cause", "resolution", "failure", "cancel_reason", "parent", "merged_into",
    "template", "completed_by", "closed_by",
)  # fmt: skip


def order_by_number(*, actor: Actor, number: int) -> WorkOrder:
    """Return the order with all it refers to. One statement. Raises WorkOrder.DoesNotExist outside the actor's scope."""
    return WorkOrder.objects.visible_to(actor).select_related(*_RELATED).get(number=number)


def family(order: WorkOrder) -> Q:
    """Rows (by their ``work_order``) of the order and of all orders merged into it: what was written there belongs to it."""
    return Q(work_order=order) | Q(work_order__merged_into=order)


def comments_of(order: WorkOrder, *, public_only: bool = False) -> QuerySet[WorkComment]:
    """Remarks on the order and on those merged into it, the oldest first."""
    found = WorkComment.objects.filter(family(order)).select_related("work_order")
    return found.filter(public=True) if public_only else found


def files_of(order: WorkOrder, *, public_only: bool = False) -> QuerySet[WorkAttachment]:
    """Files of the order and of those merged into it, less those taken away."""
    found = WorkAttachment.objects.filter(family(order), removed_at__isnull=True).select_related("file", "work_order")
    return found.filter(public=True) if public_only else found


def events_of(order: WorkOrder, *, public_only: bool = False) -> QuerySet[WorkEvent]:
    """What happened, newest first."""
    found = WorkEvent.objects.filter(family(order)).select_related("work_order")
    return found.filter(public=True) if public_only else found


def reporters_of(order: WorkOrder) -> QuerySet[WorkOrder]:
    """The order and those merged into it that somebody reported, the first report first: whom to call back."""
    return WorkOrder.objects.filter(Q(pk=order.pk) | Q(merged_into=order)).exclude(reporter_name="", reporter_id=None).order_by("number")


def sees_everything(actor: Actor, order: WorkOrder) -> bool:
    """True for people of the department, False for requesters and vendors, who read what is public."""
    return actor.reach().sees_facility(order.facility_id)
