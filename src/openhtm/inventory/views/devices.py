"""The device list and the device page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, register_converter, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.pagination import BadCursor, count_of_page
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory import forms
from openhtm.inventory.addresses import device_url
from openhtm.inventory.converters import ControlNumberConverter
from openhtm.inventory.models import Device, SavedView
from openhtm.inventory.queries import detail, filters, lists
from openhtm.inventory.services import devices, life, network
from openhtm.inventory.views import shown
from openhtm.sites.models import Facility
from openhtm.ui import panels
from openhtm.ui.parts import BulkAction, Chip, Column, Pager, Tab

register_converter(ControlNumberConverter, "control_number")
PAGE_ROWS = 50
BUILT_IN_VIEWS = (
    ("In the inventory", "status=in_inventory"),
    ("High-risk", "status=in_inventory&high_risk=true"),
    ("In repair", "status=in_repair,out_of_service"),
    ("Missing", "status=missing"),
    ("Unknown version", "status=in_inventory&missing=version"),
    ("All", ""),
)


def actor_of(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@require_safe
def device_list(request: HttpRequest) -> HttpResponse:
    """Everything the actor may see, narrowed by the chips in the address."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_DEVICES)
    if (said := _said(request.GET)) != request.GET:
        return redirect(f"{request.path}?{said.urlencode()}".rstrip("?"))
    found = filters.read_filters(request.GET.dict(), actor=actor)
    queryset = filters.filtered(actor=actor, filters=found)
    may_see_costs = actor.may(Permission.VIEW_COSTS)
    columns = lists.chosen_columns(request.GET.getlist("columns"), may_see_costs=may_see_costs)
    sort = request.GET.get("sort", lists.DEFAULT_SORT)
    sort = sort if sort in lists.SORTS else lists.DEFAULT_SORT
    cursor, moved = request.GET.get("cursor"), False
    page_at = partial(lists.list_page, queryset, columns=columns, sort=sort, limit=PAGE_ROWS, searched=bool(found.search))
    try:
        page = page_at(cursor=cursor)
    except BadCursor:
        page, moved = page_at(cursor=None), True
    count = count_of_page(page, queryset)
    context = {
        "page": page,
        "columns": columns,
        "count": count,
        "chips": [Chip(label=c.label, value=c.value, remove_url=_without(request.GET, c.name)) for c in found.chips],
        "problems": found.problems,
        "search": found.search,
        "tabs": _views(request, actor),
        "chooser": [Column(key=c.key, label=c.label, shown=c in columns, fixed=c.key == lists.FIXED) for c in _offered(may_see_costs)],
        "pager": _pager(request.GET, page, count, restarted=moved),
        "filter_query": _without(request.GET, "columns").removeprefix("?"),
        "export_query": _without(request.GET, "cursor", "columns").removeprefix("?"),
        "columns_query": urlencode([("columns", c.key) for c in columns]),
        "may": _rights(actor),
        "bulk_actions": _bulk_actions(actor),
    }
    return render(request, "inventory/device_list.html", context, status=200)


def _said(query: QueryDict) -> QueryDict:
    """Return the address without the fields a form left empty, so that it can be read, kept and shared."""
    kept = QueryDict(mutable=True)
    for name, values in query.lists():
        if said := [value for value in values if value]:
            kept.setlist(name, said)
    return kept


def _offered(may_see_costs: bool) -> list[lists.ListColumn]:
    return [c for key, c in lists.COLUMNS.items() if may_see_costs or key not in lists.COST_COLUMNS]


def _without(query: QueryDict, *names: str) -> str:
    """Return the address of the same list without these parameters (and from its first page)."""
    kept = query.copy()
    for name in (*names, "cursor"):
        kept.pop(name, None)
    return "?" + kept.urlencode()


def _pager(query: QueryDict, page: Any, count: Any, *, restarted: bool) -> Pager:
    def at(cursor: str | None) -> str:
        if cursor is None:
            return ""
        wanted = query.copy()
        wanted["cursor"] = cursor
        return "?" + wanted.urlencode()

    note = "The list starts anew: its old position could not be read." if restarted else ""
    return Pager(
        shown=f"{len(page.rows)} of {count}" if page.rows else "",
        note=note,
        label="Pages of devices",
        first_url=_without(query, "cursor") if page.previous_cursor else "",
        previous_url=at(page.previous_cursor),
        next_url=at(page.next_cursor),
    )


