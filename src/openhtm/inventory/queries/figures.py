"""The figures people start from: each one counts exactly the devices that its link shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device, InventoryFigure
from openhtm.inventory.queries.filters import MISSING
from openhtm.inventory.rules.completeness import CMS_FACTS, Completeness, completeness
from openhtm.inventory.rules.status import IN_INVENTORY, STATUS_LABELS, Status

LIVE_UP_TO = 10_000
"""Up to so many devices every figure is counted when it is shown (one statement, about 40 ms); above, it was counted by a job."""

_STOCK = Q(status__in=sorted(IN_INVENTORY))
Condition = Callable[[date], Q]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its rows: ``query`` is the device list that shows them. Both are built for a day."""

    code: str
    label: str
    query: Callable[[date], str]
    condition: Condition


def year_before(day: date) -> date:
    """The same day a year earlier; 29 February becomes 28 February."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _plain(code: str, label: str, query: str, condition: Q) -> Figure:
    return Figure(code, label, lambda _: query, lambda _: condition)


def _missing(code: str) -> Figure:
    words, condition = MISSING[code]
    return _plain(f"missing_{code}", f"without {words}", f"status=in_inventory&missing={code}", _STOCK & condition)


def _strategy(code: str, label: str) -> Figure:
    return _plain(f"strategy_{code}", label, f"status=in_inventory&strategy={code}", _STOCK & Q(maintenance_strategy=code))


_NETWORKED = Q(device_type__networked=True)
_ALL = (
    _plain("in_inventory", "in the inventory", "status=in_inventory", _STOCK),
    _plain("high_risk", "high-risk", "status=in_inventory&high_risk=true", _STOCK & Q(high_risk=True)),
    *(_plain(f"status_{one}", STATUS_LABELS[one].lower(), f"status={one}", Q(status=one.value)) for one in Status),
    _plain(
        "out_or_in_repair", "out of service or in repair", "status=in_repair,out_of_service", Q(status__in=["in_repair", "out_of_service"])
    ),
    _plain(
        "not_in_service",
        "in the inventory, not in service",
        "status=received,in_acceptance,out_of_service,in_repair,sequestered,stored,missing",
        Q(status__in=sorted(IN_INVENTORY - {Status.IN_SERVICE})),
    ),
    *(_missing(code) for code in MISSING if code not in ("version", "address")),
    _plain(
        "unknown_version",
        "networked types with unknown software version",
        "status=in_inventory&networked=true&missing=version",
        _STOCK & _NETWORKED & MISSING["version"][1],
    ),
    _plain(
        "unknown_address",
        "networked types without a network address",
        "status=in_inventory&networked=true&missing=address",
        _STOCK & _NETWORKED & MISSING["address"][1],
    ),
    _strategy("unknown", "without a decided maintenance strategy"),
    _strategy("aem", "in the alternate maintenance programme (AEM)"),
    _plain("networked", "of networked types", "status=in_inventory&networked=true", _STOCK & _NETWORKED),
    _plain(
        "high_risk_unlocated",
        "high-risk devices without a location",
        "status=in_inventory&high_risk=true&missing=location",
        _STOCK & Q(high_risk=True, location__isnull=True),
    ),
    Figure(
        "not_seen",
        "not seen for a year",
        lambda day: f"status=in_inventory&not_seen_since={year_before(day)}",
        lambda day: _STOCK & Q(last_seen_at__date__lt=year_before(day)),
    ),
    Figure(
        "support_ended",
        "in service past the end of support",
        lambda day: f"status=in_service&support_ended_by={day}",
        lambda day: Q(status="in_service", device_model__support_ends_on__lte=day),
    ),
)
FIGURES: dict[str, Figure] = {one.code: one for one in _ALL}


@dataclass(frozen=True, slots=True)
class Counted:
    """Figures as counted: for everything the actor sees, by facility, and when (None: just now)."""

    day: date
    numbers: Mapping[str, int]
    by_facility: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    counted_at: datetime | None = None

    def number(self, code: str) -> int:
        return self.numbers.get(code, 0)

    def query(self, code: str) -> str:
        return FIGURES[code].query(self.day)

    def completeness(self, facility_id: int | None = None) -> Completeness:
        """How complete the records of one facility, or of all, are."""
        numbers = self.numbers if facility_id is None else self.by_facility.get(facility_id, {})
        missing = {code: numbers.get(f"missing_{code}", 0) for code in CMS_FACTS}
        return completeness(total=numbers.get("in_inventory", 0), missing=missing)


def counted(*, actor: Actor, today: date, codes: Iterable[str] | None = None) -> Counted:
    """Return the figures of all devices the actor sees. Two or three statements, flat in the number of devices.

    Somebody who sees departments or a provider's devices only gets them counted now; whole facilities of a large
    instance come from what the job counted last.
    """
    reach = actor.reach()
    narrow = not reach.everywhere and bool(reach.department_ids or reach.provider_facilities)
    if not narrow and not _is_small():
        stored = _stored(None if reach.everywhere else reach.facility_ids, today)
        if stored is not None:
            return stored
    return count_live(Device.objects.visible_to(actor), today=today, codes=codes)


def count_live(devices: Any, *, today: date, codes: Iterable[str] | None = None) -> Counted:
    """Count now, by facility. One statement over the given devices."""
    names = {f"number_of_{code}": code for code in codes or FIGURES}  # a bare code may be the name of a column
    wanted = {name: Count("pk", filter=FIGURES[code].condition(today)) for name, code in names.items()}
    rows = devices.current().order_by().values("facility_id").annotate(**wanted)
    by_facility = {row["facility_id"]: {code: row[name] for name, code in names.items()} for row in rows}
    return Counted(today, _summed(by_facility.values()), by_facility)


def _summed(rows: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for row in rows:
        for code, number in row.items():
            total[code] = total.get(code, 0) + number
    return total


def _is_small() -> bool:
    """True if the table holds few devices, by the server's own estimate (-1: never analysed, so new and small)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'inventory_device'::regclass")
        return bool(cursor.fetchone()[0] <= LIVE_UP_TO)


def _stored(facility_ids: frozenset[int] | None, today: date) -> Counted | None:
    found = InventoryFigure.objects.all() if facility_ids is None else InventoryFigure.objects.filter(facility_id__in=facility_ids)
    by_facility: dict[int, dict[str, int]] = {}
    oldest: datetime | None = None
    for facility_id, code, number, at in found.order_by().values_list("facility_id", "code", "number", "counted_at"):
        by_facility.setdefault(facility_id, {})[code] = number
        oldest = at if oldest is None else min(oldest, at)
    if oldest is None:
        return None
    return Counted(oldest.date(), _summed(by_facility.values()), by_facility, oldest)
