"""The find box and the command palette: one question, every room's answer."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.catalog.models import DeviceModel
from openhtm.catalog.rules import udi
from openhtm.config.navigation import MENU, address
from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.addresses import device_url
from openhtm.inventory.queries import filters, lists
from openhtm.procedures.queries import procedure_list
from openhtm.sites.models import Location
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.models.order import WorkOrderQuerySet
from openhtm.workorders.queries import order_filters
from openhtm.workorders.rules.kinds import STATUS_LABELS, Status

PER_GROUP = 6
SHORTEST_BAR_CODE = 12
ORDER_NUMBER = re.compile(r"WO-?(\d{1,15})", re.IGNORECASE | re.ASCII)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Lead a bar code to what it stands for, the number of an order to the order, and words to the device list."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:400]
    if is_bar_code(text):
        return redirect(reverse("inventory:scan") + "?" + urlencode({"code": text}))
    if (found := ORDER_NUMBER.fullmatch(text)) and _visible_orders(request.actor).filter(number=int(found[1])).exists():  # type: ignore[attr-defined]
        return redirect("workorders:order", int(found[1]))
    return redirect(reverse("inventory:device-list") + "?" + urlencode({"q": text[:200]}))


def is_bar_code(text: str) -> bool:
    """True for a code that names a device identifier, and for our own addresses."""
    if text.startswith(("http://", "https://")):
        return True
    return len(text) >= SHORTEST_BAR_CODE and " " not in text and bool(udi.parse(text).di)


@require_safe
def search_json(request: HttpRequest) -> HttpResponse:
    """Answer the palette with groups of things that match, and pages by name. At most fifteen statements, all by index."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    text = " ".join(request.GET.get("q", "").replace("\0", "").split())[:200]
    groups = [_pages(actor, text)]
    if text:
        groups += [_devices(actor, text), _orders(actor, text), _places(actor, text), _models(actor, text)]
        groups += [_procedures(actor, text), _people(actor, text)]
    return JsonResponse({"groups": [group for group in groups if group["items"]]})


def _pages(actor: Actor, text: str) -> dict[str, Any]:
    reachable = [entry for entry in MENU if (entry.permission is None or actor.may(entry.permission)) and address(entry.route)]
    found = [entry for entry in reachable if text.casefold() in entry.label.casefold()]
    return {
        "label": "Pages",
        "items": [{"label": e.label, "detail": "", "url": address(e.route), "icon": e.icon} for e in found[:PER_GROUP]],
    }


def _devices(actor: Actor, text: str) -> dict[str, Any]:
    if not actor.may(Permission.VIEW_DEVICES):
        return {"label": "Devices", "items": []}
    queryset = filters.filtered(actor=actor, filters=filters.read_filters({"q": text}, actor=actor))
    needs = ("control_number", "device_type__name", "location__full_name", *lists.COLUMNS["device"].needs)
    rows = queryset.order_by("control_number").values(*dict.fromkeys(needs))[:PER_GROUP]
    items = [
        {
            "label": row["control_number"],
            "detail": " · ".join(part for part in (row["device_type__name"], lists.model_name(row), row["location__full_name"]) if part),
            "url": device_url(row["control_number"]),
            "icon": "monitor-cog",
        }
        for row in rows
    ]
    return {"label": "Devices", "items": items}


def _visible_orders(actor: Actor) -> WorkOrderQuerySet:
    return WorkOrder.objects.visible_to(actor) if actor.may(Permission.VIEW_WORK) else WorkOrder.objects.none()


def _orders(actor: Actor, text: str) -> dict[str, Any]:
    """Orders by number or words of the title, and those of the device with this tag; what is still to do comes first."""
    read = order_filters.read_filters({"q": text}, actor=actor, today=timezone.localdate())
    rows = (
        _visible_orders(actor)
        .filter(read.condition)
        .order_by("-under_way", "-number")
        .values_list("number", "title", "status", "device__control_number")
    )
    items = [
        {
            "label": f"WO-{number} {title}",
            "detail": " · ".join(part for part in (STATUS_LABELS[Status(status)], device) if part),
            "url": reverse("workorders:order", args=[number]),
            "icon": "clipboard-list",
        }
        for number, title, status, device in rows[:PER_GROUP]
    ]
    return {"label": "Work orders", "items": items if not read.problems else []}


def _procedures(actor: Actor, text: str) -> dict[str, Any]:
    if not actor.may(Permission.VIEW_PROCEDURES):
        return {"label": "Procedures", "items": []}
    items = [
        {"label": one.name, "detail": one.code, "url": reverse("procedures:procedure", args=[one.code]), "icon": "list-todo"}
        for one in procedure_list(q=text).filter(active=True)[:PER_GROUP]
    ]
    return {"label": "Procedures", "items": items}


def _places(actor: Actor, text: str) -> dict[str, Any]:
    if not actor.may(Permission.VIEW_SITES):
        return {"label": "Places", "items": []}
    found = (
        Location.objects.visible_to(actor)
        .filter(Q(full_name__icontains=text) | Q(code__iexact=text), active=True)
        .select_related("facility")
    )
    items = [
        {"label": place.name, "detail": f"{place.full_name} · {place.facility.name}", "url": f"/l/{place.public_code}", "icon": "map-pin"}
        for place in found[:PER_GROUP]
    ]
    return {"label": "Places", "items": items}


def _models(actor: Actor, text: str) -> dict[str, Any]:
    if not actor.may(Permission.VIEW_CATALOG):
        return {"label": "Models", "items": []}
    named = Q(name__icontains=text) | Q(catalog_number__icontains=text) | Q(manufacturer__name__icontains=text)
    found = DeviceModel.objects.filter(named, active=True).select_related("manufacturer", "device_type")[:PER_GROUP]
    items = [
        {
            "label": str(model),
            "detail": model.device_type.name if model.device_type else "type unknown",
            "url": reverse("inventory:device-list") + f"?model={model.pk}",
            "icon": "book-open",
        }
        for model in found
    ]
    return {"label": "Models", "items": items}


def _people(actor: Actor, text: str) -> dict[str, Any]:
    if not actor.may(Permission.VIEW_PEOPLE):
        return {"label": "People", "items": []}
    found = User.objects.visible_to(actor).filter(Q(full_name__icontains=text) | Q(username__icontains=text), is_active=True)[:PER_GROUP]
    items = [
        {"label": user.full_name, "detail": user.username, "url": reverse("identity:user-detail", args=[user.pk]), "icon": "user"}
        for user in found
    ]
    return {"label": "People", "items": items}
