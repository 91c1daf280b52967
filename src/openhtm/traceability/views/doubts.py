"""A tester in doubt: what it judged since it was last good, the worst first, and the work that follows."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from openhtm.core.errors import Invalid
from openhtm.core.pagination import keyset_page
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.traceability.queries import doubts as queries
from openhtm.traceability.queries.doubts import Finding
from openhtm.traceability.rules.doubts import FARTHEST_PPM, RANK_LABELS, RANK_TONES, Rank
from openhtm.traceability.services import doubts as services
from openhtm.traceability.services import exporting
from openhtm.traceability.views.files import VERDICT_TONES, VERDICT_WORDS, who
from openhtm.ui import lists, parts
from openhtm.workorders.models import Result
from openhtm.workorders.rules.kinds import STATUS_LABELS, STATUS_TONES, Status

TABS = (
    ("", "Devices", "devices"),
    ("none", "Without work", "without"),
    ("open", "Work under way", "open"),
    ("done", "Tested again", "done"),
)
SHOW_RESULTS = "results"


@require_safe
def doubt_page(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Devices or results in doubt because of one finding. About ten statements, whatever their number."""
    actor = who(request)
    require(actor, Permission.VIEW_TESTERS)
    finding = queries.finding_of(actor, uid)
    error, wrong = _supposed(request.GET.get("error", ""))
    found = queries.results_in_doubt(actor, finding, error_percent=error)
    figures = queries.figures(found, finding)
    view, close = lists.text_of(request, "view"), request.GET.get("close") == "1"
    facts: dict[str, Any] = {
        "finding": finding, "tester": finding.tester, "trail": _trail(finding), "figures": _figures(request, figures), "counts": figures,
        "tabs": _tabs(request, figures, view), "facts": _facts(finding), "error": error, "error_text": request.GET.get("error", "")[:20],
        "wrong": wrong, "view": view, "close": close, "may_open": actor.may(Permission.ADD_WORK), "all_url": lists.with_query(request, close=None), "bulk_total": figures["close"] if close else figures["devices"],
        "bulk_actions": [parts.BulkAction(name="open", label="Open an order for each", icon="plus", kind="primary")], **_progress(figures),
    }  # fmt: skip
    facts |= _results(request, found, close) if view == SHOW_RESULTS else _devices(request, found, finding, view, close)
    with timezone.override(ZoneInfo(finding.tester.device.facility.time_zone)):
        return render(request, "traceability/doubt.html", facts)


def _supposed(typed: str) -> tuple[float | None, str]:
    """Return the error in percent that somebody supposes, and what is wrong with what they typed."""
    text = typed.replace(",", ".").strip()[:20]
    if not text:
        return None, ""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    return (value, "") if 0 <= value <= 1000 else (None, "Give the error in percent of the reading, from 0 to 1000.")


def _figures(request: HttpRequest, counts: dict[str, int]) -> list[tuple[int, str, str, str]]:
    here = lists.with_query(request, view=None, close=None)
    return [
        (counts["results"], "results judged by it", lists.with_query(request, view=SHOW_RESULTS, close=None), ""),
        (counts["devices"], "devices in doubt", here, ""),
        (counts["close"], "could be otherwise", lists.with_query(request, view=None, close="1"), "late" if counts["close"] else ""),
        (counts["without"], "without work", lists.with_query(request, view="none", close=None), "due" if counts["without"] else ""),
        (counts["open"], "under way", lists.with_query(request, view="open", close=None), ""),
        (counts["done"], "tested again", lists.with_query(request, view="done", close=None), ""),
    ]


def _progress(counts: dict[str, int]) -> dict[str, Any]:
    """How far the work is: of all devices in doubt, those tested again."""
    share = round(100 * counts["done"] / counts["devices"]) if counts["devices"] else 0
    words = f"{counts['done']:,} of {counts['devices']:,} devices tested again, {counts['open']:,} under way, {counts['without']:,} without work"
    return {"progress": share, "progress_words": words}


def _tabs(request: HttpRequest, counts: dict[str, int], view: str) -> list[parts.Tab]:
    shown = [
        parts.Tab(label=label, url=lists.with_query(request, view=code or None, close=None), current=code == view, count=counts[name])
        for code, label, name in TABS
    ]
    if counts["dropped"]:
        url = lists.with_query(request, view="dropped", close=None)
        shown.append(parts.Tab(label="Work cancelled", url=url, current=view == "dropped", count=counts["dropped"]))
    url = lists.with_query(request, view=SHOW_RESULTS, close=None)
    return [*shown, parts.Tab(label="Results", url=url, current=view == SHOW_RESULTS, count=counts["results"])]


def _facts(finding: Finding) -> list[parts.Fact]:
    made = finding.calibration
    return [
        parts.Fact(label="Found on", value=f"{made.performed_on:%d %b %Y}"),
        parts.Fact(
            label="Last good on",
            value=f"{finding.since_on:%d %b %Y}" if finding.since_on else None,
            absent="never: all it ever measured is in doubt",
        ),
        parts.Fact(
            label="Largest error",
            value=None if made.error_percent is None else f"{made.error_percent:g} % of the reading",
            absent="not recorded",
        ),
        parts.Fact(label="As found", value=made.as_found, absent="not recorded"),
        parts.Fact(label="Certificate", value=made.certificate_number, mono=True),
        parts.Fact(label="Laboratory", value=made.laboratory),
    ]


