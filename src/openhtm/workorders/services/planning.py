"""Other days and other people for many orders at once, each with its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.utils import timezone

from openhtm.competence.rules.guard import Verdict
from openhtm.core.events import publish
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.workforce.models import Team
from openhtm.workorders.models import WorkEvent, WorkOrder
from openhtm.workorders.rules.events import OrdersAssigned
from openhtm.workorders.rules.kinds import Status
from openhtm.workorders.services.assignees import refuse_strange_assignees
from openhtm.workorders.services.qualification import guard_assignment, warning_of
from openhtm.workorders.services.shared import MAX_AT_ONCE, TooManyOrders, event

PLANNABLE = frozenset({Status.OPEN.value, Status.ON_HOLD.value})
"""Orders that nobody is at work on."""


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """Day, person and team of an order: those it has now as far as the caller knows, and those it gets."""

    order_id: int
    was_on: date | None
    was_user_id: int | None
    was_team_id: int | None
    planned_on: date | None
    user_id: int | None
    team_id: int | None


_WRITE = """
UPDATE workorders_workorder o SET planned_on = n.planned_on, assigned_user_id = n.user_id, assigned_team_id = n.team_id, updated_at = %s
FROM unnest(%s::bigint[], %s::date[], %s::bigint[], %s::bigint[]) AS n (id, planned_on, user_id, team_id) WHERE o.id = n.id
"""


@transaction.atomic
def plan_orders(*, actor: Actor, plans: Sequence[OrderPlan], back: bool = False, now: datetime | None = None) -> set[int]:
    """Give each order what its plan says, unless somebody changed or began it meanwhile. Returns the keys of those that were changed.

    Whoever gets an order is judged by the policy of the day, unless ``back``: then people get back what they had.
    About eight statements for any number of orders up to 5,000, seven more where a policy asks for a qualification.
    Raises NotAllowed, TooManyOrders, NotQualified, Invalid.
    """
    now, by_order = now or timezone.now(), {one.order_id: one for one in plans}
    if len(by_order) > MAX_AT_ONCE:
        raise TooManyOrders(count=f"{len(by_order):,}", limit=f"{MAX_AT_ONCE:,}")
    found = WorkOrder.objects.visible_to(actor).filter(pk__in=by_order).select_related("facility")
    orders = [one for one in found.select_for_update(of=("self",)).order_by("number") if _as_known(one, by_order[one.pk])]
    for facility in {order.facility for order in orders}:
        require(actor, Permission.ASSIGN_WORK, at=facility.pk, place=facility.name)
    chosen = [(order, by_order[order.pk]) for order in orders]
    refuse_strange_assignees(
        user_ids={(plan.user_id, order.facility_id) for order, plan in chosen if plan.user_id and plan.user_id != plan.was_user_id},
        team_ids={(plan.team_id, order.facility_id) for order, plan in chosen if plan.team_id and plan.team_id != plan.was_team_id},
        now=now,
    )
    given = {plan.order_id: plan.user_id for _, plan in chosen if plan.user_id and plan.user_id != plan.was_user_id and not back}
    warned = guard_assignment(orders, user_ids=given, now=now)
    columns = [[getattr(plan, name) for _, plan in chosen] for name in ("order_id", "planned_on", "user_id", "team_id")]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [now, *columns])
    _tell(actor, [plan for _, plan in chosen], warned, now)
    return {order.pk for order in orders}


def _as_known(order: WorkOrder, plan: OrderPlan) -> bool:
    known = (plan.was_on, plan.was_user_id, plan.was_team_id)
    return order.status in PLANNABLE and (order.planned_on, order.assigned_user_id, order.assigned_team_id) == known


def _tell(actor: Actor, plans: Sequence[OrderPlan], warned: Mapping[int, Verdict], now: datetime) -> None:
    """Write on each timeline what changed, and tell those who got work. Three statements, and those of the messages."""
    people = User.objects.in_bulk({plan.user_id for plan in plans if plan.user_id})
    teams = Team.objects.in_bulk({plan.team_id for plan in plans if plan.team_id})
    events, given = [], defaultdict(list)
    for plan in plans:
        if (plan.user_id, plan.team_id) != (plan.was_user_id, plan.was_team_id):
            after = ", ".join(str(one) for one in (people.get(plan.user_id or 0), teams.get(plan.team_id or 0)) if one) or "nobody"
            text = warning_of(warned.get(plan.order_id))
            events.append(event(plan.order_id, "assigned", actor=actor, now=now, after=after, text=text))
            given[plan.user_id, plan.team_id if plan.user_id is None else None].append(plan.order_id)
        if plan.planned_on != plan.was_on:
            events.append(
                event(plan.order_id, "planned", actor=actor, now=now, before=str(plan.was_on or ""), after=str(plan.planned_on or ""))
            )
    WorkEvent.objects.bulk_create(events)
    for (user_id, team_id), order_ids in sorted(given.items(), key=str):
        if user_id or team_id:
            publish(OrdersAssigned(tuple(order_ids), user_id, team_id, None, actor, now))
