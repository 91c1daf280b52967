"""Who was at a session: by its QR code, a typed or imported list; and who an unknown name turned out to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.ids import uuid7
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Department
from openhtm.training.models import Attendance, Clinician, Decision, Settlement, SignedBy, TrainingSession
from openhtm.training.queries.people import known_at
from openhtm.training.queries.sessions import attendance_of
from openhtm.training.rules.lists import ListRow
from openhtm.training.rules.matching import Match, Roster, name_key, written_key
from openhtm.training.rules.shipped import limits
from openhtm.training.rules.signin import window
from openhtm.training.services.clinicians import insert_clinician
from openhtm.training.services.sessions import managed_session
from openhtm.training.services.shared import line, require_training


class SessionCodeUnknown(DomainError):
    """No session has this code (404)."""

    code = "session-code-unknown"
    status = 404
    message = "No session has this code. Scan it again, or sign the list of the trainer."


class SignInClosed(DomainError):
    """Signing in by code is possible around the session only (409)."""

    code = "sign-in-closed"
    status = 409
    message = "Signing in is possible from {opens} to {closes} only. Ask the trainer to put you on the list."


class SessionNotBegun(DomainError):
    """Nobody can have been at a session that lies in the future (409)."""

    code = "session-not-begun"
    status = 409
    message = "People can be recorded from {opens} on."


class ListChanged(DomainError):
    """An imported list would be recorded otherwise than it was shown (409)."""

    code = "sign-in-list-changed"
    status = 409
    message = "{name} would now be taken otherwise than you saw, so nothing was recorded. Look at the list again."


Seen = tuple[str, int | None]
"""What was shown of a row: its verdict, and the key of the person it was taken for."""
_SAME_ID = "The sign-in with this id"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row of a list: who it is taken for, or why not. ``known`` is already on the list of the session."""

    row: ListRow
    match: Match
    known: bool

    @property
    def verdict(self) -> str:
        if self.row.problem:
            return "refused"
        if self.known:
            return "known"
        return "matched" if self.match.key else "unknown"


def session_by_code(code: str) -> TrainingSession:
    """The session of a code. One statement. Raises SessionCodeUnknown, also for cancelled ones."""
    found = TrainingSession.objects.select_related("course__device_type", "course__device_model__manufacturer", "facility", "department")
    session = found.filter(code=code.strip().upper()[:12], cancelled_at__isnull=True).first()
    if session is None:
        raise SessionCodeUnknown
    return session


def open_window(session: TrainingSession) -> tuple[datetime, datetime]:
    """From when to when people may sign in."""
    return window(session.held_at, session.minutes, limits())


def require_open(session: TrainingSession, *, now: datetime) -> None:
    """Raise SignInClosed unless people may sign in now."""
    opens, closes = open_window(session)
    if not opens <= now < closes:
        zone = ZoneInfo(session.facility.time_zone)
        raise SignInClosed(opens=f"{opens.astimezone(zone):%d %b %H:%M}", closes=f"{closes.astimezone(zone):%d %b %H:%M}")


@transaction.atomic
def sign_in(
    *, session: TrainingSession, name: str, employee_number: str, unit: str = "", uid: UUID | None = None, now: datetime
) -> Attendance:
    """Record somebody who scanned the code, logged in or not. Whoever is not known is kept all the same.

    The same person, name and number, or ``uid`` again return what is stored. Five statements.
    Raises SignInClosed, Invalid, Conflict (the ``uid`` is somebody else's).
    """
    require_open(session, now=now)
    row = ListRow(
        1, line(name, field="name", limit=120, needed=True), line(employee_number, field="employee_number", limit=40, needed=True)
    )
    if not name_key(row.name):
        raise Invalid({"name": ["Give your name with letters."]})
    if uid is not None and (stored := Attendance.objects.filter(uid=uid).first()):
        _require_same(stored, session, row)
        return stored
    found = Roster(known_at(session.facility_id)).match(name=row.name, number=row.number)
    made = _write(session, [(row, found)], by=SignedBy.QR, actor=None, now=now, units=[line(unit, field="unit", limit=120)], uids=[uid])
    return made[0] if made else _stored(session, row, found)


