"""What follows when a device could not be found: the miss policy carried out as tasks and messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db.models import Q

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Role
from openhtm.inventory.rules.status import Status
from openhtm.maintenance.models import Attempt, Escalation, Visit
from openhtm.maintenance.models import MissPolicy as PolicyRow
from openhtm.maintenance.rules.missing import Action, MissFacts, MissPolicy, Step, next_step
from openhtm.maintenance.rules.policy_periods import in_force
from openhtm.notices.services import Message, tell_many

NOT_LOCATED = "not_located"
STEPS: dict[Action, str] = {
    Action.NOTIFY_MANAGER: "notify",
    Action.SEARCH: "search",
    Action.ESCALATE: "escalate",
    Action.REQUIRE_BEFORE_USE: "flag",
    Action.PROPOSE_MISSING: "propose_missing",
}
SUBJECTS = {
    "notify": "{device} could not be found for its visit",
    "escalate": "{device} still cannot be found",
    "propose_missing": "{device} may have to be declared missing: two signatures are asked for",
}


def follow_up_devices(*, actor: Actor, device_ids: Sequence[int], today: Mapping[int, date], now: datetime) -> int:
    """Make the tasks that the policy asks for about open visits whose newest attempt found no device. Returns tasks made.

    What a search in vain asks for is what the policy in force on its day said: a later change makes no second task of it.
    Six statements for any number of devices, none but the first when nothing was searched for in vain.
    """
    visits = list(
        Visit.objects.filter(device_id__in=device_ids, outcome=NOT_LOCATED, is_open=True).select_related(
            "device__facility", "device__department"
        )
    )
    if not visits:
        return 0
    policies = list(PolicyRow.objects.all())
    searched = _searched([visit.pk for visit in visits])
    misses = _misses([visit.schedule_id for visit in visits])
    wanted: list[Escalation] = []
    messages: list[Message] = []
    for visit in visits:
        facility_id = visit.device.facility_id
        facts = _facts(visit, searched.get(visit.pk, ()), misses.get(visit.schedule_id, 0), today[facility_id])
        judged_on = max(facts.searched_on, default=facts.today)
        step = next_step(_policy(in_force(policies, on=judged_on, facility_id=facility_id)), facts)
        for name in [STEPS[action] for action in step.actions if action in STEPS]:
            due_on = step.search_until if name == "search" and step.search_until else judged_on
            wanted.append(Escalation(visit=visit, device_id=visit.device_id, step=name, due_on=due_on, note=" ".join(step.reasons)[:400]))
            messages += _messages(visit, name, due_on, step)
    made = _store(wanted, now)
    tell_many(messages, now=now)
    return made


def _store(wanted: Sequence[Escalation], now: datetime) -> int:
    """Add the tasks that are not there yet; those that stand for a whole visit are made once."""
    known = set(Escalation.objects.filter(visit__in={one.visit_id for one in wanted}).values_list("visit_id", "step", "due_on"))
    once = {(visit, step) for visit, step, _ in known}
    fresh = [
        one
        for one in wanted
        if (one.visit_id, one.step, one.due_on) not in known
        and not (one.step in ("flag", "propose_missing") and (one.visit_id, one.step) in once)
    ]
    for one in fresh:
        one.created_at = now
    return len(Escalation.objects.bulk_create(fresh, ignore_conflicts=True))


def _searched(visit_ids: Sequence[int]) -> dict[int, list[date]]:
    rows = Attempt.objects.filter(visit__in=visit_ids, outcome=NOT_LOCATED, superseded_by__isnull=True).values_list(
        "visit_id", "attempted_on"
    )
    found: dict[int, list[date]] = {}
    for visit_id, day in rows:
        found.setdefault(visit_id, []).append(day)
    return found


def _misses(schedule_ids: Sequence[int]) -> dict[int, int]:
    """Count, for each schedule, the visits missed in a row up to now for which the device was not found."""
    rows = Visit.objects.filter(schedule__in=schedule_ids).filter(Q(state="missed") | Q(state="done")).order_by("schedule_id", "-due_on")
    counts: dict[int, int] = {}
    ended: set[int] = set()
    for schedule_id, state, outcome in rows.values_list("schedule_id", "state", "outcome"):
        if schedule_id in ended or state == "done" or outcome != NOT_LOCATED:
            ended.add(schedule_id)
            continue
        counts[schedule_id] = counts.get(schedule_id, 0) + 1
    return counts


def _facts(visit: Visit, searched_on: Sequence[date], misses: int, today: date) -> MissFacts:
    device = visit.device
    return MissFacts(
        today=today,
        grace_until=visit.grace_until,
        high_risk=device.high_risk,
        searched_on=tuple(sorted(searched_on)),
        misses=misses,
        lost_since=min(searched_on, default=None),
        seen_on=device.last_seen_at.date() if device.last_seen_at else None,
        is_missing=device.status == Status.MISSING,
    )


def _policy(row: PolicyRow | None) -> MissPolicy:
    if row is None:
        return MissPolicy()
    return MissPolicy(
        search_after_days=row.search_after_days,
        escalate_after_attempts=row.escalate_after_attempts,
        missing_after_misses=row.missing_after_misses,
        missing_after_months=row.missing_after_months,
        high_risk_steps_earlier=row.high_risk_steps_earlier,
    )


def _messages(visit: Visit, step: str, due_on: date, about: Step) -> list[Message]:
    if step not in SUBJECTS:
        return []
    device = visit.device
    key, subject = f"visit-{step}:{visit.pk}:{due_on}", SUBJECTS[step].format(device=device.control_number)
    text, url, urgent = " ".join(about.reasons), f"/visits/{visit.pk}", device.high_risk
    kind = f"visit-{step.replace('_', '-')}"
    found = [
        Message(key=key, kind=kind, subject=subject, text=text, url=url, role=Role.MANAGER, facility_id=device.facility_id, urgent=urgent)
    ]
    if device.department_id and step == "notify":
        found.append(Message(key=f"{key}:department", kind=kind, subject=subject, text=text, url=url, department_id=device.department_id))
    return found
