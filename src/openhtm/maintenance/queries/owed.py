"""What is owed by any number of devices, computed by the database into temporary tables; nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from openhtm.maintenance.queries import due_sql
from openhtm.maintenance.rules.calendar import local_day
from openhtm.maintenance.rules.holding import HOLDING
from openhtm.sites.models import Facility

ANALYZE_FROM = 2_000  # rows from which the planner should know how many there are


def days_at_facilities(*, now: datetime, as_of: date | None = None) -> dict[int, date]:
    """Return the calendar day at every facility: ``as_of``, or what its own clock shows. One statement."""
    zones = Facility.objects.values_list("pk", "time_zone")
    return {pk: as_of or local_day(now, ZoneInfo(name)) for pk, name in zones}


def compute(cursor: Any, device_ids: list[int] | None, *, today: Mapping[int, date]) -> None:
    """Fill the temporary tables with what is owed by these devices (None: all), without writing anything."""
    cursor.execute(due_sql.TABLES)
    cursor.execute(due_sql.FILL_TODAY, [list(today), list(today.values())])
    if device_ids is not None:
        cursor.execute("INSERT INTO due_device SELECT DISTINCT unnest(%s::bigint[])", [device_ids])
    whole = device_ids is None
    many = whole or len(device_ids or ()) > ANALYZE_FROM
    if many and not whole:
        cursor.execute("ANALYZE due_device")
    about = span_of(device_ids or ()) | {"holding": sorted(HOLDING)}
    cursor.execute(due_sql.fill_work(whole=whole), about)
    cursor.execute(due_sql.fill_holds(whole=whole), about)
    if many:
        cursor.execute(due_sql.LEARN)
    cursor.execute(due_sql.PLAN)


def span_of(device_ids: Sequence[int]) -> dict[str, int]:
    """Return the first and the final key, as the statements of ``due_sql`` and ``settle_sql`` take them."""
    return {"first": min(device_ids, default=0), "final": max(device_ids, default=0)}
