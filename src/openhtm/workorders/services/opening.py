"""Opening orders: one by a person, or thousands by a visit run, with the same defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid, NotAllowed
from openhtm.core.events import publish
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.procedures.models import ProcedureVersion, VersionStatus
from openhtm.sites.models import Department, Facility, Location
from openhtm.workorders.models import Checklist, CodeList, Origin, WorkEvent, WorkOrder, WorkTemplate
from openhtm.workorders.rules.events import OrderOpened
from openhtm.workorders.rules.kinds import Kind, Status
from openhtm.workorders.rules.wanted import NewOrder, problems_of, with_window
from openhtm.workorders.services.assignees import refuse_strange_assignees
from openhtm.workorders.services.qualification import guard_assignment, warning_of
from openhtm.workorders.services.shared import MAX_AT_ONCE, TooManyOrders, code_of, copy_in, event, new_ids
from openhtm.workorders.services.targets import Targets

REQUESTABLE: frozenset[Kind] = frozenset({Kind.CORRECTIVE, Kind.INCIDENT})
"""Kinds of work that somebody without the right to open orders may ask for."""
BY_ONE = 100
"""From so many orders on they are copied in; fewer are inserted, which costs fewer statements."""


@transaction.atomic
def open_order(
    *,
    actor: Actor,
    title: str,
    kind: Kind | str = Kind.CORRECTIVE,
    device: str | None = None,
    facility_id: int | None = None,
    location_id: int | None = None,
    department_id: int | None = None,
    description: str = "",
    priority: int | None = None,
    origin: str = Origin.PERSON,
    template_id: int | None = None,
    procedure_codes: Sequence[str] = (),
    opens_on: date | None = None,
    due_on: date | None = None,
    on_time_until: date | None = None,
    grace_until: date | None = None,
    planned_on: date | None = None,
    assigned_user_id: int | None = None,
    assigned_team_id: int | None = None,
    assigned_provider_id: int | None = None,
    skill: str = "",
    est_min: int | None = None,
    parent: int | None = None,
    reporter_name: str = "",
    reporter_contact: str = "",
    call_back: bool = False,
    patient_involved: bool | None = None,
    set_aside: bool | None = None,
    problem_code: str = "",
    return_test_required: bool = False,
    now: datetime | None = None,
) -> WorkOrder:
    """Open one order, on a device (its control number) or at a place. What a template says fills what is left out.

    Somebody who may only report faults opens a request (status requested). ``priority`` left out: the template's, else 3.
    About ten statements. Raises Device.DoesNotExist, Facility.DoesNotExist, NotAllowed, Invalid.
    """
    subject = _subject(actor, device=device, facility_id=facility_id, location_id=location_id, department_id=department_id)
    problem = code_of(problem_code, list=CodeList.PROBLEM, field="problem_code")
    wanted = NewOrder(
        title=" ".join(title.split(" ")).strip(), kind=_kind(kind), description=description.strip(), priority=priority or 0, origin=str(origin),
        template_id=template_id, opens_on=opens_on, due_on=due_on, on_time_until=on_time_until, grace_until=grace_until,
        planned_on=planned_on, assigned_user_id=assigned_user_id, assigned_team_id=assigned_team_id,
        assigned_provider_id=assigned_provider_id, skill=skill, est_min=est_min, parent_id=_parent_id(actor, parent),
        reporter_name=reporter_name.strip(), reporter_contact=reporter_contact.strip(), call_back=call_back,
        patient_involved=patient_involved, set_aside=set_aside, problem_id=problem.pk if problem else None,
        return_test_required=return_test_required, **subject,
    )  # fmt: skip
    template = _template(template_id)
    wanted = _by_template(wanted, template) if template else wanted
    wanted = replace(wanted, priority=wanted.priority or 3, version_ids=_released(procedure_codes, template))
    [order] = open_many(actor=actor, wanted=[wanted], now=now)
    return order


@transaction.atomic
def open_many(*, actor: Actor, wanted: Sequence[NewOrder], now: datetime | None = None) -> list[WorkOrder]:
    """Open these orders, all or none, in their sequence. About twelve statements for any number up to 5,000.

    Raises Facility.DoesNotExist and Device.DoesNotExist outside the actor's scope, NotAllowed, TooManyOrders, NotQualified, and Invalid,
    which names every wrong field with its order, counted from 0: ``items.3.title`` (without ``items.0`` for a single one).
    """
    if len(wanted) > MAX_AT_ONCE:
        raise TooManyOrders(count=f"{len(wanted):,}", limit=f"{MAX_AT_ONCE:,}")
    if not wanted:
        return []
    now = now or timezone.now()
    errors = _Errors(many=len(wanted) > 1)
    known = _read(actor, wanted)
    status = _allowed_status(actor, wanted, known)
    for position, one in enumerate(wanted):
        errors.add(position, problems_of(one) | _strangers(one, known))
    errors.raise_if_any()
    refuse_strange_assignees(
        user_ids={(o.assigned_user_id, o.facility_id) for o in wanted if o.assigned_user_id},
        team_ids={(o.assigned_team_id, o.facility_id) for o in wanted if o.assigned_team_id},
        provider_ids={o.assigned_provider_id for o in wanted if o.assigned_provider_id},
        now=now,
    )
    orders = _build(actor, [with_window(one) for one in wanted], status=status, known=known, now=now)
    _store(actor, orders, wanted, now=now)
    _guard(orders, known, actor=actor, now=now)
    publish(OrderOpened(order_ids=tuple(order.pk for order in orders), actor=actor, at=now))
    return orders


def _guard(orders: Sequence[WorkOrder], known: _Known, *, actor: Actor, now: datetime) -> None:
    """Judge the people who get these orders, and note on their timelines what was missing. Raises NotQualified."""
    given = [order for order in orders if order.assigned_user_id]
    for order in given:
        order.facility = known.facilities[order.facility_id]
    warned = guard_assignment(given, user_ids={order.pk: order.assigned_user_id or 0 for order in given}, now=now)
    WorkEvent.objects.bulk_create(
        [event(pk, "qualification", actor=actor, now=now, text=warning_of(verdict)) for pk, verdict in warned.items()]
    )


@dataclass(slots=True)
class _Errors:
    """Wrong fields of many orders, under the names of the contract."""

    many: bool
    found: dict[str, list[str]] | None = None

    def add(self, position: int, errors: Mapping[str, list[str]]) -> None:
        if errors:
            prefix = f"items.{position}." if self.many else ""
            self.found = (self.found or {}) | {f"{prefix}{field}": texts for field, texts in errors.items()}

    def raise_if_any(self) -> None:
        if self.found:
            raise Invalid(self.found)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the orders refer to, as far as the actor may see it."""

    facilities: dict[int, Facility]
    devices: Mapping[int, tuple[int, int | None, int | None]]
    locations: dict[int, int]
    departments: dict[int, int]
    versions: frozenset[int]


