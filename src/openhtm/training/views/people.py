"""Pages of clinical staff: lists, one person's record, and names that wait to be settled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.catalog.models import DeviceType
from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.documents.responses import pdf_response
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Department
from openhtm.training.forms import ClinicianForm, SettleForm
from openhtm.training.models import Attendance, Clinician, Decision
from openhtm.training.queries import people as queries
from openhtm.training.queries import sessions
from openhtm.training.queries.people import known_at
from openhtm.training.rules.coverage import STATE_TONES, STATE_WORDS
from openhtm.training.rules.matching import Roster
from openhtm.training.services import printing
from openhtm.training.services.attendance import settle
from openhtm.training.services.clinicians import add_clinician, update_clinician
from openhtm.training.views.common import tabs, who
from openhtm.ui import lists
from openhtm.ui.editing import edit_page


@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.VIEW_TRAINING)
    q, facility, unit = lists.text_of(request, "q"), lists.text_of(request, "facility", max_length=20), _key(request, "unit")
    gone = request.GET.get("show") == "all"
    found = queries.clinicians(actor, q=q, facility=facility, department_id=unit, gone=gone)
    page = keyset_page(found, order=("full_name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    named = Department.objects.visible_to(actor).filter(pk=unit).first() if unit else None
    context = {
        "rows": page.rows,
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="people"),
        "q": q,
        "chips": lists.chips(
            request,
            [
                ("q", "with", q),
                ("facility", "at", facility),
                ("unit", "of", named.name if named else ""),
                ("show", "with", "those who left" if gone else ""),
            ],
        ),
        "tabs": tabs(request, "training:person-list"),
        "may_manage": actor.may(Permission.MANAGE_TRAINING),
    }
    return render(request, "training/person_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def person_new(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.MANAGE_TRAINING)

    def save(values: dict[str, Any]) -> str:
        made = add_clinician(
            actor=actor, department_id=values["department"].pk, full_name=values["full_name"], employee_number=values["employee_number"],
            job_title=values["job_title"], user_id=_account(actor, values["user_name"]), started_on=values["started_on"],
        )  # fmt: skip
        return reverse("training:person", args=[made.uid])

    form = ClinicianForm(request.POST or None, departments=_units(actor), initial={"department": _key(request, "unit")})
    del form.fields["left_on"]
    context = {"title": "Add person", "trail": _trail(), "back": reverse("training:person-list")}
    return edit_page(request, form=form, save=save, template="training/form.html", context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def person_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    actor, person = who(request), _visible(request, uid)
    require(actor, Permission.MANAGE_TRAINING, at=person.department.facility_id, place=person.department.facility.name)
    back = reverse("training:person", args=[uid])

    def save(values: dict[str, Any]) -> str:
        name, unit = values.pop("user_name"), values.pop("department")
        update_clinician(actor=actor, uid=uid, **values, department_id=unit.pk, user_id=_account(actor, name))
        return back

    shown = ("full_name", "employee_number", "department", "job_title", "started_on", "left_on")
    initial = {name: getattr(person, name) for name in shown} | {"user_name": person.user.username if person.user else ""}
    context = {"title": f"Change {person.full_name}", "trail": [*_trail(), (person.full_name, back)], "back": back}
    form = ClinicianForm(request.POST or None, departments=_units(actor), initial=initial)
    return edit_page(request, form=form, save=save, template="training/form.html", context=context)


@require_safe
def person(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What somebody was trained on, and what their unit asks. The employee number is shown to educators and to themselves."""
    actor, found = who(request), _visible(request, uid)
    record = queries.record(found, on=timezone.localdate())
    names = DeviceType.objects.in_bulk({one.type_id for one in record.standing})
    manages = actor.may(Permission.MANAGE_TRAINING, at=found.department.facility_id)
    context = {
        "person": found,
        "standing": [(one, names[one.type_id], STATE_TONES[one.state], STATE_WORDS[one.state]) for one in record.standing],
        "sessions": record.sessions,
        "certificates": _certificates(found),
        "sees_number": manages or found.user_id == actor.user_id,
        "manages": manages,
        "mine": found.user_id == actor.user_id,
        "trail": _trail(),
    }
    return render(request, "training/person.html", context)


