"""Pages of the organisation and its facilities."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.sites import queries
from openhtm.sites.forms import FacilityForm, OrganisationForm
from openhtm.sites.models import Facility
from openhtm.sites.scope import Right, require, require_everywhere
from openhtm.sites.services import facilities as services
from openhtm.sites.views.common import switch, trail, who
from openhtm.sites.views.trees import tree_nodes
from openhtm.ui import parts
from openhtm.ui.editing import edit_page

FORM = "sites/form.html"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Right.VIEW_SITES)
    facts = {
        "organisation": queries.organisation(),
        "rows": queries.facilities_with_counts(actor),
        "may_edit": actor.may_everywhere(Right.EDIT_ORGANISATION),
    }
    return render(request, "sites/home.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def organisation_edit(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require_everywhere(actor, Right.EDIT_ORGANISATION)
    stored = queries.organisation()
    initial = {name: getattr(stored, name) for name in ("name", "currency", "risk_profile")} if stored else None

    def save(values: dict) -> str:
        services.update_organisation(actor=actor, **values)
        return reverse("sites:home")

    context = {"title": "Organisation", "trail": trail(("Organisation", "")), "back": reverse("sites:home")}
    return edit_page(request, form=OrganisationForm(request.POST or None, initial=initial), save=save, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def facility_add(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require_everywhere(actor, Right.EDIT_ORGANISATION)

    def save(values: dict) -> str:
        return _address(services.add_facility(actor=actor, **values))

    context = {"title": "Add facility", "trail": trail(("Add facility", "")), "back": reverse("sites:home")}
    return edit_page(request, form=FacilityForm(request.POST or None), save=save, template=FORM, context=context)


@require_safe
def facility(request: HttpRequest, code: str) -> HttpResponse:
    """A facility with its tree of places. Flat: four statements of our own, whatever the number of places."""
    actor = who(request)
    require(actor, Right.VIEW_SITES)
    record = _found(request, code)
    places = list(record.locations.order_by("full_name", "pk"))
    facts = {
        "facility": record,
        "trail": trail((record.name, "")),
        "facts": _facts(record),
        "nodes": tree_nodes(places),
        "place_count": len(places),
        "departments": record.departments.order_by("-active", "name", "pk"),
        "may_edit": actor.may(Right.EDIT_SITES, at=record.pk),
        "may_edit_facility": actor.may(Right.EDIT_ORGANISATION, at=record.pk),
    }
    return render(request, "sites/facility.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def facility_edit(request: HttpRequest, code: str) -> HttpResponse:
    actor, record = who(request), _found(request, code)
    require(actor, Right.EDIT_ORGANISATION, at=record.pk)
    initial = {name: getattr(record, name) for name in FacilityForm.base_fields}

    def save(values: dict) -> str:
        return _address(services.update_facility(actor=actor, facility_id=record.pk, **values))

    context = {"title": f"Change {record.name}", "trail": trail((record.name, _address(record)), ("Change", "")), "back": _address(record)}
    return edit_page(request, form=FacilityForm(request.POST or None, initial=initial), save=save, template=FORM, context=context)


@require_POST
def facility_active(request: HttpRequest, code: str) -> HttpResponse:
    actor, record = who(request), _found(request, code)
    return switch(
        request,
        change=lambda active: services.set_facility_active(actor=actor, facility_id=record.pk, active=active),
        back=_address(record),
    )


def _found(request: HttpRequest, code: str) -> Facility:
    return get_object_or_404(Facility.objects.visible_to(who(request)), code__iexact=code)


def _address(record: Facility) -> str:
    return reverse("sites:facility", args=[record.code])


def _facts(record: Facility) -> list[parts.Fact]:
    return [
        parts.Fact(label="Code", value=record.code, mono=True, copy=True),
        parts.Fact(label="Time zone", value=record.time_zone.replace("_", " ")),
        parts.Fact(label="Certification number", value=record.certification_number, mono=True),
        parts.Fact(label="Address", value=record.address),
    ]
