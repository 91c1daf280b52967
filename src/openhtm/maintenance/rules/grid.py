"""The visits of a fixed schedule in order, each with the window that is its own.

The sequence depends on the cycle alone, never on what was done or on the day it is looked at. So a server that was off for a
month finds the same visits as one that looked every day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from openhtm.maintenance.rules.calendar import add_months, grid_date, grid_index_on_or_after
from openhtm.maintenance.rules.cycle import Cycle, move_out_of
from openhtm.maintenance.rules.windows import Window, window_for

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """One visit of the sequence. On ``taken_over_on`` the next window opens; None if it is the last one."""

    grid_on: date
    window: Window
    taken_over_on: date | None

    @property
    def due_on(self) -> date:
        return self.window.due_on


def slots(cycle: Cycle, *, after: date | None) -> Iterator[Slot]:
    """Yield the visits due later than ``after`` (all from the start if None), oldest first; endless without ``ends_on``.

    A window opens when the one before has closed, at the latest on its own due day, and ends before the next one opens. That
    matters only where windows are wider than the interval: no visit is taken over before it could be done.
    """
    days = _due_days(cycle, after)
    alone = ((grid_on, window_for(cycle.window, due_on)) for grid_on, due_on in days)
    if (first := next(alone, None)) is None:
        return
    (grid_on, window), opens_on = first, first[1].opens_on
    for next_grid_on, following in alone:
        next_opens_on = max(following.opens_on, min(window.on_time_until + DAY, following.due_on))
        yield from _if_later(after, Slot(grid_on, _between(window, opens_on, next_opens_on - DAY), next_opens_on))
        grid_on, window, opens_on = next_grid_on, following, next_opens_on
    yield from _if_later(after, Slot(grid_on, _between(window, opens_on, window.grace_until), None))


def _if_later(after: date | None, slot: Slot) -> Iterator[Slot]:
    if after is None or slot.due_on > after:
        yield slot


def _between(window: Window, opens_on: date, last_on: date) -> Window:
    return Window(opens_on, window.due_on, min(window.on_time_until, last_on), min(window.grace_until, last_on))


def _due_days(cycle: Cycle, after: date | None) -> Iterator[tuple[date, date]]:
    """Yield (grid date, due date), due dates rising, from the visit before ``after`` on: its window bounds the next one."""
    newest = date.min
    for k in count(_first_index(cycle, after)):
        grid_on = grid_date(cycle.anchor_on, cycle.every_n, cycle.every_unit, k)
        not_before = max(cycle.starts_on, after) if after and grid_on > after else cycle.starts_on
        due_on = move_out_of(cycle.blackout_months, grid_on, not_before=not_before)
        if cycle.ends_on and due_on > cycle.ends_on:
            return
        if due_on > newest:  # two grid dates moved to the same day are one visit
            newest = due_on
            yield grid_on, due_on


def _first_index(cycle: Cycle, after: date | None) -> int:
    def index(day: date) -> int:
        return grid_index_on_or_after(cycle.anchor_on, cycle.every_n, cycle.every_unit, day)

    first = index(cycle.starts_on)
    if after is None:
        return first
    # a forbidden run is shorter than a year, so no older grid date can move past ``after``
    return max(first, index(add_months(after, -12) if cycle.blackout_months else after) - 1)
