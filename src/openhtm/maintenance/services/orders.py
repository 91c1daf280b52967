"""Work orders for visits: one for each device and window, with the checklist of every procedure that is due together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.maintenance.rules.holding import LEAD_DAYS
from openhtm.maintenance.services.settling import lock_schedules
from openhtm.procedures.models import Procedure
from openhtm.workorders.rules.kinds import WORKABLE, Kind
from openhtm.workorders.rules.wanted import NewOrder
from openhtm.workorders.services.opening import open_many
from openhtm.workorders.services.visits import OrderDays, cancel_untouched, follow_visits

AT_ONCE = 2_000
FAR_AHEAD_DAYS = 40_000
KINDS = {"maintenance": Kind.SCHEDULED, "safety_test": Kind.SAFETY_TEST, "calibration": Kind.CALIBRATION}


@dataclass(slots=True)
class OrderCounts:
    created: int = 0
    updated: int = 0
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class DueVisit:
    """An open visit that wants an order."""

    visit_id: int
    device_id: int
    facility_id: int
    provider_id: int | None
    procedure_id: int
    procedure: str
    kind: str
    opens_on: date
    due_on: date
    on_time_until: date
    grace_until: date
    priority: int
    skill: str
    est_min: int | None
    version_id: int | None


@dataclass(slots=True)
class Group:
    """Visits of one device whose windows meet: one order."""

    visits: list[DueVisit] = field(default_factory=list)

    def takes(self, visit: DueVisit) -> bool:
        return any(visit.opens_on <= one.on_time_until and one.opens_on <= visit.on_time_until for one in self.visits)


_CARRY_OVER = """
UPDATE maintenance_visit v SET work_order_id = p.work_order_id, updated_at = %s
FROM maintenance_visit o
CROSS JOIN LATERAL (
  SELECT work_order_id, state FROM maintenance_visit p WHERE p.schedule_id = o.schedule_id AND p.due_on < o.due_on AND p.work_order_id IS NOT NULL
  ORDER BY p.due_on DESC LIMIT 1
) p
JOIN workorders_workorder w ON w.id = p.work_order_id AND w.status = ANY(%s)
WHERE v.id = o.id AND v.work_order_id IS NULL AND o.is_open AND o.work_order_id IS NULL AND o.device_id = ANY(%s) AND p.state IN ('missed', 'passed_held', 'removed')
"""
_VISITS = """
SELECT v.id, v.device_id, d.facility_id, d.service_provider_id, s.procedure_id, p.name, p.kind, v.opens_on, v.due_on, v.on_time_until, v.grace_until,
  l.priority, COALESCE(NULLIF(l.skill, ''), r.skill, ''), COALESCE(l.est_min, r.est_min), r.id
FROM maintenance_visit v
JOIN maintenance_schedule s ON s.id = v.schedule_id
JOIN maintenance_planline l ON l.id = s.plan_line_id
JOIN procedures_procedure p ON p.id = s.procedure_id
JOIN inventory_device d ON d.id = v.device_id
JOIN unnest(%s::bigint[], %s::date[]) AS t (facility_id, today) ON t.facility_id = d.facility_id
LEFT JOIN procedures_procedureversion r ON r.procedure_id = p.id AND r.status = 'released'
WHERE v.is_open AND v.state <> 'held' AND v.work_order_id IS NULL AND v.device_id = ANY(%s) AND v.opens_on <= t.today + %s
ORDER BY v.device_id, v.opens_on, v.due_on, v.id
"""
_WANTING = """
SELECT DISTINCT v.device_id FROM maintenance_visit v
WHERE v.is_open AND v.state <> 'held' AND v.work_order_id IS NULL AND v.device_id = ANY(%s) AND v.opens_on <= %s
"""
_DAYS = """
SELECT v.work_order_id, min(v.opens_on), min(v.due_on), min(v.on_time_until), min(v.grace_until)
FROM maintenance_visit v JOIN workorders_workorder o ON o.id = v.work_order_id AND o.status = ANY(%s) AND o.origin = 'visit'
WHERE v.is_open AND v.device_id = ANY(%s) GROUP BY v.work_order_id
"""
_FORSAKEN = """
SELECT DISTINCT v.work_order_id FROM maintenance_visit v JOIN workorders_workorder o ON o.id = v.work_order_id
WHERE v.device_id = ANY(%s) AND o.status = 'open' AND o.origin = 'visit'
  AND NOT EXISTS (SELECT 1 FROM maintenance_visit n WHERE n.work_order_id = v.work_order_id AND n.is_open)
