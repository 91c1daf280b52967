"""Label sheets and single labels, for devices and places, and the label sizes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import Invalid
from openhtm.documents.responses import pdf_response
from openhtm.identity.actor import require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.asking import actor_of, base_url
from openhtm.inventory.models import LabelTemplate
from openhtm.inventory.queries import filters
from openhtm.inventory.services.label_templates import chosen_template, delete_label_template, save_label_template
from openhtm.inventory.services.labels import MAX_LABELS, Label, device_labels, first_sheet_svg, labels_pdf, place_labels
from openhtm.inventory.views.label_forms import TemplateForm, initial_of

_LONGEST_KEY = 18


@require_http_methods(["GET", "POST"])
def label_sheet(request: HttpRequest) -> HttpResponse:
    """Labels for any selection of devices: choose the size and the first free label, look, print."""
    require(actor_of(request), Permission.PRINT_LABELS)
    sent = request.POST if request.method == "POST" else request.GET
    numbers = _numbers(request, sent)
    return _sheet_page(request, sent, title="Print labels", labels=lambda: _for_devices(request, numbers), numbers=numbers)


@require_http_methods(["GET", "POST"])
def label_sheet_pdf(request: HttpRequest) -> HttpResponseBase:
    require(actor_of(request), Permission.PRINT_LABELS)
    sent = request.POST if request.method == "POST" else request.GET
    return _pdf(sent, _for_devices(request, _numbers(request, sent)))


@require_safe
def device_label(request: HttpRequest, control_number: str) -> HttpResponse:
    require(actor_of(request), Permission.PRINT_LABELS)
    numbers = [control_number]
    return _sheet_page(request, request.GET, title="Print label", labels=lambda: _for_devices(request, numbers), numbers=numbers)


@require_safe
def device_label_pdf(request: HttpRequest, control_number: str) -> HttpResponseBase:
    require(actor_of(request), Permission.PRINT_LABELS)
    return _pdf(request.GET, _for_devices(request, [control_number]))


@require_safe
def location_label(request: HttpRequest, public_code: str) -> HttpResponse:
    """The label of a place; with ``all=1`` the labels of all places in it as well."""
    require(actor_of(request), Permission.PRINT_LABELS)
    code, whole = public_code.upper(), request.GET.get("all") == "1"
    return _sheet_page(request, request.GET, title="Print place labels", labels=lambda: _for_place(request, code, whole=whole), place=code)


@require_safe
def location_label_pdf(request: HttpRequest, public_code: str) -> HttpResponseBase:
    require(actor_of(request), Permission.PRINT_LABELS)
    return _pdf(request.GET, _for_place(request, public_code.upper(), whole=request.GET.get("all") == "1"))


def _for_devices(request: HttpRequest, numbers: Sequence[str]) -> list[Label]:
    return device_labels(control_numbers=numbers, actor=actor_of(request), base_url=base_url(request))


def _for_place(request: HttpRequest, code: str, *, whole: bool) -> list[Label]:
    return place_labels(public_code=code[:20], actor=actor_of(request), base_url=base_url(request), whole_subtree=whole)


def _numbers(request: HttpRequest, sent: QueryDict) -> list[str]:
    """The control numbers meant: given one by one or one on each line, or all that a list's filter matches. None or one statement."""
    given = [line for name in ("device", "selected", "devices") for text in sent.getlist(name) for line in text.splitlines()]
    if not given and sent.get("query"):
        actor = actor_of(request)
        found = filters.read_filters(QueryDict(str(sent["query"])[:2000]).dict(), actor=actor)
        if found.problems:
            raise Invalid({name: [text] for name, text in found.problems.items()})
        listed = filters.filtered(actor=actor, filters=found).order_by("control_number")
        given = list(listed.values_list("control_number", flat=True)[: MAX_LABELS + 1])
    return [number for number in given if number.strip() and "\0" not in number]


def _template(sent: QueryDict) -> LabelTemplate:
    """The chosen label size, else the largest of a label printer. Raises Invalid if it is gone."""
    key = sent.get("template", "")
    return chosen_template(int(key) if key.isdecimal() and len(key) <= _LONGEST_KEY else None)


