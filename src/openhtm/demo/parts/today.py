"""The day itself: visits and orders brought in line with all that was recorded, shared out, and a few things that happen this morning."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Case, Exists, OuterRef, Q, When

from openhtm.demo.parts.demo import Demo, Person
from openhtm.identity.actor import Actor, Grant
from openhtm.identity.rules.permissions import Role
from openhtm.inventory.models import Device
from openhtm.maintenance.models import Visit, VisitExclusion
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.testers.models import Tester
from openhtm.workorders.models import Checklist, LabourEntry, Signature, WorkOrder
from openhtm.workorders.rules.kinds import Priority
from openhtm.workorders.services.labour import start_timer
from openhtm.workorders.services.moving import hold_order, start_work
from openhtm.workorders.services.opening import open_order
from openhtm.workorders.services.requests import VISITOR, report_codes
from openhtm.workorders.services.signing import content_hash_of

SIGNED_DAYS = 60
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Call:
    """What a nurse reports this morning about a device of this type. Invented."""

    device_type: str
    title: str
    problem_code: str
    words: str
    name: str
    contact: str
    patient_involved: bool = False


CALLS = (
    Call("infusion-pump-large-volume", "Battery does not last", "battery", "Goes off as soon as it is unplugged.", "Rosa Lindqvist", "ext. 4410"),
    Call("bed-hospital-electric", "Broken, loose or blocked part", "mechanical", "The head end does not come up.", "Unit clerk", "ext. 4127"),
    Call(
        "infusion-pump-syringe", "Reads or delivers wrongly", "wrong_reading",
        "Gave more than was set; the patient is fine and is being watched.", "Staff nurse", "pager 118", patient_involved=True,
    ),
)  # fmt: skip


def build(demo: Demo) -> None:
    """Bring everything in line as of the reference day and let the morning begin."""
    night = demo.now - dt.timedelta(hours=6)
    counts = reconcile(actor=demo.actor, as_of=demo.as_of, whole=True, now=night)
    demo.counts |= {"brought in line": counts.created, "assigned": _share_out(demo)}
    demo.counts["requests"] = _report(demo)
    demo.counts["signatures"] = _sign(demo)
    _begin_the_day(demo)
    _propose_exclusion(demo)
    _doubt_a_tester(demo)


def _share_out(demo: Demo) -> int:
    """Give the open orders of visits to people, a department to one person, so that nobody walks twice. Two statements."""
    ours = Q(assigned_provider__isnull=True) | Q(assigned_provider__kind="in_house")
    rows = WorkOrder.objects.filter(ours, origin="visit", status="open", assigned_user__isnull=True)
    orders, users, teams, days = [], [], [], []
    columns = ("pk", "number", "facility_id", "department__name", "due_on", "opens_on")
    for pk, number, facility, department, due_on, opens_on in rows.order_by("number").values_list(*columns):
        people: Sequence[Person] = demo.people[facility]
        orders.append(pk)
        users.append(people[zlib.crc32((department or "").encode()) % len(people)].pk)
        teams.append(demo.teams[facility])
        days.append(_planned(demo, number, opens_on or demo.as_of, due_on or demo.as_of))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workorders_workorder o SET assigned_provider_id = NULL, assigned_user_id = n.person, assigned_team_id = n.team, planned_on = n.day "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::date[]) AS n (pk, person, team, day) WHERE o.id = n.pk",
            [orders, users, teams, days],
        )
    return len(orders)


def _planned(demo: Demo, number: int, opens_on: dt.date | None, due_on: dt.date | None) -> dt.date | None:
    """Return the working day somebody intends, for half of what can be done by now."""
    if opens_on is None or due_on is None:
        return None
    day = max(opens_on, demo.as_of) + dt.timedelta(days=1 + number % 5)
    return day if number % 2 and day.weekday() < 5 and due_on >= demo.as_of else None


def _report(demo: Demo) -> int:
    """Let three reports come in; one says that a patient was involved."""
    main, made = demo.facilities[0].pk, 0
    for number, call in enumerate(CALLS, start=1):
        here = Device.objects.filter(facility=main, status="in_service", location__isnull=False).order_by("control_number")
        device = here.filter(device_type__code=call.device_type).first() or here.first()
        if device is None:
            continue
        report_codes([device.pk])
        involved = call.patient_involved
        open_order(
            actor=VISITOR, title=call.title, device=device.control_number, description=call.words, problem_code=call.problem_code,
            priority=Priority.EMERGENCY if involved else Priority.NORMAL, origin="request", reporter_name=call.name,
            reporter_contact=call.contact, call_back=involved, patient_involved=involved or None, set_aside=involved or None,
            now=demo.now - dt.timedelta(minutes=25 * number),
        )  # fmt: skip
        made += 1
    return made


def _begin_the_day(demo: Demo) -> None:
    """The technician's timer runs on one order; another waits, since its device is on a patient."""
    pk, name = demo.users["technician"]
    actor = Actor(pk, name, (Grant(Role.TECHNICIAN, demo.facilities[0].pk),))
    here = WorkOrder.objects.filter(status="open", facility=demo.facilities[0].pk, assigned_provider__isnull=True)
    mine = here.annotate(others=Case(When(assigned_user=pk, then=0), default=1))
    numbers = list(mine.order_by("others", "on_time_until", "number").values_list("number", flat=True)[:2])
    if numbers:
        start_work(actor=actor, number=numbers[0], now=demo.now - dt.timedelta(minutes=35))
        if not LabourEntry.objects.filter(user=pk, ended_at__isnull=True).exists():
            start_timer(actor=actor, number=numbers[0], now=demo.now - dt.timedelta(minutes=34))
    if len(numbers) > 1:
        hold_order(actor=actor, number=numbers[1], reason_code="in_use", until=demo.as_of + dt.timedelta(days=2), now=demo.now)


