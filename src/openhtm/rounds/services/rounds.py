"""Rounds: begun at a place with what is expected there, ended with what was not found."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.fields import BooleanField

from openhtm.audit.context import prepare_copy
from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.ids import uuid7
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.inventory.rules.status import Status
from openhtm.maintenance.models import Visit, VisitState
from openhtm.rounds.models import Round, RoundExpectation
from openhtm.rounds.services.searching import record_not_located
from openhtm.sites.models import Location
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.rules.kinds import CORRECTIVE_CODES, Kind

FUTURE_TOLERANCE = timedelta(minutes=5)
_DUE = (VisitState.IN_WINDOW, VisitState.DUE)
_LATE = (VisitState.GRACE, VisitState.LATE)


class RoundEnded(DomainError):
    """The round is over: it takes no more scans and cannot end again (409)."""

    code = "round-ended"
    status = 409
    message = "This round ended. Start a new one at {place}."


@dataclass(frozen=True, slots=True)
class Ended:
    """``attempts`` visits were recorded as not located; ``not_found`` devices were expected and not scanned."""

    round: Round
    not_found: int
    attempts: int


@transaction.atomic
def start_round(*, actor: Actor, location_code: str, uid: UUID | None = None, note: str = "", now: datetime) -> Round:
    """Begin a round at a place and freeze what is expected there. ``uid`` is made by the client: sent again, it starts nothing new.

    Five statements for any number of devices. Raises Location.DoesNotExist, NotAllowed, Invalid, Conflict.
    """
    place = Location.objects.visible_to(actor).select_related("facility").get(public_code=location_code.strip().upper()[:20])
    require(actor, Permission.DO_ROUNDS, at=place.facility_id, place=place.facility.name)
    note = clean_line(note, field="note", limit=400)
    if uid is not None and (known := Round.objects.filter(uid=uid).select_related("location", "facility").first()):
        if known.location_id != place.pk or known.started_by_id != actor.user_id:
            raise Conflict(what="The round with this id")
        return known
    with refuse_readably():
        begun = Round.objects.create(
            uid=uid or uuid7(), facility=place.facility, location=place, started_by_id=actor.user_id, started_by_name=actor.name[:120],
            started_at=now, note=note,
        )  # fmt: skip
    _freeze(begun, expected_at(place, actor=actor))
    return begun


def expected_at(place: Location, *, actor: Actor) -> QuerySet[Device]:
    """Devices that should be at ``place`` or in it: recorded there, or missing and last seen there; with a flag for each reason.

    Recalled: an action of a recall is still open on the device.
    """
    inside = Location.objects.within(place).values("pk")
    here = Q(location__in=inside) | Q(status=Status.MISSING, last_seen_location__in=inside)
    open_visits = Visit.objects.open().filter(device=OuterRef("pk"))
    orders = WorkOrder.objects.under_way().filter(device=OuterRef("pk"))
    return (
        Device.objects.visible_to(actor)
        .current()
        .in_inventory()
        .filter(here, facility_id=place.facility_id)
        .annotate(
            is_late=Exists(open_visits.filter(state__in=_LATE)),
            is_due=Exists(open_visits.filter(state__in=_DUE)),
            is_missing=Case(When(status=Status.MISSING, then=Value(True)), default=Value(False), output_field=BooleanField()),
            is_recalled=Exists(orders.filter(kind=Kind.RECALL_ACTION)),
            in_repair=Exists(orders.filter(kind__in=[kind.value for kind in CORRECTIVE_CODES])),
        )
    )


_FREEZE = """
INSERT INTO rounds_roundexpectation (round_id, device_id, reasons)
SELECT %s, found.device_pk, array_remove(ARRAY[
    CASE WHEN found.is_late THEN 'late' END, CASE WHEN found.is_due THEN 'due' END,
    CASE WHEN found.is_recalled THEN 'recalled' END, CASE WHEN found.is_missing THEN 'missing' END,
    CASE WHEN found.in_repair THEN 'open_repair' END]::varchar[], NULL)
FROM ({found}) AS found
"""


def _freeze(begun: Round, devices: QuerySet[Device]) -> None:
    """Write down what is expected. Two statements."""
    rows = devices.order_by().values("is_late", "is_due", "is_recalled", "is_missing", "in_repair", device_pk=F("pk"))  # type: ignore[misc]  # annotated in expected_at
    sql, params = rows.query.sql_with_params()
    prepare_copy()  # history of this statement too shall say who and why
    with connection.cursor() as cursor:
        cursor.execute(_FREEZE.format(found=sql), [begun.pk, *params])


@transaction.atomic
def end_round(*, actor: Actor, round_uid: UUID, not_located: Collection[str] | None = None, note: str = "", now: datetime) -> Ended:
    """End a round. ``not_located`` names the due devices (control numbers) to record as could not locate; None: all of them.

    About eight statements. Raises Round.DoesNotExist, NotAllowed, RoundEnded, Invalid.
    """
    this = locked_round(actor=actor, round_uid=round_uid)
    if this.ended_at is not None:
        raise RoundEnded(place=this.location.name)
    this.ended_at = now
    this.note = clean_line(note, field="note", limit=400) or this.note
    this.save(update_fields=["ended_at", "note"])
    missing = RoundExpectation.objects.filter(round=this, found_at__isnull=True)
    attempts = record_not_located(actor=actor, this=this, expectations=_chosen(missing, not_located), now=now)
    return Ended(this, missing.count(), attempts)


def _chosen(missing: QuerySet[RoundExpectation], control_numbers: Collection[str] | None) -> QuerySet[RoundExpectation]:
    owed = missing.filter(reasons__overlap=["due", "late"])
    return owed if control_numbers is None else owed.filter(device__control_number__in=list(control_numbers))


def locked_round(*, actor: Actor, round_uid: UUID) -> Round:
    """Return the round, locked against scans at the same moment. One statement. Raises Round.DoesNotExist, NotAllowed."""
    visible = Round.objects.visible_to(actor).select_related("location", "facility")
    this = visible.select_for_update(of=("self",), no_key=True).get(uid=round_uid)
    require(actor, Permission.DO_ROUNDS, at=this.facility_id, place=this.facility.name)
    return this


def clean_line(text: str, *, field: str, limit: int) -> str:
    """Return ``text`` without outer spaces. Raises Invalid if it is too long or holds control characters."""
    line = text.strip()
    if len(line) > limit or any(ord(char) < 32 or ord(char) == 127 for char in line):
        raise Invalid({field: [f"Write one line of at most {limit} characters."]})
    return line