def _read(actor: Actor, wanted: Sequence[NewOrder]) -> _Known:
    """Five statements. Raises Facility.DoesNotExist, Device.DoesNotExist."""
    facility_ids, device_ids = {o.facility_id for o in wanted}, {o.device_id for o in wanted if o.device_id}
    facilities = Facility.objects.visible_to(actor).in_bulk(facility_ids)
    if len(facilities) < len(facility_ids):
        raise Facility.DoesNotExist("one of these facilities is not there")
    rows = Device.objects.visible_to(actor).filter(pk__in=device_ids).values_list("pk", "facility_id", "location_id", "department_id")
    devices = {pk: (facility, location, department) for pk, facility, location, department in rows} if device_ids else {}
    if len(devices) < len(device_ids):
        raise Device.DoesNotExist("one of these devices is not there")
    places, owners = {o.location_id for o in wanted if o.location_id}, {o.department_id for o in wanted if o.department_id}
    versions = {pk for o in wanted for pk in o.version_ids}
    released = ProcedureVersion.objects.filter(pk__in=versions, status=VersionStatus.RELEASED)
    return _Known(
        facilities,
        devices,
        dict(Location.objects.filter(pk__in=places).values_list("pk", "facility_id")) if places else {},
        dict(Department.objects.filter(pk__in=owners).values_list("pk", "facility_id")) if owners else {},
        frozenset(released.values_list("pk", flat=True)) if versions else frozenset(),
    )


