"""Device models, their identifiers and documents over the API."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import Field

from openhtm.catalog.api.common import CLIENT_KEY, ClientKey, Code, Search, answer_page, create_once, reader
from openhtm.catalog.models import DeviceModel, DeviceType, GudidRecord, ModelDocument
from openhtm.catalog.queries import models as queries
from openhtm.catalog.services import gudid
from openhtm.catalog.services import models as services
from openhtm.core.errors import Invalid
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Cursor, Key, Limit, Long, PageOut, Short, Text, given

router = Router()
KindCode = Literal["primary", "secondary", "package", "direct_marking", "unit_of_use", "previous"]
Quantity = Annotated[int, Field(ge=1, le=2**31 - 1)]


class ModelRow(Schema):
    """A model as lists show it."""

    id: int
    manufacturer_id: int
    manufacturer: str
    name: str = Field(description="As on the type plate; empty if unknown.")
    catalog_number: str
    brand_name: str
    device_type: str | None = Field(description="Code of the device type; null if unknown.")
    device_type_name: str | None
    high_risk: bool
    support_ends_on: dt.date | None = Field(description="Last day on which the manufacturer gives parts and service.")
    end_of_life_on: dt.date | None
    active: bool


class ModelList(PageOut):
    items: list[ModelRow]


class IdentifierOut(Schema):
    id: int
    di: str
    issuer: str
    kind: str
    quantity: int | None = Field(description="Devices in the package.")
    check_valid: bool = Field(description="False: the check digit is wrong, as it is in some real identifiers.")


class IdentifierAdded(IdentifierOut):
    warnings: list[str]


class DocumentOut(Schema):
    id: int
    kind: str
    title: str
    revision: str
    issued_on: dt.date | None
    language: str
    url: str
    file_name: str
    superseded_by_id: int | None


class ModelOut(ModelRow):
    description: str
    expected_life_years: int | None
    list_price_cents: int | None
    end_of_support_source: str
    gudid_record_key: str
    mri_safety: str
    source: str
    identifiers: list[IdentifierOut]
    documents: list[DocumentOut]


class ModelFields(Body):
    name: Short = ""
    catalog_number: Annotated[Text, Field(max_length=100)] = ""
    brand_name: Short = ""
    device_type: Code | None = Field(default=None, description="Code of the device type.")
    description: Long = ""
    expected_life_years: Annotated[int, Field(ge=1, le=60)] | None = None
    list_price_cents: Annotated[int, Field(ge=0, le=10**12)] | None = None
    support_ends_on: dt.date | None = None
    end_of_life_on: dt.date | None = None
    end_of_support_source: Short = ""
    mri_safety: Annotated[Text, Field(max_length=60)] = ""


class ModelIn(ModelFields):
    manufacturer_id: Key
    client_key: ClientKey | None = CLIENT_KEY


class ModelChange(ModelFields):
    """Only what is sent is changed. If the type changes, devices follow at once."""

    manufacturer_id: Key = 1
    active: bool = True


class IdentifierIn(Body):
    text: Annotated[Text, Field(min_length=1, max_length=400)] = Field(description="A device identifier, or a whole UDI as scanned.")
    kind: KindCode = "primary"
    quantity: Quantity | None = None


class IdentifierChange(Body):
    kind: KindCode = "primary"
    quantity: Quantity | None = None


class FromGudid(Body):
    record_key: Annotated[Text, Field(min_length=1, max_length=60)]
    device_type: Code | None = None


@router.get("/models", response={200: ModelList, **REFUSALS}, operation_id="list_models", summary="List device models")
def list_models(
    request: HttpRequest,
    q: Search = "",
    manufacturer_id: Key | None = None,
    device_type: Code | None = None,
    high_risk: bool | None = None,
    inactive: bool = False,
    cursor: Cursor | None = None,
    limit: Limit = 50,
    count: bool = False,
) -> dict[str, Any]:
    """Models by name; ``q`` finds parts of name, number, brand and maker, and whole identifiers. At most two statements."""
    reader(request)
    type_id = _type_id(device_type) if device_type else None
    found = queries.model_list(q=q, manufacturer_id=manufacturer_id, device_type_id=type_id, high_risk=high_risk, with_inactive=inactive)
    return answer_page(
        found, order=("name", "pk"), cursor=cursor, limit=limit, count=count, out=lambda rows: [row_out(one) for one in rows]
    )


def _type_id(code: str | None) -> int | None:
    if not code:
        return None
    pk = DeviceType.objects.filter(code=code).values_list("pk", flat=True).first()
    if pk is None:
        raise Invalid({"device_type": [f"There is no device type with the code {code}."]})
    return pk


def _values(sent: dict[str, Any]) -> dict[str, Any]:
    if "device_type" in sent:
        sent["device_type_id"] = _type_id(sent.pop("device_type"))
    return sent


@router.post("/models", response={201: ModelOut, 200: ModelOut, **REFUSALS}, operation_id="add_model", summary="Add a device model")
def add_model(request: HttpRequest, payload: ModelIn) -> Status[Any]:
    actor = reader(request)

    def make(values: dict[str, Any]) -> dict[str, Any]:
        return model_out(services.add_model(actor=actor, **_values(values)))

    return create_once(actor=actor, route="add_model", payload=payload, make=make, out=ModelOut)


@router.post(
    "/models/from-gudid",
    response={201: ModelOut, **REFUSALS},
    operation_id="add_model_from_gudid",
    summary="Add the model of a GUDID record",
)
def add_model_from_gudid(request: HttpRequest, payload: FromGudid) -> Status[Any]:
    """Adds manufacturer, model and identifiers where they are missing. Doing it twice changes nothing."""
    actor = reader(request)
    record_id = GudidRecord.objects.values_list("pk", flat=True).get(record_key=payload.record_key)
    made = gudid.model_from_gudid(record_id=record_id, actor=actor, device_type_id=_type_id(payload.device_type))
    return Status(201, model_out(made))


@router.get("/models/{model_id}", response={200: ModelOut, **REFUSALS}, operation_id="get_model", summary="One device model")
def get_model(request: HttpRequest, model_id: Key) -> dict[str, Any]:
    reader(request)
    return model_out(DeviceModel.objects.select_related("manufacturer", "device_type").get(pk=model_id))


@router.patch("/models/{model_id}", response={200: ModelOut, **REFUSALS}, operation_id="change_model", summary="Change a device model")
def change_model(request: HttpRequest, model_id: Key, payload: ModelChange) -> dict[str, Any]:
    actor = reader(request)
    return model_out(services.edit_model(model_id=model_id, changes=_values(given(payload)), actor=actor))


@router.post(
    "/models/{model_id}/identifiers",
    response={201: IdentifierAdded, **REFUSALS},
    operation_id="add_model_identifier",
    summary="Add a UDI-DI",
)
def add_model_identifier(request: HttpRequest, model_id: Key, payload: IdentifierIn) -> Status[Any]:
    """A wrong check digit is a warning: real labels carry them."""
    actor = reader(request)
    added = services.add_identifier(model_id=model_id, text=payload.text, kind=payload.kind, quantity=payload.quantity, actor=actor)
    return Status(201, _identifier_out(added.identifier) | {"warnings": list(added.warnings)})


@router.patch(
    "/models/identifiers/{identifier_id}",
    response={200: IdentifierOut, **REFUSALS},
    operation_id="change_model_identifier",
    summary="Change kind or quantity",
)
def change_model_identifier(request: HttpRequest, identifier_id: Key, payload: IdentifierChange) -> dict[str, Any]:
    changed = services.edit_identifier(identifier_id=identifier_id, changes=given(payload), actor=reader(request))
    return _identifier_out(changed)


@router.delete(
    "/models/identifiers/{identifier_id}",
    response={204: None, **REFUSALS},
    operation_id="remove_model_identifier",
    summary="Take a wrong UDI-DI away",
)
def remove_model_identifier(request: HttpRequest, identifier_id: Key) -> Status[None]:
    services.remove_identifier(identifier_id=identifier_id, actor=reader(request))
    return Status(204, None)


def row_out(model: DeviceModel) -> dict[str, Any]:
    """Return a model (with maker and type joined) as lists show it. No statement."""
    kind = model.device_type
    return {
        "id": model.pk,
        "manufacturer_id": model.manufacturer_id,
        "manufacturer": model.manufacturer.name,
        "name": model.name,
        "catalog_number": model.catalog_number,
        "brand_name": model.brand_name,
        "device_type": kind.code if kind else None,
        "device_type_name": kind.name if kind else None,
        "high_risk": bool(kind and kind.high_risk),
        "support_ends_on": model.support_ends_on,
        "end_of_life_on": model.end_of_life_on,
        "active": model.active,
    }


_MORE = ("description", "expected_life_years", "list_price_cents", "end_of_support_source", "gudid_record_key", "mri_safety", "source")
_OF_DOCUMENT = ("id", "kind", "title", "revision", "issued_on", "language", "url", "file_name", "superseded_by_id")


def model_out(model: DeviceModel) -> dict[str, Any]:
    """Return a model in full. Two statements: identifiers and documents."""
    return {
        **row_out(model),
        **{name: getattr(model, name) for name in _MORE},
        "identifiers": [_identifier_out(one) for one in model.identifiers.all()],
        "documents": [document_out(one) for one in model.documents.all()],
    }


def document_out(one: ModelDocument) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _OF_DOCUMENT}


def _identifier_out(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("id", "di", "issuer", "kind", "quantity", "check_valid")}
