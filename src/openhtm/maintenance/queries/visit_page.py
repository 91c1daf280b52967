"""One visit with all that is known about it, and the schedule it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from openhtm.identity.actor import Actor
from openhtm.maintenance.models import Attempt, Escalation, Schedule, ScheduleChange, Visit, VisitExclusion
from openhtm.maintenance.queries.facts import FACTS
from openhtm.maintenance.queries.visit_list import FIELDS, VisitCard, outcome_label
from openhtm.maintenance.rules.calendar import local_day
from openhtm.maintenance.rules.outcomes import OUTCOMES, VOID
from openhtm.ui.parts import Event
from openhtm.ui.rules import formats

STEPS = {
    "notify": "Tell the department",
    "search": "Search again",
    "escalate": "Escalate",
    "flag": "Maintenance before the next use",
    "propose_missing": "Declare it missing?",
}
RELATED = (
    "device__facility", "device__location", "device__department", "device__device_type", "device__device_model__manufacturer",
    "schedule__procedure", "schedule__plan_line", "schedule__window_step__profile", "work_order__assigned_user", "covered_by__schedule__procedure",
)  # fmt: skip


@dataclass(frozen=True)
class Detail:
    """A visit, its card, and its records. ``waiting`` is the exclusion that waits for a second person."""

    visit: Visit
    card: VisitCard
    attempts: list[Attempt]
    exclusions: list[VisitExclusion]
    tasks: list[Escalation]
    today: date

    @property
    def waiting(self) -> VisitExclusion | None:
        return next((one for one in self.exclusions if one.confirmed is None), None)


def visit_of(*, actor: Actor, visit_id: int) -> Visit:
    """Return a visit the actor may see, with its device and schedule. One statement. Raises Visit.DoesNotExist."""
    return Visit.objects.visible_to(actor).select_related(*RELATED).get(pk=visit_id)


def detail_of(*, actor: Actor, visit_id: int, now: datetime) -> Detail:
    """Return a visit with its records. Five statements. Raises Visit.DoesNotExist."""
    visit = visit_of(actor=actor, visit_id=visit_id)
    row = Visit.objects.filter(pk=visit_id).values(*FIELDS).get()
    attempts = list(visit.attempts.select_related("superseded_by", "location", "work_order").order_by("-attempted_at", "-pk"))
    exclusions = list(visit.exclusions.order_by("-proposed_at", "-pk"))
    tasks = list(Escalation.objects.filter(visit=visit).order_by("due_on", "pk"))
    return Detail(visit, VisitCard(row, now), attempts, exclusions, tasks, today_of(visit, now=now))


def today_of(visit: Visit, *, now: datetime) -> date:
    """Return the day it is at the visit's device."""
    return local_day(now, ZoneInfo(visit.device.facility.time_zone))


def timeline(detail: Detail) -> list[Event]:
    """Return attempts and exclusions of a visit as events, the newest first. No statement."""
    events = [_attempt(one) for one in detail.attempts] + [event for one in detail.exclusions for event in _exclusion(one)]
    return sorted(events, key=lambda event: str(event.when), reverse=True)


def _attempt(attempt: Attempt) -> Event:
    if attempt.outcome == VOID:
        return Event(
            when=attempt.recorded_at, title="Attempt taken back", detail=attempt.performer_name, icon="undo-2", reason=attempt.reason
        )
    outcome = OUTCOMES.by_code.get(attempt.outcome)
    taken_back = hasattr(attempt, "superseded_by")
    tone = (
        "hold"
        if taken_back
        else "ok"
        if outcome and outcome.performed and not outcome.blocks_use
        else "late"
        if outcome and outcome.blocks_use
        else "due"
    )
    where = f" at {attempt.location.full_name}" if attempt.location else ""
    title = outcome_label(attempt.outcome) + (" (taken back)" if taken_back else "")
    order = f" · {attempt.work_order}" if attempt.work_order else ""
    return Event(
        when=attempt.attempted_at, title=title, detail=f"{attempt.performer_name or 'The system'}{where}{order}", reason=attempt.note,
        icon="circle-check" if tone == "ok" else "circle-dot", tone=tone, url=f"/work/{attempt.work_order.number}" if attempt.work_order else "",
    )  # fmt: skip


def _exclusion(one: VisitExclusion) -> Iterable[Event]:
    yield Event(
        when=one.proposed_at, title="Exclusion proposed", detail=one.proposed_by_name, reason=one.reason, icon="circle-minus", tone="hold"
    )
    if one.decided_at:
        word = "Exclusion confirmed" if one.confirmed else "Exclusion refused"
        yield Event(when=one.decided_at, title=word, detail=one.decided_by_name, reason=one.decision_note, icon="users-round", tone="hold")


@dataclass(frozen=True)
class ScheduleDetail:
    """A schedule with its visits (the newest first) and what changed."""

    schedule: Schedule
    visits: list[VisitCard]
    changes: list[ScheduleChange]

    @property
    def open_visit(self) -> VisitCard | None:
        return next((card for card in self.visits if card.row["is_open"]), None)


def schedule_detail(*, actor: Actor, schedule_id: int, now: datetime) -> ScheduleDetail:
    """Return a schedule the actor may see. Three statements. Raises Schedule.DoesNotExist."""
    related = (*FACTS, "device__device_type", "device__location", "device__device_model__manufacturer", "procedure", "plan_line__device_type",
               "plan_line__device_model__manufacturer", "plan_line__facility", "plan_line__decided_by")  # fmt: skip
    schedule = Schedule.objects.visible_to(actor).select_related(*related).get(pk=schedule_id)
    rows = Visit.objects.filter(schedule=schedule).order_by("-due_on").values(*FIELDS)[:60]
    return ScheduleDetail(schedule, [VisitCard(row, now) for row in rows], list(schedule.changes.all()[:60]))


CHANGE_TITLES = {
    "created": "Schedule began", "interval": "Interval changed", "anchor": "Counted from another day", "window": "Window changed",
    "ended": "Schedule ended", "revived": "Schedule began again", "levelled": "Moved to even out the work",
}  # fmt: skip
_NAMES = {
    "every_n": "Every",
    "cycle": "Cycle",
    "anchor_on": "Counted from",
    "starts_on": "First owed",
    "ends_on": "Ends",
    "rule": "Starts by",
}


def change_events(changes: Iterable[ScheduleChange]) -> list[Event]:
    """Return what changed on a schedule, for a timeline. No statement."""
    return [
        Event(
            when=one.recorded_at, title=CHANGE_TITLES.get(one.kind, one.kind.replace("_", " ").capitalize()), detail=one.actor_name or "The system",
            reason=one.reason, icon="calendar-cog", changes=tuple(_differences(one.before, one.after)),
        )
        for one in changes
    ]  # fmt: skip


def _differences(before: dict[str, Any], after: dict[str, Any]) -> Iterable[tuple[str, object, object]]:
    old, new = _worded(before), _worded(after)
    for name, label in _NAMES.items():
        if new.get(name) and old.get(name) != new.get(name):
            yield label, old.get(name) or "", new[name]


def _worded(values: dict[str, Any]) -> dict[str, str]:
    words = {name: str(value) for name, value in values.items() if value not in (None, "")}
    if "every_n" in words:
        words["every_n"] = every(int(values["every_n"]), str(values.get("every_unit", "month")))
    for name in ("anchor_on", "starts_on", "ends_on"):
        if name in words:
            words[name] = formats.day(date.fromisoformat(words[name]))
    return words


def every(n: int, unit: str) -> str:
    """``"6 months"``, ``"1 year"``."""
    return f"{n} {unit}{'' if n == 1 else 's'}"
