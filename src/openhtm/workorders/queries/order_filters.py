"""The filters of the list of work: read from an address, shown as a sentence of chips, applied to a queryset.

List, board, export and bulk actions share them, so that each means exactly the same orders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.inventory.models import Device
from openhtm.inventory.queries.filters import Chip, Filters
from openhtm.sites.models import Department, Facility, Location, ServiceProvider
from openhtm.ui.rules import formats
from openhtm.workforce.models import Team, TeamMember
from openhtm.workorders.models import Origin, WorkOrder
from openhtm.workorders.models.order import WorkOrderQuerySet
from openhtm.workorders.rules.kinds import KIND_LABELS, PRIORITY_LABELS, STATUS_LABELS, UNDER_WAY, WORKABLE, Status

GROUPS: dict[str, tuple[str, Q]] = {
    "under_way": ("under way", Q(under_way=True)),
    "to_do": ("to be done", Q(under_way=True, status__in=sorted(WORKABLE))),
    "settled": ("settled", Q(status__in=sorted(set(Status) - UNDER_WAY))),
}
MAX_FOUND = 500
_NUMBER = re.compile(r"^(?:WO-?)?(\d{1,15})$", re.IGNORECASE)


@dataclass(slots=True)
class _Reading:
    """Filters while they are read."""

    actor: Actor
    today: date
    condition: Q = field(default_factory=Q)
    chips: list[Chip] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, raw: str, label: str, value: str, condition: Q) -> None:
        self.condition &= condition
        self.chips.append(Chip(name, label, value))
        self.params[name] = raw


def read_filters(params: Mapping[str, str], *, actor: Actor, today: date) -> Filters:
    """Read the filters named in ``params``. At most two statements for each that names a record."""
    reading = _Reading(actor, today)
    for name, reader in _READERS.items():
        raw = (params.get(name) or "").strip()
        if not raw:
            continue
        if "\0" in raw or len(raw) > 400:
            reading.problems[name] = "This value cannot be searched for."
        else:
            reader(reading, name, raw)
    return Filters(reading.condition, tuple(reading.chips), reading.params, reading.problems, reading.params.get("q", ""))


def filtered(*, actor: Actor, filters: Filters) -> WorkOrderQuerySet:
    """Return the orders the actor may see that match."""
    return WorkOrder.objects.visible_to(actor).filter(filters.condition)


def late_condition(today: date) -> Q:
    """Under way and after the window's grace, or after the target."""
    return Q(under_way=True) & (Q(grace_until__lt=today) | Q(due_on__isnull=True, completion_due_at__lt=Now()))


def mine_condition(actor: Actor) -> Q:
    """Given to this person or to their company."""
    companies = [grant.provider_id for grant in actor.grants if grant.provider_id is not None]
    condition = Q(assigned_user_id=actor.user_id)
    return condition | Q(assigned_provider_id__in=companies, assigned_user__isnull=True) if companies else condition


def _q(reading: _Reading, name: str, raw: str) -> None:
    """A number is that order; a tag or serial number all work on the device; other words are part of the title."""
    if found := _NUMBER.match(raw):
        reading.take(name, raw, "matching", f"“{raw}”", Q(number=int(found.group(1))) | Q(device_id__in=_devices(reading, raw)))
        return
    condition = Q()
    for word in raw.upper().split()[:6]:
        condition &= Q(search_text__contains=word)
    if devices := _devices(reading, raw):
        condition |= Q(device_id__in=devices)
    reading.take(name, raw, "matching", f"“{raw}”", condition)


def _devices(reading: _Reading, raw: str) -> list[int]:
    """Devices by their whole tag or serial number. One statement on two indexes."""
    key = control_number_key(raw)
    hit = Q(control_number=key) | Q(serial_key=key, serial_key__gt="")
    return list(Device.objects.visible_to(reading.actor).filter(hit).order_by().values_list("pk", flat=True)[:MAX_FOUND])


def _status(reading: _Reading, name: str, raw: str) -> None:
    if raw in GROUPS:
        words, condition = GROUPS[raw]
        reading.take(name, raw, "that is", words, condition)
        return
    codes = raw.split(",")
    if not set(codes) <= set(Status):
        reading.problems[name] = f"status takes {', '.join(Status)}, {', '.join(GROUPS)}."
        return
    condition = Q(status__in=codes)
    if set(codes) <= UNDER_WAY:
        condition &= Q(under_way=True)  # lets the small index of open work serve
    reading.take(name, raw, "status", " or ".join(STATUS_LABELS[Status(code)].lower() for code in codes), condition)


def _choice(label: str, column: str, words: Mapping[Any, str], *, kind: Callable[[str], Any] = str) -> Any:
    known = {str(getattr(code, "value", code)): text for code, text in words.items()}

    def read(reading: _Reading, name: str, raw: str) -> None:
        codes = raw.split(",")
        if not set(codes) <= set(known):
            reading.problems[name] = f"{name} takes {', '.join(known)}."
            return
        reading.take(name, raw, label, " or ".join(known[code].lower() for code in codes), Q(**{f"{column}__in": [kind(c) for c in codes]}))

    return read


