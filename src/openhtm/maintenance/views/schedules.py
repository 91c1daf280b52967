"""One schedule with its changes, the programme, and devices that nobody decided about."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_of_page, count_up_to, keyset_page
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.maintenance.forms import LineForm, ReasonForm
from openhtm.maintenance.models import PlanLine, Schedule
from openhtm.maintenance.queries.lists import TONES, interval_words, uncovered
from openhtm.maintenance.services import programme as services
from openhtm.maintenance.views.visits import who
from openhtm.sites.models import Facility
from openhtm.ui import lists
from openhtm.ui.editing import edit_page

FORM = "maintenance/form.html"


@require_safe
def schedule(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """How often, counted from when, by which line, with every change and the newest visits."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    shown = Schedule.objects.visible_to(actor).select_related("device", "procedure", "plan_line", "window_step__profile")
    record = get_object_or_404(shown, pk=schedule_id)
    visits = record.visits.order_by("-due_on")[:24]
    context = {
        "schedule": record,
        "every": interval_words(record),
        "visits": [(visit, TONES[visit.state]) for visit in visits],
        "changes": record.changes.all()[:50],
        "may_edit": actor.may(Permission.EDIT_SCHEDULES, at=record.device.facility_id),
        "trail": [("Visits", reverse("maintenance:visit-list")), (str(record.device), "")],
    }
    return render(request, "maintenance/schedule.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def override(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Set this device apart from its model or type, with a reason."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    record = get_object_or_404(
        Schedule.objects.visible_to(actor).select_related("device__facility", "procedure", "plan_line"), pk=schedule_id
    )
    require(actor, Permission.EDIT_SCHEDULES, at=record.device.facility_id, place=record.device.facility.name)
    back = reverse("maintenance:schedule", args=[record.pk])
    line = record.plan_line
    initial = {
        name: getattr(line, name)
        for name in (
            "procedure",
            "needed",
            "cycle",
            "every_n",
            "every_unit",
            "meter",
            "meter_every",
            "source",
            "source_text",
            "reason",
            "window_profile",
        )
    }

    def save(values: dict[str, Any]) -> str:
        if not values["reason"]:
            raise Invalid({"reason": ["Give the reason for the difference."]})
        services.set_line(actor=actor, procedure_id=record.procedure_id, device_id=record.device_id, values=form.values())
        return back

    form = LineForm(request.POST or None, initial=initial, facilities=Facility.objects.none(), for_device=True)
    form.fields.pop("procedure")
    detail = f"{record.device} · {record.procedure}"
    context = {
        "title": "Set this device apart",
        "button": "Save",
        "detail": detail,
        "back": back,
        "trail": [("Visits", reverse("maintenance:visit-list")), (detail, back)],
    }
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_safe
def programme(request: HttpRequest) -> HttpResponse:
    """Every line in force, how many schedules follow it, and the devices without a line or a decision."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    found = PlanLine.objects.filter(ended_on__isnull=True).select_related(
        "procedure", "device_type", "device_model__manufacturer", "device", "facility", "window_profile"
    )
    if not actor.reach().everywhere:
        found = found.filter(device__isnull=True) | found.filter(device__in=_devices(actor))
    page = keyset_page(found, order=("procedure_id", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    counts = _schedule_counts(actor, [line.pk for line in page.rows])
    missing = uncovered(actor)
    context = {
        "lines": [(line, interval_words(line), counts.get(line.pk, 0)) for line in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="lines"),
        "uncovered": count_up_to(missing),
        "uncovered_rows": missing.select_related("device_model__manufacturer", "device_type").order_by("control_number")[:20],
        "may_edit": actor.may(Permission.EDIT_SCHEDULES),
    }
    return render(request, "maintenance/programme.html", context)


def _devices(actor: Any) -> Any:
    return Device.objects.visible_to(actor).values("pk")


def _schedule_counts(actor: Any, line_ids: list[int]) -> dict[int, int]:
    live = Schedule.objects.visible_to(actor).filter(plan_line__in=line_ids, live=True).order_by()
    return dict(live.values_list("plan_line_id").annotate(count=Count("pk")))


@require_http_methods(["GET", "HEAD", "POST"])
def line_add(request: HttpRequest) -> HttpResponse:
    """A line for a type: first its effect is shown, then it is carried out."""
    actor = who(request)
    require(actor, Permission.EDIT_SCHEDULES)

    def save(values: dict[str, Any]) -> str | HttpResponse:
        kind, facility = values["device_type"], values["facility"]
        if kind is None:
            raise Invalid({"device_type": ["Choose the device type."]})
        if "sure" not in request.POST:
            wanted = PlanLine(procedure=values["procedure"], device_type=kind, facility=facility)
            shown = services.preview(actor=actor, line=wanted)
            return render(request, "maintenance/line_preview.html", context | {"form": form, "preview": shown, "kind": kind})
        change = services.set_line(
            actor=actor, procedure_id=values["procedure"].pk, device_type_id=kind.pk, facility_id=facility.pk if facility else None,
            values=form.values(),
        )  # fmt: skip
        messages.success(
            request,
            f"Saved for {change.devices:,} devices: {change.schedules.created:,} schedules added, {change.schedules.changed:,} changed, {change.schedules.ended:,} ended.",
        )
        return reverse("maintenance:programme")

    back = reverse("maintenance:programme")
    context = {
        "title": "Add or change a line",
        "button": "Show what it changes",
        "detail": "For every device of a type.",
        "back": back,
        "trail": [("Programme", back), ("Line", "")],
    }
    form = LineForm(request.POST or None, facilities=Facility.objects.visible_to(actor))
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def line_end(request: HttpRequest, line_id: int) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.EDIT_SCHEDULES)
    line = get_object_or_404(PlanLine.objects.select_related("procedure", "device"), pk=line_id, ended_on__isnull=True)
    if line.device_id:
        get_object_or_404(Device.objects.visible_to(actor), pk=line.device_id)
    back = reverse("maintenance:programme")

    def save(values: dict[str, Any]) -> str:
        services.end_line(actor=actor, line_id=line.pk, reason=values["reason"])
        return back

    context = {
        "title": "End this line",
        "button": "End",
        "detail": f"{line.procedure}",
        "back": back,
        "trail": [("Programme", back), ("End a line", "")],
    }
    return edit_page(request, form=ReasonForm(request.POST or None), save=save, template=FORM, context=context)


urlpatterns = [
    path("schedules/<int:schedule_id>", schedule, name="schedule"),
    path("schedules/<int:schedule_id>/override", override, name="schedule-override"),
    path("programme", programme, name="programme"),
    path("programme/line", line_add, name="line-add"),
    path("programme/<int:line_id>/end", line_end, name="line-end"),
]
