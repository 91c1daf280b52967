"""One schedule with its visits and changes, and how a device is set apart from its model or type."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.errors import Invalid
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.maintenance.forms import LineForm, ReadingForm, ReasonForm
from openhtm.maintenance.models import Schedule
from openhtm.maintenance.queries import visit_page
from openhtm.maintenance.queries.facts import plan_of
from openhtm.maintenance.queries.lists import interval_words
from openhtm.maintenance.rules.wording import in_words
from openhtm.maintenance.services import programme, readings
from openhtm.maintenance.views.visits import who
from openhtm.sites.models import Facility
from openhtm.ui import parts
from openhtm.ui.editing import edit_page
from openhtm.ui.rules import formats

FORM = "maintenance/form.html"
COPIED = (*LineForm.FIELDS, "window_profile")


@require_safe
def schedule(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """How often, counted from when, by which line, with every change and the newest visits. About nine statements."""
    actor, now = who(request), timezone.now()
    require(actor, Permission.VIEW_SCHEDULES)
    found = visit_page.schedule_detail(actor=actor, schedule_id=schedule_id, now=now)
    record = found.schedule
    today = visit_page.local_day(now, ZoneInfo(record.device.facility.time_zone))
    context = {
        "schedule": record,
        "device": record.device,
        "every": interval_words(record),
        "open": found.open_visit,
        "why": in_words(plan_of(record, today=today).why) if record.live else [],
        "visits": found.visits,
        "events": visit_page.change_events(found.changes),
        "facts": _facts(record),
        "own_line": record.plan_line.device_id is not None and record.plan_line.ended_on is None,
        "may_edit": actor.may(Permission.EDIT_SCHEDULES, at=record.device.facility_id),
    }
    with timezone.override(ZoneInfo(record.device.facility.time_zone)):
        return render(request, "maintenance/schedule.html", context)


def _facts(record: Schedule) -> list[parts.Fact]:
    line = record.plan_line
    subject = line.device_type or line.device_model or "this device"
    return [
        parts.Fact(label="How often", value=interval_words(record)),
        parts.Fact(label="Counted", value=record.get_cycle_display()),
        parts.Fact(label="Counted from", value=formats.day(record.anchor_on)),
        parts.Fact(label="First owed", value=formats.day(record.starts_on)),
        parts.Fact(label="Window", value=record.window_step.profile.name),
        parts.Fact(label="Not in", value=", ".join(formats.MONTHS[m - 1] for m in record.blackout_months) or "no month left out"),
        parts.Fact(label="Line for", value=str(subject) + (f" at {line.facility}" if line.facility else "")),
        parts.Fact(label="Source", value=f"{line.get_source_display()} {line.source_text}".strip()),
        parts.Fact(label="Reason", value=line.reason or "as for the others"),
        parts.Fact(label="Decided by", value=str(line.decided_by) if line.decided_by else "the system"),
    ]


def _found(request: HttpRequest, schedule_id: int) -> Schedule:
    """The schedule with the right to change it checked."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    shown = Schedule.objects.visible_to(actor).select_related("device__facility", "procedure", "plan_line")
    record = get_object_or_404(shown, pk=schedule_id)
    require(actor, Permission.EDIT_SCHEDULES, at=record.device.facility_id, place=record.device.facility.name)
    return record


def _about(record: Schedule, title: str, button: str, lead: str = "") -> dict[str, Any]:
    back = reverse("maintenance:schedule", args=[record.pk])
    detail = f"{record.device} · {record.procedure}"
    trail = [("Visits", reverse("maintenance:visit-list")), (detail, back)]
    return {"title": title, "button": button, "detail": detail, "back": back, "trail": trail, "lead": lead}


@require_http_methods(["GET", "HEAD", "POST"])
def override(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Set this device apart from its model or type, with a reason."""
    record, actor = _found(request, schedule_id), who(request)
    initial = {name: getattr(record.plan_line, name) for name in COPIED}

    def save(values: dict[str, Any]) -> str:
        if not values["reason"]:
            raise Invalid({"reason": ["Give the reason for the difference."]})
        programme.set_line(actor=actor, procedure_id=record.procedure_id, device_id=record.device_id, values=form.values())
        messages.success(request, "This device now has its own interval. What passed before stays as it was.")
        return reverse("maintenance:schedule", args=[record.pk])

    form = LineForm(request.POST or None, initial=initial, facilities=Facility.objects.none(), fixed=True)
    form.fields.pop("procedure")
    return edit_page(request, form=form, save=save, template=FORM, context=_about(record, "Set this device apart", "Save"))


@require_http_methods(["GET", "HEAD", "POST"])
def switch_off(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Say that this procedure is not due on this device, with a reason; its open visit is no longer owed."""
    record, actor = _found(request, schedule_id), who(request)

    def save(values: dict[str, Any]) -> str:
        programme.set_line(
            actor=actor, procedure_id=record.procedure_id, device_id=record.device_id,
            values={name: getattr(record.plan_line, name) for name in LineForm.FIELDS} | {"needed": False, "reason": values["reason"]},
        )  # fmt: skip
        messages.success(request, "Ended for this device. Visits so far stay.")
        return reverse("maintenance:schedule", args=[record.pk])

    lead = "The open visit is no longer owed, and no further one comes. For a device that is only stored or in repair, change its status instead."
    context = _about(record, "End it for this device", "End", lead)
    return edit_page(request, form=ReasonForm(request.POST or None), save=save, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def as_others(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """End what is said for this device alone: what holds for its model or type holds again."""
    record, actor = _found(request, schedule_id), who(request)
    if record.plan_line.device_id is None:
        raise Invalid({"": ["This device is not set apart."]})

    def save(values: dict[str, Any]) -> str:
        programme.end_line(actor=actor, line_id=record.plan_line_id, reason=values["reason"])
        messages.success(request, "What holds for its model or type holds again.")
        return reverse("maintenance:schedule", args=[record.pk])

    return edit_page(
        request, form=ReasonForm(request.POST or None), save=save, template=FORM, context=_about(record, "As all others again", "Save")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def reading(request: HttpRequest, control_number: str) -> HttpResponse:
    """Enter what a meter of a device shows."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    device = get_object_or_404(Device.objects.visible_to(actor).select_related("facility"), control_number=control_number)
    require(actor, Permission.RECORD_ATTEMPTS, at=device.facility_id, place=device.facility.name)
    meters = sorted(set(Schedule.objects.filter(device=device).exclude(meter="").values_list("meter", flat=True))) or ["operating_hours"]
    back = reverse("inventory:device", args=[control_number]) + "?tab=maintenance"

    def save(values: dict[str, Any]) -> str:
        readings.record_reading(actor=actor, control_number=control_number, **values)
        messages.success(request, "The reading was recorded.")
        return back

    trail = [("Visits", reverse("maintenance:visit-list")), (control_number, back)]
    context = {
        "title": "Enter a meter reading",
        "button": "Record",
        "detail": f"{device} · {device.device_model}",
        "back": back,
        "trail": trail,
    }
    return edit_page(request, form=ReadingForm(request.POST or None, meters=meters), save=save, template=FORM, context=context)


urlpatterns: list[URLPattern] = [
    path("schedules/<int:schedule_id>", schedule, name="schedule"),
    path("schedules/<int:schedule_id>/override", override, name="schedule-override"),
    path("schedules/<int:schedule_id>/end", switch_off, name="schedule-end"),
    path("schedules/<int:schedule_id>/as-others", as_others, name="schedule-as-others"),
    path("d/<control_number:control_number>/meter", reading, name="device-reading"),
]