def _start(sent: QueryDict) -> int:
    text = sent.get("start", "1") or "1"
    return int(text) if text.isdecimal() and len(text) < 5 else 0


def _pdf(sent: QueryDict, labels: Sequence[Label]) -> HttpResponseBase:
    made = labels_pdf(labels=labels, template=_template(sent), start=_start(sent), now=timezone.now())
    name = labels[0].texts["control_number"] if len(labels) == 1 else f"{len(labels)} labels"
    return pdf_response(made, f"{name}.pdf")


def _sheet_page(
    request: HttpRequest,
    sent: QueryDict,
    *,
    title: str,
    labels: Callable[[], list[Label]],
    numbers: Sequence[str] | None = None,
    place: str = "",
) -> HttpResponse:
    """The page of a selection. An empty selection asks for numbers; what cannot be printed is said beside its field."""
    context: dict[str, Any] = {
        "title": title,
        "devices": "\n".join(numbers or ()),
        "place": place,
        "whole": sent.get("all") == "1",
        "pdf_url": reverse("inventory:location-label-pdf", args=[place]) if place else reverse("inventory:label-sheet-pdf"),
        "templates": list(LabelTemplate.objects.all()),
        "start": _start(sent) or 1,
        "errors": {},
        "may_manage": actor_of(request).may_everywhere(Permission.MANAGE_CUSTOM_FIELDS),
    }
    if not place and not numbers and "devices" not in sent:
        return render(request, "inventory/labels.html", context)
    made = []
    try:
        made = labels()
        context["template"] = _template(sent)
        picture = first_sheet_svg(labels=made, template=context["template"], start=_start(sent))
    except Invalid as refusal:
        context["errors"] = {field: " ".join(sentences) for field, sentences in refusal.errors.items()}
        return render(request, "inventory/labels.html", context, status=422)
    context["preview"] = "data:image/svg+xml;base64," + base64.b64encode(picture).decode()
    context["count"] = len(made)
    return render(request, "inventory/labels.html", context)


@require_safe
def template_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    require(actor, Permission.PRINT_LABELS)
    may_manage = actor.may_everywhere(Permission.MANAGE_CUSTOM_FIELDS)
    return render(request, "inventory/label_templates.html", {"templates": list(LabelTemplate.objects.all()), "may_manage": may_manage})


@require_http_methods(["GET", "POST"])
def template_edit(request: HttpRequest, template_id: int | None = None) -> HttpResponse:
    """Add or change a label size."""
    actor = actor_of(request)
    require_everywhere(actor, Permission.MANAGE_CUSTOM_FIELDS)
    stored = LabelTemplate.objects.get(pk=template_id) if template_id is not None else None
    form = TemplateForm(request.POST or None, initial=initial_of(stored) if stored else None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_label_template(actor=actor, values=form.values(), template_id=template_id)
        except Invalid as refusal:
            form.take(refusal)
        else:
            messages.success(request, f"{saved.name} was saved.")
            return redirect("inventory:label-template-list")
    context = {"form": form, "template": stored}
    return render(request, "inventory/label_template_form.html", context, status=422 if request.method == "POST" else 200)


@require_POST
def template_delete(request: HttpRequest, template_id: int) -> HttpResponse:
    name = delete_label_template(actor=actor_of(request), template_id=template_id)
    messages.success(request, f"{name} was removed.")
    return redirect("inventory:label-template-list")


urlpatterns: list[URLPattern] = [
    path("labels", label_sheet, name="label-sheet"),
    path("labels.pdf", label_sheet_pdf, name="label-sheet-pdf"),
    path("labels/sizes", template_list, name="label-template-list"),
    path("labels/sizes/add", template_edit, name="label-template-add"),
    path("labels/sizes/<int:template_id>", template_edit, name="label-template-edit"),
    path("labels/sizes/<int:template_id>/delete", template_delete, name="label-template-delete"),
    path("d/<control_number:control_number>/label", device_label, name="device-label"),
    path("d/<control_number:control_number>/label.pdf", device_label_pdf, name="device-label-pdf"),
    path("l/<slug:public_code>/label", location_label, name="location-label"),
    path("l/<slug:public_code>/label.pdf", location_label_pdf, name="location-label-pdf"),
]
