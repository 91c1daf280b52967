"""Missed readiness checks are told: first to the department, then, when they go on, to the manager."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse

from openhtm.identity.rules.permissions import Role
from openhtm.notices import services as notices
from openhtm.notices.services import Message
from openhtm.rounds.models import ReadinessCheck
from openhtm.rounds.queries.readiness import RELATED, done_since, rhythm_of
from openhtm.rounds.rules.slots import Done, Every, Slot, missed_runs, slots_between, states
from openhtm.ui.rules import formats

LOOK_BACK = {Every.SHIFT: 31, Every.DAILY: 62, Every.WEEKLY: 182, Every.MONTHLY: 731}
"""So many days back a run of missed periods is counted."""
TOLD_FOR = dt.timedelta(days=3)
"""Periods that ended longer ago are told by nobody any more: after a month of silence the board shows them, and the newest are told."""


@transaction.atomic
def escalate_missed(*, now: dt.datetime) -> int:
    """Tell of missed periods that ended within the last three days. Returns how many messages were new.

    Running it twice, or late, tells nothing twice. Five statements for any number of checks.
    """
    found = list(ReadinessCheck.objects.filter(active=True).select_related(*RELATED))
    since = {check.pk: now - dt.timedelta(days=LOOK_BACK[Every(check.frequency)]) for check in found}
    done = done_since(since)
    messages = [message for check in found for message in _messages(check, done[check.pk], since[check.pk], now)]
    return notices.tell_many(messages, now=now)


def keys_of(check: ReadinessCheck, slot: Slot) -> list[str]:
    """The occasions under which a missed period was told."""
    moment = slot.start.isoformat()
    return [f"readiness-missed:{check.uid}:{moment}", f"readiness-escalated:{check.uid}:{moment}"]


def _messages(check: ReadinessCheck, done: list[Done], since: dt.datetime, now: dt.datetime) -> list[Message]:
    slots = [slot for slot in slots_between(rhythm_of(check), since=since, until=now) if slot.start >= since]
    found = []
    for slot, run in missed_runs(states(slots, done, now=now)):
        if slot.end < now - TOLD_FOR:
            continue
        found.append(_to_department(check, slot))
        if run % check.escalate_after == 0:
            found.append(_to_manager(check, slot, run))
    return found


def _to_department(check: ReadinessCheck, slot: Slot) -> Message:
    """To those who owe it; to the technicians of the facility if nobody was named."""
    owed_by = {"department_id": check.department_id} if check.department_id else {"role": Role.TECHNICIAN, "facility_id": check.facility_id}
    return Message(
        key=keys_of(check, slot)[0], kind="readiness_missed", subject=f"Missed: {check.name}"[:200],
        text=f"Nobody checked it from {_when(check, slot.start)} to {_when(check, slot.end)}, {check.location}.",
        url=reverse("rounds:readiness-check", args=[check.code]), **owed_by,
    )  # fmt: skip


def _to_manager(check: ReadinessCheck, slot: Slot, run: int) -> Message:
    times = "once" if run == 1 else f"{run} times in a row"
    return Message(
        key=keys_of(check, slot)[1], kind="readiness_escalated", subject=f"Missed {times}: {check.name}"[:200],
        text=f"The last time from {_when(check, slot.start)} to {_when(check, slot.end)}, {check.location}.",
        url=reverse("rounds:readiness-check", args=[check.code]), role=Role.MANAGER, facility_id=check.facility_id, urgent=True,
    )  # fmt: skip


def _when(check: ReadinessCheck, moment: dt.datetime) -> str:
    return formats.instant(moment, zone=ZoneInfo(check.facility.time_zone))
