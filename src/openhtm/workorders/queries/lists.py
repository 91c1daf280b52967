"""The list of work and the board: pages of finished cards, counts that stay cheap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from openhtm.core.pagination import Page, keyset_page
from openhtm.identity.actor import Actor
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.models.order import WorkOrderQuerySet
from openhtm.workorders.queries.cards import FIELDS, SHORT_STATUS, Card, cards_of
from openhtm.workorders.queries.order_filters import late_condition, mine_condition
from openhtm.workorders.rules.kinds import STATUS_TONES, WORKABLE, Status

COUNT_TO = 999
BOARD_COLUMNS = (Status.REQUESTED, Status.OPEN, Status.IN_PROGRESS, Status.ON_HOLD, Status.COMPLETED)
BOARD_CARDS = 30


def list_page(orders: WorkOrderQuerySet, *, cursor: str | None, limit: int, now: datetime) -> Page[Card]:
    """Return one page of cards, newest number first. One statement. Raises BadCursor."""
    page = keyset_page(orders.values(*FIELDS), order=("-number",), cursor=cursor, limit=limit)
    return Page([Card(row, now) for row in page.rows], page.next_cursor, page.previous_cursor)


def capped(orders: WorkOrderQuerySet) -> int | str:
    """Count up to COUNT_TO, then "999+". One statement that reads no more than that."""
    found = orders.order_by()[: COUNT_TO + 1].count()
    return found if found <= COUNT_TO else f"{COUNT_TO}+"


TABS: tuple[tuple[str, str], ...] = (
    ("Mine", "status=to_do&assignee=me"),
    ("Requested", "status=requested"),
    ("Nobody has it", "status=to_do&assignee=nobody"),
    ("Late", "late=true"),
    ("On hold", "status=on_hold"),
    ("To review", "status=completed"),
    ("Under way", "status=under_way"),
    ("All", ""),
)
"""The saved tabs of the list, by their query; all but the last two are counted."""


def tab_counts(*, actor: Actor, today: date) -> dict[str, int | str]:
    """Return the count of each tab by its name. Six statements on the index of open work."""
    visible = WorkOrder.objects.visible_to(actor).under_way()
    nobody = Q(assigned_user__isnull=True, assigned_team__isnull=True, assigned_provider__isnull=True)
    workable = Q(status__in=sorted(WORKABLE))
    conditions = {
        "Mine": workable & mine_condition(actor),
        "Requested": Q(status=Status.REQUESTED),
        "Nobody has it": workable & nobody,
        "Late": late_condition(today),
        "On hold": Q(status=Status.ON_HOLD),
        "To review": Q(status=Status.COMPLETED),
    }
    return {name: capped(visible.filter(condition)) for name, condition in conditions.items()}


@dataclass(frozen=True)
class BoardColumn:
    """One status of the board with its first cards and how many there are."""

    status: Status
    label: str
    tone: str
    count: int | str
    cards: list[Card]

    @property
    def more(self) -> bool:
        return isinstance(self.count, str) or self.count > len(self.cards)


def board(orders: WorkOrderQuerySet, *, now: datetime) -> list[BoardColumn]:
    """Return the columns, most urgent priority first, oldest first in each. At most three statements for each column."""
    return [_column(orders.filter(under_way=True, status=status), status, now) for status in BOARD_COLUMNS]


def _column(orders: WorkOrderQuerySet, status: Status, now: datetime) -> BoardColumn:
    cards = cards_of(orders.order_by("priority", "number")[: BOARD_CARDS + 1], now=now)
    count = capped(orders) if len(cards) > BOARD_CARDS else len(cards)
    return BoardColumn(status, SHORT_STATUS[status], STATUS_TONES[status], count, cards[:BOARD_CARDS])
