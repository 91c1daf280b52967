"""What a round says to the maintenance programme: a device that is due and was not where it should be is a try that failed."""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import Attempt, Visit, VisitState
from openhtm.rounds.models import Round, RoundExpectation

SEARCHED = "not_located"
VISITS_SEARCHED_FOR = (VisitState.IN_WINDOW, VisitState.DUE, VisitState.GRACE, VisitState.LATE)


def record_not_located(*, actor: Actor, this: Round, expectations: QuerySet[RoundExpectation], now: datetime) -> int:
    """Append one attempt ``not_located`` to each open visit of these devices. Returns how many. Two statements.

    The same round never adds a second attempt to a visit. Raises NotAllowed if there is something to record.
    """
    visits = Visit.objects.open().filter(device__in=expectations.values("device_id"), state__in=VISITS_SEARCHED_FOR)
    found = list(visits.values_list("pk", "device_id", "work_order_id"))
    if not found:
        return 0
    require(actor, Permission.RECORD_ATTEMPTS, at=this.facility_id, place=this.facility.name)
    today = now.astimezone(ZoneInfo(this.facility.time_zone)).date()
    Attempt.objects.bulk_create(
        [
            Attempt(
                uid=uuid5(NAMESPACE_URL, f"round:{this.uid}:{visit}"), visit_id=visit, device_id=device, outcome=SEARCHED, attempted_at=now,
                attempted_on=today, location_id=this.location_id, note=f"Round at {this.location}"[:1000], work_order_id=order,
                performer_id=actor.user_id, performer_name=actor.name[:120], recorded_at=now,
            )
            for visit, device, order in found
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    return len(found)
