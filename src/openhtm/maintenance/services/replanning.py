"""Give many visits other days or other people: propose, carry out, take back. Batches of one place go the same way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import Replan, ReplanItem, Visit
from openhtm.maintenance.queries.planned_days import free_days
from openhtm.maintenance.rules.holding import LEAD_DAYS
from openhtm.maintenance.rules.planning_defaults import defaults
from openhtm.maintenance.rules.spreading import MOVES, Job, Placed, Verdict, judge, spread
from openhtm.maintenance.services.orders import groups_ahead, open_ahead
from openhtm.maintenance.services.settling import days_at_facilities, lock_schedules
from openhtm.sites.models import Facility
from openhtm.workorders.services.planning import PLANNABLE, OrderPlan, plan_orders
from openhtm.workorders.services.shared import MAX_AT_ONCE
from openhtm.workorders.services.visits import cancel_untouched

MOST_DAYS = 366


class ReplanDecided(DomainError):
    """The change is not in the state that the step needs."""

    code = "replan-decided"
    status = 409
    message = "This change is {status}: it cannot be {wanted} now."


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. ``mode``: spread over the working days from ``first_on`` to ``last_on``, shift by ``shift_days``, or keep the days.

    ``keep_person``: people stay as they are; else the visits get ``user_id`` (or nobody) and, where given, ``team_id``.
    """

    mode: str = "spread"
    first_on: date | None = None
    last_on: date | None = None
    shift_days: int = 0
    keep_person: bool = True
    user_id: int | None = None
    team_id: int | None = None
    beyond_hours: bool = False
    into_grace: bool = False


@dataclass(frozen=True, slots=True)
class Carried:
    """Visits that were moved or restored, and the control numbers of those that had to stay as they are."""

    moved: int
    stayed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """An open visit as planning sees it."""

    visit_id: int
    device_id: int
    order_id: int | None
    opens_on: date
    due_on: date
    on_time_until: date
    grace_until: date
    minutes: int
    place: str
    planned_on: date | None
    user_id: int | None
    team_id: int | None
    order_status: str | None
    key: str = ""
    """The piece of work it belongs to: its order, or what will share one with it."""

    @property
    def plannable(self) -> bool:
        return self.order_status is None or self.order_status in PLANNABLE


_FACTS = """
SELECT v.id, v.device_id, v.work_order_id, v.opens_on, v.due_on, v.on_time_until, v.grace_until, COALESCE(l.est_min, r.est_min, 0),
  COALESCE(subpath(p.path, 0, least(nlevel(p.path), 3))::text, ''), o.planned_on, o.assigned_user_id, o.assigned_team_id, o.status
FROM maintenance_visit v
JOIN maintenance_schedule s ON s.id = v.schedule_id
JOIN maintenance_planline l ON l.id = s.plan_line_id
JOIN inventory_device d ON d.id = v.device_id AND d.facility_id = %s
LEFT JOIN procedures_procedureversion r ON r.procedure_id = s.procedure_id AND r.status = 'released'
LEFT JOIN sites_location p ON p.id = d.location_id
LEFT JOIN workorders_workorder o ON o.id = v.work_order_id
WHERE v.id = ANY(%s) AND v.is_open AND v.state <> 'held' ORDER BY v.id
"""


@transaction.atomic
def propose(
    *, actor: Actor, facility_id: int, visit_ids: Iterable[int], wish: Wish, kind: str = "replan", title: str = "", now: datetime | None = None
) -> Replan:  # fmt: skip
    """Work out who does each of these visits on which day, and keep it to be looked at. Nothing is changed yet. About eight statements.

    Visits that are held, or that somebody is at work on, are left out. Raises NotAllowed, Invalid.
    """
    now = now or timezone.now()
    facility = Facility.objects.visible_to(actor).get(pk=facility_id)
    require(actor, Permission.PLAN_MAINTENANCE, at=facility_id, place=facility.name)
    wanted = sorted(set(visit_ids))
    if len(wanted) > MAX_AT_ONCE:
        raise Invalid({"": [f"That is more than {MAX_AT_ONCE:,} visits. Narrow the filter."]})
    days = days_at_facilities(now=now)
    today = days[facility_id]
    _refuse(wish, today)
    visible = Visit.objects.visible_to(actor).filter(pk__in=wanted).values_list("pk", flat=True)
    found = _by_work([one for one in read_facts(facility_id, list(visible)) if one.plannable], days)
    if not found:
        raise Invalid({"": ["None of these visits can be planned: choose open ones that nobody is at work on."]})
    placed = {one.key: one for one in _place(found, wish, facility_id, today)}
    stored = {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(wish).items()}
    replan = Replan.objects.create(
        facility=facility, kind=kind, title=title.strip()[:120] or f"{len(found):,} visits", wish=stored, created_by_id=actor.user_id,
        created_by_name=actor.name[:120], created_at=now,
    )  # fmt: skip
    ReplanItem.objects.bulk_create([_item(replan, one, placed[one.key], wish) for one in found], batch_size=2_000)
    return replan


