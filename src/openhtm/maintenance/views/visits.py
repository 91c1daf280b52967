"""The worklist of visits, one visit with its attempts and reasons, and what is done about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.forms import AttemptForm, DecideForm, ExcludeForm, ReasonForm
from openhtm.maintenance.models import Attempt, Visit, VisitExclusion
from openhtm.maintenance.queries.counts import share_on_time
from openhtm.maintenance.queries.lists import SHOWN, TABS, TONES, Filters, worklist
from openhtm.maintenance.rules.calendar import local_day, month_end, month_start
from openhtm.maintenance.rules.outcomes import OUTCOMES
from openhtm.maintenance.services import attempts, exclusions
from openhtm.maintenance.services.why import why_this_date
from openhtm.ui import lists, parts
from openhtm.ui.editing import edit_page

QUICK = ("not_located", "in_use", "no_access", "refused")
"""Outcomes with a button of their own: two taps."""


def who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@require_safe
def visit_list(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    today = timezone.localdate()
    tab = request.GET.get("tab", "now") if request.GET.get("tab", "now") in TABS else "now"
    found = worklist(actor=actor, tab=tab, filters=read_filters(request), today=today)
    page = keyset_page(found, order=("on_time_until", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    first_on, last_on = month_start(today), month_end(today)
    share = share_on_time(actor=actor, first_on=month_start(first_on - timedelta(days=1)), last_on=first_on - timedelta(days=1))
    context = {
        "rows": [(visit, TONES[visit.state]) for visit in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="visits"),
        "tabs": [
            parts.Tab(label=label, url=lists.with_query(request, tab=key, cursor=None), current=key == tab) for key, label in TABS.items()
        ],
        "tab": TABS[tab],
        "today": today,
        "this_month": (first_on, last_on),
        "share": share,
        "may_edit": actor.may(Permission.EDIT_SCHEDULES),
    }
    return render(request, "maintenance/visit_list.html", context)


def read_filters(request: HttpRequest) -> Filters:
    """Read keys from the address; what is not a key is left out."""
    keys = {name: request.GET.get(name, "") for name in ("facility", "department", "procedure")}
    read = {f"{name}_id": int(value) for name, value in keys.items() if value.isascii() and value.isdigit() and len(value) < 19}
    return Filters(**read)


def shown_visit(request: HttpRequest, visit_id: int) -> Visit:
    require(who(request), Permission.VIEW_SCHEDULES)
    return get_object_or_404(Visit.objects.visible_to(who(request)).select_related(*SHOWN), pk=visit_id)


@require_safe
def visit(request: HttpRequest, visit_id: int) -> HttpResponse:
    """One visit: its window, why it is due then, what was tried, and what can be done."""
    record, actor = shown_visit(request, visit_id), who(request)
    facility_id = record.device.facility_id
    tries = [
        (one, OUTCOMES.by_code[one.outcome].label if one.outcome in OUTCOMES.by_code else "Taken back")
        for one in record.attempts.select_related("location", "superseded_by")
    ]
    context = {
        "visit": record,
        "tone": TONES[record.state],
        "today": local_day(timezone.now(), ZoneInfo(record.device.facility.time_zone)),
        "why": why_this_date(visit=record),
        "attempts": tries,
        "exclusions": record.exclusions.all(),
        "escalations": record.escalations.all(),
        "quick": [(code, OUTCOMES.by_code[code].label) for code in QUICK],
        "may_record": actor.may(Permission.RECORD_ATTEMPTS, at=facility_id) and (record.is_open or record.state in attempts.LATE_ENTRY),
        "may_exclude": actor.may(Permission.EXCLUDE_VISITS, at=facility_id) and (record.is_open or record.state in exclusions.EXCLUDABLE),
        "trail": [("Visits", reverse("maintenance:visit-list")), (str(record.device), "")],
    }
    return render(request, "maintenance/visit.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def attempt(request: HttpRequest, visit_id: int) -> HttpResponse:
    record, actor = shown_visit(request, visit_id), who(request)
    require(actor, Permission.RECORD_ATTEMPTS, at=record.device.facility_id, place=record.device.facility.name)

    def save(values: dict[str, Any]) -> str:
        attempts.record_attempt(actor=actor, visit_id=record.pk, **values)
        return reverse("maintenance:visit", args=[record.pk])

    form = AttemptForm(request.POST or None, initial={"outcome": request.GET.get("outcome", "pass")})
    return edit_page(request, form=form, save=save, template="maintenance/form.html", context=_about(record, "Record an attempt", "Record"))


@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: HttpRequest, attempt_uid: Any) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    found = get_object_or_404(Attempt.objects.filter(visit__in=Visit.objects.visible_to(actor)), uid=attempt_uid)
    record = shown_visit(request, found.visit_id)
    require(actor, Permission.RECORD_ATTEMPTS, at=record.device.facility_id, place=record.device.facility.name)

    def save(values: dict[str, Any]) -> str:
        attempts.take_back(actor=actor, attempt_uid=str(found.uid), reason=values["reason"])
        return reverse("maintenance:visit", args=[record.pk])

    form = ReasonForm(request.POST or None)
    return edit_page(
        request, form=form, save=save, template="maintenance/form.html", context=_about(record, "Take the attempt back", "Take back")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def exclude(request: HttpRequest, visit_id: int) -> HttpResponse:
    record, actor = shown_visit(request, visit_id), who(request)
    require(actor, Permission.EXCLUDE_VISITS, at=record.device.facility_id, place=record.device.facility.name)

    def save(values: dict[str, Any]) -> str:
        exclusions.propose(actor=actor, visit_id=record.pk, **values)
        return reverse("maintenance:visit", args=[record.pk])

    form = ExcludeForm(request.POST or None)
    context = _about(record, "Propose to exclude this visit", "Propose")
    return edit_page(request, form=form, save=save, template="maintenance/form.html", context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, exclusion_uid: Any) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    found = get_object_or_404(VisitExclusion.objects.filter(visit__in=Visit.objects.visible_to(actor)), uid=exclusion_uid)
    record = shown_visit(request, found.visit_id)
    require(actor, Permission.EXCLUDE_VISITS, at=record.device.facility_id, place=record.device.facility.name)

    def save(values: dict[str, Any]) -> str:
        exclusions.decide(actor=actor, exclusion_uid=str(found.uid), **values)
        return reverse("maintenance:visit", args=[record.pk])

    form = DecideForm(request.POST or None)
    context = _about(record, "Decide about the exclusion", "Decide") | {"lead": f"{found.proposed_by_name}: {found.reason}"}
    return edit_page(request, form=form, save=save, template="maintenance/form.html", context=context)


def _about(record: Visit, title: str, button: str) -> dict[str, Any]:
    back = reverse("maintenance:visit", args=[record.pk])
    detail = f"{record.device} · {record.schedule.procedure}"
    return {
        "title": title,
        "button": button,
        "detail": detail,
        "back": back,
        "trail": [("Visits", reverse("maintenance:visit-list")), (detail, back)],
    }


urlpatterns = [
    path("visits", visit_list, name="visit-list"),
    path("visits/<int:visit_id>", visit, name="visit"),
    path("visits/<int:visit_id>/attempt", attempt, name="visit-attempt"),
    path("visits/<int:visit_id>/exclude", exclude, name="visit-exclude"),
    path("attempts/<uuid:attempt_uid>/take-back", take_back, name="attempt-take-back"),
    path("exclusions/<uuid:exclusion_uid>", decide, name="exclusion"),
]
