"""Policies of qualification, targets of coverage, and the courses that close gaps."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.competence.asking import actor_of
from openhtm.competence.forms import OfferForm, PolicyForm, TargetForm
from openhtm.competence.models import CoverageTarget, QualificationPolicy, TrainingOffer
from openhtm.competence.queries.policies import in_force
from openhtm.competence.services import policies as services
from openhtm.competence.views.matrix import tabs
from openhtm.competence.views.plan import _currency
from openhtm.competence.views.records import FORM, HOME
from openhtm.identity.actor import require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.ui.editing import edit_page

TONES = {"off": "hold", "warn": "due", "block": "late"}


@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """What holds today, and what held before. Three statements."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_STAFF)
    today = timezone.localdate()
    holding = list(in_force(today))
    keys = {one.pk for one in holding}
    context = {
        "tabs": tabs("competence:policies"),
        "rows": [_row(one) for one in holding],
        "others": [_row(one) for one in QualificationPolicy.objects.exclude(pk__in=keys)],
        "targets": list(CoverageTarget.objects.all()),
        "may_edit": actor.may_everywhere(Permission.MANAGE_STAFF),
    }
    return render(request, "competence/policies.html", context)


def _row(one: QualificationPolicy) -> dict[str, Any]:
    asks = one.get_needs_display()
    if one.needs != "credential":
        asks += f", at least “{one.get_least_level_display().lower()}”"
    return {
        "one": one,
        "asks": asks,
        "tone": TONES[one.mode],
        "programmes": ", ".join(one.programmes),
        "roles": ", ".join(role.replace("_", " ") for role in one.roles),
        "url": f"{reverse('competence:policy-set')}?act={one.act}&risk={one.risk}",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def policy_set(request: HttpRequest) -> HttpResponse:
    """Change what an act asks for, from a day on."""
    actor = actor_of(request)
    require_everywhere(actor, Permission.MANAGE_STAFF)
    now = in_force(timezone.localdate()).filter(act=request.GET.get("act", "")[:12], risk=request.GET.get("risk", "")[:10]).first()
    initial: dict[str, Any] = {}
    if now is not None:
        initial = {name: getattr(now, name) for name in ("act", "risk", "needs", "least_level", "mode", "roles", "judged_on")}
        initial["programmes"] = ", ".join(now.programmes)
    form = PolicyForm(request.POST or None, initial=initial)

    def save(_data: dict[str, Any]) -> str:
        services.set_policy(actor=actor, **form.values())
        messages.success(request, "Saved. The line before ends that day and stays readable.")
        return reverse("competence:policies")

    return edit_page(request, form=form, save=save, template=FORM, context=_about("Change a policy", "policies", "Policies"))


@require_http_methods(["GET", "HEAD", "POST"])
def target_set(request: HttpRequest) -> HttpResponse:
    """Say how many people a type should have."""
    actor = actor_of(request)
    require_everywhere(actor, Permission.MANAGE_STAFF)
    risk = request.GET.get("risk", "")[:10]
    now = CoverageTarget.objects.filter(risk=risk).first()
    initial = {"risk": now.risk, "wanted": now.wanted, "horizon_days": now.horizon_days} if now else {}
    form = TargetForm(request.POST or None, initial=initial)

    def save(data: dict[str, Any]) -> str:
        services.set_coverage_target(actor=actor, **data)
        messages.success(request, "Saved.")
        return reverse("competence:policies")

    return edit_page(request, form=form, save=save, template=FORM, context=_about("Change a target", "policies", "Policies"))


@require_safe
def offers(request: HttpRequest) -> HttpResponse:
    """Ways to learn a type, with what they cost. Two statements."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_STAFF)
    found = TrainingOffer.objects.select_related("device_type").order_by("-active", "category", "title", "pk")
    context = {
        "tabs": tabs("competence:offers"),
        "rows": list(found[:500]),
        "currency": _currency(),
        "may_edit": actor.may_everywhere(Permission.MANAGE_STAFF),
    }
    return render(request, "competence/offers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def offer_add(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    require_everywhere(actor, Permission.MANAGE_STAFF)
    form = OfferForm(request.POST or None)

    def save(_data: dict[str, Any]) -> str:
        services.set_offer(actor=actor, **form.values())
        messages.success(request, "Added.")
        return reverse("competence:offers")

    return edit_page(request, form=form, save=save, template=FORM, context=_about("Add a course", "offers", "Courses"))


@require_http_methods(["GET", "HEAD", "POST"])
def offer_edit(request: HttpRequest, offer_id: int) -> HttpResponse:
    actor = actor_of(request)
    require_everywhere(actor, Permission.MANAGE_STAFF)
    now = get_object_or_404(TrainingOffer, pk=offer_id)
    names = ("title", "device_type", "category", "basis", "given_by", "valid_months", "active")
    initial = {name: getattr(now, name) for name in names}
    initial |= {"cost": None if now.cost_cents is None else now.cost_cents / 100, "hours": now.minutes / 60}
    form = OfferForm(request.POST or None, initial=initial)

    def save(_data: dict[str, Any]) -> str:
        services.set_offer(actor=actor, offer_id=now.pk, **form.values())
        messages.success(request, "Saved.")
        return reverse("competence:offers")

    return edit_page(request, form=form, save=save, template=FORM, context=_about("Change a course", "offers", "Courses"))


def _about(title: str, route: str, name: str) -> dict[str, Any]:
    back = reverse(f"competence:{route}")
    return {"title": title, "trail": [HOME, (name, back)], "back": back, "button": "Save"}


urlpatterns = [
    path("competence/policies", policies, name="policies"),
    path("competence/policies/set", policy_set, name="policy-set"),
    path("competence/targets/set", target_set, name="target-set"),
    path("competence/courses", offers, name="offers"),
    path("competence/courses/add", offer_add, name="offer-add"),
    path("competence/courses/<int:offer_id>", offer_edit, name="offer-edit"),
]
