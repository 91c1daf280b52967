"""Routes of the room catalog. The catalogue belongs to the whole organisation, so nothing here is scoped."""

from __future__ import annotations

from typing import Any

from openhtm.catalog.models import GudidIdentifier, GudidRecord, ManufacturerAlias, ModelDocument, ModelIdentifier
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory, ManufacturerFactory
from openhtm.identity.rules.permissions import Permission as P
from tests.permissions.rows import Row
from tests.permissions.world import World


def maker(world: World) -> dict[str, Any]:
    return {"manufacturer_id": ManufacturerFactory().pk}


def alias(world: World) -> dict[str, Any]:
    row = ManufacturerAlias.objects.create(manufacturer=ManufacturerFactory(), alias="Also", alias_key="also")
    return {"manufacturer_id": row.manufacturer_id, "alias_id": row.pk}


def only_alias(world: World) -> dict[str, Any]:
    return {"alias_id": alias(world)["alias_id"]}


def kind(world: World) -> dict[str, Any]:
    return {"code": DeviceTypeFactory().code}


def model(world: World) -> dict[str, Any]:
    return {"model_id": DeviceModelFactory().pk}


def identifier(world: World) -> dict[str, Any]:
    row = ModelIdentifier.objects.create(device_model=DeviceModelFactory(), di="00844588018923", issuer="GS1")
    return {"model_id": row.device_model_id, "identifier_id": row.pk}


def only_identifier(world: World) -> dict[str, Any]:
    return {"identifier_id": identifier(world)["identifier_id"]}


def document(world: World) -> dict[str, Any]:
    from openhtm.documents.services import store_file
    from openhtm.identity.actor import Actor

    stored = store_file(content=b"plain words", file_name="a.txt", actor=Actor.system("test"))
    row = ModelDocument.objects.create(device_model=DeviceModelFactory(), kind="ifu", title="IFU", file=stored, file_name="a.txt")
    return {"model_id": row.device_model_id, "document_id": row.pk}


def only_document(world: World) -> dict[str, Any]:
    return {"document_id": document(world)["document_id"]}


def record(world: World) -> dict[str, Any]:
    row = GudidRecord.objects.create(record_key="k", primary_di="00844588018923", company_name="Acme", version_or_model="X", fingerprint="")
    GudidIdentifier.objects.create(record=row, di=row.primary_di, kind="primary", issuer="GS1")
    return {"record_id": row.pk}


def record_key(world: World) -> dict[str, Any]:
    record(world)
    return {"record_key": "k"}


def another_maker(world: World) -> dict[str, Any]:
    return {"into_id": ManufacturerFactory().pk}


def new_model(world: World) -> dict[str, Any]:
    return {"manufacturer_id": ManufacturerFactory().pk, "name": "New model"}


