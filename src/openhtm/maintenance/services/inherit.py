"""Schedules of devices from the lines of the programme. What a person decides stands in the lines; here it is carried out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from openhtm.core.errors import DomainError
from openhtm.identity.actor import Actor
from openhtm.inventory.rules.status import IN_INVENTORY
from openhtm.maintenance.models import WindowProfile
from openhtm.maintenance.queries import due_sql
from openhtm.maintenance.queries.owed import ANALYZE_FROM, days_at_facilities
from openhtm.maintenance.rules.calendar import first_grid_on_or_after
from openhtm.maintenance.rules.first_due import first_due
from openhtm.maintenance.services import inherit_sql, settle_sql
from openhtm.maintenance.services.settling import settle


class NoWindows(DomainError):
    """There is no default window profile to plan by."""

    code = "maintenance-no-windows"
    message = "There is no default window profile. Load the shipped ones (openhtm load maintenance-policies) or choose one as default."


@dataclass(frozen=True, slots=True)
class Inherited:
    """Schedules that were added, revived, changed, and ended."""

    created: int = 0
    revived: int = 0
    changed: int = 0
    ended: int = 0

    @property
    def any(self) -> bool:
        return bool(self.created or self.revived or self.changed or self.ended)


@transaction.atomic
def refresh_schedules(
    *, actor: Actor, device_ids: Iterable[int] | None = None, reason: str = "", now: datetime | None = None, as_of: date | None = None
) -> Inherited:
    """Bring the schedules of these devices (None: all) in line with the programme. About twenty statements for any number.

    Visits are brought in line by ``reconcile`` or ``settling.settle``. Visits that passed under an interval about to be changed
    are written down first, so that no change of interval rewrites the past. Raises NoWindows.
    """
    now = now or timezone.now()
    wanted = None if device_ids is None else sorted(set(device_ids))
    if not WindowProfile.objects.filter(is_default=True).exists():
        raise NoWindows()
    today = days_at_facilities(now=now, as_of=as_of)
    about = {"now": now, "user": actor.user_id, "name": actor.name[:120], "reason": reason[:400]}
    with connection.cursor() as cursor:
        cursor.execute(settle_sql.LOCK_ALL if wanted is None else settle_sql.LOCK_SHARED, [settle_sql.LOCK_KEY])
        cursor.execute("SET LOCAL jit = off")  # compiling takes longer than these statements
        if wanted is None or len(wanted) > ANALYZE_FROM:
            cursor.execute("SET LOCAL work_mem = '64MB'")
        _gather(cursor, wanted, today)
        if _count(cursor, inherit_sql.CHANGING, None):
            settle(device_ids=_changing_devices(cursor), now=now, today=today)
            _gather(cursor, wanted, today)
        _answer_first_days(cursor)
        only = "" if wanted is None else "JOIN due_device c ON c.device_id = s.device_id"
        ended = _count(cursor, inherit_sql.END.replace("{only}", only), about)
        revived = _count(cursor, inherit_sql.REVIVE, about)
        changed = _count(cursor, inherit_sql.CHANGE, about)
        created = _count(cursor, inherit_sql.ADD, about)
    return Inherited(created, revived, changed, ended)


def _gather(cursor: Any, wanted: list[int] | None, today: dict[int, date]) -> None:
    cursor.execute(due_sql.TABLES)
    cursor.execute(inherit_sql.TABLES)
    cursor.execute(due_sql.FILL_TODAY, [list(today), list(today.values())])
    if wanted is not None:
        cursor.execute("INSERT INTO due_device SELECT unnest(%s::bigint[])", [wanted])
        if len(wanted) > ANALYZE_FROM:
            cursor.execute("ANALYZE due_device")
    cursor.execute(inherit_sql.fill_wanted(whole=wanted is None), [sorted(IN_INVENTORY)])
    if wanted is None or len(wanted) > ANALYZE_FROM:
        cursor.execute("ANALYZE plan_wanted")


def _changing_devices(cursor: Any) -> list[int]:
    cursor.execute(inherit_sql.CHANGING.replace("count(*)", "DISTINCT s.device_id"))
    return [row[0] for row in cursor.fetchall()]


def _answer_first_days(cursor: Any) -> None:
    """Ask ``rules.first_due`` once for every combination of acceptance, interval, base month and anchor."""
    cursor.execute(inherit_sql.COMBINATIONS)
    answers = [(*row, *_first(*row)) for row in cursor.fetchall()]
    with cursor.copy("COPY plan_first FROM STDIN") as copy:
        for answer in answers:
            copy.write_row(answer)
    cursor.execute("ANALYZE plan_first")


def _first(
    accepted_on: date, every_n: int, every_unit: str, base_month: int | None, group_anchor_on: date | None, floor_on: date
) -> tuple[date, date, str]:
    """Return anchor, first day owed, and the rule it follows; days before the line took effect are not owed."""
    first = first_due(
        accepted_on=accepted_on, every_n=every_n, every_unit=every_unit, department_base_month=base_month, group_anchor_on=group_anchor_on
    )
    starts_on = first.due_on
    if starts_on < floor_on:
        starts_on = first_grid_on_or_after(first.anchor_on, every_n, every_unit, floor_on)
    return first.anchor_on, starts_on, str(first.joined)


def _count(cursor: Any, sql: str, about: dict[str, Any] | None) -> int:
    cursor.execute(sql, about)
    return int(cursor.fetchone()[0])
