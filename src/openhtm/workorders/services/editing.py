"""Correcting what an order says, guarded against a colleague's change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Invalid
from openhtm.core.text import control_number_key
from openhtm.core.validation import refuse_unclean
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.sites.models import Department, Location
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.rules.kinds import UNDER_WAY, Kind, Status
from openhtm.workorders.services.moving import CODE_FIELDS, set_codes
from openhtm.workorders.services.shared import lock_order, log, refuse_settled, save
from openhtm.workorders.services.targets import Targets

PLAIN = frozenset(
    {
        "title", "description", "priority", "kind", "skill", "est_min", "reporter_name", "reporter_contact", "call_back", "patient_involved",
        "set_aside", "incident", "work_done", "return_test_required", "location_id", "department_id", "planned_on", "opens_on", "due_on",
        "on_time_until", "grace_until",
    }
)  # fmt: skip
CODES = frozenset(f"{name}_code" for name in CODE_FIELDS)
EDITABLE = PLAIN | CODES | {"device", "parent"}
TEXTS = frozenset({"title", "description", "skill", "reporter_name", "reporter_contact", "work_done"})


@transaction.atomic
def edit_order(
    *, actor: Actor, number: int, values: Mapping[str, Any], seen_at: datetime | None = None, now: datetime | None = None
) -> WorkOrder:
    """Change columns of an order under way: those of ``EDITABLE``, ``device`` by control number, ``parent`` by number, codes by code.

    ``seen_at`` is the ``updated_at`` the actor last saw; if the record is newer, OrderChanged. Another priority moves the
    targets. Raises WorkOrder.DoesNotExist, NotAllowed, OrderSettled, OrderChanged, Invalid.
    """
    now = now or timezone.now()
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK, seen_at=seen_at)
    refuse_settled(order)
    known = {key: value.strip() if key in TEXTS and isinstance(value, str) else value for key, value in values.items() if key in EDITABLE}
    before = {field.attname: getattr(order, field.attname) for field in order._meta.concrete_fields if not field.generated}
    _take(order, known, actor)
    changed = [name for name, value in before.items() if getattr(order, name) != value]
    if not changed:
        return order
    refuse_unclean(order, fields=changed)
    _refuse_problems(order, changed)
    if "priority" in changed:
        changed += _retarget(order)
    save(order, *changed, now=now)
    told = ", ".join(name.removesuffix("_id").replace("_", " ") for name in changed)
    log(order, "edited", actor=actor, now=now, text=told)
    if "priority" in changed:
        log(order, "priority", actor=actor, now=now, before=str(before["priority"]), after=str(order.priority), public=True)
    return order


def _take(order: WorkOrder, known: dict[str, Any], actor: Actor) -> None:
    for key in PLAIN & set(known):
        setattr(order, key, known[key])
    set_codes(order, **{key: known[key] for key in CODES & set(known) if known[key]})
    for key in CODES & set(known):
        if not known[key]:
            setattr(order, key.removesuffix("_code"), None)
    if "device" in known:
        order.device_id = _device_id(actor, known["device"]) if known["device"] else None
    if "parent" in known:
        order.parent_id = _parent_id(actor, order, known["parent"]) if known["parent"] is not None else None


def _device_id(actor: Actor, number: str) -> int:
    found = Device.objects.visible_to(actor).filter(control_number=control_number_key(number)).values_list("pk", flat=True).first()
    if found is None:
        raise Invalid({"device": [f"There is no device {number} that you can see."]})
    return found


def _parent_id(actor: Actor, order: WorkOrder, number: int) -> int:
    """Return the key of the parent. Raises Invalid if it is not there, or is the order itself or below it."""
    above = WorkOrder.objects.visible_to(actor).filter(number=number).first()
    if above is None or Status(above.status) not in UNDER_WAY:
        raise Invalid({"parent": [f"There is no order WO-{number} under way that you can see."]})
    up: WorkOrder | None = above
    for _ in range(20):
        if up is None:
            return above.pk
        if up.pk == order.pk:
            break
        up = up.parent
    raise Invalid({"parent": ["An order cannot be a part of itself or of its own parts."]})


def _refuse_problems(order: WorkOrder, changed: list[str]) -> None:
    errors: dict[str, list[str]] = {}
    if "kind" in changed and order.kind not in set(Kind):
        errors["kind"] = [f"Choose one of: {', '.join(Kind)}."]
    if not order.title:
        errors["title"] = ["Say in a few words what is to be done."]
    if (
        order.device_id
        and {"device_id"} & set(changed)
        and not Device.objects.filter(pk=order.device_id, facility=order.facility_id).exists()
    ):
        errors["device"] = ["The device belongs to another facility."]
    if (
        order.location_id
        and "location_id" in changed
        and not Location.objects.filter(pk=order.location_id, facility=order.facility_id).exists()
    ):
        errors["location"] = ["Choose a place of the order's facility."]
    if (
        order.department_id
        and "department_id" in changed
        and not Department.objects.filter(pk=order.department_id, facility=order.facility_id).exists()
    ):
        errors["department"] = ["Choose a department of the order's facility."]
    errors |= _window(order)
    if errors:
        raise Invalid(errors)


def _window(order: WorkOrder) -> dict[str, list[str]]:
    """Days left out are those of the due day alone; they must follow each other."""
    if order.due_on is None:
        return {"due_on": ["Give the due day of this window."]} if order.opens_on or order.on_time_until or order.grace_until else {}
    order.opens_on, order.on_time_until = order.opens_on or order.due_on, order.on_time_until or order.due_on
    order.grace_until = order.grace_until or order.on_time_until
    days: list[date] = [order.opens_on, order.due_on, order.on_time_until, order.grace_until]
    return {} if days == sorted(days) else {"due_on": ["The days must follow each other: opens, due, on time until, grace until."]}


def _retarget(order: WorkOrder) -> list[str]:
    """Set the targets by the new priority, counted from opening. One statement."""
    if order.due_on is not None:
        return []
    targets = Targets([order.facility_id])
    order.response_due_at, order.completion_due_at = targets.due(
        facility_id=order.facility_id, priority=order.priority, opened_at=order.opened_at, held_s=order.held_s
    )
    return ["response_due_at", "completion_due_at"]
