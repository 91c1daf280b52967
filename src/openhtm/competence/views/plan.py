"""The training plan: what is proposed and what it costs, what was accepted, and how that went."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.competence.asking import actor_of, read_scope
from openhtm.competence.forms import FinishForm, ReasonForm
from openhtm.competence.models import PlannedTraining
from openhtm.competence.queries import training as queries
from openhtm.competence.rules.cover import COVER_LABELS, COVER_TONES, Cover
from openhtm.competence.services import exporting, training
from openhtm.competence.views.matrix import tabs
from openhtm.competence.views.records import FORM, HOME
from openhtm.core.errors import DomainError, Invalid, NotAllowed
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.core.text import key_of
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Organisation
from openhtm.ui import lists
from openhtm.ui.editing import edit_page
from openhtm.workforce.models import StaffMember
from openhtm.workforce.services.access import require_at_staff

NEARNESS = {
    "has_begun": "has begun to learn it",
    "lapsed": "could do it before",
    "same_skill": "works in this field",
    "least_load": "covers the fewest types",
}


def _currency() -> str:
    return Organisation.objects.order_by("pk").values_list("currency", flat=True).first() or "USD"


@require_safe
def plan(request: HttpRequest) -> HttpResponse:
    return plan_response(request)


def plan_response(request: HttpRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    """Proposals by type, the worst covered first, with their cost. About thirteen statements."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_STAFF)
    scope, choices = read_scope(request, actor)
    found = queries.proposals(actor=actor, scope=scope, on=timezone.localdate())
    by_type: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in found.plan.proposals:
        by_type[one.type_id].append(
            {
                "value": f"{one.staff_id}-{one.type_id}",
                "name": found.staff.get(one.staff_id, ""),
                "url": reverse("competence:person", args=[one.staff_id]),
                "why": NEARNESS[one.nearness],
                "cost_cents": one.course.cost_cents if one.course else None,
                "minutes": one.course.minutes if one.course else None,
            }
        )
    lines = [_want(found, type_id, by_type.get(type_id, [])) for type_id in dict.fromkeys([*by_type, *found.plan.unfilled])]
    context = {
        "tabs": tabs("competence:plan"),
        "choices": choices,
        "lines": lines,
        "count": len(found.plan.proposals),
        "cost_cents": found.plan.cost_cents,
        "uncosted": found.plan.uncosted,
        "unfilled": sum(found.plan.unfilled.values()),
        "currency": _currency(),
        "may_plan": actor.may(Permission.MANAGE_STAFF),
        "query": request.GET.urlencode(),
        "refused": refused,
    }
    return render(request, "competence/plan.html", context, status=status)


def _want(found: queries.Proposed, type_id: int, people: list[dict[str, Any]]) -> dict[str, Any]:
    kind, offer = found.types[type_id], found.offers.get(type_id)
    return {
        "name": kind.name,
        "url": reverse("competence:type", args=[type_id]),
        "tone": COVER_TONES[kind.cover],
        "state": COVER_LABELS[kind.cover],
        "now": kind.numbers.now,
        "wanted": kind.numbers.wanted,
        "offer": str(offer) if offer else "",
        "people": people,
        "unfilled": found.plan.unfilled.get(type_id, 0),
    }


@require_POST
def plan_accept(request: HttpRequest) -> HttpResponse:
    """Make the ticked proposals planned training: all of them or none."""
    actor = actor_of(request)
    require(actor, Permission.MANAGE_STAFF)
    scope, _ = read_scope(request, actor)
    due = request.POST.get("due_on", "")
    try:
        pairs = _pairs(request.POST.getlist("selected"))
        due_on = parse_date(due) if due else None
        if due and due_on is None:
            raise Invalid({"due_on": ["Give a day."]})
        count = training.accept_proposals(actor=actor, scope=scope, chosen=pairs, due_on=due_on)
    except NotAllowed:
        raise
    except (DomainError, ValueError) as refusal:
        sentence = refusal.sentence if isinstance(refusal, DomainError) else "Give a day that exists."
        return plan_response(request, refused=sentence, status=422)
    messages.success(request, f"{count} training{'s' if count != 1 else ''} planned.")
    return redirect("competence:planned")


