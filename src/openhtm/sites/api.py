"""The API of the sites room: organisation, facilities, places, departments, service providers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest
from ninja import Header, Query, Schema, Status
from pydantic import Field

from openhtm.core.pagination import Page, count_up_to, keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.repeatable import answer_once
from openhtm.core.routing import Router
from openhtm.core.schema import Body, ClientKey, Code, Cursor, Key, Limit, Line, Long, Name, PageOut, given
from openhtm.sites import queries
from openhtm.sites.models import Department, Facility, Location, Organisation, ServiceProvider
from openhtm.sites.scope import Right, Scoped, require
from openhtm.sites.services import departments, facilities, locations, providers

router = Router(tags=["places"])

Kind = Literal["building", "floor", "area", "room"]
ProviderKindCode = Literal["in_house", "manufacturer", "independent"]
ByKey = Annotated[ClientKey | None, Header(alias="Idempotency-Key", description="The client's own key of this creation.")]


class OrganisationOut(Schema):
    name: str
    currency: str
    risk_profile: str
    synthetic: bool = Field(description="True for the demo hospital: nothing in it is real.")


class OrganisationIn(Body):
    name: Name | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    risk_profile: Code | None = None


class FacilityOut(Schema):
    code: str = Field(examples=["NORTH"])
    name: str
    time_zone: str = Field(examples=["America/New_York"])
    address: str
    certification_number: str
    active: bool


class FacilityIn(Body):
    code: Code
    name: Name
    time_zone: Code = "UTC"
    address: Long = ""
    certification_number: Line = ""


class FacilityPatch(Body):
    code: Code | None = None
    name: Name | None = None
    time_zone: Code | None = None
    address: Long | None = None
    certification_number: Line | None = None
    active: bool | None = None


class FacilityPage(PageOut):
    items: list[FacilityOut]


class LocationOut(Schema):
    public_code: str = Field(description="The code on the place's label; /l/<code> is its permanent address.")
    facility: str = Field(description="Code of the facility.")
    parent: str | None = Field(description="Public code of the place around it.")
    kind: Kind
    name: str
    code: str = Field(description="Number as printed on the door.")
    full_name: str = Field(examples=["Main building › 4 West › 4112"])
    active: bool


class LocationIn(Body):
    facility: Code
    parent: Code | None = None
    kind: Kind
    name: Name
    code: Line = ""


class LocationPatch(Body):
    kind: Kind | None = None
    name: Name | None = None
    code: Line | None = None
    active: bool | None = None


class MoveIn(Body):
    parent: Code | None = Field(None, description="Public code of the place to move into; null: the top of the facility.")


class LocationPage(PageOut):
    items: list[LocationOut]


class DepartmentOut(Schema):
    id: int
    facility: str = Field(description="Code of the facility.")
    code: str
    name: str
    cost_centre: str
    contact_name: str
    contact_phone: str
    contact_email: str
    active: bool


class DepartmentIn(Body):
    facility: Code
    name: Name
    code: Line = ""
    cost_centre: Line = ""
    contact_name: Line = ""
    contact_phone: Line = ""
    contact_email: Line = ""


class DepartmentPatch(Body):
    name: Name | None = None
    code: Line | None = None
    cost_centre: Line | None = None
    contact_name: Line | None = None
    contact_phone: Line | None = None
    contact_email: Line | None = None
    active: bool | None = None


class DepartmentPage(PageOut):
    items: list[DepartmentOut]


class ProviderOut(Schema):
    id: int
    name: str
    kind: ProviderKindCode
    phone: str
    email: str
    active: bool


class ProviderIn(Body):
    name: Name
    kind: ProviderKindCode = "independent"
    phone: Line = ""
    email: Line = ""


class ProviderPatch(Body):
    name: Name | None = None
    kind: ProviderKindCode | None = None
    phone: Line | None = None
    email: Line | None = None
    active: bool | None = None


class ProviderPage(PageOut):
    items: list[ProviderOut]


class Paged(Schema):
    q: Line = ""
    active: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class DepartmentFilter(Paged):
    facility: Line = ""


class LocationFilter(DepartmentFilter):
    parent: Line | None = Field(None, description="Public code; empty: only the outermost places.")
    within: Line = Field("", description="Public code: this place and everything below it.")
    kind: Kind | None = None


class ProviderFilter(Paged):
    kind: ProviderKindCode | None = None


@router.get("/organisation", response={200: OrganisationOut, **REFUSALS}, operation_id="get_organisation")
def get_organisation(request: HttpRequest) -> Any:
    require(_who(request), Right.VIEW_SITES)
    organisation = queries.organisation()
    if organisation is None:
        raise Organisation.DoesNotExist
    return organisation


@router.patch("/organisation", response={200: OrganisationOut, **REFUSALS}, operation_id="change_organisation")
def change_organisation(request: HttpRequest, payload: OrganisationIn) -> Any:
    return facilities.update_organisation(actor=_who(request), **_given(payload))


@router.get("/facilities", response={200: FacilityPage, **REFUSALS}, operation_id="list_facilities")
def list_facilities(request: HttpRequest, filters: Query[Paged]) -> Any:
    require(_who(request), Right.VIEW_SITES)
    found = queries.facilities(_who(request), q=filters.q, active=filters.active)
    return _answer(found, ("name", "pk"), filters, _facility)


@router.post("/facilities", response={201: FacilityOut, **REFUSALS}, operation_id="add_facility")
def add_facility(request: HttpRequest, payload: FacilityIn, client_key: ByKey = None) -> Any:
    actor = _who(request)
    return _once(request, client_key, lambda: _facility(facilities.add_facility(actor=actor, **payload.dict())))


@router.get("/facilities/{code}", response={200: FacilityOut, **REFUSALS}, operation_id="get_facility")
def get_facility(request: HttpRequest, code: Code) -> Any:
    require(_who(request), Right.VIEW_SITES)
    return _facility(_facility_of(_who(request), code))


@router.patch("/facilities/{code}", response={200: FacilityOut, **REFUSALS}, operation_id="change_facility")
def change_facility(request: HttpRequest, code: Code, payload: FacilityPatch) -> Any:
    actor, changes = _who(request), _given(payload)
    active, record = changes.pop("active", None), _facility_of(actor, code)
    with transaction.atomic():
        record = facilities.update_facility(actor=actor, facility_id=record.pk, **changes)
        if active is not None:
            record = facilities.set_facility_active(actor=actor, facility_id=record.pk, active=active)
    return _facility(record)


@router.get("/locations", response={200: LocationPage, **REFUSALS}, operation_id="list_locations")
def list_locations(request: HttpRequest, filters: Query[LocationFilter]) -> Any:
    actor = _who(request)
    require(actor, Right.VIEW_SITES)
    found = queries.locations(
        actor,
        q=filters.q,
        facility=filters.facility,
        parent=filters.parent,
        within=filters.within,
        kind=filters.kind or "",
        active=filters.active,
    )
    return _answer(found, ("full_name", "pk"), filters, _location)


@router.post("/locations", response={201: LocationOut, **REFUSALS}, operation_id="add_location")
def add_location(request: HttpRequest, payload: LocationIn, client_key: ByKey = None) -> Any:
    actor, facility = _who(request), _facility_of(_who(request), payload.facility)
    fields = payload.dict(exclude={"facility", "parent"})
    parent = payload.parent
    return _once(
        request,
        client_key,
        lambda: _location(locations.add_location(actor=actor, facility_id=facility.pk, parent_code=parent, **fields)),
    )


@router.get("/locations/{public_code}", response={200: LocationOut, **REFUSALS}, operation_id="get_location")
def get_location(request: HttpRequest, public_code: Code) -> Any:
    require(_who(request), Right.VIEW_SITES)
    return _location(Location.objects.visible_to(_who(request)).select_related("facility", "parent").get(public_code=public_code))


@router.patch("/locations/{public_code}", response={200: LocationOut, **REFUSALS}, operation_id="change_location")
def change_location(request: HttpRequest, public_code: Code, payload: LocationPatch) -> Any:
    actor, changes = _who(request), _given(payload)
    active = changes.pop("active", None)
    with transaction.atomic():
        record = locations.update_location(actor=actor, public_code=public_code, **changes)
        if active is not None:
            record = locations.set_location_active(actor=actor, public_code=public_code, active=active)
    return _location(record)


@router.post("/locations/{public_code}/move", response={200: LocationOut, **REFUSALS}, operation_id="move_location")
def move_location(request: HttpRequest, public_code: Code, payload: MoveIn) -> Any:
    return _location(locations.move_location(actor=_who(request), public_code=public_code, parent_code=payload.parent))


@router.get("/departments", response={200: DepartmentPage, **REFUSALS}, operation_id="list_departments")
def list_departments(request: HttpRequest, filters: Query[DepartmentFilter]) -> Any:
    require(_who(request), Right.VIEW_SITES)
    found = queries.departments(_who(request), q=filters.q, facility=filters.facility, active=filters.active)
    return _answer(found, ("name", "pk"), filters, _department)


@router.post("/departments", response={201: DepartmentOut, **REFUSALS}, operation_id="add_department")
def add_department(request: HttpRequest, payload: DepartmentIn, client_key: ByKey = None) -> Any:
    actor, facility = _who(request), _facility_of(_who(request), payload.facility)
    fields = payload.dict(exclude={"facility"})
    return _once(request, client_key, lambda: _department(departments.add_department(actor=actor, facility_id=facility.pk, **fields)))


@router.get("/departments/{department_id}", response={200: DepartmentOut, **REFUSALS}, operation_id="get_department")
def get_department(request: HttpRequest, department_id: Key) -> Any:
    require(_who(request), Right.VIEW_SITES)
    return _department(Department.objects.visible_to(_who(request)).select_related("facility").get(pk=department_id))


@router.patch("/departments/{department_id}", response={200: DepartmentOut, **REFUSALS}, operation_id="change_department")
def change_department(request: HttpRequest, department_id: Key, payload: DepartmentPatch) -> Any:
    actor, changes = _who(request), _given(payload)
    active = changes.pop("active", None)
    with transaction.atomic():
        record = departments.update_department(actor=actor, department_id=department_id, **changes)
        if active is not None:
            record = departments.set_department_active(actor=actor, department_id=department_id, active=active)
    return _department(record)


@router.get("/service-providers", response={200: ProviderPage, **REFUSALS}, operation_id="list_service_providers")
def list_service_providers(request: HttpRequest, filters: Query[ProviderFilter]) -> Any:
    require(_who(request), Right.VIEW_SITES)
    found = queries.providers(q=filters.q, kind=filters.kind or "", active=filters.active)
    return _answer(found, ("name", "pk"), filters, _provider)


@router.post("/service-providers", response={201: ProviderOut, **REFUSALS}, operation_id="add_service_provider")
def add_service_provider(request: HttpRequest, payload: ProviderIn, client_key: ByKey = None) -> Any:
    actor = _who(request)
    return _once(request, client_key, lambda: _provider(providers.add_provider(actor=actor, **payload.dict())))


@router.get("/service-providers/{provider_id}", response={200: ProviderOut, **REFUSALS}, operation_id="get_service_provider")
def get_service_provider(request: HttpRequest, provider_id: Key) -> Any:
    require(_who(request), Right.VIEW_SITES)
    return _provider(ServiceProvider.objects.get(pk=provider_id))


@router.patch("/service-providers/{provider_id}", response={200: ProviderOut, **REFUSALS}, operation_id="change_service_provider")
def change_service_provider(request: HttpRequest, provider_id: Key, payload: ProviderPatch) -> Any:
    actor, changes = _who(request), _given(payload)
    active = changes.pop("active", None)
    with transaction.atomic():
        record = providers.update_provider(actor=actor, provider_id=provider_id, **changes)
        if active is not None:
            record = providers.set_provider_active(actor=actor, provider_id=provider_id, active=active)
    return _provider(record)


def _who(request: HttpRequest) -> Scoped:
    return request.actor  # type: ignore[attr-defined]


def _facility_of(actor: Scoped, code: str) -> Facility:
    return Facility.objects.visible_to(actor).get(code__iexact=code)


def _given(payload: Schema) -> dict[str, Any]:
    """The fields that were sent and are not null: a change names what it changes."""
    return {name: value for name, value in given(payload).items() if value is not None}


def _once(request: HttpRequest, key: str | None, make: Any) -> Status[Any]:
    status, answer, _ = answer_once(
        actor=_who(request), key=key, route=f"{request.method} {request.path}", body=request.body, make=lambda: (201, make())
    )
    return Status(status, answer)


def _answer(found: Any, order: tuple[str, ...], filters: Paged, shape: Any) -> dict[str, Any]:
    page: Page[Any] = keyset_page(found, order=order, cursor=filters.cursor, limit=filters.limit)
    count = count_up_to(found)
    return {
        "items": [shape(row) for row in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": count.value,
        "count_is_exact": count.exact,
    }


def _pick(record: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _facility(record: Facility) -> dict[str, Any]:
    return _pick(record, "code", "name", "time_zone", "address", "certification_number", "active")


def _location(record: Location) -> dict[str, Any]:
    around = {"facility": record.facility.code, "parent": record.parent.public_code if record.parent else None}
    return around | _pick(record, "public_code", "kind", "name", "code", "full_name", "active")


def _department(record: Department) -> dict[str, Any]:
    texts = _pick(record, "id", "code", "name", "cost_centre", "contact_name", "contact_phone", "contact_email", "active")
    return {"facility": record.facility.code} | texts


def _provider(record: ServiceProvider) -> dict[str, Any]:
    return _pick(record, "id", "name", "kind", "phone", "email", "active")
