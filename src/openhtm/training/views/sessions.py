"""Pages of sessions: planned, shown with their code, and who was there."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.documents.responses import pdf_response
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Department, Facility
from openhtm.training.forms import ListForm, ReasonForm, SessionForm, UploadForm
from openhtm.training.models import Clinician, Course, SessionKind, SignedBy, TrainingSession
from openhtm.training.queries import sessions as queries
from openhtm.training.rules.lists import typed_list
from openhtm.training.rules.shipped import limits
from openhtm.training.services import printing
from openhtm.training.services.attendance import Outcome, judge_list, open_window, record_list
from openhtm.training.services.importing import as_shown, read_shown, read_sign_in_list
from openhtm.training.services.sessions import cancel_session, managed_session, plan_session
from openhtm.training.views.common import at_facility, base_url, tabs, who
from openhtm.ui import lists
from openhtm.ui.barcodes import qr, svg
from openhtm.ui.editing import add_refusal, edit_page
from openhtm.ui.redirects import SeeOther

VERDICTS = {
    "matched": ("ok", "Known"), "unknown": ("unknown", "Not known: kept to be settled"), "known": ("hold", "On the list already"),
    "refused": ("late", "Cannot be taken"),
}  # fmt: skip


@require_safe
def session_list(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.VIEW_TRAINING)
    q, kind, cancelled = lists.text_of(request, "q"), lists.text_of(request, "kind"), request.GET.get("show") == "cancelled"
    kind = kind if kind in SessionKind.values else ""
    found = queries.sessions(actor, q=q, kind=kind, when="cancelled" if cancelled else "")
    page = keyset_page(found, order=("-held_at", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    counts = queries.attended(one.pk for one in page.rows)
    context = {
        "rows": [(one, *counts.get(one.pk, (0, 0)), ZoneInfo(one.facility.time_zone)) for one in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="sessions"),
        "q": q,
        "cancelled": cancelled,
        "now": timezone.now(),
        "chips": lists.chips(request, [("q", "with", q), ("kind", "because of", SessionKind(kind).label.lower() if kind else "")]),
        "tabs": tabs(request, "training:session-list"),
        "may_manage": actor.may(Permission.MANAGE_TRAINING),
    }
    return render(request, "training/session_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def session_new(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.MANAGE_TRAINING)

    def save(values: dict[str, Any]) -> str:
        facility = values["facility"]
        held = values["held_at"].replace(tzinfo=ZoneInfo(facility.time_zone))
        unit = values["department"]
        made = plan_session(
            actor=actor, course_uid=values["course"].uid, facility_id=facility.pk, department_id=unit.pk if unit else None, held_at=held,
            minutes=values["minutes"], kind=values["kind"], trainer_name=values["trainer_name"], place=values["place"], note=values["note"],
            now=timezone.now(),
        )  # fmt: skip
        return reverse("training:session", args=[made.uid])

    facilities = Facility.objects.visible_to(actor).filter(active=True)
    form = SessionForm(
        request.POST or None,
        courses=queries.courses(),
        facilities=facilities,
        departments=Department.objects.visible_to(actor).filter(active=True),
        initial=_initial(request, actor, list(facilities[:2])),
    )
    context = {
        "title": "New session", "trail": [("Training", reverse("training:home")), ("Sessions", reverse("training:session-list"))],
        "back": reverse("training:session-list"),
        "lead": "People sign in by the session's code, around its time only. A list can be typed or imported afterwards.",
        "no_courses": not form.fields["course"].queryset.exists(),  # type: ignore[attr-defined]
    }  # fmt: skip
    return edit_page(request, form=form, save=save, template="training/session_form.html", context=context)


@require_safe
def session(request: HttpRequest, uid: UUID) -> HttpResponse:
    require(who(request), Permission.VIEW_TRAINING)
    return _session_page(request, _visible(request, uid))


@require_POST
def session_people(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Record a typed list, or the rows of an imported one that were looked at."""
    actor, this = who(request), _visible(request, uid)
    require(actor, Permission.MANAGE_TRAINING, at=this.facility_id, place=this.facility.name)
    shown = request.POST.get("shown")
    form = ListForm(request.POST) if shown is None else ListForm({"people": "as shown"})
    if form.is_valid():
        try:
            rows, seen = (
                (typed_list(form.cleaned_data["people"], limit=limits().list_rows), []) if shown is None else read_shown(uid, shown)
            )
            by = SignedBy.LIST if shown is None else SignedBy.IMPORT
            done = record_list(actor=actor, session_uid=uid, rows=rows, by=by, seen=seen, now=timezone.now())
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            return _recorded(request, this, done)
    return _session_page(request, this, form=form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def session_import(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Upload a list, see who each row is taken for, then record it. Uploading writes nothing."""
    actor, this = who(request), _visible(request, uid)
    require(actor, Permission.MANAGE_TRAINING, at=this.facility_id, place=this.facility.name)
    form, outcomes, status = UploadForm(*((request.POST, request.FILES) if request.method == "POST" else ())), [], 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                managed = this if this.cancelled_at is None else managed_session(actor, uid)
                rows = read_sign_in_list(content=form.cleaned_data["file"].file, file_name=form.cleaned_data["file"].name[:200])
                outcomes, status = judge_list(managed, rows), 200
            except DomainError as refusal:
                add_refusal(form, refusal)
    context = {
        "session": this,
        "form": form,
        "rows": [(one, *VERDICTS[one.verdict]) for one in outcomes],
        "figures": [(sum(1 for one in outcomes if one.verdict == code), words, tone) for code, (tone, words) in VERDICTS.items()],
        "shown": as_shown(uid, outcomes) if any(not one.row.problem for one in outcomes) else "",
        "trail": _trail(this),
    }
    return render(request, "training/session_import.html", context, status=status)


@require_safe
def session_show(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The code in large for a screen in the room; how many have signed in is renewed by itself."""
    this = _visible(request, uid)
    require(who(request), Permission.MANAGE_TRAINING, at=this.facility_id, place=this.facility.name)
    address = printing.sign_in_address(this, base_url=base_url(request))
    counts = queries.attended([this.pk]).get(this.pk, (0, 0))
    context = {"session": this, "address": address, "picture": _picture(address, this), "count": counts[0]}
    with at_facility(this.facility):
        part = "#count" if request.headers.get("HX-Request") else ""
        return render(request, f"training/session_show.html{part}", context)


@require_safe
def session_sheet(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    this = _visible(request, uid)
    require(who(request), Permission.MANAGE_TRAINING, at=this.facility_id, place=this.facility.name)
    made = printing.sheet_pdf(this, queries.attendees(this), base_url=base_url(request), now=timezone.now())
    return pdf_response(made, f"Sign-in {this.title}.pdf")


@require_safe
def session_code(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The code as a picture; with ``sheet=1`` the whole sheet."""
    this = _visible(request, uid)
    require(who(request), Permission.MANAGE_TRAINING, at=this.facility_id, place=this.facility.name)
    drawn = printing.sheet_png if request.GET.get("sheet") == "1" else printing.code_png
    return HttpResponse(drawn(this, base_url=base_url(request)), content_type="image/png", headers={"Cache-Control": "private, no-store"})


@require_http_methods(["GET", "HEAD", "POST"])
def session_cancel(request: HttpRequest, uid: UUID) -> HttpResponse:
    actor, this = who(request), _visible(request, uid)
    require(actor, Permission.MANAGE_TRAINING, at=this.facility_id, place=this.facility.name)
    back = reverse("training:session", args=[uid])

    def save(values: dict[str, Any]) -> str:
        cancel_session(actor=actor, uid=uid, reason=values["reason"], now=timezone.now())
        return back

    context = {
        "title": "Cancel the session",
        "trail": _trail(this),
        "back": back,
        "lead": "Whoever signed in no longer counts as trained by it.",
    }
    return edit_page(request, form=ReasonForm(request.POST or None), save=save, template="training/form.html", context=context)


def _visible(request: HttpRequest, uid: UUID) -> TrainingSession:
    found = TrainingSession.objects.visible_to(who(request)).select_related(
        "course__device_type", "course__device_model__manufacturer", "facility", "department"
    )
    return get_object_or_404(found, uid=uid)


def _session_page(request: HttpRequest, this: TrainingSession, *, form: ListForm | None = None, status: int = 200) -> HttpResponse:
    actor = who(request)
    manages = actor.may(Permission.MANAGE_TRAINING, at=this.facility_id)
    listed = queries.attendees(this)
    seen = listed if manages else [one for one in listed if one.clinician and _in_reach(actor, one.clinician)]
    opens, closes = open_window(this)
    now = timezone.now()
    address = printing.sign_in_address(this, base_url=base_url(request))
    context = {
        "session": this,
        "rows": [(one, *_state(one)) for one in seen],
        "others": len(listed) - len(seen),
        "waiting": sum(1 for one in listed if one.open),
        "opens": opens,
        "closes": closes,
        "is_open": opens <= now < closes,
        "is_over": now >= closes,
        "manages": manages and this.cancelled_at is None,
        "sees_numbers": manages,
        "may_list": manages and this.cancelled_at is None and now >= opens,
        "form": form or ListForm(),
        "picture": _picture(address, this),
        "address": address,
        "trail": _trail(this)[:-1],
    }
    with at_facility(this.facility):
        return render(request, "training/session.html", context, status=status)


def _in_reach(actor: Actor, person: Clinician) -> bool:
    reach = actor.reach()
    return reach.everywhere or person.department.facility_id in reach.facility_ids or person.department_id in reach.department_ids


def _state(one: queries.Attendee) -> tuple[str, str]:
    if one.open:
        return "unknown", "To settle"
    if not one.counts:
        return "hold", {"not_ours": "Not of our staff", "not_there": "Was not there"}[one.decision]
    return "ok", "Trained"


def _recorded(request: HttpRequest, this: TrainingSession, done: list[Outcome]) -> HttpResponse:
    told = {code: sum(1 for one in done if one.verdict == code) for code in VERDICTS}
    words = [
        (told["matched"], "recorded"),
        (told["unknown"], "kept to be settled"),
        (told["known"], "on the list already"),
        (told["refused"], "not taken"),
    ]
    messages.success(request, ", ".join(f"{count} {word}" for count, word in words if count) + ".")
    return SeeOther(reverse("training:session", args=[this.uid]))


def _picture(address: str, this: TrainingSession) -> str:
    return mark_safe(svg(qr(address), label=f"Code {this.code}"))  # noqa: S308 - drawn by us, its label is escaped


def _trail(this: TrainingSession) -> list[tuple[str, str]]:
    return [
        ("Training", reverse("training:home")), ("Sessions", reverse("training:session-list")),
        (this.title, reverse("training:session", args=[this.uid])),
    ]  # fmt: skip


def _initial(request: HttpRequest, actor: Actor, facilities: list[Facility]) -> dict[str, Any]:
    """From the address: the course, unit and reason that led here."""
    course = Course.objects.filter(device_type__code=lists.text_of(request, "type", max_length=80), active=True).first()
    code, unit = lists.text_of(request, "facility", max_length=20), lists.text_of(request, "unit", max_length=18)
    return {
        "course": course.uid if course else None,
        "facility": code or (facilities[0].code if len(facilities) == 1 else None),
        "department": int(unit) if unit.isascii() and unit.isdecimal() else None,
        "kind": lists.text_of(request, "kind", max_length=10) or None,
        "trainer_name": actor.name,
    }


urlpatterns = [
    path("training/sessions", session_list, name="session-list"),
    path("training/sessions/new", session_new, name="session-new"),
    path("training/sessions/<uuid:uid>", session, name="session"),
    path("training/sessions/<uuid:uid>/people", session_people, name="session-people"),
    path("training/sessions/<uuid:uid>/import", session_import, name="session-import"),
    path("training/sessions/<uuid:uid>/show", session_show, name="session-show"),
    path("training/sessions/<uuid:uid>/sheet.pdf", session_sheet, name="session-sheet"),
    path("training/sessions/<uuid:uid>/code.png", session_code, name="session-code"),
    path("training/sessions/<uuid:uid>/cancel", session_cancel, name="session-cancel"),
]
