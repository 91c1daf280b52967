"""Times in which a device could not be used, added up without counting an hour twice.

Uptime is 1 - unplanned downtime / scheduled time (DOMAIN 10.1). Times are aware datetimes, periods half-open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Down:
    """From when to when (None: still) a device was down. ``planned``: agreed beforehand, not held against its uptime."""

    since: datetime
    until: datetime | None
    planned: bool = False


def merged(times: Iterable[Down], *, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return the parts of ``[start, end)`` covered by any of ``times``, in order, apart from each other."""
    cut = sorted((max(t.since, start), end if t.until is None else min(t.until, end)) for t in times)
    found: list[tuple[datetime, datetime]] = []
    for since, until in cut:
        if until <= since:
            continue
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found


def down_time(times: Iterable[Down], *, start: datetime, end: datetime) -> timedelta:
    """How long the device was down within ``[start, end)``."""
    return sum((until - since for since, until in merged(times, start=start, end=end)), timedelta(0))


def unplanned_time(times: Sequence[Down], *, start: datetime, end: datetime) -> timedelta:
    """Down and not planned: where a planned and an unplanned time overlap, it counts as planned."""
    planned = down_time([t for t in times if t.planned], start=start, end=end)
    return down_time(times, start=start, end=end) - planned


def uptime(times: Sequence[Down], *, start: datetime, end: datetime) -> float | None:
    """Share of ``[start, end)`` in which the device could be used, planned downtime left out of account; None for no time."""
    scheduled = (end - start) - down_time([t for t in times if t.planned], start=start, end=end)
    if end <= start or scheduled <= timedelta(0):
        return None
    return 1 - unplanned_time(times, start=start, end=end) / scheduled


def overlaps(one: Down, other: Down) -> bool:
    """Whether two times share an instant."""
    return (other.until is None or one.since < other.until) and (one.until is None or other.since < one.until)
