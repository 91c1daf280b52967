"""One visit with its attempts and reasons, and what is done about it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.documents.responses import pdf_response
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.asking import base_url
from openhtm.inventory.services.label_templates import chosen_template
from openhtm.inventory.services.labels import labels_pdf
from openhtm.maintenance.forms import AttemptForm, DecideForm, ExcludeForm, ReasonForm
from openhtm.maintenance.models import Attempt, Visit, VisitExclusion
from openhtm.maintenance.queries import visit_page
from openhtm.maintenance.queries.lists import SHOWN, interval_words
from openhtm.maintenance.queries.visit_list import VisitCard
from openhtm.maintenance.rules.outcomes import OUTCOMES, VOID
from openhtm.maintenance.services import attempts, exclusions
from openhtm.maintenance.services.declaring import SIGNED, STEP
from openhtm.maintenance.services.stickers import sticker_of
from openhtm.maintenance.services.why import why_this_date
from openhtm.ui import parts
from openhtm.ui.editing import edit_page
from openhtm.ui.rules import formats

QUICK = {"not_located": "map-pin-off", "in_use": "heart-pulse", "no_access": "lock", "refused": "hand"}
"""Outcomes with a button of their own: two taps from the list."""


def who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def shown_visit(request: HttpRequest, visit_id: int) -> Visit:
    require(who(request), Permission.VIEW_SCHEDULES)
    return get_object_or_404(Visit.objects.visible_to(who(request)).select_related(*SHOWN), pk=visit_id)


@require_safe
def visit(request: HttpRequest, visit_id: int) -> HttpResponse:
    """One visit: its window, why it is due then, what was tried, and what can be done. About fourteen statements."""
    actor, now = who(request), timezone.now()
    require(actor, Permission.VIEW_SCHEDULES)
    found = visit_page.detail_of(actor=actor, visit_id=visit_id, now=now)
    record = found.visit
    facility = record.device.facility
    may_record = actor.may(Permission.RECORD_ATTEMPTS, at=facility.pk)
    newest = next((one for one in found.attempts if one.outcome != VOID and not hasattr(one, "superseded_by")), None)
    takes = record.is_open or record.state in attempts.LATE_ENTRY
    with timezone.override(ZoneInfo(facility.time_zone)):
        context = {
            "visit": record,
            "card": found.card,
            "why": why_this_date(visit=record, now=now),
            "events": visit_page.timeline(found),
            "take_back": newest if may_record else None,
            "tasks": [(task, visit_page.STEPS.get(task.step, task.step)) for task in found.tasks],
            "notices": _notices(actor, found),
            "quick": [(code, OUTCOMES.by_code[code].label, icon) for code, icon in QUICK.items()],
            "about": _facts(record, found.card),
            "schedule_facts": _schedule_facts(record),
            "schedule_url": reverse("maintenance:schedule", args=[record.schedule_id]),
            "may_record": may_record and takes,
            "may_exclude": actor.may(Permission.EXCLUDE_VISITS, at=facility.pk) and _excludable(found),
            "may_declare": record.is_open and actor.may(Permission.SIGN_MISSING, at=facility.pk) and _may_be_missing(found),
            "may_label": actor.may(Permission.PRINT_LABELS, at=facility.pk),
        }
        return render(request, "maintenance/visit.html", context)


def _excludable(found: visit_page.Detail) -> bool:
    return found.waiting is None and (found.visit.is_open or found.visit.state in exclusions.EXCLUDABLE)


def _may_be_missing(found: visit_page.Detail) -> bool:
    """True if it was searched for in vain, or somebody is asked already."""
    return found.visit.outcome == "not_located" or any(task.step == STEP and task.outcome != SIGNED for task in found.tasks)


def _notices(actor: Actor, found: visit_page.Detail) -> list[parts.Notice]:
    """What needs somebody: an exclusion that waits, a device that must not be used before."""
    notices = []
    if (waiting := found.waiting) is not None:
        decides = actor.may(Permission.EXCLUDE_VISITS, at=found.visit.device.facility_id) and waiting.proposed_by_id != actor.user_id
        notices.append(
            parts.Notice(
                title="Waits for a second person: shall this visit not be counted?",
                detail=f"{waiting.proposed_by_name}: {waiting.reason}",
                tone="hold",
                icon="users-round",
                action_label="Decide" if decides else "",
                action_url=reverse("maintenance:exclusion", args=[waiting.uid]) if decides else "",
            )
        )
    if found.visit.state == "held":
        notices.append(
            parts.Notice(title="To be done before the device is used again", detail="Its status holds the visit meanwhile.", tone="hold")
        )
    return notices


def _facts(record: Visit, card: VisitCard) -> list[parts.Fact]:
    order = record.work_order
    facts = [
        parts.Fact(label="Window opens", value=formats.day(record.opens_on)),
        parts.Fact(label="Due", value=formats.day(record.due_on)),
        parts.Fact(label="On time until", value=formats.day(record.on_time_until)),
        parts.Fact(label="Grace until", value=formats.day(record.grace_until)),
        parts.Fact(
            label="Done",
            value=formats.day(record.performed_on) if record.performed_on else "not yet" if record.is_open else "no",
        ),
        parts.Fact(label="Order", value=str(order) if order else "none", mono=bool(order), url=f"/work/{order.number}" if order else ""),
        parts.Fact(label="Assigned to", value=card.assignee or "nobody"),
    ]
    if record.policy_compliant is not None:
        facts.append(parts.Fact(label="As the policy asks", value="Yes" if record.policy_compliant else "No"))
    if record.covered_by:
        larger = record.covered_by
        facts.append(
            parts.Fact(label="Done with", value=str(larger.schedule.procedure), url=reverse("maintenance:visit", args=[larger.pk]))
        )
    return facts


def _schedule_facts(record: Visit) -> list[parts.Fact]:
    schedule = record.schedule
    return [
        parts.Fact(label="How often", value=interval_words(schedule)),
        parts.Fact(label="Counted from", value=formats.day(schedule.anchor_on)),
        parts.Fact(label="Window", value=schedule.window_step.profile.name),
        parts.Fact(label="Comes from", value=schedule.get_inherited_display()),
        parts.Fact(label="Source", value=f"{schedule.plan_line.get_source_display()} {schedule.plan_line.source_text}".strip()),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def attempt(request: HttpRequest, visit_id: int) -> HttpResponse:
    record, actor = shown_visit(request, visit_id), who(request)
    require(actor, Permission.RECORD_ATTEMPTS, at=record.device.facility_id, place=record.device.facility.name)

    def save(values: dict[str, Any]) -> str:
        made = attempts.record_attempt(actor=actor, visit_id=record.pk, **values)
        outcome = OUTCOMES.by_code[made.outcome]
        messages.success(request, f"Recorded: {outcome.label.lower()}. {outcome.follow_up}".strip())
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
        messages.success(request, "Proposed. It waits for a second person and counts until then.")
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
        messages.success(request, "Confirmed. The visit is in neither percentage." if values["confirmed"] else "Refused. The visit counts.")
        return reverse("maintenance:visit", args=[record.pk])

    form = DecideForm(request.POST or None)
    context = _about(record, "Decide about the exclusion", "Decide") | {"lead": f"{found.proposed_by_name}: {found.reason}"}
    return edit_page(request, form=form, save=save, template="maintenance/form.html", context=context)


@require_safe
def sticker(request: HttpRequest, visit_id: int) -> HttpResponseBase:
    """The sticker with the day done and the next due day, on the chosen label size or the largest of a label printer."""
    actor = who(request)
    require(actor, Permission.PRINT_LABELS)
    label = sticker_of(actor=actor, visit_id=visit_id, base_url=base_url(request))
    key = request.GET.get("template", "")
    template = chosen_template(int(key) if key.isascii() and key.isdecimal() and len(key) < 18 else None)
    made = labels_pdf(labels=[label], template=template, now=timezone.now())
    return pdf_response(made, f"{label.texts['control_number']} maintenance.pdf")


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
    path("visits/<int:visit_id>", visit, name="visit"),
    path("visits/<int:visit_id>/attempt", attempt, name="visit-attempt"),
    path("visits/<int:visit_id>/exclude", exclude, name="visit-exclude"),
    path("visits/<int:visit_id>/sticker.pdf", sticker, name="visit-sticker"),
    path("attempts/<uuid:attempt_uid>/take-back", take_back, name="attempt-take-back"),
    path("exclusions/<uuid:exclusion_uid>", decide, name="exclusion"),
]
