"""The guard: getting and closing work check who is qualified; two people may stand for an exception; closed work keeps the proof."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from openhtm.catalog.models import DeviceType
from openhtm.competence.queries.policies import policies_of
from openhtm.competence.queries.standing import Target, credentials_out, held_out, standings
from openhtm.competence.rules.guard import Act, JudgedOn, Mode, Outcome, Policy, RiskClass, Standing, Verdict, judge, policy_for
from openhtm.competence.rules.wording import ground_in_words, reasons_in_words
from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.workforce.models import StaffMember
from openhtm.workforce.queries import skills_on
from openhtm.workforce.services.people import staff_of_accounts
from openhtm.workorders.models import ClosingQualification, QualificationOverride, WorkOrder
from openhtm.workorders.queries.qualification import day_at, judged_for, overrides_for, people_to_override, targets_of
from openhtm.workorders.queries.roles import roles_held, roles_of
from openhtm.workorders.services.shared import clean_words, lock_order, log


class NotQualified(DomainError):
    """The policy refuses: whoever would get, do or decide this is not qualified for it on that day."""

    code = "not-qualified"
    message = "{person} is not qualified for {what}: {reasons}. {remedy}"


class NotASecondPerson(DomainError):
    """Whoever asked for the override, or whom it is about, tried to confirm it."""

    code = "override-needs-second-person"
    message = "{why} Let another person who may do so confirm it."


REMEDY = "Choose somebody who may do it, or let two people override it with a reason."


def guard_assignment(orders: Sequence[WorkOrder], *, user_ids: Mapping[int, int], now: datetime) -> dict[int, Verdict]:
    """Judge who is to get each order (account by order key) and return the warnings by order. Six statements for any number of orders.

    One statement where no policy asks for anything. Raises NotQualified if one is refused and was not overridden.
    """
    wanted = [order for order in orders if order.pk in user_ids]
    policies = [one for one in policies_of(Act.ASSIGN) if one.mode != Mode.OFF] if wanted else []
    targets = targets_of(wanted) if policies else {}
    if not targets:
        return {}
    return _allowed(wanted, user_ids, _lacking(wanted, user_ids, policies, targets, now), Act.ASSIGN)


def _lacking(
    orders: Sequence[WorkOrder], user_ids: Mapping[int, int], policies: Sequence[Policy], targets: Mapping[int, Target], now: datetime
) -> dict[int, Verdict]:
    """The verdicts, by order, on those whom something is missing to get it. Four statements."""
    users, about = set(user_ids.values()), [order for order in orders if order.pk in targets]
    if not about:
        return {}
    read = standings(targets=set(targets.values()), on=max(day_at(order, now) for order in about), user_ids=users)
    roles = roles_of(users, policies)
    known: dict[tuple[int, int, Target], Verdict] = {}
    found: dict[int, Verdict] = {}
    for order in about:
        key = (user_ids[order.pk], order.facility_id, targets[order.pk])
        if key not in known:
            known[key] = judged_for(policies, order, key[2], read, key[0], roles, now=now)
        if not known[key].fits:
            found[order.pk] = known[key]
    return found


def _allowed(orders: Sequence[WorkOrder], user_ids: Mapping[int, int], found: dict[int, Verdict], act: Act) -> dict[int, Verdict]:
    """Take out what was overridden; raise if anything refused is left."""
    if not found:
        return found
    overridden = overrides_for(list(found), act=act)
    left = {pk: verdict for pk, verdict in found.items() if (pk, user_ids[pk]) not in overridden}
    refused = [order for order in orders if order.pk in left and left[order.pk].outcome == Outcome.BLOCK]
    if refused:
        first = refused[0]
        more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
        person = str(User.objects.get(pk=user_ids[first.pk]))
        raise NotQualified(person=person, what=f"{first}{more}", reasons=reasons_in_words(left[first.pk].reasons), remedy=REMEDY)
    return left


def warning_of(verdict: Verdict | None) -> str:
    """The line of the timeline that says what was missing; empty if nothing was."""
    return "" if verdict is None else f"Not qualified by the policy of that day: {reasons_in_words(verdict.reasons)}."


@dataclass(frozen=True, slots=True)
class Performed:
    """Who did an order's work, the day and moment they are judged by, and how they stand."""

    user_id: int | None
    on: date
    moment: datetime
    verdict: Verdict
    policy: Policy | None
    target: Target | None
    standing: Standing
    staff_id: int | None
    override: QualificationOverride | None = None


