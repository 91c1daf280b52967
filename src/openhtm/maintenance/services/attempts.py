"""Attempts at visits: appended once, taken back only by another one that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import Attempt, MeterReading, Schedule, Visit
from openhtm.maintenance.queries.owed import days_at_facilities
from openhtm.maintenance.rules.calendar import local_day
from openhtm.maintenance.rules.outcomes import RECORDABLE, VOID
from openhtm.maintenance.services.following import follow_up_devices
from openhtm.maintenance.services.settling import PERFORMED, settle
from openhtm.procedures.models import Procedure

FUTURE_TOLERANCE = timedelta(minutes=5)
LATE_ENTRY = frozenset({"missed", "passed_held"})
"""Settled states for which an attempt of back then may still be recorded, such as one noted on paper."""


class VisitSettled(DomainError):
    """The visit is settled and takes no attempt."""

    code = "visit-settled"
    status = 409
    message = "The visit of {due_on} is already settled: {state}. Record the attempt for the visit that is open now."


class VisitTakenOver(DomainError):
    """The work was done when the next visit had taken over already."""

    code = "visit-taken-over"
    status = 409
    message = "On {day} the visit of {due_on} had been taken over by the next one. Record it there."


class AttemptSuperseded(DomainError):
    """The attempt was taken back or corrected before."""

    code = "attempt-superseded"
    status = 409
    message = "This attempt was corrected before. Correct the newest one."


class AttemptDiffers(DomainError):
    """The id was used for another attempt."""

    code = "attempt-differs"
    status = 409
    message = "Another attempt was stored under this id. Make a new id for a new attempt."


@dataclass(frozen=True, slots=True)
class AttemptIn:
    """One try as somebody reports it. ``outcome`` is a code of ``rules.outcomes``; ``meter_value`` what the meter showed."""

    outcome: str
    attempted_at: datetime | None = None
    note: str = ""
    location_id: int | None = None
    meter_value: float | None = None
    work_order_id: int | None = None
    uid: UUID | None = None


@transaction.atomic
def record_attempt(
    *, actor: Actor, visit_id: int, outcome: str, attempted_at: datetime | None = None, note: str = "", location_id: int | None = None,
    meter_value: float | None = None, uid: UUID | None = None, now: datetime | None = None,
) -> Attempt:  # fmt: skip
    """Append a try at a visit, and bring the device's visits in line at once. About thirty statements.

    ``uid`` is made by whoever sends it: sent again, it answers the stored attempt and changes nothing.
    Raises Visit.DoesNotExist, NotAllowed, Invalid, VisitSettled, VisitTakenOver, AttemptDiffers.
    """
    now = now or timezone.now()
    visit = _locked(actor, visit_id)
    require(actor, Permission.RECORD_ATTEMPTS, at=visit.device.facility_id, place=visit.device.facility.name)
    if uid and (stored := Attempt.objects.filter(uid=uid).first()):
        if (stored.visit_id, stored.outcome) != (visit_id, outcome):
            raise AttemptDiffers()
        return stored
    reported = AttemptIn(outcome, attempted_at, note.strip(), location_id, meter_value, uid=uid)
    attempt = _append(actor, visit, reported, now)
    _settle([visit.device_id], actor, now)
    return attempt


@transaction.atomic
def take_back(*, actor: Actor, attempt_uid: str, reason: str, now: datetime | None = None) -> Attempt:
    """Take an attempt back that was recorded by mistake: it stays, superseded by one that only says why.

    The visit is open again if it is still the one owed. Raises Attempt.DoesNotExist, NotAllowed, Invalid, AttemptSuperseded.
    """
    now = now or timezone.now()
    found = Attempt.objects.filter(visit__in=Visit.objects.visible_to(actor)).select_related("device__facility").get(uid=attempt_uid)
    require(actor, Permission.RECORD_ATTEMPTS, at=found.device.facility_id, place=found.device.facility.name)
    if not reason.strip():
        raise Invalid({"reason": ["Say why it is taken back."]})
    if found.outcome == VOID or Attempt.objects.filter(supersedes=found).exists():
        raise AttemptSuperseded()
    void = _void(found, actor, reason, now)
    with refuse_readably():
        void.save(force_insert=True)
    _settle([found.device_id], actor, now)
    return void


def record_for_order(*, actor: Actor, order_id: int, outcomes: Mapping[int, str], default: str, now: datetime) -> int:
    """Append one attempt for every open visit of an order; ``outcomes`` by procedure. Returns how many.

    A visit whose procedure a larger one of the same order covers is left to that one. For listeners: no right is checked.
    """
    visits = list(Visit.objects.filter(work_order_id=order_id, is_open=True).select_related("device__facility", "schedule").order_by("pk"))
    pairs = Procedure.covers.through.objects.filter(from_procedure__in=[visit.schedule.procedure_id for visit in visits])
    done_with = set(pairs.values_list("to_procedure_id", flat=True))
    carried = [visit for visit in visits if visit.schedule.procedure_id not in done_with] or visits
    for visit in carried:
        reported = AttemptIn(outcomes.get(visit.schedule.procedure_id) or default, now, work_order_id=order_id)
        _append(actor, visit, reported, now)
    _settle([visit.device_id for visit in carried], actor, now)
    return len(carried)


def take_back_for_order(*, actor: Actor, order_id: int, reason: str, now: datetime) -> int:
    """Take back what completing an order recorded, since it is under way again. For listeners: no right is checked."""
    attempts = list(Attempt.objects.filter(work_order_id=order_id, superseded_by__isnull=True, outcome__in=PERFORMED))
    Attempt.objects.bulk_create([_void(attempt, actor, reason or "The order was reopened.", now) for attempt in attempts])
    _settle([attempt.device_id for attempt in attempts], actor, now)
    return len(attempts)


def _settle(device_ids: Sequence[int], actor: Actor, now: datetime) -> None:
    if not device_ids:
        return
    today = days_at_facilities(now=now)
    settle(device_ids=device_ids, now=now, today=today)
    follow_up_devices(actor=actor, device_ids=list(device_ids), today=today, now=now)


def _locked(actor: Actor, visit_id: int) -> Visit:
    """Lock the device's schedules first, as every writer does, then read the visit."""
    device_id = Visit.objects.visible_to(actor).values_list("device_id", flat=True).get(pk=visit_id)
    list(Schedule.objects.filter(device_id=device_id).select_for_update().order_by("pk").values_list("pk", flat=True))
    return Visit.objects.select_related("device__facility", "schedule").get(pk=visit_id)