@transaction.atomic
def record_list(
    *,
    actor: Actor,
    session_uid: UUID,
    rows: Sequence[ListRow],
    by: SignedBy,
    now: datetime,
    uids: Sequence[UUID] = (),
    seen: Sequence[Seen] = (),
) -> list[Outcome]:
    """Record a list of people; rows with a problem, or of people who are on the list, write nothing. Six statements for any number.

    ``seen``: what somebody was shown before of each row; what would now come out otherwise refuses the whole list.
    Returns what each row came to.
    Raises TrainingSession.DoesNotExist, NotAllowed, SessionCancelled, SessionNotBegun, Invalid, ListChanged, Conflict.
    """
    session = managed_session(actor, session_uid)
    opens, _ = open_window(session)
    if now < opens:
        raise SessionNotBegun(opens=f"{opens.astimezone(ZoneInfo(session.facility.time_zone)):%d %b %Y %H:%M}")
    if not rows or len(rows) > limits().list_rows:
        raise Invalid({"people": [f"Give 1 to {limits().list_rows} people, one a line."]})
    outcomes = judge_list(session, rows)
    _refuse_unseen(outcomes, seen)
    _refuse_taken_ids(session, rows, uids)
    taken = [(one.row, one.match) for one in outcomes if one.verdict in ("matched", "unknown")]
    fresh = {id(one.row): uid for one, uid in zip(outcomes, uids, strict=False)}
    _write(session, taken, by=by, actor=actor, now=now, units=[row.unit for row, _ in taken], uids=[fresh.get(id(row)) for row, _ in taken])
    return outcomes


def _refuse_unseen(outcomes: Sequence[Outcome], seen: Sequence[Seen]) -> None:
    """Raise ListChanged where a row is taken for somebody else than was shown. Who is on the list by now is not written again."""
    for one, (verdict, key) in zip(outcomes, seen, strict=False):
        if one.match.key != key or one.verdict not in (verdict, "known"):
            raise ListChanged(name=one.row.name or f"Row {one.row.row}")


def _refuse_taken_ids(session: TrainingSession, rows: Sequence[ListRow], uids: Sequence[UUID]) -> None:
    """Raise Conflict where an id is somebody else's, stored or in this list. One statement, none without ids."""
    if not uids:
        return
    sent: dict[UUID, ListRow] = {}
    for uid, row in zip(uids, rows, strict=True):
        if written_key(sent.setdefault(uid, row).name, sent[uid].number) != written_key(row.name, row.number):
            raise Conflict(what=_SAME_ID)
    for stored in Attendance.objects.filter(uid__in=sent):
        _require_same(stored, session, sent[stored.uid])


def _require_same(stored: Attendance, session: TrainingSession, row: ListRow) -> None:
    if stored.session_id != session.pk or (stored.name_key, stored.employee_number) != written_key(row.name, row.number):
        raise Conflict(what=_SAME_ID)


def judge_list(session: TrainingSession, rows: Iterable[ListRow]) -> list[Outcome]:
    """Say who each row is taken for, without writing anything. Two statements."""
    roster = Roster(known_at(session.facility_id))
    columns = ("clinician_id", "name_key", "employee_number")
    there = set(Attendance.objects.filter(session=session).values_list(*columns))
    people, names = {row[0] for row in there if row[0]}, {row[1:] for row in there if not row[0]}
    found = []
    for row in rows:
        match = roster.match(name=row.name, number=row.number) if not row.problem else Match(None, "nobody")
        key = written_key(row.name, row.number)
        known = match.key in people if match.key else key in names
        found.append(Outcome(row, match, known))
        if match.key:
            people.add(match.key)
        else:
            names.add(key)
    return found


