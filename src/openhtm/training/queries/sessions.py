"""Sessions, their attendances and what waits to be settled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from openhtm.identity.actor import Actor
from openhtm.training.models import Attendance, Clinician, Course, Decision, Settlement, TrainingSession

NEWEST = Settlement.objects.filter(attendance=OuterRef("pk")).order_by("-recorded_at", "-pk")


@dataclass(frozen=True, slots=True)
class Attendee:
    """An attendance as it stands now: who it is, or what was decided, or that nobody knows yet."""

    attendance: Attendance
    clinician: Clinician | None
    decision: str

    @property
    def open(self) -> bool:
        return self.clinician is None and not self.decision

    @property
    def counts(self) -> bool:
        return self.clinician is not None


def sessions(actor: Actor, *, q: str = "", facility: str = "", kind: str = "", when: str = "") -> QuerySet[TrainingSession]:
    """Sessions the actor sees, the newest first; ``when`` is ``cancelled`` or nothing (all that are not)."""
    found: QuerySet[TrainingSession] = TrainingSession.objects.visible_to(actor).select_related(
        "course__device_type", "course__device_model__manufacturer", "facility", "department"
    )
    found = found.filter(cancelled_at__isnull=when != "cancelled")
    if q:
        found = found.filter(Q(title__icontains=q) | Q(trainer_name__icontains=q) | Q(department__name__icontains=q))
    if facility:
        found = found.filter(facility__code__iexact=facility)
    return found.filter(kind=kind) if kind else found


def attended(session_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """(names on the list, names not settled) of each session. One statement."""
    rows = with_decision(Attendance.objects.filter(session__in=list(session_ids))).order_by().values("session_id")
    counted = rows.annotate(all=Count("pk"), waiting=Count("pk", filter=Q(clinician__isnull=True, decision__isnull=True)))
    return {row["session_id"]: (row["all"], row["waiting"]) for row in counted}


def with_decision(found: QuerySet[Attendance]) -> QuerySet[Any]:
    """Attendances with ``decision`` and ``settled_as``: what was decided last, None where nothing was."""
    return found.annotate(decision=Subquery(NEWEST.values("decision")[:1]), settled_as=Subquery(NEWEST.values("clinician_id")[:1]))


def attendees(session: TrainingSession) -> list[Attendee]:
    """Everybody on the list of a session, in the order written. Two statements."""
    return as_attendees(with_decision(session.attendances.all()).select_related("clinician__department").order_by("recorded_at", "pk"))


def as_attendees(found: Iterable[Attendance]) -> list[Attendee]:
    """Attendances (of ``with_decision``) with the person they now count for. One more statement."""
    rows = list(found)
    settled = Clinician.objects.select_related("department").in_bulk({row.settled_as for row in rows if row.settled_as})  # type: ignore[attr-defined]
    return [_attendee(row, settled) for row in rows]


def unsettled(actor: Actor) -> QuerySet[Attendance]:
    """Names nobody has settled, at sessions the actor sees, the oldest first."""
    found = with_decision(Attendance.objects.filter(session__in=TrainingSession.objects.visible_to(actor), clinician__isnull=True))
    found = found.filter(decision__isnull=True, session__cancelled_at__isnull=True)
    return found.select_related("session__course", "session__facility", "session__department").order_by("recorded_at", "pk")


def attendance_of(actor: Actor) -> QuerySet[Attendance]:
    """Attendances at sessions the actor sees, with what was decided."""
    found = with_decision(Attendance.objects.filter(session__in=TrainingSession.objects.visible_to(actor)))
    return found.select_related("session__course", "session__facility", "session__department", "clinician")


def courses(*, q: str = "", active: bool | None = True) -> QuerySet[Course]:
    """Courses by title."""
    found = Course.objects.select_related("device_type", "device_model__manufacturer")
    if q:
        found = found.filter(Q(title__icontains=q) | Q(device_type__name__icontains=q) | Q(device_model__name__icontains=q))
    return found if active is None else found.filter(active=active)


def _attendee(row: Attendance, settled: dict[int, Clinician]) -> Attendee:
    decision: str = row.decision or ""  # type: ignore[attr-defined]
    if decision:
        return Attendee(row, settled.get(row.settled_as), decision)  # type: ignore[attr-defined]
    return Attendee(row, row.clinician, Decision.CLINICIAN if row.clinician_id else "")