def _views(request: HttpRequest, actor: Actor) -> list[Tab]:
    """Built-in and saved views as tabs. One statement."""
    here = request.GET.copy()
    for name in ("cursor", "columns", "sort"):
        here.pop(name, None)
    now = sorted(here.items())
    base = reverse("inventory:device-list")
    tabs = [Tab(label=label, url=f"{base}?{query}", current=sorted(QueryDict(query).items()) == now) for label, query in BUILT_IN_VIEWS]
    shared = Q(shared_with__isnull=False) if actor.reach().everywhere else Q(shared_with__in=actor.reach().touched_facility_ids)
    for view in SavedView.objects.filter(Q(owner_id=actor.user_id) | shared, page="devices")[:12]:
        extra = "&".join(part for part in (view.query, urlencode([("columns", c) for c in view.columns])) if part)
        tabs.append(Tab(label=view.name, url=f"{base}?{extra}", current=sorted(QueryDict(view.query).items()) == now))
    return tabs


def _rights(actor: Actor) -> dict[str, bool]:
    return {name: actor.may(permission) for name, permission in _NAMED.items()}


def rights_at(actor: Actor, facility_id: int) -> dict[str, bool]:
    """What the actor may do with a device of this facility, for the buttons of its page."""
    return {name: actor.may(permission, at=facility_id) for name, permission in _NAMED.items()}


_NAMED = {
    "add": Permission.ADD_DEVICES,
    "edit": Permission.EDIT_DEVICES,
    "status": Permission.CHANGE_STATUS,
    "move": Permission.MOVE_DEVICES,
    "note": Permission.ADD_NOTES,
    "attach": Permission.ADD_ATTACHMENTS,
    "labels": Permission.PRINT_LABELS,
    "export": Permission.EXPORT_DEVICES,
    "costs": Permission.VIEW_COSTS,
    "network": Permission.VIEW_NETWORK,
    "history": Permission.VIEW_HISTORY,
    "risk": Permission.SET_RISK,
    "scan": Permission.SCAN_DEVICES,
    "quality": Permission.RESOLVE_QUALITY,
    "merge": Permission.MERGE_DEVICES,
}


def _bulk_actions(actor: Actor) -> list[BulkAction]:
    offered = [
        (Permission.EDIT_DEVICES, BulkAction(name="edit", label="Change", icon="pencil")),
        (Permission.PRINT_LABELS, BulkAction(name="labels", label="Labels", icon="printer")),
        (Permission.EXPORT_DEVICES, BulkAction(name="export", label="Export", icon="download")),
    ]
    return [action for permission, action in offered if actor.may(permission)]


@require_safe
def filter_form(request: HttpRequest) -> HttpResponse:
    """The form that adds a filter: a page of its own, or unfolded in the list."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_DEVICES)
    found = filters.read_filters(request.GET.dict(), actor=actor)
    context = {"filter_fields": shown.filter_fields(actor, request.GET), "search": found.search}
    part = "#form" if request.headers.get("HX-Request") else ""
    return render(request, f"inventory/filter_form.html{part}", context)


@require_safe
def device_page(request: HttpRequest, control_number: str) -> HttpResponse:
    """One device: what needs attention, facts, place, network, documents and everything that ever happened."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_DEVICES)
    device = detail.device_by_number(actor=actor, number=control_number)
    if device.control_number != control_number:
        return redirect(device_url(device.control_number))
    may = rights_at(actor, device.facility_id)
    tab = request.GET.get("tab", "timeline")
    with timezone.override(ZoneInfo(device.facility.time_zone)):
        answers = panels.keep(request, "device", pk=device.pk)
        more = panels.collect("device.tabs", request=request, subject=device)
        context = shown.device_context(device, actor=actor, may=may, tab=tab, answers=answers, more=more)
        return render(request, "inventory/device.html", context)


def _form_page(request: HttpRequest, template: str, context: dict[str, Any], *, refused: bool) -> HttpResponse:
    return render(request, template, context, status=422 if refused else 200)


