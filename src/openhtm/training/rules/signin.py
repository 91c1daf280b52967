"""When the code of a session may be used, and how often it may be tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from openhtm.training.rules.shipped import Limits


def window(held_at: datetime, minutes: int, limits: Limits) -> tuple[datetime, datetime]:
    """Return from when to when people may sign in (half-open)."""
    opens = held_at - timedelta(minutes=limits.opens_min_before)
    return opens, held_at + timedelta(minutes=minutes + limits.closes_min_after)


def wait_min(tries: Sequence[datetime], *, now: datetime, allowed: int, limits: Limits) -> int | None:
    """Return how many minutes the next try has to wait, or None if it may go ahead. Only tries within the window count."""
    span = timedelta(minutes=limits.window_min)
    recent = sorted(at for at in tries if at > now - span)
    if len(recent) < allowed:
        return None
    return max(math.ceil((recent[-allowed] + span - now).total_seconds() / 60), 1)
