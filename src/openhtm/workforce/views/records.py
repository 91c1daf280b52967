"""Forms and files of a person's record: certifications, journal, education, employment."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.documents.responses import inert_response, pdf_response
from openhtm.workforce.forms.people import CeuForm, CredentialForm, EducationForm, EmploymentForm, EndForm, ReasonForm, StatusForm
from openhtm.workforce.models import CeuEntry, Credential, EducationFact, EmploymentFact, StaffMember
from openhtm.workforce.rules.programmes import reference
from openhtm.workforce.services import credentials, history, journal
from openhtm.workforce.services.access import require_keeping, require_record
from openhtm.workforce.services.packet import application_packet
from openhtm.workforce.views.common import back_to, form_page, person_of, who

EVIDENCE: dict[str, Any] = {"certificate": Credential, "journal": CeuEntry, "education": EducationFact, "employment": EmploymentFact}
KEEPS = ["GET", "HEAD", "POST"]


def _kept(request: HttpRequest, staff_id: int) -> StaffMember:
    """The person, if the actor may enter facts about them. Raises NotAllowed, Http404."""
    record = person_of(request, staff_id)
    require_keeping(who(request), record)
    return record


@require_http_methods(KEEPS)
def credential_add(request: HttpRequest, staff_id: int) -> HttpResponse:
    record = _kept(request, staff_id)

    def save(values: dict[str, Any]) -> str:
        credentials.add_credential(actor=who(request), staff_id=record.pk, **values)
        return back_to(request, record, tab="certifications")

    form = CredentialForm(request.POST or None, request.FILES or None, initial={"programme": request.GET.get("programme", "CBET")})
    return form_page(request, record, form=form, save=save, title="Add certification", tab="certifications")


@require_http_methods(KEEPS)
def credential_edit(request: HttpRequest, staff_id: int, credential_id: int) -> HttpResponse:
    record = _kept(request, staff_id)
    held = get_object_or_404(Credential, pk=credential_id, staff=record)

    def save(values: dict[str, Any]) -> str:
        credentials.update_credential(actor=who(request), staff_id=record.pk, credential_id=held.pk, **values)
        return back_to(request, record, tab="certifications")

    names = ("programme", "tier", "number", "issued_on", "expires_on", "cycle_started_on")
    form = CredentialForm(request.POST or None, request.FILES or None, initial={name: getattr(held, name) for name in names})
    return form_page(request, record, form=form, save=save, title=f"Change or renew {held.programme}", tab="certifications")


@require_POST
def credential_verify(request: HttpRequest, staff_id: int, credential_id: int) -> HttpResponse:
    record = person_of(request, staff_id)
    held = get_object_or_404(Credential, pk=credential_id, staff=record)
    credentials.verify_credential(actor=who(request), staff_id=record.pk, credential_id=held.pk)
    messages.success(request, f"The certificate of {held.programme} is marked as seen.")
    return HttpResponseRedirect(back_to(request, record, tab="certifications"))


@require_http_methods(KEEPS)
def credential_status(request: HttpRequest, staff_id: int, credential_id: int) -> HttpResponse:
    record = _kept(request, staff_id)
    held = get_object_or_404(Credential, pk=credential_id, staff=record)

    def save(values: dict[str, Any]) -> str:
        credentials.set_credential_status(actor=who(request), staff_id=record.pk, credential_id=held.pk, **values)
        return back_to(request, record, tab="certifications")

    form = StatusForm(request.POST or None, initial={"status": held.status, "since": held.status_since, "reason": held.status_reason})
    return form_page(request, record, form=form, save=save, title=f"Suspend or withdraw {held.programme}", tab="certifications")


@require_safe
def credential_packet(request: HttpRequest, staff_id: int, credential_id: int) -> HttpResponseBase:
    """The application packet for a renewal: journal, evidence list with hashes."""
    record = person_of(request, staff_id)
    require_record(who(request), record)
    held = get_object_or_404(Credential.objects.select_related("evidence"), pk=credential_id, staff=record)
    content = application_packet(actor=who(request), staff=record, credential=held, now=timezone.now())
    return pdf_response(content, f"{held.programme} renewal {record.full_name}.pdf")


@require_http_methods(KEEPS)
def ceu_add(request: HttpRequest, staff_id: int, credential_id: int) -> HttpResponse:
    record = _kept(request, staff_id)
    held = get_object_or_404(Credential, pk=credential_id, staff=record)

    def save(values: dict[str, Any]) -> str:
        journal.add_ceu(actor=who(request), staff_id=record.pk, credential_id=held.pk, **values)
        return back_to(request, record, tab="certifications")

    programme = reference().programme(held.programme)
    if programme is None or programme.renewal is None:
        raise Http404
    form = CeuForm(request.POST or None, request.FILES or None, programme=programme, initial={"done_on": timezone.localdate()})
    return form_page(
        request, record, form=form, save=save, title=f"Enter {programme.renewal.unit} for {held.programme}", tab="certifications"
    )


@require_POST
def ceu_approve(request: HttpRequest, staff_id: int, entry_id: int) -> HttpResponse:
    record = person_of(request, staff_id)
    entry = get_object_or_404(CeuEntry, pk=entry_id, credential__staff=record)
    journal.approve_ceu(actor=who(request), staff_id=record.pk, entry_id=entry.pk)
    messages.success(request, f"Approved: {entry.title}.")
    return HttpResponseRedirect(back_to(request, record, tab="certifications"))


@require_http_methods(KEEPS)
def ceu_withdraw(request: HttpRequest, staff_id: int, entry_id: int) -> HttpResponse:
    record = _kept(request, staff_id)
    entry = get_object_or_404(CeuEntry, pk=entry_id, credential__staff=record)

    def save(values: dict[str, Any]) -> str:
        journal.withdraw_ceu(actor=who(request), staff_id=record.pk, entry_id=entry.pk, reason=values["reason"])
        return back_to(request, record, tab="certifications")

    return form_page(
        request, record, form=ReasonForm(request.POST or None), save=save, title=f"Take back: {entry.title}", tab="certifications"
    )


@require_http_methods(KEEPS)
def education_add(request: HttpRequest, staff_id: int) -> HttpResponse:
    record = _kept(request, staff_id)

    def save(values: dict[str, Any]) -> str:
        history.add_education(
            actor=who(request), staff_id=record.pk, **{**values, "degree": values["degree"] or "none", "field": values["field"] or "other"}
        )
        return back_to(request, record, tab="history")

    form = EducationForm(request.POST or None, request.FILES or None, initial={"degree": "associate", "field": "biomedical"})
    return form_page(request, record, form=form, save=save, title="Add education", tab="history")


@require_http_methods(KEEPS)
def employment_add(request: HttpRequest, staff_id: int) -> HttpResponse:
    record = _kept(request, staff_id)

    def save(values: dict[str, Any]) -> str:
        history.add_employment(actor=who(request), staff_id=record.pk, **values)
        return back_to(request, record, tab="history")

    form = EmploymentForm(request.POST or None, request.FILES or None, initial={"role": record.career_role})
    return form_page(request, record, form=form, save=save, title="Add job", tab="history")


@require_http_methods(KEEPS)
def employment_end(request: HttpRequest, staff_id: int, fact_id: int) -> HttpResponse:
    record = _kept(request, staff_id)
    job = get_object_or_404(EmploymentFact, pk=fact_id, staff=record)

    def save(values: dict[str, Any]) -> str:
        history.end_employment(actor=who(request), staff_id=record.pk, fact_id=job.pk, ended_on=values["ended_on"])
        return back_to(request, record, tab="history")

    form = EndForm(request.POST or None, initial={"ended_on": job.ended_on or timezone.localdate()})
    return form_page(request, record, form=form, save=save, title=f"End: {job}", tab="history")


@require_http_methods(KEEPS)
def fact_remove(request: HttpRequest, staff_id: int, kind: str, fact_id: int) -> HttpResponse:
    record = _kept(request, staff_id)
    if kind not in ("education", "employment"):
        raise Http404
    fact: Any = get_object_or_404(EVIDENCE[kind], pk=fact_id, staff=record)

    def save(values: dict[str, Any]) -> str:
        history.remove_fact(actor=who(request), staff_id=record.pk, kind=kind, fact_id=fact.pk, reason=values["reason"])
        return back_to(request, record, tab="history")

    return form_page(request, record, form=ReasonForm(request.POST or None), save=save, title=f"Remove: {fact}", tab="history")


@require_safe
def evidence(request: HttpRequest, staff_id: int, kind: str, fact_id: int) -> HttpResponseBase:
    """A proof, to the person and to who keeps personal records."""
    record = person_of(request, staff_id)
    require_record(who(request), record)
    owner = {"credential__staff": record} if kind == "journal" else {"staff": record}
    if kind not in EVIDENCE:
        raise Http404
    fact: Any = get_object_or_404(EVIDENCE[kind].objects.select_related("evidence"), pk=fact_id, **owner)
    if fact.evidence is None:
        raise Http404
    return inert_response(fact.evidence, fact.evidence_name or "evidence", inline=request.GET.get("show") == "1")


_ONE = "staff/<int:staff_id>"
_HELD = f"{_ONE}/certifications/<int:credential_id>"
urlpatterns = [
    path(f"{_ONE}/certifications/add", credential_add, name="credential-add"),
    path(f"{_HELD}/edit", credential_edit, name="credential-edit"),
    path(f"{_HELD}/verify", credential_verify, name="credential-verify"),
    path(f"{_HELD}/status", credential_status, name="credential-status"),
    path(f"{_HELD}/packet", credential_packet, name="credential-packet"),
    path(f"{_HELD}/journal/add", ceu_add, name="ceu-add"),
    path(f"{_ONE}/journal/<int:entry_id>/approve", ceu_approve, name="ceu-approve"),
    path(f"{_ONE}/journal/<int:entry_id>/withdraw", ceu_withdraw, name="ceu-withdraw"),
    path(f"{_ONE}/education/add", education_add, name="education-add"),
    path(f"{_ONE}/employment/add", employment_add, name="employment-add"),
    path(f"{_ONE}/employment/<int:fact_id>/end", employment_end, name="employment-end"),
    path(f"{_ONE}/facts/<slug:kind>/<int:fact_id>/remove", fact_remove, name="fact-remove"),
    path(f"{_ONE}/evidence/<slug:kind>/<int:fact_id>", evidence, name="staff-evidence"),
]
