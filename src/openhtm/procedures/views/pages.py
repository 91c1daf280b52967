"""The page of a procedure, its versions, and the moves from draft to release."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError
from openhtm.documents.responses import inert_response, pdf_response
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures import queries
from openhtm.procedures.forms import LinksForm, ProcedureForm
from openhtm.procedures.models import Procedure, ProcedureFile, ProcedureVersion, VersionStatus
from openhtm.procedures.rules.content import Content, parse
from openhtm.procedures.rules.differences import differences
from openhtm.procedures.rules.preview import preview
from openhtm.procedures.services import authoring, printing
from openhtm.procedures.views.common import HOME, actor_with, stage_mark, url_of
from openhtm.procedures.views.listing import SOURCE_WORDS
from openhtm.testers.rules.kinds import kind_name
from openhtm.ui.parts import Event, Fact

_S = VersionStatus
MOVES: dict[str, tuple[Callable[..., Any], str]] = {
    "start": (authoring.start_draft, "The draft is open."),
    "submit": (authoring.submit_draft, "Handed over for review. Somebody else reads it now."),
    "send_back": (authoring.send_back, "Sent back to its writer."),
    "review": (authoring.review_version, "Reviewed. It can be released."),
    "release": (authoring.release_version, "Released. New work uses it from now on."),
    "retire": (authoring.retire_procedure, "Retired. Old results keep it."),
    "discard": (authoring.discard_draft, "The draft is gone."),
}


@require_safe
def procedure_page(request: HttpRequest, code: str) -> HttpResponse:
    actor = actor_with(request, Permission.VIEW_PROCEDURES)
    procedure = queries.get_procedure(code=code)
    versions = queries.versions_of(procedure)
    released = next((one for one in versions if one.status == _S.RELEASED), None)
    opened = next((one for one in versions if one.status in authoring.OPEN), None)
    shown = released or opened or versions[0]
    content = parse(shown.content)
    before = parse(released.content) if released and opened else None
    context = {
        "procedure": procedure,
        "stages": [stage_mark(one.status, number=one.number, reviewed=bool(one.reviewed_at)) for one in (released, opened) if one],
        "retired": released is None and opened is None,
        "shown": shown,
        "content": content,
        "opened": opened,
        "steps": preview(content),
        "changes": differences(before=before, after=parse(opened.content)) if before and opened else (),
        "versions": versions,
        "facts": _facts(procedure, shown, content),
        "types": list(procedure.device_types.order_by("name")),
        "models": list(procedure.device_models.select_related("manufacturer").order_by("manufacturer__name", "name")),
        "covers": list(procedure.covers.order_by("name")),
        "covered_by": list(procedure.covered_by.order_by("name")),
        "events": _events(versions),
        "trail": [HOME],
        **_rights(actor, procedure, versions),
    }
    return render(request, "procedures/procedure.html", context)


def _rights(actor: Actor, procedure: Procedure, versions: Sequence[ProcedureVersion]) -> dict[str, bool]:
    """What the page offers: each move only where it can succeed."""
    edit, release = actor.may(Permission.EDIT_PROCEDURES), actor.may(Permission.RELEASE_PROCEDURES)
    review = next((one for one in versions if one.status == _S.IN_REVIEW), None)
    wrote = review is not None and authoring.wrote_on(actor=actor, version=review)
    return {
        "may_edit": edit,
        "may_start": edit and not any(one.status in authoring.OPEN for one in versions),
        "may_write": edit and any(one.status == _S.DRAFT for one in versions),
        "may_send_back": edit and review is not None,
        "may_review": edit and review is not None and review.reviewed_at is None and not wrote,
        "waits_for_another": edit and review is not None and review.reviewed_at is None and wrote,
        "may_release": release and review is not None and review.reviewed_at is not None,
        "may_retire": release and any(one.status == _S.RELEASED for one in versions),
    }


def _facts(procedure: Procedure, version: ProcedureVersion, content: Content) -> list[Fact]:
    oem = content.oem
    months = procedure.suggested_interval_months
    return [
        Fact(label="Code", value=procedure.code, mono=True, copy=True),
        Fact(label="Kind", value=procedure.get_kind_display()),
        Fact(label="Usual time", value=f"{content.est_minutes} min"),
        Fact(label="Skill", value=content.skill.replace("-", " "), absent="none named"),
        Fact(label="Testers", value=", ".join(kind_name(code) for code in content.tester_kinds), absent="none"),
        Fact(label="Manufacturer's document", value=f"{oem.title} {oem.revision}".strip() if oem else "", absent="none named"),
        Fact(
            label="Suggested interval", value=f"{months} months, {procedure.interval_source}".rstrip(", ") if months else "", absent="none"
        ),
        Fact(label="Comes from", value=SOURCE_WORDS.get(procedure.source, f"pack {procedure.source}")),
        Fact(label="Changed here", value="yes: a newer pack leaves it alone" if procedure.locally_changed else "no"),
        Fact(label="Hash", value=version.content_hash[:16], mono=True),
    ]


def _events(versions: Sequence[ProcedureVersion]) -> list[Event]:
    """Who drafted, reviewed, released and when, the newest first."""
    found = []
    for one in versions:
        steps = [
            (one.retired_at, "retired", "archive", None),
            (one.released_at, "released", "check", one.released_by),
            (one.reviewed_at, "reviewed", "eye", one.reviewed_by),
            (one.drafted_at, "written", "pencil", one.drafted_by),
        ]
        pack = f"from {one.pack.title}, edition {one.pack.version}" if one.pack else ""
        for when, what, icon, person in steps:
            if when:
                more = (pack or one.change_note) if what == "written" else ""
                detail = ", ".join(filter(None, (str(person) if person else "", more)))
                found.append(Event(when=when, title=f"Version {one.number} {what}", detail=detail, icon=icon))
    return sorted(found, key=lambda event: str(event.when), reverse=True)


@require_safe
def version_page(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """One version as the technician sees it on a phone, and what changed since another (``with``, or the one before)."""
    actor_with(request, Permission.VIEW_PROCEDURES)
    version = queries.get_version(code=code, number=number)
    versions = queries.versions_of(version.procedure)
    asked = request.GET.get("with", "")
    wanted = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    earlier = next((one for one in versions if one.number == wanted), None)
    earlier = earlier or next((one for one in versions if one.number < number), None)
    content = parse(version.content)
    context = {
        "procedure": version.procedure,
        "version": version,
        "stage": stage_mark(version.status, number=number, reviewed=bool(version.reviewed_at)),
        "versions": [one for one in versions if one.number != number],
        "earlier": earlier,
        "content": content,
        "steps": preview(content),
        "changes": differences(before=parse(earlier.content), after=content) if earlier else (),
        "trail": [HOME, (version.procedure.name, url_of(version.procedure))],
    }
    return render(request, "procedures/version.html", context)


@require_safe
def version_pdf(request: HttpRequest, code: str, number: int) -> FileResponse:
    actor_with(request, Permission.VIEW_PROCEDURES)
    version = queries.get_version(code=code, number=number)
    return pdf_response(printing.procedure_pdf(version, now=timezone.now()), f"{code}-v{number}.pdf")


@require_safe
def picture(request: HttpRequest, code: str, sha256: str) -> FileResponse:
    """A picture of a step, only for procedures that show it."""
    actor_with(request, Permission.VIEW_PROCEDURES)
    shown = ProcedureFile.objects.filter(version__procedure__code=code, file__sha256=sha256).select_related("file").order_by("-pk")[:1]
    found = get_object_or_404(ProcedureFile.objects.select_related("file"), pk__in=[one.pk for one in shown])
    return inert_response(found.file, found.file_name, inline=True)


@require_POST
def move(request: HttpRequest, code: str) -> HttpResponse:
    """Take a procedure one step on (field ``do``); a refusal is said on its page."""
    actor = actor_with(request, Permission.EDIT_PROCEDURES)
    wanted = request.POST.get("do", "")
    if wanted not in MOVES:
        return redirect("procedures:procedure", code)
    act, said = MOVES[wanted]
    try:
        act(actor=actor, code=code)
    except DomainError as refusal:
        if refusal.status in (403, 404):
            raise
        messages.error(request, refusal.sentence)
        return redirect("procedures:procedure", code)
    messages.success(request, said)
    if wanted == "start":
        return redirect("procedures:draft", code)
    gone = wanted == "discard" and not Procedure.objects.filter(code=code).exists()
    return redirect("procedures:procedure-list") if gone else redirect("procedures:procedure", code)


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    actor = actor_with(request, Permission.EDIT_PROCEDURES)
    form = ProcedureForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            draft = authoring.add_procedure(actor=actor, **form.values())
        except DomainError as refusal:
            form.take(refusal)
        else:
            return redirect("procedures:draft", draft.procedure.code)
    context = {"form": form, "title": "Write a procedure", "button": "Begin", "back": reverse("procedures:procedure-list"), "trail": [HOME]}
    return render(request, "procedures/form.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, code: str) -> HttpResponse:
    """Name, kind and interval of a procedure, and what it is for."""
    actor = actor_with(request, Permission.EDIT_PROCEDURES)
    procedure = queries.get_procedure(code=code)
    sent = request.POST if request.method == "POST" else None
    form = LinksForm(sent, procedure=procedure, initial={} if sent else LinksForm.initial_of(procedure))
    if sent is not None and form.is_valid():
        try:
            authoring.change_procedure(actor=actor, code=code, changes=form.values())
            authoring.set_links(actor=actor, code=code, **form.links())
        except DomainError as refusal:
            form.take(refusal)
        else:
            messages.success(request, "Saved.")
            return redirect(url_of(procedure))
    context = {
        "form": form, "title": "What it is for", "button": "Save", "back": url_of(procedure), "trail": [HOME, (procedure.name, url_of(procedure))]
    }  # fmt: skip
    return render(request, "procedures/form.html", context, status=422 if sent is not None else 200)
