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
from openhtm.ui.parts import NavItem, Person


@dataclass(frozen=True, slots=True)
class Entry:
    label: str
    route: str
    icon: str
    permission: Permission | None = None


MENU = (
    Entry("Today", "workorders:today", "sun", Permission.DO_WORK),
    Entry("Home", "home", "house"),
    Entry("Devices", "inventory:device-list", "monitor-cog", Permission.VIEW_DEVICES),
    Entry("Scan", "inventory:scan", "scan-barcode", Permission.VIEW_DEVICES),
    Entry("Report", "workorders:request-list", "flag", Permission.REPORT_FAULTS),
    Entry("Work", "workorders:order-list", "clipboard-list", Permission.VIEW_WORK),
    Entry("Visits", "maintenance:visit-list", "calendar-check", Permission.VIEW_SCHEDULES),
    Entry("Planning", "maintenance:planning", "calendar-range", Permission.PLAN_MAINTENANCE),
    Entry("Rounds", "rounds:round-list", "footprints", Permission.DO_ROUNDS),
    Entry("Readiness", "rounds:readiness", "shield-check", Permission.DO_READINESS),
    Entry("Procedures", "procedures:procedure-list", "list-todo", Permission.VIEW_PROCEDURES),
    Entry("Testers", "testers:tester-list", "gauge", Permission.VIEW_TESTERS),
    Entry("Data quality", "inventory:quality", "list-checks", Permission.RESOLVE_QUALITY),
    Entry("Imports", "inventory:import-list", "file-input", Permission.IMPORT_DEVICES),
    Entry("Catalogue", "catalog:home", "book-open", Permission.VIEW_CATALOG),
    Entry("Places", "sites:home", "map-pin", Permission.VIEW_SITES),
    Entry("People", "identity:user-list", "users", Permission.VIEW_PEOPLE),
    Entry("Teams", "workforce:team-list", "users-round", Permission.VIEW_SCHEDULES),
    Entry("Staff", "workforce:staff-list", "id-card", Permission.VIEW_STAFF),
    Entry("Competence", "competence:matrix", "grid-3x3", Permission.VIEW_STAFF),
    Entry("Training", "training:home", "graduation-cap", Permission.VIEW_TRAINING),
    Entry("Staffing", "staffing:forecast", "chart-column", Permission.VIEW_STAFFING),
    Entry("Survey", "pulse:home", "message-circle-heart"),
    Entry("Settings", "inventory:settings", "settings", Permission.MANAGE_CUSTOM_FIELDS),
    Entry("System", "system", "activity", Permission.VIEW_SYSTEM),
)
ON_THE_PHONE = frozenset({"workorders:today", "inventory:scan", "rounds:round-list", "workorders:request-list"})


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the menu of whoever is asking. No statement."""
    theme = request.COOKIES.get("theme", "")
    facts: dict[str, Any] = {"demo": settings.DEMO, "theme": theme if theme in ("light", "dark") else ""}
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return facts
    reachable = [entry for entry in MENU if (entry.permission is None or actor.may(entry.permission)) and address(entry.route)]
    return facts | {
        "actor": actor,
        "nav": [_item(entry, request.path) for entry in reachable],
        "phone_nav": [_item(entry, request.path) for entry in reachable if entry.route in ON_THE_PHONE],
        "person": _person(actor),
        "logout_url": address("identity:log-out"),
        "password_url": address("identity:change-password"),
    }


def _item(entry: Entry, here: str) -> NavItem:
    url = address(entry.route)
    inside = (
        here == url or (url != "/" and here.startswith(f"{url}/")) or (entry.route == "inventory:device-list" and here.startswith("/d/"))
    )
    return NavItem(label=entry.label, url=url, icon=entry.icon, current=inside)


@cache
def address(route: str) -> str:
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


def _person(actor: Actor) -> Person:
    roles = ", ".join(sorted(ROLE_LABELS[role] for role in actor.roles)) or "no role yet"
    return Person(
        name=actor.name,
        detail=roles,
        links=[
            ("My profile", address("identity:profile"), "user"),
            ("My qualifications", address("workforce:me"), "award"),
            ("My messages", address("notices:notice-list"), "bell"),
        ],
    )
