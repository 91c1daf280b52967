"""Batches: visits of one place that one person does in one go, proposed by place, given a day and a person."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.errors import Invalid
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.forms_planning import AcceptBatchForm, BatchForm
from openhtm.maintenance.queries.batching import LEVELS, Batches, PlaceBatch, batches_of
from openhtm.maintenance.queries.planning import Scope
from openhtm.maintenance.queries.replanning import Chosen, plannable
from openhtm.maintenance.rules.batching import Batch
from openhtm.maintenance.rules.calendar import add_months, month_start
from openhtm.maintenance.rules.planning_defaults import defaults
from openhtm.maintenance.services.replanning import accept_batch
from openhtm.maintenance.views.planning import planning_tabs, read_month, read_scope, ticked
from openhtm.maintenance.views.visits import who
from openhtm.ui import lists
from openhtm.ui.editing import edit_page

SHOWN = 100
"""Batches on one page: the largest; narrower filters show the others."""


@require_safe
def batches(request: HttpRequest) -> HttpResponse:
    """The batches of a month, the most work first."""
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)
    scope, form = read_scope(request, BatchForm, one_facility=True)
    today = timezone.localdate()
    month = max(read_month(request) or month_start(today), month_start(today))
    found, problem = Batches([], 0, 0), ""
    try:
        found = batches_of(actor=actor, scope=scope, month=month, level=_level(form), today=today)
    except Invalid as error:
        problem = " ".join(sentence for sentences in error.errors.values() for sentence in sentences)
    context = {
        "form": form,
        "tabs": planning_tabs("batches"),
        "month": month,
        "months": [
            (one, lists.with_query(request, month=f"{one:%Y-%m}"), one == month)
            for one in (add_months(today.replace(day=1), k) for k in range(4))
        ],
        "rows": [(one, _plan_url(request, one)) for one in found.found[:SHOWN]],
        "count": len(found.found),
        "visits": sum(len(one.batch.keys) for one in found.found),
        "minutes": sum(one.batch.minutes for one in found.found),
        "alone": found.alone,
        "nowhere": found.nowhere,
        "problem": problem,
    }
    return render(request, "maintenance/planning_batches.html", context)


def _level(form: BatchForm) -> str:
    near = form.cleaned_data.get("near") or "area"
    return near if near in LEVELS else "area"


def _plan_url(request: HttpRequest, one: PlaceBatch) -> str:
    query = request.GET.copy()
    query["batch"] = f"{one.place_id}.{one.number}.{one.skill}"
    return f"{reverse('maintenance:batch')}?{query.urlencode()}"


@require_http_methods(["GET", "HEAD", "POST"])
def batch(request: HttpRequest) -> HttpResponse:
    """One batch: its visits, and the day and the people it gets. Visits can be left out."""
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)
    scope, form = read_scope(request, BatchForm, one_facility=True)
    today = timezone.localdate()
    month = max(read_month(request) or month_start(today), month_start(today))
    place, number, skill = _named(request)
    found = batches_of(actor=actor, scope=scope, month=month, level=_level(form), today=today).found
    one = next((one for one in found if (one.place_id, one.number, one.skill) == (place, number, skill)), None)
    query = request.GET.copy()
    query.pop("batch", None)
    back = f"{reverse('maintenance:batches')}?{query.urlencode()}"
    if one is None or scope.facility_id is None:
        messages.info(request, "This batch is not there any more: its visits were planned or done.")
        return redirect(back)
    rows = plannable(actor=actor, chosen=Chosen(Scope(facility_id=scope.facility_id)), visit_ids=one.batch.keys)

    def save(values: dict[str, Any]) -> str:
        return _accept(request, scope.facility_id or 0, one, sorted(ticked(request, one.batch.keys)), values)

    accept_form = AcceptBatchForm(request.POST or None, facility_id=scope.facility_id, initial={"planned_on": first_day(one.batch)})
    context = {"one": one, "rows": rows, "back": back, "trail": [("Batches", back), (one.place.split(" › ")[-1], "")]}
    return edit_page(request, form=accept_form, save=save, template="maintenance/planning_batch.html", context=context)


def first_day(batch: Batch) -> date:
    """The first working day that lies in every window, or the first day if there is none."""
    return next(defaults().days(batch.opens_on, batch.until_on), batch.opens_on)


def _accept(request: HttpRequest, facility_id: int, one: PlaceBatch, visit_ids: list[int], values: dict[str, Any]) -> str:
    if not visit_ids:
        raise Invalid({"": ["Choose at least one visit."]})
    done = accept_batch(
        actor=who(request), facility_id=facility_id, visit_ids=visit_ids, planned_on=values["planned_on"],
        user_id=values["person"].pk if values["person"] else None, team_id=values["team"].pk if values["team"] else None,
        title=f"{one.place.split(' › ')[-1]}: {len(visit_ids)} visits",
    )  # fmt: skip
    messages.success(request, f"{done.carried.moved} visits are planned for one day.")
    return reverse("maintenance:replan", args=[done.uid])


def _named(request: HttpRequest) -> tuple[int, int, str]:
    parts = request.GET.get("batch", "").split(".", 2)
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts[:2]):
        raise Http404
    return int(parts[0]), int(parts[1]), parts[2][:60]


urlpatterns = [
    path("planning/batches", batches, name="batches"),
    path("planning/batches/one", batch, name="batch"),
]
