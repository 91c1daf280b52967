"""How much of each day's hours is still free, for people, teams or a facility."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import Sum

from openhtm.maintenance.rules.planning_defaults import defaults
from openhtm.maintenance.rules.spreading import Day
from openhtm.workforce.queries import capacity, weekly_min_by
from openhtm.workorders.models import WorkOrder

Holder = tuple[int | None, int | None]
"""Person and team; both None: whoever works at the facility. A person's own hours count, not those of the team."""


def day_hours(*, facility_id: int | None, holder: Holder, on: date) -> int | None:
    """Minutes of a working day: the week's, divided by the working days. None where nobody entered hours. One statement."""
    return _hours(facility_id, {holder}, on).get(holder)


def free_days(
    *, facility_id: int, days: Sequence[date], holders: Iterable[Holder], without_orders: Sequence[int], on: date
) -> dict[Holder, list[Day]]:  # fmt: skip
    """Return, for each holder, what is free on each day after the work that is planned on it already. At most four statements.

    ``without_orders`` are about to be planned anew, so they do not count.
    """
    wanted = set(holders)
    hours = _hours(facility_id, wanted, on)
    if not days:
        return {holder: [] for holder in wanted}
    planned = WorkOrder.objects.filter(under_way=True, planned_on__range=(days[0], days[-1])).exclude(pk__in=without_orders)
    rows = (
        planned.order_by().values_list("planned_on", "assigned_user_id", "assigned_team_id", "facility_id").annotate(minutes=Sum("est_min"))
    )
    taken: dict[tuple[Holder, date], int] = {}
    for day, user_id, team_id, at, minutes in rows:
        whose: list[Holder] = [(user_id, None)] if user_id else [(None, team_id)] if team_id else []
        for holder in [*whose, *([(None, None)] if at == facility_id else [])]:
            taken[holder, day] = taken.get((holder, day), 0) + (minutes or 0)
    return {holder: [_day(holder, day, hours.get(holder), taken) for day in days] for holder in wanted}


def _day(holder: Holder, day: date, hours: int | None, taken: dict[tuple[Holder, date], int]) -> Day:
    key: Holder = (holder[0], None) if holder[0] else holder
    return Day(day, None if hours is None else max(hours - taken.get((key, day), 0), 0))


def _hours(facility_id: int | None, holders: set[Holder], on: date) -> dict[Holder, int]:
    """Minutes of a working day for those holders of whom hours are known. At most three statements."""
    people = weekly_min_by(on=on, people=sorted({user for user, _ in holders if user}))
    teams = weekly_min_by(on=on, teams=sorted({team for user, team in holders if team and not user}))
    weekly: dict[Holder, int] = {}
    for user_id, team_id in holders:
        found = people.get(user_id) if user_id else teams.get(team_id) if team_id else None
        if found is not None:
            weekly[user_id, team_id] = found
    if (None, None) in holders:
        everybody = capacity(on=on, facility_id=facility_id)
        if everybody.people:
            weekly[None, None] = everybody.weekly_min
    return {holder: minutes // len(defaults().working_days) for holder, minutes in weekly.items()}
