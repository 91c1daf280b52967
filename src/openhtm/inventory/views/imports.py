"""The import wizard: upload, how the file is read, the check, every problem, the difference, and applying."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.pagination import BadCursor, keyset_page
from openhtm.exchange.models import ImportRow, ImportRun, RowAction, RunStatus
from openhtm.exchange.rules.guard import guarded
from openhtm.exchange.rules.mapping import IGNORE, ColumnMap, Profile
from openhtm.exchange.services import imports, reading, running
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.addresses import device_url
from openhtm.inventory.models import Device
from openhtm.inventory.rules.device_fields import LABELS
from openhtm.inventory.rules.import_fields import FIELDS_OF, device_fields
from openhtm.sites.models import Facility
from openhtm.ui import lists
from openhtm.ui.parts import JobState, Tab

ROWS = 50
_LABELS = {field.code: field.label for field in device_fields()}
_ORDER = {field.code: place for place, field in enumerate(device_fields())}
_TONES = {
    RowAction.CREATE: "ok", RowAction.UPDATE: "info", RowAction.UNCHANGED: "hold", RowAction.CONFLICT: "due", RowAction.REFUSED: "late",
}  # fmt: skip
_FIGURES = (
    ("create", "created", "to add", "added"), ("update", "updated", "to change", "changed"), ("unchanged", "unchanged", "unchanged", "unchanged"),
    ("conflict", "conflicts", "in conflict", "in conflict"), ("refused", "refused", "refused", "refused"),
)  # fmt: skip


def who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@require_safe
def import_list(request: HttpRequest) -> HttpResponse:
    """Every import the actor may work on, newest first."""
    actor = who(request)
    require(actor, Permission.IMPORT_DEVICES)
    found = ImportRun.objects.visible_to(actor).select_related("facility", "created_by", "profile")
    try:
        page = keyset_page(found, order=("-created_at", "-pk"), cursor=request.GET.get("cursor"), limit=ROWS)
    except BadCursor:
        page = keyset_page(found, order=("-created_at", "-pk"), limit=ROWS)
    busy = imports.worked_on([run.pk for run in page.rows if run.status in imports.BUSY])
    rows = [(run, _state_words(run, run.pk in busy), imports.problem_counts(run)) for run in page.rows]
    return render(request, "inventory/imports.html", {"rows": rows, "pager": lists.pager(request, page, noun="imports")})


def _state_words(run: ImportRun, busy: bool) -> tuple[str, str]:
    state = RunStatus.FAILED if run.status in imports.BUSY and not busy else RunStatus(run.status)
    tone = {RunStatus.APPLIED: "ok", RunStatus.FAILED: "late", RunStatus.CANCELLED: "hold", RunStatus.CHECKED: "due"}.get(state, "info")
    return tone, state.label


@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    """Upload a file."""
    actor = who(request)
    require(actor, Permission.IMPORT_DEVICES)
    error = ""
    if request.method == "POST":
        upload, code = request.FILES.get("file"), request.POST.get("facility", "")
        try:
            if upload is None:
                raise Invalid({"": ["Choose a file."]})
            facility = _facility(actor, code)
            run = imports.create_run(
                actor=actor,
                content=upload,
                file_name=upload.name or "file",
                facility_id=facility.pk if facility else None,
                profile=request.POST.get("profile") or None,
            )
        except DomainError as refusal:
            if refusal.status in (403, 404):
                raise
            error = refusal.sentence
        else:
            return redirect("inventory:import-map", run.public_id)
    context = {"error": error, "choices": _facilities(actor), "everywhere": actor.may_everywhere(Permission.IMPORT_DEVICES)}
    context |= {"profiles": sorted((code, one.label or code) for code, one in reading.saved_profiles("devices").items())}
    return render(request, "inventory/import_new.html", context, status=422 if error else 200)


def _facilities(actor: Actor) -> list[Facility]:
    allowed = actor.facilities_for(Permission.IMPORT_DEVICES)
    found = Facility.objects.visible_to(actor).filter(active=True)
    return list(found if allowed is None else found.filter(pk__in=allowed))


def _facility(actor: Actor, code: str) -> Facility | None:
    """The facility chosen, or the only one possible. Raises Invalid, Facility.DoesNotExist."""
    choices = _facilities(actor)
    if code:
        found = next((one for one in choices if one.code == code), None)
        if found is None:
            raise Facility.DoesNotExist
        return found
    if len(choices) == 1:
        return choices[0]
    if not actor.may_everywhere(Permission.IMPORT_DEVICES):
        raise Invalid({"": ["Choose the facility where these devices stand."]})
    return None


@require_http_methods(["GET", "POST"])
def import_map(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Sheet, header row and what each column means; saved as a profile if wanted."""
    actor = who(request)
    run = imports.visible_run(actor=actor, public_id=public_id)
    error, status = "", 200
    if request.method == "POST":
        try:
            profile = _posted_profile(run, request.POST)
            if "again" in request.POST:
                return redirect(reverse("inventory:import-map", args=[run.public_id]) + "?" + _place(request.POST))
            imports.configure_run(
                actor=actor, public_id=run.public_id, profile=profile, save_as=request.POST.get("save_as", "").strip()[:120]
            )
            imports.request_check(actor=actor, public_id=run.public_id)
            return redirect("inventory:import", run.public_id)
        except DomainError as refusal:
            error, status = refusal.sentence, refusal.status
    sheet, row = request.GET.get("sheet") or None, request.GET.get("header_row", "")
    proposal = reading.propose(
        run,
        profile=None if sheet or row else reading.profile_of(run),
        sheet=sheet,
        header_row=int(row) if row.isdecimal() and len(row) < 7 else None,
    )
    context = {
        "run": run,
        "proposal": proposal,
        "error": error,
        "fields": [(field.code, field.label) for field in device_fields()],
        "columns": [(place, one, _LABELS.get(one.field, one.field)) for place, one in enumerate(proposal.columns)],
        "may_change": imports.effective_status(run) in imports.RECHECKABLE,
        "key_order": ", ".join(proposal.profile.key_order),
        "policies": [("create", "add them"), ("warn", "leave the field empty"), ("refuse", "refuse the row")],
    }
    return render(request, "inventory/import_map.html", context, status=status)


