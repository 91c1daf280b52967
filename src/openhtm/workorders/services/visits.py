"""Orders that stand for visits: their days follow the visits, and those that nobody touched are given up with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import Q

from openhtm.core.events import publish
from openhtm.identity.actor import Actor
from openhtm.workorders.models import WorkEvent, WorkOrder
from openhtm.workorders.rules.events import OrdersGivenUp
from openhtm.workorders.rules.kinds import WORKABLE, Status
from openhtm.workorders.services.shared import event


@dataclass(frozen=True, slots=True)
class OrderDays:
    """The days an order takes over from its visits."""

    order_id: int
    opens_on: date
    due_on: date
    on_time_until: date
    grace_until: date


_FOLLOW = """
UPDATE workorders_workorder o SET opens_on = n.opens_on, due_on = n.due_on, on_time_until = n.on_time_until, grace_until = n.grace_until,
  updated_at = %s
FROM unnest(%s::bigint[], %s::date[], %s::date[], %s::date[], %s::date[]) AS n (id, opens_on, due_on, on_time_until, grace_until)
WHERE o.id = n.id AND o.status = ANY(%s)
  AND (o.opens_on, o.due_on, o.on_time_until, o.grace_until) IS DISTINCT FROM (n.opens_on, n.due_on, n.on_time_until, n.grace_until)
"""


def follow_visits(*, days: Sequence[OrderDays], now: datetime) -> int:
    """Give orders that are still to be worked on the days of their visits. Returns orders changed. One statement."""
    if not days:
        return 0
    columns = [[getattr(one, name) for one in days] for name in ("order_id", "opens_on", "due_on", "on_time_until", "grace_until")]
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [now, *columns, sorted(WORKABLE)])
        return int(cursor.rowcount)


def cancel_untouched(*, actor: Actor, order_ids: Sequence[int], reason: str, now: datetime) -> int:
    """Cancel those of the orders that are open and that nobody has begun, assigned, planned or written on. Returns how many.

    Three statements for any number, and what listeners of ``OrdersGivenUp`` add.
    """
    untouched = Q(status=Status.OPEN.value, started_at=None, planned_on=None, assigned_user_id=None, responded_at=None, labour_min=0)
    written = Q(comments__isnull=False) | Q(results__isnull=False) | Q(attachments__isnull=False) | Q(labour__isnull=False)
    touched = WorkOrder.objects.filter(written, pk__in=order_ids).values("pk")
    orders = list(
        WorkOrder.objects.filter(untouched, pk__in=order_ids).exclude(pk__in=touched).select_for_update(of=("self",)).order_by("pk")
    )
    if not orders:
        return 0
    WorkOrder.objects.filter(pk__in=[one.pk for one in orders]).update(status=Status.CANCELLED.value, updated_at=now)
    cancelled = Status.CANCELLED.value
    WorkEvent.objects.bulk_create(
        [event(one.pk, "status", actor=actor, now=now, before=one.status, after=cancelled, text=reason, public=True) for one in orders]
    )
    publish(OrdersGivenUp(order_ids=tuple(one.pk for one in orders), reason=reason, actor=actor, at=now))
    return len(orders)
