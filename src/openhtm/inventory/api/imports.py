"""Imports and exports over the API: the same steps as the pages."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from ninja import File, Form, Query, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Cursor, Limit, PageOut, Short, Text
from openhtm.exchange.models import ImportRow, ImportRun
from openhtm.exchange.rules.mapping import Profile
from openhtm.exchange.services import imports, reading
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.api.devices import DeviceQuery, actor_of
from openhtm.inventory.queries import filters
from openhtm.inventory.services import exporting
from openhtm.sites.models import Facility

router = Router(tags=["imports"])
ProfileCode = Annotated[Text, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9-]+$")]
ActionCode = Literal["create", "update", "unchanged", "conflict", "refused"]


class Counts(Schema):
    """Rows by outcome; zero before the check."""

    read: int
    created: int
    updated: int
    unchanged: int
    conflicts: int
    refused: int
    warnings: int


class RunOut(Schema):
    """An import and where it stands."""

    id: UUID
    file_name: str
    facility: str | None = Field(description="Code; null: the file names the facility of each row.")
    status: Literal["uploaded", "checking", "checked", "applying", "applied", "cancelled", "failed"]
    waiting: bool = Field(description="A job is queued for it.")
    progress_done: int
    progress_total: int
    progress_text: str
    failure: str = Field(description="Why it failed, in words.")
    counts: Counts
    adds: dict[str, int] = Field(description="What it adds besides devices, by kind.")
    profile: dict[str, Any] = Field(description="How the file is read.")
    created_at: dt.datetime
    finished_at: dt.datetime | None


class RunList(PageOut):
    items: list[RunOut]


class ImportProblemOut(Schema):
    column: str
    field: str
    value: str
    severity: Literal["error", "warning"]
    code: str
    message: str


class RowOut(Schema):
    """One row of the file: what it does and why."""

    row: int
    action: ActionCode
    matched_by: str
    difference: dict[str, Any] = Field(description="{field: [before, after]}")
    problems: list[ImportProblemOut]
    source: dict[str, Any] = Field(description="The cells by column, as in the file.")


class RowList(PageOut):
    items: list[RowOut]


class ProfileOut(Schema):
    code: str
    label: str
    shipped: bool
    definition: dict[str, Any]


class ProfileList(Schema):
    items: list[ProfileOut]


class ProfileIn(Body):
    """A way of reading one kind of file; see docs/reference/import-file-rules.md for the parts of the definition."""

    name: Annotated[Text, Field(min_length=1, max_length=120)]
    definition: dict[str, Any]


class RunIn(Body):
    facility: Annotated[Text, Field(max_length=20)] = Field(default="", description="Code; empty: the file says, or the only one.")
    profile: Annotated[Text, Field(max_length=60)] = Field(
        default="", description="Code of a saved profile; empty: the one that fits best."
    )


def run_out(run: ImportRun) -> dict[str, Any]:
    state = imports.effective_status(run)
    adds = {
        name: sum(1 for one in run.plan.get(name, ()) if one) for name in ("models", "departments", "locations", "providers", "site_fields")
    }
    return {
        "id": run.public_id,
        "file_name": run.file_name,
        "facility": run.facility.code if run.facility else None,
        "status": state,
        "waiting": run.progress_text == imports.WAITING and state not in imports.BUSY,
        "progress_done": run.progress_done,
        "progress_total": run.progress_total,
        "progress_text": run.progress_text,
        "failure": imports.ABANDONED if state != run.status else run.failure,
        "counts": imports.problem_counts(run),
        "adds": adds,
        "profile": run.definition,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
    }


@router.post("/imports", response={201: RunOut, **REFUSALS}, operation_id="add_import", summary="Upload a file")
def add_import(request: HttpRequest, payload: Form[RunIn], file: UploadedFile | None = File(None)) -> Any:  # noqa: B008 (ninja's way)
    """Keep a CSV or XLSX file (multipart) and say how it would be read. Nothing is imported; ask for the check next."""
    actor = actor_of(request)
    require(actor, Permission.IMPORT_DEVICES)
    if file is None:
        raise Invalid({"file": ["Send the file as the part named file of a multipart form."]})
    facility_id = None
    if payload.facility:
        found = Facility.objects.visible_to(actor).filter(code__iexact=payload.facility).first()
        if found is None:
            raise Invalid({"facility": [f"There is no facility {payload.facility} that you can see."]})
        facility_id = found.pk
    elif (only := actor.facilities_for(Permission.IMPORT_DEVICES)) is not None and len(only) == 1:
        facility_id = next(iter(only))
    run = imports.create_run(
        actor=actor, content=file, file_name=file.name or "file", facility_id=facility_id, profile=payload.profile or None
    )
    return Status(201, run_out(run))


@router.get("/imports", response={200: RunList, **REFUSALS}, operation_id="list_imports", summary="List imports")
def list_imports(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> Any:
    """Imports at facilities where the caller may import, newest first."""
    actor = actor_of(request)
    require(actor, Permission.IMPORT_DEVICES)
    found = ImportRun.objects.visible_to(actor).select_related("facility")
    page = keyset_page(found, order=("-created_at", "-pk"), cursor=cursor, limit=limit)
    return {"items": [run_out(run) for run in page.rows], "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.get("/imports/{run_id}", response={200: RunOut, **REFUSALS}, operation_id="get_import", summary="One import")
def get_import(request: HttpRequest, run_id: UUID) -> Any:
    return run_out(imports.visible_run(actor=actor_of(request), public_id=run_id))


@router.get("/imports/{run_id}/rows", response={200: RowList, **REFUSALS}, operation_id="list_import_rows", summary="Rows of an import")
def list_import_rows(
    request: HttpRequest,
    run_id: UUID,
    action: ActionCode | None = None,
    with_problems: bool = False,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """What each row does, with every problem by column."""
    run = imports.visible_run(actor=actor_of(request), public_id=run_id)
    rows = ImportRow.objects.filter(run=run)
    rows = rows.filter(action=action) if action else rows
    rows = rows.exclude(problems=[]) if with_problems else rows
    page = keyset_page(rows, order=("row_number",), cursor=cursor, limit=limit)
    items = [
        {
            "row": row.row_number, "action": row.action, "matched_by": row.matched_by, "difference": row.difference,
            "problems": row.problems, "source": row.source,
        }
        for row in page.rows
    ]  # fmt: skip
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.put(
    "/imports/{run_id}/profile", response={200: RunOut, **REFUSALS}, operation_id="set_import_profile", summary="Say how to read it"
)
def set_import_profile(request: HttpRequest, run_id: UUID, payload: ProfileIn) -> Any:
    """Read the file by this definition and keep it as a profile under ``name``. What was checked is forgotten."""
    profile = _profile(payload)
    run = imports.configure_run(actor=actor_of(request), public_id=run_id, profile=profile, save_as=payload.name)
    return run_out(run)


def _profile(payload: ProfileIn) -> Profile:
    return Profile.from_json(json.dumps({"name": "new", **payload.definition}))


@router.post("/imports/{run_id}/check", response={202: RunOut, **REFUSALS}, operation_id="check_import", summary="Check every row")
def check_import(request: HttpRequest, run_id: UUID) -> Any:
    """Start the job that judges every row. Ask for the import again to see how far it is."""
    actor = actor_of(request)
    imports.request_check(actor=actor, public_id=run_id)
    return Status(202, run_out(imports.visible_run(actor=actor, public_id=run_id)))


@router.post("/imports/{run_id}/apply", response={202: RunOut, **REFUSALS}, operation_id="apply_import", summary="Write the devices")
def apply_import(request: HttpRequest, run_id: UUID) -> Any:
    """Start the job that writes all sound rows in one transaction."""
    actor = actor_of(request)
    imports.request_apply(actor=actor, public_id=run_id)
    return Status(202, run_out(imports.visible_run(actor=actor, public_id=run_id)))


@router.post("/imports/{run_id}/cancel", response={200: RunOut, **REFUSALS}, operation_id="cancel_import", summary="Stop an import")
def cancel_import(request: HttpRequest, run_id: UUID) -> Any:
    actor = actor_of(request)
    imports.cancel_run(actor=actor, public_id=run_id)
    return run_out(imports.visible_run(actor=actor, public_id=run_id))


@router.get("/import-profiles", response={200: ProfileList, **REFUSALS}, operation_id="list_import_profiles", summary="Saved profiles")
def list_import_profiles(request: HttpRequest) -> Any:
    require(actor_of(request), Permission.IMPORT_DEVICES)
    return {"items": [_profile_out(code, one) for code, one in sorted(reading.saved_profiles("devices").items())]}


def _profile_out(code: str, profile: Profile) -> dict[str, Any]:
    shipped = code in imports.target_named("devices").profiles()
    return {"code": code, "label": profile.label or profile.name, "shipped": shipped, "definition": reading.definition_of(profile)}


@router.get("/import-profiles/{code}", response={200: ProfileOut, **REFUSALS}, operation_id="get_import_profile", summary="One profile")
def get_import_profile(request: HttpRequest, code: ProfileCode) -> Any:
    require(actor_of(request), Permission.IMPORT_DEVICES)
    return _profile_out(code, reading.profile_named("devices", code))


@router.post("/import-profiles", response={201: ProfileOut, **REFUSALS}, operation_id="add_import_profile", summary="Save a profile")
def add_import_profile(request: HttpRequest, payload: ProfileIn) -> Any:
    """Keep a definition under a name. One of the same name is replaced; a shipped one never."""
    row = imports.save_profile(actor=actor_of(request), name=payload.name, profile=_profile(payload))
    return Status(201, {"code": row.code, "label": row.name, "shipped": False, "definition": row.definition})


class ExportQuery(DeviceQuery):
    """The filters of the list, and which fields to write."""

    fields: Short | None = Field(default=None, description="Names joined by commas; left out: all.")


@router.get("/exports/devices.csv", response={200: None, **REFUSALS}, operation_id="export_devices", summary="Devices as CSV")
def export_devices(request: HttpRequest, query: Query[ExportQuery]) -> Any:
    """Every device that matches, streamed as CSV that the import reads back."""
    actor = actor_of(request)
    require(actor, Permission.EXPORT_DEVICES)
    sent = {name: value for name, value in query.model_dump().items() if value and name != "fields"}
    found = filters.read_filters(sent, actor=actor)
    if found.problems:
        raise Invalid({name: [text] for name, text in found.problems.items()})
    wanted = [name.strip() for name in (query.fields or "").split(",") if name.strip()]
    columns, queryset = exporting.exported(actor=actor, queryset=filters.filtered(actor=actor, filters=found), columns=wanted)
    response = StreamingHttpResponse(exporting.csv_pieces(columns, queryset), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="devices.csv"'
    return response
