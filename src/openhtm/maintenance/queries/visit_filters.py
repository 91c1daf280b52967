"""The filters of the list of visits: read from an address, shown as a sentence of chips, applied to a queryset.

Page, API, export and counts share them, so that each means exactly the same visits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import F, Q

from openhtm.catalog.models import DeviceType
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.inventory.models import Device
from openhtm.inventory.queries.filters import Chip, Filters
from openhtm.maintenance.models import Visit, VisitExclusion
from openhtm.maintenance.models.visit import OPEN_STATES, VisitQuerySet
from openhtm.maintenance.rules.states import STATE_LABELS, VisitState
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Department, Facility, Location
from openhtm.ui.rules import formats

NOT_LOCATED = "not_located"
OWED = Q(state__in=("done", "covered", "missed", "grace", "late"))
"""In both denominators: what was done, what was missed, and what is open and no longer on time."""
BY_POLICY = Q(policy_compliant=True)
PERFORMED = Q(performed_on__lte=F("on_time_until"))


@dataclass(frozen=True, slots=True)
class Group:
    """A worklist: what it is called, which visits it holds, and in which order they are shown."""

    label: str
    words: str
    condition: Q
    order: tuple[str, ...] = ("on_time_until", "id")


GROUPS: dict[str, Group] = {
    "now": Group("Due now", "due now", Q(is_open=True, state__in=("in_window", "due", "grace"))),
    "late": Group("Late", "late", Q(is_open=True, state="late")),
    "held": Group("Held", "held by the status of the device", Q(is_open=True, state="held")),
    "not_located": Group("Not located", "not located", Q(is_open=True, outcome=NOT_LOCATED)),
    "coming": Group("Coming", "coming", Q(is_open=True, state="not_due")),
    "missed": Group("Missed", "missed", Q(state="missed"), ("-due_on", "-id")),
    "to_confirm": Group(
        "To confirm", "waiting for a second person", Q(pk__in=VisitExclusion.objects.filter(confirmed__isnull=True).values("visit_id")),
        ("-due_on", "-id"),
    ),
    "all": Group("All", "", Q(), ("-due_on", "-id")),
}  # fmt: skip
SHARES: dict[str, tuple[str, Q]] = {
    "owed": ("owed", OWED),
    "by_policy": ("as the policy asks", OWED & BY_POLICY),
    "performed": ("performed on time", OWED & PERFORMED),
    "not_by_policy": ("not as the policy asks", OWED & ~BY_POLICY),
    "not_performed": ("not performed on time", OWED & (Q(performed_on__isnull=True) | Q(performed_on__gt=F("on_time_until")))),
}
"""What the two percentages are made of; each number opens to its rows by one of these."""
MAX_FOUND = 500


@dataclass(slots=True)
class _Reading:
    """Filters while they are read."""

    actor: Actor
    condition: Q = field(default_factory=Q)
    chips: list[Chip] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, raw: str, label: str, value: str, condition: Q) -> None:
        self.condition &= condition
        self.chips.append(Chip(name, label, value))
        self.params[name] = raw


def read_filters(params: Mapping[str, str], *, actor: Actor) -> Filters:
    """Read the filters named in ``params``. At most two statements for each that names a record."""
    reading = _Reading(actor)
    for name, reader in _READERS.items():
        raw = (params.get(name) or "").strip()
        if not raw:
            continue
        if "\0" in raw or len(raw) > 400:
            reading.problems[name] = "This value cannot be searched for."
        else:
            reader(reading, name, raw)
    return Filters(reading.condition, tuple(reading.chips), reading.params, reading.problems, reading.params.get("q", ""))


def filtered(*, actor: Actor, filters: Filters) -> VisitQuerySet:
    """Return the visits the actor may see that match."""
    return Visit.objects.visible_to(actor).filter(filters.condition)


def order_of(filters: Filters) -> tuple[str, ...]:
    """Return the order of the list: what is open by its last day on time, what is settled from the newest back."""
    states = set(filters.params.get("state", "").split(","))
    if states <= set(OPEN_STATES):
        return ("on_time_until", "id")
    return GROUPS[filters.params.get("group", "all")].order if filters.params.get("group", "all") in GROUPS else ("-due_on", "-id")


def _q(reading: _Reading, name: str, raw: str) -> None:
    """A whole tag or serial number. One statement on two indexes."""
    key = control_number_key(raw)
    hit = Q(control_number=key) | Q(serial_key=key, serial_key__gt="")
    devices = list(Device.objects.visible_to(reading.actor).filter(hit).order_by().values_list("pk", flat=True)[:MAX_FOUND])
    reading.take(name, raw, "matching", f"“{raw}”", Q(device_id__in=devices))


def _group(reading: _Reading, name: str, raw: str) -> None:
    if raw not in GROUPS:
        reading.problems[name] = f"group takes {', '.join(GROUPS)}."
        return
    reading.condition &= GROUPS[raw].condition
    reading.params[name] = raw
    if GROUPS[raw].words:
        reading.chips.append(Chip(name, "that are", GROUPS[raw].words))


def _state(reading: _Reading, name: str, raw: str) -> None:
    codes = raw.split(",")
    if not set(codes) <= set(VisitState):
        reading.problems[name] = f"state takes {', '.join(VisitState)}."
        return
    condition = Q(state__in=codes)
    if set(codes) <= set(OPEN_STATES):
        condition &= Q(is_open=True)  # lets the small index of open visits serve
    reading.take(name, raw, "state", " or ".join(STATE_LABELS[VisitState(code)].lower() for code in codes), condition)


def _share(reading: _Reading, name: str, raw: str) -> None:
    if raw not in SHARES:
        reading.problems[name] = f"share takes {', '.join(SHARES)}."
        return
    words, condition = SHARES[raw]
    reading.take(name, raw, "counted as", words, condition)


def _facility(reading: _Reading, name: str, raw: str) -> None:
    codes = {code.strip().upper() for code in raw.split(",")}
    found = list(Facility.objects.visible_to(reading.actor).filter(code__in=codes))
    if len(found) != len(codes):
        reading.problems[name] = f"There is no facility {raw[:40]} that you can see."
    reading.take(name, raw, "at", " or ".join(f.name for f in found) or raw, Q(device__facility__in=[f.pk for f in found]))


def _by_key(label: str, column: str, found_in: Callable[[Actor], Any]) -> Any:
    def read(reading: _Reading, name: str, raw: str) -> None:
        found = found_in(reading.actor).filter(pk=int(raw)).first() if raw.isascii() and raw.isdecimal() and len(raw) < 18 else None
        if found is None:
            reading.problems[name] = f"There is no {name.replace('_', ' ')} {raw[:40]} that you can see."
            return
        reading.take(name, raw, label, str(found), Q(**{column: found.pk}))

    return read


def _location(reading: _Reading, name: str, raw: str) -> None:
    found = (
        Location.objects.visible_to(reading.actor).filter(pk=int(raw)).first()
        if raw.isascii() and raw.isdecimal() and len(raw) < 18
        else None
    )
    if found is None:
        reading.problems[name] = f"There is no location {raw[:40]} that you can see."
        return
    below = list(Location.objects.within(found).values_list("pk", flat=True))
    reading.take(name, raw, "in", found.full_name, Q(device__location_id__in=below))


def _procedure(reading: _Reading, name: str, raw: str) -> None:
    found = Procedure.objects.filter(code=raw).first()
    if found is None:
        reading.problems[name] = f"There is no procedure {raw[:80]}."
        return
    reading.take(name, raw, "for", found.name, Q(schedule__procedure_id=found.pk))


def _device(reading: _Reading, name: str, raw: str) -> None:
    found = Device.objects.visible_to(reading.actor).filter(control_number=control_number_key(raw)).first()
    if found is None:
        reading.problems[name] = f"There is no device {raw[:40]} that you can see."
        reading.take(name, raw, "on", raw, Q(pk__in=[]))
        return
    reading.take(name, raw, "on", found.control_number, Q(device_id=found.pk))


def _high_risk(reading: _Reading, name: str, raw: str) -> None:
    if raw.lower() not in ("1", "true", "0", "false"):
        reading.problems[name] = "high_risk takes true or false."
        return
    high = raw.lower() in ("1", "true")
    reading.take(name, raw, "that are", "high-risk" if high else "not high-risk", Q(device__high_risk=high))


def _assignee(reading: _Reading, name: str, raw: str) -> None:
    if raw == "me":
        reading.take(name, raw, "assigned to", "me", Q(work_order__assigned_user_id=reading.actor.user_id, work_order__isnull=False))
    elif raw == "nobody":
        nobody = Q(
            work_order__assigned_user__isnull=True, work_order__assigned_team__isnull=True, work_order__assigned_provider__isnull=True
        )
        reading.take(name, raw, "assigned to", "nobody", nobody)
    else:
        _PERSON(reading, name, raw)


def _day(label: str, lookup: str) -> Any:
    def read(reading: _Reading, name: str, raw: str) -> None:
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            reading.problems[name] = f"{name} takes a date as YYYY-MM-DD."
            return
        reading.take(name, raw, label, formats.day(day), Q(**{lookup: day}))

    return read


_PERSON = _by_key("assigned to", "work_order__assigned_user_id", lambda _actor: User.objects.filter(is_active=True))
_READERS: dict[str, Any] = {
    "q": _q,
    "group": _group,
    "state": _state,
    "share": _share,
    "facility": _facility,
    "department": _by_key("of", "device__department_id", lambda actor: Department.objects.visible_to(actor)),
    "location": _location,
    "device_type": _by_key("type", "device__device_type_id", lambda _actor: DeviceType.objects.all()),
    "procedure": _procedure,
    "device": _device,
    "high_risk": _high_risk,
    "assignee": _assignee,
    "due_from": _day("due since", "due_on__gte"),
    "due_to": _day("due by", "due_on__lte"),
    "until_from": _day("on time until", "on_time_until__gte"),
    "until_to": _day("at the latest", "on_time_until__lte"),
}
FILTER_NAMES: Sequence[str] = tuple(_READERS)