@require_safe
def person_record(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    found, today = _visible(request, uid), timezone.localdate()
    _own_or_manages(request, found)
    record = queries.record(found, on=today)
    types = dict(DeviceType.objects.filter(pk__in={one.type_id for one in record.standing}).values_list("pk", "name"))
    return pdf_response(printing.record_pdf(record, on=today, types=types, now=timezone.now()), f"Training record {found.full_name}.pdf")


@require_safe
def certificate(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """A page for one attendance that counts for somebody."""
    written = get_object_or_404(sessions.with_decision(Attendance.objects.select_related("session__course", "session__facility")), uid=uid)
    [attendee] = sessions.as_attendees([written])
    if attendee.clinician is None or written.session.cancelled_at is not None:
        raise Invalid({"": ["This attendance counts for nobody. Settle it first."]})
    found = _visible(request, attendee.clinician.uid)
    _own_or_manages(request, found)
    return pdf_response(printing.certificate_pdf(written, found, now=timezone.now()), f"Certificate {found.full_name}.pdf")


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """One's own record, or who links it."""
    actor = who(request)
    found = Clinician.objects.filter(user_id=actor.user_id).first() if actor.user_id is not None else None
    if found is not None:
        return redirect("training:person", found.uid)
    return render(request, "training/mine.html", {"trail": _trail()})


@require_safe
def unsettled(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.MANAGE_TRAINING)
    found = sessions.unsettled(actor)
    page = keyset_page(found, order=("recorded_at", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    context = {
        "rows": page.rows,
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="names"),
        "tabs": tabs(request, "training:unsettled"),
    }
    return render(request, "training/unsettled.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def settle_one(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Say who a name on a list was. What was written stays beside it."""
    actor = who(request)
    written = get_object_or_404(sessions.attendance_of(actor), uid=uid)
    facility = written.session.facility
    require(actor, Permission.MANAGE_TRAINING, at=facility.pk, place=facility.name)
    match = Roster(known_at(facility.pk)).match(name=written.name, number=written.employee_number)
    alike = list(Clinician.objects.filter(pk__in=[*match.suggestions, *([match.key] if match.key else [])]).select_related("department"))

    def save(values: dict[str, Any]) -> str:
        chosen, unit = values["clinician"], values["department"]
        done = settle(
            actor=actor, attendance_uid=uid, decision=values["decision"], clinician_uid=chosen.uid if chosen else None,
            department_id=unit.pk if unit else None, full_name=values["full_name"], employee_number=values["employee_number"],
            note=values["note"], now=timezone.now(),
        )  # fmt: skip
        messages.success(
            request, f"{written.name}: {Decision(done.decision).label.lower()}{f', {done.clinician}' if done.clinician else ''}."
        )
        return reverse("training:unsettled")

    initial = {
        "decision": Decision.CLINICIAN if alike else Decision.NEW, "clinician": alike[0].uid if len(alike) == 1 else None,
        "full_name": written.name, "employee_number": written.employee_number, "department": written.session.department_id,
    }  # fmt: skip
    people = Clinician.objects.visible_to(actor).filter(department__facility=facility, left_on__isnull=True).select_related("department")
    form = SettleForm(request.POST or None, people=people, departments=_units(actor).filter(facility=facility), initial=initial)
    context = {
        "written": written, "alike": alike, "history": written.settlements.select_related("clinician").order_by("-recorded_at", "-pk"),
        "trail": [("Training", reverse("training:home")), ("To settle", reverse("training:unsettled"))],
    }  # fmt: skip
    return edit_page(request, form=form, save=save, template="training/settle.html", context=context)


def _visible(request: HttpRequest, uid: UUID) -> Clinician:
    """Oneself, or somebody of a unit whose training the actor sees."""
    actor = who(request)
    mine = (
        Clinician.objects.select_related("department__facility", "user").filter(uid=uid, user_id=actor.user_id).first()
        if actor.user_id is not None
        else None
    )
    if mine is not None:
        return mine
    require(actor, Permission.VIEW_TRAINING)
    return get_object_or_404(Clinician.objects.visible_to(actor).select_related("department__facility", "user"), uid=uid)


def _own_or_manages(request: HttpRequest, person: Clinician) -> None:
    """Papers with an employee number are for educators and for the person."""
    actor = who(request)
    if person.user_id is None or person.user_id != actor.user_id:
        require(actor, Permission.MANAGE_TRAINING, at=person.department.facility_id, place=person.department.facility.name)


def _certificates(person: Clinician) -> dict[int, UUID]:
    """The attendance behind each session of a person, as it counts now."""
    written: Any = sessions.with_decision(Attendance.objects.filter(clinician=person))
    settled: Any = sessions.with_decision(Attendance.objects.filter(settlements__clinician=person))
    rows = [*written.filter(decision__isnull=True), *settled.filter(settled_as=person.pk)]
    return {row.session_id: row.uid for row in rows}


def _units(actor: Actor) -> QuerySet[Department]:
    return Department.objects.visible_to(actor).filter(active=True).order_by("facility__name", "name")


def _account(actor: Actor, name: str) -> int | None:
    if not name.strip():
        return None
    found = User.objects.visible_to(actor).filter(username__iexact=name.strip(), is_active=True).first()
    if found is None:
        raise Invalid({"user_name": ["There is no such account that you can see."]})
    return found.pk


def _key(request: HttpRequest, name: str) -> int | None:
    text = lists.text_of(request, name, max_length=18)
    return int(text) if text.isascii() and text.isdecimal() else None


def _trail() -> list[tuple[str, str]]:
    return [("Training", reverse("training:home")), ("People", reverse("training:person-list"))]


urlpatterns = [
    path("training/people", person_list, name="person-list"),
    path("training/people/new", person_new, name="person-new"),
    path("training/people/<uuid:uid>", person, name="person"),
    path("training/people/<uuid:uid>/edit", person_edit, name="person-edit"),
    path("training/people/<uuid:uid>/record.pdf", person_record, name="person-record"),
    path("training/attendance/<uuid:uid>/certificate.pdf", certificate, name="certificate"),
    path("training/mine", mine, name="mine"),
    path("training/unsettled", unsettled, name="unsettled"),
    path("training/unsettled/<uuid:uid>", settle_one, name="settle"),
]
