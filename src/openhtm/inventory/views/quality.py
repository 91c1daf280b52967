"""Data quality: what is missing or doubtful, duplicates side by side, and the inputs of risk scores."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory import forms
from openhtm.inventory.addresses import device_url
from openhtm.inventory.models import Device
from openhtm.inventory.queries import detail, duplicates, findings
from openhtm.inventory.queries.alike import alike_manufacturers
from openhtm.inventory.queries.duplicates import Pair
from openhtm.inventory.rules.merging import Side
from openhtm.inventory.services import merging, quality, risk
from openhtm.ui.parts import Tab


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _tabs(now: str) -> list[Tab]:
    pages = (("Overview", "quality"), ("Duplicates", "duplicates"), ("Manufacturers", "alike-manufacturers"))
    return [Tab(label=label, url=reverse(f"inventory:{name}"), current=name == now) for label, name in pages]


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every kind of finding with its number, and how complete each facility's records are."""
    actor = _actor(request)
    require(actor, Permission.RESOLVE_QUALITY)
    found = findings.overview(actor=actor, today=timezone.localdate())
    return render(request, "inventory/quality.html", {"found": found, "tabs": _tabs("quality")})


@require_safe
def manufacturers(request: HttpRequest) -> HttpResponse:
    """Manufacturers whose names look alike; merging them is the catalogue's."""
    actor = _actor(request)
    require(actor, Permission.RESOLVE_QUALITY)
    context = {"pairs": alike_manufacturers(), "may_edit": actor.may(Permission.EDIT_CATALOG), "tabs": _tabs("alike-manufacturers")}
    return render(request, "inventory/alike_manufacturers.html", context)


@require_safe
def duplicate_queue(request: HttpRequest) -> HttpResponse:
    """The next doubtful pair, side by side. ``?device=`` keeps to one record, ``?after=`` goes on."""
    actor = _actor(request)
    require(actor, Permission.RESOLVE_QUALITY)
    device = control_number_key(request.GET.get("device", "")[:80].replace("\0", ""))
    after = request.GET.get("after", "")
    pair = duplicates.next_pair(actor=actor, after=int(after) if after.isdecimal() and len(after) < 18 else 0, device=device)
    return _pair_page(request, pair, device=device)


def _pair_page(request: HttpRequest, pair: Pair | None, *, device: str, refused: dict[str, list[str]] | None = None) -> HttpResponse:
    actor = _actor(request)
    context: dict[str, Any] = {
        "pair": pair,
        "device": device,
        "count": duplicates.count_pairs(actor),
        "tabs": _tabs("duplicates"),
        "errors": [text for texts in (refused or {}).values() for text in texts],
        "posted": request.POST,
    }
    if pair is not None:
        ids = (pair.first.facility_id, pair.second.facility_id)
        may_see_costs = all(actor.may(Permission.VIEW_COSTS, at=pk) for pk in ids)
        lines = duplicates.comparison(pair.first, pair.second, may_see_costs=may_see_costs)
        context |= {
            "lines": [(line, _chosen(request, line.key, line.proposed)) for line in lines],
            "may_merge": all(actor.may(Permission.MERGE_DEVICES, at=pk) for pk in ids),
            "survivor": request.POST.get("survivor", pair.first.control_number),
            "skip_url": "?" + urlencode({"after": pair.cursor} | ({"device": device} if device else {})),
        }
    return render(request, "inventory/duplicates.html", context, status=422 if refused else 200)


