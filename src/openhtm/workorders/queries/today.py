"""One person's day: their orders by place, what their teams share, what runs and what is done. At most seven statements, whatever there is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import F

from openhtm.identity.actor import Actor
from openhtm.sites.models import Facility
from openhtm.workforce.models import TeamMember
from openhtm.workorders.models import LabourEntry, WorkOrder
from openhtm.workorders.models.order import WorkOrderQuerySet
from openhtm.workorders.queries.cards import Card, cards_of
from openhtm.workorders.queries.order_filters import mine_condition
from openhtm.workorders.rules.kinds import WORKABLE

MAX_MINE, MAX_QUEUE = 200, 30


@dataclass(frozen=True)
class Place:
    """What waits at one place, most urgent first."""

    name: str
    cards: list[Card]

    @property
    def minutes(self) -> int:
        return sum(card.row["est_min"] or 0 for card in self.cards)


@dataclass(frozen=True)
class Day:
    """Everything on the page. ``more`` and ``more_queued`` say that there is more than is shown."""

    mine: list[Card]
    more: bool
    queue: list[Card]
    more_queued: bool
    timer: LabourEntry | None
    done: int

    @property
    def to_do(self) -> list[Card]:
        return [card for card in self.mine if not card.waits]

    @property
    def waiting(self) -> list[Card]:
        return [card for card in self.mine if card.waits]

    @property
    def places(self) -> list[Place]:
        return by_place(self.to_do)

    @property
    def minutes(self) -> int:
        return sum(card.row["est_min"] or 0 for card in self.to_do)

    @property
    def visits(self) -> int:
        return sum(card.is_maintenance for card in self.to_do)

    @property
    def others(self) -> int:
        return len(self.to_do) - self.visits


def my_day(*, actor: Actor, now: datetime) -> Day:
    """Return the day of ``actor``: at most MAX_MINE orders, the most urgent first. At most seven statements."""
    workable = WorkOrder.objects.visible_to(actor).under_way().filter(status__in=WORKABLE)
    mine = _cards(workable.filter(mine_condition(actor)), limit=MAX_MINE, now=now)
    teams = TeamMember.objects.filter(staff__user_id=actor.user_id or 0).values("team_id")
    unclaimed = workable.filter(assigned_team__in=teams, assigned_user__isnull=True, assigned_provider__isnull=True)
    queue = _cards(unclaimed, limit=MAX_QUEUE, now=now)
    timers = LabourEntry.objects.filter(user_id=actor.user_id or 0, ended_at__isnull=True, removed_at__isnull=True)
    return Day(
        mine=_by_urgency(mine[:MAX_MINE]),
        more=len(mine) > MAX_MINE,
        queue=_by_urgency(queue[:MAX_QUEUE]),
        more_queued=len(queue) > MAX_QUEUE,
        timer=timers.select_related("work_order__device", "category").first(),
        done=_done_today(actor, now),
    )


def by_place(cards: Iterable[Card]) -> list[Place]:
    """Group by the place to walk to. The place of the most urgent card comes first; places unknown come last."""
    ordered = sorted(cards, key=lambda card: card.unit)
    places = [Place(unit, _by_urgency(found)) for unit, found in groupby(ordered, key=lambda card: card.unit)]
    return sorted(places, key=lambda place: (place.name == "", place.cards[0].standing.rank, place.name))


def _cards(orders: WorkOrderQuerySet, *, limit: int, now: datetime) -> list[Card]:
    soonest = (F("on_time_until").asc(nulls_last=True), "priority", "number")
    return cards_of(orders.order_by(*soonest)[: limit + 1], now=now)


def _by_urgency(cards: Iterable[Card]) -> list[Card]:
    return sorted(cards, key=lambda card: (card.standing.rank, card.row["priority"], card.row["grace_until"] or card.today, card.number))


def _done_today(actor: Actor, now: datetime) -> int:
    """Orders this person completed since midnight, of the facility they work at first. Two statements."""
    zone = Facility.objects.visible_to(actor).order_by("pk").values_list("time_zone", flat=True).first()
    local = now.astimezone(ZoneInfo(zone or "UTC"))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return WorkOrder.objects.filter(completed_by_id=actor.user_id, completed_at__gte=midnight).count()
