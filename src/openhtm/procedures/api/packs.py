"""Packs of procedures over the API."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Cursor, Limit, Line
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures import queries
from openhtm.procedures.api.shapes import PackFileOut, PackIn, PackList, PackResult, Slug, pack_out
from openhtm.procedures.rules.packs import PackError
from openhtm.procedures.services import loading

router = Router(tags=["procedures"])


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.VIEW_PROCEDURES)
    return actor


@router.get("/procedure-packs", response={200: PackList, **REFUSALS}, operation_id="list_procedure_packs", summary="Packs read in")
def list_packs(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    """The newest first. One statement."""
    _actor(request)
    page = keyset_page(queries.pack_list(), order=("-pk",), cursor=cursor, limit=limit)
    return {
        "items": [pack_out(one) for one in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": None,
        "count_is_exact": None,
    }


@router.post("/procedure-packs", response={200: PackResult, **REFUSALS}, operation_id="import_procedure_pack", summary="Read a pack in")
def import_pack(request: HttpRequest, payload: PackIn) -> dict[str, Any]:
    """New versions wait for review. Reading the same file again changes nothing; ``errors`` name everything wrong with a file."""
    actor = _actor(request)
    try:
        return loading.import_pack(actor=actor, data=payload.file, release=payload.release).as_json_dict()
    except PackError as wrong:
        raise _refusal(wrong) from wrong


@router.get("/procedure-packs/file", response={200: PackFileOut, **REFUSALS}, operation_id="export_procedure_pack", summary="Write a pack")
def export_pack(
    request: HttpRequest,
    code: Annotated[list[Slug], Query(max_length=500)] = [],  # noqa: B006  # ninja reads the default, nobody changes it
    pack: Slug = "procedures",
    title: Annotated[Line, Field(min_length=1)] = "Procedures",
    version: Annotated[Line, Field(max_length=40)] = "",
    source: Line = "",
) -> dict[str, Any]:
    """The released versions of the procedures named by ``code``, of all without it."""
    actor = _actor(request)
    try:
        return {"file": loading.export_pack(actor=actor, codes=code, pack=pack, title=title, version=version, source=source)}
    except PackError as wrong:
        raise _refusal(wrong) from wrong


def _refusal(wrong: PackError) -> Invalid:
    errors: dict[str, list[str]] = {}
    for one in wrong.problems:
        errors.setdefault(one.path, []).append(f"{one.sentence} {one.remedy}".strip())
    return Invalid(errors)