def _chosen(request: HttpRequest, key: str, proposed: Side) -> str:
    return request.POST.get(f"choice_{key}", "first" if proposed == "survivor" else "second")


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Merge the pair as chosen, or keep for ever that these are different devices."""
    actor, data = _actor(request), request.POST
    numbers = tuple(control_number_key(data.get(name, "")[:80].replace("\0", "")) for name in ("first", "second"))
    device = control_number_key(data.get("device", "")[:80].replace("\0", ""))
    first, second = duplicates.by_numbers(actor, numbers)
    try:
        said = _decide(actor, first, second, data)
    except DomainError as refusal:
        if refusal.status == 403:
            raise
        refused = refusal.errors if isinstance(refusal, Invalid) else {"": [refusal.sentence]}
        return _pair_page(request, Pair(first, second, (), 0), device=device, refused=refused)
    messages.success(request, said)
    return redirect(reverse("inventory:duplicates") + (f"?{urlencode({'device': device})}" if device else ""))


def _decide(actor: Actor, first: Device, second: Device, data: Any) -> str:
    reason = data.get("reason", "")
    if data.get("action") == "different":
        quality.decide_different(actor=actor, control_numbers=(first.control_number, second.control_number), reason=reason)
        return f"{first} and {second} are kept as different devices."
    kept, given_up = (second, first) if data.get("survivor") == second.control_number else (first, second)
    choices: dict[str, Side] = {
        name.removeprefix("choice_"): "loser" if (value == "second") == (kept is first) else "survivor"
        for name, value in data.items()
        if name.startswith("choice_")
    }
    merging.merge_devices(actor=actor, survivor=kept.control_number, loser=given_up.control_number, choices=choices, reason=reason)
    return f"{given_up} was merged into {kept}. Its number still leads there."


@require_http_methods(["GET", "POST"])
def unmerge(request: HttpRequest, control_number: str) -> HttpResponse:
    """Take a merge back: the record stands for itself again."""
    actor = _actor(request)
    device = Device.objects.visible_to(actor).select_related("facility", "device_model__manufacturer").get(control_number=control_number)
    require(actor, Permission.MERGE_DEVICES, at=device.facility_id, place=device.facility.name)
    form = forms.ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            merging.unmerge_devices(actor=actor, loser=control_number, reason=form.cleaned_data["reason"])
        except DomainError as refusal:
            form.add_error(None, refusal.sentence)
        else:
            messages.success(request, f"{control_number} stands for itself again.")
            return redirect(device_url(control_number))
    context = {"form": form, "device": device, "title": "Take the merge back", "button": "Take it back"}
    return render(request, "inventory/small_form.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
def device_risk(request: HttpRequest, control_number: str) -> HttpResponse:
    """Set the risk inputs of one device where they differ from its type's, or go back to the type's."""
    actor = _actor(request)
    device = detail.device_by_number(actor=actor, number=control_number)
    require(actor, Permission.SET_RISK, at=device.facility_id, place=device.facility.name)
    profiles = detail.current_profiles()
    families = list(dict.fromkeys(profile.family for _, profile in profiles))
    family = request.GET.get("family", families[0] if families else "")
    if family not in families:
        family = families[0] if families else ""
    own = device.risk_inputs.filter(family=family).select_related("set_by").first()
    typed = (device.device_type.risk_inputs if device.device_type else {}).get(family, {})
    factors = forms.factors_of(family, [profile for _, profile in profiles])
    form = forms.RiskInputsForm(request.POST or None, factors=factors, typed=typed, own=own.inputs if own else {})
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("action") == "clear":
                risk.clear_risk_inputs(actor=actor, control_number=device.control_number, family=family, reason=form.cleaned_data["reason"])
            else:
                risk.set_risk_inputs(
                    actor=actor,
                    control_number=device.control_number,
                    family=family,
                    inputs=form.inputs(),
                    reason=form.cleaned_data["reason"],
                )
        except Invalid as refusal:
            for field, texts in refusal.errors.items():
                form.add_error(field if field in form.fields else None, texts)
        else:
            messages.success(request, "The risk inputs were saved.")
            return redirect(device_url(device.control_number) + "?tab=risk")
    context = {
        "form": form,
        "device": device,
        "own": own,
        "tabs": [
            Tab(label=family_name(name, [p for _, p in profiles]), url=f"?family={name}", current=name == family) for name in families
        ],
    }
    return render(request, "inventory/device_risk.html", context, status=422 if request.method == "POST" else 200)


def family_name(family: str, profiles: list[Any]) -> str:
    """The name of a family: that of its first profile."""
    return next((profile.name for profile in profiles if profile.family == family), family)


urlpatterns: list[URLPattern] = [
    path("quality", overview, name="quality"),
    path("quality/manufacturers", manufacturers, name="alike-manufacturers"),
    path("quality/duplicates", duplicate_queue, name="duplicates"),
    path("quality/duplicates/decide", decide, name="duplicate-decide"),
    path("d/<control_number:control_number>/unmerge", unmerge, name="device-unmerge"),
    path("d/<control_number:control_number>/risk", device_risk, name="device-risk"),
]
