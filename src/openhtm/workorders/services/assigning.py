"""Who does the work, and on which day it is planned: for one order or thousands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from openhtm.competence.rules.guard import Verdict
from openhtm.core.errors import Invalid
from openhtm.core.events import publish
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import ServiceProvider
from openhtm.workforce.models import Team
from openhtm.workorders.models import WorkEvent, WorkOrder
from openhtm.workorders.rules.events import OrdersAssigned
from openhtm.workorders.services.assignees import refuse_strange_assignees
from openhtm.workorders.services.qualification import guard_assignment, warning_of
from openhtm.workorders.services.shared import event, lock_orders, refuse_settled

KEEP: Any = object()
"""Stands for: leave as it is. None takes the person, team, company or day away."""


@transaction.atomic
def assign_orders(
    *, actor: Actor, numbers: Sequence[int], user_id: int | None = KEEP, team_id: int | None = KEEP, provider_id: int | None = KEEP,
    planned_on: date | None = KEEP, now: datetime | None = None,
) -> int:  # fmt: skip
    """Set what is given on all these orders, or on none, and return how many really changed. About nine statements, six more where a policy asks for a qualification.

    Taking an unassigned order oneself needs only the right to do work; all else the right to assign.
    Raises WorkOrder.DoesNotExist, NotAllowed, OrderSettled, TooManyOrders, NotQualified, Invalid.
    """
    now = now or timezone.now()
    given: dict[str, Any] = {
        "assigned_user_id": user_id,
        "assigned_team_id": team_id,
        "assigned_provider_id": provider_id,
        "planned_on": planned_on,
    }
    wanted = {key: value for key, value in given.items() if value is not KEEP}
    if not wanted:
        raise Invalid({"": ["Say who gets it, or when it is planned."]})
    orders = lock_orders(actor=actor, numbers=numbers, permission=Permission.DO_WORK)
    if not _takes_own(actor, wanted, orders):
        for facility in {order.facility for order in orders}:
            require(actor, Permission.ASSIGN_WORK, at=facility.pk, place=facility.name)
    for order in orders:
        refuse_settled(order)
    facilities = {order.facility_id for order in orders}
    refuse_strange_assignees(
        user_ids={(wanted["assigned_user_id"], place) for place in facilities} if wanted.get("assigned_user_id") else set(),
        team_ids={(wanted["assigned_team_id"], place) for place in facilities} if wanted.get("assigned_team_id") else set(),
        provider_ids={wanted["assigned_provider_id"]} if wanted.get("assigned_provider_id") else set(),
        now=now,
    )
    changing = [order for order in orders if any(getattr(order, key) != value for key, value in wanted.items())]
    ids = [order.pk for order in changing]
    warned = _guarded(changing, wanted, now)
    WorkOrder.objects.filter(pk__in=ids).update(**wanted, updated_at=now)
    WorkEvent.objects.bulk_create(_events(changing, wanted, warned, actor=actor, now=now))
    if ids and wanted.keys() - {"planned_on"}:
        publish(OrdersAssigned(tuple(ids), wanted.get("assigned_user_id"), wanted.get("assigned_team_id"), wanted.get("assigned_provider_id"), actor, now))  # fmt: skip
    return len(ids)


def _takes_own(actor: Actor, wanted: dict[str, Any], orders: Sequence[WorkOrder]) -> bool:
    """True if the actor takes work of nobody, gives back their own, or plans their own."""
    own = actor.user_id
    if own is None or not set(wanted) <= {"assigned_user_id", "planned_on"} or wanted.get("assigned_user_id", own) not in (own, None):
        return False
    return all(order.assigned_user_id in (None, own) and order.assigned_provider_id is None for order in orders)


def _guarded(orders: Sequence[WorkOrder], wanted: dict[str, Any], now: datetime) -> dict[int, Verdict]:
    """Judge the person who gets them; whoever has an order already is not judged anew. Raises NotQualified."""
    user_id = wanted.get("assigned_user_id")
    if user_id is None:
        return {}
    given = {order.pk: user_id for order in orders if order.assigned_user_id != user_id}
    return guard_assignment(orders, user_ids=given, now=now)


def _events(
    orders: Sequence[WorkOrder], wanted: dict[str, Any], warned: Mapping[int, Verdict], *, actor: Actor, now: datetime
) -> list[WorkEvent]:
    """What to write on each timeline. Up to three statements for the names."""
    after = ", ".join(filter(None, (_name(key, value) for key, value in wanted.items() if key != "planned_on"))) or "nobody"
    events = []
    for order in orders:
        if wanted.keys() - {"planned_on"}:
            events.append(event(order.pk, "assigned", actor=actor, now=now, after=after, text=warning_of(warned.get(order.pk))))
        if "planned_on" in wanted and order.planned_on != wanted["planned_on"]:
            before, day = (str(value or "") for value in (order.planned_on, wanted["planned_on"]))
            events.append(event(order.pk, "planned", actor=actor, now=now, before=before, after=day))
    return events


_MODELS: dict[str, Any] = {"assigned_user_id": User, "assigned_team_id": Team, "assigned_provider_id": ServiceProvider}


def _name(key: str, value: int | None) -> str:
    return str(_MODELS[key].objects.get(pk=value)) if value else ""
