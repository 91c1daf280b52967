"""Pages of testers' files: bringing one, what it becomes, and storing it."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.documents.responses import inert_response
from openhtm.exchange.rules.guard import guarded
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures.rules.units import symbol
from openhtm.sites.models import Facility
from openhtm.testers.models import Tester
from openhtm.traceability.forms import FileForm
from openhtm.traceability.models import FileTest
from openhtm.traceability.queries import files as queries
from openhtm.traceability.rules.expecting import REPEATED
from openhtm.traceability.rules.matching import METHODS
from openhtm.traceability.rules.states import STATE_LABELS, STATE_TONES, WAITING, State
from openhtm.traceability.services import files as services
from openhtm.traceability.services import mappings
from openhtm.ui import lists, parts
from openhtm.ui.editing import add_refusal
from openhtm.workorders.models import TesterFile
from openhtm.workorders.services.tester_files import MAX_BYTES

PAGE_ROWS = 25
VERDICT_TONES = {"pass": "ok", "fail": "late", "invalid": "hold", REPEATED: "hold", "recorded": "info"}
VERDICT_WORDS = {"pass": "Pass", "fail": "Fail", "invalid": "Does not count", REPEATED: "Repeated", "recorded": "Recorded"}
TABS = (("", "All", "tests"), ("waiting", "To settle", "waiting"), ("ready", "Ready", "ready"), ("done", "Stored", "done"))


def who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@require_safe
def file_list(request: HttpRequest) -> HttpResponse:
    """Files of testers, newest first, with what is still to be done. Four statements."""
    actor = who(request)
    require(actor, Permission.VIEW_TESTERS)
    found = queries.tester_files(actor)
    page = keyset_page(found, order=("-received_at", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    counts = queries.counts_of(page.rows)
    facts = {
        "rows": [(one, counts[one.pk], address(one), _standing(one, counts[one.pk])) for one in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="files"),
        "may_add": actor.may(Permission.DO_WORK),
    }
    return render(request, "traceability/file_list.html", facts)


def _standing(file: TesterFile, counts: dict[str, int]) -> tuple[str, str]:
    """Return tone and words for a whole file."""
    if not file.counts.get("rows"):
        return "late", "Nothing could be read"
    if counts["ready"]:
        return "info", f"{counts['ready']:,} ready to store"
    if counts["waiting"]:
        return "due", f"{counts['waiting']:,} to settle"
    return "ok", "Done"


@require_http_methods(["GET", "HEAD", "POST"])
def file_add(request: HttpRequest) -> HttpResponse:
    """Bring a file."""
    actor = who(request)
    require(actor, Permission.DO_WORK)
    sent = (request.POST,) if request.method == "POST" else ()
    form = FileForm(
        *sent, mappings=[(one.mapping.code, one.mapping.title) for one in mappings.choices()], facilities=_facilities(actor),
        testers=_testers(actor), initial={"tester": lists.text_of(request, "tester"), "mapping": lists.text_of(request, "mapping")},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            return HttpResponseRedirect(address(_receive(request, actor, form.cleaned_data)))
        except DomainError as refusal:
            if refusal.status == 403:
                raise
            add_refusal(form, refusal)
    context = {"form": form, "trail": _trail(("Import a file", ""))}
    return render(request, "traceability/file_add.html", context, status=422 if request.method == "POST" else 200)


def _receive(request: HttpRequest, actor: Actor, values: dict[str, Any]) -> TesterFile:
    upload = request.FILES.get("file")
    if upload is None:
        raise Invalid({"": ["Choose the file that the tester wrote."]})
    code = values["facility"]
    file, new = services.receive_file(
        actor=actor, content=upload.read(MAX_BYTES + 1), file_name=upload.name or "file", mapping=values["mapping"], tester=values["tester"],
        facility_id=services.find_facility(actor=actor, code=code).pk if code else None,
    )  # fmt: skip
    if not new:
        messages.info(request, "This file is known. It was checked again; nothing was added.")
    return file


def _facilities(actor: Actor) -> list[tuple[str, str]]:
    allowed = actor.facilities_for(Permission.DO_WORK)
    found = Facility.objects.visible_to(actor).filter(active=True)
    return [(one.code, one.name) for one in (found if allowed is None else found.filter(pk__in=allowed))]


def _testers(actor: Actor) -> list[tuple[str, str]]:
    found = Tester.objects.visible_to(actor).filter(active=True).select_related("device__device_model__manufacturer")
    return [
        (one.device.control_number, f"{one.device.control_number} {one.device.device_model}")
        for one in found.order_by("device__control_number")[:500]
    ]


@require_safe
def file_page(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Every test of a file with its rows: where it goes, the limits, what is wrong. A fixed number of statements."""
    actor = who(request)
    require(actor, Permission.VIEW_TESTERS)
    file = get_object_or_404(queries.tester_files(actor).select_related("file"), uid=uid)
    stated = lists.text_of(request, "stated")
    unused = stated == "unused"
    counts = queries.counts_of([file])[file.pk]
    may = actor.may(Permission.DO_WORK, at=file.facility_id)
    facts: dict[str, Any] = {
        "file": file, "counts": counts, "trail": _trail((file.file_name, "")), "tabs": _tabs(file, counts, stated), "facts": _facts(file),
        "standing": _standing(file, counts), "may": may, "may_open": may and actor.may(Permission.ADD_WORK, at=file.facility_id),
        "lacking_order": counts["waiting"] and FileTest.objects.filter(file=file, state=State.ORDER.value).exists(),
        "testers": _testers(actor) if may and counts["waiting"] else [], "unused": unused,
    }  # fmt: skip
    if unused:
        page = keyset_page(queries.unused_rows(file), order=("position",), cursor=request.GET.get("cursor"), limit=PAGE_ROWS * 2)
        facts |= {"rows": page.rows, "pager": lists.pager(request, page, noun="rows")}
    else:
        found = queries.tests_of(file, stated=stated)
        page = keyset_page(found, order=("position",), cursor=request.GET.get("cursor"), limit=PAGE_ROWS)
        rows = queries.rows_of(page.rows)
        facts |= {
            "tests": [test_shown(actor, file, one, rows[one.pk]) for one in page.rows],
            "pager": lists.pager(request, page, noun="tests"),
        }
    with timezone.override(ZoneInfo(file.facility.time_zone)):
        return render(request, "traceability/file.html", facts)