def _allowed_status(actor: Actor, wanted: Sequence[NewOrder], known: _Known) -> Status:
    """Orders of people who may open them are open; what comes as a request stays one until somebody looks at it."""
    requested = any(one.origin == Origin.REQUEST for one in wanted)
    for facility in known.facilities.values():
        if actor.may(Permission.ADD_WORK, at=facility.pk):
            continue
        kinds = {one.kind for one in wanted if one.facility_id == facility.pk}
        if not actor.may(Permission.REPORT_FAULTS, at=facility.pk) or not kinds <= REQUESTABLE:
            raise NotAllowed(permission=Permission.ADD_WORK.value, place=facility.name)
        if any(_beyond_a_request(one) for one in wanted):
            raise NotAllowed(permission=Permission.ASSIGN_WORK.value, place=facility.name)
        requested = True
    return Status.REQUESTED if requested else Status.OPEN


def _beyond_a_request(one: NewOrder) -> bool:
    assigned = one.assigned_user_id or one.assigned_team_id or one.assigned_provider_id
    return bool(assigned or one.version_ids or one.parent_id or one.due_on or one.planned_on)


def _strangers(one: NewOrder, known: _Known) -> dict[str, list[str]]:
    name = known.facilities[one.facility_id].name
    errors: dict[str, list[str]] = {}
    if one.device_id and known.devices[one.device_id][0] != one.facility_id:
        errors["facility"] = ["The device belongs to another facility."]
    if one.location_id and known.locations.get(one.location_id) != one.facility_id:
        errors["location"] = [f"Choose a place at {name}."]
    if one.department_id and known.departments.get(one.department_id) != one.facility_id:
        errors["department"] = [f"Choose a department of {name}."]
    if not set(one.version_ids) <= known.versions:
        errors["procedures"] = ["Choose released procedures."]
    if one.origin not in Origin.values:
        errors["origin"] = [f"Choose one of: {', '.join(Origin.values)}."]
    return errors


def _build(actor: Actor, wanted: Sequence[NewOrder], *, status: Status, known: _Known, now: datetime) -> list[WorkOrder]:
    """Make the records with their keys and numbers. Three statements."""
    targets = Targets(known.facilities)
    keys, numbers = new_ids(WorkOrder, len(wanted)), next_numbers(len(wanted))
    return [
        _record(actor, one, pk=pk, number=number, status=status, known=known, targets=targets, now=now)
        for one, pk, number in zip(wanted, keys, numbers, strict=True)
    ]


def _record(
    actor: Actor, one: NewOrder, *, pk: int, number: int, status: Status, known: _Known, targets: Targets, now: datetime
) -> WorkOrder:
    _, location_id, department_id = known.devices.get(one.device_id or 0, (0, None, None))
    response_due, completion_due = (None, None)
    if one.due_on is None:  # a window of days has its own end
        response_due, completion_due = targets.due(facility_id=one.facility_id, priority=one.priority, opened_at=now)
    plain = {name: getattr(one, name) for name in _PLAIN}
    return WorkOrder(
        pk=pk,
        number=number,
        kind=one.kind.value,
        status=status.value,
        location_id=one.location_id or location_id,
        department_id=one.department_id or department_id,
        incident=bool(one.patient_involved) or one.kind is Kind.INCIDENT,
        reporter_id=actor.user_id,
        opened_by_id=actor.user_id,
        opened_by_name=actor.name[:120],
        opened_at=now,
        updated_at=now,
        response_due_at=response_due,
        completion_due_at=completion_due,
        **plain,
    )


_PLAIN = (
    "title", "description", "priority", "origin", "facility_id", "device_id", "template_id", "opens_on", "due_on", "on_time_until", "grace_until",
    "planned_on", "assigned_user_id", "assigned_team_id", "assigned_provider_id", "skill", "est_min", "parent_id", "reporter_name",
    "reporter_contact", "call_back", "patient_involved", "set_aside", "problem_id", "return_test_required",
)  # fmt: skip