def _append(actor: Actor, visit: Visit, reported: AttemptIn, now: datetime) -> Attempt:
    at = reported.attempted_at or now
    day = local_day(at, ZoneInfo(visit.device.facility.time_zone))
    _refuse(visit, reported, at=at, day=day, now=now)
    attempt = Attempt(
        visit=visit,
        device_id=visit.device_id,
        outcome=reported.outcome,
        attempted_at=at,
        attempted_on=day,
        location_id=reported.location_id,
        note=reported.note,
        work_order_id=reported.work_order_id or visit.work_order_id,
        meter_value=reported.meter_value,
        performer_id=actor.user_id,
        performer_name=actor.name[:120],
        recorded_at=now,
    )
    if reported.uid:
        attempt.uid = reported.uid
    with refuse_readably():
        attempt.save(force_insert=True)
    if reported.meter_value is not None and visit.schedule.meter:
        MeterReading.objects.create(
            device_id=visit.device_id, meter=visit.schedule.meter, value=reported.meter_value, read_on=day, source="visit",
            actor_id=actor.user_id, actor_name=actor.name[:120], recorded_at=now,
        )  # fmt: skip
    return attempt


def _refuse(visit: Visit, reported: AttemptIn, *, at: datetime, day: date, now: datetime) -> None:
    errors: dict[str, list[str]] = {}
    if reported.outcome not in RECORDABLE:
        errors["outcome"] = [f"Choose one of: {', '.join(RECORDABLE)}."]
    if at > now + FUTURE_TOLERANCE:
        errors["attempted_at"] = ["This time lies in the future. Check the clock of the phone."]
    if len(reported.note) > 1000 or "\0" in reported.note:
        errors["note"] = ["Write at most 1,000 characters."]
    value = reported.meter_value
    if value is not None and not 0 <= value < 1e15:
        errors["meter_value"] = ["Give what the meter shows, from 0 on."]
    if errors:
        raise Invalid(errors)
    if not visit.is_open and visit.state not in LATE_ENTRY:
        raise VisitSettled(due_on=visit.due_on.isoformat(), state=visit.get_state_display().lower())
    if not visit.is_open:
        following = Visit.objects.filter(schedule_id=visit.schedule_id, due_on__gt=visit.due_on).order_by("due_on").first()
        if following and day >= following.opens_on:
            raise VisitTakenOver(day=day.isoformat(), due_on=visit.due_on.isoformat())


def _void(attempt: Attempt, actor: Actor, reason: str, now: datetime) -> Attempt:
    return Attempt(
        visit_id=attempt.visit_id,
        device_id=attempt.device_id,
        outcome=VOID,
        attempted_at=attempt.attempted_at,
        attempted_on=attempt.attempted_on,
        work_order_id=attempt.work_order_id,
        performer_id=actor.user_id,
        performer_name=actor.name[:120],
        supersedes=attempt,
        reason=reason.strip()[:400],
        recorded_at=now,
    )
