"""The filters of a list of orders: read from an address, shown as a sentence of chips, applied to a queryset.

Page, API, export and bulk action share them, so that each means exactly the same orders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone

from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.inventory.models import Device
from openhtm.sites.models import Department, Facility, Location, ServiceProvider
from openhtm.workforce.models import Team
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.models.order import WorkOrderQuerySet
from openhtm.workorders.rules.kinds import KIND_LABELS, PRIORITY_LABELS, STATUS_LABELS, Kind, Priority, Status

GROUPS = {"under_way": "under way", "settled": "settled", "to_do": "to be done"}
_SETTLED = (Status.CLOSED.value, Status.CANCELLED.value, Status.MERGED.value)
_NUMBER = re.compile(r"(?:WO[- ]?)?(\d{1,18})", re.IGNORECASE)
MAX_WORDS = 8


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of the sentence: ``name`` is the parameter to drop when the chip is removed."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. ``problems`` maps a parameter to what is wrong with it; such a one narrows nothing."""

    condition: Q
    chips: tuple[Chip, ...]
    params: dict[str, str]
    problems: dict[str, str]


@dataclass(slots=True)
class _Reading:
    """Filters while they are read."""

    actor: Actor
    now: datetime
    condition: Q = field(default_factory=Q)
    chips: list[Chip] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, raw: str, label: str, value: str, condition: Q) -> None:
        self.condition &= condition
        self.chips.append(Chip(name, label, value))
        self.params[name] = raw


def read_filters(params: Mapping[str, str], *, actor: Actor, now: datetime | None = None) -> Filters:
    """Read the filters named in ``params``. At most one statement for each that names a record."""
    reading = _Reading(actor, now or timezone.now())
    for name, reader in _READERS.items():
        raw = (params.get(name) or "").strip()
        if not raw:
            continue
        if "\0" in raw or len(raw) > 200:
            reading.problems[name] = "This value cannot be searched for."
        else:
            reader(reading, name, raw)
    return Filters(reading.condition, tuple(reading.chips), reading.params, reading.problems)


def filtered(*, actor: Actor, filters: Filters) -> WorkOrderQuerySet:
    """Return the orders the actor may see that match."""
    return WorkOrder.objects.visible_to(actor).filter(filters.condition)


def late_condition(*, today: date, now: datetime) -> Q:
    """Work that should be done by now: past its window, or past its target and not waiting for somebody else."""
    doing = Q(under_way=True) & ~Q(status=Status.COMPLETED.value)
    past_target = Q(completion_due_at__lt=now) & ~Q(status=Status.ON_HOLD.value, hold_reason__stops_clock=True)
    return doing & (Q(on_time_until__lt=today) | past_target)


def _q(reading: _Reading, name: str, raw: str) -> None:
    found = _NUMBER.fullmatch(raw)
    if found:
        condition = Q(number=int(found[1]))
    else:
        condition = Q()
        for word in raw.upper().split()[:MAX_WORDS]:
            condition &= Q(search_text__contains=word)
    reading.take(name, raw, "matching", f"“{raw}”", condition)


def _status(reading: _Reading, name: str, raw: str) -> None:
    if raw in GROUPS:
        conditions = {"under_way": Q(under_way=True), "settled": Q(status__in=_SETTLED)}
        to_do = Q(under_way=True) & ~Q(status=Status.COMPLETED.value)
        reading.take(name, raw, "that are", GROUPS[raw], conditions.get(raw, to_do))
        return
    codes = _codes(reading, name, raw, set(Status))
    if codes:
        labels = " or ".join(STATUS_LABELS[Status(code)].lower() for code in codes)
        condition = Q(status__in=codes)
        if not set(codes) & set(_SETTLED):
            condition &= Q(under_way=True)  # lets the indexes of work under way serve it
        reading.take(name, raw, "that are", labels, condition)


def _kind(reading: _Reading, name: str, raw: str) -> None:
    if codes := _codes(reading, name, raw, set(Kind)):
        labels = " or ".join(KIND_LABELS[Kind(code)].lower() for code in codes)
        reading.take(name, raw, "of kind", labels, Q(kind__in=codes) if len(codes) > 1 else Q(kind=codes[0]))


def _priority(reading: _Reading, name: str, raw: str) -> None:
    if codes := _codes(reading, name, raw, {str(p.value) for p in Priority}):
        labels = " or ".join(PRIORITY_LABELS[Priority(int(code))].lower() for code in codes)
        reading.take(name, raw, "of priority", labels, Q(priority__in=[int(code) for code in codes]))


def _codes(reading: _Reading, name: str, raw: str, known: set[str]) -> list[str]:
    codes = list(dict.fromkeys(code.strip() for code in raw.split(",") if code.strip()))
    if not codes or not set(codes) <= set(map(str, known)):
        reading.problems[name] = f"Choose from: {', '.join(sorted(map(str, known)))}."
        return []
    return codes


