"""Opening an order: from a template, for a device that was scanned or named, or from nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from openhtm.core.errors import DomainError, NotAllowed
from openhtm.core.text import control_number_key, key_of
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.sites.models import Facility, Location
from openhtm.ui.editing import add_refusal
from openhtm.ui.redirects import SeeOther
from openhtm.workorders import forms
from openhtm.workorders.asking import actor_of
from openhtm.workorders.models import WorkOrder, WorkTemplate
from openhtm.workorders.rules.kinds import KIND_LABELS, Kind
from openhtm.workorders.services.opening import open_order
from openhtm.workorders.views.shown import order_url


@dataclass(frozen=True)
class Start:
    """From what an order is opened. Without ``facility`` it must be chosen among ``facilities`` first."""

    facility: Facility | None
    facilities: list[Facility]
    device: Device | None = None
    template: WorkTemplate | None = None
    initial: dict[str, Any] = field(default_factory=dict)


@require_http_methods(["GET", "POST"])
def order_add(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    require(actor, Permission.ADD_WORK)
    sent = request.POST if request.method == "POST" else request.GET
    start = _start(actor, sent)
    if start.facility is None:
        return render(request, "workorders/new_start.html", {"start": start, "query": request.GET})
    form = forms.NewOrderForm(
        request.POST if request.method == "POST" else None,
        actor=actor,
        facility=start.facility,
        template=start.template,
        initial=start.initial,
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = _open(actor, form, start, now=timezone.now())
            except NotAllowed:
                raise
            except DomainError as refusal:
                add_refusal(form, refusal)
            else:
                messages.success(request, f"{made} was opened.")
                return SeeOther(order_url(made.number))
    templates = _by_kind(WorkTemplate.objects.filter(active=True))
    return render(request, "workorders/new.html", {"form": form, "start": start, "templates": templates}, status=status)


def _start(actor: Actor, sent: QueryDict) -> Start:
    """Read device, template, place and facility as named in an address. Two to six statements."""
    facilities = _facilities(actor)
    device = _device(actor, sent.get("device", ""))
    place = (
        Location.objects.visible_to(actor).filter(public_code=sent.get("place", "").upper()[:12].replace("\0", "")).first()
        if sent.get("place")
        else None
    )
    template_id = key_of(sent.get("template"))
    template = WorkTemplate.objects.filter(pk=template_id, active=True).first() if template_id else None
    facility = _facility(list(facilities), device, place, sent.get("facility", ""))
    initial: dict[str, Any] = {"device": device.control_number if device else sent.get("device", "")[:60].replace("\0", "")}
    initial |= {
        "title": sent.get("title", "")[:200].replace("\0", ""),
        "location": place.pk if place else "",
        "parent": sent.get("parent", "")[:20],
    }
    if template is not None:
        initial |= {name: getattr(template, name) for name in ("kind", "priority", "est_min", "description")}
        initial["title"] = initial["title"] or template.title
    return Start(facility, list(facilities), device, template, initial)


def _facilities(actor: Actor) -> QuerySet[Facility]:
    allowed = actor.facilities_for(Permission.ADD_WORK)
    found = Facility.objects.visible_to(actor).filter(active=True)
    return found if allowed is None else found.filter(pk__in=allowed)


def _facility(choices: list[Facility], device: Device | None, place: Location | None, code: str) -> Facility | None:
    """The facility of the device or place, the one named, or the only one possible."""
    wanted = device.facility_id if device else place.facility_id if place else None
    if wanted is not None:
        return next((one for one in choices if one.pk == wanted), None)
    named = next((one for one in choices if one.code == code), None)
    return named or (choices[0] if len(choices) == 1 else None)


def _device(actor: Actor, number: str) -> Device | None:
    key = control_number_key(number)[:60].replace("\0", "")
    related = Device.objects.visible_to(actor).select_related("device_type", "device_model__manufacturer", "location")
    return related.filter(control_number=key).first() if key else None


def _by_kind(templates: QuerySet[WorkTemplate]) -> list[tuple[str, list[WorkTemplate]]]:
    """Templates under the words of their kind."""
    found: dict[str, list[WorkTemplate]] = {}
    for template in templates:
        found.setdefault(KIND_LABELS[Kind(template.kind)], []).append(template)
    return list(found.items())


def _open(actor: Actor, form: forms.NewOrderForm, start: Start, *, now: datetime) -> WorkOrder:
    values, data = form.values(), form.cleaned_data
    device = values.pop("device")
    if start.template is not None:
        values["kind"] = start.template.kind
    return open_order(
        actor=actor,
        device=device or None,
        facility_id=None if device else (start.facility.pk if start.facility else None),
        template_id=start.template.pk if start.template else None,
        assigned_user_id=int(data["assigned_user"]) if data.get("assigned_user") else None,
        parent=data["parent"],
        now=now,
        **values,
    )


urlpatterns: list[URLPattern] = [path("work/new", order_add, name="order-add")]
