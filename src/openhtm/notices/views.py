"""The page of one's messages."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.identity.actor import Actor
from openhtm.notices import queries, services
from openhtm.ui import lists, parts


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@require_safe
def notice_list(request: HttpRequest) -> HttpResponse:
    actor, everything = _who(request), request.GET.get("show") == "all"
    found = queries.mine(actor, unread=None if everything else True)
    page = keyset_page(found, order=("-created_at", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    here = reverse("notices:notice-list")
    facts = {
        "page": page,
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="messages"),
        "tabs": [
            parts.Tab(label="Unread", url=here, current=not everything),
            parts.Tab(label="All", url=f"{here}?show=all", current=everything),
        ],
        "everything": everything,
    }
    return render(request, "notices/notice_list.html", facts)


@require_POST
def notice_read(request: HttpRequest) -> HttpResponse:
    """Mark the messages ``uid`` read, or all of them without one."""
    count = services.mark_read(actor=_who(request), uids=request.POST.getlist("uid") or None)
    messages.success(request, "Marked as read." if count == 1 else f"{count} messages marked as read.")
    return redirect("notices:notice-list")


urlpatterns = [
    path("notices", notice_list, name="notice-list"),
    path("notices/read", notice_read, name="notice-read"),
]
