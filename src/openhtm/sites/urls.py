"""Addresses of the sites room."""

from django.urls import URLPattern, URLResolver, path, register_converter
from django.urls.converters import IntConverter, StringConverter

from openhtm.sites.views import departments, facilities, locations, providers


class KeyConverter(IntConverter):
    """A primary key within 64 bits; anything longer is no address of ours."""

    regex = "[0-9]{1,18}"


class FacilityCodeConverter(StringConverter):
    """What ``services.facilities`` accepts as a facility's code."""

    regex = "[0-9A-Za-z][0-9A-Za-z._-]{0,19}"


class PlaceCodeConverter(StringConverter):
    """The code on a place's label, in any case."""

    regex = "[0-9A-Za-z]{1,12}"


register_converter(KeyConverter, "key")
register_converter(FacilityCodeConverter, "facility")
register_converter(PlaceCodeConverter, "place")

app_name = "sites"
urlpatterns: list[URLPattern | URLResolver] = [
    path("places/", facilities.home, name="home"),
    path("places/organisation", facilities.organisation_edit, name="organisation-edit"),
    path("places/facilities/add", facilities.facility_add, name="facility-add"),
    path("places/facilities/<facility:code>/", facilities.facility, name="facility"),
    path("places/facilities/<facility:code>/edit", facilities.facility_edit, name="facility-edit"),
    path("places/facilities/<facility:code>/active", facilities.facility_active, name="facility-active"),
    path("places/facilities/<facility:code>/places/add", locations.location_add, name="location-add"),
    path("places/departments/", departments.department_list, name="department-list"),
    path("places/departments/add", departments.department_add, name="department-add"),
    path("places/departments/<key:department_id>", departments.department, name="department"),
    path("places/departments/<key:department_id>/edit", departments.department_edit, name="department-edit"),
    path("places/departments/<key:department_id>/active", departments.department_active, name="department-active"),
    path("places/providers/", providers.provider_list, name="provider-list"),
    path("places/providers/add", providers.provider_add, name="provider-add"),
    path("places/providers/<key:provider_id>/edit", providers.provider_edit, name="provider-edit"),
    path("places/providers/<key:provider_id>/active", providers.provider_active, name="provider-active"),
    path("l/<place:public_code>", locations.location, name="location"),
    path("l/<place:public_code>/edit", locations.location_edit, name="location-edit"),
    path("l/<place:public_code>/move", locations.location_move, name="location-move"),
    path("l/<place:public_code>/active", locations.location_active, name="location-active"),
]
