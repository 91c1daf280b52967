"""The programme: coverage by type, its lines with a preview of their effect, decisions, and what nobody decided about."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.maintenance.forms import DecisionForm, LineForm, ReasonForm
from openhtm.maintenance.models import NoMaintenanceDecision, PlanLine
from openhtm.maintenance.queries import coverage
from openhtm.maintenance.queries.lists import interval_words, uncovered
from openhtm.maintenance.services import policies
from openhtm.maintenance.services import programme as services
from openhtm.maintenance.views.visits import who
from openhtm.sites.models import Facility
from openhtm.ui import lists
from openhtm.ui.editing import edit_page

FORM = "maintenance/form.html"


@require_safe
def programme(request: HttpRequest) -> HttpResponse:
    """Device types with what is due on them and how many of their devices are covered. Six statements."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    page = coverage.types_page(actor=actor, cursor=request.GET.get("cursor"), limit=lists.limit_of(request, default=25))
    devices, scheduled, decided = coverage.totals(actor)
    context = {
        "page": page,
        "pager": lists.pager(request, page, noun="device types"),
        "devices": devices,
        "scheduled": scheduled,
        "decided": decided,
        "open": devices - scheduled - decided,
        "may_edit": actor.may(Permission.EDIT_SCHEDULES),
    }
    return render(request, "maintenance/programme.html", context)


@require_safe
def findings(request: HttpRequest) -> HttpResponse:
    """Devices of the inventory with neither a schedule nor a decision that none is needed."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    found = uncovered(actor).select_related("device_model__manufacturer", "device_type", "facility")
    page = keyset_page(found, order=("control_number",), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    context = {
        "page": page,
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="devices"),
        "may_edit": actor.may(Permission.EDIT_SCHEDULES),
    }
    return render(request, "maintenance/findings.html", context)


@require_safe
def of_type(request: HttpRequest, type_id: int) -> HttpResponse:
    """Everything the programme says about one type, its models and single devices. Three statements."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    kind = get_object_or_404(DeviceType, pk=type_id)
    lines = [line for line in coverage.lines_of_type(kind.pk) if _shown(actor, line.device)]
    context = {
        "kind": kind,
        "lines": [(line, interval_words(line)) for line in lines],
        "decisions": [one for one in coverage.decisions_of_type(kind.pk) if _shown(actor, one.device)],
        "may_edit": actor.may(Permission.EDIT_SCHEDULES),
    }
    return render(request, "maintenance/programme_type.html", context)


def _shown(actor: Actor, device: Device | None) -> bool:
    """Lines of single devices are shown to those who may see devices of that facility."""
    return device is None or actor.reach().sees_facility(device.facility_id)


@require_http_methods(["GET", "HEAD", "POST"])
def line_add(request: HttpRequest) -> HttpResponse:
    """A line for a type or a model: first its effect is shown, then it is carried out."""
    actor = who(request)
    require(actor, Permission.EDIT_SCHEDULES)
    model = _model(request)
    subject = f"Every {model}" if model else "Every device of a type."
    back = reverse("maintenance:programme")
    context = {
        "title": "Add or change a line",
        "button": "Show what it changes",
        "detail": subject,
        "back": back,
        "trail": [("Programme", back), ("Line", "")],
    }

    def save(values: dict[str, Any]) -> str | HttpResponse:
        kind, facility = values.get("device_type"), values["facility"]
        if not (model or kind):
            raise Invalid({"device_type": ["Choose the device type."]})
        about = {"procedure_id": values["procedure"].pk, "facility_id": facility.pk if facility else None,
                 "device_type_id": kind.pk if kind and not model else None, "device_model_id": model.pk if model else None}  # fmt: skip
        if "sure" not in request.POST:
            shown = services.preview(actor=actor, line=PlanLine(**about))
            return render(
                request, "maintenance/line_preview.html", context | {"form": form, "preview": shown, "about": model or kind, "model": model}
            )
        change = services.set_line(actor=actor, values=form.values(), **about)
        messages.success(request, _said(change))
        return reverse("maintenance:programme-type", args=[kind.pk]) if kind else back

    form = LineForm(request.POST or None, facilities=Facility.objects.visible_to(actor), initial=_initial(request))
    if model:
        form.fields.pop("device_type")
    return edit_page(request, form=form, save=save, template=FORM, context=context)


