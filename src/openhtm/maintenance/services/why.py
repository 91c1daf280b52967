"""Why a visit is due on its day, in sentences, from the function that computed the day."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from openhtm.maintenance.models import Schedule, Visit
from openhtm.maintenance.queries.facts import FACTS, plan_of, today_at
from openhtm.maintenance.rules.states import VisitState
from openhtm.maintenance.rules.wording import day, in_words


def why_this_date(*, visit: Visit, now: datetime | None = None) -> list[str]:
    """Return the reasons for the day of an open visit, or what became of a settled one. Five statements."""
    if not visit.is_open:
        return _settled(visit)
    schedule = Schedule.objects.select_related(*FACTS).get(pk=visit.schedule_id)
    return in_words(plan_of(schedule, today=today_at(schedule, now=now or timezone.now())).why)


def _settled(visit: Visit) -> list[str]:
    words = [f"It was due on {day(visit.due_on)}; on time until {day(visit.on_time_until)}, in grace until {day(visit.grace_until)}."]
    if visit.performed_on:
        how = {"on_time": "on time", "within_grace": "within grace", "late": "late"}.get(visit.timing, "")
        by = "as part of a larger visit " if visit.state == VisitState.COVERED else ""
        words.append(f"It was done {by}on {day(visit.performed_on)}, {how}.")
    elif visit.state == VisitState.MISSED:
        words.append("It was not done before the next visit took over, so it counts as missed.")
    elif visit.state == VisitState.PASSED_HELD:
        words.append("It passed while the device was held by its status; nothing is owed for it.")
    elif visit.state == VisitState.EXCLUDED:
        words.append("Two people decided that it is not counted.")
    else:
        words.append("It is no longer owed: its schedule ended or was changed.")
    return words
