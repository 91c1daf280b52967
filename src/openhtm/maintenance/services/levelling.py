"""Spread the year's work: propose other months, carry the proposal out, and take it back.

A visit is only ever moved to an earlier month, by at most half its interval, so no device waits longer than its interval allows.
Visits whose window is open, that were tried, or that have an order stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import LevellingItem, LevellingProposal, Visit
from openhtm.maintenance.rules.calendar import add_months, first_grid_on_or_after, month_start
from openhtm.maintenance.rules.levelling import LONGEST_HORIZON, Group, Proposal, level
from openhtm.maintenance.services import settle_sql
from openhtm.maintenance.services.base_months import set_month, take_month_back
from openhtm.maintenance.services.settling import days_at_facilities, settle
from openhtm.procedures.models import ProcedureVersion

MOST = 50_000
"""Schedules one proposal may look at: more are done department by department."""
DAY_MIN = 480
"""Work of one place that moves together, in minutes: about a day of one person."""
AT_ONCE = 5_000


class LevellingDecided(DomainError):
    """The proposal is not in the state that the step needs."""

    code = "levelling-decided"
    status = 409
    message = "This proposal is {status}: it cannot be {wanted} now."


@dataclass(frozen=True, slots=True)
class Carried:
    """Schedules that were moved, and the control numbers of those that had to stay as they are.

    ``month_kept``: the base month (1 to 12) that somebody gave the department since, which taking back leaves.
    """

    moved: int
    stayed: tuple[str, ...]
    month_kept: int | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    schedule_id: int
    device_id: int
    department_id: int | None
    location_id: int | None
    procedure_id: int
    every_n: int
    every_unit: str
    anchor_on: date
    starts_on: date
    due_on: date
    movable: bool
    minutes: int

    @property
    def months(self) -> int:
        return self.every_n * (12 if self.every_unit == "year" else 1)


@transaction.atomic
def propose(
    *, actor: Actor, facility_id: int, department_ids: Sequence[int] = (), skill: str = "", leave_high_risk: bool = True, title: str = "",
    now: datetime | None = None,
) -> LevellingProposal:  # fmt: skip
    """Work out a more even spread from next month on and keep it for a decision. Nothing is moved yet. About six statements.

    Raises NotAllowed, Invalid (too many schedules, or none that could move).
    """
    now = now or timezone.now()
    require(actor, Permission.PLAN_MAINTENANCE, at=facility_id)
    today = days_at_facilities(now=now)[facility_id]
    first_on = add_months(month_start(today), 1)
    found = _candidates(actor, facility_id, department_ids, skill, today=today, leave_high_risk=leave_high_risk)
    groups = _grouped(found, first_on)
    answer = level([_group(key, members, first_on) for key, members in groups.items()])
    proposal = LevellingProposal.objects.create(
        facility_id=facility_id, title=title.strip()[:120] or f"From {first_on:%B %Y}", before=_year(answer, before=True),
        after=_year(answer, before=False), created_by_id=actor.user_id, created_by_name=actor.name[:120], created_at=now,
        scope={"departments": list(department_ids), "skill": skill, "leave_high_risk": leave_high_risk, "from": first_on.isoformat(),
               "looked_at": len(found), "fixed": sum(not one.movable for one in found)},
    )  # fmt: skip
    items = [
        _item(proposal, one, months=move.from_offset - move.to_offset, to_month=add_months(first_on, move.to_offset))
        for move in answer.moves
        for one in groups[move.key]
    ]
    LevellingItem.objects.bulk_create(items, batch_size=AT_ONCE)
    return proposal


@transaction.atomic
def accept(*, actor: Actor, uid: Any, reason: str, now: datetime | None = None) -> Carried:
    """Move the schedules of a proposal; those changed since, tried or opened meanwhile stay. A fixed number of statements.

    Raises LevellingProposal.DoesNotExist, NotAllowed, LevellingDecided, Invalid.
    """
    now = now or timezone.now()
    proposal = _locked(actor, uid, "proposed", "accepted")
    if not reason.strip():
        raise Invalid({"reason": ["Give the reason."]})
    carried = _carry(proposal, back=False, reason=reason.strip()[:400], actor=actor, now=now)
    set_month(proposal)
    proposal.status, proposal.decided_at = "accepted", now
    proposal.save(update_fields=["status", "decided_at"])
    return carried


@transaction.atomic
def undo(*, actor: Actor, uid: Any, now: datetime | None = None) -> Carried:
    """Give every schedule and the base month what they had before, unless they were changed since; says which those are.

    Raises LevellingProposal.DoesNotExist, NotAllowed, LevellingDecided.
    """
    now = now or timezone.now()
    proposal = _locked(actor, uid, "accepted", "undone")
    carried = _carry(proposal, back=True, reason=f"Levelling taken back: {proposal.title}"[:400], actor=actor, now=now)
    kept = take_month_back(proposal)
    proposal.status, proposal.undone_at = "undone", now
    proposal.save(update_fields=["status", "undone_at"])
    return replace(carried, month_kept=kept)


def proposals(actor: Actor) -> QuerySet[LevellingProposal]:
    """The proposals of facilities where the actor may plan, newest first."""
    keys = actor.facilities_for(Permission.PLAN_MAINTENANCE)
    found = LevellingProposal.objects.select_related("facility")
    return found if keys is None else found.filter(facility_id__in=keys)


def _locked(actor: Actor, uid: Any, status: str, wanted: str) -> LevellingProposal:
    proposal = proposals(actor).select_for_update(of=("self",)).get(uid=uid)
    require(actor, Permission.PLAN_MAINTENANCE, at=proposal.facility_id, place=proposal.facility.name)
    if proposal.status != status:
        raise LevellingDecided(status=proposal.status, wanted=wanted)
    return proposal


def _candidates(
    actor: Actor, facility_id: int, department_ids: Sequence[int], skill: str, *, today: date, leave_high_risk: bool
) -> list[_Candidate]:
    released = ProcedureVersion.objects.filter(procedure=OuterRef("schedule__procedure"), status="released")
    found = Visit.objects.visible_to(actor).filter(
        is_open=True, device__facility_id=facility_id, schedule__live=True, schedule__cycle="fixed", schedule__ends_on=None,
        schedule__every_unit__in=("month", "year"), schedule__blackout_months=[],
    )  # fmt: skip
    if department_ids:
        found = found.filter(device__department_id__in=department_ids)
    if skill:
        wanted = Coalesce(Subquery(released.values("skill")[:1]), F("schedule__plan_line__skill"))
        found = found.annotate(own=F("schedule__plan_line__skill"), general=wanted)
        found = found.filter(own=skill) | found.filter(own="", general=skill)
    minutes = Coalesce("schedule__plan_line__est_min", Subquery(released.values("est_min")[:1]), 0)
    rows = found.annotate(minutes=minutes).order_by("schedule_id").values_list(
        "schedule_id", "device_id", "device__department_id", "device__location_id", "schedule__procedure_id", "schedule__every_n",
        "schedule__every_unit", "schedule__anchor_on", "schedule__starts_on", "due_on", "minutes", "opens_on", "state",
        "attempts_count", "work_order_id", "device__high_risk",
    )[: MOST + 1]  # fmt: skip
    read = [
        _Candidate(*row[:10], _may_move(*row[11:], today=today, leave_high_risk=leave_high_risk), row[10])
        for row in rows
        if row[5] * (12 if row[6] == "year" else 1) <= LONGEST_HORIZON
    ]
    if len(read) > MOST:
        raise Invalid({"departments": [f"That is more than {MOST:,} schedules. Choose some departments."]})
    if not any(one.movable for one in read):
        raise Invalid({"": ["There is no visit here that could be moved."]})
    return read


def _may_move(
    opens_on: date, state: str, attempts: int, order_id: int | None, high_risk: bool, *, today: date, leave_high_risk: bool
) -> bool:  # fmt: skip
    return state == "not_due" and opens_on > today and not attempts and order_id is None and not (high_risk and leave_high_risk)


def _ahead(one: _Candidate, first_on: date) -> int:
    return (one.due_on.year - first_on.year) * 12 + one.due_on.month - first_on.month


def _grouped(found: Iterable[_Candidate], first_on: date) -> dict[str, list[_Candidate]]:
    """Put the work of a place that comes together into portions of about a day."""
    groups: dict[str, list[_Candidate]] = {}
    filled: dict[str, int] = {}
    for one in found:
        ahead = _ahead(one, first_on)
        moves = one.movable and 0 <= ahead < one.months
        kind = f"{one.department_id or 0}:{one.location_id or 0}:{one.procedure_id}:{one.months}:{ahead if moves else ahead % one.months}:{moves:d}"
        filled[kind] = filled.get(kind, 0) + one.minutes
        groups.setdefault(f"{kind}:{(filled[kind] - 1) // DAY_MIN if moves else 0}", []).append(one)
    return groups


def _group(key: str, members: Sequence[_Candidate], first_on: date) -> Group:
    place, _, _, months, ahead, moves, _ = (int(part) for part in key.split(":"))
    soonest = max(0, ahead - months // 2) if moves else ahead
    allowed = frozenset(range(soonest, ahead + 1))
    return Group(key, sum(one.minutes for one in members), months, ahead, allowed, str(place or ""))


def _year(answer: Proposal, *, before: bool) -> list[int]:
    minutes = (answer.before if before else answer.after).minutes
    return [minutes[k % len(minutes)] for k in range(12)]


def _item(proposal: LevellingProposal, one: _Candidate, *, months: int, to_month: date) -> LevellingItem:
    anchor_on = _earlier(one.anchor_on, months, one.months)
    due_on = first_grid_on_or_after(anchor_on, one.every_n, one.every_unit, to_month)
    return LevellingItem(
        proposal=proposal, schedule_id=one.schedule_id, from_anchor_on=one.anchor_on, to_anchor_on=anchor_on, from_starts_on=one.starts_on,
        to_starts_on=due_on,
    )  # fmt: skip


def _earlier(anchor_on: date, months: int, interval: int) -> date:
    """Return the anchor so many months earlier, further back by whole intervals where a short month would change its day."""
    tries = [add_months(anchor_on, -months - interval * k) for k in range(12)]
    return max(tries, key=lambda day: (day.day, day))


_UNTOUCHED = """
  JOIN maintenance_schedule s ON s.id = i.schedule_id AND s.live AND s.cycle = 'fixed' AND s.ends_on IS NULL
    AND s.anchor_on = i.{old}_anchor_on AND s.starts_on = i.{old}_starts_on
  JOIN maintenance_visit v ON v.schedule_id = s.id AND v.is_open AND v.attempts_count = 0 AND v.work_order_id IS NULL
  WHERE i.proposal_id = %(proposal)s AND {condition}
