"""The nomenclatures, GUDID and the UDI parser over the API. Read only."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from openhtm.catalog.api.common import Code, Search, answer_page, reader
from openhtm.catalog.api.models import ModelRow, row_out
from openhtm.catalog.models import GudidRecord
from openhtm.catalog.queries import types as queries
from openhtm.catalog.queries.models import lookup_di
from openhtm.catalog.rules.udi import MAX_LENGTH, parse
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Cursor, Limit, PageOut, Text

router = Router()
Carrier = Annotated[Text, Field(max_length=MAX_LENGTH)]


class ProductCodeOut(Schema):
    code: str = Field(examples=["FRN"])
    name: str
    device_class: str
    panel: str
    medical_specialty: str
    regulation_number: str
    life_sustaining: bool
    implant: bool
    definition: str
    edition: str
    retired: bool = Field(description="No longer in the newest edition that was loaded.")


class ProductCodeList(PageOut):
    items: list[ProductCodeOut]


class EmdnOut(Schema):
    code: str
    term: str
    level: int
    terminal: bool
    parent: str | None
    edition: str
    retired: bool


class EmdnList(PageOut):
    items: list[EmdnOut]


class GmdnOut(Schema):
    code: str
    name: str
    definition: str
    related_emdn: list[str]
    edition: str
    retired: bool


class GmdnList(PageOut):
    items: list[GmdnOut]


class GudidOut(Schema):
    record_key: str
    primary_di: str
    status: str
    published_on: dt.date | None
    distribution_ended_on: dt.date | None
    distribution_status: str
    brand_name: str
    version_or_model: str
    catalog_number: str
    company_name: str
    description: str
    product_codes: list[str]
    mri_safety: str


class GudidList(PageOut):
    items: list[GudidOut]


class ProblemOut(Schema):
    code: str
    position: int = Field(description="Counted from 0 in the input.")
    message: str


class ParsedOut(Schema):
    """A code taken apart: the same answer as ``openhtm udi parse -``."""

    input: str
    issuer: Literal["GS1", "HIBCC", "ICCBBA"] | None
    di: str | None
    lot: str | None
    serial: str | None
    expires_on: dt.date | None
    manufactured_on: dt.date | None
    software_version: str | None
    elements: dict[str, str]
    warnings: list[ProblemOut]
    error: ProblemOut | None


class LookupOut(Schema):
    """What an identifier stands for: a model of this catalogue, else a GUDID record, else neither."""

    di: str = Field(description="As it is stored; empty if the text holds no identifier.")
    issuer: str
    model: ModelRow | None
    also: list[ModelRow] = Field(description="Further models with the same identifier.")
    gudid: GudidOut | None
    warnings: list[str]


@router.get("/product-codes", response={200: ProductCodeList, **REFUSALS}, operation_id="list_product_codes", summary="FDA product codes")
def list_product_codes(
    request: HttpRequest,
    q: Search = "",
    device_class: Code = "",
    life_sustaining: bool | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
    count: bool = False,
) -> dict[str, Any]:
    """By code; ``q`` finds the code, parts of the name, or a regulation number."""
    reader(request)
    found = queries.product_code_list(q=q, device_class=device_class, life_sustaining=life_sustaining)
    return answer_page(found, order=("code",), cursor=cursor, limit=limit, count=count, out=list)


@router.get("/emdn", response={200: EmdnList, **REFUSALS}, operation_id="list_emdn", summary="European nomenclature")
def list_emdn(
    request: HttpRequest, q: Search = "", parent: Code | None = None, cursor: Cursor | None = None, limit: Limit = 50, count: bool = False
) -> dict[str, Any]:
    """By code; ``parent`` lists what stands directly below a node, and is empty for the top."""
    reader(request)
    found = queries.emdn_list(q=q, parent=parent)
    return answer_page(found, order=("code",), cursor=cursor, limit=limit, count=count, out=_emdn)


def _emdn(rows: list[Any]) -> list[dict[str, Any]]:
    same = ("code", "term", "level", "terminal", "edition", "retired")
    return [{name: getattr(row, name) for name in same} | {"parent": row.parent_id} for row in rows]


@router.get("/gmdn", response={200: GmdnList, **REFUSALS}, operation_id="list_gmdn", summary="GMDN terms seen in GUDID")
def list_gmdn(request: HttpRequest, q: Search = "", cursor: Cursor | None = None, limit: Limit = 50, count: bool = False) -> dict[str, Any]:
    """By code. The terms are the GMDN Agency's."""
    reader(request)
    return answer_page(queries.gmdn_list(q=q), order=("code",), cursor=cursor, limit=limit, count=count, out=list)


@router.get("/gudid", response={200: GudidList, **REFUSALS}, operation_id="list_gudid", summary="Records of FDA's UDI database")
def list_gudid(
    request: HttpRequest,
    q: Search = "",
    product_code: Code = "",
    cursor: Cursor | None = None,
    limit: Limit = 50,
    count: bool = False,
) -> dict[str, Any]:
    """In the order they were loaded; ``q`` is a whole identifier, or words of brand, model, number and company."""
    reader(request)
    found = queries.gudid_list(q=q, product_code=product_code)
    return answer_page(found, order=("pk",), cursor=cursor, limit=limit, count=count, out=list)


@router.get("/udi/parse", response={200: ParsedOut, **REFUSALS}, operation_id="parse_udi", summary="Take a UDI apart")
def parse_udi(request: HttpRequest, text: Query[Carrier]) -> dict[str, Any]:
    """Any text is answered with 200: what cannot be read is told in ``error``, what deserves a look in ``warnings``."""
    reader(request)
    return parse(text).as_json_dict()


@router.get("/udi/lookup", response={200: LookupOut, **REFUSALS}, operation_id="lookup_udi", summary="What an identifier stands for")
def lookup_udi(request: HttpRequest, di: Query[Carrier]) -> dict[str, Any]:
    """``di`` is a device identifier or a whole UDI."""
    reader(request)
    match = lookup_di(di)
    record: GudidRecord | None = match.record
    return {
        "di": match.di,
        "issuer": match.issuer,
        "model": row_out(match.model) if match.model else None,
        "also": [row_out(one) for one in match.also],
        "gudid": record,
        "warnings": list(match.warnings),
    }
