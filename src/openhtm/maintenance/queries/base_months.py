"""Departments with their base month, and how many schedules count from it."""

from __future__ import annotations

from dataclasses import dataclass

from openhtm.identity.actor import Actor
from openhtm.maintenance.models import DepartmentMonth
from openhtm.maintenance.queries.planning import run
from openhtm.sites.models import Department
from openhtm.ui.rules.formats import MONTHS


@dataclass(frozen=True, slots=True)
class DepartmentBase:
    """A department; ``month`` is 1 to 12 or None. ``in_step``: schedules whose next visit lies in step with it."""

    department_id: int
    name: str
    month: int | None
    schedules: int
    in_step: int

    @property
    def month_name(self) -> str:
        return MONTHS[self.month - 1] if self.month else ""


_COUNTS = """
SELECT c.department_id, count(*), count(*) FILTER (
  WHERE (date_part('month', c.first_on)::int - m.month) %% least(greatest(c.step_months, 1), 12) = 0)
FROM maintenance_comingwork c JOIN maintenance_planline l ON l.id = c.line_id AND l.join_base_month
LEFT JOIN maintenance_departmentmonth m ON m.department_id = c.department_id
WHERE c.facility_id = %(facility)s AND c.department_id IS NOT NULL AND c.step_months > 0 GROUP BY 1
"""


def departments_with_months(*, actor: Actor, facility_id: int) -> list[DepartmentBase]:
    """Return the departments of a facility by name. Three statements."""
    departments = Department.objects.visible_to(actor).filter(facility_id=facility_id, active=True).order_by("name", "pk")
    months = dict(DepartmentMonth.objects.filter(department__facility_id=facility_id).values_list("department_id", "month"))
    counts = {key: (every, in_step) for key, every, in_step in run(_COUNTS, {"facility": facility_id})}
    return [DepartmentBase(one.pk, one.name, months.get(one.pk), *counts.get(one.pk, (0, 0))) for one in departments]
