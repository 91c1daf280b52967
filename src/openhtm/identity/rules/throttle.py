"""How often a log-in may fail before the next try has to wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
FAILURES_PER_NAME_AND_ADDRESS = 5
FAILURES_PER_ADDRESS = 30


def wait_for(*, now: datetime, same_name: Sequence[datetime], same_address: Sequence[datetime]) -> timedelta | None:
    """Return how long a try has to wait, or None if it may go ahead.

    ``same_name`` are the instants of failures of this name from this address, ``same_address`` of any name from it.
    Only failures within WINDOW before ``now`` count.
    """
    waits = (
        _wait(same_name, now=now, allowed=FAILURES_PER_NAME_AND_ADDRESS),
        _wait(same_address, now=now, allowed=FAILURES_PER_ADDRESS),
    )
    longest = max(waits)
    return longest if longest > timedelta(0) else None


def _wait(failures: Sequence[datetime], *, now: datetime, allowed: int) -> timedelta:
    recent = sorted(at for at in failures if at > now - WINDOW)
    return recent[-allowed] + WINDOW - now if len(recent) >= allowed else timedelta(0)
