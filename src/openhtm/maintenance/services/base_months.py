"""The base month of a department: new devices join it, and its schedules move to it by a proposal that can be looked at and undone.

A schedule moves to the newest end of a base month that is not later than one interval after it was last done: the rule by which a
new device joins its department (``rules.first_due``). Where that day has passed, the schedule stays until its next visit is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from openhtm.core.errors import Invalid
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import DepartmentMonth, LevellingItem, LevellingProposal
from openhtm.maintenance.rules.calendar import add_months, month_start
from openhtm.maintenance.rules.first_due import first_due
from openhtm.maintenance.rules.foreseen import Rhythm, spread_over_months
from openhtm.maintenance.services.settling import days_at_facilities
from openhtm.sites.models import Department
from openhtm.ui.rules.formats import MONTHS


@dataclass(frozen=True, slots=True)
class _Joined:
    """A schedule that may join: when it is due now, and the day its interval counts from."""

    schedule_id: int
    every_n: int
    every_unit: str
    anchor_on: date
    starts_on: date
    due_on: date
    counts_from: date
    minutes: int
    movable: bool

    @property
    def months(self) -> int:
        return self.every_n * (12 if self.every_unit == "year" else 1)


_JOINED = """
SELECT s.id, s.every_n, s.every_unit, s.anchor_on, s.starts_on, v.due_on,
  COALESCE((SELECT COALESCE(b.performed_on, b.due_on) FROM maintenance_visit b WHERE b.schedule_id = s.id AND b.state IN ('done', 'covered', 'excluded')
    ORDER BY b.due_on DESC LIMIT 1), d.accepted_on, d.in_service_on, d.acquired_on, d.created_at::date),
  COALESCE(l.est_min, r.est_min, 0), v.state = 'not_due' AND v.opens_on > %(today)s AND v.attempts_count = 0 AND v.work_order_id IS NULL
FROM maintenance_schedule s
JOIN maintenance_visit v ON v.schedule_id = s.id AND v.is_open
JOIN maintenance_planline l ON l.id = s.plan_line_id AND l.join_base_month
JOIN inventory_device d ON d.id = s.device_id
LEFT JOIN procedures_procedureversion r ON r.procedure_id = s.procedure_id AND r.status = 'released'
WHERE s.live AND d.department_id = %(department)s AND s.cycle = 'fixed' AND s.ends_on IS NULL AND s.blackout_months = '{}'
  AND s.every_unit IN ('month', 'year')
ORDER BY s.id
"""


@transaction.atomic
def propose_base_month(*, actor: Actor, department_id: int, month: int, now: datetime | None = None) -> LevellingProposal:
    """Work out which schedules of a department move if its base month becomes ``month`` (1 to 12). Nothing is changed yet. Six statements.

    ``levelling.accept`` carries it out. Raises Department.DoesNotExist, NotAllowed, Invalid.
    """
    now = now or timezone.now()
    department = Department.objects.visible_to(actor).select_related("facility").get(pk=department_id)
    require(actor, Permission.PLAN_MAINTENANCE, at=department.facility_id, place=department.facility.name)
    if not 1 <= month <= 12:
        raise Invalid({"month": ["A month is a number from 1 to 12."]})
    was = DepartmentMonth.objects.filter(department=department).values_list("month", flat=True).first()
    if was == month:
        raise Invalid({"month": [f"{MONTHS[month - 1]} is its base month already."]})
    today = days_at_facilities(now=now)[department.facility_id]
    first_on = add_months(month_start(today), 1)
    found = _read(department_id, today)
    moved = {one.schedule_id: days for one in found if (days := _moves(one, month, today))}
    before, after = _year(found, {}, first_on), _year(found, moved, first_on)
    proposal = LevellingProposal.objects.create(
        facility=department.facility, title=f"{department.name}: base month {MONTHS[month - 1]}"[:120], before=before, after=after,
        created_by_id=actor.user_id, created_by_name=actor.name[:120], created_at=now,
        scope={"departments": [department_id], "skill": "", "leave_high_risk": False, "from": first_on.isoformat(), "looked_at": len(found),
               "fixed": sum(not one.movable for one in found), "base_month": {"department": department_id, "month": month, "was": was}},
    )  # fmt: skip
    LevellingItem.objects.bulk_create(
        [
            LevellingItem(
                proposal=proposal, schedule_id=one.schedule_id, from_anchor_on=one.anchor_on, to_anchor_on=moved[one.schedule_id][1],
                from_starts_on=one.starts_on, to_starts_on=moved[one.schedule_id][0],
            )
            for one in found if one.schedule_id in moved
        ],
        batch_size=5_000,
    )  # fmt: skip
    return proposal


def set_month(proposal: LevellingProposal) -> None:
    """Write down the base month that a proposal is about, and keep the one that it replaced. Up to five statements; none for other proposals."""
    about: dict[str, Any] = proposal.scope.get("base_month") or {}
    if not about:
        return
    about["was"] = _locked_month(about["department"])  # another proposal may have been carried out since this one was made
    proposal.save(update_fields=["scope"])
    DepartmentMonth.objects.update_or_create(department_id=about["department"], defaults={"month": about["month"]})


def take_month_back(proposal: LevellingProposal) -> int | None:
    """Give the department the base month it had, unless somebody chose another since: that one stays and is returned. Up to two statements."""
    about: dict[str, Any] = proposal.scope.get("base_month") or {}
    if not about:
        return None
    now_is = _locked_month(about["department"])
    if now_is != about["month"]:
        return now_is
    found = DepartmentMonth.objects.filter(department_id=about["department"])
    if about["was"] is None:
        found.delete()
    else:
        found.update(month=about["was"])
    return None


def _locked_month(department_id: int) -> int | None:
    return DepartmentMonth.objects.select_for_update().filter(department_id=department_id).values_list("month", flat=True).first()


def _read(department_id: int, today: date) -> list[_Joined]:
    with connection.cursor() as cursor:
        cursor.execute(_JOINED, {"department": department_id, "today": today})
        return [_Joined(*row) for row in cursor.fetchall()]


def _moves(one: _Joined, month: int, today: date) -> tuple[date, date] | None:
    """Return the new due day and anchor, or None if the schedule stays."""
    if not one.movable:
        return None
    first = first_due(accepted_on=one.counts_from, every_n=one.every_n, every_unit=one.every_unit, department_base_month=month)
    if first.due_on <= today or first.due_on == one.due_on:
        return None
    return first.due_on, first.anchor_on


def _year(found: list[_Joined], moved: dict[int, tuple[date, date]], first_on: date) -> list[int]:
    rhythms = [Rhythm(moved.get(one.schedule_id, (one.due_on,))[0], 0, one.months, 1, one.minutes) for one in found]
    return spread_over_months(rhythms, first_on=first_on, months=12).minutes
