"""The queue of doubtful pairs, and two records side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from openhtm.core.pagination import Count, count_up_to
from openhtm.identity.actor import Actor
from openhtm.inventory.models import CustomField, Device, DuplicateCandidate, MaintenanceStrategy, Ownership
from openhtm.inventory.models.device import DatePrecision, DeviceQuerySet
from openhtm.inventory.rules import merging
from openhtm.inventory.rules.merging import MergeField, Side
from openhtm.inventory.rules.status import STATUS_LABELS, Status
from openhtm.ui.rules import formats

_RELATED = ("facility__organisation", "device_model__manufacturer", "department", "location", "service_provider", "parent")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two devices that may be one, the older first, and every reason to think so as (method, evidence)."""

    first: Device
    second: Device
    reasons: Sequence[tuple[str, str]]
    cursor: int


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of both records in words. ``choosable`` ones are decided by whoever merges, the others are only shown."""

    key: str
    label: str
    first: str
    second: str
    differs: bool
    choosable: bool = True
    proposed: Side = "survivor"

    @property
    def verdict(self) -> str:
        if not self.differs:
            return "same"
        if not self.first or not self.second:
            return "only in one"
        return "different"


def candidates(actor: Actor) -> Any:
    """Doubtful pairs of which the actor sees both records."""
    found = DuplicateCandidate.objects.filter(first__merged_into__isnull=True, second__merged_into__isnull=True)
    if actor.reach().everywhere:
        return found
    visible = Device.objects.visible_to(actor)
    return found.filter(first__in=visible.values("pk"), second__in=visible.values("pk"))


def count_pairs(actor: Actor) -> Count:
    """How many pairs wait, exactly up to 10,000. One statement, two above that."""
    return count_up_to(candidates(actor).values("first_id", "second_id").distinct())


def next_pair(*, actor: Actor, after: int = 0, device: str = "") -> Pair | None:
    """The next pair beyond the cursor ``after``, or None; with ``device``, only pairs of that record. Three statements."""
    found = candidates(actor)
    if device:
        found = found.filter(Q(first__control_number=device) | Q(second__control_number=device))
    start = found.filter(pk__gt=after).order_by("pk").first()
    if start is None:
        return None
    together = list(DuplicateCandidate.objects.filter(first_id=start.first_id, second_id=start.second_id).order_by("pk"))
    first, second = both(actor, start.first_id, start.second_id)
    return Pair(first, second, [(one.get_method_display(), one.evidence) for one in together], max(one.pk for one in together))


def both(actor: Actor, first_id: int, second_id: int) -> tuple[Device, Device]:
    """Two devices with what a comparison shows, the older first. One statement. Raises Device.DoesNotExist."""
    found = list(_records(actor).filter(pk__in=(first_id, second_id)).order_by("pk"))
    if len(found) != 2:
        raise Device.DoesNotExist
    return found[0], found[1]


def by_numbers(actor: Actor, numbers: Sequence[str]) -> tuple[Device, Device]:
    """Two devices by control number, the older first. One statement. Raises Device.DoesNotExist."""
    found = list(_records(actor).filter(control_number__in=list(numbers)).order_by("pk"))
    if len(found) != 2:
        raise Device.DoesNotExist
    return found[0], found[1]


def _records(actor: Actor) -> DeviceQuerySet:
    return Device.objects.visible_to(actor).select_related(*_RELATED)


def comparison(first: Device, second: Device, *, may_see_costs: bool) -> list[Line]:
    """Both records line by line. One statement for the names of site fields. Lines empty in both are left out."""
    shown = [_fixed("facility", "Facility", first.facility.name, second.facility.name), *_fixed_lines(first, second)]
    shown += [_line(field, first, second) for field in merging.FIELDS if may_see_costs or field.key not in merging.COSTS]
    shown += [_custom_line(field, first, second) for field in CustomField.objects.filter(active=True)]
    return [line for line in shown if line.first or line.second]


def _fixed(key: str, label: str, first: str, second: str) -> Line:
    return Line(key, label, first, second, first != second, choosable=False)


def _fixed_lines(first: Device, second: Device) -> list[Line]:
    status = [STATUS_LABELS[Status(device.status)] for device in (first, second)]
    made = [formats.day(device.created_at.date()) for device in (first, second)]
    seen = [formats.day(device.last_seen_at.date()) if device.last_seen_at else "" for device in (first, second)]
    return [_fixed("status", "Status", *status), _fixed("recorded", "Recorded", *made), _fixed("seen", "Last seen", *seen)]


def _line(field: MergeField, first: Device, second: Device) -> Line:
    one, other = ({column: getattr(device, column) for column in field.columns} for device in (first, second))
    choosable = field.key not in merging.PLACES or first.facility_id == second.facility_id
    return Line(
        field.key,
        field.label,
        _words(field, first),
        _words(field, second),
        one != other,
        choosable,
        merging.proposed_side(field, one, other),
    )


def _words(field: MergeField, device: Device) -> str:
    shown = {
        "model": lambda: str(device.device_model),
        "udi": lambda: " · ".join(part for part in (device.udi_di, device.udi_serial) if part),
        "location": lambda: device.location.full_name if device.location else "",
        "department": lambda: device.department.name if device.department else "",
        "service_provider": lambda: device.service_provider.name if device.service_provider else "",
        "parent": lambda: device.parent.control_number if device.parent else "",
        "ownership": lambda: " · ".join(part for part in (Ownership(device.ownership).label, device.owner_name) if part),
        "maintenance_strategy": lambda: MaintenanceStrategy(device.maintenance_strategy).label,
        "high_risk": lambda: _override(device),
        "cost": lambda: _money(device),
        "acquired": lambda: _acquired(device),
    }
    if field.key in shown:
        return shown[field.key]()
    value = getattr(device, field.columns[0])
    if value is None:
        return ""
    return formats.day(value) if field.columns[0].endswith("_on") else str(value)


def _override(device: Device) -> str:
    if device.high_risk_override is None:
        return ""
    return f"{'yes' if device.high_risk_override else 'no'}: {device.high_risk_reason}"


def _money(device: Device) -> str:
    cents = device.acquisition_cost_cents
    return "" if cents is None else formats.money(cents, currency=device.facility.organisation.currency)


def _acquired(device: Device) -> str:
    if device.acquired_on is None:
        return ""
    exact = device.acquired_precision == DatePrecision.DAY
    return formats.day(device.acquired_on) + ("" if exact else f" ({DatePrecision(device.acquired_precision).label.lower()})")


def _custom_line(field: CustomField, first: Device, second: Device) -> Line:
    one, other = first.custom.get(field.key), second.custom.get(field.key)
    lacking = one in (None, "") and other not in (None, "")
    first_words, second_words = ("" if value is None else str(value) for value in (one, other))
    key = f"{merging.CUSTOM}{field.key}"
    return Line(key, field.label, first_words, second_words, one != other, proposed="loser" if lacking else "survivor")
