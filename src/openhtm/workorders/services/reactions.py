"""What work orders do when the inventory tells of a change, in the same transaction."""

from __future__ import annotations

from typing import cast

from django.utils import timezone

from openhtm.core.events import subscribe
from openhtm.identity.actor import Actor
from openhtm.inventory.rules.events import DevicesMerged, StatusChanged
from openhtm.notices.services import Message, tell_many
from openhtm.workforce.models import TeamMember
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.rules.events import OrdersAssigned
from openhtm.workorders.services import downtime

_NAMED = 20
"""Orders named in one message."""
_MOST_URGENT = 1


def follow_merged_devices(event: DevicesMerged) -> None:
    """Orders under way of the record given up go on with the device that stands for it; settled ones stay where they were. One statement."""
    WorkOrder.objects.filter(device_id=event.given_up_id, under_way=True).update(device_id=event.kept_id, updated_at=timezone.now())


def follow_assigned(event: OrdersAssigned) -> None:
    """Tell whoever got work, alone or with their team, once for all orders of the change; nobody is told what they did themselves.

    Up to five statements for any number of orders.
    """
    actor = cast(Actor, event.actor)
    people = {event.user_id} if event.user_id else set()
    if event.team_id:
        people |= set(TeamMember.objects.filter(team_id=event.team_id, staff__user__isnull=False).values_list("staff__user_id", flat=True))
    people -= {actor.user_id}
    if not people:
        return
    orders = list(WorkOrder.objects.filter(pk__in=event.order_ids).select_related("device").order_by("priority", "number")[:_NAMED])
    urgent = bool(orders) and orders[0].priority == _MOST_URGENT
    one = len(event.order_ids) == 1
    subject = f"{orders[0]} is yours: {orders[0].title}" if one else f"{len(event.order_ids)} orders are yours"
    text = "\n".join(f"{order} {order.title}" for order in orders)
    tell_many(
        [
            Message(
                key=f"orders-assigned:{event.at.isoformat()}:{min(event.order_ids)}:{user_id}", kind="orders-assigned", subject=subject[:200],
                text=f"Assigned by {actor.name}.\n{text}", url=f"/work/{orders[0].number}" if one else "/work", user_id=user_id, urgent=urgent,
            )
            for user_id in sorted(people)
        ],
        now=event.at,
    )  # fmt: skip


def listen() -> None:
    """Subscribe to what the inventory and this room publish."""
    subscribe(StatusChanged, "workorders.downtime", downtime.follow_status)
    subscribe(DevicesMerged, "workorders", follow_merged_devices)
    subscribe(OrdersAssigned, "workorders.told", follow_assigned)