"""
_ACCEPTABLE = "v.state = 'not_due' AND v.opens_on > %(today)s AND i.to_starts_on > %(today)s"
_RESTORABLE = """v.due_on = i.to_starts_on AND v.state IN ('not_due', 'in_window')
    AND (SELECT c.kind = 'levelled' AND c.recorded_at = %(decided)s FROM maintenance_schedulechange c
         WHERE c.schedule_id = s.id ORDER BY c.recorded_at DESC, c.id DESC LIMIT 1)"""
_MOVE = """
WITH fit AS (
  SELECT s.id, s.anchor_on AS was_anchor_on, s.starts_on AS was_starts_on, i.{new}_anchor_on AS anchor_on, i.{new}_starts_on AS starts_on
  FROM maintenance_levellingitem i {untouched}
),
told AS (
  INSERT INTO maintenance_schedulechange (uid, schedule_id, kind, before, after, reason, actor_id, actor_name, recorded_at)
  SELECT gen_random_uuid(), id, 'levelled', jsonb_build_object('anchor_on', was_anchor_on, 'starts_on', was_starts_on),
    jsonb_build_object('anchor_on', anchor_on, 'starts_on', starts_on), %(reason)s, %(user)s, %(name)s, %(now)s FROM fit
)
UPDATE maintenance_schedule s SET anchor_on = f.anchor_on, starts_on = f.starts_on, changed_at = %(now)s FROM fit f WHERE s.id = f.id
RETURNING s.id
"""


def _carry(proposal: LevellingProposal, *, back: bool, reason: str, actor: Actor, now: datetime) -> Carried:
    """Settle what passed under the old days, move what is untouched, and settle again under the new ones."""
    today = days_at_facilities(now=now)
    subjects = dict(proposal.items.values_list("schedule_id", "schedule__device__control_number"))
    device_ids = sorted(set(proposal.items.values_list("schedule__device_id", flat=True)))
    untouched = _UNTOUCHED.format(old="to" if back else "from", condition=_RESTORABLE if back else _ACCEPTABLE)
    with connection.cursor() as cursor:
        cursor.execute(settle_sql.LOCK_SHARED, [settle_sql.LOCK_KEY])
        _settle(device_ids, now, today)
        cursor.execute(
            _MOVE.format(new="from" if back else "to", untouched=untouched),
            {"proposal": proposal.pk, "today": today[proposal.facility_id], "reason": reason, "user": actor.user_id,
             "name": actor.name[:120], "now": now, "decided": proposal.decided_at},
        )  # fmt: skip
        moved = {row[0] for row in cursor.fetchall()}
    _settle(device_ids, now, today)
    return Carried(len(moved), tuple(sorted({number for key, number in subjects.items() if key not in moved})))


def _settle(device_ids: Sequence[int], now: datetime, today: dict[int, date]) -> None:
    for position in range(0, len(device_ids), AT_ONCE):
        settle(device_ids=device_ids[position : position + AT_ONCE], now=now, today=today)
