"""The home page: what waits for each role, as numbers that open to their rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.urls import NoReverseMatch, reverse

from openhtm.audit.models import InvariantRun
from openhtm.core.pagination import count_up_to
from openhtm.exchange.models import ImportRun, RunStatus
from openhtm.identity import queries as identity
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission, Role
from openhtm.inventory.addresses import device_url
from openhtm.inventory.models import Device
from openhtm.inventory.queries import duplicates
from openhtm.inventory.queries.figures import FIGURES, Counted, counted
from openhtm.inventory.rules.completeness import Completeness
from openhtm.reporting.queries.system import last_backup
from openhtm.reporting.queries.work import order_numbers, visit_numbers
from openhtm.sites.models import Facility
from openhtm.workforce.queries import credentials

EXPIRES_SOON = identity.EXPIRES_SOON
RECENT = 8
LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its words; it opens to its rows. ``tone`` asks for attention where it is not zero."""

    amount: Any
    label: str
    url: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a short list."""

    label: str
    detail: str
    url: str
    when: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One thing that waits, for one kind of work."""

    key: str
    title: str
    numbers: Sequence[Number] = ()
    rows: Sequence[Row] = ()
    empty: str = ""
    completeness: Completeness | None = None
    link: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class FacilityRow:
    name: str
    url: str
    total: int
    high_risk: int
    high_risk_url: str
    completeness: Completeness


@dataclass(frozen=True, slots=True)
class Home:
    """``counted_at`` is None where everything was counted for this page."""

    sections: list[Section]
    facilities: list[FacilityRow]
    counted_at: dt.datetime | None
    actions: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who asks, and the figures counted once for all sections."""

    actor: Actor
    now: dt.datetime
    counted: Counted

    def number(self, code: str, label: str = "", *, tone: str = "") -> Number:
        amount = self.counted.number(code)
        url = f"{reverse('inventory:device-list')}?{self.counted.query(code)}"
        return Number(amount, label or FIGURES[code].label, url, tone if amount else "")


def home(*, actor: Actor, now: dt.datetime) -> Home:
    """Return what waits for the actor's roles. At most two dozen statements, flat in the number of devices."""
    roles = [role for role in _SECTIONS if role in actor.roles]
    codes = sorted({code for role in roles for code in _CODES[role]})
    figures = counted(actor=actor, today=now.date(), codes=codes or ("in_inventory",))
    asking = _Asking(actor, now, figures)
    sections: dict[str, Section] = {}
    for role in roles:
        for make in _SECTIONS[role]:
            section = make(asking)
            if section is not None:
                sections.setdefault(section.key, section)
    facilities = _facilities(asking) if {Role.MANAGER, Role.ADMINISTRATOR, Role.SURVEYOR} & actor.roles else []
    return Home(list(sections.values()), facilities, figures.counted_at, _actions(actor))


def _actions(actor: Actor) -> list[tuple[str, str, str]]:
    offered = (
        ("Scan", "inventory:scan", "scan-barcode", Permission.SCAN_DEVICES),
        ("Add device", "inventory:device-add", "plus", Permission.ADD_DEVICES),
        ("Import", "inventory:import-list", "file-input", Permission.IMPORT_DEVICES),
    )
    return [(label, url, icon) for label, route, icon, right in offered if actor.may(right) and (url := _address(route))]


def _address(route: str) -> str:
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


def _attention(asking: _Asking) -> Section:
    numbers = [
        asking.number("status_missing", "missing", tone="late"),
        asking.number("out_or_in_repair"),
        asking.number("status_sequestered", "sequestered", tone="late"),
        asking.number("not_seen"),
    ]
    return Section("attention", "Needs somebody", numbers)


def _work(asking: _Asking) -> Section | None:
    numbers = [Number(*one) for one in (*visit_numbers(asking.actor), *order_numbers(asking.actor))]
    return Section("work", "Maintenance and work", numbers) if numbers else None


def _certifications(asking: _Asking) -> Section | None:
    if not asking.actor.may(Permission.MANAGE_STAFF):
        return None
    lapsed, soon = credentials.ending(asking.actor, on=asking.now.date())
    here = _address("workforce:credential-list")
    numbers = [
        Number(lapsed, "certifications lapsed", f"{here}?state=lapsed", "late" if lapsed else ""),
        Number(soon, "end within three months", f"{here}?state=soon", "due" if soon else ""),
    ]
    return Section("certifications", "Certifications of staff", numbers)


def _to_complete(asking: _Asking) -> Section:
    codes = ("missing_serial", "missing_model", "missing_location", "missing_department", "unknown_version")
    numbers = [asking.number(code) for code in codes]
    link = ("All findings", reverse("inventory:quality")) if asking.actor.may(Permission.RESOLVE_QUALITY) else ("", "")
    return Section("to_complete", "Records to complete", numbers, link=link)


