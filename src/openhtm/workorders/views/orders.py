"""The list of work: filters, tabs, bulk assignment, export; and the board."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.pagination import BadCursor, count_of_page
from openhtm.core.text import key_of
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import SavedView
from openhtm.inventory.queries.filters import Filters
from openhtm.inventory.services import saved_views
from openhtm.ui import lists as ui_lists
from openhtm.ui.editing import add_refusal
from openhtm.ui.parts import BulkAction, Chip, Tab
from openhtm.workorders import forms
from openhtm.workorders.asking import actor_of
from openhtm.workorders.queries import lists, order_filters
from openhtm.workorders.services import assigning, exporting
from openhtm.workorders.views import choices

PAGE = "work"
MAX_AT_ONCE = 1000


@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """Everything the actor may see, newest first, narrowed by the chips in the address."""
    actor, now = actor_of(request), timezone.now()
    require(actor, Permission.VIEW_WORK)
    found = _read(request.GET, actor)
    orders = order_filters.filtered(actor=actor, filters=found)
    cursor, moved = request.GET.get("cursor"), ""
    try:
        page = lists.list_page(orders, cursor=cursor, limit=ui_lists.limit_of(request), now=now)
    except BadCursor:
        page, moved = lists.list_page(orders, cursor=None, limit=ui_lists.limit_of(request), now=now), "The list starts anew."
    count = count_of_page(page, orders)
    context = {
        "page": page,
        "count": count,
        "chips": [Chip(label=c.label, value=c.value, remove_url=ui_lists.with_query(request, **{c.name: None})) for c in found.chips],
        "problems": found.problems,
        "search": found.search,
        "tabs": _tabs(request, actor),
        "pager": ui_lists.pager(request, page, count=count, noun="orders"),
        "moved": moved,
        "query": _query(request.GET),
        "may": rights(actor),
        "bulk_actions": _bulk_actions(actor),
    }
    return render(request, "workorders/list.html", context)


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Open work in columns by status, the same filters as the list. Twelve statements at most."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    found = _read(request.GET, actor)
    columns = lists.board(order_filters.filtered(actor=actor, filters=found), now=timezone.now())
    context = {
        "columns": columns,
        "chips": [Chip(label=c.label, value=c.value, remove_url=ui_lists.with_query(request, **{c.name: None})) for c in found.chips],
        "problems": found.problems,
        "query": _query(request.GET),
        "list_query": _query(request.GET, without=("status",)),
        "may": rights(actor),
        "here": "board",
    }
    return render(request, "workorders/board.html", context)


@require_safe
def order_filter(request: HttpRequest) -> HttpResponse:
    """The form that adds a filter: a page of its own, or unfolded in the list."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    target = "workorders:board" if request.GET.get("to") == "board" else "workorders:order-list"
    context = {"fields": choices.filter_fields(actor, request.GET), "search": request.GET.get("q", ""), "target": reverse(target)}
    part = "#form" if request.headers.get("HX-Request") else ""
    return render(request, f"workorders/filter_form.html{part}", context)


@require_safe
def order_export(request: HttpRequest) -> HttpResponseBase:
    """Exactly the orders of the filtered list, as CSV or XLSX; streamed."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    kind = request.GET.get("format", "csv")
    if kind not in ("csv", "xlsx"):
        raise Invalid({"format": ["Choose csv or xlsx."]})
    found = _read(request.GET, actor)
    if found.problems:
        raise Invalid({name: [text] for name, text in found.problems.items()})
    sentence = ", ".join(f"{chip.label} {chip.value}" for chip in found.chips) or "all orders"
    return exporting.export_response(
        actor=actor,
        orders=order_filters.filtered(actor=actor, filters=found),
        kind=kind,
        sentence=sentence,
        now=timezone.now(),
        only_head=request.method == "HEAD",
    )


@require_POST
def order_bulk(request: HttpRequest) -> HttpResponse:
    """Show the form that assigns and plans the chosen orders."""
    actor = actor_of(request)
    require(actor, Permission.ASSIGN_WORK)
    numbers = _chosen(request, actor)
    if not numbers:
        messages.warning(request, "Choose at least one order first.")
        return redirect("workorders:order-list")
    return _bulk_page(request, numbers, forms.AssignForm(actor=actor), status=200)


@require_POST
def order_bulk_apply(request: HttpRequest) -> HttpResponse:
    """Assign and plan the listed orders: all of them or none."""
    actor = actor_of(request)
    require(actor, Permission.ASSIGN_WORK)
    numbers = _numbers(request.POST.getlist("selected"))
    form = forms.AssignForm(request.POST, actor=actor)
    if form.is_valid():
        try:
            changed = assigning.assign_orders(actor=actor, numbers=numbers, **form.values())
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, f"{len(numbers)} orders: {_count(changed)} changed.")
            return redirect("workorders:order-list")
    return _bulk_page(request, numbers, form, status=422)


@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """Save the list as it stands under a name of one's own."""
    actor, query = actor_of(request), request.POST.get("query", "")[:1000]
    require(actor, Permission.VIEW_WORK)
    view, _ = saved_views.save_view(actor=actor, name=request.POST.get("name", ""), query=query, page=PAGE)
    messages.success(request, f"The view “{view.name}” was saved.")
    return redirect(reverse("workorders:order-list") + "?" + query)


