"""What this room shows on pages of lower rooms: a round from the page of a place, readiness on the page of a device."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.rounds import shown
from openhtm.rounds.models import Round
from openhtm.rounds.queries import readiness as queries
from openhtm.ui import panels
from openhtm.ui.panels import Panel


def at_location(request: HttpRequest, location: Any) -> Panel | None:
    """A round here, and when the last one was. One statement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.DO_ROUNDS, at=location.facility_id):
        return None
    last = Round.objects.visible_to(actor).filter(location=location).order_by("-started_at").first()
    return Panel(template="rounds/panel_location.html", context={"location": location, "last": last}, title="Rounds", key="rounds")


def of_device(request: HttpRequest, device: Any) -> Panel | None:
    """The readiness checks of a device with their strips; nothing where there are none. Three statements where there are some."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.DO_READINESS) or not panels.answer(request, "device", "readiness", pk=device.pk):
        return None
    now = timezone.now()
    rows = [shown.row(line, now=now) for line in queries.lines(queries.checks(actor).filter(device=device)[:10], now=now)]
    return Panel(template="rounds/panel_device.html", context={"rows": rows}, title="Readiness", key="readiness") if rows else None


def offer() -> None:
    """Register the panels with the pages of lower rooms."""
    panels.question("device", "readiness", "SELECT EXISTS (SELECT FROM rounds_readinesscheck WHERE device_id = %(pk)s AND active)")
    panels.register("location", at_location, order=50)
    panels.register("device.aside", of_device, order=120)