def _facility_for_new(request: HttpRequest, actor: Actor) -> Facility | None:
    """Return the facility a new device goes to: the one chosen, or the only one possible."""
    choices = _facilities_for_new(actor)
    code = request.GET.get("facility") or request.POST.get("facility")
    if code:
        return choices.filter(code=code).first()
    found = list(choices[:2])
    return found[0] if len(found) == 1 else None


def _facilities_for_new(actor: Actor) -> QuerySet[Facility]:
    allowed = actor.facilities_for(Permission.ADD_DEVICES)
    found = Facility.objects.visible_to(actor).filter(active=True)
    return found if allowed is None else found.filter(pk__in=allowed)


@require_http_methods(["GET", "POST"])
def add_device(request: HttpRequest) -> HttpResponse:
    """Add one device, starting from a scan, a model, or nothing."""
    actor = actor_of(request)
    require(actor, Permission.ADD_DEVICES)
    facility = _facility_for_new(request, actor)
    if facility is None:
        return render(request, "inventory/choose_facility.html", {"choices": _facilities_for_new(actor), "query": request.GET})
    form = forms.DeviceForm(request.POST or None, facility=facility, actor=actor, initial=shown.initial_from_scan(request.GET))
    if request.method == "POST" and form.is_valid():
        try:
            device = devices.add_device(actor=actor, facility_id=facility.pk, values=form.values())
        except Invalid as refusal:
            form.take(refusal)
        else:
            messages.success(request, f"{device} was added.")
            return redirect(device_url(device.control_number))
    offer = shown.model_to_take(request.GET, actor=actor, here=request.get_full_path())
    context = {"form": form, "facility": facility, "notices": [offer] if offer else []}
    return _form_page(request, "inventory/device_form.html", context, refused=request.method == "POST")


@require_http_methods(["GET", "POST"])
def edit_device(request: HttpRequest, control_number: str) -> HttpResponse:
    actor = actor_of(request)
    device = detail.device_by_number(actor=actor, number=control_number)
    require(actor, Permission.EDIT_DEVICES, at=device.facility_id, place=device.facility.name)
    form = forms.DeviceForm(request.POST or None, facility=device.facility, actor=actor, device=device, initial=forms.initial_of(device))
    if request.method == "POST" and form.is_valid():
        seen = shown.instant_from(request.POST.get("seen_at", ""))
        try:
            changed = devices.edit_device(actor=actor, control_number=device.control_number, values=form.values(), seen_at=seen)
        except Invalid as refusal:
            form.take(refusal)
        except DomainError as refusal:
            form.add_error(None, refusal.sentence)
        else:
            messages.success(request, f"{changed} was saved.")
            return redirect(device_url(changed.control_number))
    context = {"form": form, "facility": device.facility, "device": device, "seen_at": device.updated_at.isoformat()}
    return _form_page(request, "inventory/device_form.html", context, refused=request.method == "POST")


@require_http_methods(["GET", "POST"])
def change_status(request: HttpRequest, control_number: str) -> HttpResponse:
    actor = actor_of(request)
    device = detail.device_by_number(actor=actor, number=control_number)
    require(actor, Permission.CHANGE_STATUS, at=device.facility_id, place=device.facility.name)
    form = forms.StatusForm(request.POST or None, device=device)

    def act() -> str:
        data = form.cleaned_data
        life.change_status(actor=actor, control_number=device.control_number, after=data["status"], reason=data["reason"], on=data["on"])
        return "The status was changed."

    return _small_form(request, device, form, act, title="Change status", button="Change status")


@require_http_methods(["GET", "POST"])
def move_device(request: HttpRequest, control_number: str) -> HttpResponse:
    actor = actor_of(request)
    device = detail.device_by_number(actor=actor, number=control_number)
    require(actor, Permission.MOVE_DEVICES, at=device.facility_id, place=device.facility.name)
    target = Facility.objects.visible_to(actor).filter(code=request.GET.get("facility", device.facility.code)).first() or device.facility
    form = forms.MoveForm(
        request.POST or None, facility=target, initial={"location": device.location_id, "department": device.department_id}
    )

    def act() -> str:
        data = form.cleaned_data
        place = {key: data[key].pk if data[key] else None for key in ("location", "department")}
        life.move_devices(
            actor=actor,
            control_numbers=[device.control_number],
            facility_id=target.pk,
            location_id=place["location"],
            department_id=place["department"],
            reason=data["reason"],
        )
        return "The device was moved."

    others = Facility.objects.visible_to(actor).filter(active=True).exclude(pk=target.pk)
    return _small_form(request, device, form, act, title=f"Move within {target.name}", button="Move", extra={"other_facilities": others})


