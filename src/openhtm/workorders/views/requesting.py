"""Reporting faults for people who are logged in: their department's devices and what became of their reports."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from openhtm.core.pagination import BadCursor
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.queries.detail import device_by_number
from openhtm.ui import lists as ui_lists
from openhtm.workorders.asking import actor_of
from openhtm.workorders.queries import requesting
from openhtm.workorders.services.requests import report_codes


@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """Report a fault on one of one's devices, and follow what was reported."""
    actor, now = actor_of(request), timezone.now()
    require(actor, Permission.REPORT_FAULTS)
    text = ui_lists.text_of(request, "q")
    devices = requesting.devices_to_report(actor=actor, text=text)
    try:
        page = requesting.my_reports(actor=actor, cursor=request.GET.get("cursor"), now=now)
    except BadCursor:
        page = requesting.my_reports(actor=actor, cursor=None, now=now)
    context = {
        "text": text,
        "devices": devices[: requesting.MAX_DEVICES],
        "more_devices": len(devices) > requesting.MAX_DEVICES,
        "page": page,
        "pager": ui_lists.pager(request, page, noun="reports"),
        "department": bool(actor.reach().department_ids),
    }
    return render(request, "workorders/requests.html", context)


@require_POST
def device_report(request: HttpRequest, control_number: str) -> HttpResponse:
    """Go to the report form of a device one sees."""
    actor = actor_of(request)
    device = device_by_number(actor=actor, number=control_number)
    require(actor, Permission.REPORT_FAULTS, at=device.facility_id, place=device.facility.name)
    return redirect("workorders:report-device", report_codes([device.pk])[device.pk])


urlpatterns: list[URLPattern] = [
    path("requests", request_list, name="request-list"),
    path("d/<control_number:control_number>/report", device_report, name="device-report"),
]