def _tabs(file: TesterFile, counts: dict[str, int], stated: str) -> list[parts.Tab]:
    here = address(file)
    shown = [
        parts.Tab(label=label, url=f"{here}?stated={code}" if code else here, current=code == stated, count=counts[name])
        for code, label, name in TABS
    ]
    if counts["set_aside"]:
        shown.append(parts.Tab(label="Set aside", url=f"{here}?stated=set_aside", current=stated == "set_aside", count=counts["set_aside"]))
    unusable = file.counts.get("unusable", 0)
    return [*shown, parts.Tab(label="Rows not used", url=f"{here}?stated=unused", current=stated == "unused", count=unusable)]


def _facts(file: TesterFile) -> list[parts.Fact]:
    return [
        parts.Fact(label="Facility", value=file.facility.name),
        parts.Fact(label="Tester", value=file.tester and file.tester.device.control_number, mono=True, absent="as the file says"),
        parts.Fact(label="Mapping", value=file.mapping, mono=True),
        parts.Fact(label="Brought by", value=str(file.received_by or "the command line")),
        parts.Fact(label="SHA-256", value=file.file.sha256, mono=True, copy=True),
    ]


def test_shown(actor: Actor, file: TesterFile, one: FileTest, rows: list[Any]) -> dict[str, Any]:
    """What a page shows of a test; a device that a colleague of another facility matched keeps its name to itself."""
    seen = not queries.hidden_from(actor, one)
    device = one.device if seen else None
    state = State(one.state)
    result = one.result if seen else None
    goes = one.checklist if seen and state in (State.READY, State.ROWS, State.STORED) else None
    return {
        "test": one,
        "said": one.asset_number or one.serial_number or one.udi,
        "device": device,
        "device_url": f"/d/{device.control_number}" if device else "",
        "hidden": not seen,
        "how": METHODS.get(one.match, ""),
        "order": goes.work_order if goes else None,
        "order_url": reverse("workorders:checklist", args=[goes.work_order.number, goes.uid]) if goes else "",
        "tone": STATE_TONES[state],
        "label": STATE_LABELS[state],
        "waits": state in WAITING or state == State.SET_ASIDE,
        "settled": state == State.STORED,
        "verdict": (VERDICT_TONES.get(one.verdict, "info"), VERDICT_WORDS.get(one.verdict, one.verdict)) if one.verdict and seen else None,
        "sentence": one.sentence if seen else queries.HIDDEN,
        "url": reverse("traceability:test", args=[file.uid, one.uid]),
        "rows": [row_shown(row, seen=seen) for row in rows],
        "result": result,
    }