@transaction.atomic
def apply(*, actor: Actor, uid: Any, reason: str, now: datetime | None = None) -> Carried:
    """Carry a change out: orders are opened where there are none yet, and get their day and their people. A fixed number of statements.

    The schedules of the visits are locked before anything is judged, so that no run opens a second order meanwhile. Visits
    that were changed, begun or settled since the proposal stay. Raises Replan.DoesNotExist, NotAllowed,
    ReplanDecided, NotQualified, Invalid.
    """
    now = now or timezone.now()
    replan = _locked(actor, uid, "proposed", "carried out")
    if not reason.strip() and replan.kind != "batch":
        raise Invalid({"reason": ["Give the reason."]})
    today = days_at_facilities(now=now)
    items = {item.visit_id: item for item in replan.items.filter(verdict__in=sorted(MOVES))}
    _lock(items)
    found = _by_work([one for one in read_facts(replan.facility_id, list(items)) if one.plannable], today)
    jobs = {job.key: job for job in _jobs(found)}
    chosen = [one for one in found if _still(jobs[one.key], items[one.visit_id], today[replan.facility_id])]
    fresh = {one.visit_id for one in chosen if one.order_id is None}
    if fresh:
        open_ahead(
            actor=actor, visit_ids=sorted(fresh), device_ids=sorted({one.device_id for one in chosen if one.order_id is None}), today=today,
            now=now,
        )  # fmt: skip
        chosen = read_facts(replan.facility_id, [one.visit_id for one in chosen])
    changed = plan_orders(actor=actor, plans=_plans(chosen, items, back=False), now=now)
    for one in chosen:
        item = items[one.visit_id]
        item.work_order_id, item.opened = one.order_id, one.visit_id in fresh
    _note(items.values(), changed, done="moved", not_done="stayed")
    replan.status, replan.applied_at, replan.reason = "applied", now, reason.strip()[:400]
    replan.save(update_fields=["status", "applied_at", "reason"])
    return _carried(replan, "moved")


@transaction.atomic
def undo(*, actor: Actor, uid: Any, now: datetime | None = None) -> Carried:
    """Give every order exactly the day and people it had, unless somebody changed or began it since; says which those are.

    Orders that the change opened are given up again where it is not their time yet. Raises Replan.DoesNotExist, NotAllowed, ReplanDecided.
    """
    now = now or timezone.now()
    replan = _locked(actor, uid, "applied", "undone")
    today = days_at_facilities(now=now)[replan.facility_id]
    items = {item.visit_id: item for item in replan.items.filter(outcome="moved")}
    _lock(items)
    found = [one for one in read_facts(replan.facility_id, list(items)) if one.order_id == items[one.visit_id].work_order_id]
    changed = plan_orders(actor=actor, plans=_plans(found, items, back=True), back=True, now=now)
    soon = {one.order_id for one in found if not items[one.visit_id].opened or one.opens_on <= today + timedelta(days=LEAD_DAYS)}
    _give_up(actor, sorted(changed - soon), replan, now)
    _note(items.values(), changed, done="restored", not_done="kept")
    replan.status, replan.undone_at = "undone", now
    replan.save(update_fields=["status", "undone_at"])
    return _carried(replan, "restored")


@dataclass(frozen=True, slots=True)
class AcceptedBatch:
    """The change that a batch became."""

    uid: Any
    carried: Carried


@transaction.atomic
def accept_batch(
    *, actor: Actor, facility_id: int, visit_ids: Sequence[int], planned_on: date, user_id: int | None = None, team_id: int | None = None,
    title: str = "", now: datetime | None = None,
) -> AcceptedBatch:  # fmt: skip
    """Give all these visits one day and one person or team, at once. ``undo`` takes it back.

    Raises NotAllowed, and Invalid if the day lies outside the window of any of them.
    """
    wish = Wish("spread", planned_on, planned_on, keep_person=not (user_id or team_id), user_id=user_id, team_id=team_id, beyond_hours=True)
    replan = propose(actor=actor, facility_id=facility_id, visit_ids=visit_ids, wish=wish, kind="batch", title=title, now=now)
    outside = replan.items.exclude(verdict__in=sorted(MOVES)).values_list("visit__device__control_number", flat=True)
    if numbers := sorted(set(outside)):
        raise Invalid({"planned_on": [f"The day lies outside the window of {', '.join(numbers[:5])}. Choose another day."]})
    return AcceptedBatch(replan.uid, apply(actor=actor, uid=replan.uid, reason="", now=now))