def _pairs(texts: list[str]) -> set[tuple[int, int]]:
    found = set()
    for text in texts[:2000]:
        staff, _, kind = text.partition("-")
        pair = key_of(staff), key_of(kind)
        if pair[0] is None or pair[1] is None:
            raise Invalid({"": ["Choose trainings from the plan."]})
        found.add((pair[0], pair[1]))
    return found


@require_safe
def plan_export(request: HttpRequest) -> HttpResponseBase:
    """Proposals and planned training with their cost, as CSV or XLSX."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_STAFF)
    scope, _ = read_scope(request, actor)
    kind = request.GET.get("format", "csv")
    if kind not in ("csv", "xlsx"):
        raise Invalid({"format": ["Choose csv or xlsx."]})
    return exporting.plan_file(actor=actor, scope=scope, kind=kind, now=timezone.now(), currency=_currency())


@require_safe
def planned(request: HttpRequest) -> HttpResponse:
    """What was accepted: ahead, done, given up. Four statements."""
    actor, today = actor_of(request), timezone.localdate()
    require(actor, Permission.VIEW_STAFF)
    found = queries.planned(actor=actor)
    state = lists.text_of(request, "state")
    if state not in ("done", "given_up"):
        state, found = "", found.filter(done_on__isnull=True, given_up_on__isnull=True)
    else:
        found = found.filter(**{f"{state}_on__isnull": False})
    page = keyset_page(found, order=("pk",), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    context = {
        "tabs": tabs("competence:planned"),
        "state": state,
        "rows": [
            {
                "one": one,
                "url": reverse("competence:cell", args=[one.staff_id, one.device_type_id]),
                "why": COVER_LABELS[Cover(one.because)],
                "late": one.due_on is not None and one.due_on < today and not one.done_on and not one.given_up_on,
            }
            for one in page.rows
        ],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="trainings"),
        "cost_cents": queries.planned_cost_cents(actor=actor),
        "currency": _currency(),
        "may_plan": actor.may(Permission.MANAGE_STAFF),
    }
    return render(request, "competence/planned.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Planned training was done: the competency it was for is signed."""
    actor = actor_of(request)
    require(actor, Permission.MANAGE_STAFF)
    one = get_object_or_404(PlannedTraining.objects.visible_to(actor).select_related("staff__facility", "device_type"), uid=uid)
    require_at_staff(actor, Permission.MANAGE_STAFF, one.staff)

    def save(data: dict[str, Any]) -> str:
        observer = data["observer"]
        training.finish_training(
            actor=actor, uid=uid, done_on=data["done_on"], certificate=data["certificate"], observer_id=observer.pk if observer else None
        )
        messages.success(request, f"{one.staff} was signed off for {one.device_type}.")
        return reverse("competence:planned")

    form = FinishForm(request.POST or None, initial={"done_on": timezone.localdate()}, people=StaffMember.objects.visible_to(actor))
    return edit_page(request, form=form, save=save, template=FORM, context=_about(one, "Training done", "Sign off"))


@require_http_methods(["GET", "HEAD", "POST"])
def give_up(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take planned training off, with the reason."""
    actor = actor_of(request)
    require(actor, Permission.MANAGE_STAFF)
    one = get_object_or_404(PlannedTraining.objects.visible_to(actor).select_related("staff__facility", "device_type"), uid=uid)
    require_at_staff(actor, Permission.MANAGE_STAFF, one.staff)

    def save(data: dict[str, Any]) -> str:
        training.give_up_training(actor=actor, uid=uid, reason=data["reason"])
        messages.success(request, "Taken off the plan.")
        return reverse("competence:planned")

    return edit_page(
        request, form=ReasonForm(request.POST or None), save=save, template=FORM, context=_about(one, "Give training up", "Give up")
    )


def _about(one: PlannedTraining, title: str, button: str) -> dict[str, Any]:
    back = reverse("competence:planned")
    lead = f"{one.staff}: {one.title}, for {one.device_type}."
    return {"title": title, "trail": [HOME, ("Planned training", back)], "back": back, "button": button, "lead": lead}


urlpatterns = [
    path("competence/plan", plan, name="plan"),
    path("competence/plan/accept", plan_accept, name="plan-accept"),
    path("competence/plan/export", plan_export, name="plan-export"),
    path("competence/planned", planned, name="planned"),
    path("competence/planned/<uuid:uid>/done", finish, name="planned-done"),
    path("competence/planned/<uuid:uid>/give-up", give_up, name="planned-give-up"),
]
