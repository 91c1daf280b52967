"""How often something may be done without log-in before the next try has to wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
PER_ADDRESS = 60
"""High, because a whole hospital may stand behind one address."""
PER_TARGET = 6
"""Reports about one device or place, whoever sends them."""


def wait_for(*, now: datetime, same_address: Sequence[datetime], same_target: Sequence[datetime]) -> timedelta | None:
    """Return how long the next try has to wait, or None if it may go ahead. Only tries within WINDOW before ``now`` count."""
    longest = max(_wait(same_address, now=now, allowed=PER_ADDRESS), _wait(same_target, now=now, allowed=PER_TARGET))
    return longest if longest > timedelta(0) else None


def _wait(tries: Sequence[datetime], *, now: datetime, allowed: int) -> timedelta:
    recent = sorted(at for at in tries if at > now - WINDOW)
    return recent[-allowed] + WINDOW - now if len(recent) >= allowed else timedelta(0)
