"""What maintenance shows on pages of other rooms."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import Escalation, Visit
from openhtm.maintenance.queries.lists import STANDING, Standing, standing
from openhtm.maintenance.queries.of_device import maintenance_of
from openhtm.maintenance.queries.visit_list import FIELDS, VisitCard
from openhtm.maintenance.rules.calendar import local_day
from openhtm.maintenance.services.why import why_this_date
from openhtm.ui import panels, parts
from openhtm.ui.panels import Panel
from openhtm.ui.rules import formats

SEARCHES = 6
TAB = "maintenance"


def device_tab(request: HttpRequest, device: Any) -> Panel | None:
    """Schedules with their open visits as due bars, what was done, readings and decisions. Five statements; closed, one."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.VIEW_SCHEDULES):
        return None
    if request.GET.get("tab") != TAB:
        return Panel(template="maintenance/device_tab.html", title="Maintenance", count=_standing(request, device).schedules, key=TAB)
    found = maintenance_of(device_id=device.pk, type_id=device.device_type_id, model_id=device.device_model_id, now=timezone.now())
    context = {"found": found, "device": device, "may_record": actor.may(Permission.RECORD_ATTEMPTS, at=device.facility_id)}
    live = sum(line.live for line in found.lines)
    return Panel(template="maintenance/device_tab.html", context=context, title="Maintenance", count=live, key=TAB)


def _standing(request: HttpRequest, device: Any) -> Standing:
    return standing(panels.answer(request, "device", TAB, pk=device.pk), in_service=device.status == "in_service")


def device_attention(request: HttpRequest, device: Any) -> Panel | None:
    """Say that maintenance is late, or comes before the device is used; for everybody who sees the device.

    No statement of its own: the page's answers its question.
    """
    found, actor = _standing(request, device), request.actor  # type: ignore[attr-defined]
    opens = actor.may(Permission.VIEW_SCHEDULES)
    today = local_day(timezone.now(), ZoneInfo(device.facility.time_zone))
    items = []
    if found.before_use:
        items.append(
            parts.Notice(
                title="Maintenance before use", detail="Do what is due before the device is used again.", tone="late", icon="shield-alert"
            )
        )
    for visit in found.late:
        days = (today - visit.grace_until).days
        items.append(
            parts.Notice(
                title=f"{visit.procedure} is late by {days} day{'' if days == 1 else 's'}",
                detail=f"It was due on {formats.day(visit.due_on)}.",
                tone="late",
                icon="calendar-x",
                action_label="Open" if opens else "",
                action_url=reverse("maintenance:visit", args=[visit.visit_id]) if opens else "",
            )
        )
    return Panel(template="maintenance/device_attention.html", context={"items": items}, key="maintenance-attention") if items else None


def searches_today(request: HttpRequest, actor: Actor) -> Panel | None:
    """Searches that are due, on Today. One statement."""
    if not actor.may(Permission.RECORD_ATTEMPTS):
        return None
    visible = Visit.objects.visible_to(actor).filter(is_open=True)
    due = Escalation.objects.filter(step="search", done_at__isnull=True, due_on__lte=timezone.localdate(), visit__in=visible)
    rows = due.order_by("due_on", "pk").select_related("visit__schedule__procedure", "device__device_type", "device__location")[
        : SEARCHES + 1
    ]
    found = list(rows)
    return (
        Panel(template="maintenance/searches.html", context={"tasks": found[:SEARCHES], "more": len(found) > SEARCHES}) if found else None
    )


def order_why(request: HttpRequest, order: Any) -> Panel | None:
    """Why the visits of an order are due on their day. Six statements for each visit; an order has one or two."""
    visits = list(Visit.objects.filter(work_order=order, is_open=True).select_related("schedule__procedure")[:4])
    if not visits:
        return None
    reasons = [(visit, why_this_date(visit=visit)) for visit in visits]
    return Panel(template="maintenance/order_why.html", context={"reasons": reasons})


def order_visits(request: HttpRequest, order: Any) -> Panel | None:
    """The visits that an order is for, with the sticker. One statement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.VIEW_SCHEDULES):
        return None
    rows = Visit.objects.filter(work_order=order).order_by("-due_on", "pk").values(*FIELDS)[:6]
    cards = [VisitCard(row, timezone.now()) for row in rows]
    context = {"cards": cards, "may_label": actor.may(Permission.PRINT_LABELS, at=order.facility_id)}
    return Panel(template="maintenance/order_visits.html", context=context) if cards else None


def stickers(request: HttpRequest, order: Any) -> Panel | None:
    """The sticker of what was just done. One statement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.PRINT_LABELS, at=order.facility_id):
        return None
    visits = list(Visit.objects.filter(work_order=order).select_related("schedule__procedure").order_by("-due_on", "pk")[:4])
    return Panel(template="maintenance/stickers.html", context={"visits": visits}) if visits else None


def offer() -> None:
    """Register the panels with the pages of lower rooms."""
    panels.question("device", TAB, STANDING)
    panels.register("device.tabs", device_tab, order=40)
    panels.register("device.attention", device_attention, order=50)
    panels.register("today", searches_today, order=50)
    panels.register("workorders.order.why", order_why)
    panels.register("workorders.order.aside", order_visits, order=20)
    panels.register("workorders.sticker", stickers)
