"""Pages of service providers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.sites import queries
from openhtm.sites.forms import ACTIVE_CHOICES, ProviderForm
from openhtm.sites.models import ProviderKind, ServiceProvider
from openhtm.sites.scope import Right, require, require_everywhere
from openhtm.sites.services import providers as services
from openhtm.sites.views.common import chosen_active, switch, trail, who
from openhtm.ui import lists
from openhtm.ui.editing import edit_page

FORM = "sites/form.html"
LIST = "Service providers"


@require_safe
def provider_list(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Right.VIEW_SITES)
    q, kind, active = (lists.text_of(request, name) for name in ("q", "kind", "active"))
    found = queries.providers(q=q, kind=kind, active=chosen_active(active))
    page = keyset_page(found, order=("name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    facts = {
        "page": page,
        "pager": lists.pager(request, page, count=count_up_to(found), noun="service providers"),
        "trail": trail((LIST, "")),
        "chips": lists.chips(request, [("q", "named", q), ("kind", "kind", kind), ("active", "active", active)]),
        "kinds": ProviderKind.choices,
        "chosen": {"q": q, "kind": kind, "active": active},
        "active_choices": ACTIVE_CHOICES,
        "may_add": actor.may(Right.EDIT_SITES),
        "may_edit": actor.may_everywhere(Right.EDIT_SITES),
    }
    return render(request, "sites/provider_list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def provider_add(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Right.EDIT_SITES)

    def save(values: dict) -> str:
        services.add_provider(actor=actor, **values)
        return reverse("sites:provider-list")

    return edit_page(request, form=ProviderForm(request.POST or None), save=save, template=FORM, context=_context("Add service provider"))


@require_http_methods(["GET", "HEAD", "POST"])
def provider_edit(request: HttpRequest, provider_id: int) -> HttpResponse:
    actor = who(request)
    require_everywhere(actor, Right.EDIT_SITES)
    record = get_object_or_404(ServiceProvider, pk=provider_id)
    initial = {name: getattr(record, name) for name in ProviderForm.base_fields}

    def save(values: dict) -> str:
        services.update_provider(actor=actor, provider_id=record.pk, **values)
        return reverse("sites:provider-list")

    form = ProviderForm(request.POST or None, initial=initial)
    return edit_page(request, form=form, save=save, template=FORM, context=_context(f"Change {record.name}"))


@require_POST
def provider_active(request: HttpRequest, provider_id: int) -> HttpResponse:
    actor = who(request)
    return switch(
        request,
        change=lambda active: services.set_provider_active(actor=actor, provider_id=provider_id, active=active),
        back=reverse("sites:provider-list"),
    )


def _context(title: str) -> dict[str, object]:
    back = reverse("sites:provider-list")
    return {"title": title, "trail": trail((LIST, back), (title, "")), "back": back}
