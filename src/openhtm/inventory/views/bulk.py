"""The same change to many devices, chosen by ticking rows or by the whole filter; and saved views."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from openhtm.core.errors import DomainError, Invalid
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, MaintenanceStrategy, Ownership, SavedView
from openhtm.inventory.models.device import STATUS_CHOICES
from openhtm.inventory.queries import filters
from openhtm.inventory.services import bulk, life, saved_views
from openhtm.sites.models import Department, Facility, Location, ServiceProvider


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def chosen_numbers(request: HttpRequest) -> list[str]:
    """Return the control numbers meant: the ticked ones, or with ``everything`` all that the filter matches.

    Raises bulk.TooMany. One statement for a filter.
    """
    if request.POST.get("everything") != "1":
        return request.POST.getlist("selected")
    actor = _actor(request)
    found = filters.read_filters(QueryDict(request.POST.get("query", "")).dict(), actor=actor)
    if found.problems:
        raise Invalid({name: [text] for name, text in found.problems.items()})
    queryset = filters.filtered(actor=actor, filters=found).order_by("control_number")
    numbers = list(queryset.values_list("control_number", flat=True)[: bulk.MAX_AT_ONCE + 1])
    if len(numbers) > bulk.MAX_AT_ONCE:
        raise bulk.TooMany(count=f"More than {bulk.MAX_AT_ONCE:,}", limit=f"{bulk.MAX_AT_ONCE:,}")
    return numbers


@require_POST
def bulk_action(request: HttpRequest) -> HttpResponse:
    """Take the chosen rows on to labels or export, or show the form of a bulk change."""
    action = request.POST.get("action", "")
    numbers = chosen_numbers(request)
    if not numbers:
        messages.warning(request, "Choose at least one device first.")
        return redirect("inventory:device-list")
    if action == "labels":
        return redirect(reverse("inventory:label-sheet") + "?" + urlencode([("device", n) for n in numbers[:500]]))
    if action == "export":
        return redirect(reverse("inventory:device-export") + "?" + urlencode([("format", "xlsx"), ("numbers", ",".join(numbers[:1000]))]))
    return _form(request, numbers, status=200)


def _form(
    request: HttpRequest, numbers: list[str], *, status: int, refused: str = "", errors: dict[str, list[str]] | None = None
) -> HttpResponse:
    actor = _actor(request)
    require(actor, Permission.EDIT_DEVICES)
    facilities = list(
        Device.objects.visible_to(actor).filter(control_number__in=numbers).values_list("facility_id", flat=True).distinct()[:2]
    )
    places: dict[str, Any] = {"departments": [], "locations": [], "facility_id": None}
    if len(facilities) == 1:
        places = {
            "departments": list(Department.objects.filter(facility_id=facilities[0], active=True).values_list("pk", "name")),
            "locations": list(Location.objects.filter(facility_id=facilities[0], active=True).values_list("pk", "full_name")),
            "facility_id": facilities[0],
        }
    context = {
        "numbers": numbers,
        "count": len(numbers),
        "ownerships": Ownership.choices,
        "strategies": MaintenanceStrategy.choices,
        "statuses": STATUS_CHOICES,
        "providers": list(ServiceProvider.objects.filter(active=True).values_list("pk", "name")),
        "refused": refused,
        "errors": errors or {},
        **places,
    }
    return render(request, "inventory/bulk.html", context, status=status)


@require_POST
def bulk_apply(request: HttpRequest) -> HttpResponse:
    """Apply one bulk change to the listed devices: all of them or none."""
    actor, numbers = _actor(request), request.POST.getlist("selected")
    try:
        changed = _apply(actor, numbers, request.POST)
    except Invalid as refusal:
        return _form(request, numbers, status=422, errors=refusal.errors)
    except DomainError as refusal:
        return _form(request, numbers, status=refusal.status, refused=refusal.sentence)
    messages.success(request, f"{changed} of {len(numbers)} devices were changed; the others already were so.")
    return redirect("inventory:device-list")


def _apply(actor: Actor, numbers: list[str], data: QueryDict) -> int:
    what = data.get("what", "")
    if what == "status":
        return bulk.bulk_status(actor=actor, control_numbers=numbers, after=data.get("status", ""), reason=data.get("reason", ""))
    if what == "place":
        place = {name: _key(data.get(name)) for name in ("facility", "location", "department")}
        if place["facility"] is None:
            raise Invalid({"location": ["Choose devices of one facility to move them together."]})
        return life.move_devices(
            actor=actor,
            control_numbers=numbers,
            facility_id=place["facility"],
            location_id=place["location"],
            department_id=place["department"],
            reason=data.get("reason", ""),
        )
    fields: dict[str, Any] = {
        "ownership": data.get("ownership"),
        "maintenance_strategy": data.get("strategy"),
        "service_provider_id": _key(data.get("provider")),
    }
    column = {"ownership": "ownership", "strategy": "maintenance_strategy", "provider": "service_provider_id"}.get(what)
    if column is None:
        raise Invalid({"what": ["Choose what to change."]})
    return bulk.bulk_edit(actor=actor, control_numbers=numbers, values={column: fields[column]})


def _key(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 18 else None


@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Save the list as it stands under a name."""
    actor = _actor(request)
    query = request.POST.get("query", "")[:1000]
    columns = QueryDict(request.POST.get("columns", "")).getlist("columns")[:40]
    facility = Facility.objects.visible_to(actor).order_by("pk").first() if request.POST.get("shared") == "1" else None
    view, _ = saved_views.save_view(
        actor=actor, name=request.POST.get("name", ""), query=query, columns=columns, shared_with_id=facility.pk if facility else None
    )
    messages.success(request, f"The view “{view.name}” was saved.")
    return redirect(reverse("inventory:device-list") + "?" + query)


@require_safe
def view_list(request: HttpRequest) -> HttpResponse:
    """The actor's saved views."""
    views = SavedView.objects.filter(Q(owner_id=_actor(request).user_id), page="devices").select_related("shared_with")
    return render(request, "inventory/view_list.html", {"views": views})


@require_POST
def remove_view(request: HttpRequest, view_id: int) -> HttpResponse:
    saved_views.remove_view(actor=_actor(request), view_id=view_id)
    messages.success(request, "The view was removed.")
    return redirect("inventory:view-list")


urlpatterns: list[URLPattern] = [
    path("devices/bulk", bulk_action, name="device-bulk"),
    path("devices/bulk/apply", bulk_apply, name="device-bulk-apply"),
    path("devices/views", view_list, name="view-list"),
    path("devices/views/save", save_view, name="view-save"),
    path("devices/views/<int:view_id>/remove", remove_view, name="view-remove"),
]