def _place(posted: QueryDict) -> str:
    wanted = QueryDict(mutable=True)
    for name in ("sheet", "header_row"):
        wanted[name] = posted.get(name, "")[:200]
    return wanted.urlencode()


def _posted_profile(run: ImportRun, posted: QueryDict) -> Profile:
    """The profile as adjusted on the page: its columns from the form, everything else as it was. Raises BadProfile."""
    base = reading.profile_of(run)
    row = posted.get("header_row", "")
    hints = {(one.column, one.field): one for one in base.mapping}
    titles = {one.column: one for one in base.mapping}
    mapping = []
    for column, field in zip(posted.getlist("column")[:512], posted.getlist("field")[:512], strict=False):
        kept = hints.get((column, field)) or next((one for (_c, f), one in hints.items() if f == field and column.endswith(_c)), None)
        mapping.append(replace(kept, column=column) if kept and field != IGNORE else ColumnMap(column, field))
    extra = [one for one in base.mapping if one.only_labelled and one.column in titles]  # a second meaning of a column is kept
    changed = replace(
        base,
        mapping=tuple(mapping + [one for one in extra if one not in mapping]) or base.mapping,
        sheet=posted.get("sheet") or base.sheet,
        header_row=int(row) if row.isdecimal() and len(row) < 7 else base.header_row,
        date_order=posted.get("date_order") or None,
        on_missing=posted.get("on_missing") or base.on_missing,
        on_new_model=posted.get("on_new_model") or base.on_new_model,
        missing_words=tuple(word.strip() for word in posted.get("missing_words", "").split(",") if word.strip()) or base.missing_words,
    )
    return Profile.from_json(json.dumps(reading.definition_of(changed)))


