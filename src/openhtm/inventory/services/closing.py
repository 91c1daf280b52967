"""What the inventory has against closing a place, department, service provider or facility: devices that are still there."""

from __future__ import annotations

from openhtm.inventory.models import Device
from openhtm.sites.models import Department, Facility, Location, ServiceProvider
from openhtm.sites.services import guards
from openhtm.sites.services.guards import Closable

_COLUMNS: dict[type[Closable], tuple[str, str]] = {
    Facility: ("facility", "Retire them, or move them to another facility first."),
    Location: ("location", "Move them first."),
    Department: ("department", "Give them to another department first."),
    ServiceProvider: ("service_provider", "Give them to another provider first."),
}


def devices_still_there(record: Closable) -> list[str]:
    """Return one sentence if devices of the inventory belong to ``record``. One statement."""
    column, remedy = _COLUMNS[type(record)]
    count = Device.objects.current().in_inventory().filter(**{column: record.pk}).count()
    if not count:
        return []
    return [f"1 device is still recorded there. {remedy}" if count == 1 else f"{count:,} devices are still recorded there. {remedy}"]


def listen() -> None:
    """Ask for the devices before anything is closed."""
    guards.register(devices_still_there)
