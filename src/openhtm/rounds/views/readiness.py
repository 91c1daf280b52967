"""The readiness board, the page of a check, and its labels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.documents.responses import pdf_response
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.asking import base_url
from openhtm.inventory.models import LabelTemplate
from openhtm.inventory.services.label_templates import chosen_template
from openhtm.inventory.services.labels import labels_pdf
from openhtm.rounds import shown
from openhtm.rounds.models import ReadinessEntry
from openhtm.rounds.queries import readiness as queries
from openhtm.rounds.rules.slots import SlotState
from openhtm.rounds.services.labels import check_labels
from openhtm.rounds.views.common import at_facility, tab, who
from openhtm.sites.models import Department
from openhtm.ui import lists

ON_THE_BOARD = 200
LEGEND = (("done", "Done"), ("problem", "Done with a problem"), ("missed", "Missed"), ("open", "Open now"))


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Every check by department, with its strip of gaps. Flat: as many statements for one check as for two hundred."""
    actor, now = who(request), timezone.now()
    require(actor, Permission.DO_READINESS)
    department = _number(request, "department")
    found = queries.checks(actor, q=lists.text_of(request, "q"), department_id=department)
    found = found.annotate(owner=Coalesce("department__name", Value("")))
    page = keyset_page(
        found, order=("owner", "name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request, default=ON_THE_BOARD)
    )
    rows = queries.lines(page.rows, now=now)
    chosen = Department.objects.visible_to(actor).filter(pk=department).first() if department else None
    facts = {
        "groups": [(name, [shown.row(line, now=now) for line in group]) for name, group in queries.by_department(rows)],
        "figures": _figures(rows),
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="checks"),
        "chips": lists.chips(
            request, [("q", "matching", lists.text_of(request, "q")), ("department", "of", chosen.name if chosen else "")]
        ),
        "tabs": tabs("rounds:readiness", may_manage=actor.may(Permission.MANAGE_READINESS)),
        "may_manage": actor.may(Permission.MANAGE_READINESS),
        "may_print": actor.may(Permission.PRINT_LABELS),
        "legend": LEGEND,
        "q": lists.text_of(request, "q"),
    }
    return render(request, "rounds/readiness.html", facts)


def tabs(current: str, *, may_manage: bool) -> list[Any]:
    named = [("Board", "rounds:readiness"), ("My PIN", "rounds:readiness-pin")]
    named += [("Unit codes", "rounds:unit-codes")] if may_manage else []
    return [tab(label, reverse(route), current=route == current) for label, route in named]


def _figures(rows: Sequence[queries.Line]) -> list[tuple[int, str, str]]:
    problems = sum(1 for line in rows if line.last is not None and line.last.problem)
    return [
        (sum(1 for line in rows if line.missed_now), "missed last time", "late"),
        (sum(1 for line in rows if line.state is SlotState.OPEN), "open now", ""),
        (problems, "found with a problem", "due"),
        (sum(len(line.expiring) for line in rows), "run out within 30 days", "due"),
    ]


@require_safe
def check_page(request: HttpRequest, code: str) -> HttpResponse:
    """One check: its strip, what was answered, and who did it."""
    actor, now = who(request), timezone.now()
    require(actor, Permission.DO_READINESS)
    check = get_object_or_404(queries.checks(actor, active=None), code=code.upper())
    [line] = queries.lines([check], now=now)
    entries = ReadinessEntry.objects.filter(check_done=check).select_related("work_order")
    page = keyset_page(entries, order=("-done_at", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request, default=30))
    questions = queries.questions_of(check)
    with at_facility(check.facility):
        facts = {
            "check": check,
            "row": shown.row(line, now=now),
            "gaps": _gaps(line),
            "questions": questions,
            "entries": [(entry, _answers(questions, entry)) for entry in page.rows],
            "pager": lists.pager(request, page, noun="checks done"),
            "legend": LEGEND,
            "trail": [("Readiness", reverse("rounds:readiness"))],
            "may_manage": actor.may(Permission.MANAGE_READINESS, at=check.facility_id),
            "may_print": actor.may(Permission.PRINT_LABELS, at=check.facility_id),
        }
        return render(request, "rounds/check.html", facts)


def _gaps(line: queries.Line) -> list[tuple[dt.datetime, dt.datetime]]:
    """Missed periods of the strip, the newest first."""
    return [(slot.start, slot.end) for slot, state in reversed(line.strip) if state is SlotState.MISSED]


def _answers(questions: Sequence[queries.Question], entry: ReadinessEntry) -> list[tuple[str, str]]:
    return [(one.text, shown.answer_words(one, entry.answers.get(one.key))) for one in questions]


@require_safe
def labels(request: HttpRequest) -> HttpResponse:
    """Choose checks and a label size."""
    actor = who(request)
    require(actor, Permission.PRINT_LABELS)
    found = queries.checks(actor, department_id=_number(request, "department"))
    chosen = {code.upper() for code in request.GET.getlist("code")}
    context = {
        "checks": [(check, not chosen or check.code in chosen) for check in found[:1000]],
        "templates": list(LabelTemplate.objects.all()),
        "trail": [("Readiness", reverse("rounds:readiness"))],
    }
    return render(request, "rounds/labels.html", context)


@require_safe
def labels_as_pdf(request: HttpRequest) -> HttpResponseBase:
    actor = who(request)
    require(actor, Permission.PRINT_LABELS)
    codes = [code.replace("\0", "")[:12] for code in request.GET.getlist("code")]
    made = check_labels(actor=actor, codes=codes, base_url=base_url(request))
    template = chosen_template(_number(request, "template"))
    start = _number(request, "start") or 1
    return pdf_response(labels_pdf(labels=made, template=template, start=start, now=timezone.now()), "Readiness labels.pdf")


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


urlpatterns = [
    path("readiness", board, name="readiness"),
    path("readiness/labels", labels, name="readiness-labels"),
    path("readiness/labels.pdf", labels_as_pdf, name="readiness-labels-pdf"),
    path("readiness/c/<place:code>", check_page, name="readiness-check"),
]