def guard_closing(order: WorkOrder, *, actor: Actor, now: datetime) -> Performed:
    """Judge whoever did the work on the day the policy names. Seven statements at most.

    Raises NotQualified if the policy refuses and nobody overrode it.
    """
    found = performed(order, actor=actor, now=now)
    if found.verdict.outcome == Outcome.BLOCK and found.override is None:
        person = str(User.objects.get(pk=found.user_id)) if found.user_id else "Whoever did the work"
        raise NotQualified(
            person=person, what=f"the work of {order}", reasons=reasons_in_words(found.verdict.reasons),
            remedy="Let somebody qualified do it again, or let two people override it with a reason.",
        )  # fmt: skip
    return found


def performed(order: WorkOrder, *, actor: Actor, now: datetime) -> Performed:
    """How whoever did an order's work stands for closing it. Six statements at most."""
    return _for_closing(order, user_id=order.completed_by_id or actor.user_id, now=now)


def _for_closing(order: WorkOrder, *, user_id: int | None, now: datetime) -> Performed:
    """How somebody stands as the one who did an order's work, on the day that the policy names.

    A company's work is judged by its report, not here.
    """
    done_at = order.completed_at or now
    target = targets_of([order]).get(order.pk)
    if target is None or user_id is None or order.assigned_provider_id is not None:
        return Performed(user_id, day_at(order, done_at), done_at, Verdict(Outcome.OK), None, target, Standing(known=False), None)
    policies = policies_of(Act.CLOSE)
    policy = policy_for(policies, act=Act.CLOSE, risk=target.risk, on=day_at(order, now))
    moment = now if policy is not None and policy.judged_on == JudgedOn.ACT_DAY else done_at
    on = day_at(order, moment)
    read = standings(targets=[target], on=on, user_ids=[user_id])
    roles = roles_of([user_id], policies).at(user_id, order.facility_id, moment)
    standing = read.of_user(user_id, target, roles=roles)
    verdict = judge(policy, standing, on=on)
    override = None if verdict.fits else overrides_for([order.pk], act=Act.CLOSE).get((order.pk, user_id))
    return Performed(user_id, on, moment, verdict, policy, target, standing, read.by_user.get(user_id), override)


def stamp_closing(order: WorkOrder, found: Performed, *, now: datetime) -> ClosingQualification | None:
    """Write the performer's qualification onto the closed order, as it was on the day. Four statements; none for work of nobody."""
    if found.user_id is None and order.assigned_provider_id is None:
        return None
    user = User.objects.filter(pk=found.user_id or 0).first()
    company = str(order.assigned_provider) if order.assigned_provider else ""
    return ClosingQualification.objects.create(
        work_order=order, performer_id=found.user_id, staff_id=found.staff_id, performer_name=str(user or "")[:120], company=company[:200],
        on=found.on, outcome=found.verdict.outcome.value, words=_words(found, company)[:600], facts=_facts(order, found),
        override=found.override, recorded_at=now,
    )  # fmt: skip


def _words(found: Performed, company: str) -> str:
    if company:
        return f"Work of {company}; its service report is the proof."
    if found.verdict.reasons:
        note = (
            f" Overridden: {found.override.reason} ({found.override.asked_by_name}, {found.override.confirmed_by_name})"
            if found.override
            else ""
        )
        return f"Missing: {reasons_in_words(found.verdict.reasons)}.{note}"
    return ground_in_words(found.verdict) or "No policy asked for a qualification."


def _facts(order: WorkOrder, found: Performed) -> dict[str, Any]:
    """Everything that held on the day. Two statements."""
    policy = found.policy
    return {
        "roles": sorted(roles_held([found.user_id]).at(found.user_id, order.facility_id, found.moment)),
        "skills": sorted(skills_on(user_id=found.user_id, on=found.on)) if found.user_id else [],
        "competencies": [held_out(one) for one in found.standing.held if one.holds_on(found.on)],
        "credentials": credentials_out(found.standing.certified, found.on),
        "policy": {
            "needs": policy.needs,
            "least_level": policy.least_level,
            "mode": policy.mode,
            "since": policy.effective_from.isoformat(),
        }
        if policy
        else None,
    }