@require_http_methods(["GET", "POST"])
def add_note(request: HttpRequest, control_number: str) -> HttpResponse:
    actor = actor_of(request)
    device = detail.device_by_number(actor=actor, number=control_number)
    require(actor, Permission.ADD_NOTES, at=device.facility_id, place=device.facility.name)
    form = forms.NoteForm(request.POST or None)

    def act() -> str:
        life.add_note(actor=actor, control_number=device.control_number, text=form.cleaned_data["text"])
        return "The note was added."

    return _small_form(request, device, form, act, title="Add a note", button="Add note")


@require_http_methods(["GET", "POST"])
def edit_interface(request: HttpRequest, control_number: str, interface_id: int | None = None) -> HttpResponse:
    actor = actor_of(request)
    device = detail.device_by_number(actor=actor, number=control_number)
    require(actor, Permission.EDIT_DEVICES, at=device.facility_id, place=device.facility.name)
    stored = device.interfaces.get(pk=interface_id) if interface_id else None
    form = forms.InterfaceForm(request.POST or None, instance=stored)

    def act() -> str:
        network.save_interface(actor=actor, control_number=device.control_number, values=form.cleaned_data, interface_id=interface_id)
        return "The interface was saved."

    return _small_form(request, device, form, act, title="Network interface", button="Save interface")


@require_POST
def remove_interface(request: HttpRequest, control_number: str, interface_id: int) -> HttpResponse:
    network.remove_interface(actor=actor_of(request), control_number=control_number, interface_id=interface_id)
    messages.success(request, "The interface was taken away.")
    return redirect(device_url(control_number) + "?tab=network")


def _small_form(
    request: HttpRequest, device: Device, form: Any, act: Callable[[], str], *, title: str, button: str, extra: dict[str, Any] | None = None
) -> HttpResponse:
    """One form about one device: act, say what happened, go back to the device."""
    refused = False
    if request.method == "POST":
        refused = True
        if form.is_valid():
            try:
                said = act()
            except Invalid as refusal:
                for field, texts in refusal.errors.items():
                    form.add_error(field if field in form.fields else None, texts)
            except DomainError as refusal:
                form.add_error(None, refusal.sentence)
            else:
                messages.success(request, said)
                return redirect(device_url(device.control_number))
    context = {"form": form, "device": device, "title": title, "button": button, **(extra or {})}
    return _form_page(request, "inventory/small_form.html", context, refused=refused)


@require_safe
def models_json(request: HttpRequest) -> HttpResponse:
    """Model labels for the picker of the device form."""
    require(actor_of(request), Permission.VIEW_CATALOG)
    text = request.GET.get("q", "")[:200].replace("\0", "")
    return JsonResponse({"items": [{"label": forms.model_label(model)} for model in forms.models_matching(text)]})


urlpatterns: list[URLPattern] = [
    path("devices", device_list, name="device-list"),
    path("devices/add", add_device, name="device-add"),
    path("devices/filter", filter_form, name="device-filter"),
    path("devices/models.json", models_json, name="device-models"),
    path("d/<control_number:control_number>", device_page, name="device"),
    path("d/<control_number:control_number>/edit", edit_device, name="device-edit"),
    path("d/<control_number:control_number>/status", change_status, name="device-status"),
    path("d/<control_number:control_number>/move", move_device, name="device-move"),
    path("d/<control_number:control_number>/note", add_note, name="device-note"),
    path("d/<control_number:control_number>/network/add", edit_interface, name="device-interface-add"),
    path("d/<control_number:control_number>/network/<int:interface_id>", edit_interface, name="device-interface"),
    path("d/<control_number:control_number>/network/<int:interface_id>/remove", remove_interface, name="device-interface-remove"),
]