_CHANGED_BY = """
SELECT d.control_number, e.pgh_created_at, m.name, k.name
FROM unnest(%(ids)s::bigint[]) AS wanted(id)
JOIN inventory_device d ON d.id = wanted.id
JOIN catalog_devicemodel m ON m.id = d.device_model_id JOIN catalog_manufacturer k ON k.id = m.manufacturer_id
CROSS JOIN LATERAL (
  SELECT e.pgh_created_at, e.pgh_context_id FROM inventory_deviceevent e WHERE e.pgh_obj_id = d.id ORDER BY e.pgh_id DESC LIMIT 1
) e
JOIN pghistory_context c ON c.id = e.pgh_context_id
WHERE (c.metadata ->> 'user')::bigint = %(user)s
ORDER BY e.pgh_created_at DESC LIMIT %(limit)s
"""


def changed_by(actor: Actor, *, limit: int = RECENT) -> list[Row]:
    """Devices the actor changed last, among the last hundred changed that they see. Two statements by index."""
    if actor.user_id is None:
        return []
    newest = Device.objects.visible_to(actor).current().order_by("-updated_at", "-pk").values_list("pk", flat=True)[:LOOKED_AT]
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED_BY, {"ids": list(newest), "user": actor.user_id, "limit": limit})
        return [
            Row(number, f"{maker} {model or '(model unknown)'}", device_url(number), at) for number, at, model, maker in cursor.fetchall()
        ]


def _mine(asking: _Asking) -> Section:
    return Section("mine", "Changed by you lately", rows=changed_by(asking.actor), empty="Devices you change appear here.")


def _inventory(asking: _Asking) -> Section:
    numbers = [
        asking.number("in_inventory"),
        asking.number("status_in_service", "in service"),
        asking.number("high_risk"),
        asking.number("out_or_in_repair"),
        asking.number("status_stored", "stored"),
        asking.number("status_missing", "missing", tone="late"),
    ]
    return Section("inventory", "Inventory", numbers)


def _waiting(asking: _Asking) -> Section:
    numbers = [_duplicate_number(asking)]
    if asking.actor.may(Permission.IMPORT_DEVICES):
        runs = ImportRun.objects.visible_to(asking.actor).filter(status__in=[RunStatus.UPLOADED, RunStatus.CHECKED])
        numbers.append(Number(count_up_to(runs), "imports waiting for you to go on", _address("inventory:import-list")))
    return Section("waiting", "Waiting for a decision", numbers)


def _duplicate_number(asking: _Asking) -> Number:
    pairs = duplicates.count_pairs(asking.actor)
    return Number(pairs, "pairs that may be one device", reverse("inventory:duplicates"), "late" if pairs.value else "")


def _unknown(asking: _Asking) -> Section:
    codes = ("missing_type", "missing_model", "missing_serial", "missing_location", "missing_provider", "missing_seen", "unknown_version")
    return Section("unknown", "Unknown", [asking.number(code) for code in codes])


def _engineering(asking: _Asking) -> Section:
    numbers = [
        _duplicate_number(asking),
        asking.number("missing_risk_inputs"),
        asking.number("missing_type"),
        asking.number("high_risk_unlocated", tone="late"),
        asking.number("strategy_unknown"),
        asking.number("support_ended"),
    ]
    return Section("engineering", "For your judgement", numbers)


def _security(asking: _Asking) -> Section:
    numbers = [
        asking.number("networked"),
        asking.number("unknown_version", tone="late"),
        asking.number("unknown_address"),
        asking.number("support_ended"),
    ]
    return Section("security", "Devices on the network", numbers)


def _department(asking: _Asking) -> Section:
    numbers = [asking.number("in_inventory"), asking.number("not_in_service"), _missing(asking)]
    return Section("department", "Your devices", numbers)


def _missing(asking: _Asking) -> Number:
    return asking.number("status_missing", "missing", tone="late")


def _not_in_service(asking: _Asking) -> Section:
    found = (
        Device.objects.visible_to(asking.actor)
        .current()
        .in_inventory()
        .exclude(status="in_service")
        .select_related("device_type", "location")
    )
    rows = [
        Row(
            device.control_number,
            " · ".join(
                [device.device_type.name if device.device_type else "type unknown", device.get_status_display().lower()]
                + ([device.location.full_name] if device.location else [])
            ),
            device_url(device.control_number),
        )
        for device in found.order_by("control_number")[:RECENT]
    ]
    return Section("not_in_service", "Not in service", rows=rows, empty="Everything is in service.")


def _vendor(asking: _Asking) -> Section:
    numbers = [asking.number("in_inventory", "that your company maintains"), asking.number("out_or_in_repair"), _missing(asking)]
    return Section("vendor", "Devices you maintain", numbers)


