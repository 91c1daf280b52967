"""What people must read before it is closed, and what could not be stored."""

from __future__ import annotations

import json
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.pagination import Page, keyset_page
from openhtm.identity.actor import require
from openhtm.identity.addresses import client_address
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.asking import actor_of
from openhtm.ui.parts import Pager
from openhtm.ui.redirects import SeeOther
from openhtm.workorders.forms_evidence import ReviewForm, SettleForm
from openhtm.workorders.models import HeldResult, WorkOrder
from openhtm.workorders.queries.checklists import visible_checklists
from openhtm.workorders.queries.review import queue
from openhtm.workorders.rules.kinds import WORKABLE
from openhtm.workorders.rules.review import in_words
from openhtm.workorders.services import held, reviewing, signing
from openhtm.workorders.views.checklist import order_url
from openhtm.workorders.views.runner import VERDICTS

PAGE_ROWS = 50


@require_safe
def review_list(request: HttpRequest) -> HttpResponse:
    """Completed orders that wait for a reader, each with the reasons. A fixed number of statements."""
    actor = actor_of(request)
    page = keyset_page(queue(actor), order=("priority", "number"), cursor=request.GET.get("cursor"), limit=PAGE_ROWS)
    signed = reviewing.signed_and_intact(page.rows)
    rows = [
        {
            "order": order,
            "reasons": in_words(order.review_reasons),
            "signed": signed.get(order.pk, False),
            "url": reverse("workorders:review", args=[order.number]),
        }
        for order in page.rows
    ]
    waiting = held.visible_held(actor).filter(settled_at__isnull=True)[:1].exists()
    return render(request, "workorders/review_list.html", {"rows": rows, "pager": _pager(page), "held_waiting": waiting})


def _pager(page: Page[Any]) -> Pager:
    return Pager(
        shown=str(len(page.rows)) if page.rows else "",
        label="Pages",
        first_url="?" if page.previous_cursor else "",
        previous_url=f"?cursor={page.previous_cursor}" if page.previous_cursor else "",
        next_url=f"?cursor={page.next_cursor}" if page.next_cursor else "",
    )


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, number: int) -> HttpResponse:
    """The exceptions of one order, and the signature that closes it."""
    actor = actor_of(request)
    visible = WorkOrder.objects.visible_to(actor).select_related("facility", "device__device_model__manufacturer", "completed_by")
    order = visible.get(number=number)
    require(actor, Permission.REVIEW_WORK, at=order.facility_id, place=order.facility.name)
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            reviewing.review(actor=actor, number=number, password=data["password"], note=data["note"], address=client_address(request))
        except DomainError as refusal:
            if refusal.status == 403:
                raise
            form.add_error("password" if isinstance(refusal, signing.WrongPassword) else None, refusal.sentence)
        else:
            messages.success(request, f"{order} was reviewed and closed.")
            return SeeOther(reverse("workorders:review-list"))
    exceptions = reviewing.exceptions_of([order.pk])[order.pk] if order.review_reasons else []
    context = {
        "order": order,
        "form": form,
        "reasons": in_words(order.review_reasons),
        "exceptions": [(one, *VERDICTS[one.verdict], in_words(one.review_reasons)) for one in exceptions],
        "checklists": list(visible_checklists(actor).filter(work_order=order).order_by("position")),
        "signatures": signing.signature_state(order),
        "order_url": order_url(order),
    }
    with timezone.override(ZoneInfo(order.facility.time_zone)):
        return render(request, "workorders/review.html", context, status=422 if request.method == "POST" else 200)


@require_safe
def held_list(request: HttpRequest) -> HttpResponse:
    """What was sent as a result and could not be stored."""
    actor = actor_of(request)
    require(actor, Permission.DO_WORK)
    found = held.visible_held(actor).filter(settled_at__isnull=True).select_related("work_order", "sender")
    page = keyset_page(found, order=("-received_at", "-pk"), cursor=request.GET.get("cursor"), limit=PAGE_ROWS)
    context = {"rows": page.rows, "pager": _pager(page), "may_settle": actor.may(Permission.REVIEW_WORK)}
    return render(request, "workorders/held_list.html", context)


@require_http_methods(["GET", "POST"])
def held_settle(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Store one after all, on the checklist it belongs to, or set it aside with the reason."""
    actor = actor_of(request)
    one = held.visible_held(actor).select_related("work_order", "sender").get(uid=uid)
    require(actor, Permission.REVIEW_WORK, at=one.facility_id_at)
    form = SettleForm(request.POST or None, checklists=_checklists_for(one, request), initial={"decision": held.STORED})
    if request.method == "POST" and form.is_valid():
        try:
            held.settle_held(actor=actor, uid=uid, **form.cleaned_data)
        except Invalid as refusal:
            for name, texts in refusal.errors.items():
                form.add_error(name if name in form.fields else None, texts)
        except DomainError as refusal:
            if refusal.status == 403:
                raise
            form.add_error(None, refusal.sentence)
        else:
            messages.success(request, "Settled. The record of what was sent stays.")
            return SeeOther(reverse("workorders:held-list"))
    payload = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in one.payload.items() if value]
    context = {"held": one, "form": form, "payload": payload}
    return render(request, "workorders/held_settle.html", context, status=422 if request.method == "POST" else 200)


def _checklists_for(one: HeldResult, request: HttpRequest) -> list[tuple[str, str]]:
    """Return checklists of orders under way on the same device, where a held result may belong. One statement."""
    if one.work_order is None or one.work_order.device_id is None:
        return []
    found = visible_checklists(actor_of(request)).filter(work_order__device=one.work_order.device_id, work_order__status__in=WORKABLE)
    return [(str(two.uid), f"{two.work_order}: {two.version.procedure}") for two in found.order_by("-work_order__number")[:20]]


urlpatterns: list[URLPattern] = [
    path("work/review", review_list, name="review-list"),
    path("work/<int:number>/review", review, name="review"),
    path("work/held", held_list, name="held-list"),
    path("work/held/<uuid:uid>", held_settle, name="held-settle"),
]
