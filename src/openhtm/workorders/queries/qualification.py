"""What work is about, who may do it, and how those who have it stand: in a fixed number of statements for any number of orders."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from openhtm.competence.queries.policies import policies_of
from openhtm.competence.queries.standing import Person, Standings, Target, standings, standings_of
from openhtm.competence.rules.guard import Act, Mode, Needs, Policy, Reason, RiskClass, Verdict, judge, policy_for
from openhtm.identity.actor import Actor
from openhtm.identity.models import RoleAssignment
from openhtm.inventory.models import Device
from openhtm.workforce.models import StaffMember
from openhtm.workorders.models import Checklist, ClosingQualification, QualificationOverride, WorkOrder
from openhtm.workorders.queries.roles import RolesHeld, roles_of
from openhtm.workorders.rules.closing import NEEDS_LABOUR
from openhtm.workorders.rules.kinds import Status
from openhtm.workorders.rules.people import WORKING_ROLES

ANYHOW = {risk: Policy(act=Act.ASSIGN, risk=risk, needs=Needs.COMPETENCY, mode=Mode.WARN) for risk in RiskClass}
"""What suggestions and panels ask for where no policy is in force: a competency for the work."""


def targets_of(orders: Sequence[WorkOrder]) -> dict[int, Target]:
    """What each order is about, by its key; orders without a device or of a kind that nobody services are left out. Two statements."""
    judged = [order for order in orders if order.device_id is not None and order.kind in NEEDS_LABOUR]
    if not judged:
        return {}
    rows = Device.objects.filter(pk__in={order.device_id for order in judged})
    devices = {row[0]: row for row in rows.values_list("pk", "device_type_id", "device_model_id", "high_risk")}
    procedures: dict[int, set[int]] = {}
    carried = Checklist.objects.filter(work_order__in=[order.pk for order in judged])
    for order_id, procedure_id in carried.values_list("work_order_id", "version__procedure_id"):
        procedures.setdefault(order_id, set()).add(procedure_id)
    found = {}
    for order in judged:
        _, type_id, model_id, high_risk = devices[order.device_id or 0]
        found[order.pk] = Target(type_id, model_id, frozenset(procedures.get(order.pk, ())), high_risk)
    return found


def day_at(order: WorkOrder, moment: datetime) -> date:
    """The calendar day of a moment at the order's facility."""
    return moment.astimezone(ZoneInfo(order.facility.time_zone)).date()


def assignment_verdicts(orders: Sequence[WorkOrder], *, now: datetime) -> dict[int, Verdict]:
    """How whoever has each order stands today, by order; orders of nobody are left out. Five statements at most, one without policies."""
    given = [order for order in orders if order.assigned_user_id is not None]
    policies = policies_of(Act.ASSIGN) if given else []
    if not policies:
        return {}
    targets = targets_of(given)
    days = {order.pk: day_at(order, now) for order in given}
    read = standings(
        targets=targets.values(), on=max(days.values()), user_ids={order.assigned_user_id for order in given if order.assigned_user_id}
    )
    roles = roles_of({order.assigned_user_id for order in given}, policies)
    return {
        order.pk: judged_for(policies, order, targets[order.pk], read, order.assigned_user_id or 0, roles, now=now)
        for order in given
        if order.pk in targets
    }


