"""Declaring a device missing: a manager signs, then a second manager or somebody of the department that owns it (DOMAIN 2.4).

Nothing here happens by itself, whatever the risk of the device: the policy proposes, two people decide.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission, Role
from openhtm.inventory.models import Device
from openhtm.inventory.rules.status import TRANSITIONS, Status
from openhtm.inventory.services.life import change_status
from openhtm.maintenance.models import Escalation, Schedule, Visit
from openhtm.maintenance.rules.calendar import local_day
from openhtm.maintenance.services.settling import settle
from openhtm.notices.services import Message, tell_many

STEP = "propose_missing"
FIRST_SIGNED, SIGNED = "first_signed", "signed"
MANAGERS = frozenset({Role.MANAGER, Role.ADMINISTRATOR})
PATH = "/devices/{device}/missing"


class CannotDeclareMissing(DomainError):
    """The device cannot be declared missing, or not by this person."""

    code = "device-cannot-be-declared-missing"
    status = 409
    message = "{device} cannot be declared missing: {why}"


def proposals(device_id: int) -> QuerySet[Escalation]:
    """Return the proposals to declare a device missing that wait for a signature, the one signed once first."""
    waiting = Q(done_at__isnull=True) | Q(outcome=FIRST_SIGNED)
    return Escalation.objects.filter(waiting, device_id=device_id, step=STEP).order_by("-outcome", "-due_on", "-pk")


@transaction.atomic
def sign_missing(*, actor: Actor, control_number: str, reason: str = "", now: datetime | None = None) -> Escalation:
    """Sign that a device is missing. The first signature, a manager's with a reason, changes nothing; the second sets the status.

    From the day of the second signature on, its visits are held and in neither percentage; missed ones stay missed.
    Raises Device.DoesNotExist, NotAllowed, Invalid, CannotDeclareMissing, StatusRefused.
    """
    now = now or timezone.now()
    visible = Device.objects.visible_to(actor).select_related("facility")
    device = visible.select_for_update(of=("self",)).get(control_number=control_number)
    require(actor, Permission.SIGN_MISSING, at=device.facility_id, place=device.facility.name)
    list(Schedule.objects.filter(device=device).select_for_update().order_by("pk").values_list("pk", flat=True))
    _refuse(actor, device)
    found = proposals(device.pk).first()
    if found is None or found.outcome != FIRST_SIGNED:
        return _first(actor, device, found, reason.strip(), now)
    return _second(actor, device, found, now)


def _first(actor: Actor, device: Device, found: Escalation | None, reason: str, now: datetime) -> Escalation:
    if not _manages(actor, device):
        raise CannotDeclareMissing(device=device.control_number, why="a manager must sign first.")
    if not reason or len(reason) > 400 or "\0" in reason:
        raise Invalid({"reason": ["Say where it was searched for and why it is believed missing, in up to 400 characters."]})
    found = found or _proposal(device, now)
    found.done_at, found.done_by_id, found.done_by_name, found.outcome, found.note = (
        now,
        actor.user_id,
        actor.name[:120],
        FIRST_SIGNED,
        reason,
    )
    with refuse_readably():
        found.save()
    _tell(device, found, "waits for a second signature: is it missing?", (Role.MANAGER,), f"{actor.name}: {reason}", now)
    return found


def _second(actor: Actor, device: Device, found: Escalation, now: datetime) -> Escalation:
    if actor.user_id == found.done_by_id:
        raise CannotDeclareMissing(device=device.control_number, why="you signed first; a second person must sign too.")
    found.second_by_id, found.second_by_name, found.second_at, found.outcome = actor.user_id, actor.name[:120], now, SIGNED
    with refuse_readably():
        found.save(update_fields=["second_by", "second_by_name", "second_at", "outcome"])
    others = Escalation.objects.filter(device=device, done_at__isnull=True, step__in=("search", "notify", "escalate", STEP))
    others.update(done_at=now, done_by_id=actor.user_id, done_by_name=actor.name[:120], outcome="no_longer_needed")
    if device.status != Status.MISSING:
        both = Actor.system(
            f"{found.done_by_name} and {found.second_by_name}"[:120]
        )  # the second person need not have the right to change it
        change_status(actor=both, control_number=device.control_number, after=Status.MISSING, reason=found.note, now=now)
    settle(device_ids=[device.pk], now=now)
    text = f"Signed by {found.done_by_name} and {found.second_by_name}. {found.note}"
    _tell(device, found, "was declared missing", (Role.MANAGER, Role.ADMINISTRATOR, Role.SECURITY_ANALYST), text, now)
    return found


def _refuse(actor: Actor, device: Device) -> None:
    """Refuse whoever may not sign for this device, and a device that cannot become missing or was signed already."""
    of_department = any(
        grant.gives(Permission.SIGN_MISSING) and grant.department_id is not None and grant.department_id == device.department_id
        for grant in actor.grants
    )
    if actor.user_id is None or not (of_department or _manages(actor, device)):
        raise CannotDeclareMissing(device=device.control_number, why="a manager signs, and somebody of its department or another manager.")
    status = Status(device.status)
    if status != Status.MISSING and Status.MISSING not in TRANSITIONS[status]:
        raise CannotDeclareMissing(device=device.control_number, why=f"it is {device.get_status_display().lower()}.")
    if status == Status.MISSING and _signed_already(device):
        raise CannotDeclareMissing(device=device.control_number, why="two people signed it before.")


def _signed_already(device: Device) -> bool:
    zone = ZoneInfo(device.facility.time_zone)
    signed = Escalation.objects.filter(device=device, step=STEP, outcome=SIGNED, second_at__isnull=False).values_list(
        "second_at", flat=True
    )
    return any(device.status_since is None or local_day(at, zone) >= device.status_since for at in signed if at)


def _manages(actor: Actor, device: Device) -> bool:
    return any(grant.role in MANAGERS and grant.facility_id in (None, device.facility_id) for grant in actor.grants)


def _proposal(device: Device, now: datetime) -> Escalation:
    """Return a new proposal of a manager ahead of the policy, at the visit that is owed or was last."""
    visit = Visit.objects.filter(device=device).order_by("-is_open", "due_on").first()
    if visit is None:
        raise CannotDeclareMissing(device=device.control_number, why="it has no visit to leave out. Change its status instead.")
    due_on = local_day(now, ZoneInfo(device.facility.time_zone))
    asked_on = set(Escalation.objects.filter(visit=visit, step=STEP, due_on__gte=due_on).values_list("due_on", flat=True))
    while due_on in asked_on:  # asked today already, and found meanwhile
        due_on += timedelta(days=1)
    return Escalation(visit=visit, device=device, step=STEP, due_on=due_on, created_at=now)


def _tell(device: Device, found: Escalation, words: str, roles: tuple[Role, ...], text: str, now: datetime) -> None:
    """Tell the people of these roles at the facility, and the department that owns the device."""
    key, kind = f"device-missing:{found.pk}:{found.outcome}", "device-missing"
    subject, url = f"{device.control_number} {words}", PATH.format(device=device.control_number)
    told = [
        Message(
            key=f"{key}:{role}", kind=kind, subject=subject, text=text, url=url, role=role, facility_id=device.facility_id,
            urgent=device.high_risk,
        )
        for role in roles
    ]  # fmt: skip
    if device.department_id:
        told.append(Message(key=f"{key}:department", kind=kind, subject=subject, text=text, url=url, department_id=device.department_id))
    tell_many(told, now=now)
