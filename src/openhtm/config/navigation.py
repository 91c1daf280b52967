"""The main menu: what each person can reach, in the order of the job."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import ROLE_LABELS, Permission
from openhtm.ui import parts


@dataclass(frozen=True, slots=True)
class Entry:
    label: str
    route: str
    icon: str
    permission: Permission | None = None


MENU = (
    Entry("Home", "home", "house"),
    Entry("Devices", "inventory:device-list", "monitor-cog", Permission.VIEW_DEVICES),
    Entry("Scan", "inventory:scan", "scan-barcode", Permission.VIEW_DEVICES),
    Entry("Data quality", "inventory:quality", "list-checks", Permission.RESOLVE_QUALITY),
    Entry("Imports", "inventory:import-list", "file-input", Permission.IMPORT_DEVICES),
    Entry("Catalogue", "catalog:home", "book-open", Permission.VIEW_CATALOG),
    Entry("Places", "sites:home", "map-pin", Permission.VIEW_SITES),
    Entry("People", "identity:user-list", "users", Permission.VIEW_PEOPLE),
    Entry("System", "system", "activity", Permission.VIEW_SYSTEM),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the menu of whoever is asking. No statement."""
    actor: Actor | None = getattr(request, "actor", None)
    facts = {
        "actor": actor,
        "demo": settings.DEMO,
        "theme": request.COOKIES.get("theme", "") if request.COOKIES.get("theme") in ("light", "dark") else "",
    }
    if actor is None:
        return facts
    entries = [
        {"label": entry.label, "url": url, "icon": entry.icon, "current": _is_here(url, request.path)}
        for entry in MENU
        if (entry.permission is None or actor.may(entry.permission)) and (url := _address(entry.route))
    ]
    return facts | {"nav": entries, "person": _person(actor)} | _own_addresses()


@cache
def _address(route: str) -> str:
    """Where ``route`` leads, or "" if the room it belongs to brings no such page."""
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


def _is_here(url: str, path: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))


def _own_addresses() -> dict[str, str]:
    return {"logout_url": _address("identity:log-out"), "password_url": _address("identity:change-password")}


def _person(actor: Actor) -> parts.Person:
    roles = ", ".join(sorted(ROLE_LABELS[role] for role in actor.roles)) or "no role yet"
    return parts.Person(name=actor.name, detail=roles, links=[("My profile", _address("identity:profile"), "user")])
