"""Files of testers over the API: sent, checked row by row, settled, stored; and the mappings they are read by."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, BinaryIO, Literal, cast
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Form, Query, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Key, Limit, PageOut, Text
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.traceability.models import FileTest
from openhtm.traceability.queries import files as queries
from openhtm.traceability.rules.states import State
from openhtm.traceability.services import files, mappings
from openhtm.workorders.models import TesterFile
from openhtm.workorders.services.tester_files import MAX_BYTES

router = Router(tags=["tester files"])
StateCode = Literal[tuple(one.value for one in State)]  # type: ignore[valid-type]
StatedCode = Literal["waiting", "ready", "done", "set_aside"]
MAX_PROBLEMS = 1000


class FileCounts(Schema):
    """Rows as read, and tests (one device on one day) by what is to be done with them."""

    rows: int
    unusable: int = Field(description="Rows that could not be read; each says why.")
    skipped: int = Field(description="Rows the mapping leaves out on purpose.")
    tests: int
    waiting: int = Field(description="Tests a person has to settle.")
    ready: int
    done: int
    set_aside: int


class TesterFileOut(Schema):
    """A file as it came. Nothing of it is a result before it is applied."""

    uid: UUID
    file_name: str
    sha256: str
    size_bytes: int
    facility: str = Field(description="Code.")
    mapping: str
    mapping_sha256: str
    tester: str | None = Field(description="Control number of the tester that was named for the whole file.")
    complete: bool = Field(description="false: reading stopped before the end of the file.")
    counts: FileCounts
    received_by: str
    received_at: dt.datetime
    applied_at: dt.datetime | None


class TesterFilePage(PageOut):
    items: list[TesterFileOut]


class FileProblemOut(Schema):
    row: int = Field(description="Line of the file; 0: the whole file.")
    column: str
    value: str
    severity: Literal["error", "warning"]
    message: str


class FileProblems(Schema):
    items: list[FileProblemOut]
    cut: bool = Field(description=f"true: there are more than {MAX_PROBLEMS:,}.")


class FileRowOut(Schema):
    """One row of a file and what it becomes."""

    row: int
    said: dict[str, str] = Field(description="The texts by field, as they stand in the file.")
    value: str | None
    unit: str | None
    sign: str
    measures: str = Field(description="The measurement of the step it becomes; empty: it has no place there.")
    limit: str = Field(description="The limit it is judged by, in words.")
    verdict: str = Field(description="Expected; repeated: a worse row of the same measurement counts.")
    field: str = Field(description="Column to look at.")
    message: str
    problems: list[FileProblemOut]


class FileTestOut(Schema):
    """One device's measurements of one day: what becomes one result."""

    uid: UUID
    row: int = Field(description="Line of its first row.")
    asset_number: str
    serial_number: str
    measured_at: dt.datetime | None
    device: str | None = Field(description="Control number; null if unknown, or of a facility you do not see.")
    matched_by: str
    tester: str | None
    order: int | None = Field(description="Number of the work order.")
    checklist: UUID | None
    step: str
    judged_by: str
    verdict: str
    state: StateCode  # type: ignore[valid-type]
    message: str
    result: UUID | None
    rows: list[FileRowOut]


class FileTestPage(PageOut):
    items: list[FileTestOut]


class TesterFileIn(Schema):
    mapping: Annotated[Text, Field(max_length=200, description="Code of a mapping.")] = ""
    facility: Annotated[Text, Field(max_length=20, description="Code; left out: the tester's, or the only one.")] = ""
    tester: Annotated[Text, Field(max_length=60, description="Control number, where the file does not name the tester.")] = ""


class FileCheckIn(Body):
    tester: Annotated[Text, Field(max_length=60)] | None = Field(
        default=None, description="Control number of the tester of the whole file; empty takes the name away; null leaves it."
    )


class SettleTestIn(Body):
    device: Annotated[Text, Field(max_length=60)] = Field(default="", description="Control number; empty: the file decides again.")
    order: Key | None = Field(default=None, description="Number of an open order of the device with an electrical-safety step.")
    measured_on: dt.date | None = Field(default=None, description="Only where the file does not say it.")
    own_test: bool = Field(default=False, description="true: another test than the one known of the same device and time.")
    set_aside: bool = False
    note: Annotated[Text, Field(max_length=400)] = Field(default="", description="Needed for setting aside.")


class AppliedOut(Schema):
    stored: int
    known: int
    waiting: int
    corrective: list[int] = Field(description="Numbers of the orders opened for what failed.")


class OpenedOut(Schema):
    orders: list[int]


