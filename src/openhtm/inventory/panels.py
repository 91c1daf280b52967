"""What the inventory shows on pages of the catalogue and of places: how many devices, with a link to them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest
from django.urls import reverse

from openhtm.core.pagination import count_up_to
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.queries import detail, filters
from openhtm.ui import panels
from openhtm.ui.panels import Panel


def _devices(request: HttpRequest, query: dict[str, str]) -> Panel | None:
    """The number of devices a filter matches. Two or three statements; nothing for people who may not see devices."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.VIEW_DEVICES):
        return None
    url = reverse("inventory:device-list") + "?" + "&".join(f"{key}={quote(str(value), safe='')}" for key, value in query.items())
    read = filters.read_filters(query, actor=actor)
    found = filters.filtered(actor=actor, filters=read)
    standing = count_up_to(found.in_inventory())
    context = {"count": count_up_to(found), "standing": standing, "url": url, "standing_url": f"{url}&status=in_inventory"}
    return Panel(template="inventory/panel_devices.html", context=context, title="Devices", count=standing.value, key="devices")


def of_type(request: HttpRequest, kind: Any) -> Panel | None:
    return _devices(request, {"device_type": kind.code})


def of_model(request: HttpRequest, model: Any) -> Panel | None:
    return _devices(request, {"model": str(model.pk)})


def of_manufacturer(request: HttpRequest, maker: Any) -> Panel | None:
    return _devices(request, {"manufacturer": str(maker.pk)})


def at_facility(request: HttpRequest, facility: Any) -> Panel | None:
    return _devices(request, {"facility": facility.code})


def at_location(request: HttpRequest, location: Any) -> Panel | None:
    return _devices(request, {"location": str(location.pk)})


def of_department(request: HttpRequest, department: Any) -> Panel | None:
    return _devices(request, {"department": str(department.pk)})


def offer() -> None:
    """Register the panels with the pages of lower rooms, and what the page of a device asks."""
    panels.question("device", "surroundings", detail.SURROUNDINGS)
    panels.question("device", "risk profile", detail.DEFAULT_PROFILE)
    for slot, provider in (
        ("catalog.device_type", of_type),
        ("catalog.device_model", of_model),
        ("catalog.manufacturer", of_manufacturer),
        ("facility", at_facility),
        ("location", at_location),
        ("department", of_department),
    ):
        panels.register(slot, provider)
