"""When people are away, a project to come and a retirement to think through."""

from __future__ import annotations

import datetime as dt

from openhtm.demo.parts.demo import Demo
from openhtm.staffing.models import Scenario, ScenarioChange, StaffingProject
from openhtm.workforce.models import Absence, AbsenceKind, Holiday, HolidayCalendar, ShiftPattern, StaffHours

HOLIDAYS = ((1, 1, "New Year's Day"), (7, 4, "Independence Day"), (11, 11, "Veterans Day"), (12, 25, "Christmas Day"))


def build(demo: Demo) -> None:
    """Add shifts, holidays, leave, a project and a scenario. About nine statements."""
    early = ShiftPattern.objects.create(
        name="Weekdays, early", weekdays=[1, 2, 3, 4, 5], starts_at=dt.time(7), ends_at=dt.time(15, 30), break_min=30
    )
    ShiftPattern.objects.create(name="Weekend on call", weekdays=[6, 7], starts_at=dt.time(8), ends_at=dt.time(20), break_min=60)
    StaffHours.objects.filter(effective_to__isnull=True).update(shift=early)
    calendar = HolidayCalendar.objects.create(name="Federal holidays (synthetic selection)")
    years = range(demo.as_of.year, demo.as_of.year + 3)
    Holiday.objects.bulk_create(
        [Holiday(calendar=calendar, on=dt.date(year, month, day), name=name) for year in years for month, day, name in HOLIDAYS]
    )
    Absence.objects.bulk_create([_leave(demo, staff_id, number) for number, staff_id in enumerate(sorted(demo.staff.values()))])
    first = (demo.as_of.replace(day=1) + dt.timedelta(days=95)).replace(day=1)
    StaffingProject.objects.create(
        name="Replace infusion pumps", facility_id=demo.facilities[0].pk, skill="biomedical", hours=320, from_on=first,
        until_on=(first + dt.timedelta(days=100)).replace(day=1), note="Unpack, accept, label and hand over; retire the old ones.",
    )  # fmt: skip
    scenario = Scenario.objects.create(name="One biomedical technician more from spring", made_by_id=demo.users["manager"][0])
    ScenarioChange.objects.create(scenario=scenario, kind="hire", from_on=first, amount=40, skill="biomedical")
    ScenarioChange.objects.create(scenario=scenario, kind="fleet", from_on=first, amount=5)
    demo.counts |= {"absences": len(demo.staff)}


def _leave(demo: Demo, staff_id: int, number: int) -> Absence:
    """A week or two of leave in the year to come, spread over its months."""
    chance = demo.chance("leave", number)
    first = demo.as_of + dt.timedelta(days=7 * chance.randrange(3, 44))
    first -= dt.timedelta(days=first.weekday())
    return Absence(
        staff_id=staff_id, kind=AbsenceKind.LEAVE, from_on=first, until_on=first + dt.timedelta(days=7 * (1 + chance.randrange(2))),
        recorded_at=demo.now,
    )  # fmt: skip