@require_safe
def import_page(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Where the import stands, its figures, and the rows behind them."""
    actor = who(request)
    run = imports.visible_run(actor=actor, public_id=public_id)
    job = _job(run)
    if request.headers.get("HX-Request") and request.GET.get("part") == "job":
        answer = render(request, "inventory/import_job.html", {"state": job})
        if not job.moving:
            answer["HX-Redirect"] = reverse("inventory:import", args=[run.public_id])
        return answer
    context: dict[str, Any] = {"run": run, "job": job, "counts": imports.problem_counts(run), "plan": _plan_words(run)}
    context["columns_url"] = reverse("inventory:import-map", args=[run.public_id])
    if run.counts:
        context |= _rows_context(request, run)
    context["may_apply"] = run.status == RunStatus.CHECKED and not job.moving and running.rows_changed(run)
    context["may_check"] = imports.effective_status(run) in imports.RECHECKABLE and not job.moving
    return render(request, "inventory/import.html", context)


def _job(run: ImportRun) -> JobState:
    here = reverse("inventory:import", args=[run.public_id])
    state = imports.effective_status(run)
    waiting = run.progress_text == imports.WAITING and state not in imports.BUSY
    word = "waiting" if waiting else _JOB_STATES[RunStatus(state)]
    failure = imports.ABANDONED if state == RunStatus.FAILED and run.status != state else run.failure
    title = {RunStatus.APPLYING: "Writing the devices", RunStatus.APPLIED: "Written"}.get(RunStatus(state), "Checking the file")
    return JobState(
        title=title,
        state=word,
        done=run.progress_done,
        total=run.progress_total or None,
        step=run.progress_text,
        poll_url=f"{here}?part=job",
        cancel_url=reverse("inventory:import-cancel", args=[run.public_id]),
        problem=failure,
    )


_JOB_STATES = {
    RunStatus.UPLOADED: "done", RunStatus.CHECKING: "running", RunStatus.CHECKED: "done", RunStatus.APPLYING: "running",
    RunStatus.APPLIED: "done", RunStatus.CANCELLED: "cancelled", RunStatus.FAILED: "failed",
}  # fmt: skip


def _plan_words(run: ImportRun) -> list[tuple[str, list[str]]]:
    """What the file adds besides devices, by kind."""
    plan = run.plan
    models = [" ".join(part for part in one[:3] if part) or "model unknown" for one in plan.get("models", ()) if one]
    found = [
        ("models", models),
        ("manufacturers", plan.get("manufacturers", [])),
        ("departments", [one[1] for one in plan.get("departments", ()) if one]),
        ("places", [" › ".join(one[1]) for one in plan.get("locations", ()) if one]),
        ("service providers", [one for one in plan.get("providers", ()) if one]),
        ("site fields", [one[1] for one in plan.get("site_fields", ())]),
    ]
    return [(name, entries) for name, entries in found if entries]


def _rows_context(request: HttpRequest, run: ImportRun) -> dict[str, Any]:
    shown = request.GET.get("show", "problems" if imports.problem_counts(run)["refused"] else "")
    rows = ImportRow.objects.filter(run=run)
    if shown in RowAction.values:
        rows = rows.filter(action=shown)
    elif shown == "problems":
        rows = rows.exclude(problems=[])
    try:
        page = keyset_page(rows, order=("row_number",), cursor=request.GET.get("cursor"), limit=ROWS)
    except BadCursor:
        page = keyset_page(rows, order=("row_number",), limit=ROWS)
    numbers = dict(Device.objects.filter(pk__in=[row.target_id for row in page.rows if row.target_id]).values_list("pk", "control_number"))
    here = reverse("inventory:import", args=[run.public_id])
    counts = imports.problem_counts(run)
    tabs = [Tab(label="All rows", url=f"{here}?show=all", current=shown == "all", count=counts["read"])]
    tabs.append(Tab(label="With remarks", url=f"{here}?show=problems", current=shown == "problems"))
    applied = run.status == RunStatus.APPLIED
    figures = []
    for action, name, before, after in _FIGURES:
        figures.append(
            (counts[name], after if applied else before, f"{here}?show={action}", "late" if action == "refused" and counts[name] else "")
        )
    return {
        "figures": figures,
        "tabs": tabs,
        "rows": [_shown_row(row, numbers) for row in page.rows],
        "pager": lists.pager(request, page, noun="rows"),
    }


def _place_of(name: str) -> tuple[int, str]:
    """Where a field stands: as the mapping lists the fields, then what has no field of its own, site fields last."""
    code = FIELDS_OF.get(name, name)
    return (_ORDER[code] if code in _ORDER else len(_ORDER) + name.startswith("custom:"), name)


def _shown_change(name: str, old: Any, new: Any) -> tuple[str, Any, Any]:
    code = FIELDS_OF.get(name, name)
    label = _LABELS.get(code) or LABELS.get(name) or name.removeprefix("custom:")
    if name.endswith("_cents"):
        old, new = (None if cents is None else f"{cents / 100:,.2f}" for cents in (old, new))
    return label, old, new


def _shown_row(row: ImportRow, numbers: dict[int, str]) -> dict[str, Any]:
    number = numbers.get(row.target_id or 0, "")
    action = RowAction(row.action)
    changes = [_shown_change(name, old, new) for name, (old, new) in sorted(row.difference.items(), key=lambda one: _place_of(one[0]))]
    return {
        "number": row.row_number,
        "tone": _TONES[action],
        "word": action.label,
        "device": number or (row.values.get("set") or {}).get("control_number", ""),
        "url": device_url(number) if number else "",
        "matched_by": row.matched_by.replace("_", " ").replace("+", " and "),
        "changes": changes,
        "is_new": action == RowAction.CREATE,
        "problems": row.problems,
        "evidence": list((row.values.get("evidence") or {}).values()),
        "source": row.source,
    }


@require_safe
def import_problems(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Every problem and warning as CSV, to be mended beside the file."""
    run = imports.visible_run(actor=who(request), public_id=public_id)
    response = StreamingHttpResponse(_problem_lines(run), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="import-problems.csv"'
    return response


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _problem_lines(run: ImportRun) -> Iterator[str]:
    writer = csv.writer(_Line(), lineterminator="\r\n")
    yield "\ufeff" + writer.writerow(["row", "column", "value", "severity", "message"])
    rows = ImportRow.objects.filter(run=run).exclude(problems=[]).order_by("row_number").values_list("row_number", "problems")
    for number, problems in rows.iterator(chunk_size=2000):
        for one in problems:
            cells = [guarded(str(one[name])) for name in ("column", "value", "severity", "message")]
            yield writer.writerow([number, *cells])


@require_POST
def import_check(request: HttpRequest, public_id: UUID) -> HttpResponse:
    run = imports.request_check(actor=who(request), public_id=public_id)
    return redirect("inventory:import", run.public_id)


@require_POST
def import_apply(request: HttpRequest, public_id: UUID) -> HttpResponse:
    run = imports.request_apply(actor=who(request), public_id=public_id)
    return redirect("inventory:import", run.public_id)


@require_POST
def import_cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    run = imports.cancel_run(actor=who(request), public_id=public_id)
    messages.success(request, "The import was stopped." if run.status == RunStatus.CANCELLED else "The import stops at its next step.")
    return redirect("inventory:import", run.public_id)


urlpatterns: list[URLPattern] = [
    path("imports", import_list, name="import-list"),
    path("imports/new", import_new, name="import-new"),
    path("imports/<uuid:public_id>", import_page, name="import"),
    path("imports/<uuid:public_id>/columns", import_map, name="import-map"),
    path("imports/<uuid:public_id>/problems.csv", import_problems, name="import-problems"),
    path("imports/<uuid:public_id>/check", import_check, name="import-check"),
    path("imports/<uuid:public_id>/apply", import_apply, name="import-apply"),
    path("imports/<uuid:public_id>/cancel", import_cancel, name="import-cancel"),
]