E_ = P.EDIT_CATALOG
V = P.VIEW_CATALOG
PAGES = [
    Row("catalog:home", needs=V),
    Row("catalog:type-list", needs=V),
    Row("catalog:type-add", needs=E_),
    Row("catalog:type-add", "POST", needs=E_),
    Row("catalog:type", needs=V, kwargs=kind),
    Row("catalog:type-edit", needs=E_, kwargs=kind),
    Row("catalog:type-edit", "POST", needs=E_, kwargs=kind),
    Row("catalog:model-list", needs=V),
    Row("catalog:model-add", needs=E_),
    Row("catalog:model-add", "POST", needs=E_),
    Row("catalog:model", needs=V, kwargs=model),
    Row("catalog:model-edit", needs=E_, kwargs=model),
    Row("catalog:model-edit", "POST", needs=E_, kwargs=model),
    Row("catalog:identifier-add", needs=E_, kwargs=model),
    Row("catalog:identifier-add", "POST", needs=E_, kwargs=model),
    Row("catalog:identifier-remove", "POST", needs=E_, kwargs=identifier),
    Row("catalog:document-add", needs=E_, kwargs=model),
    Row("catalog:document-add", "POST", needs=E_, kwargs=model),
    Row("catalog:document-edit", needs=E_, kwargs=document),
    Row("catalog:document-edit", "POST", needs=E_, kwargs=document),
    Row("catalog:document-file", needs=V, kwargs=document),
    Row("catalog:manufacturer-list", needs=V),
    Row("catalog:manufacturer-add", needs=E_),
    Row("catalog:manufacturer-add", "POST", needs=E_),
    Row("catalog:manufacturer", needs=V, kwargs=maker),
    Row("catalog:manufacturer-edit", needs=E_, kwargs=maker),
    Row("catalog:manufacturer-edit", "POST", needs=E_, kwargs=maker),
    Row("catalog:alias-add", needs=E_, kwargs=maker),
    Row("catalog:alias-add", "POST", needs=E_, kwargs=maker),
    Row("catalog:alias-remove", "POST", needs=E_, kwargs=alias),
    Row("catalog:manufacturer-merge", needs=E_, kwargs=maker),
    Row("catalog:manufacturer-merge", "POST", needs=E_, kwargs=maker),
    Row("catalog:product-code-list", needs=V),
    Row("catalog:emdn", needs=V),
    Row("catalog:gmdn-list", needs=V),
    Row("catalog:gudid-list", needs=V),
    Row("catalog:gudid", needs=V, kwargs=record),
    Row("catalog:gudid-to-model", needs=E_, kwargs=record),
    Row("catalog:gudid-to-model", "POST", needs=E_, kwargs=record),
]
API = [
    Row("api:list_manufacturers", needs=V),
    Row("api:resolve_manufacturer", needs=V, data=lambda w: {"name": "Philips"}),
    Row("api:add_manufacturer", "POST", needs=E_, data=lambda w: {"name": "New maker"}),
    Row("api:get_manufacturer", needs=V, kwargs=maker),
    Row("api:change_manufacturer", "PATCH", needs=E_, kwargs=maker, data=lambda w: {"country": "DE"}),
    Row("api:add_manufacturer_alias", "POST", needs=E_, kwargs=maker, data=lambda w: {"alias": "Also known"}),
    Row("api:remove_manufacturer_alias", "DELETE", needs=E_, kwargs=only_alias),
    Row("api:merge_manufacturer", "POST", needs=E_, kwargs=maker, data=another_maker),
    Row("api:list_device_types", needs=V),
    Row("api:add_device_type", "POST", needs=E_, data=lambda w: {"name": "New type"}),
    Row("api:get_device_type", needs=V, kwargs=kind),
    Row("api:change_device_type", "PATCH", needs=E_, kwargs=kind, data=lambda w: {"category": "ward"}),
    Row("api:list_models", needs=V),
    Row("api:add_model", "POST", needs=E_, data=new_model),
    Row("api:add_model_from_gudid", "POST", needs=E_, data=record_key),
    Row("api:get_model", needs=V, kwargs=model),
    Row("api:change_model", "PATCH", needs=E_, kwargs=model, data=lambda w: {"name": "Renamed"}),
    Row("api:add_model_identifier", "POST", needs=E_, kwargs=model, data=lambda w: {"text": "00844588018923"}),
    Row("api:change_model_identifier", "PATCH", needs=E_, kwargs=only_identifier, data=lambda w: {"kind": "package"}),
    Row("api:remove_model_identifier", "DELETE", needs=E_, kwargs=only_identifier),
    Row("api:list_model_documents", needs=V, kwargs=model),
    Row(
        "api:add_model_document",
        "POST",
        needs=E_,
        kwargs=model,
        data=lambda w: {"kind": "ifu", "title": "IFU", "url": "https://a.test/ifu"},
    ),
    Row("api:upload_model_document", "POST", needs=E_, kwargs=model, ok=(422,)),
    Row("api:change_model_document", "PATCH", needs=E_, kwargs=only_document, data=lambda w: {"revision": "B"}),
    Row("api:model_document_content", needs=V, kwargs=only_document),
    Row("api:list_product_codes", needs=V),
    Row("api:list_emdn", needs=V),
    Row("api:list_gmdn", needs=V),
    Row("api:list_gudid", needs=V),
    Row("api:parse_udi", needs=V, data=lambda w: {"text": "(01)00844588018923"}),
    Row("api:lookup_udi", needs=V, data=lambda w: {"di": "00844588018923"}),
]
ROWS = [*PAGES, *API]
