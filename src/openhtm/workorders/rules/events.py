"""What work orders tell whoever listens (``core.events``): published in the transaction of the change itself.

A handler that raises undoes the change: how a higher room says no.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OrderOpened:
    """These orders were opened together. ``actor`` is whoever did it (``identity.actor.Actor``)."""

    order_ids: tuple[int, ...]
    actor: object
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """An order became ``after``. ``outcome`` is the attempt outcome code given at completing; empty otherwise."""

    order_id: int
    before: str
    after: str
    outcome: str
    actor: object
    at: datetime


@dataclass(frozen=True, slots=True)
class OrdersGivenUp:
    """These open orders, which nobody had touched, were cancelled together, since what they stood for is not wanted any more."""

    order_ids: tuple[int, ...]
    reason: str
    actor: object
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderReopened:
    """A completed, closed or cancelled order is under way again: what counted as done does not. Follows its OrderMoved."""

    order_id: int
    before: str
    reason: str
    actor: object
    at: datetime


@dataclass(frozen=True, slots=True)
class OrdersAssigned:
    """These orders got the person, team or company named (None: not named by this change)."""

    order_ids: tuple[int, ...]
    user_id: int | None
    team_id: int | None
    provider_id: int | None
    actor: object
    at: datetime


@dataclass(frozen=True, slots=True)
class CommentAdded:
    """Somebody wrote on an order. ``public``: whoever reported it reads it too."""

    order_id: int
    comment_id: int
    public: bool
    actor: object
    at: datetime


@dataclass(frozen=True, slots=True)
class ResultsStored:
    """Results of these checklists arrived; ``settled_order_ids`` are those of their orders that were completed or closed before."""

    checklist_ids: tuple[int, ...]
    settled_order_ids: tuple[int, ...]
    actor: object
    at: datetime
