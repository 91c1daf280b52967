"""What a site sets for its inventory: where everything is set, custom fields, risk profiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import Invalid
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory import forms
from openhtm.inventory.models import CustomField
from openhtm.inventory.queries import detail
from openhtm.inventory.services import custom_fields, risk
from openhtm.sites.models import Organisation


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class _Entry:
    label: str
    detail: str
    icon: str
    route: str
    permission: Permission


P = Permission
ENTRIES = (
    _Entry("Organisation", "Its name, currency and default score", "landmark", "sites:organisation-edit", P.EDIT_ORGANISATION),
    _Entry("Facilities and places", "Time zones, buildings, rooms", "building-2", "sites:home", P.EDIT_SITES),
    _Entry("Departments", "Who owns devices and whom to call", "users-round", "sites:department-list", P.EDIT_SITES),
    _Entry("Service providers", "Who maintains devices", "wrench", "sites:provider-list", P.EDIT_SITES),
    _Entry(
        "Site fields", "What your site records beyond our fields", "text-cursor-input", "inventory:custom-fields", P.MANAGE_CUSTOM_FIELDS
    ),
    _Entry("Risk profiles", "How devices are scored, and by which source", "gauge", "inventory:risk-profiles", P.VIEW_DEVICES),
    _Entry("Label sizes", "Sizes and texts of printed labels", "printer", "inventory:label-template-list", P.PRINT_LABELS),
    _Entry("Import profiles", "How your spreadsheets are read", "file-input", "inventory:import-profiles", P.IMPORT_DEVICES),
    _Entry("Saved views", "Lists of devices you named", "bookmark", "inventory:view-list", P.VIEW_DEVICES),
    _Entry("People and roles", "Who may do what, and where", "users", "identity:user-list", P.VIEW_PEOPLE),
    _Entry("API tokens", "Access for programs", "key-round", "identity:token-list", P.USE_TOKENS),
)


@require_safe
def settings_home(request: HttpRequest) -> HttpResponse:
    """Everything that can be set, for those who may. No statement."""
    actor = _actor(request)
    shown = [(entry, url) for entry in ENTRIES if actor.may(entry.permission) and (url := _address(entry.route))]
    return render(request, "inventory/settings.html", {"entries": shown})


def _address(route: str) -> str:
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


@require_http_methods(["GET", "POST"])
def field_list(request: HttpRequest) -> HttpResponse:
    """The site's own fields in their order; POST changes the order."""
    actor = _actor(request)
    require(actor, Permission.MANAGE_CUSTOM_FIELDS)
    if request.method == "POST":
        keys = list(CustomField.objects.values_list("key", flat=True))
        key, step = request.POST.get("key", ""), -1 if request.POST.get("move") == "up" else 1
        if key in keys and 0 <= keys.index(key) + step < len(keys):
            at = keys.index(key)
            keys[at], keys[at + step] = keys[at + step], keys[at]
            custom_fields.order_custom_fields(actor=actor, keys=keys)
        return redirect("inventory:custom-fields")
    return render(
        request,
        "inventory/custom_fields.html",
        {"fields": list(CustomField.objects.all()), "may_change": actor.may_everywhere(P.MANAGE_CUSTOM_FIELDS)},
    )


@require_http_methods(["GET", "POST"])
def edit_field(request: HttpRequest, key: str = "") -> HttpResponse:
    """Add a field, or change one; key and kind are permanent."""
    actor = _actor(request)
    require_everywhere(actor, Permission.MANAGE_CUSTOM_FIELDS)
    stored = CustomField.objects.get(key=key) if key else None
    form = forms.CustomFieldForm(request.POST or None, stored=stored)
    if request.method == "POST" and form.is_valid():
        try:
            _save_field(actor, form, stored)
        except Invalid as refusal:
            for field, texts in refusal.errors.items():
                form.add_error(field if field in form.fields else None, texts)
        else:
            messages.success(request, "The field was saved.")
            return redirect("inventory:custom-fields")
    status = 422 if request.method == "POST" else 200
    return render(request, "inventory/custom_field_form.html", {"form": form, "stored": stored}, status=status)


def _save_field(actor: Actor, form: forms.CustomFieldForm, stored: CustomField | None) -> None:
    values = form.values()
    if stored is None:
        position = CustomField.objects.count()
        custom_fields.add_custom_field(
            actor=actor, key=form.cleaned_data["key"], kind=form.cleaned_data["kind"], values=values | {"position": position}
        )
    else:
        custom_fields.change_custom_field(actor=actor, key=stored.key, values=values)


@require_safe
def risk_profiles(request: HttpRequest) -> HttpResponse:
    """Every risk profile with its questions, thresholds, source and edition."""
    actor = _actor(request)
    require(actor, Permission.VIEW_DEVICES)
    organisation = Organisation.objects.order_by("pk").first()
    context: dict[str, Any] = {
        "profiles": detail.current_profiles(),
        "chosen": organisation.risk_profile if organisation else "",
        "may_choose": actor.may_everywhere(Permission.EDIT_ORGANISATION),
    }
    return render(request, "inventory/risk_profiles.html", context)


@require_POST
def choose_profile(request: HttpRequest) -> HttpResponse:
    """Choose the score the organisation shows first."""
    actor = _actor(request)
    risk.choose_risk_profile(actor=actor, code=request.POST.get("code", "")[:80].replace("\0", ""))
    messages.success(request, "This score is now shown first.")
    return redirect("inventory:risk-profiles")


urlpatterns: list[URLPattern] = [
    path("settings", settings_home, name="settings"),
    path("settings/fields", field_list, name="custom-fields"),
    path("settings/fields/add", edit_field, name="custom-field-add"),
    path("settings/fields/<slug:key>", edit_field, name="custom-field"),
    path("settings/risk", risk_profiles, name="risk-profiles"),
    path("settings/risk/choose", choose_profile, name="risk-profile-choose"),
]
