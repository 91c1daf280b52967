"""Packs: procedures from other hospitals, and ours for them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.errors import DomainError
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures import queries
from openhtm.procedures.forms import ExportForm, PackForm
from openhtm.procedures.models import Procedure, VersionStatus
from openhtm.procedures.rules.packs import MOST_BYTES, PackError
from openhtm.procedures.services.loading import PackSummary, export_pack, import_pack
from openhtm.procedures.views.common import HOME, actor_with


@require_http_methods(["GET", "POST"])
def packs(request: HttpRequest) -> HttpResponse:
    """Which packs were read in; a post reads another."""
    posted = request.method == "POST"
    actor = actor_with(request, Permission.EDIT_PROCEDURES if posted else Permission.VIEW_PROCEDURES)
    form = PackForm(request.POST if posted else None, request.FILES if posted else None)
    done: PackSummary | None = None
    if posted and form.is_valid():
        try:
            done = import_pack(actor=actor, data=form.cleaned_data["file"].read(MOST_BYTES + 1))
        except PackError as wrong:
            for problem in wrong.problems:
                form.add_error("file", str(problem))
        except DomainError as refusal:
            if refusal.status in (403, 404):
                raise
            form.take(refusal)
    return _show(request, form=form, export=ExportForm(), done=done, status=422 if posted and done is None else 200)


def _show(request: HttpRequest, *, form: PackForm, export: ExportForm, done: PackSummary | None, status: int) -> HttpResponse:
    released = Procedure.objects.filter(versions__status=VersionStatus.RELEASED).order_by("name")
    context = {
        "form": form,
        "export": export,
        "done": done,
        "packs": list(queries.pack_list()[:100]),
        "procedures": list(released.values_list("code", "name")),
        "may_edit": request.actor.may(Permission.EDIT_PROCEDURES),  # type: ignore[attr-defined]
        "trail": [HOME],
    }
    return render(request, "procedures/packs.html", context, status=status)


@require_safe
def pack_file(request: HttpRequest) -> HttpResponse:
    """The pack of the chosen procedures (``code``, several; none: all) as a file."""
    actor = actor_with(request, Permission.VIEW_PROCEDURES)
    export = ExportForm(request.GET)
    if export.is_valid():
        found = export.cleaned_data
        codes = [code[:80] for code in request.GET.getlist("code") if "\0" not in code][:500]
        try:
            text = export_pack(
                actor=actor, codes=codes, pack=found["pack"], title=found["title"], version=found["version"], source=found["source"]
            )
        except PackError as wrong:
            for problem in wrong.problems:
                export.add_error(None, str(problem))
        else:
            response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
            response["Content-Disposition"] = f'attachment; filename="{found["pack"]}.yaml"'
            return response
    return _show(request, form=PackForm(), export=export, done=None, status=422)
