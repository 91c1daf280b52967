"""Overrides asked for and decided, and who could get the orders nobody has."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.competence.rules.guard import ACT_LABELS, Act
from openhtm.core.errors import DomainError, NotAllowed
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.core.text import key_of
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import lists, parts
from openhtm.ui.editing import edit_page
from openhtm.ui.redirects import SeeOther
from openhtm.workorders.asking import actor_of
from openhtm.workorders.forms_qualification import DecisionOverrideForm, DeclineForm, OverrideForm
from openhtm.workorders.models import QualificationOverride, WorkOrder
from openhtm.workorders.queries import detail
from openhtm.workorders.queries.overrides import overrides_seen
from openhtm.workorders.queries.qualification import people_to_override
from openhtm.workorders.queries.suggestions import suggestions
from openhtm.workorders.queries.unassigned import unassigned
from openhtm.workorders.rules.kinds import KIND_LABELS, Kind
from openhtm.workorders.services import assigning, qualification

MOST_SUGGESTED = 1000
STATES = {"waiting": "Waiting", "confirmed": "Confirmed", "declined": "Declined"}


@require_http_methods(["GET", "HEAD", "POST"])
def order_override(request: HttpRequest, number: int) -> HttpResponse:
    """Ask that somebody may get or close this order without the qualification."""
    actor = actor_of(request)
    order = detail.order_by_number(actor=actor, number=number)
    require(actor, Permission.DO_WORK, at=order.facility_id, place=order.facility.name)
    theirs = [pk for pk in (order.assigned_user_id, order.completed_by_id) if pk]
    here = Q(facility_id=order.facility_id) | Q(facility__isnull=True) | Q(user_id__in=theirs)
    people = people_to_override(order, actor=actor).filter(here)
    chosen = request.GET.get("staff", "")
    user_id = order.completed_by_id if request.GET.get("act") == Act.CLOSE else order.assigned_user_id
    staff = people.filter(user_id=user_id).first() if user_id and not chosen.isdecimal() else people.filter(pk=key_of(chosen) or 0).first()
    initial = {"act": Act.CLOSE if request.GET.get("act") == Act.CLOSE else Act.ASSIGN, "staff": staff}
    form = OverrideForm(request.POST or None, people=people, initial=initial)

    def save(data: dict[str, Any]) -> str:
        qualification.ask_override(actor=actor, number=number, act=data["act"], staff_id=data["staff"].pk, reason=data["reason"])
        messages.success(request, "Asked for. It counts once a second person confirms it.")
        return reverse("workorders:order", args=[number])

    context = {
        "title": "Ask for an override",
        "lead": f"{order} {order.title}. A second person must confirm it; never whom it is about.",
        "back": reverse("workorders:order", args=[number]),
        "back_label": str(order),
        "button": "Ask",
    }
    return edit_page(request, form=form, save=save, template="workorders/override_form.html", context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def decision_override(request: HttpRequest) -> HttpResponse:
    """Ask to decide once on alternate maintenance of a type without the qualification."""
    actor = actor_of(request)
    require(actor, Permission.EDIT_SCHEDULES)

    def save(data: dict[str, Any]) -> str:
        qualification.ask_decision_override(actor=actor, device_type_id=data["device_type"].pk, reason=data["reason"])
        messages.success(request, "Asked for. It counts for one decision once a second person confirms it.")
        return reverse("workorders:override-list")

    context = {
        "title": "Ask to decide on alternate maintenance",
        "lead": "For one decision about one type. A second person must confirm it.",
        "back": reverse("workorders:override-list"),
        "back_label": "Overrides",
        "button": "Ask",
    }
    form = DecisionOverrideForm(request.POST or None)
    return edit_page(request, form=form, save=save, template="workorders/override_form.html", context=context)


@require_safe
def override_list(request: HttpRequest) -> HttpResponse:
    """Overrides at facilities the actor sees: waiting first. Three statements."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_STAFF)
    state = request.GET.get("state", "waiting")
    state = state if state in STATES else "waiting"
    found = overrides_seen(actor=actor, state=state)
    page = keyset_page(found, order=("-pk",), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    here = reverse("workorders:override-list")
    context = {
        "tabs": [parts.Tab(label=label, url=f"{here}?state={code}", current=code == state) for code, label in STATES.items()],
        "state": state,
        "may_decide": actor.may(Permission.EDIT_SCHEDULES),
        "rows": [_row(one, actor) for one in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="overrides"),
    }
    return render(request, "workorders/overrides.html", context)


def _row(one: QualificationOverride, actor: Actor) -> dict[str, Any]:
    order = one.work_order
    may = actor.may(Permission.OVERRIDE_QUALIFICATION, at=order.facility_id if order else None)
    second = actor.user_id not in (one.asked_by_id, one.staff.user_id)
    open_still = one.confirmed_at is None and one.declined_at is None
    return {
        "one": one,
        "act": ACT_LABELS[Act(one.act)],
        "subject": f"{order} {order.title}" if order else str(one.device_type),
        "url": reverse("workorders:order", args=[order.number]) if order else "",
        "may": may and second and open_still,
        "why_not": "" if not (may and open_still) or second else "You asked for it, or it is about you.",
    }


@require_POST
def override_confirm(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Stand for an override as the second person."""
    try:
        found = qualification.confirm_override(actor=actor_of(request), uid=uid)
    except NotAllowed:
        raise
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, f"Confirmed: {found.staff} may do it.")
    return SeeOther(reverse("workorders:override-list"))


@require_http_methods(["GET", "HEAD", "POST"])
def override_decline(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Refuse an override, with the reason."""
    actor = actor_of(request)
    require(actor, Permission.OVERRIDE_QUALIFICATION)
    one = get_object_or_404(overrides_seen(actor=actor, state=""), uid=uid)
    require(actor, Permission.OVERRIDE_QUALIFICATION, at=one.work_order.facility_id if one.work_order else None)

    def save(data: dict[str, Any]) -> str:
        qualification.decline_override(actor=actor, uid=uid, reason=data["reason"])
        messages.success(request, "Declined.")
        return reverse("workorders:override-list")

    back = reverse("workorders:override-list")
    context = {
        "title": "Decline the override",
        "lead": f"{one.staff}: {one.reason}",
        "back": back,
        "back_label": "Overrides",
        "button": "Decline",
    }
    return edit_page(request, form=DeclineForm(request.POST or None), save=save, template="workorders/override_form.html", context=context)


@require_safe
def suggestion_list(request: HttpRequest) -> HttpResponse:
    """Open orders of nobody, the most urgent first, each with who may do it. Six statements for any number."""
    actor, now = actor_of(request), timezone.now()
    require(actor, Permission.ASSIGN_WORK)
    found = unassigned(actor).select_related("device__device_type", "facility")
    size = min(lists.limit_of(request), MOST_SUGGESTED)
    page = keyset_page(found, order=("priority", "number"), cursor=request.GET.get("cursor"), limit=size)
    suggested = suggestions([one.pk for one in page.rows], now=now, on=timezone.localdate(now))
    context = {
        "rows": [_suggested(one, suggested[one.pk]) for one in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="orders"),
    }
    return render(request, "workorders/suggestions.html", context)


def _suggested(order: WorkOrder, found: Any) -> dict[str, Any]:
    device = order.device
    return {
        "number": order.number,
        "title": order.title,
        "label": str(order),
        "url": reverse("workorders:order", args=[order.number]),
        "kind": KIND_LABELS[Kind(order.kind)],
        "device": f"{device.control_number} {device.device_type.name if device.device_type else ''}".strip()
        if device
        else order.facility.name,
        "priority": order.priority,
        "people": found.people,
        "may": found.may,
        "others": found.others,
        "judged": found.judged,
    }


@require_POST
def suggestion_take(request: HttpRequest, number: int) -> HttpResponse:
    """Give an order to the suggested person."""
    actor = actor_of(request)
    order = detail.order_by_number(actor=actor, number=number)
    require(actor, Permission.ASSIGN_WORK, at=order.facility_id, place=order.facility.name)
    user_id = key_of(request.POST.get("user"))
    try:
        assigning.assign_orders(actor=actor, numbers=[number], user_id=user_id)
    except NotAllowed:
        raise
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, f"{order} was assigned.")
    return SeeOther(reverse("workorders:suggestion-list"))


urlpatterns: list[URLPattern] = [
    path("work/overrides", override_list, name="override-list"),
    path("work/overrides/decision", decision_override, name="decision-override"),
    path("work/overrides/<uuid:uid>/confirm", override_confirm, name="override-confirm"),
    path("work/overrides/<uuid:uid>/decline", override_decline, name="override-decline"),
    path("work/suggestions", suggestion_list, name="suggestion-list"),
    path("work/<int:number>/override", order_override, name="order-override"),
    path("work/<int:number>/give", suggestion_take, name="order-give"),
]