@require_http_methods(["GET", "POST"])
def view_list(request: HttpRequest) -> HttpResponse:
    """One's own views of work, to be taken away."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    if request.method == "POST":
        saved_views.remove_view(actor=actor, view_id=key_of(request.POST.get("view")) or 0)
        messages.success(request, "The view was removed.")
        return redirect("workorders:view-list")
    return render(request, "workorders/views.html", {"views": SavedView.objects.filter(owner_id=actor.user_id, page=PAGE)})


def rights(actor: Actor) -> dict[str, bool]:
    """What the actor may do with work somewhere, for the buttons of lists."""
    return {
        "add": actor.may(Permission.ADD_WORK),
        "assign": actor.may(Permission.ASSIGN_WORK),
        "labels": actor.may(Permission.PRINT_LABELS),
        "report": actor.may(Permission.REPORT_FAULTS),
    }


def _read(query: QueryDict, actor: Actor) -> Filters:
    return order_filters.read_filters({name: str(value) for name, value in query.items()}, actor=actor, today=timezone.localdate())


def _query(query: QueryDict, *, without: tuple[str, ...] = ()) -> str:
    """The filters of an address alone, to carry them to export, board and bulk actions."""
    return urlencode([(name, query[name]) for name in order_filters.FILTER_NAMES if query.get(name) and name not in without])


def _tabs(request: HttpRequest, actor: Actor) -> list[Tab]:
    """The built-in tabs with their counts, then one's own. Seven statements."""
    here = sorted((name, request.GET[name]) for name in order_filters.FILTER_NAMES if request.GET.get(name))
    counts = lists.tab_counts(actor=actor, today=timezone.localdate())
    mine = SavedView.objects.filter(Q(owner_id=actor.user_id), page=PAGE)[:12]
    offered = [*lists.TABS, *((view.name, view.query) for view in mine)]
    base = reverse("workorders:order-list")
    return [
        Tab(label=label, url=f"{base}?{query}", current=sorted(QueryDict(query).items()) == here, count=counts.get(label))
        for label, query in offered
        if actor.may(Permission.DO_WORK) or label != "Mine"
    ]


def _bulk_actions(actor: Actor) -> list[BulkAction]:
    return [BulkAction(name="assign", label="Assign and plan", icon="user-plus")] if actor.may(Permission.ASSIGN_WORK) else []


def _chosen(request: HttpRequest, actor: Actor) -> list[int]:
    """The numbers meant: the ticked ones, or with ``everything`` all that the filter matches. Raises Invalid."""
    if request.POST.get("everything") != "1":
        return _numbers(request.POST.getlist("selected"))
    found = _read(QueryDict(request.POST.get("query", "")[:2000]), actor)
    if found.problems:
        raise Invalid({name: [text] for name, text in found.problems.items()})
    listed = order_filters.filtered(actor=actor, filters=found).order_by("-number")
    numbers = list(listed.values_list("number", flat=True)[: MAX_AT_ONCE + 1])
    if len(numbers) > MAX_AT_ONCE:
        raise Invalid({"": [f"At most {MAX_AT_ONCE:,} orders are changed at once. Narrow the list and repeat."]})
    return numbers


def _numbers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts[:MAX_AT_ONCE] if text.isascii() and text.isdecimal() and len(text) < 18]


def _bulk_page(request: HttpRequest, numbers: list[int], form: Any, *, status: int) -> HttpResponse:
    return render(request, "workorders/bulk.html", {"form": form, "numbers": numbers, "count": len(numbers)}, status=status)


def _count(changed: Any) -> int:
    return changed if isinstance(changed, int) else len(changed)


urlpatterns: list[URLPattern] = [
    path("work", order_list, name="order-list"),
    path("work/board", board, name="board"),
    path("work/filter", order_filter, name="order-filter"),
    path("work/export", order_export, name="order-export"),
    path("work/bulk", order_bulk, name="order-bulk"),
    path("work/bulk/apply", order_bulk_apply, name="order-bulk-apply"),
    path("work/views", view_list, name="view-list"),
    path("work/views/save", view_save, name="view-save"),
]
