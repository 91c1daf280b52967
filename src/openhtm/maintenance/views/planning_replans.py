"""Bulk re-plan: choose visits, say what happens to them, look at it, carry it out, take it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import Invalid
from openhtm.core.pagination import keyset_page
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.forms import ReasonForm
from openhtm.maintenance.forms_planning import ChooseForm, ReplanForm
from openhtm.maintenance.models import Replan
from openhtm.maintenance.queries.replanning import Chosen, days_of, items_of, plannable, verdict_words, verdicts_of
from openhtm.maintenance.rules.calendar import add_months, month_end
from openhtm.maintenance.rules.spreading import MOVES
from openhtm.maintenance.services import replanning
from openhtm.maintenance.views.planning import planning_tabs, read_scope, ticked
from openhtm.maintenance.views.visits import who
from openhtm.ui import lists
from openhtm.ui.editing import edit_page
from openhtm.ui.parts import Tab
from openhtm.workorders.services.shared import MAX_AT_ONCE

TONES = {"proposed": "info", "applied": "ok", "undone": "hold"}
SHOWN = 100
"""Visits named on the page where they are chosen; all that match are planned."""
VERDICT_TONES = {
    "fits": "ok",
    "in_grace": "due",
    "overdue": "late",
    "early": "hold",
    "late": "hold",
    "past": "hold",
    "full": "hold",
    "no_day": "hold",
}


def trail(*more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Planning", reverse("maintenance:planning")), ("Re-plans", reverse("maintenance:replan-list")), *more]


@require_http_methods(["GET", "HEAD", "POST"])
def replan_new(request: HttpRequest) -> HttpResponse:
    """Choose visits by filters, and say what happens to them. The next page shows it before anything is changed."""
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)
    today = timezone.localdate()
    scope, choose = read_scope(request, ChooseForm, one_facility=True, unless_said={"due_to": month_end(add_months(today, 1)).isoformat()})
    if scope.facility_id is None:
        raise Http404
    chosen = Chosen(scope, **choose.ranges())
    rows = plannable(actor=actor, chosen=chosen)

    def save(values: dict[str, Any]) -> str:
        every = [row.visit_id for row in rows]
        visit_ids = ticked(request, every) if "selected" in request.POST else every
        if not visit_ids:
            raise Invalid({"": ["No visit matches: change the filter above."]})
        made = replanning.propose(
            actor=actor, facility_id=scope.facility_id or 0, visit_ids=visit_ids, wish=replanning.Wish(**form.wish()), title=values["title"]
        )
        return reverse("maintenance:replan", args=[made.uid])

    form = ReplanForm(request.POST or None, facility_id=scope.facility_id, initial={"first_on": today, "last_on": today})
    context = {
        "choose": choose,
        "tabs": planning_tabs("replan-new"),
        "rows": rows[:SHOWN],
        "count": len(rows),
        "too_many": len(rows) > MAX_AT_ONCE,
        "minutes": sum(row.minutes for row in rows),
        "without_order": sum(row.order is None for row in rows),
        "unplanned": sum(row.planned_on is None for row in rows),
    }
    return edit_page(request, form=form, save=save, template="maintenance/planning_replan_new.html", context=context)


@require_safe
def replan_list(request: HttpRequest) -> HttpResponse:
    require(who(request), Permission.PLAN_MAINTENANCE)
    found = replanning.replans(who(request))
    page = keyset_page(found, order=("-created_at", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    rows = [(one, TONES[one.status], one.get_status_display()) for one in page.rows]
    context = {"rows": rows, "pager": lists.pager(request, page, noun="changes"), "trail": [*trail()[:1], ("Re-plans", "")]}
    return render(request, "maintenance/planning_replans.html", context)


def shown(request: HttpRequest, uid: Any) -> Replan:
    require(who(request), Permission.PLAN_MAINTENANCE)
    return get_object_or_404(replanning.replans(who(request)), uid=uid)


@require_safe
def replan(request: HttpRequest, uid: Any) -> HttpResponse:
    """Before and after by day, what leaves its window, what stays and why, and every visit."""
    found = shown(request, uid)
    show = request.GET.get("show", "")
    page = keyset_page(items_of(found, show=show), order=("pk",), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    verdicts, pairs = verdicts_of(found), days_of(found)
    moving = sum(count for verdict, count in verdicts.items() if verdict in MOVES)
    counts = {"": sum(verdicts.values()), "moves": moving, "grace": verdicts.get("in_grace", 0), "stays": sum(verdicts.values()) - moving}
    labels = {"": "All", "moves": "Planned", "grace": "Leave their window", "stays": "Stay as they are"}
    context = {
        "replan": found,
        "tone": TONES[found.status],
        "pairs": pairs,
        "most": max((max(one.before, one.after) for one in pairs), default=0),
        "counts": counts,
        "opens": found.items.filter(work_order=None, verdict__in=sorted(MOVES)).count() if found.status == "proposed" else 0,
        "tabs": [Tab(label=labels[name], url=lists.with_query(request, show=name or None), current=name == show, count=count) for name, count in counts.items()],
        "rows": [(item, VERDICT_TONES[item.verdict], verdict_words(item.verdict)) for item in page.rows],
        "pager": lists.pager(request, page, noun="visits"),
        "trail": trail((found.title, "")),
    }  # fmt: skip
    return render(request, "maintenance/planning_replan.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def replan_apply(request: HttpRequest, uid: Any) -> HttpResponse:
    found = shown(request, uid)
    back = reverse("maintenance:replan", args=[found.uid])

    def save(values: dict[str, Any]) -> str:
        _tell(request, "planned", replanning.apply(actor=who(request), uid=found.uid, reason=values["reason"]))
        return back

    leaving = verdicts_of(found).get("in_grace", 0)
    lead = "The reason is kept with the change. Visits that were changed or begun since the preview stay."
    if leaving:
        lead = f"{leaving} visits leave their window and will not count as on time: say why. {lead}"
    context = {
        "title": "Carry the change out", "detail": f"{found.title}, {found.facility}", "button": "Plan the visits", "back": back,
        "trail": trail((found.title, back)), "lead": lead,
    }  # fmt: skip
    return edit_page(request, form=ReasonForm(request.POST or None), save=save, template="maintenance/form.html", context=context)


@require_POST
def replan_undo(request: HttpRequest, uid: Any) -> HttpResponse:
    found = shown(request, uid)
    _tell(request, "restored", replanning.undo(actor=who(request), uid=found.uid))
    return redirect("maintenance:replan", found.uid)


def _tell(request: HttpRequest, done: str, carried: replanning.Carried) -> None:
    messages.success(request, f"{carried.moved:,} visits {done}.")
    if carried.stayed:
        more = f" and {len(carried.stayed) - 10:,} more" if len(carried.stayed) > 10 else ""
        messages.warning(request, f"Not {done}, since something happened to them meanwhile: {', '.join(carried.stayed[:10])}{more}.")


urlpatterns = [
    path("planning/replans", replan_list, name="replan-list"),
    path("planning/replans/new", replan_new, name="replan-new"),
    path("planning/replans/<uuid:uid>", replan, name="replan"),
    path("planning/replans/<uuid:uid>/apply", replan_apply, name="replan-apply"),
    path("planning/replans/<uuid:uid>/undo", replan_undo, name="replan-undo"),
]
