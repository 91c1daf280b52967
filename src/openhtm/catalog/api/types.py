"""Device types over the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import Field

from openhtm.catalog.api.common import CLIENT_KEY, ClientKey, Code, Search, answer_page, create_once, reader
from openhtm.catalog.models import DeviceType
from openhtm.catalog.queries import types as queries
from openhtm.catalog.services import types as services
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Cursor, Limit, PageOut, Short, Text, given

router = Router()
Years = Annotated[int, Field(ge=1, le=60)]
Factor = Annotated[str, Field(max_length=40)]
RiskInputs = dict[Factor, dict[Factor, float]]
NamesList = Annotated[list[Short], Field(max_length=50)]


class DeviceTypeOut(Schema):
    """A kind of device, its codes, and what follows from being one."""

    code: str = Field(examples=["infusion-pump-large-volume"])
    name: str
    synonyms: list[str]
    category: str
    product_code: str | None = Field(description="FDA product code.", examples=["FRN"])
    device_class: str = Field(description="1, 2, 3, U, N or F; empty if unknown.")
    panel: str
    regulation_number: str = Field(examples=["880.5725"])
    life_support: bool
    high_risk: bool
    high_risk_source: str = Field(description="Who says so.")
    aem_ineligible: str = Field(description="LAW, IMAGING or LASER: must follow the manufacturer; empty: free to choose.")
    gmdn: str
    emdn: str
    umdns: str
    expected_life_years: int | None
    networked: bool
    risk_inputs: dict[str, dict[str, float | int | str | None]]
    source: str = Field(description="starter or local.")
    edition: str
    locally_changed: bool
    active: bool


class DeviceTypeList(PageOut):
    items: list[DeviceTypeOut]


class DeviceTypeFields(Body):
    synonyms: NamesList = []
    category: Annotated[Text, Field(max_length=60)] = ""
    product_code: Annotated[Text, Field(max_length=10)] = Field(default="", description="Fills class, panel and regulation number.")
    device_class: Literal["", "1", "2", "3", "U", "N", "F"] = ""
    panel: Annotated[Text, Field(max_length=10)] = ""
    regulation_number: Annotated[Text, Field(max_length=20)] = ""
    life_support: bool = False
    high_risk: bool = False
    high_risk_source: Short = ""
    aem_ineligible: Literal["", "LAW", "IMAGING", "LASER"] = ""
    gmdn: Annotated[Text, Field(max_length=20)] = ""
    emdn: Annotated[Text, Field(max_length=30)] = ""
    umdns: Annotated[Text, Field(max_length=20)] = ""
    expected_life_years: Years | None = None
    networked: bool = False
    risk_inputs: RiskInputs = {}


class DeviceTypeIn(DeviceTypeFields):
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    client_key: ClientKey | None = CLIENT_KEY


class DeviceTypeChange(DeviceTypeFields):
    """Only what is sent is changed. Devices follow at once."""

    name: Annotated[Text, Field(min_length=1, max_length=200)] = ""
    active: bool = True


@router.get("/device-types", response={200: DeviceTypeList, **REFUSALS}, operation_id="list_device_types", summary="List device types")
def list_device_types(
    request: HttpRequest,
    q: Search = "",
    high_risk: bool | None = None,
    category: Code = "",
    source: Code = "",
    inactive: bool = False,
    cursor: Cursor | None = None,
    limit: Limit = 50,
    count: bool = False,
) -> dict[str, Any]:
    """Device types by name; ``q`` also finds synonyms and codes of any nomenclature. One statement."""
    reader(request)
    found = queries.type_list(q=q, high_risk=high_risk, category=category, source=source, with_inactive=inactive)
    return answer_page(
        found, order=("name", "pk"), cursor=cursor, limit=limit, count=count, out=lambda rows: [type_out(one) for one in rows]
    )


@router.post(
    "/device-types", response={201: DeviceTypeOut, 200: DeviceTypeOut, **REFUSALS}, operation_id="add_device_type", summary="Add one"
)
def add_device_type(request: HttpRequest, payload: DeviceTypeIn) -> Status[Any]:
    """Codes are checked in form, and against the lists that are loaded."""
    actor = reader(request)

    def make(values: dict[str, Any]) -> dict[str, Any]:
        return type_out(services.add_device_type(actor=actor, **values))

    return create_once(actor=actor, route="add_device_type", payload=payload, make=make, out=DeviceTypeOut)


@router.get("/device-types/{code}", response={200: DeviceTypeOut, **REFUSALS}, operation_id="get_device_type", summary="One device type")
def get_device_type(request: HttpRequest, code: Code) -> dict[str, Any]:
    reader(request)
    return type_out(DeviceType.objects.get(code=code))


@router.patch("/device-types/{code}", response={200: DeviceTypeOut, **REFUSALS}, operation_id="change_device_type", summary="Change one")
def change_device_type(request: HttpRequest, code: Code, payload: DeviceTypeChange) -> dict[str, Any]:
    """From then on a newer starter edition leaves the type alone."""
    actor = reader(request)
    pk = DeviceType.objects.values_list("pk", flat=True).get(code=code)
    return type_out(services.edit_device_type(type_id=pk, changes=given(payload), actor=actor))


_SAME = (
    "code", "name", "synonyms", "category", "device_class", "panel", "regulation_number", "life_support", "high_risk", "high_risk_source",
    "aem_ineligible", "gmdn", "emdn", "umdns", "expected_life_years", "networked", "risk_inputs", "source", "edition", "locally_changed",
    "active",
)  # fmt: skip


def type_out(kind: DeviceType) -> dict[str, Any]:
    """Return a type under the names of the contract. No statement."""
    return {name: getattr(kind, name) for name in _SAME} | {"product_code": kind.product_code_id}
