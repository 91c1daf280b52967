"""The worklist of visits: tabs with counts, filters as chips, both percentages, export."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.catalog.models import DeviceType
from openhtm.core.errors import Invalid
from openhtm.core.pagination import BadCursor, count_of_page
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.queries.filters import Filters
from openhtm.maintenance.queries import visit_filters, visit_list
from openhtm.maintenance.queries.counts import share_on_time
from openhtm.maintenance.services import exporting
from openhtm.maintenance.views.visits import who
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Department, Facility, Location
from openhtm.ui import lists as ui_lists
from openhtm.ui.parts import Chip, Tab

MONTHS_SHOWN = 3
EMPTY = {
    "now": ("Nothing is due now", "Visits appear here when their window opens."),
    "late": ("Nothing is late", "Visits appear here when their grace has passed."),
    "held": ("Nothing is held", "Visits of devices that are stored, in repair or set aside wait here and come before the next use."),
    "not_located": ("Every device was found", "Visits at which somebody searched in vain appear here until the device is found."),
    "coming": ("Nothing is coming", "Visits appear here before their window opens."),
    "missed": ("Nothing was missed", "Visits that the next one took over appear here, for ever."),
    "to_confirm": ("Nothing waits for a second person", "Proposals to leave a visit out of the count appear here."),
    "all": ("No visits yet", "Visits appear when the programme says what is due how often."),
}


@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    """Visits the actor may see, in tabs by what they need, narrowed by the chips in the address. About twelve statements."""
    actor, now = who(request), timezone.now()
    require(actor, Permission.VIEW_SCHEDULES)
    found = _read(request.GET, actor)
    visits = visit_filters.filtered(actor=actor, filters=found)
    limit, moved = ui_lists.limit_of(request), ""
    try:
        page = visit_list.list_page(visits, filters=found, cursor=request.GET.get("cursor"), limit=limit, now=now)
    except BadCursor:
        page, moved = visit_list.list_page(visits, filters=found, cursor=None, limit=limit, now=now), "The list starts anew."
    count = count_of_page(page, visits)
    group = found.params.get("group", "")
    chips = [_chip(request, c) for c in found.chips if c.name != "group"]
    context = {
        "page": page, "count": count, "group": group, "settled": group in ("missed", "all", ""), "chips": chips, "problems": found.problems,
        "tabs": _tabs(request, actor, group), "pager": ui_lists.pager(request, page, count=count, noun="visits"), "moved": moved,
        "query": _query(request.GET), "empty": EMPTY.get(group, EMPTY["all"]), "clear_url": f"?group={group}" if group else "?group=all",
        "may_edit": actor.may(Permission.EDIT_SCHEDULES),
    }  # fmt: skip
    return render(request, "maintenance/visit_list.html", context)


@require_safe
def visit_filter(request: HttpRequest) -> HttpResponse:
    """The form that adds a filter: a page of its own, or unfolded in the list."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    context = {"fields": _fields(actor, request.GET), "search": request.GET.get("q", ""), "group": _group(request.GET)}
    part = "#form" if request.headers.get("HX-Request") else ""
    return render(request, f"maintenance/filter_form.html{part}", context)


@require_safe
def visit_share(request: HttpRequest) -> HttpResponse:
    """Both percentages for this month and those before; each number opens to its rows. One statement for each month."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    base = reverse("maintenance:visit-list")
    rows = []
    for first_on, last_on in visit_list.months(today=timezone.localdate(), count=MONTHS_SHOWN):
        about = f"{base}?group=all&until_from={first_on}&until_to={last_on}&share="
        rows.append({"first_on": first_on, "share": share_on_time(actor=actor, first_on=first_on, last_on=last_on), "url": about})
    part = "#share" if request.headers.get("HX-Request") else ""
    return render(request, f"maintenance/share.html{part}", {"months": rows})


@require_safe
def visit_export(request: HttpRequest) -> HttpResponseBase:
    """Exactly the visits of the filtered list, as CSV or XLSX; streamed."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    kind = request.GET.get("format", "csv")
    if kind not in ("csv", "xlsx"):
        raise Invalid({"format": ["Choose csv or xlsx."]})
    found = _read(request.GET, actor)
    if found.problems:
        raise Invalid({name: [text] for name, text in found.problems.items()})
    sentence = ", ".join(f"{chip.label} {chip.value}" for chip in found.chips) or "all visits"
    visits = visit_filters.filtered(actor=actor, filters=found)
    return exporting.export_response(visits=visits, actor=actor, kind=kind, sentence=sentence, now=timezone.now())


def _read(query: QueryDict, actor: Actor) -> Filters:
    return visit_filters.read_filters({name: query.get(name, "") for name in query} | {"group": _group(query)}, actor=actor)


def _group(query: QueryDict) -> str:
    """The tab: what is due now, unless the address says more."""
    if chosen := query.get("group"):
        return chosen
    return "all" if any(query.get(name) for name in ("state", "share", "device", "q")) else "now"


def _query(query: QueryDict) -> str:
    """The filters of an address alone, to carry them to the export and to other tabs."""
    chosen = {name: query.get(name, "") for name in query} | {"group": _group(query)}
    return urlencode([(name, chosen[name]) for name in visit_filters.FILTER_NAMES if chosen.get(name)])


def _tabs(request: HttpRequest, actor: Actor, group: str) -> list[Tab]:
    """The worklists with their counts. Seven statements."""
    counts = visit_list.tab_counts(actor=actor)
    return [
        Tab(label=one.label, url=f"{reverse('maintenance:visit-list')}?group={name}", current=name == group, count=counts.get(name))
        for name, one in visit_filters.GROUPS.items()
    ]


def _chip(request: HttpRequest, chip: Any) -> Chip:
    return Chip(label=chip.label, value=chip.value, remove_url=ui_lists.with_query(request, **{chip.name: None}))


def _fields(actor: Actor, query: QueryDict) -> list[dict[str, Any]]:
    """Return the choices of the "add filter" form. Five statements."""
    places = Location.objects.visible_to(actor).filter(Q(kind="building") | Q(kind="floor") | Q(kind="area"), active=True)
    offered: list[tuple[str, str, list[tuple[Any, str]]]] = [
        ("facility", "Facility", list(Facility.objects.visible_to(actor).filter(active=True).values_list("code", "name"))),
        ("department", "Department", list(Department.objects.visible_to(actor).filter(active=True).values_list("pk", "name")[:200])),
        ("location", "Place", list(places.values_list("pk", "full_name")[:300])),
        (
            "device_type",
            "Device type",
            list(DeviceType.objects.filter(plan_lines__isnull=False).distinct().values_list("pk", "name")[:300]),
        ),
        ("procedure", "Procedure", list(Procedure.objects.filter(active=True).values_list("code", "name")[:300])),
        ("high_risk", "High-risk", [("true", "high-risk"), ("false", "not high-risk")]),
        ("assignee", "Assigned to", [("me", "me"), ("nobody", "nobody")]),
    ]
    return [
        {"name": name, "label": label, "choices": [(str(code), words, str(code) == query.get(name)) for code, words in options]}
        for name, label, options in offered
        if options
    ]


urlpatterns: list[URLPattern] = [
    path("visits", worklist, name="visit-list"),
    path("visits/filter", visit_filter, name="visit-filter"),
    path("visits/on-time", visit_share, name="visit-share"),
    path("visits/export", visit_export, name="visit-export"),
]
