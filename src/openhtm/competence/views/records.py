"""What one person may do, who may service one type, and the records behind one cell; signing and withdrawing."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.catalog.models import DeviceType
from openhtm.competence.asking import actor_of
from openhtm.competence.forms import SignForm, WithdrawForm
from openhtm.competence.models import Competency
from openhtm.competence.queries import matrix as queries
from openhtm.competence.queries.standing import as_held
from openhtm.competence.rules.levels import BASIS_LABELS, LEVEL_LABELS, Basis, Level
from openhtm.competence.services.signing import Grant, sign_competency, withdraw_competency
from openhtm.competence.views.staff import leaves_words, may_read_evidence, may_sign
from openhtm.core.text import key_of
from openhtm.documents.responses import inert_response
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.ui.editing import edit_page
from openhtm.ui.rules import formats
from openhtm.workforce.models import StaffMember
from openhtm.workforce.services.access import require_at_staff

FORM = "competence/form.html"
MOST = 500
HOME = ("Competence", "/competence")


def seen_staff(request: HttpRequest, staff_id: int) -> StaffMember:
    """Somebody whom the actor may see; everybody sees themselves."""
    actor = actor_of(request)
    if not StaffMember.objects.filter(pk=staff_id, user_id=actor.user_id or 0).exists():
        require(actor, Permission.VIEW_STAFF)
    return get_object_or_404(StaffMember.objects.visible_to(actor).select_related("facility"), pk=staff_id)


def record_row(one: Competency, *, actor: Actor, today: date) -> dict[str, Any]:
    """A competency as its line shows it."""
    tone, word = state_of(one, today)
    kind = "Procedure" if one.procedure_id else "Model" if one.device_model_id else "Type"
    return {
        "record": one,
        "subject": str(one.subject),
        "kind": kind,
        "level": LEVEL_LABELS[Level(one.level)],
        "basis": BASIS_LABELS[Basis(one.basis)],
        "tone": tone,
        "word": word,
        "proof": " · ".join(filter(None, (one.certificate, f"watched by {one.observer}" if one.observer else "", one.note))),
        "signed": f"{one.signed_by_name or 'System'}, {formats.day(timezone.localdate(one.signed_at))}",
        "evidence_url": reverse("competence:evidence", args=[one.uid]) if one.evidence_id and may_read_evidence(actor, one.staff) else "",
        "withdraw_url": reverse("competence:withdraw", args=[one.uid]) if one.withdrawn_on is None and may_sign(actor, one.staff) else "",
    }


def state_of(one: Competency, today: date) -> tuple[str, str]:
    held = as_held(one)
    if one.withdrawn_on is not None and one.withdrawn_on <= today:
        return "hold", f"Withdrawn {formats.day(one.withdrawn_on)}"
    if held.lapsed_on(today):
        return "late", f"Ran out {formats.day(one.valid_until)}" if one.valid_until else "Ran out"
    if one.valid_until is None:
        return "ok", "Holds, no end"
    left = (one.valid_until - today).days
    return ("due" if left <= 90 else "ok"), f"Until {formats.day(one.valid_until)}"


@require_safe
def person(request: HttpRequest, staff_id: int) -> HttpResponse:
    """Everything one person may do and could do once. Two statements."""
    actor, today = actor_of(request), timezone.localdate()
    staff = seen_staff(request, staff_id)
    found = list(queries.records_of_person(staff.pk)[: MOST + 1])
    context = {
        "staff": staff,
        "where": staff.facility.name if staff.facility else "Works everywhere",
        "leaves": leaves_words(actor, staff),
        "rows": [record_row(one, actor=actor, today=today) for one in found[:MOST]],
        "more": len(found) > MOST,
        "most": MOST,
        "trail": [HOME, (staff.full_name, "")],
        "sign_url": f"{reverse('competence:sign')}?staff={staff.pk}" if may_sign(actor, staff) else "",
    }
    return render(request, "competence/person.html", context)


@require_safe
def type_people(request: HttpRequest, type_id: int) -> HttpResponse:
    """Who may service a type today. Two statements."""
    actor, today = actor_of(request), timezone.localdate()
    require(actor, Permission.VIEW_STAFF)
    kind = get_object_or_404(DeviceType, pk=type_id)
    found = queries.people_for_type(actor=actor, type_id=kind.pk, on=today)
    context = {
        "kind": kind,
        "rows": [person_row(one, kind, actor=actor, today=today) for one in found],
        "trail": [HOME, (kind.name, "")],
        "sign_url": f"{reverse('competence:sign')}?type={kind.pk}" if actor.may(Permission.SIGN_COMPETENCIES) else "",
    }
    return render(request, "competence/type.html", context)


def person_row(found: dict[str, Any], kind: DeviceType, *, actor: Actor, today: date) -> dict[str, Any]:
    """Somebody who may service a type, as its line shows them."""
    record, staff = found["record"], found["staff"]
    tone, word = state_of(record, today)
    only = "" if record.device_model_id is None else f"only {', '.join(sorted(str(one) for one in found['models'])[:3])}"
    return {
        "name": staff.full_name, "where": staff.facility.name if staff.facility else "Works everywhere", "level": LEVEL_LABELS[Level(record.level)],
        "basis": BASIS_LABELS[Basis(record.basis)], "tone": tone, "word": word, "only": only, "leaves": leaves_words(actor, staff),
        "url": reverse("competence:cell", args=[staff.pk, kind.pk]),
    }  # fmt: skip


@require_safe
def cell(request: HttpRequest, staff_id: int, type_id: int) -> HttpResponse:
    """The records behind one cell of the matrix. Three statements."""
    actor, today = actor_of(request), timezone.localdate()
    staff = seen_staff(request, staff_id)
    kind = get_object_or_404(DeviceType, pk=type_id)
    found = queries.records_of(staff_id=staff.pk, type_id=kind.pk)
    context = {
        "staff": staff,
        "kind": kind,
        "rows": [record_row(one, actor=actor, today=today) for one in found],
        "trail": [HOME, (staff.full_name, reverse("competence:person", args=[staff.pk])), (kind.name, "")],
        "sign_url": f"{reverse('competence:sign')}?staff={staff.pk}&type={kind.pk}" if may_sign(actor, staff) else "",
    }
    return render(request, "competence/cell.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest) -> HttpResponse:
    """Grant a competency to somebody else."""
    actor = actor_of(request)
    require(actor, Permission.SIGN_COMPETENCIES)
    people = StaffMember.objects.visible_to(actor).here_on(timezone.localdate())
    kind = DeviceType.objects.filter(pk=key_of(request.GET.get("type")) or 0).first()
    form = SignForm(
        request.POST or None, request.FILES or None, people=people, kind=kind,
        initial={"staff": key_of(request.GET.get("staff")), "device_type": kind.pk if kind else None},
    )  # fmt: skip

    def save(data: dict[str, Any]) -> str:
        upload = data["evidence"]
        made = sign_competency(actor=actor, grant=_grant(data), evidence=(upload.name or "evidence", upload.file) if upload else None)
        messages.success(request, f"{made.staff} was signed off for {made.subject}.")
        return reverse("competence:person", args=[made.staff_id])

    context = {
        "title": "Sign off",
        "trail": [HOME, ("Sign off", "")],
        "back": reverse("competence:matrix"),
        "button": "Sign off",
        "files": True,
    }
    return edit_page(request, form=form, save=save, template=FORM, context=context)


def _grant(data: dict[str, Any]) -> Grant:
    """The narrowest subject chosen counts: a form opened from a type has that type filled in already."""
    names = ("staff", "device_type", "device_model", "procedure", "observer")
    keys: dict[str, Any] = {f"{name}_id": data[name].pk if data.get(name) else None for name in names}
    if keys["procedure_id"]:
        keys["device_type_id"] = keys["device_model_id"] = None
    elif keys["device_model_id"]:
        keys["device_type_id"] = None
    plain = {name: data[name] for name in ("level", "basis", "granted_on", "valid_until", "certificate", "note")}
    return Grant(**keys, **plain)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take a competency away, with the reason."""
    actor = actor_of(request)
    require(actor, Permission.SIGN_COMPETENCIES)
    found = get_object_or_404(queries.related(Competency.objects.visible_to(actor)), uid=uid)
    require_at_staff(actor, Permission.SIGN_COMPETENCIES, found.staff)
    back = reverse("competence:person", args=[found.staff_id])

    def save(data: dict[str, Any]) -> str:
        withdraw_competency(actor=actor, uid=uid, reason=data["reason"], on=data["on"])
        messages.success(request, "Withdrawn. What it covered before stays covered.")
        return back

    form = WithdrawForm(request.POST or None, initial={"on": timezone.localdate()})
    context = {
        "title": f"Withdraw {found}",
        "trail": [HOME, (found.staff.full_name, back)],
        "back": back,
        "button": "Withdraw",
        "danger": True,
    }
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_safe
def evidence(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """Hand out the file that proves a competency."""
    actor = actor_of(request)
    found = Competency.objects.visible_to(actor).select_related("evidence", "staff__facility").filter(uid=uid).first()
    if found is None:
        require(actor, Permission.VIEW_STAFF_RECORDS)
        raise Http404
    if not may_read_evidence(actor, found.staff):
        require_at_staff(actor, Permission.VIEW_STAFF_RECORDS, found.staff)
    if found.evidence is None:
        raise Http404
    return inert_response(found.evidence, found.evidence_name or "evidence", inline=request.GET.get("show") == "1")


urlpatterns = [
    path("competence/people/<int:staff_id>", person, name="person"),
    path("competence/people/<int:staff_id>/types/<int:type_id>", cell, name="cell"),
    path("competence/types/<int:type_id>", type_people, name="type"),
    path("competence/sign", sign, name="sign"),
    path("competence/<uuid:uid>/withdraw", withdraw, name="withdraw"),
    path("competence/<uuid:uid>/evidence", evidence, name="evidence"),
]
