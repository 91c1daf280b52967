"""Procedures and their versions over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, BinaryIO, cast

from django.http import HttpRequest
from ninja import File, Query, Status
from ninja.files import UploadedFile
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.repeatable import answer_once
from openhtm.core.routing import Router
from openhtm.core.schema import Cursor, Limit, Short, given
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures import queries
from openhtm.procedures.api.shapes import (
    DifferenceList,
    DraftIn,
    Kind,
    PictureOut,
    ProcedureChange,
    ProcedureDetail,
    ProcedureIn,
    ProcedureList,
    ProcedureMoveIn,
    Slug,
    Stage,
    VersionDetail,
    VersionList,
    detail_out,
    procedure_out,
    version_out,
)
from openhtm.procedures.models import Procedure
from openhtm.procedures.rules.content import parse
from openhtm.procedures.rules.differences import differences
from openhtm.procedures.services import authoring

router = Router(tags=["procedures"])
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
_TAB = {"draft": "drafts", "in_review": "review", "released": "released", "retired": "retired"}
_LINKS = ("device_types", "device_models", "covers")
_MOVES: dict[str, Callable[..., Any]] = {
    "start_draft": authoring.start_draft,
    "submit": authoring.submit_draft,
    "send_back": authoring.send_back,
    "review": authoring.review_version,
    "release": authoring.release_version,
    "retire": authoring.retire_procedure,
    "discard_draft": authoring.discard_draft,
}


def _reader(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.VIEW_PROCEDURES)
    return actor


def _writer(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.EDIT_PROCEDURES)
    return actor


def _detail(code: str) -> dict[str, Any]:
    queries.get_procedure(code=code)
    return detail_out(queries.procedure_list().get(code=code))


@router.get("/procedures", response={200: ProcedureList, **REFUSALS}, operation_id="list_procedures", summary="List procedures")
def list_procedures(
    request: HttpRequest,
    q: Short = "",
    kind: Kind | None = None,
    device_type: Slug | None = None,
    source: Slug | None = None,
    stage: Stage | None = None,
    changed_here: bool | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
    count: bool = False,
) -> dict[str, Any]:
    """Procedures by name; ``q`` finds words of name, code and device type. Two statements."""
    _reader(request)
    found = queries.procedure_list(
        tab=_TAB[stage] if stage else "", q=q, kind=kind or "", device_type=device_type or "", source=source or "", changed=changed_here
    )
    page = keyset_page(found, order=("name", "pk"), cursor=cursor, limit=limit)
    types = queries.type_codes([one.pk for one in page.rows])
    total = count_up_to(found) if count else None
    return {
        "items": [procedure_out(one, types.get(one.pk, ())) for one in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": total.value if total else None,
        "count_is_exact": total.exact if total else None,
    }


@router.post(
    "/procedures",
    response={201: ProcedureDetail, 200: ProcedureDetail, **REFUSALS},
    operation_id="add_procedure",
    summary="Add a procedure with a first draft",
)
def add_procedure(request: HttpRequest, payload: ProcedureIn) -> Any:
    actor = _writer(request)
    values = given(payload)
    key = values.pop("client_key", None)

    def first_time() -> tuple[int, Any]:
        draft = authoring.add_procedure(actor=actor, **{name: value for name, value in values.items() if value is not None})
        return 201, ProcedureDetail.model_validate(_detail(draft.procedure.code)).model_dump(mode="json")

    status, answer, replayed = answer_once(
        actor=actor, key=key, route="add_procedure", body=payload.model_dump(mode="json"), make=first_time
    )
    return Status(200 if replayed else status, answer)


@router.get("/procedures/{code}", response={200: ProcedureDetail, **REFUSALS}, operation_id="get_procedure", summary="One procedure")
def get_procedure(request: HttpRequest, code: Slug) -> dict[str, Any]:
    _reader(request)
    return _detail(code)


@router.patch("/procedures/{code}", response={200: ProcedureDetail, **REFUSALS}, operation_id="change_procedure", summary="Change one")
def change_procedure(request: HttpRequest, code: Slug, payload: ProcedureChange) -> dict[str, Any]:
    """Name, kind, interval, and what it is for. Its content changes only through a draft."""
    actor, values = _writer(request), given(payload)
    links = {name: values.pop(name) for name in _LINKS if name in values}
    authoring.change_procedure(actor=actor, code=code, changes=values)
    if links:
        authoring.set_links(actor=actor, code=code, **links)
    return _detail(code)


@router.get(
    "/procedures/{code}/versions", response={200: VersionList, **REFUSALS}, operation_id="list_procedure_versions", summary="Its versions"
)
def list_versions(request: HttpRequest, code: Slug) -> dict[str, Any]:
    """The newest first, without their content."""
    _reader(request)
    return {"items": [version_out(one) for one in queries.versions_of(queries.get_procedure(code=code))]}


@router.get(
    "/procedures/{code}/versions/{number}",
    response={200: VersionDetail, **REFUSALS},
    operation_id="get_procedure_version",
    summary="One version with its content",
)
def get_version(request: HttpRequest, code: Slug, number: Number) -> dict[str, Any]:
    _reader(request)
    one = queries.get_version(code=code, number=number)
    return version_out(one) | {"content": one.content}


@router.get(
    "/procedures/{code}/versions/{number}/differences",
    response={200: DifferenceList, **REFUSALS},
    operation_id="compare_procedure_versions",
    summary="What changed, in words",
)
def compare_versions(
    request: HttpRequest, code: Slug, number: Number, compared_with: Annotated[Number | None, Query()] = None
) -> dict[str, Any]:
    """Compared with the version before, unless another is named."""
    _reader(request)
    one = queries.get_version(code=code, number=number)
    earlier = next((other for other in queries.versions_of(one.procedure) if other.number < number), None)
    other = queries.get_version(code=code, number=compared_with) if compared_with else earlier
    found = differences(before=parse(other.content), after=parse(one.content)) if other else ()
    items = [{"step": each.step, "what": each.what, "before": each.before, "after": each.after} for each in found]
    return {"version": number, "compared_with": other.number if other else None, "items": items}


@router.put(
    "/procedures/{code}/draft", response={200: VersionDetail, **REFUSALS}, operation_id="save_procedure_draft", summary="Save the draft"
)
def save_draft(request: HttpRequest, code: Slug, payload: DraftIn) -> dict[str, Any]:
    """``errors`` of a refusal name every problem by its path, such as ``steps[3].number.limit.low``."""
    actor = _writer(request)
    draft = authoring.save_draft(
        actor=actor, code=code, content=payload.content, change_note=payload.change_note, based_on=payload.based_on
    )
    one = queries.get_version(code=code, number=draft.number)
    return version_out(one) | {"content": one.content}


@router.post(
    "/procedures/{code}/transitions",
    response={200: ProcedureDetail, 204: None, **REFUSALS},
    operation_id="move_procedure",
    summary="Draft, review, release, retire",
)
def move_procedure(request: HttpRequest, code: Slug, payload: ProcedureMoveIn) -> Any:
    """Whoever wrote on a version cannot review it. 204: the draft was all there was, and the procedure is gone."""
    actor = _writer(request)
    _MOVES[payload.move](actor=actor, code=code)
    if payload.move == "discard_draft" and not Procedure.objects.filter(code=code).exists():
        return Status(204, None)
    return Status(200, _detail(code))


@router.post(
    "/procedures/{code}/pictures",
    response={201: PictureOut, **REFUSALS},
    operation_id="add_procedure_picture",
    summary="Send a picture for the draft",
)
def add_picture(
    request: HttpRequest,
    code: Slug,
    file: UploadedFile | None = File(None),  # noqa: B008 (ninja's way)
) -> Any:
    """PNG, JPEG or WebP (multipart). A step shows it once the draft names it; saving a draft that does not name it lets it go."""
    actor = _writer(request)
    if file is None:
        raise Invalid({"file": ["Send the picture as the part named file of a multipart form."]})
    sha = authoring.add_picture(actor=actor, code=code, file_name=file.name or "picture", content=cast(BinaryIO, file.file))
    return Status(201, {"sha256": sha})
