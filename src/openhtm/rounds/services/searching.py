"""What a round says to the maintenance programme: a device that is due and was not where it should be is a try that failed."""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import Attempt, Schedule, Visit, VisitState
from openhtm.maintenance.queries.owed import days_at_facilities
from openhtm.maintenance.services.following import follow_up_devices
from openhtm.maintenance.services.settling import settle
from openhtm.rounds.models import Round, RoundExpectation

SEARCHED = "not_located"
VISITS_SEARCHED_FOR = (VisitState.IN_WINDOW, VisitState.DUE, VisitState.GRACE, VisitState.LATE)


def record_not_located(*, actor: Actor, this: Round, expectations: QuerySet[RoundExpectation], now: datetime) -> int:
    """Append one attempt ``not_located`` to each open visit of these devices, and bring their visits in line. Returns how many.

    The same round never adds a second attempt to a visit. A fixed number of statements. Raises NotAllowed if there is
    something to record.
    """
    wanted = list(expectations.values_list("device_id", flat=True))
    list(Schedule.objects.filter(device_id__in=wanted).select_for_update().order_by("pk").values_list("pk", flat=True))
    visits = Visit.objects.open().filter(device_id__in=wanted, state__in=VISITS_SEARCHED_FOR)
    found = list(visits.values_list("pk", "device_id"))
    if not found:
        return 0
    require(actor, Permission.RECORD_ATTEMPTS, at=this.facility_id, place=this.facility.name)
    Attempt.objects.bulk_create([_attempt(actor, this, visit, device, now) for visit, device in found], ignore_conflicts=True)
    devices, today = sorted({device for _, device in found}), days_at_facilities(now=now)
    settle(device_ids=devices, now=now, today=today)
    follow_up_devices(actor=actor, device_ids=devices, today=today, now=now)
    return len(found)


def _attempt(actor: Actor, this: Round, visit_id: int, device_id: int, now: datetime) -> Attempt:
    return Attempt(
        uid=uuid5(NAMESPACE_URL, f"round:{this.uid}:{visit_id}"),
        visit_id=visit_id,
        device_id=device_id,
        outcome=SEARCHED,
        attempted_at=now,
        attempted_on=now.astimezone(ZoneInfo(this.facility.time_zone)).date(),
        location_id=this.location_id,
        note=f"Round at {this.location}"[:1000],
        performer_id=actor.user_id,
        performer_name=actor.name[:120],
        recorded_at=now,
    )