def replans(actor: Actor) -> QuerySet[Replan]:
    """The changes at facilities where the actor may plan, newest first."""
    keys = actor.facilities_for(Permission.PLAN_MAINTENANCE)
    found = Replan.objects.select_related("facility")
    return found if keys is None else found.filter(facility_id__in=keys)


def read_facts(facility_id: int, visit_ids: Sequence[int]) -> list[Facts]:
    """Read these visits of a facility as far as they are open and not held. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [facility_id, list(visit_ids)])
        return [Facts(*row) for row in cursor.fetchall()]


def _refuse(wish: Wish, today: date) -> None:
    errors: dict[str, list[str]] = {}
    if wish.mode not in ("spread", "shift", "keep"):
        errors["mode"] = ["Choose spread, shift or keep."]
    if wish.mode == "spread":
        if wish.first_on is None:
            errors["first_on"] = ["Give the first day."]
        elif wish.first_on < today:
            errors["first_on"] = ["Choose today or a later day."]
        elif wish.last_on and not 0 <= (wish.last_on - wish.first_on).days <= MOST_DAYS:
            errors["last_on"] = ["Choose a day from the first one on, at most a year later."]
    if wish.mode == "shift" and not 0 < abs(wish.shift_days) <= MOST_DAYS:
        errors["shift_days"] = [f"Give a number of days from 1 to {MOST_DAYS}, or less than 0 to move them earlier."]
    if wish.mode == "keep" and wish.keep_person:
        errors["mode"] = ["Say what should change: the days, the person or the team."]
    if errors:
        raise Invalid(errors)


def _locked(actor: Actor, uid: Any, status: str, wanted: str) -> Replan:
    replan = replans(actor).select_for_update(of=("self",)).get(uid=uid)
    require(actor, Permission.PLAN_MAINTENANCE, at=replan.facility_id, place=replan.facility.name)
    if replan.status != status:
        raise ReplanDecided(status=replan.get_status_display().lower(), wanted=wanted)
    return replan


def _lock(visit_ids: Iterable[int]) -> None:
    """Have the visits' schedules to oneself, in the order in which runs take them."""
    lock_schedules(Visit.objects.filter(pk__in=list(visit_ids)).order_by().values_list("device_id", flat=True).distinct())


def _by_work(found: Sequence[Facts], today: Mapping[int, date]) -> list[Facts]:
    """Say of each visit to which piece of work it belongs: its order, or that which ``open_ahead`` would open. One statement."""
    groups = groups_ahead(device_ids=sorted({one.device_id for one in found if one.order_id is None}), today=today)
    ahead = {visit.visit_id: f"v{group.visits[0].visit_id}" for group in groups for visit in group.visits}
    return [replace(one, key=f"o{one.order_id}" if one.order_id else ahead.get(one.visit_id, f"v{one.visit_id}")) for one in found]


def _jobs(found: Sequence[Facts]) -> list[Job]:
    together: dict[str, list[Facts]] = defaultdict(list)
    for one in found:
        together[one.key].append(one)
    return [_job(key, many) for key, many in together.items()]


def _job(key: str, many: Sequence[Facts]) -> Job:
    """The window of an order is where the windows of its visits meet, or that of the most urgent one."""
    first = min(many, key=lambda one: (one.on_time_until, one.visit_id))
    opens_on = max(one.opens_on for one in many)
    return Job(
        key, sum(one.minutes for one in many), opens_on if opens_on <= first.on_time_until else first.opens_on, first.on_time_until,
        min(one.grace_until for one in many), first.place,
    )  # fmt: skip


def _place(found: Sequence[Facts], wish: Wish, facility_id: int, today: date) -> list[Placed]:
    jobs = _jobs(found)
    now_on = {one.key: one.planned_on for one in found}
    if wish.mode == "keep":
        return [Placed(job.key, now_on[job.key], Verdict.FITS) for job in jobs]
    if wish.mode == "shift":
        due = {one.key: one.due_on for one in reversed(found)}
        return [_shifted(job, now_on[job.key] or due[job.key], wish, today) for job in jobs]
    return _spread(found, jobs, wish, facility_id, today)