"""
_SOON = """
SELECT DISTINCT device_id FROM maintenance_visit
WHERE next_change_on <= %s AND state = 'not_due' AND work_order_id IS NULL ORDER BY device_id
"""


def bring_orders_in_line(*, actor: Actor, device_ids: Sequence[int], today: Mapping[int, date], now: datetime | None = None) -> OrderCounts:
    """Open orders for visits whose window is near, let orders follow their visits, give up those whose visits are gone.

    An order under way whose visit passed serves the visit that took over. Call it in a transaction: the schedules of devices that
    want an order stay locked. About eighteen statements for any number of devices.
    """
    now, counts = now or timezone.now(), OrderCounts()
    devices = list(device_ids)
    with connection.cursor() as cursor:
        cursor.execute(_WANTING, [devices, max(today.values(), default=now.date()) + timedelta(days=LEAD_DAYS)])
        lock_schedules(row[0] for row in cursor.fetchall())
        cursor.execute(_CARRY_OVER, [now, sorted(WORKABLE), devices])
        counts.updated += cursor.rowcount
        cursor.execute(_FORSAKEN, [devices])
        forsaken = [row[0] for row in cursor.fetchall()]
        cursor.execute(_DAYS, [sorted(WORKABLE), devices])
        days = [OrderDays(order, *rest) for order, *rest in cursor.fetchall()]
        cursor.execute(_VISITS, [list(today), list(today.values()), devices, LEAD_DAYS])
        wanting = [DueVisit(*row) for row in cursor.fetchall()]
    if forsaken:
        counts.cancelled += cancel_untouched(actor=actor, order_ids=forsaken, reason="Its visit is no longer owed.", now=now)
    counts.updated += follow_visits(days=days, now=now)
    counts.created += _open(actor, wanting, now) if wanting else 0
    return counts


def open_ahead(*, actor: Actor, visit_ids: Sequence[int], device_ids: Sequence[int], today: Mapping[int, date], now: datetime) -> int:
    """Open the orders of these visits before their time has come, with what else is due on the device in the same window.

    ``device_ids`` are those of the visits, whose schedules the caller has locked (``settling.lock_schedules``). Returns orders opened;
    about fifteen statements.
    """
    asked = set(visit_ids)
    groups = [one for one in groups_ahead(device_ids=device_ids, today=today) if any(visit.visit_id in asked for visit in one.visits)]
    chosen = [visit for one in groups for visit in one.visits]
    return _open(actor, chosen, now) if chosen else 0


def groups_ahead(*, device_ids: Sequence[int], today: Mapping[int, date]) -> list[Group]:
    """Return the visits of these devices that have no order yet, as they would share one, however far ahead. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_VISITS, [list(today), list(today.values()), list(device_ids), FAR_AHEAD_DAYS])
        return grouped([DueVisit(*row) for row in cursor.fetchall()])


def devices_opening_soon(*, today: date) -> list[int]:
    """Return the devices with a visit that wants an order by now, since its window opens within the lead time."""
    with connection.cursor() as cursor:
        cursor.execute(_SOON, [today + timedelta(days=LEAD_DAYS)])
        return [row[0] for row in cursor.fetchall()]


def grouped(visits: Sequence[DueVisit]) -> list[Group]:
    """Put visits of one device whose windows meet together. ``visits`` are sorted by device."""
    groups: list[Group] = []
    for visit in visits:
        mine = [one for one in groups[-8:] if one.visits[0].device_id == visit.device_id and one.takes(visit)]
        if mine:
            mine[0].visits.append(visit)
        else:
            groups.append(Group([visit]))
    return groups


def _open(actor: Actor, wanting: Sequence[DueVisit], now: datetime) -> int:
    covers = _covers({visit.procedure_id for visit in wanting})
    groups = grouped(wanting)
    for position in range(0, len(groups), AT_ONCE):
        part = groups[position : position + AT_ONCE]
        orders = open_many(actor=actor, wanted=[_order(group, covers) for group in part], now=now)
        visit_ids = [visit.visit_id for group in part for visit in group.visits]
        order_ids = [order.pk for group, order in zip(part, orders, strict=True) for _ in group.visits]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE maintenance_visit v SET work_order_id = n.order_id, updated_at = %s "
                "FROM unnest(%s::bigint[], %s::bigint[]) AS n (visit_id, order_id) WHERE v.id = n.visit_id",
                [now, visit_ids, order_ids],
            )
    return len(groups)


def _covers(procedure_ids: set[int]) -> dict[int, set[int]]:
    """Return which of these procedures each one covers."""
    found: dict[int, set[int]] = {}
    for larger, lesser in Procedure.covers.through.objects.filter(from_procedure__in=procedure_ids).values_list(
        "from_procedure_id", "to_procedure_id"
    ):
        found.setdefault(larger, set()).add(lesser)
    return found


def _order(group: Group, covers: Mapping[int, set[int]]) -> NewOrder:
    """One order; a lesser procedure that a larger one of the group covers is not carried out a second time."""
    done_with = {lesser for visit in group.visits for lesser in covers.get(visit.procedure_id, ())}
    carried = [visit for visit in group.visits if visit.procedure_id not in done_with] or group.visits
    kinds = {KINDS.get(visit.kind, Kind.SCHEDULED) for visit in carried}
    first, on_time = group.visits[0], min(visit.on_time_until for visit in group.visits)
    return NewOrder(
        title=", ".join(dict.fromkeys(visit.procedure for visit in carried))[:200],
        facility_id=first.facility_id,
        kind=kinds.pop() if len(kinds) == 1 else Kind.SCHEDULED,
        device_id=first.device_id,
        origin="visit",
        priority=min(visit.priority for visit in group.visits),
        version_ids=tuple(visit.version_id for visit in carried if visit.version_id),
        opens_on=min(visit.opens_on for visit in group.visits),
        due_on=min(visit.due_on for visit in group.visits),
        on_time_until=on_time,
        grace_until=min(visit.grace_until for visit in group.visits),
        assigned_provider_id=first.provider_id,
        skill=next((visit.skill for visit in carried if visit.skill), ""),
        est_min=sum(visit.est_min or 0 for visit in carried) or None,
    )
