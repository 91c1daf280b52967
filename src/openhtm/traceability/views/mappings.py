"""Mappings of testers' files: the list, one of them with its text, trying a file, adding one's own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.identity.actor import require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.testers.rules.files.model import FileReading
from openhtm.testers.rules.files.reading import read
from openhtm.traceability.forms import MappingForm, TryForm
from openhtm.traceability.services import mappings as services
from openhtm.traceability.views.files import who
from openhtm.ui import lists, parts
from openhtm.ui.editing import edit_page
from openhtm.workorders.services.tester_files import MAX_BYTES

SHOWN = 200
FORMATS = {"xml": "XML, by path", "csv": "CSV, by column"}


@require_safe
def mapping_list(request: HttpRequest) -> HttpResponse:
    """Mappings in use."""
    actor = who(request)
    require(actor, Permission.VIEW_TESTERS)
    rows = [(one, reverse("traceability:mapping", args=[one.mapping.code]), FORMATS[one.mapping.format]) for one in services.choices()]
    return render(
        request,
        "traceability/mapping_list.html",
        {"rows": rows, "may_edit": actor.may_everywhere(Permission.MANAGE_TESTERS), "trail": _trail()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def mapping(request: HttpRequest, code: str) -> HttpResponse:
    """One mapping; a file sent to it is read and shown, and nothing is kept."""
    actor = who(request)
    require(actor, Permission.VIEW_TESTERS)
    one = services.find_mapping(code)
    form = TryForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    tried, status = None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            upload = form.cleaned_data["file"]
            tried, status = read(data=upload.read(MAX_BYTES + 1), mapping=one.mapping), 200
    context = {
        "one": one, "form": form, "tried": tried and _tried(tried), "trail": _trail((one.mapping.title, "")), "format": FORMATS[one.mapping.format],
        "facts": _facts(one), "may_edit": actor.may_everywhere(Permission.MANAGE_TESTERS), "may_import": actor.may(Permission.DO_WORK),
    }  # fmt: skip
    return render(request, "traceability/mapping.html", context, status=status)


def _facts(one: services.Choice) -> list[parts.Fact]:
    found = one.mapping
    return [
        parts.Fact(label="Code", value=found.code, mono=True),
        parts.Fact(label="Files", value=FORMATS[found.format]),
        parts.Fact(label="Source", value=found.source),
        parts.Fact(label="Edition", value=found.edition),
        parts.Fact(label="Version", value=f"version {one.version}" if one.version else "shipped with OpenHTM"),
        parts.Fact(label="SHA-256", value=found.sha256, mono=True, copy=True),
    ]


def _tried(found: FileReading) -> dict[str, Any]:
    return {
        "rows": found.rows[:SHOWN],
        "count": len(found.rows),
        "problems": found.problems[:SHOWN],
        "problem_count": len(found.problems),
        "skipped": found.skipped,
        "complete": found.complete,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def mapping_add(request: HttpRequest) -> HttpResponse:
    """Add a mapping, from nothing or from a copy of another."""
    actor = who(request)
    require_everywhere(actor, Permission.MANAGE_TESTERS)
    like = lists.text_of(request, "like")
    text = services.find_mapping(like).text if like else ""

    def save(values: dict[str, Any]) -> str:
        return reverse("traceability:mapping", args=[services.save_mapping(actor=actor, **values).code])

    context = {"title": "Add a mapping", "trail": _trail(("Add", "")), "back": reverse("traceability:mapping-list"), "like": like}
    return edit_page(request, form=MappingForm(request.POST or None, initial={"text": text}), save=save, template=_EDIT, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def mapping_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a mapping of one's own: the next version."""
    actor = who(request)
    require_everywhere(actor, Permission.MANAGE_TESTERS)
    one, here = services.find_mapping(code), reverse("traceability:mapping", args=[code])
    if one.origin == services.SHIPPED:
        return HttpResponseRedirect(f"{reverse('traceability:mapping-add')}?like={code}")

    def save(values: dict[str, Any]) -> str:
        services.save_mapping(actor=actor, code=code, **values)
        return here

    context = {"title": f"Change {one.mapping.title}", "trail": _trail((one.mapping.title, here), ("Change", "")), "back": here}
    return edit_page(
        request, form=MappingForm(request.POST or None, initial={"text": one.text}), save=save, template=_EDIT, context=context
    )


@require_POST
def mapping_retire(request: HttpRequest, code: str) -> HttpResponse:
    """Offer it no longer."""
    services.retire_mapping(actor=who(request), code=code)
    messages.success(request, "The mapping is no longer offered. Files read with it stay as they are.")
    return HttpResponseRedirect(reverse("traceability:mapping-list"))


_EDIT = "traceability/mapping_edit.html"


def _trail(*steps: tuple[str, str]) -> list[tuple[str, str]]:
    first = [("Testers", reverse("testers:tester-list")), ("Files", reverse("traceability:file-list"))]
    return [*first, ("Mappings", reverse("traceability:mapping-list") if steps else ""), *steps]


urlpatterns = [
    path("testers/mappings", mapping_list, name="mapping-list"),
    path("testers/mappings/add", mapping_add, name="mapping-add"),
    path("testers/mappings/<slug:code>", mapping, name="mapping"),
    path("testers/mappings/<slug:code>/edit", mapping_edit, name="mapping-edit"),
    path("testers/mappings/<slug:code>/retire", mapping_retire, name="mapping-retire"),
]
