"""Routes of the room sites."""

from __future__ import annotations

from typing import Any

from openhtm.identity.rules.permissions import Permission as P
from tests.permissions.rows import Row
from tests.permissions.world import World


def facility(world: World) -> dict[str, Any]:
    return {"code": world.north.code}


def location(world: World) -> dict[str, Any]:
    return {"public_code": world.location.public_code}


def department(world: World) -> dict[str, Any]:
    return {"department_id": world.department.pk}


def provider(world: World) -> dict[str, Any]:
    return {"provider_id": world.provider.pk}


def at_north(**more: Any) -> Any:
    return lambda world: {"facility": world.north.code, **more}


PAGES = [
    Row("sites:home", needs=P.VIEW_SITES),
    Row("sites:organisation-edit", needs=P.EDIT_ORGANISATION, everywhere=True),
    Row("sites:organisation-edit", "POST", needs=P.EDIT_ORGANISATION, everywhere=True),
    Row("sites:facility-add", needs=P.EDIT_ORGANISATION, everywhere=True),
    Row("sites:facility-add", "POST", needs=P.EDIT_ORGANISATION, everywhere=True),
    Row("sites:facility", needs=P.VIEW_SITES, kwargs=facility, scoped=True),
    Row("sites:facility-edit", needs=P.EDIT_ORGANISATION, kwargs=facility, scoped=True),
    Row("sites:facility-edit", "POST", needs=P.EDIT_ORGANISATION, kwargs=facility, scoped=True),
    Row("sites:facility-active", "POST", needs=P.EDIT_ORGANISATION, kwargs=facility, scoped=True),
    Row("sites:location-add", needs=P.EDIT_SITES, kwargs=facility, scoped=True),
    Row("sites:location-add", "POST", needs=P.EDIT_SITES, kwargs=facility, scoped=True),
    Row("sites:location", needs=P.VIEW_SITES, kwargs=location, scoped=True),
    Row("sites:location-edit", needs=P.EDIT_SITES, kwargs=location, scoped=True),
    Row("sites:location-edit", "POST", needs=P.EDIT_SITES, kwargs=location, scoped=True),
    Row("sites:location-move", needs=P.EDIT_SITES, kwargs=location, scoped=True),
    Row("sites:location-move", "POST", needs=P.EDIT_SITES, kwargs=location, scoped=True),
    Row("sites:location-active", "POST", needs=P.EDIT_SITES, kwargs=location, scoped=True),
    Row("sites:department-list", needs=P.VIEW_SITES),
    Row("sites:department-add", needs=P.EDIT_SITES),
    Row("sites:department-add", "POST", needs=P.EDIT_SITES),
    Row("sites:department", needs=P.VIEW_SITES, kwargs=department, scoped=True),
    Row("sites:department-edit", needs=P.EDIT_SITES, kwargs=department, scoped=True),
    Row("sites:department-edit", "POST", needs=P.EDIT_SITES, kwargs=department, scoped=True),
    Row("sites:department-active", "POST", needs=P.EDIT_SITES, kwargs=department, scoped=True),
    Row("sites:provider-list", needs=P.VIEW_SITES),
    Row("sites:provider-add", needs=P.EDIT_SITES),
    Row("sites:provider-add", "POST", needs=P.EDIT_SITES),
    Row("sites:provider-edit", needs=P.EDIT_SITES, kwargs=provider, everywhere=True),
    Row("sites:provider-edit", "POST", needs=P.EDIT_SITES, kwargs=provider, everywhere=True),
    Row("sites:provider-active", "POST", needs=P.EDIT_SITES, kwargs=provider, everywhere=True),
]
API = [
    Row("api:get_organisation", needs=P.VIEW_SITES),
    Row("api:change_organisation", "PATCH", needs=P.EDIT_ORGANISATION, everywhere=True, data=lambda w: {"currency": "EUR"}),
    Row("api:list_facilities", needs=P.VIEW_SITES),
    Row("api:add_facility", "POST", needs=P.EDIT_ORGANISATION, everywhere=True, data=lambda w: {"code": "EAST", "name": "East"}),
    Row("api:get_facility", needs=P.VIEW_SITES, kwargs=facility, scoped=True),
    Row("api:change_facility", "PATCH", needs=P.EDIT_ORGANISATION, kwargs=facility, scoped=True, data=lambda w: {"name": "N"}),
    Row("api:list_locations", needs=P.VIEW_SITES),
    Row("api:add_location", "POST", needs=P.EDIT_SITES, scoped=True, data=at_north(kind="area", name="5 East")),
    Row("api:get_location", needs=P.VIEW_SITES, kwargs=location, scoped=True),
    Row("api:change_location", "PATCH", needs=P.EDIT_SITES, kwargs=location, scoped=True, data=lambda w: {"name": "4 East"}),
    Row("api:move_location", "POST", needs=P.EDIT_SITES, kwargs=location, scoped=True, data=lambda w: {"parent": None}),
    Row("api:list_departments", needs=P.VIEW_SITES),
    Row("api:add_department", "POST", needs=P.EDIT_SITES, scoped=True, data=at_north(name="Radiology")),
    Row("api:get_department", needs=P.VIEW_SITES, kwargs=department, scoped=True),
    Row("api:change_department", "PATCH", needs=P.EDIT_SITES, kwargs=department, scoped=True, data=lambda w: {"name": "ICU 2"}),
    Row("api:list_service_providers", needs=P.VIEW_SITES),
    Row("api:add_service_provider", "POST", needs=P.EDIT_SITES, data=lambda w: {"name": "New provider"}),
    Row("api:get_service_provider", needs=P.VIEW_SITES, kwargs=provider),
    Row("api:change_service_provider", "PATCH", needs=P.EDIT_SITES, kwargs=provider, everywhere=True, data=lambda w: {"phone": "1"}),
]
ROWS = [*PAGES, *API]
