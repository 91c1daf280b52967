"""Labels whose code opens the report form without log-in, for devices and rooms."""

from __future__ import annotations

import base64
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from openhtm.core.errors import Invalid
from openhtm.core.text import key_of
from openhtm.documents.responses import pdf_response
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.asking import base_url
from openhtm.inventory.models import LabelTemplate
from openhtm.inventory.services.label_templates import chosen_template
from openhtm.inventory.services.labels import Label, first_sheet_svg, labels_pdf
from openhtm.workorders.asking import actor_of
from openhtm.workorders.services.report_labels import places_of, report_labels


@require_http_methods(["GET", "POST"])
def report_label_page(request: HttpRequest) -> HttpResponse:
    """Choose devices or a place and the size, look, print. What cannot be printed is said beside its field."""
    require(actor_of(request), Permission.PRINT_LABELS)
    sent = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {
        "devices": "\n".join(_numbers(sent)),
        "place": sent.get("place", "").upper()[:12].replace("\0", ""),
        "whole": sent.get("all") == "1",
        "templates": list(LabelTemplate.objects.all()),
        "start": _start(sent) or 1,
        "places": places_of(actor_of(request), chosen=sent.get("place", "")[:12].replace("\0", "")),
        "errors": {},
    }
    if request.method != "POST" and not context["devices"] and not context["place"]:
        return render(request, "workorders/report_labels.html", context)
    try:
        made = _labels(request, sent)
        context["template"] = _template(sent)
        picture = first_sheet_svg(labels=made, template=context["template"], start=_start(sent))
    except Invalid as refusal:
        context["errors"] = {field: " ".join(sentences) for field, sentences in refusal.errors.items()}
        return render(request, "workorders/report_labels.html", context, status=422)
    context |= {"preview": "data:image/svg+xml;base64," + base64.b64encode(picture).decode(), "count": len(made)}
    return render(request, "workorders/report_labels.html", context)


@require_http_methods(["GET", "POST"])
def report_label_pdf(request: HttpRequest) -> HttpResponseBase:
    require(actor_of(request), Permission.PRINT_LABELS)
    sent = request.POST if request.method == "POST" else request.GET
    made = labels_pdf(labels=_labels(request, sent), template=_template(sent), start=_start(sent), now=timezone.now())
    return pdf_response(made, "Labels for reporting faults.pdf")


def _labels(request: HttpRequest, sent: QueryDict) -> list[Label]:
    return report_labels(
        actor=actor_of(request), control_numbers=_numbers(sent), place_code=sent.get("place", "").upper()[:12].replace("\0", ""),
        whole_subtree=sent.get("all") == "1", base_url=base_url(request),
    )  # fmt: skip


def _numbers(sent: QueryDict) -> list[str]:
    given = [line.strip() for name in ("device", "devices") for text in sent.getlist(name) for line in text.splitlines()]
    return [number for number in given if number and "\0" not in number]


def _template(sent: QueryDict) -> LabelTemplate:
    return chosen_template(key_of(sent.get("template")))


def _start(sent: QueryDict) -> int:
    text = sent.get("start", "1") or "1"
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0


urlpatterns: list[URLPattern] = [
    path("work/labels", report_label_page, name="report-labels"),
    path("work/labels.pdf", report_label_pdf, name="report-labels-pdf"),
]