def _facility(reading: _Reading, name: str, raw: str) -> None:
    codes = {code.strip().upper() for code in raw.split(",")}
    found = list(Facility.objects.visible_to(reading.actor).filter(code__in=codes))
    if len(found) != len(codes):
        reading.problems[name] = f"There is no facility {raw[:40]} that you can see."
    reading.take(name, raw, "at", " or ".join(f.name for f in found) or raw, Q(facility__in=[f.pk for f in found]))


def _by_key(label: str, column: str, found_in: Callable[[Actor], Any]) -> Any:
    def read(reading: _Reading, name: str, raw: str) -> None:
        found = found_in(reading.actor).filter(pk=int(raw)).first() if raw.isdecimal() and len(raw) < 18 else None
        if found is None:
            reading.problems[name] = f"There is no {name} {raw[:40]} that you can see."
            return
        reading.take(name, raw, label, str(found), Q(**{column: found.pk}))

    return read


def _location(reading: _Reading, name: str, raw: str) -> None:
    found = Location.objects.visible_to(reading.actor).filter(pk=int(raw)).first() if raw.isdecimal() and len(raw) < 18 else None
    if found is None:
        reading.problems[name] = f"There is no location {raw[:40]} that you can see."
        return
    below = list(Location.objects.within(found).values_list("pk", flat=True))
    reading.take(name, raw, "in", found.full_name, Q(location_id__in=below))


def _device(reading: _Reading, name: str, raw: str) -> None:
    found = Device.objects.visible_to(reading.actor).filter(control_number=control_number_key(raw)).first()
    if found is None:
        reading.problems[name] = f"There is no device {raw[:40]} that you can see."
        reading.take(name, raw, "on", raw, Q(pk__in=[]))
        return
    reading.take(name, raw, "on", found.control_number, Q(device_id=found.pk))


def _assignee(reading: _Reading, name: str, raw: str) -> None:
    if raw == "me":
        reading.take(name, raw, "assigned to", "me", mine_condition(reading.actor))
    elif raw == "nobody":
        nobody = Q(under_way=True, assigned_user__isnull=True, assigned_team__isnull=True, assigned_provider__isnull=True)
        reading.take(name, raw, "assigned to", "nobody", nobody)
    else:
        _PERSON(reading, name, raw)


def _team(reading: _Reading, name: str, raw: str) -> None:
    if raw == "mine":
        teams = list(TeamMember.objects.filter(staff__user_id=reading.actor.user_id or 0).values_list("team_id", flat=True))
        reading.take(name, raw, "of", "my teams", Q(assigned_team_id__in=teams))
    else:
        _TEAM(reading, name, raw)


def _late(reading: _Reading, name: str, raw: str) -> None:
    if raw.lower() not in ("1", "true", "yes"):
        reading.problems[name] = "late takes true."
        return
    reading.take(name, raw, "that is", "late", late_condition(reading.today))


def _incident(reading: _Reading, name: str, raw: str) -> None:
    reading.take(name, raw, "with", "a patient involved", Q(incident=True))


def _day(label: str, lookup: str) -> Any:
    def read(reading: _Reading, name: str, raw: str) -> None:
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            reading.problems[name] = f"{name} takes a date as YYYY-MM-DD."
            return
        moment: date | datetime = day
        reading.take(name, raw, label, formats.day(day), Q(**{lookup: moment}))

    return read


_PERSON = _by_key("assigned to", "assigned_user_id", lambda _actor: User.objects.filter(is_active=True))
_TEAM = _by_key("of", "assigned_team_id", lambda actor: Team.objects.visible_to(actor))
_READERS: dict[str, Any] = {
    "q": _q,
    "status": _status,
    "kind": _choice("kind", "kind", KIND_LABELS),
    "priority": _choice("priority", "priority", PRIORITY_LABELS, kind=int),
    "late": _late,
    "incident": _incident,
    "assignee": _assignee,
    "team": _team,
    "provider": _by_key("with", "assigned_provider_id", lambda _actor: ServiceProvider.objects.all()),
    "facility": _facility,
    "department": _by_key("of", "department_id", lambda actor: Department.objects.visible_to(actor)),
    "location": _location,
    "device": _device,
    "origin": _choice("origin", "origin", dict(Origin.choices)),
    "planned_on": _day("planned on", "planned_on"),
    "due_to": _day("due by", "due_on__lte"),
    "opened_from": _day("opened since", "opened_at__date__gte"),
    "opened_to": _day("opened until", "opened_at__date__lte"),
}
FILTER_NAMES: Sequence[str] = tuple(_READERS)
