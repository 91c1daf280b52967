"""Levelling: propose, look at before and after, accept, undo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.pagination import keyset_page
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.forms import LevellingForm, ReasonForm
from openhtm.maintenance.models import LevellingProposal
from openhtm.maintenance.queries.levelling import months_of, moves_of
from openhtm.maintenance.services import levelling
from openhtm.maintenance.views.planning import places_to_plan, planning_tabs
from openhtm.maintenance.views.visits import who
from openhtm.ui import lists
from openhtm.ui.editing import edit_page
from openhtm.ui.rules.formats import MONTHS

TONES = {"proposed": "info", "accepted": "ok", "undone": "hold", "dropped": "hold"}


def trail(*more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Planning", reverse("maintenance:planning")), ("Levelling", reverse("maintenance:levelling-list")), *more]


def shown(request: HttpRequest, uid: Any) -> LevellingProposal:
    require(who(request), Permission.PLAN_MAINTENANCE)
    return get_object_or_404(levelling.proposals(who(request)), uid=uid)


@require_safe
def proposal_list(request: HttpRequest) -> HttpResponse:
    require(who(request), Permission.PLAN_MAINTENANCE)
    page = keyset_page(
        levelling.proposals(who(request)), order=("-created_at", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request)
    )
    rows = [(one, TONES[one.status], max(one.before, default=0), max(one.after, default=0)) for one in page.rows]
    context = {"rows": rows, "pager": lists.pager(request, page, noun="proposals"), "tabs": planning_tabs("levelling-list")}
    return render(request, "maintenance/planning_levellings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)

    def save(values: dict[str, Any]) -> str:
        made = levelling.propose(
            actor=actor, facility_id=values["facility"].pk, department_ids=[one.pk for one in values["departments"]],
            skill=values["skill"].code if values["skill"] else "", leave_high_risk=values["leave_high_risk"], title=values["title"],
        )  # fmt: skip
        return reverse("maintenance:levelling", args=[made.uid])

    context = {
        "title": "Level the year",
        "detail": "Proposes other months from next month on. Nothing is moved until you accept it.",
        "button": "Propose",
        "back": reverse("maintenance:levelling-list"),
        "trail": trail(("Propose", "")),
    }
    form = LevellingForm(request.POST or None, facilities=places_to_plan(actor))
    return edit_page(request, form=form, save=save, template="maintenance/form.html", context=context)


@require_safe
def proposal(request: HttpRequest, uid: Any) -> HttpResponse:
    """Before and after by month, and every move with its reason."""
    found = shown(request, uid)
    pairs = months_of(found)
    page = moves_of(found, cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    before, after = max(found.before, default=0), max(found.after, default=0)
    context = {
        "proposal": found,
        "tone": TONES[found.status],
        "pairs": [
            (one, f"{one.month:%B %Y}: {one.before // 60:,} hours before", f"{one.month:%B %Y}: {one.after // 60:,} hours after")
            for one in pairs
        ],
        "most": max(before, after),
        "peak_before": before,
        "peak_after": after,
        "moves": found.items.count(),
        "rows": page.rows,
        "pager": lists.pager(request, page, noun="moves"),
        "trail": trail((found.title, "")),
    }
    return render(request, "maintenance/planning_levelling.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, uid: Any) -> HttpResponse:
    found = shown(request, uid)

    def save(values: dict[str, Any]) -> str:
        _tell(request, "moved", levelling.accept(actor=who(request), uid=found.uid, reason=values["reason"]))
        return reverse("maintenance:levelling", args=[found.uid])

    back = reverse("maintenance:levelling", args=[found.uid])
    context = {
        "title": "Accept the proposal",
        "detail": f"{found.title}, {found.facility}",
        "button": "Move the visits",
        "back": back,
        "trail": trail((found.title, back)),
        "lead": "The reason is written to every schedule that moves. Visits that were opened or tried since the proposal stay.",
    }
    return edit_page(request, form=ReasonForm(request.POST or None), save=save, template="maintenance/form.html", context=context)


@require_POST
def undo(request: HttpRequest, uid: Any) -> HttpResponse:
    found = shown(request, uid)
    _tell(request, "restored", levelling.undo(actor=who(request), uid=found.uid))
    return redirect("maintenance:levelling", found.uid)


def _tell(request: HttpRequest, done: str, carried: levelling.Carried) -> None:
    messages.success(request, f"{carried.moved:,} schedules {done}.")
    if carried.month_kept:
        messages.warning(request, f"The base month was changed since, and stays {MONTHS[carried.month_kept - 1]}.")
    if carried.stayed:
        more = f" and {len(carried.stayed) - 10:,} more" if len(carried.stayed) > 10 else ""
        names = ", ".join(carried.stayed[:10])
        messages.warning(request, f"Not {done}, since something happened to them meanwhile: {names}{more}.")


urlpatterns = [
    path("planning/levelling", proposal_list, name="levelling-list"),
    path("planning/levelling/new", propose, name="levelling-new"),
    path("planning/levelling/<uuid:uid>", proposal, name="levelling"),
    path("planning/levelling/<uuid:uid>/accept", accept, name="levelling-accept"),
    path("planning/levelling/<uuid:uid>/undo", undo, name="levelling-undo"),
]
