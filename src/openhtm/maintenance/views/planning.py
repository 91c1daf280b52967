"""The work to come by month against the hours people have, and the visits behind every bar."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.forms import WorkloadForm
from openhtm.maintenance.queries.planning import MonthLoad, Scope, Workload, visits_of_month, workload
from openhtm.maintenance.views.visits import who
from openhtm.sites.models import Facility
from openhtm.ui import lists


def places_to_plan(actor: Actor) -> QuerySet[Facility]:
    """The facilities where the actor may plan, by name."""
    keys = actor.facilities_for(Permission.PLAN_MAINTENANCE)
    return (Facility.objects.all() if keys is None else Facility.objects.filter(pk__in=keys)).order_by("name", "pk")


def read_scope(request: HttpRequest) -> tuple[Scope, WorkloadForm]:
    """Return what the address asks for; a choice that is none counts as not made. Raises Http404 for a facility out of reach."""
    actor = who(request)
    facilities = places_to_plan(actor)
    everywhere = actor.may_everywhere(Permission.PLAN_MAINTENANCE)
    asked = request.GET.get("facility")
    facility_id = _facility_id(facilities, asked, everywhere=everywhere)
    data = {**request.GET.dict(), "facility": facility_id or ""}
    form = WorkloadForm(data, facilities=facilities, everywhere=everywhere, facility_id=facility_id)
    form.is_valid()
    department, place, skill = (form.cleaned_data.get(name) for name in ("department", "place", "skill"))
    keys = {"department_id": department.pk if department else None, "location_id": place.pk if place else None}
    return Scope(facility_id=facility_id, skill=skill.code if skill else "", **keys), form


def _facility_id(facilities: QuerySet[Facility], asked: str | None, *, everywhere: bool) -> int | None:
    if asked and asked.isascii() and asked.isdecimal() and len(asked) < 19:
        found = facilities.filter(pk=int(asked)).values_list("pk", flat=True).first()
        if found is None:
            raise Http404
        return found
    if asked is not None and everywhere:
        return None
    return facilities.values_list("pk", flat=True).first()


@require_safe
def planning(request: HttpRequest) -> HttpResponse:
    """Months as bars with the hours people have; every bar opens its visits."""
    require(who(request), Permission.PLAN_MAINTENANCE)
    scope, form = read_scope(request)
    today = timezone.localdate()
    found = workload(actor=who(request), scope=scope, first_on=today, months=form.cleaned_data.get("months") or 12, today=today)
    context = {
        "form": form,
        "lines": chart_lines(found, request),
        "owed": found,
        "owed_url": _rows_url(request, "owed"),
        "available": found.months[0].available_min,
        "comparable": scope.comparable,
        "total_min": sum(one.minutes for one in found.months),
        "total_visits": sum(one.visits for one in found.months),
        "over": sum(one.available_min is not None and one.minutes > one.available_min for one in found.months),
    }
    return render(request, "maintenance/planning.html", context)


def chart_lines(found: Workload, request: HttpRequest) -> list[dict[str, Any]]:
    """Each month with its bar in words and numbers, the widest bar being the largest of all."""
    most = max([max(one.minutes, one.available_min or 0) for one in found.months], default=0)
    return [
        {"load": one, "most": most, "share": _share(one), "url": _rows_url(request, f"{one.month:%Y-%m}"), "words": _words(one)}
        for one in found.months
    ]


def _share(load: MonthLoad) -> int | None:
    return round(100 * load.minutes / load.available_min) if load.available_min else None


def _words(load: MonthLoad) -> str:
    words = f"{load.month:%B %Y}: {load.minutes // 60:,} hours in {load.visits:,} visits"
    return words if load.available_min is None else f"{words}, {load.available_min // 60:,} hours available"


def _rows_url(request: HttpRequest, month: str) -> str:
    query = request.GET.copy()
    for name in ("months", "cursor"):
        query.pop(name, None)
    query["month"] = month
    return f"{reverse('maintenance:planning-visits')}?{query.urlencode()}"


@require_safe
def planning_visits(request: HttpRequest) -> HttpResponse:
    """The visits behind one bar: ``month`` is 2026-03, or owed."""
    require(who(request), Permission.PLAN_MAINTENANCE)
    scope, _ = read_scope(request)
    today, text = timezone.localdate(), request.GET.get("month", "")
    month = None if text == "owed" else _month(text or f"{today:%Y-%m}")
    rows, following = visits_of_month(
        actor=who(request), scope=scope, month=month, first_on=today, cursor=lists.text_of(request, "cursor"), limit=lists.limit_of(request)
    )
    context = {
        "title": f"{month:%B %Y}" if month else "Owed from before",
        "rows": rows,
        "next_url": lists.with_query(request, cursor=following) if following else "",
        "trail": [("Planning", reverse("maintenance:planning")), (f"{month:%B %Y}" if month else "Owed", "")],
    }
    return render(request, "maintenance/planning_visits.html", context)


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Http404 from None


urlpatterns = [
    path("planning", planning, name="planning"),
    path("planning/visits", planning_visits, name="planning-visits"),
]
