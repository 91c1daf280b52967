"""The work to come by month against the hours people have, taken apart by skill, place, department and people; and the rows behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.forms_planning import PlanningForm, WorkloadForm
from openhtm.maintenance.queries import planning_people
from openhtm.maintenance.queries.planning import BY, MonthLoad, Part, Scope, Workload, visits_of_month, workload, workload_by
from openhtm.maintenance.views.visits import who
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Facility
from openhtm.ui import lists
from openhtm.ui.parts import Tab

F = TypeVar("F", bound=WorkloadForm)
PAGES = (
    ("maintenance:planning", "Workload"), ("maintenance:calendar", "Calendar"), ("maintenance:batches", "Batches"),
    ("maintenance:replan-new", "Re-plan"), ("maintenance:levelling-list", "Levelling"), ("maintenance:base-months", "Base months"),
)  # fmt: skip


def planning_tabs(current: str) -> list[Tab]:
    """The pages of planning, as tabs."""
    return [Tab(label=label, url=reverse(name), current=name == f"maintenance:{current}") for name, label in PAGES]


def places_to_plan(actor: Actor) -> QuerySet[Facility]:
    """The facilities where the actor may plan, by name."""
    keys = actor.facilities_for(Permission.PLAN_MAINTENANCE)
    return (Facility.objects.all() if keys is None else Facility.objects.filter(pk__in=keys)).order_by("name", "pk")


def read_scope(
    request: HttpRequest, form_class: type[F], *, one_facility: bool = False, unless_said: Mapping[str, str] | None = None
) -> tuple[Scope, F]:
    """Return what the address asks for; a choice that is none counts as not made. ``unless_said``: what stands where it is silent.

    Raises Http404 for a facility out of reach.
    """
    actor = who(request)
    facilities = places_to_plan(actor)
    everywhere = actor.may_everywhere(Permission.PLAN_MAINTENANCE) and not one_facility
    facility_id = facility_of(facilities, request.GET.get("facility"), everywhere=everywhere)
    said = {name: lists.text_of(request, name) for name in request.GET}
    data = {**(unless_said or {}), **said, "facility": facility_id or ""}
    form = form_class(data, facilities=facilities, everywhere=everywhere, facility_id=facility_id)
    form.is_valid()
    return scope_of(form, facility_id), form


def scope_of(form: forms.Form, facility_id: int | None) -> Scope:
    department, place, skill, procedure = (form.cleaned_data.get(name) for name in ("department", "place", "skill", "procedure"))
    return Scope(
        facility_id=facility_id, department_id=department.pk if department else None, location_id=place.pk if place else None,
        skill=skill.code if skill else "", procedure_id=procedure.pk if procedure else None,
    )  # fmt: skip


def facility_of(facilities: QuerySet[Facility], asked: str | None, *, everywhere: bool) -> int | None:
    """Raises Http404 for one that is not among ``facilities``."""
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
    """Months as bars with the hours people have, or a table by skill, place or people; every number opens its rows."""
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)
    scope, form = read_scope(request, PlanningForm)
    months, by = form.cleaned_data.get("months") or 12, form.cleaned_data.get("by") or ""
    found, table = _read(request, actor, scope, by, months)
    context = {
        "form": form,
        "tabs": planning_tabs("planning"),
        "lines": chart_lines(found, request),
        "owed": found,
        "owed_url": _rows_url(request, "owed"),
        "available": found.months[0].available_min,
        "comparable": scope.comparable,
        "total_min": sum(one.minutes for one in found.months),
        "total_visits": sum(one.visits for one in found.months),
        "over": sum(one.available_min is not None and one.minutes > one.available_min for one in found.months),
        "by": by,
        "by_label": dict(form.fields["by"].choices).get(by, ""),  # type: ignore[attr-defined]
        "months": [one.month for one in found.months[:12]],
        **table,
    }
    return render(request, "maintenance/planning.html", context)


def _read(request: HttpRequest, actor: Actor, scope: Scope, by: str, months: int) -> tuple[Workload, dict[str, Any]]:
    """Return the work by month, and the lines of the table if it is taken apart."""
    today = timezone.localdate()
    if by in BY:
        found, parts = workload_by(actor=actor, scope=scope, by=by, first_on=today, months=months, today=today)
        return found, {"parts": [_part_line(request, by, one) for one in parts]}
    found = workload(actor=actor, scope=scope, first_on=today, months=months, today=today)
    if by in planning_people.WHO:
        held = planning_people.holders(actor=actor, scope=scope, by=by, first_on=today, months=12, today=today)
        return found, {"holders": [_holder_line(request, by, one) for one in held]}
    return found, {}


def _part_line(request: HttpRequest, by: str, part: Part) -> dict[str, Any]:
    key = "none" if part.key in (None, "") else str(part.key)
    cells = [
        (one, _rows_url(request, f"{one.month:%Y-%m}", part=key), _heat(one.minutes, one.available_min), _hours(one.minutes))
        for one in part.load.months
    ]
    name = part.name or {"skill": "No skill asked for", "place": "", "department": ""}.get(by, "")
    return {
        "name": name or (str(part.key) if part.key else ""),
        "part": part,
        "cells": cells,
        "owed_url": _rows_url(request, "owed", part=key),
    }


def _holder_line(request: HttpRequest, by: str, one: planning_people.Holder) -> dict[str, Any]:
    def url(month: str) -> str:
        return _rows_url(request, month, part=str(one.key or "none"), page="maintenance:planning-orders")

    cells = [(month, url(f"{month.month:%Y-%m}"), _heat(month.minutes, month.available_min), _hours(month.minutes)) for month in one.months]
    return {"name": one.name or "Nobody yet", "holder": one, "cells": cells, "owed_url": url("owed")}


def _heat(minutes: int, available_min: int | None) -> str:
    return "late" if available_min is not None and minutes > available_min else ""


def _hours(minutes: int) -> str:
    return "<1" if 0 < minutes < 30 else f"{minutes / 60:,.0f}"


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


def _rows_url(request: HttpRequest, month: str, *, part: str = "", page: str = "maintenance:planning-visits") -> str:
    query = request.GET.copy()
    for name in ("months", "cursor", *(() if part else ("by",))):
        query.pop(name, None)
    query["month"] = month
    if part:
        query["part"] = part
    return f"{reverse(page)}?{query.urlencode()}"


@require_safe
def planning_visits(request: HttpRequest) -> HttpResponse:
    """The visits behind one number: ``month`` is 2026-03, or owed; ``by`` and ``part`` say which line of a table."""
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)
    scope, form = read_scope(request, PlanningForm)
    scope = narrowed(scope, form.cleaned_data.get("by") or "", lists.text_of(request, "part"))
    today, month = timezone.localdate(), read_month(request)
    rows, following = visits_of_month(
        actor=actor, scope=scope, month=month, first_on=today, cursor=lists.text_of(request, "cursor"), limit=lists.limit_of(request)
    )
    context = {
        "title": f"{month:%B %Y}" if month else "Owed from before",
        "rows": rows,
        "next_url": lists.with_query(request, cursor=following) if following else "",
        "trail": [("Planning", reverse("maintenance:planning")), (f"{month:%B %Y}" if month else "Owed", "")],
    }
    return render(request, "maintenance/planning_visits.html", context)


@require_safe
def planning_orders(request: HttpRequest) -> HttpResponse:
    """The orders that a person or team has in one month; ``part`` none: those that nobody has."""
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)
    scope, form = read_scope(request, PlanningForm)
    by, part = form.cleaned_data.get("by") or "person", request.GET.get("part", "none")
    if by not in planning_people.WHO or not (part == "none" or (part.isascii() and part.isdecimal() and len(part) < 19)):
        raise Http404
    month = read_month(request)
    rows, following = planning_people.orders_of(
        actor=actor, scope=scope, by=by, key=None if part == "none" else int(part), month=month, first_on=timezone.localdate(),
        cursor=lists.text_of(request, "cursor"), limit=lists.limit_of(request),
    )  # fmt: skip
    title = f"{month:%B %Y}" if month else "From before"
    back = f"{reverse('maintenance:planning')}?by={by}"
    next_url = lists.with_query(request, cursor=following) if following else ""
    context = {"title": title, "rows": rows, "next_url": next_url, "trail": [("Planning", back), (title, "")]}
    return render(request, "maintenance/planning_orders.html", context)


def narrowed(scope: Scope, by: str, part: str) -> Scope:
    """Return the scope of one line of a table. Raises Http404 for a line that cannot be."""
    if not part or by not in BY:
        return scope
    if part == "none":
        return replace(scope, without=by)
    if by == "skill":
        return replace(scope, skill=part[:60])
    if not (part.isascii() and part.isdecimal() and len(part) < 19):
        raise Http404
    if by == "procedure" and not Procedure.objects.filter(pk=int(part)).exists():
        raise Http404
    column = {"facility": "facility_id", "department": "department_id", "place": "floor_id", "procedure": "procedure_id"}[by]
    keys: dict[str, Any] = {column: int(part)}
    return replace(scope, **keys)


def ticked(request: HttpRequest, among: Iterable[int]) -> list[int]:
    """Return those of ``among`` that are ticked, in their order. What cannot be a key ticks nothing."""
    posted = set(request.POST.getlist("selected"))
    return [key for key in among if str(key) in posted]


def read_month(request: HttpRequest) -> date | None:
    """Return the first day of the month in the address, this month if there is none, None for owed. Raises Http404."""
    text = request.GET.get("month", "")
    return None if text == "owed" else month_named(text or f"{timezone.localdate():%Y-%m}")


def month_named(text: str) -> date:
    """Raises Http404 for what is no month such as 2026-03."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Http404 from None


urlpatterns = [
    path("planning", planning, name="planning"),
    path("planning/visits", planning_visits, name="planning-visits"),
    path("planning/orders", planning_orders, name="planning-orders"),
]
