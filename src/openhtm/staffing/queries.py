"""Facts of the forecast: scheduled work, past repairs, projects, people; put together by the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.queries.planning import Scope, workload_by
from openhtm.maintenance.rules.calendar import add_months, month_start
from openhtm.sites.models import Facility
from openhtm.staffing.models import AssumptionOverride, Scenario, StaffingProject
from openhtm.staffing.rules import scenario as whatif
from openhtm.staffing.rules.assumptions import Assumed, Assumption, shipped
from openhtm.staffing.rules.forecast import Forecast, Person, Project, Repairs, forecast
from openhtm.workforce.models import Skill
from openhtm.workforce.queries.availability import people_by_month
from openhtm.workforce.rules.availability import Period, month_of
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.rules.kinds import Kind

LONGEST = 24
"""Months that can be looked ahead."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a forecast is about. ``facility_id`` None: all facilities in reach."""

    facility_id: int | None
    first_on: date
    months: int = 12

    @property
    def periods(self) -> list[Period]:
        first = month_start(self.first_on)
        return [month_of(add_months(first, k)) for k in range(min(max(self.months, 1), LONGEST))]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a forecast is computed from, so that scenarios need not read it again."""

    periods: list[Period]
    scheduled: dict[tuple[date, str], float]
    owed_min: int
    repairs: list[Repairs]
    projects: list[Project]
    people: list[list[Person]]
    names: dict[int, str]
    assumed: Assumed


def facts_of(*, actor: Actor, asked: Asked, today: date) -> Facts:
    """Read the facts. About a dozen statements, whatever the number of devices and people."""
    periods = asked.periods
    assumed = assumed_on(facility_id=asked.facility_id, on=today)
    _, parts = workload_by(
        actor=actor, scope=Scope(facility_id=asked.facility_id), by="skill", first_on=asked.first_on, months=len(periods), today=today
    )
    scheduled: dict[tuple[date, str], float] = defaultdict(float)
    for part in parts:
        for load in part.load.months:
            if load.minutes:
                scheduled[load.month, str(part.key or "")] += load.minutes
    found = people_by_month(months=periods, facility_id=asked.facility_id)
    people = [[Person(one.staff_id, one.skills, one.bookable_min, one.paid_min, one.off_min) for one in month] for month in found]
    return Facts(
        periods=periods,
        scheduled=dict(scheduled),
        owed_min=sum(part.load.owed_min for part in parts),
        repairs=repairs_of(actor=actor, facility_id=asked.facility_id, today=today, months=round(assumed.corrective_months)),
        projects=[
            Project(one.skill, one.hours * 60, one.from_on, one.until_on)
            for one in projects(actor, facility_id=asked.facility_id, of=periods)
        ],
        people=people,
        names={one.staff_id: one.name for month in found for one in month},
        assumed=assumed,
    )


def forecast_of(facts: Facts, changes: Sequence[whatif.Change] = ()) -> Forecast:
    """Compute the forecast, after ``changes``. No statement."""
    scheduled = {
        (first, skill): minutes * whatif.scheduled_factor(changes, month=month_of(first), skill=skill)
        for (first, skill), minutes in facts.scheduled.items()
    }
    repairs = [
        [whatif.scaled(one, whatif.repairs_factor(changes, month=month, skill=one.skill)) for one in facts.repairs]
        for month in facts.periods
    ]
    people = whatif.with_people(facts.periods, facts.people, changes)
    return forecast(
        months=facts.periods, scheduled=scheduled, repairs=repairs, projects=facts.projects, people=people, assumed=facts.assumed
    )


def changes_of(scenario: Scenario) -> list[whatif.Change]:
    return [
        whatif.Change(whatif.ChangeKind(one.kind), one.from_on, float(one.amount), one.skill, one.staff_id)
        for one in scenario.changes.order_by("from_on", "pk")
    ]


def looked_back(*, today: date, months: int) -> Period:
    """The whole months whose repairs are counted: half-open, ending with the month before this one."""
    until = month_start(today)
    return add_months(until, -months), until


def counted_repairs(*, actor: Actor, facility_id: int | None, period: Period, skill: str | None = None) -> QuerySet[WorkOrder]:
    """The repairs behind the rates: closed in ``period`` (half-open), in UTC days."""
    found = WorkOrder.objects.visible_to(actor).filter(
        kind=Kind.CORRECTIVE.value, closed_at__isnull=False, closed_at__gte=_midnight(period[0]), closed_at__lt=_midnight(period[1])
    )
    if facility_id is not None:
        found = found.filter(facility_id=facility_id)
    return found if skill is None else found.filter(skill=skill)


def repairs_of(*, actor: Actor, facility_id: int | None, today: date, months: int) -> list[Repairs]:
    """Number and minutes of past repairs by skill. One statement, answered from an index alone."""
    found = counted_repairs(actor=actor, facility_id=facility_id, period=looked_back(today=today, months=months))
    rows = found.order_by().values_list("skill").annotate(orders=Count("pk"), minutes=Sum("labour_min"))
    return [Repairs(skill, orders, int(minutes or 0)) for skill, orders, minutes in rows]


def projects(actor: Actor, *, facility_id: int | None, of: Sequence[Period] = ()) -> QuerySet[StaffingProject]:
    """Projects of a facility (None: all in reach) and of all facilities, those that touch the months ``of`` if given."""
    found: Any = StaffingProject.objects.visible_to(actor).filter(active=True).select_related("facility")
    if facility_id is not None:
        found = found.filter(Q(facility_id=facility_id) | Q(facility__isnull=True))
    if of:
        found = found.filter(from_on__lt=of[-1][1], until_on__gt=of[0][0])
    return found.order_by("from_on", "pk")


@dataclass(frozen=True, slots=True)
class InForce:
    """An assumption as it holds, and what overrules the shipped value (None: nothing)."""

    shipped: Assumption
    value: float
    override: AssumptionOverride | None


def assumptions_on(*, facility_id: int | None, on: date) -> list[InForce]:
    """Every assumption as it holds on a day, a facility's own before the organisation's. One statement."""
    found = AssumptionOverride.objects.filter(effective_from__lte=on).filter(Q(facility_id=facility_id) | Q(facility__isnull=True))
    newest: dict[str, AssumptionOverride] = {}
    for one in found.select_related("facility", "set_by").order_by("key", "facility_id", "-effective_from", "-pk"):
        held = newest.get(one.key)
        if held is None or (held.facility_id is None and one.facility_id is not None):
            newest[one.key] = one
    result = []
    for assumption in shipped().assumptions:
        override = newest.get(assumption.key)
        standing = override if override and not override.withdrawn else None
        result.append(InForce(assumption, float(standing.value) if standing else assumption.value, standing))
    return result


def assumed_on(*, facility_id: int | None, on: date) -> Assumed:
    held = assumptions_on(facility_id=facility_id, on=on)
    return shipped().assumed({one.shipped.key: one.value for one in held})


def skill_names() -> dict[str, str]:
    return dict(Skill.objects.values_list("code", "name"))


def facilities_of(actor: Actor) -> QuerySet[Facility]:
    """The facilities whose forecast the actor may see, by name."""
    keys = actor.facilities_for(Permission.VIEW_STAFFING)
    return (Facility.objects.all() if keys is None else Facility.objects.filter(pk__in=keys)).order_by("name", "pk")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