def _spread(found: Sequence[Facts], jobs: Sequence[Job], wish: Wish, facility_id: int, today: date) -> list[Placed]:
    """Fill the days of each person by their own hours; work of nobody fills those of the facility."""
    holders = {one.key: (one.user_id, one.team_id) if wish.keep_person else (wish.user_id, wish.team_id) for one in found}
    first_on = wish.first_on or today
    free = free_days(
        facility_id=facility_id, days=_days(first_on, wish.last_on or first_on), holders=holders.values(),
        without_orders=[one.order_id for one in found if one.order_id], on=today,
    )  # fmt: skip
    placed: list[Placed] = []
    for holder, days in sorted(free.items(), key=str):
        mine = [job for job in jobs if holders[job.key] == holder]
        placed += spread(
            mine, days, today=today, beyond_hours=wish.beyond_hours, into_grace=wish.into_grace, together_min=defaults().together_min
        )
    return placed


def _days(first_on: date, last_on: date) -> list[date]:
    """The working days; a single day that somebody chose is taken as it is."""
    return [first_on] if first_on == last_on else list(defaults().days(first_on, last_on))


def _shifted(job: Job, was_on: date, wish: Wish, today: date) -> Placed:
    """Move to the same distance, on a working day: the next one, or the one before where days are moved earlier."""
    step = timedelta(days=1 if wish.shift_days > 0 else -1)
    day = was_on + timedelta(days=wish.shift_days)
    while day.isoweekday() not in defaults().working_days:
        day += step
    verdict = judge(job, day, today=today)
    if verdict is Verdict.IN_GRACE and not wish.into_grace:
        return Placed(job.key, None, Verdict.LATE)
    return Placed(job.key, day if verdict in MOVES else None, verdict)


def _item(replan: Replan, one: Facts, placed: Placed, wish: Wish) -> ReplanItem:
    moves = placed.verdict in MOVES and (placed.on is not None or wish.mode == "keep")
    user_id, team_id = (one.user_id, one.team_id) if wish.keep_person else (wish.user_id, wish.team_id or one.team_id)
    return ReplanItem(
        replan=replan, visit_id=one.visit_id, work_order_id=one.order_id, minutes=one.minutes, from_planned_on=one.planned_on,
        from_user_id=one.user_id, from_team_id=one.team_id, to_planned_on=placed.on if moves else one.planned_on,
        to_user_id=user_id if moves else one.user_id, to_team_id=team_id if moves else one.team_id,
        verdict=str(placed.verdict if moves or placed.verdict not in MOVES else Verdict.LATE),
    )  # fmt: skip


def _still(job: Job, item: ReplanItem, today: date) -> bool:
    """True if the day that was worked out still lies in the window of the work, or no day was given."""
    if item.to_planned_on is None or item.to_planned_on == item.from_planned_on:
        return True
    verdict = judge(job, item.to_planned_on, today=today)
    return verdict in MOVES and (verdict is not Verdict.IN_GRACE or item.verdict == Verdict.IN_GRACE)


def _plans(found: Sequence[Facts], items: dict[int, ReplanItem], *, back: bool) -> list[OrderPlan]:
    """One for each order: what the change gives it, from what it had; or, ``back``, the other way round."""
    plans: dict[int, OrderPlan] = {}
    for one in found:
        item = items[one.visit_id]
        before = (item.from_planned_on, item.from_user_id, item.from_team_id)
        after = (item.to_planned_on, item.to_user_id, item.to_team_id)
        if one.order_id:
            plans.setdefault(one.order_id, OrderPlan(one.order_id, *(after if back else before), *(before if back else after)))
    return list(plans.values())


def _give_up(actor: Actor, order_ids: list[int], replan: Replan, now: datetime) -> None:
    """Cancel orders that were opened ahead, so that their visits get one again when their time comes."""
    if not order_ids:
        return
    cancel_untouched(actor=actor, order_ids=order_ids, reason=f"Planning taken back: {replan.title}", now=now)
    Visit.objects.filter(work_order_id__in=order_ids, work_order__status="cancelled").update(work_order=None, updated_at=now)


def _note(items: Iterable[ReplanItem], changed: set[int], *, done: str, not_done: str) -> None:
    every = list(items)
    for item in every:
        item.outcome = done if item.work_order_id in changed else not_done
    ReplanItem.objects.bulk_update(every, ["outcome", "work_order", "opened"], batch_size=2_000)


def _carried(replan: Replan, outcome: str) -> Carried:
    moved = replan.items.filter(outcome=outcome).count()
    left = {"moved": "stayed", "restored": "kept"}[outcome]
    stayed = replan.items.filter(outcome=left).values_list("visit__device__control_number", flat=True)
    return Carried(moved, tuple(sorted(set(stayed))))