def row_shown(row: Any, *, seen: bool) -> dict[str, Any]:
    """What a page shows of a row: what it becomes only where the device may be seen."""
    read = row.read or {}
    said = read.get("said", {})
    value = " ".join(
        part for part in (read.get("sign", ""), read.get("value") or "", symbol(read["unit"]) if read.get("unit") else "") if part
    )
    return {
        "place": row.place,
        "name": said.get("test", ""),
        "value": value,
        "opinion": {"pass": "tester: pass", "fail": "tester: fail"}.get(read.get("said_verdict") or "", ""),
        "measures": row.measures if seen else "",
        "limit": row.limit if seen else "",
        "verdict": (VERDICT_TONES.get(row.verdict, "info"), VERDICT_WORDS.get(row.verdict, row.verdict)) if row.verdict and seen else None,
        "field": row.field if seen else "",
        "field_value": said.get(row.field, ""),
        "sentence": row.sentence,
        "problems": row.problems,
    }


@require_POST
def file_check(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Check again, perhaps with another tester."""
    named = request.POST.get("tester")
    try:
        services.check_file(actor=who(request), uid=uid, tester=named)
    except Invalid as refusal:
        messages.error(request, refusal.errors.get("tester", [refusal.sentence])[0])
    else:
        messages.success(request, "Checked again.")
    return _back(uid)


@require_POST
def file_orders(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Open the safety tests that are lacking."""
    opened = services.open_orders(actor=who(request), uid=uid)
    if opened:
        messages.success(request, f"{len(opened):,} safety test{'s' if len(opened) != 1 else ''} opened.")
    else:
        messages.info(request, "No order was opened: no procedure suits, or every device has one. What waits is kept.")
    return _back(uid)


@require_POST
def file_apply(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Store what is ready."""
    done = services.apply_file(actor=who(request), uid=uid)
    more = f" {len(done.corrective)} repair{'s' if len(done.corrective) != 1 else ''} opened for what failed." if done.corrective else ""
    messages.success(request, f"{done.stored:,} stored, {done.known:,} known before, {done.waiting:,} still to settle.{more}")
    return _back(uid)


@require_safe
def file_original(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """The file as it came, only ever as a download."""
    require(who(request), Permission.VIEW_TESTERS)
    file = get_object_or_404(TesterFile.objects.visible_to(who(request)).select_related("file"), uid=uid)
    return inert_response(file.file, file.file_name)


@require_safe
def file_problems(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Every problem by row and column as CSV."""
    require(who(request), Permission.VIEW_TESTERS)
    file = get_object_or_404(TesterFile.objects.visible_to(who(request)), uid=uid)
    with io.StringIO(newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("row", "column", "value", "severity", "message"))
        for one in queries.problems_of(who(request), file):
            writer.writerow([one["row"], one["column"], guarded(str(one["value"])), one["severity"], guarded(one["message"])])
        response = HttpResponse("\ufeff" + stream.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="problems-{str(file.uid)[-12:]}.csv"'
    return response


def address(file: TesterFile) -> str:
    return reverse("traceability:file", args=[file.uid])


def _back(uid: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("traceability:file", args=[uid]))


def _trail(*steps: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Testers", reverse("testers:tester-list")), ("Files", reverse("traceability:file-list")), *steps]


urlpatterns = [
    path("testers/files", file_list, name="file-list"),
    path("testers/files/add", file_add, name="file-add"),
    path("testers/files/<uuid:uid>", file_page, name="file"),
    path("testers/files/<uuid:uid>/check", file_check, name="file-check"),
    path("testers/files/<uuid:uid>/orders", file_orders, name="file-orders"),
    path("testers/files/<uuid:uid>/apply", file_apply, name="file-apply"),
    path("testers/files/<uuid:uid>/original", file_original, name="file-original"),
    path("testers/files/<uuid:uid>/problems.csv", file_problems, name="file-problems"),
]
