"""The visit calendar: a month as a grid, on the phone as a list of days; each day opens to its visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.forms_planning import CalendarForm
from openhtm.maintenance.queries.planning import workload
from openhtm.maintenance.queries.visit_calendar import CalendarDay, calendar_of, visits_on
from openhtm.maintenance.rules.calendar import add_months, month_end, month_start
from openhtm.maintenance.views.planning import planning_tabs, read_month, read_scope
from openhtm.maintenance.views.visits import who
from openhtm.ui import lists

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the grid: its address, what would fill its bar (minutes) and the words for it. ``day`` None: a day of another month."""

    day: CalendarDay | None
    url: str = ""
    most: int = 1
    over: bool = False
    words: str = ""
    today: bool = False


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """One month of visits, planned and due, with the year above it."""
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)
    scope, form = read_scope(request, CalendarForm)
    today = timezone.localdate()
    month = read_month(request) or month_start(today)
    person, team = form.cleaned_data.get("person"), form.cleaned_data.get("team")
    days = calendar_of(
        actor=actor, scope=scope, month=month, today=today, user_id=person.pk if person else None, team_id=team.pk if team else None
    )
    year = workload(actor=actor, scope=scope, first_on=today, months=12, today=today).months
    most = max((one.minutes for one in year), default=0)
    this = month_start(today)
    context = {
        "form": form,
        "tabs": planning_tabs("calendar"),
        "month": month,
        "weekdays": WEEKDAYS,
        "weeks": weeks_of(request, days, today),
        "agenda": [cell for week in weeks_of(request, days, today) for cell in week["cells"] if cell.day and cell.day.visits],
        "year": [(one, lists.with_query(request, month=f"{one.month:%Y-%m}"), one.month == month, most) for one in year],
        "total": _total(days),
        "previous_url": lists.with_query(request, month=f"{add_months(month, -1):%Y-%m}") if month > this else "",
        "next_url": lists.with_query(request, month=f"{add_months(month, 1):%Y-%m}") if month < add_months(this, 23) else "",
        "people": bool(person or team),
        "replan_url": _replan_url(request, month),
    }
    return render(request, "maintenance/planning_calendar.html", context)


def weeks_of(request: HttpRequest, days: Sequence[CalendarDay], today: date) -> list[dict[str, Any]]:
    """Return the weeks of a month, Monday first, each with its cells and totals."""
    most = max([max(day.minutes, day.hours_min or 0) for day in days], default=0) or 1
    cells = [Cell(None)] * days[0].on.weekday() + [_cell(request, day, most, today) for day in days]
    cells += [Cell(None)] * (-len(cells) % 7)
    weeks = [cells[k : k + 7] for k in range(0, len(cells), 7)]
    return [{"cells": week, "total": _total([cell.day for cell in week if cell.day])} for week in weeks]


def _cell(request: HttpRequest, day: CalendarDay, most: int, today: date) -> Cell:
    over = day.hours_min is not None and day.planned_min > day.hours_min
    words = f"{day.on:%A %d %B}: {day.planned} planned, {day.due} due and not planned, {day.minutes // 60} h {day.minutes % 60} min"
    if over and day.hours_min is not None:
        words += f", planned above the {day.hours_min // 60} hours people have"
    return Cell(day, _day_url(request, day.on), most, over, words, day.on == today)


def _total(days: Sequence[CalendarDay]) -> dict[str, int]:
    names = ("planned", "planned_min", "due", "due_min", "visits", "minutes")
    return {name: sum(getattr(day, name) for day in days) for name in names}


def _day_url(request: HttpRequest, day: date) -> str:
    query = request.GET.copy()
    for name in ("month", "cursor"):
        query.pop(name, None)
    query["day"] = day.isoformat()
    return f"{reverse('maintenance:calendar-day')}?{query.urlencode()}"


def _replan_url(request: HttpRequest, month: date) -> str:
    query = request.GET.copy()
    query.pop("month", None)
    query["due_from"], query["due_to"] = month.isoformat(), month_end(month).isoformat()
    return f"{reverse('maintenance:replan-new')}?{query.urlencode()}"


@require_safe
def calendar_day(request: HttpRequest) -> HttpResponse:
    """The visits that stand on one day, floor by floor."""
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)
    scope, form = read_scope(request, CalendarForm)
    try:
        day = date.fromisoformat(request.GET.get("day") or timezone.localdate().isoformat())
    except ValueError:
        raise Http404 from None
    person, team = form.cleaned_data.get("person"), form.cleaned_data.get("team")
    rows, following = visits_on(
        actor=actor, scope=scope, day=day, today=timezone.localdate(), user_id=person.pk if person else None, team_id=team.pk if team else None,
        cursor=lists.text_of(request, "cursor"), limit=lists.limit_of(request),
    )  # fmt: skip
    query = request.GET.copy()
    query.pop("day", None)
    query["month"] = f"{day:%Y-%m}"
    back = f"{reverse('maintenance:calendar')}?{query.urlencode()}"
    context = {
        "day": day,
        "rows": rows,
        "next_url": lists.with_query(request, cursor=following) if following else "",
        "trail": [("Calendar", back), (f"{day:%d %B %Y}".lstrip("0"), "")],
        "before_url": lists.with_query(request, day=(day - timedelta(days=1)).isoformat())
        if day > month_start(timezone.localdate())
        else "",
        "after_url": lists.with_query(request, day=(day + timedelta(days=1)).isoformat()),
    }
    return render(request, "maintenance/planning_day.html", context)


urlpatterns = [
    path("planning/calendar", calendar, name="calendar"),
    path("planning/calendar/day", calendar_day, name="calendar-day"),
]
