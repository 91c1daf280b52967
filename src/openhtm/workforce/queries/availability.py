"""Hours by month: what people's shifts, holidays and absences leave of their time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.workforce.models import Absence, Holiday, HolidayCalendar, ShiftPattern, StaffHours, StaffMember
from openhtm.workforce.rules.availability import WORKWEEK, Period, clipped, presence


@dataclass(frozen=True, slots=True)
class PersonMonth:
    """One person in one month. ``paid_min`` None: only bookable minutes are known of them, holidays and training taken off already."""

    staff_id: int
    name: str
    skills: tuple[str, ...]
    bookable_min: int
    paid_min: int | None
    off_min: int

    @property
    def present_min(self) -> int | None:
        return None if self.paid_min is None else self.paid_min - self.off_min


@dataclass(slots=True)
class _Line:
    staff_id: int
    name: str
    facility_id: int | None
    in_force: Period
    weekly_min: int
    paid_weekly_min: int | None
    skills: tuple[str, ...]
    weekdays: frozenset[int]
    absences: list[Period] = field(default_factory=list)


def people_by_month(*, months: Sequence[Period], facility_id: int | None) -> list[list[PersonMonth]]:
    """For each month, everybody with hours at the facility (None: at any) or everywhere. Three statements, whatever their number.

    Somebody whose hours change within a month counts with each line for its days, and so appears once per line.
    """
    if not months:
        return []
    whole = (months[0][0], months[-1][1])
    lines = _lines(whole, facility_id)
    away: dict[int, list[Period]] = defaultdict(list)
    for staff_id, first, until in (
        Absence.objects.standing()
        .filter(from_on__lt=whole[1], until_on__gt=whole[0], staff_id__in={line.staff_id for line in lines})
        .values_list("staff_id", "from_on", "until_on")
    ):
        away[staff_id].append((first, until))
    holidays = _holidays(whole)
    for line in lines:
        line.absences = away.get(line.staff_id, [])
    return [[_month(line, month, holidays) for line in lines if _overlaps(line.in_force, month)] for month in months]


def _month(line: _Line, month: Period, holidays: dict[int | None, list[date]]) -> PersonMonth:
    period = clipped(line.in_force, month)
    free = holidays.get(None, []) if line.facility_id is None else [*holidays.get(None, ()), *holidays.get(line.facility_id, ())]
    bookable = presence(period=period, weekly_min=line.weekly_min, weekdays=line.weekdays)
    if line.paid_weekly_min is None:
        return PersonMonth(line.staff_id, line.name, line.skills, bookable.rota_min, None, 0)
    paid = presence(period=period, weekly_min=line.paid_weekly_min, weekdays=line.weekdays, holidays=free, absences=line.absences)
    return PersonMonth(line.staff_id, line.name, line.skills, bookable.rota_min, paid.rota_min, paid.off_min)


def _lines(whole: Period, facility_id: int | None) -> list[_Line]:
    held = StaffHours.objects.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=whole[0]), effective_from__lt=whole[1])
    held = held.filter(Q(staff__leaves_on__isnull=True) | Q(staff__leaves_on__gt=whole[0]), staff__in=StaffMember.objects.working())
    if facility_id is not None:
        held = held.filter(Q(facility_id=facility_id) | Q(facility__isnull=True))
    columns = (
        "staff_id", "staff__full_name", "facility_id", "effective_from", "effective_to", "staff__started_on", "staff__leaves_on", "weekly_min",
        "paid_weekly_min", "skills", "shift__weekdays",
    )  # fmt: skip
    return [_line(*row) for row in held.order_by("staff__full_name", "pk").values_list(*columns)]


def _line(
    staff_id: int, name: str, facility_id: int | None, since: date, until: date | None, started: date | None, leaves: date | None,
    weekly_min: int, paid: int | None, skills: Sequence[str], weekdays: Sequence[int] | None,
) -> _Line:  # fmt: skip
    first = max(since, started or since)
    last = min(day for day in (until, leaves, date.max) if day is not None)
    days = frozenset(weekdays) if weekdays else WORKWEEK
    return _Line(staff_id, name, facility_id, (first, max(first, last)), weekly_min, paid, tuple(skills), days)


def _holidays(whole: Period) -> dict[int | None, list[date]]:
    found: dict[int | None, list[date]] = defaultdict(list)
    rows = Holiday.objects.filter(on__gte=whole[0], on__lt=whole[1], calendar__active=True).values_list("calendar__facility_id", "on")
    for facility_id, day in rows:
        found[facility_id].append(day)
    return found


def _overlaps(one: Period, other: Period) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def absences(actor: Actor, *, on_or_after: date) -> QuerySet[Absence]:
    """Absences that have not ended, of people the actor may see."""
    found = Absence.objects.visible_to(actor).standing().filter(until_on__gt=on_or_after)
    return found.select_related("staff", "staff__facility").order_by("from_on", "pk")


def shifts(actor: Actor) -> QuerySet[ShiftPattern]:
    return ShiftPattern.objects.filter(_here(actor)).select_related("facility").order_by("name", "pk")


def calendars(actor: Actor) -> QuerySet[HolidayCalendar]:
    return HolidayCalendar.objects.filter(_here(actor)).select_related("facility").order_by("name", "pk")


def _here(actor: Actor) -> Q:
    places: Iterable[int] | None = actor.facilities_for(Permission.VIEW_STAFF)
    return Q() if places is None else Q(facility_id__in=places) | Q(facility__isnull=True)