@transaction.atomic
def ask_override(*, actor: Actor, number: int, act: str, staff_id: int, reason: str, now: datetime | None = None) -> QualificationOverride:
    """Ask that somebody may get or close an order without the qualification. It counts once another person confirmed it.

    Raises WorkOrder.DoesNotExist, StaffMember.DoesNotExist, NotAllowed, Invalid, Conflict.
    """
    now = now or timezone.now()
    if act not in (Act.ASSIGN, Act.CLOSE):
        raise Invalid({"act": [f"Choose {Act.ASSIGN} or {Act.CLOSE}."]})
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK)
    staff = people_to_override(order, actor=actor).get(pk=staff_id)
    words = clean_words(reason, field="reason", limit=400, required=True)
    if staff.user_id is None:
        raise Invalid({"staff": [f"{staff} has no account, so nobody can give them this order. Give them an account first."]})
    verdict = _verdict_for(order, Act(act), staff.user_id, now)
    if verdict is None or verdict.fits:
        raise Invalid({"staff": [f"{staff} needs no override: nothing is missing."]})
    made = _asked(actor, Act(act), staff, verdict, words, now, work_order=order)
    log(order, "override_asked", actor=actor, now=now, after=str(staff), text=f"{made.missing}: {words}")
    return made


def _verdict_for(order: WorkOrder, act: Act, user_id: int, now: datetime) -> Verdict | None:
    """What the guard would say, found in the same way; None if nothing is missing."""
    if act == Act.CLOSE:
        return _for_closing(order, user_id=user_id, now=now).verdict
    return _lacking([order], {order.pk: user_id}, policies_of(act), targets_of([order]), now).get(order.pk)