def _devices(request: HttpRequest, found: Any, finding: Finding, view: str, close: bool) -> dict[str, Any]:
    rows = queries.devices_in_doubt(found, finding, work=view, close=close)
    page = keyset_page(rows, order=("worst", "nearest", "key"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    keys = [row["key"] for row in page.rows]
    devices = queries.devices_by_key(who(request), keys)
    worst, orders = queries.worst_results(found, keys), queries.orders_of(finding, keys)
    again = queries.passed_since(finding, worst)
    shown = [
        {
            "device": devices.get(row["key"]),
            "results": row["results"],
            "results_url": lists.with_query(request, view=SHOW_RESULTS, close=None),
            "rank": (RANK_TONES[Rank(row["worst"])], RANK_LABELS[Rank(row["worst"])]),
            "worst": _result(worst[row["key"]]) if row["key"] in worst else None,
            "again": again.get(row["key"]),
            "order": _order(orders[row["key"]].order) if row["key"] in orders else None,
        }
        for row in page.rows
    ]
    return {"devices": shown, "pager": lists.pager(request, page, noun="devices")}


def _order(order: Any) -> dict[str, Any]:
    status = Status(order.status)
    return {
        "name": str(order),
        "url": reverse("workorders:order", args=[order.number]),
        "tone": STATUS_TONES[status],
        "label": STATUS_LABELS[status],
    }


def _results(request: HttpRequest, found: Any, close: bool) -> dict[str, Any]:
    rows = queries.shown_results(found.filter(rank__lte=int(Rank.CLOSE)) if close else found)
    page = keyset_page(rows, order=("rank", "margin", "uid"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    return {"results": [_result(one) for one in page.rows], "pager": lists.pager(request, page, noun="results")}


def _result(one: Result) -> dict[str, Any]:
    rank = Rank(one.rank)  # type: ignore[attr-defined]  # annotated
    return {
        "result": one,
        "device": one.device,
        "rank": (RANK_TONES[rank], RANK_LABELS[rank]),
        "verdict": (VERDICT_TONES.get(one.verdict, "info"), VERDICT_WORDS.get(one.verdict, one.verdict)),
        "reading": one.entered or (f"{one.number:g} {one.unit}".strip() if one.number is not None else ""),
        "limit": one.limit.get("words") or one.limit.get("source", ""),
        "margin": margin_words(one.margin),  # type: ignore[attr-defined]  # annotated
        "order_url": reverse("workorders:order", args=[one.work_order.number]),
        "order": str(one.work_order),
    }


def margin_words(ppm: int) -> str:
    """Return a margin in percent of the reading; empty where there is none to compare with."""
    if ppm > FARTHEST_PPM:
        return ""
    return f"{ppm / 10_000:.1f} %" if ppm < 10_000_000 else "over 1000 %"


@require_POST
def doubt_open(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Turn the selected devices into work, or all of them."""
    actor, everything = who(request), request.POST.get("everything") == "1"
    error = _supposed(request.POST.get("error", ""))[0]
    try:
        opened = services.open_doubt_orders(
            actor=actor, calibration=uid, devices=None if everything else request.POST.getlist("selected"),
            close=request.POST.get("close") == "1", error_percent=error,
        )  # fmt: skip
    except Invalid as refusal:
        messages.error(request, refusal.errors.get("devices", [refusal.sentence])[0])
    else:
        words = (
            f"{len(opened):,} order{'s' if len(opened) != 1 else ''} opened."
            if opened
            else "They have their orders already; none was opened."
        )
        messages.success(request, words)
    return HttpResponseRedirect(reverse("traceability:doubt", args=[uid]))


@require_safe
def doubt_export(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """Every result in doubt as CSV or XLSX, the worst first."""
    actor, kind = who(request), request.GET.get("format", "csv")
    require(actor, Permission.VIEW_TESTERS)
    finding = queries.finding_of(actor, uid)
    if kind not in ("csv", "xlsx"):
        raise Http404
    error, _ = _supposed(request.GET.get("error", ""))
    found = queries.results_in_doubt(actor, finding, error_percent=error)
    return exporting.doubts_response(actor=actor, finding=finding, found=found, kind=kind, now=timezone.now())


def _trail(finding: Finding) -> list[tuple[str, str]]:
    number = finding.tester.device.control_number
    return [
        ("Testers", reverse("testers:tester-list")),
        (number, reverse("testers:tester", args=[finding.tester.pk])),
        (f"Found on {finding.until_on:%d %b %Y}", ""),
    ]


urlpatterns = [
    path("testers/findings/<uuid:uid>", doubt_page, name="doubt"),
    path("testers/findings/<uuid:uid>/orders", doubt_open, name="doubt-open"),
    path("testers/findings/<uuid:uid>/export", doubt_export, name="doubt-export"),
]
