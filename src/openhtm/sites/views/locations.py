"""Pages of places. ``/l/<public code>`` is the permanent address that a place's label carries."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError
from openhtm.sites import queries
from openhtm.sites.forms import LocationForm, MoveForm
from openhtm.sites.models import Facility, Location
from openhtm.sites.rules.tree import may_contain, parent_kinds
from openhtm.sites.scope import Right, require
from openhtm.sites.services import locations as services
from openhtm.sites.views.common import switch, trail, who
from openhtm.sites.views.trees import ICONS, tree_nodes
from openhtm.ui import parts
from openhtm.ui.editing import add_refusal, edit_page

FORM = "sites/form.html"


@require_safe
def location(request: HttpRequest, public_code: str) -> HttpResponse:
    actor = who(request)
    require(actor, Right.VIEW_SITES)
    place = _found(request, public_code)
    below = queries.branch(place)
    facts = {
        "location": place,
        "trail": _trail(place),
        "icon": ICONS[place.kind],
        "facts": _facts(request, place),
        "nodes": tree_nodes(below, root=place.pk),
        "below_count": len(below),
        "may_edit": actor.may(Right.EDIT_SITES, at=place.facility_id),
        "may_hold": may_contain(place.kind, "room"),
    }
    return render(request, "sites/location.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def location_add(request: HttpRequest, code: str) -> HttpResponse:
    """Add a place to a facility, or inside the place named by ``in``."""
    actor = who(request)
    facility = get_object_or_404(Facility.objects.visible_to(actor), code__iexact=code)
    require(actor, Right.EDIT_SITES, at=facility.pk)
    inside = request.GET.get("in", "")
    parent = get_object_or_404(Location.objects.visible_to(actor), public_code=inside[:12], facility=facility) if inside else None
    form = LocationForm(request.POST or None)
    kinds = [choice for choice in form.fields["kind"].choices if may_contain(parent.kind if parent else None, choice[0])]  # type: ignore[attr-defined]
    form.fields["kind"].choices = kinds  # type: ignore[attr-defined]

    def save(values: dict) -> str:
        made = services.add_location(actor=actor, facility_id=facility.pk, parent_code=parent.public_code if parent else None, **values)
        messages.success(request, f"{made.full_name} was added.")
        return _address(made)

    back = _address(parent) if parent else reverse("sites:facility", args=[facility.code])
    around = parent.full_name if parent else facility.name
    context = {"title": f"Add a place in {around}", "trail": trail((around, back), ("Add a place", "")), "back": back}
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def location_edit(request: HttpRequest, public_code: str) -> HttpResponse:
    actor, place = who(request), _found(request, public_code)
    require(actor, Right.EDIT_SITES, at=place.facility_id)
    initial = {"kind": place.kind, "name": place.name, "code": place.code}

    def save(values: dict) -> str:
        return _address(services.update_location(actor=actor, public_code=public_code, **values))

    context = {"title": f"Change {place.name}", "trail": [*_trail(place, link=True), ("Change", "")], "back": _address(place)}
    return edit_page(request, form=LocationForm(request.POST or None, initial=initial), save=save, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def location_move(request: HttpRequest, public_code: str) -> HttpResponse:
    """Choose where a place goes, see every name that changes, then confirm. GET with ``preview`` shows, POST moves."""
    actor, place = who(request), _found(request, public_code)
    require(actor, Right.EDIT_SITES, at=place.facility_id)
    asked = request.POST if request.method == "POST" else request.GET
    chosen = request.method == "POST" or "preview" in request.GET
    form = MoveForm(asked if chosen else None, choices=_targets(place))
    preview, status = None, 200
    if chosen and form.is_valid():
        target = form.cleaned_data["parent"]
        parent_code = target.public_code if target else None
        preview = services.preview_move(actor=actor, public_code=public_code, parent_code=parent_code)
        if request.method == "POST":
            try:
                moved = services.move_location(actor=actor, public_code=public_code, parent_code=parent_code)
            except DomainError as error:
                add_refusal(form, error)
            else:
                messages.success(request, f"Moved. It is {moved.full_name} now.")
                return redirect(_address(moved))
    if form.is_bound and not form.is_valid():
        status = 422
    facts = {"location": place, "form": form, "preview": preview, "trail": [*_trail(place, link=True), ("Move", "")]}
    return render(request, "sites/move.html", facts, status=status)


@require_POST
def location_active(request: HttpRequest, public_code: str) -> HttpResponse:
    actor, place = who(request), _found(request, public_code)
    return switch(
        request,
        change=lambda active: services.set_location_active(actor=actor, public_code=public_code, active=active),
        back=_address(place),
    )


def _found(request: HttpRequest, public_code: str) -> Location:
    visible = Location.objects.visible_to(who(request)).select_related("facility", "parent")
    return get_object_or_404(visible, public_code=public_code.upper())


def _targets(place: Location) -> QuerySet[Location]:
    """The places of the same facility that may hold ``place``."""
    same = Location.objects.filter(facility_id=place.facility_id, active=True, kind__in=parent_kinds(place.kind))
    return same.exclude(path__within=place.path).order_by("full_name", "pk")


def _address(place: Location) -> str:
    return reverse("sites:location", args=[place.public_code])


def _trail(place: Location, *, link: bool = False) -> list[tuple[str, str]]:
    around = [(outer.name, _address(outer)) for outer in queries.ancestors(place)]
    facility = (place.facility.name, reverse("sites:facility", args=[place.facility.code]))
    return trail(facility, *around, (place.name, _address(place) if link else ""))


def _facts(request: HttpRequest, place: Location) -> list[parts.Fact]:
    return [
        parts.Fact(label="Kind", value=place.get_kind_display()),
        parts.Fact(label="Number", value=place.code, mono=True, absent="none"),
        parts.Fact(label="Facility", value=place.facility.name, url=reverse("sites:facility", args=[place.facility.code])),
        parts.Fact(label="Permanent address", value=request.build_absolute_uri(_address(place)), mono=True, copy=True),
    ]
