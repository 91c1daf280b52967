"""What work orders show on pages of other rooms."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from django.http import HttpRequest
from django.urls import reverse

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import panels
from openhtm.ui.panels import Panel

_LABEL = re.compile(r"^/(d|l)/([^/]{1,120})/?$")


def report_from_log_in(request: HttpRequest, target: Any) -> Panel | None:
    """Offer the report form to whoever scanned a label and is not logged in. No statement, so it tells nothing about what exists."""
    found = _LABEL.match(urlsplit(str(target)).path)
    if found is None:
        return None
    name = unquote(found.group(2), errors="replace").replace("\0", "")
    if found.group(1) == "d":
        return Panel(template="workorders/_offer_report.html", context={"tag": name})
    if not re.fullmatch(r"[0-9A-Za-z]{4,12}", name):
        return None
    return Panel(template="workorders/_offer_report.html", context={"url": reverse("workorders:report-place", args=[name.upper()])})


def device_actions(request: HttpRequest, device: Any) -> Panel | None:
    """The button beside the device's own. No statement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.REPORT_FAULTS, at=device.facility_id):
        return None
    return Panel(
        template="workorders/_report_button.html",
        context={"device": device, "may_add": actor.may(Permission.ADD_WORK, at=device.facility_id)},
    )


def at_location(request: HttpRequest, place: Any) -> Panel | None:
    """The open work at a place, and the label that lets anybody report there. No statement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.VIEW_WORK):
        return None
    context = {"place": place, "labels": actor.may(Permission.PRINT_LABELS, at=place.facility_id)}
    return Panel(template="workorders/_at_place.html", context=context, title="Work", key="work-links")


def offer() -> None:
    """Register the panels with the pages of lower rooms."""
    panels.register("log-in", report_from_log_in)
    panels.register("device.actions", device_actions)
    panels.register("location", at_location, order=110)