def _model(request: HttpRequest) -> DeviceModel | None:
    text = request.POST.get("model") or request.GET.get("model", "")
    return get_object_or_404(DeviceModel, pk=int(text)) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def _initial(request: HttpRequest) -> dict[str, Any]:
    """What the form starts with: a type from its page, or a line that is to be changed. One statement for a line."""
    text = request.GET.get("line", "")
    if text.isascii() and text.isdecimal() and len(text) < 18:
        line = PlanLine.objects.filter(pk=int(text), ended_on__isnull=True, device__isnull=True).first()
        if line:
            names = (*LineForm.FIELDS, "procedure", "device_type", "facility", "window_profile")
            return {name: getattr(line, name) for name in names}
    return {"device_type": request.GET.get("type", "")[:18]}


def _said(change: services.LineChange) -> str:
    made = change.schedules
    return f"Saved for {change.devices:,} devices: {made.created:,} schedules added, {made.changed:,} changed, {made.ended:,} ended."


@require_http_methods(["GET", "HEAD", "POST"])
def line_end(request: HttpRequest, line_id: int) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.EDIT_SCHEDULES)
    line = get_object_or_404(PlanLine.objects.select_related("procedure", "device"), pk=line_id, ended_on__isnull=True)
    if line.device_id:
        get_object_or_404(Device.objects.visible_to(actor), pk=line.device_id)
    back = reverse("maintenance:programme-type", args=[line.device_type_id]) if line.device_type_id else reverse("maintenance:programme")

    def save(values: dict[str, Any]) -> str:
        change = services.end_line(actor=actor, line_id=line.pk, reason=values["reason"])
        messages.success(request, f"Ended. {change.schedules.ended:,} schedules ended with it.")
        return back

    shown = services.preview(actor=actor, line=line)
    lead = f"It reaches {shown['devices']:,} devices; {shown['schedules']:,} have this procedure now. Visits so far stay."
    context = {
        "title": "End this line",
        "button": "End",
        "detail": str(line.procedure),
        "back": back,
        "lead": lead,
        "trail": [("Programme", back), ("End a line", "")],
    }
    return edit_page(request, form=ReasonForm(request.POST or None), save=save, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def decide_none(request: HttpRequest, type_id: int) -> HttpResponse:
    """Decide that devices of a type need no scheduled maintenance."""
    require(who(request), Permission.EDIT_SCHEDULES)
    kind = get_object_or_404(DeviceType, pk=type_id)
    back = reverse("maintenance:programme-type", args=[kind.pk])
    return _decide(request, {"device_type_id": kind.pk}, str(kind.name), back)


@require_http_methods(["GET", "HEAD", "POST"])
def decide_none_device(request: HttpRequest, control_number: str) -> HttpResponse:
    """Decide that one device needs no scheduled maintenance."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    device = get_object_or_404(Device.objects.visible_to(actor).select_related("facility"), control_number=control_number)
    require(actor, Permission.EDIT_SCHEDULES, at=device.facility_id, place=device.facility.name)
    return _decide(request, {"device_id": device.pk}, str(device), reverse("inventory:device", args=[control_number]) + "?tab=maintenance")


def _decide(request: HttpRequest, subject: dict[str, Any], about: str, back: str) -> HttpResponse:
    def save(values: dict[str, Any]) -> str:
        services.decide_none_needed(actor=who(request), reason=values["reason"], **subject)
        messages.success(request, "Decided. Schedules that stood against it ended.")
        return back

    lead = "Schedules that come from here end. A line that is more specific still holds."
    context = {
        "title": "No maintenance needed",
        "button": "Decide",
        "detail": about,
        "back": back,
        "lead": lead,
        "trail": [("Programme", reverse("maintenance:programme")), (about, back)],
    }
    return edit_page(request, form=DecisionForm(request.POST or None), save=save, template=FORM, context=context)


@require_POST
def decision_withdraw(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Withdraw a decision: what the programme says holds again."""
    actor = who(request)
    require(actor, Permission.EDIT_SCHEDULES)
    found = policies.withdraw_decision(actor=actor, decision_id=decision_id)
    messages.success(request, "Withdrawn. What the programme says holds again.")
    return _after(found)


def _after(decision: NoMaintenanceDecision) -> HttpResponse:
    return redirect("maintenance:programme-type", decision.device_type_id) if decision.device_type_id else redirect("maintenance:programme")


urlpatterns: list[URLPattern] = [
    path("programme", programme, name="programme"),
    path("programme/findings", findings, name="programme-findings"),
    path("programme/types/<int:type_id>", of_type, name="programme-type"),
    path("programme/types/<int:type_id>/none-needed", decide_none, name="decide-none"),
    path("programme/line", line_add, name="line-add"),
    path("programme/<int:line_id>/end", line_end, name="line-end"),
    path("programme/decisions/<int:decision_id>/withdraw", decision_withdraw, name="decision-withdraw"),
    path("d/<control_number:control_number>/no-maintenance", decide_none_device, name="decide-none-device"),
]