@transaction.atomic
def settle(
    *,
    actor: Actor,
    attendance_uid: UUID,
    decision: str,
    now: datetime,
    clinician_uid: UUID | None = None,
    department_id: int | None = None,
    full_name: str = "",
    employee_number: str = "",
    note: str = "",
) -> Settlement:
    """Say who somebody on a list was, or that they do not count. What was written stays; the newest decision holds.

    A number that was written goes to somebody who has none yet, where the actor may change them.
    Raises Attendance.DoesNotExist, NotAllowed, Invalid.
    """
    written = attendance_of(actor).get(uid=attendance_uid)
    require_training(actor, written.session.facility)
    if decision not in Decision.values:
        raise Invalid({"decision": [f"Choose one of: {', '.join(Decision.values)}."]})
    person = None
    if decision == Decision.CLINICIAN:
        person = _chosen(actor, written, clinician_uid)
    elif decision == Decision.NEW:
        person = _new(written, department_id, full_name, employee_number)
    with refuse_readably():
        return Settlement.objects.create(
            attendance=written, decision=decision, clinician=person, note=line(note, field="note", limit=200), actor_id=actor.user_id,
            actor_name=actor.name[:120], recorded_at=now,
        )  # fmt: skip


def _chosen(actor: Actor, written: Attendance, uid: UUID | None) -> Clinician:
    seen = Clinician.objects.visible_to(actor).select_related("department").select_for_update(of=("self",))
    person = seen.filter(uid=uid).first() if uid else None
    if person is None:
        raise Invalid({"clinician": ["Choose somebody that you can see."]})
    may_change = actor.may(Permission.MANAGE_TRAINING, at=person.department.facility_id)
    if may_change and written.employee_number and not person.employee_number and not _number_taken(written.employee_number):
        person.employee_number = written.employee_number
        with refuse_readably():
            person.save(update_fields=["employee_number"])
    return person


def _number_taken(number: str) -> bool:
    return Clinician.objects.filter(employee_number__iexact=number).exists()


def _new(written: Attendance, department_id: int | None, full_name: str, employee_number: str) -> Clinician:
    unit = Department.objects.filter(pk=department_id, facility_id=written.session.facility_id).first() if department_id else None
    if unit is None:
        raise Invalid({"department": ["Choose the unit they work in."]})
    return insert_clinician(unit=unit, full_name=full_name or written.name, employee_number=employee_number or written.employee_number)


def _write(
    session: TrainingSession,
    taken: Sequence[tuple[ListRow, Match]],
    *,
    by: SignedBy,
    actor: Actor | None,
    now: datetime,
    units: Sequence[str],
    uids: Sequence[UUID | None],
) -> list[Attendance]:
    """Append what is new in one statement and return it: somebody who signed in meanwhile is not written twice."""
    keys = [written_key(row.name, row.number) for row, _ in taken]
    wanted = [
        Attendance(
            uid=uid or uuid7(), session=session, clinician_id=found.key, name=row.name, name_key=words, employee_number=number, unit=unit,
            by=by, method=found.method, actor_id=actor.user_id if actor else None, actor_name=actor.name[:120] if actor else "",
            recorded_at=now,
        )
        for (row, found), (words, number), unit, uid in zip(taken, keys, units, uids, strict=True)
    ]  # fmt: skip
    Attendance.objects.bulk_create(wanted, ignore_conflicts=True)
    written = Attendance.objects.filter(uid__in=[one.uid for one in wanted], session=session)
    return list(written.select_related("clinician").order_by("recorded_at", "pk"))


def _stored(session: TrainingSession, row: ListRow, found: Match) -> Attendance:
    """What stands for somebody already. Raises Conflict where the id is that of another session's."""
    there = Attendance.objects.select_related("clinician").filter(session=session)
    words, number = written_key(row.name, row.number)
    same = {"clinician_id": found.key} if found.key else {"clinician": None, "name_key": words, "employee_number": number}
    stored = there.filter(**same).first()
    if stored is None:
        raise Conflict(what=_SAME_ID)
    return stored