@router.post(
    "/tester-files", response={201: TesterFileOut, 200: TesterFileOut, **REFUSALS}, operation_id="add_tester_file", summary="Send a file"
)
def add_tester_file(request: HttpRequest, payload: Form[TesterFileIn], file: UploadedFile | None = File(None)) -> Any:  # noqa: B008
    """Keep a tester's file (multipart, up to 16 MB) and check every row. 201, or 200 for a file that is known. Nothing is stored yet."""
    actor = _who(request)
    require(actor, Permission.DO_WORK)
    if file is None:
        raise Invalid({"file": ["Send the file as the part named file of a multipart form."]})
    if not payload.mapping:
        raise Invalid({"mapping": ["Name the mapping by its code; GET file-mappings lists them."]})
    made, new = files.receive_file(
        actor=actor, content=cast(BinaryIO, file.file).read(MAX_BYTES + 1), file_name=file.name or "file", mapping=payload.mapping,
        facility_id=files.find_facility(actor=actor, code=payload.facility).pk if payload.facility else None, tester=payload.tester,
    )  # fmt: skip
    return Status(201 if new else 200, _one(actor, made.uid))


@router.get("/tester-files", response={200: TesterFilePage, **REFUSALS}, operation_id="list_tester_files", summary="Files of testers")
def list_tester_files(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> Any:
    """Files the caller may see, newest first."""
    actor = _may(request, Permission.VIEW_TESTERS)
    page = keyset_page(queries.tester_files(actor).select_related("file"), order=("-received_at", "-pk"), cursor=cursor, limit=limit)
    counts = queries.counts_of(page.rows)
    items = [_file(one, counts[one.pk]) for one in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.get("/tester-files/{uuid:uid}", response={200: TesterFileOut, **REFUSALS}, operation_id="get_tester_file", summary="One file")
def get_tester_file(request: HttpRequest, uid: UUID) -> Any:
    """A file with its counts."""
    return _one(_may(request, Permission.VIEW_TESTERS), uid)


@router.get(
    "/tester-files/{uuid:uid}/tests",
    response={200: FileTestPage, **REFUSALS},
    operation_id="list_file_tests",
    summary="What a file becomes",
)
def list_file_tests(
    request: HttpRequest, uid: UUID, stated: Annotated[StatedCode | None, Query()] = None, cursor: Cursor | None = None, limit: Limit = 50
) -> Any:
    """Every test with its rows, the limits they are judged by and the expected verdicts."""
    actor = _may(request, Permission.VIEW_TESTERS)
    file = TesterFile.objects.visible_to(actor).get(uid=uid)
    page = keyset_page(queries.tests_of(file, stated=stated or ""), order=("position",), cursor=cursor, limit=limit)
    rows = queries.rows_of(page.rows)
    items = [_test(actor, one, rows[one.pk]) for one in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.get(
    "/tester-files/{uuid:uid}/problems",
    response={200: FileProblems, **REFUSALS},
    operation_id="list_file_problems",
    summary="What is wrong",
)
def list_file_problems(request: HttpRequest, uid: UUID) -> Any:
    """Every problem by row and column, with the value and the remedy."""
    actor = _may(request, Permission.VIEW_TESTERS)
    found = queries.problems_of(actor, TesterFile.objects.visible_to(actor).get(uid=uid))
    return {"items": found[:MAX_PROBLEMS], "cut": len(found) > MAX_PROBLEMS}


@router.post(
    "/tester-files/{uuid:uid}/check", response={200: TesterFileOut, **REFUSALS}, operation_id="check_tester_file", summary="Check again"
)
def check_tester_file(request: HttpRequest, uid: UUID, payload: FileCheckIn) -> Any:
    """Look again at what is not settled, for example after an order was opened."""
    actor = _who(request)
    files.check_file(actor=actor, uid=uid, tester=payload.tester)
    return _one(actor, uid)


@router.post(
    "/tester-files/{uuid:uid}/tests/{uuid:test_uid}/settle",
    response={200: FileTestOut, **REFUSALS},
    operation_id="settle_file_test",
    summary="Decide by hand",
)
def settle_file_test(request: HttpRequest, uid: UUID, test_uid: UUID, payload: SettleTestIn) -> Any:
    """Say which device or order a test belongs to, or set it aside with the reason."""
    actor = _who(request)
    made = files.settle_test(actor=actor, file_uid=uid, uid=test_uid, **payload.model_dump())
    one = queries.tests_of(made.file).get(pk=made.pk)
    return _test(actor, one, queries.rows_of([one])[one.pk])


@router.post(
    "/tester-files/{uuid:uid}/orders", response={200: OpenedOut, **REFUSALS}, operation_id="open_file_orders", summary="Open orders"
)
def open_file_orders(request: HttpRequest, uid: UUID) -> Any:
    """Open a safety test for every device of the file that has no order for its test, where a procedure suits it."""
    return {"orders": [one.number for one in files.open_orders(actor=_who(request), uid=uid)]}


@router.post(
    "/tester-files/{uuid:uid}/apply", response={200: AppliedOut, **REFUSALS}, operation_id="apply_tester_file", summary="Store results"
)
def apply_tester_file(request: HttpRequest, uid: UUID) -> Any:
    """Store every test that is ready as a result; the others keep waiting. Sent again it stores nothing."""
    done = files.apply_file(actor=_who(request), uid=uid)
    return {"stored": done.stored, "known": done.known, "waiting": done.waiting, "corrective": list(done.corrective)}


class MappingOut(Schema):
    """How the files of one kind of tester are read."""

    code: str
    title: str
    format: Literal["xml", "csv"]
    edition: str
    origin: Literal["shipped", "own"]
    version: int = Field(description="0 for a shipped one.")
    sha256: str
    text: str = Field(description="YAML.")


class MappingIn(Body):
    text: Annotated[Text, Field(min_length=1, max_length=65_536)] = Field(description="YAML, as described in How to import tester files.")
    code: Code | None = Field(default=None, description="The mapping this is a new version of; left out: a new mapping.")


@router.get("/file-mappings", response={200: list[MappingOut], **REFUSALS}, operation_id="list_file_mappings", summary="Mappings")
def list_file_mappings(request: HttpRequest) -> Any:
    """Mappings in use: the site's own and the shipped examples."""
    _may(request, Permission.VIEW_TESTERS)
    return [_mapping(one) for one in mappings.choices()]


@router.post(
    "/file-mappings", response={201: MappingOut, **REFUSALS}, operation_id="save_file_mapping", summary="Add a mapping or a version"
)
def save_file_mapping(request: HttpRequest, payload: MappingIn) -> Any:
    """Add a mapping, or the next version of one. A broken one is refused with all its problems."""
    made = mappings.save_mapping(actor=_who(request), text=payload.text, code=payload.code)
    return Status(201, _mapping(mappings.find_mapping(made.code)))


@router.post(
    "/file-mappings/{code}/retire", response={204: None, **REFUSALS}, operation_id="retire_file_mapping", summary="Retire a mapping"
)
def retire_file_mapping(request: HttpRequest, code: Code) -> Any:
    """Offer a mapping no longer. Files read with it stay as they are."""
    mappings.retire_mapping(actor=_who(request), code=code)
    return Status(204, None)


def _mapping(one: mappings.Choice) -> dict[str, Any]:
    shown = {name: getattr(one.mapping, name) for name in ("code", "title", "format", "edition", "sha256")}
    return shown | {"origin": one.origin, "version": one.version, "text": one.text}


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _may(request: HttpRequest, permission: Permission) -> Actor:
    actor = _who(request)
    require(actor, permission)
    return actor


def _one(actor: Actor, uid: UUID) -> dict[str, Any]:
    file = queries.tester_files(actor).select_related("file").get(uid=uid)
    return _file(file, queries.counts_of([file])[file.pk])


def _file(file: TesterFile, counts: dict[str, int]) -> dict[str, Any]:
    shown = {name: getattr(file, name) for name in ("uid", "file_name", "mapping", "mapping_sha256", "received_at", "applied_at")}
    read = {name: file.counts.get(name, 0) for name in ("rows", "unusable", "skipped")}
    return shown | {
        "sha256": file.file.sha256,
        "size_bytes": file.file.size_bytes,
        "facility": file.facility.code,
        "tester": file.tester.device.control_number if file.tester else None,
        "complete": bool(file.counts.get("complete")),
        "counts": read | counts,
        "received_by": str(file.received_by or ""),
    }


def _test(actor: Actor, one: FileTest, rows: list[Any]) -> dict[str, Any]:
    """What is told of a test; of one whose device the caller does not see: what the file says, and nothing it came to."""
    seen = not queries.hidden_from(actor, one)
    checklist = one.checklist if seen else None
    judged = {name: getattr(one, name) if seen else "" for name in ("judged_by", "verdict")}
    return judged | {
        "uid": one.uid,
        "row": queries.line_of(one.place),
        "asset_number": one.asset_number,
        "serial_number": one.serial_number,
        "measured_at": one.measured_at,
        "device": one.device.control_number if one.device and seen else None,
        "matched_by": one.match if seen else "",
        "tester": one.tester.device.control_number if one.tester else None,
        "order": checklist.work_order.number if checklist else None,
        "checklist": checklist.uid if checklist else None,
        "step": one.step_key if seen else "",
        "state": one.state,
        "message": one.sentence if seen else queries.HIDDEN,
        "result": one.result_id if seen else None,
        "rows": [_row(row, seen=seen) for row in rows],
    }


def _row(row: Any, *, seen: bool) -> dict[str, Any]:
    read, line = row.read or {}, queries.line_of(row.place)
    problems = [
        {"row": line, "column": one["field"], "value": one["value"], "severity": one["severity"], "message": one["text"]}
        for one in row.problems
    ]
    shown = {name: getattr(row, name) if seen else "" for name in ("measures", "limit", "verdict", "field")}
    return shown | {
        "row": line,
        "said": read.get("said", {}),
        "value": read.get("value"),
        "unit": read.get("unit"),
        "sign": read.get("sign", ""),
        "message": row.sentence if seen else "",
        "problems": problems,
    }