def _propose_exclusion(demo: Demo) -> None:
    """One person proposes to take a visit out of the count; a second one has not answered yet."""
    pk, name = demo.users["technician"]
    waiting = Visit.objects.filter(is_open=True, opens_on__lte=demo.as_of, device__facility=demo.facilities[0].pk, attempts_count=0)
    visit = waiting.order_by("due_on", "device__control_number").first()
    if visit is not None:
        VisitExclusion.objects.create(
            visit=visit, code="done_recently", reason="The maker replaced the unit in October and tested it then; report attached.",
            proposed_by_id=pk, proposed_by_name=name, proposed_at=demo.now - dt.timedelta(hours=20),
        )  # fmt: skip


def _doubt_a_tester(demo: Demo) -> None:
    """The instrument found out of tolerance at its last calibration: somebody reads again what it measured."""
    found = Tester.objects.filter(calibrations__verdict="adjusted").select_related("device").order_by("device__control_number").first()
    if found is not None:
        open_order(
            actor=demo.actor, title=f"Read again what {found.device} measured", kind="calibration", device=found.device.control_number,
            description="It was found out of tolerance at its calibration. Readings since the calibration before are in doubt.",
            origin="tester", priority=2, assigned_user_id=demo.users["technician"][0] if found.device.facility_id == demo.facilities[0].pk else None,
            now=demo.now - dt.timedelta(days=2),
        )  # fmt: skip


def _sign(demo: Demo) -> int:
    """Let those who did the work of the last weeks sign it. Three statements for each five hundred orders."""
    made = 0
    since = demo.now - dt.timedelta(days=SIGNED_DAYS)
    recent = WorkOrder.objects.filter(Exists(Checklist.objects.filter(work_order=OuterRef("pk"))), completed_at__gte=since)
    for part in _parts(
        list(recent.filter(assigned_provider__isnull=True, completed_by__isnull=False).select_related("completed_by").order_by("pk"))
    ):
        hashes = content_hash_of(part)
        made += len(
            Signature.objects.bulk_create(
                Signature(
                    work_order=order, meaning="performed", signer=order.completed_by, signer_name=str(order.completed_by and order.completed_by.full_name),
                    signer_roles=["technician"], content_hash=hashes[order.pk], signed_at=order.completed_at or demo.now,
                )
                for order in part
                if order.completed_by is not None and order.completed_at is not None
            )
        )  # fmt: skip
    return made


def _parts(orders: Sequence[WorkOrder]) -> Iterator[Sequence[WorkOrder]]:
    for first in range(0, len(orders), AT_ONCE):
        yield orders[first : first + AT_ONCE]
