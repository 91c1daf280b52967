"""Manufacturers over the API."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Schema, Status
from pydantic import Field

from openhtm.catalog.api.common import CLIENT_KEY, ClientKey, Line, Search, answer_page, create_once, reader
from openhtm.catalog.models import Manufacturer
from openhtm.catalog.queries import manufacturers as queries
from openhtm.catalog.services import manufacturers as services
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Cursor, Key, Limit, PageOut, Short, Text, given

router = Router()
Country = Annotated[Text, Field(pattern=r"^([A-Z]{2})?$", description="ISO 3166 code of two letters; empty if unknown.")]
Phone = Annotated[Text, Field(max_length=40)]


class ManufacturerRow(Schema):
    """A manufacturer as lists show it."""

    id: int
    name: str = Field(examples=["Philips"])
    country: str
    is_unknown: bool = Field(description="True for the one record that stands for an unknown maker.")
    merged_into_id: int | None = Field(description="The successor, if it was merged; its names resolve there.")
    models: int = Field(description="Active models.")
    aliases: int = Field(description="Other names it answers to.")


class ManufacturerList(PageOut):
    items: list[ManufacturerRow]


class AliasOut(Schema):
    id: int
    alias: str
    source: str


class ManufacturerOut(Schema):
    id: int
    name: str
    country: str
    website: str
    support_phone: str
    support_email: str
    is_unknown: bool
    merged_into_id: int | None
    other_names: list[AliasOut]


class ManufacturerFields(Body):
    country: Country = ""
    website: Short = ""
    support_phone: Phone = ""
    support_email: Short = ""


class ManufacturerIn(ManufacturerFields):
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    aliases: Annotated[list[Short], Field(max_length=50)] = []
    client_key: ClientKey | None = CLIENT_KEY


class ManufacturerChange(ManufacturerFields):
    """Only what is sent is changed. The old name still resolves after a change."""

    name: Annotated[Text, Field(min_length=1, max_length=200)] = ""


class AliasIn(Body):
    alias: Annotated[Text, Field(min_length=1, max_length=200)]


class MergeIn(Body):
    into_id: Key = Field(description="The manufacturer that stays.")


class MergeOut(Schema):
    into_id: int
    moved: int = Field(description="Models that moved as they were.")
    unified: int = Field(description="Models that joined one of the same name.")


class CandidateOut(Schema):
    name: str
    likeness: float = Field(ge=0, le=1)
    resembles: str


class ResolutionOut(Schema):
    """What a written name means, and why."""

    text: str
    manufacturer_id: int | None = Field(description="Null unless certain.")
    name: str
    method: str = Field(description="exact, key, alias, unknown, similar or none.")
    evidence: str
    candidates: list[CandidateOut] = Field(description="Proposals for a person; never taken by themselves.")


@router.get("/manufacturers", response={200: ManufacturerList, **REFUSALS}, operation_id="list_manufacturers", summary="List manufacturers")
def list_manufacturers(
    request: HttpRequest,
    q: Search = "",
    merged: bool = False,
    cursor: Cursor | None = None,
    limit: Limit = 50,
    count: bool = False,
) -> dict[str, Any]:
    """Manufacturers by name; ``q`` also finds other names. ``merged=true`` lists merged ones too. Three statements."""
    reader(request)
    found = queries.manufacturer_list(q=q, with_merged=merged)
    return answer_page(found, order=("name_key", "pk"), cursor=cursor, limit=limit, count=count, out=_rows)


def _rows(makers: list[Manufacturer]) -> list[dict[str, Any]]:
    counts = queries.counted(makers)
    return [
        {
            "id": maker.pk,
            "name": maker.name,
            "country": maker.country,
            "is_unknown": maker.is_unknown,
            "merged_into_id": maker.merged_into_id,
            "models": counts[maker.pk][0],
            "aliases": counts[maker.pk][1],
        }
        for maker in makers
    ]


@router.get(
    "/manufacturers/resolve", response={200: ResolutionOut, **REFUSALS}, operation_id="resolve_manufacturer", summary="Whom a name means"
)
def resolve_manufacturer(request: HttpRequest, name: Query[Line]) -> dict[str, Any]:
    """Say which manufacturer a written name means, by what, and what it resembles if that is nobody."""
    reader(request)
    match = queries.resolve_manufacturer(name)
    return {
        "text": name,
        "manufacturer_id": match.manufacturer_id,
        "name": match.name,
        "method": match.method,
        "evidence": match.evidence,
        "candidates": [{"name": one.manufacturer, "likeness": one.likeness, "resembles": one.resembles} for one in match.candidates],
    }


@router.post(
    "/manufacturers", response={201: ManufacturerOut, 200: ManufacturerOut, **REFUSALS}, operation_id="add_manufacturer", summary="Add one"
)
def add_manufacturer(request: HttpRequest, payload: ManufacturerIn) -> Status[Any]:
    """Refused with 422 if the name, or what is left of it without case and legal form, stands for somebody already."""
    actor = reader(request)

    def make(values: dict[str, Any]) -> dict[str, Any]:
        return _out(services.add_manufacturer(actor=actor, **values))

    return create_once(actor=actor, route="add_manufacturer", payload=payload, make=make, out=ManufacturerOut)


@router.get(
    "/manufacturers/{manufacturer_id}",
    response={200: ManufacturerOut, **REFUSALS},
    operation_id="get_manufacturer",
    summary="One manufacturer",
)
def get_manufacturer(request: HttpRequest, manufacturer_id: Key) -> dict[str, Any]:
    reader(request)
    return _out(Manufacturer.objects.get(pk=manufacturer_id))


@router.patch(
    "/manufacturers/{manufacturer_id}",
    response={200: ManufacturerOut, **REFUSALS},
    operation_id="change_manufacturer",
    summary="Change one",
)
def change_manufacturer(request: HttpRequest, manufacturer_id: Key, payload: ManufacturerChange) -> dict[str, Any]:
    actor = reader(request)
    return _out(services.edit_manufacturer(manufacturer_id=manufacturer_id, changes=given(payload), actor=actor))


@router.post(
    "/manufacturers/{manufacturer_id}/aliases",
    response={201: AliasOut, **REFUSALS},
    operation_id="add_manufacturer_alias",
    summary="Add another name",
)
def add_manufacturer_alias(request: HttpRequest, manufacturer_id: Key, payload: AliasIn) -> Status[Any]:
    return Status(201, services.add_alias(manufacturer_id=manufacturer_id, alias=payload.alias, actor=reader(request)))


@router.delete(
    "/manufacturers/aliases/{alias_id}",
    response={204: None, **REFUSALS},
    operation_id="remove_manufacturer_alias",
    summary="Take another name away",
)
def remove_manufacturer_alias(request: HttpRequest, alias_id: Key) -> Status[None]:
    services.remove_alias(alias_id=alias_id, actor=reader(request))
    return Status(204, None)


@router.post(
    "/manufacturers/{manufacturer_id}/merge",
    response={200: MergeOut, **REFUSALS},
    operation_id="merge_manufacturer",
    summary="Merge into another",
)
def merge_manufacturer(request: HttpRequest, manufacturer_id: Key, payload: MergeIn) -> dict[str, Any]:
    """The merged one stays and its names resolve to the other. Models of the same name are unified; their devices follow."""
    done = services.merge_manufacturers(source_id=manufacturer_id, target_id=payload.into_id, actor=reader(request))
    return {"into_id": done.manufacturer.pk, "moved": done.moved, "unified": len(done.unified)}


def _out(maker: Manufacturer) -> dict[str, Any]:
    names = ("id", "name", "country", "website", "support_phone", "support_email", "is_unknown", "merged_into_id")
    others = [{"id": one.pk, "alias": one.alias, "source": one.source} for one in maker.aliases.all()]
    return {name: getattr(maker, name) for name in names} | {"other_names": others}