def _survey(asking: _Asking) -> Section:
    numbers = [
        asking.number("in_inventory", "on the inventory"),
        asking.number("high_risk", "identified as high-risk"),
        asking.number("strategy_aem"),
        asking.number("status_missing", "missing"),
    ]
    return Section("survey", "The inventory", numbers)


def _cms(asking: _Asking) -> Section:
    return Section("cms", "What CMS expects on every line (S&C 14-07)", completeness=asking.counted.completeness())


def _administration(asking: _Asking) -> Section:
    actor = asking.actor
    numbers, rows = [], []
    if actor.may(Permission.VIEW_PEOPLE):
        people = identity.people(actor, role=identity.NO_ROLE, active=True)
        url = f"{reverse('identity:user-list')}?role={identity.NO_ROLE}&active=yes"
        numbers.append(Number(count_up_to(people), "people without a role", url))
    if actor.may(Permission.USE_TOKENS):
        url = f"{reverse('identity:token-list')}?live=soon"
        tokens = identity.tokens(actor, live=True, now=asking.now).filter(expires_at__lt=asking.now + EXPIRES_SOON)
        numbers.append(Number(count_up_to(tokens), "API tokens that expire within two weeks", url))
    if actor.may(Permission.VIEW_SYSTEM):
        run = InvariantRun.objects.filter(finished_at__isnull=False).first()
        found = len(run.findings) if run else None
        numbers.append(Number(found, "findings of the nightly check", reverse("system"), "late" if found else ""))
        made = last_backup()
        rows.append(Row("Last backup", "" if made else "none by openhtm backup yet", reverse("system"), made.made_at if made else None))
    return Section("administration", "Administration", numbers, rows)


def _facilities(asking: _Asking) -> list[FacilityRow]:
    names = Facility.objects.visible_to(asking.actor).filter(active=True).values_list("pk", "code", "name")
    base = reverse("inventory:device-list")
    rows = []
    for pk, code, name in names:
        numbers = asking.counted.by_facility.get(pk, {})
        url = f"{base}?facility={code}&status=in_inventory"
        whole = asking.counted.completeness(pk)
        rows.append(FacilityRow(name, url, numbers.get("in_inventory", 0), numbers.get("high_risk", 0), f"{url}&high_risk=true", whole))
    return rows


_Maker = Callable[[_Asking], Section | None]
_SECTIONS: dict[Role, tuple[_Maker, ...]] = {
    Role.TECHNICIAN: (_work, _attention, _to_complete, _mine),
    Role.CLINICAL_ENGINEER: (_work, _engineering, _attention, _mine),
    Role.MANAGER: (_work, _certifications, _waiting, _inventory, _unknown),
    Role.ADMINISTRATOR: (_administration, _inventory),
    Role.SECURITY_ANALYST: (_security,),
    Role.REQUESTER: (_department, _not_in_service),
    Role.CLINICAL_EDUCATOR: (_department, _not_in_service),
    Role.VENDOR_TECHNICIAN: (_vendor, _not_in_service),
    Role.SURVEYOR: (_survey, _cms),
}
_CMS_CODES = ("missing_manufacturer", "missing_model", "missing_serial", "missing_type", "missing_location", "missing_department",
              "missing_provider", "missing_accepted")  # fmt: skip
_ATTENTION_CODES = ("status_missing", "out_or_in_repair", "status_sequestered", "not_seen")
_INVENTORY_CODES = ("in_inventory", "status_in_service", "high_risk", "out_or_in_repair", "status_stored", "status_missing")
_CODES: dict[Role, Iterable[str]] = {
    Role.TECHNICIAN: (*_ATTENTION_CODES, "missing_serial", "missing_model", "missing_location", "missing_department", "unknown_version"),
    Role.CLINICAL_ENGINEER: (
        *_ATTENTION_CODES,
        "missing_risk_inputs",
        "missing_type",
        "high_risk_unlocated",
        "strategy_unknown",
        "support_ended",
    ),
    Role.MANAGER: (*_INVENTORY_CODES, *_CMS_CODES, "missing_seen", "unknown_version"),
    Role.ADMINISTRATOR: (*_INVENTORY_CODES, *_CMS_CODES),
    Role.SECURITY_ANALYST: ("networked", "unknown_version", "unknown_address", "support_ended"),
    Role.REQUESTER: ("in_inventory", "not_in_service", "status_missing"),
    Role.CLINICAL_EDUCATOR: ("in_inventory", "not_in_service", "status_missing"),
    Role.VENDOR_TECHNICIAN: ("in_inventory", "out_or_in_repair", "status_missing"),
    Role.SURVEYOR: ("in_inventory", "high_risk", "strategy_aem", "status_missing", *_CMS_CODES),
}
"""Which figures the sections of a role need: they are counted together, in one statement."""
