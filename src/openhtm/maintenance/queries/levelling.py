"""What a levelling proposal moves, month by month, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from openhtm.core.pagination import Page, keyset_page
from openhtm.maintenance.models import LevellingItem, LevellingProposal
from openhtm.maintenance.rules.calendar import add_months, first_grid_on_or_after

STANDS = {"proposed": "from", "accepted": "to", "undone": "from", "dropped": "from"}
"""Which of an item's two days the schedule has when nothing else happened to it."""


@dataclass(frozen=True, slots=True)
class MonthPair:
    """Minutes of a month before and after."""

    month: date
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Moved:
    """One schedule of a proposal: the day it is due before and after, why, and whether it stands as the proposal left it."""

    item: LevellingItem
    from_on: date
    to_on: date
    reason: str
    as_left: bool


def months_of(proposal: LevellingProposal) -> list[MonthPair]:
    """The twelve months of a proposal."""
    first_on = _first_on(proposal)
    pairs = zip(proposal.before, proposal.after, strict=True)
    return [MonthPair(add_months(first_on, k), before, after) for k, (before, after) in enumerate(pairs)]


def moves_of(proposal: LevellingProposal, *, cursor: str | None, limit: int) -> Page[Moved]:
    """A page of what the proposal moves. One statement."""
    found = proposal.items.select_related("schedule__device__device_model__manufacturer", "schedule__procedure")
    page: Page[Any] = keyset_page(found, order=("pk",), cursor=cursor, limit=limit)
    before = {one.month: one.before for one in months_of(proposal)}
    return Page([_moved(proposal, item, before) for item in page.rows], page.next_cursor, page.previous_cursor)


def _first_on(proposal: LevellingProposal) -> date:
    return date.fromisoformat(proposal.scope["from"])


def _moved(proposal: LevellingProposal, item: LevellingItem, before: dict[date, int]) -> Moved:
    schedule = item.schedule
    later_on = max(item.to_starts_on, item.from_starts_on)
    from_on = first_grid_on_or_after(item.from_anchor_on, schedule.every_n, schedule.every_unit, later_on)
    side = STANDS[proposal.status]
    stands = (getattr(item, f"{side}_anchor_on"), getattr(item, f"{side}_starts_on")) == (schedule.anchor_on, schedule.starts_on)
    return Moved(item, from_on, item.to_starts_on, _reason(from_on, item.to_starts_on, before), stands)


def _reason(from_on: date, to_on: date, before: dict[date, int]) -> str:
    many, few = (before.get(day.replace(day=1)) for day in (from_on, to_on))
    if many is None or few is None:
        return "Evens out the years that follow."
    return f"{from_on:%B} held {many // 60:,} h, {to_on:%B} {few // 60:,} h."