def judged_for(
    policies: Iterable[Policy], order: WorkOrder, target: Target, read: Standings, user_id: int, roles: RolesHeld, *, now: datetime
) -> Verdict:
    """How somebody stands for getting an order now, with the roles they hold where it is done. No statement."""
    on = day_at(order, now)
    standing = read.of_user(user_id, target, roles=roles.at(user_id, order.facility_id, now))
    return judge(policy_for(policies, act=Act.ASSIGN, risk=target.risk, on=on), standing, on=on)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might do an order, with the verdict and how many orders they have under way."""

    person: Person
    verdict: Verdict
    under_way: int = 0

    @property
    def may(self) -> bool:
        return self.verdict.fits


@dataclass(frozen=True, slots=True)
class WhoMay:
    """Everybody at the facility who works on orders: those who may do this one, least busy first, and why not the others."""

    may: tuple[Candidate, ...]
    others: tuple[Candidate, ...]
    policy: Policy
    in_force: bool

    @property
    def by_reason(self) -> list[tuple[Reason, int]]:
        """How many others lack what, the most frequent first; days aside."""
        counted: dict[Reason, int] = {}
        for one in self.others:
            reason = Reason(one.verdict.reasons[0].code, None, one.verdict.reasons[0].what)
            counted[reason] = counted.get(reason, 0) + 1
        return sorted(counted.items(), key=lambda entry: (-entry[1], entry[0].code))


def who_may(order: WorkOrder, *, now: datetime) -> WhoMay | None:
    """Say who may do an order and why not the others; None for work that asks for nothing. Seven statements for any number of people."""
    target = targets_of([order]).get(order.pk)
    if target is None:
        return None
    on = day_at(order, now)
    found = policy_for(policies_of(Act.ASSIGN), act=Act.ASSIGN, risk=target.risk, on=on)
    policy = found if found is not None and found.mode != Mode.OFF else ANYHOW[target.risk]
    people = _workers(order.facility_id, on, now)
    read = standings_of(people, targets=[target], on=on)
    roles = roles_of([one.user_id for one in people.values()], [policy])
    busy = _under_way([one.user_id for one in people.values() if one.user_id])
    candidates = [
        Candidate(
            one,
            judge(policy, read.of(pk, target, roles=roles.at(one.user_id, order.facility_id, now)), on=on),
            busy.get(one.user_id or 0, 0),
        )
        for pk, one in people.items()
    ]
    may = sorted((one for one in candidates if one.may), key=lambda one: (one.under_way, one.person.name, one.person.staff_id))
    others = sorted((one for one in candidates if not one.may), key=lambda one: (one.person.name, one.person.staff_id))
    return WhoMay(tuple(may), tuple(others), policy, policy is found)


def _workers(facility_id: int, on: date, now: datetime) -> dict[int, Person]:
    """Staff who are here on the day and whose account may work on orders of the facility. One statement."""
    valid = Q(valid_until__isnull=True) | Q(valid_until__gt=now)
    there = Q(facility_id=facility_id) | Q(facility__isnull=True)
    accounts = RoleAssignment.objects.filter(valid, there, valid_from__lte=now, role__in=WORKING_ROLES, user__is_active=True)
    rows = StaffMember.objects.here_on(on).filter(user_id__in=accounts.values("user_id")).exclude(kind="vendor")
    return {row[0]: Person(*row) for row in rows.values_list("pk", "user_id", "full_name", "facility_id", "leaves_on")}


def _under_way(user_ids: Collection[int]) -> dict[int, int]:
    rows = WorkOrder.objects.filter(under_way=True, assigned_user_id__in=list(user_ids)).order_by().values_list("assigned_user_id")
    return {user_id: n for user_id, n in rows.annotate(n=Count("pk")) if user_id is not None}


def overrides_for(order_ids: Collection[int], *, act: Act) -> dict[tuple[int, int], QualificationOverride]:
    """Confirmed overrides by (order, account of the person). One statement."""
    found = QualificationOverride.objects.filter(work_order__in=order_ids, act=act.value, confirmed_at__isnull=False).select_related(
        "staff"
    )
    return {(one.work_order_id or 0, one.staff.user_id or 0): one for one in found}


def people_to_override(order: WorkOrder, *, actor: Actor) -> QuerySet[StaffMember]:
    """For whom the actor may ask an override: whom they see, and whoever has the order or did it, wherever they work."""
    theirs = Q(user_id__in=[pk for pk in (order.assigned_user_id, order.completed_by_id) if pk])
    return StaffMember.objects.filter(Q(pk__in=StaffMember.objects.visible_to(actor).order_by().values("pk")) | theirs)


def overrides_of(order: WorkOrder) -> list[QualificationOverride]:
    """Every override asked for on an order, newest first. One statement."""
    return list(QualificationOverride.objects.filter(work_order=order).select_related("staff"))


def closing_qualification(order: WorkOrder) -> ClosingQualification | None:
    """What was stamped when the order was closed last; None while it is not closed, or if it was closed before this was recorded."""
    if order.status != Status.CLOSED:
        return None
    return ClosingQualification.objects.filter(work_order=order).select_related("override").first()