def _store(actor: Actor, orders: Sequence[WorkOrder], wanted: Sequence[NewOrder], *, now: datetime) -> None:
    """Write orders, their first event and their checklists. Three inserts, or three copies."""
    events = [event(o.pk, "opened", actor=actor, now=now, after=o.status, text=o.title, public=True) for o in orders]
    checklists = [
        Checklist(work_order_id=order.pk, version_id=version, position=position, added_at=now)
        for order, one in zip(orders, wanted, strict=True)
        for position, version in enumerate(dict.fromkeys(one.version_ids), start=1)
    ]
    if len(orders) < BY_ONE:
        WorkOrder.objects.bulk_create(orders)
        WorkEvent.objects.bulk_create(events)
        Checklist.objects.bulk_create(checklists)
        return
    copy_in(WorkOrder, orders)
    for pk, happened in zip(new_ids(WorkEvent, len(events)), events, strict=True):
        happened.pk = pk
    copy_in(WorkEvent, events)
    for pk, checklist in zip(new_ids(Checklist, len(checklists)), checklists, strict=True):
        checklist.pk = pk
    copy_in(Checklist, checklists)


def next_numbers(count: int) -> list[int]:
    """Take ``count`` order numbers. They are never given twice, also when a transaction is undone. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('workorders_number') FROM generate_series(1, %s)", [count])
        return [row[0] for row in cursor.fetchall()]


def _subject(
    actor: Actor, *, device: str | None, facility_id: int | None, location_id: int | None, department_id: int | None
) -> dict[str, Any]:
    """Return what the order is about, by keys. Raises Device.DoesNotExist, Location.DoesNotExist, Invalid."""
    if device:
        found = Device.objects.visible_to(actor).get(control_number=control_number_key(device))
        if found.merged_into_id:
            found = Device.objects.visible_to(actor).get(pk=found.merged_into_id)
        facility = facility_id or found.facility_id
        return {"device_id": found.pk, "facility_id": facility, "location_id": location_id, "department_id": department_id}
    if facility_id is None and location_id is not None:
        facility_id = Location.objects.visible_to(actor).get(pk=location_id).facility_id
    if facility_id is None:
        raise Invalid({"device": ["Name the device, the place or the facility this is about."]})
    return {"device_id": None, "facility_id": facility_id, "location_id": location_id, "department_id": department_id}


def _kind(kind: Kind | str) -> Kind:
    if str(kind) not in set(Kind):
        raise Invalid({"kind": [f"Choose one of: {', '.join(Kind)}."]})
    return Kind(str(kind))


def _parent_id(actor: Actor, number: int | None) -> int | None:
    if number is None:
        return None
    found = WorkOrder.objects.visible_to(actor).filter(number=number).values_list("pk", flat=True).first()
    if found is None:
        raise Invalid({"parent": [f"There is no order WO-{number} that you can see."]})
    return found


def _template(template_id: int | None) -> WorkTemplate | None:
    if template_id is None:
        return None
    found = WorkTemplate.objects.filter(pk=template_id, active=True).first()
    if found is None:
        raise Invalid({"template_id": ["Choose a template from the list."]})
    return found


def _by_template(wanted: NewOrder, template: WorkTemplate) -> NewOrder:
    """Fill what was left out; the kind is always the template's."""
    return replace(
        wanted,
        kind=Kind(template.kind),
        title=wanted.title or template.title,
        description=wanted.description or template.description,
        priority=wanted.priority or template.priority,
        est_min=wanted.est_min if wanted.est_min is not None else template.est_min,
        skill=wanted.skill or template.skill,
        assigned_team_id=wanted.assigned_team_id or template.team_id,
        return_test_required=wanted.return_test_required or template.requires_return_test,
    )


class NoReleasedVersion(DomainError):
    """A procedure that is to be carried out has no released version."""

    code = "procedure-not-released"
    message = "There is no released version of {codes}. Release one, or leave it out."


def _released(codes: Sequence[str], template: WorkTemplate | None) -> tuple[int, ...]:
    """Return the released version of each procedure named, then of the template's. Up to two statements."""
    wanted = list(dict.fromkeys([*codes, *(template.procedures.order_by("name").values_list("code", flat=True) if template else ())]))
    if not wanted:
        return ()
    released = ProcedureVersion.objects.filter(procedure__code__in=wanted, status=VersionStatus.RELEASED)
    found = dict(released.values_list("procedure__code", "pk"))
    if missing := [code for code in wanted if code not in found and code in set(codes)]:
        raise NoReleasedVersion(codes=", ".join(missing))
    return tuple(found[code] for code in wanted if code in found)
