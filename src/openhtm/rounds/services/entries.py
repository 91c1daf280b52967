"""Readiness checks done: appended once, judged at once, and what follows from a problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse

from openhtm.audit.context import acting
from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.ids import uuid7
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission, Role
from openhtm.notices import services as notices
from openhtm.rounds.models import ReadinessCheck, ReadinessEntry
from openhtm.rounds.queries.readiness import questions_of, rhythm_of
from openhtm.rounds.rules.questions import Judged, judge
from openhtm.rounds.rules.slots import slot_at
from openhtm.rounds.services.escalating import keys_of
from openhtm.rounds.services.pins import Proof
from openhtm.rounds.services.rounds import FUTURE_TOLERANCE, clean_line
from openhtm.workorders.models import Origin, WorkOrder
from openhtm.workorders.rules.kinds import Kind
from openhtm.workorders.services.opening import open_order

ACCEPTED_LATE = timedelta(days=31)
SYSTEM = Actor.system("Readiness check")
"""Opens the order of a problem, also for somebody who is known by a unit code only."""


class ReadinessCodeUnknown(DomainError):
    """The code on a readiness label belongs to nothing here (404)."""

    code = "readiness-code-unknown"
    status = 404
    message = "This code is not known here. Check the label, or call clinical engineering."


class ReadinessEnded(DomainError):
    """The check is no longer owed (409)."""

    code = "readiness-ended"
    status = 409
    message = "{name} is no longer checked. Take its label away, or ask clinical engineering."


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was stored. ``repeated``: the same entry was sent before. ``problems`` in words; ``order`` if one is open for them."""

    entry: ReadinessEntry
    problems: tuple[str, ...] = ()
    order: WorkOrder | None = None
    repeated: bool = False


def check_by_code(code: str) -> ReadinessCheck:
    """Return the check whose label this is, for anybody who holds it. One statement. Raises ReadinessCodeUnknown, ReadinessEnded."""
    related = ("facility", "location", "department", "device__device_type")
    found = ReadinessCheck.objects.select_related(*related).filter(code=code.upper()[:12]).first()
    if found is None:
        raise ReadinessCodeUnknown
    if not found.active:
        raise ReadinessEnded(name=found.name)
    return found


def proof_of(actor: Actor, check: ReadinessCheck) -> Proof:
    """The proof of somebody who is logged in. Raises NotAllowed."""
    require(actor, Permission.DO_READINESS, at=check.facility_id, place=check.facility.name)
    return Proof(actor.name[:120], "login", actor)


@transaction.atomic
def record_entry(
    *,
    check: ReadinessCheck,
    proof: Proof,
    answers: Mapping[str, object],
    problem_text: str = "",
    uid: UUID | None = None,
    done_at: datetime | None = None,
    now: datetime,
) -> Recorded:
    """Append that a check was done. It counts for the period of ``done_at``, also when it arrives later (up to 31 days).

    A problem (a no, a number beyond its limits, something that ran out, or words of the person) opens one corrective order,
    or belongs to the one that is still open, and tells the technicians. The same ``uid`` again stores nothing.
    Eight to thirty statements; the check stays locked, so that two at once open one order. Raises Invalid, Conflict.
    """
    list(ReadinessCheck.objects.select_for_update(no_key=True).filter(pk=check.pk).values_list("pk"))
    if uid is not None and (known := ReadinessEntry.objects.filter(uid=uid).select_related("work_order").first()):
        return _repetition(known, check, answers)
    at = _time_of(done_at, now)
    today = at.astimezone(ZoneInfo(check.facility.time_zone)).date()
    judged = judge(questions_of(check), answers, today=today)
    words = clean_line(" ".join(problem_text.split()), field="problem_text", limit=400)
    if judged.errors:
        raise Invalid({f"answers.{key}": [text] for key, text in judged.errors.items()})
    problem = bool(judged.problems or words)
    with acting(proof.actor or SYSTEM, reason="Readiness check"):
        entry = ReadinessEntry(
            uid=uid or uuid7(), check_done=check, done_at=at, answers=judged.values, problem=problem,
            problem_text=(words or " ".join(judged.problems))[:400], person_id=proof.actor.user_id if proof.actor else None,
            person_name=proof.name[:120], proof=proof.kind, recorded_at=now,
        )  # fmt: skip
        order = _order_for(check, entry, judged, words, now) if problem else None
        entry.work_order = order
        entry.save(force_insert=True)
        _tell(check, entry, order, now)
    return Recorded(entry, judged.problems, order)


def _repetition(known: ReadinessEntry, check: ReadinessCheck, answers: Mapping[str, object]) -> Recorded:
    judged = judge(questions_of(check), answers, today=known.done_at.astimezone(ZoneInfo(check.facility.time_zone)).date())
    if known.check_done_id != check.pk or (not judged.errors and judged.values != known.answers):
        raise Conflict(what="The check with this id")
    return Recorded(known, (known.problem_text,) if known.problem else (), known.work_order, repeated=True)


def _time_of(done_at: datetime | None, now: datetime) -> datetime:
    at = done_at or now
    if at > now + FUTURE_TOLERANCE:
        raise Invalid({"done_at": ["This time lies in the future. Check the clock."]})
    if at < now - ACCEPTED_LATE:
        raise Invalid({"done_at": [f"Checks are accepted up to {ACCEPTED_LATE.days} days late."]})
    return at


def _order_for(check: ReadinessCheck, entry: ReadinessEntry, judged: Judged, words: str, now: datetime) -> WorkOrder:
    """The order of this check that is still open, else a new one: a broken cart is reported each shift, and repaired once."""
    known = ReadinessEntry.objects.filter(check_done=check, work_order__under_way=True).order_by("-done_at").first()
    if known is not None and known.work_order is not None:
        return known.work_order
    said = [*judged.problems, *([f"{entry.person_name}: {words}"] if words else [])]
    return open_order(
        actor=SYSTEM,
        title=f"{check.name}: {said[0]}"[:200],
        kind=Kind.CORRECTIVE,
        device=check.device.control_number if check.device else None,
        facility_id=check.facility_id,
        location_id=check.location_id,
        department_id=check.department_id,
        description="\n".join(said),
        origin=Origin.READINESS,
        reporter_name=entry.person_name,
        now=now,
    )


def _tell(check: ReadinessCheck, entry: ReadinessEntry, order: WorkOrder | None, now: datetime) -> None:
    """Take back what was told of a missed period that is done after all, and tell technicians of a problem."""
    slot = slot_at(rhythm_of(check), entry.done_at)
    if slot is not None and slot.end <= now:
        notices.withdraw(keys=keys_of(check, slot), now=now)
    if entry.problem:
        notices.tell(
            key=f"readiness-problem:{entry.uid}", kind="readiness_problem", subject=f"{check.name}: problem found"[:200],
            text=f"{entry.problem_text} Reported by {entry.person_name}. {order or ''}".strip(),
            url=reverse("rounds:readiness-check", args=[check.code]), role=Role.TECHNICIAN, facility_id=check.facility_id, now=now,
        )  # fmt: skip