def _device(reading: _Reading, name: str, raw: str) -> None:
    found = Device.objects.visible_to(reading.actor).filter(control_number=control_number_key(raw)).values_list("pk", flat=True).first()
    _take_found(reading, name, raw, "on", control_number_key(raw), Q(device_id=found) if found else None, "device")


def _facility(reading: _Reading, name: str, raw: str) -> None:
    found = Facility.objects.visible_to(reading.actor).filter(code__iexact=raw).first()
    _take_found(reading, name, raw, "at", str(found), Q(facility=found) if found else None, "facility")


def _department(reading: _Reading, name: str, raw: str) -> None:
    found = Department.objects.visible_to(reading.actor).filter(pk=_key(raw)).first()
    _take_found(reading, name, raw, "of", str(found), Q(department=found) if found else None, "department")


def _location(reading: _Reading, name: str, raw: str) -> None:
    found = Location.objects.visible_to(reading.actor).filter(pk=_key(raw)).first()
    below = Q(location__in=Location.objects.within(found).order_by().values("pk")) if found else None
    _take_found(reading, name, raw, "in", str(found), below, "place")


def _assignee(reading: _Reading, name: str, raw: str) -> None:
    if raw == "none":
        nobody = Q(assigned_user__isnull=True, assigned_team__isnull=True, assigned_provider__isnull=True)
        reading.take(name, raw, "of", "nobody", nobody)
        return
    if raw == "me":
        reading.take(name, raw, "of", "me", Q(assigned_user_id=reading.actor.user_id or 0))
        return
    found = User.objects.visible_to(reading.actor).filter(pk=_key(raw)).first()
    _take_found(reading, name, raw, "of", str(found), Q(assigned_user=found) if found else None, "person")


def _team(reading: _Reading, name: str, raw: str) -> None:
    found = Team.objects.visible_to(reading.actor).filter(pk=_key(raw)).first()
    _take_found(reading, name, raw, "of", str(found), Q(assigned_team=found) if found else None, "team")


def _provider(reading: _Reading, name: str, raw: str) -> None:
    found = ServiceProvider.objects.filter(pk=_key(raw)).first()
    _take_found(reading, name, raw, "with", str(found), Q(assigned_provider=found) if found else None, "service provider")


def _late(reading: _Reading, name: str, raw: str) -> None:
    if raw.lower() not in ("true", "false", "1", "0", "yes", "no"):
        reading.problems[name] = "Say true or false."
        return
    condition = late_condition(today=timezone.localdate(reading.now), now=reading.now)
    yes = raw.lower() in ("true", "1", "yes")
    reading.take(name, raw, "that are", "late" if yes else "not late", condition if yes else ~condition)


def _incident(reading: _Reading, name: str, raw: str) -> None:
    if raw.lower() not in ("true", "1", "yes"):
        reading.problems[name] = "Say true."
        return
    reading.take(name, raw, "with", "a patient involved", Q(incident=True))


def _parent(reading: _Reading, name: str, raw: str) -> None:
    found = WorkOrder.objects.visible_to(reading.actor).filter(number=_key(raw)).values_list("pk", flat=True).first()
    _take_found(reading, name, raw, "part of", f"WO-{raw}", Q(parent_id=found) if found else None, "order")


def _day(column: str, lookup: str, label: str):  # type: ignore[no-untyped-def]
    def read(reading: _Reading, name: str, raw: str) -> None:
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            reading.problems[name] = "Give a day as YYYY-MM-DD."
            return
        reading.take(name, raw, label, raw, Q(**{f"{column}__{lookup}": day}))

    return read


def _take_found(reading: _Reading, name: str, raw: str, label: str, value: str, condition: Q | None, what: str) -> None:
    if condition is None:
        reading.problems[name] = f"There is no {what} {raw} that you can see."
    else:
        reading.take(name, raw, label, value, condition)


def _key(raw: str) -> int:
    """Return a key, or 0, which nothing has."""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else 0


_READERS = {
    "q": _q,
    "status": _status,
    "kind": _kind,
    "priority": _priority,
    "device": _device,
    "facility": _facility,
    "department": _department,
    "location": _location,
    "assignee": _assignee,
    "team": _team,
    "provider": _provider,
    "late": _late,
    "incident": _incident,
    "parent": _parent,
    "due_from": _day("due_on", "gte", "due from"),
    "due_to": _day("due_on", "lte", "due until"),
    "planned_from": _day("planned_on", "gte", "planned from"),
    "planned_to": _day("planned_on", "lte", "planned until"),
    "opened_from": _day("opened_at", "date__gte", "opened from"),
    "opened_to": _day("opened_at", "date__lte", "opened until"),
}
