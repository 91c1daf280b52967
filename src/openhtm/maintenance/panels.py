"""What maintenance shows on the page of a device."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.queries.lists import TONES, attention, schedules_of
from openhtm.maintenance.rules.calendar import local_day
from openhtm.ui import panels, parts
from openhtm.ui.panels import Panel


def device_tab(request: HttpRequest, device: Any) -> Panel | None:
    """Schedules with their open visit and when they were last done. Three statements."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.VIEW_SCHEDULES):
        return None
    rows = [row | {"tone": TONES[row["visit"].state] if row["visit"] else ""} for row in schedules_of(device)]
    context = {"rows": rows, "today": local_day(timezone.now(), ZoneInfo(device.facility.time_zone))}
    return Panel(template="maintenance/device_tab.html", context=context, title="Maintenance", count=len(rows), key="maintenance")


def device_attention(request: HttpRequest, device: Any) -> Panel | None:
    """Say that maintenance is late, or comes before the device is used. Two or three statements; for everybody who sees it."""
    found = attention(device)
    items = []
    if found["before_use"]:
        items.append(
            parts.Notice(title="Maintenance required before use", detail="Do what is due before the device is used again.", tone="late")
        )
    for visit in found["late"]:
        url = reverse("maintenance:visit", args=[visit.pk])
        title = f"{visit.schedule.procedure} is late"
        items.append(
            parts.Notice(title=title, detail=f"It was due on {visit.due_on.isoformat()}.", tone="late", action_label="Open", action_url=url)
        )
    return Panel(template="maintenance/device_attention.html", context={"items": items}, key="maintenance-attention") if items else None


def offer() -> None:
    """Register the panels with the page of a device."""
    panels.register("device.tabs", device_tab, order=40)
    panels.register("device.attention", device_attention, order=50)