def _asked(
    actor: Actor, act: Act, staff: StaffMember, verdict: Verdict, words: str, now: datetime, *, work_order: WorkOrder | None = None,
    device_type: DeviceType | None = None,
) -> QualificationOverride:  # fmt: skip
    if actor.user_id is None:
        raise Invalid({"": ["An override is asked for by a person."]})
    with refuse_readably():
        return QualificationOverride.objects.create(
            act=act.value, work_order=work_order, device_type=device_type, staff=staff, missing=reasons_in_words(verdict.reasons)[:400],
            reason=words, asked_by_id=actor.user_id, asked_by_name=actor.name[:120], asked_at=now,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision on alternate maintenance is about: a type (None: devices without one), where (None: everywhere), the class of risk."""

    device_type_id: int | None
    facility_id: int | None
    high_risk: bool


def decision_verdicts(*, actor: Actor, about: Collection[Decided], now: datetime) -> dict[Decided, Verdict]:
    """How the actor stands today for deciding on alternate maintenance. Up to three statements, one without a policy.

    The system itself is not judged: it carries out what people decided.
    """
    if actor.user_id is None:
        return dict.fromkeys(about, Verdict(Outcome.OK))
    policies, on = policies_of(Act.AEM_DECISION), timezone.localdate(now)
    lines = {risk: policy_for(policies, act=Act.AEM_DECISION, risk=risk, on=on) for risk in RiskClass}
    if all(line is None or line.mode == Mode.OFF for line in lines.values()):
        return dict.fromkeys(about, Verdict(Outcome.OK))
    targets = {one: Target(high_risk=one.high_risk) for one in about}
    read = standings(targets=targets.values(), on=on, user_ids=[actor.user_id])
    return {
        one: judge(lines[target.risk], read.of_user(actor.user_id, target, roles=_roles_at(actor, one.facility_id)), on=on)
        for one, target in targets.items()
    }


def _roles_at(actor: Actor, facility_id: int | None) -> frozenset[str]:
    """The roles the actor holds there; None: everywhere."""
    return frozenset(grant.role.value for grant in actor.grants if grant.facility_id in (None, facility_id))


@transaction.atomic
def ask_decision_override(*, actor: Actor, device_type_id: int, reason: str, now: datetime | None = None) -> QualificationOverride:
    """Ask that the actor may decide once on alternate maintenance of a type without the qualification.

    Raises DeviceType.DoesNotExist, Invalid, Conflict.
    """
    now = now or timezone.now()
    words = clean_words(reason, field="reason", limit=400, required=True)
    kind = DeviceType.objects.get(pk=device_type_id)
    staff = staff_of_accounts([actor.user_id]).get(actor.user_id) if actor.user_id else None
    if staff is None:
        raise Invalid({"": ["An override is asked for by a person."]})
    verdicts = decision_verdicts(actor=actor, about=_decided_about(actor, kind), now=now).values()
    lacking = sorted((one for one in verdicts if not one.fits), key=lambda one: one.outcome != Outcome.BLOCK)
    if not lacking:
        raise Invalid({"": ["You need no override: nothing is missing."]})
    return _asked(actor, Act.AEM_DECISION, staff, lacking[0], words, now, device_type=kind)


def _decided_about(actor: Actor, kind: DeviceType) -> set[Decided]:
    """Everything about a type that a decision may be judged by: its devices', and its own class of risk everywhere. One statement."""
    rows = Device.objects.visible_to(actor).filter(device_type=kind).order_by().values_list("facility_id", "high_risk").distinct()
    found = {Decided(kind.pk, place, high) for place, high in rows}
    return found | ({Decided(kind.pk, None, kind.high_risk)} if not found or actor.may_everywhere(Permission.EDIT_SCHEDULES) else set())


@transaction.atomic
def confirm_override(*, actor: Actor, uid: UUID, now: datetime | None = None) -> QualificationOverride:
    """Stand for an override as the second person. Raises QualificationOverride.DoesNotExist, NotAllowed, NotASecondPerson, Conflict."""
    now = now or timezone.now()
    found = _undecided(actor, uid)
    if found.asked_by_id == actor.user_id:
        raise NotASecondPerson(why="You asked for this yourself.")
    if found.staff.user_id == actor.user_id:
        raise NotASecondPerson(why="This is about yourself.")
    found.confirmed_by_id, found.confirmed_by_name, found.confirmed_at = actor.user_id, actor.name[:120], now
    with refuse_readably():
        found.save(update_fields=["confirmed_by", "confirmed_by_name", "confirmed_at"])
    if found.work_order is not None:
        log(found.work_order, "override_confirmed", actor=actor, now=now, after=str(found.staff), text=f"{found.missing}: {found.reason}")
    return found


@transaction.atomic
def decline_override(*, actor: Actor, uid: UUID, reason: str, now: datetime | None = None) -> QualificationOverride:
    """Refuse an override, with the reason. Raises QualificationOverride.DoesNotExist, NotAllowed, Conflict, Invalid."""
    now = now or timezone.now()
    found = _undecided(actor, uid)
    words = clean_words(reason, field="reason", limit=400, required=True)
    found.declined_by_id, found.declined_at, found.decline_reason = actor.user_id, now, words
    with refuse_readably():
        found.save(update_fields=["declined_by", "declined_at", "decline_reason"])
    if found.work_order is not None:
        log(found.work_order, "override_declined", actor=actor, now=now, after=str(found.staff), text=words)
    return found


def _undecided(actor: Actor, uid: UUID) -> QualificationOverride:
    """Lock an override of an order or a type that the actor may decide on."""
    require(actor, Permission.OVERRIDE_QUALIFICATION)
    found = QualificationOverride.objects.select_related("work_order__facility", "staff").select_for_update(of=("self",)).get(uid=uid)
    if found.work_order_id is not None:
        order = WorkOrder.objects.visible_to(actor).select_related("facility").filter(pk=found.work_order_id).first()
        if order is None:
            raise QualificationOverride.DoesNotExist
        require(actor, Permission.OVERRIDE_QUALIFICATION, at=order.facility_id, place=order.facility.name)
    else:
        if not StaffMember.objects.visible_to(actor).filter(pk=found.staff_id).exists():
            raise QualificationOverride.DoesNotExist
        require(actor, Permission.OVERRIDE_QUALIFICATION)
    if found.confirmed_at or found.declined_at:
        raise Conflict(what="This override")
    return found
