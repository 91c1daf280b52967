"""Addresses of the sites room."""

from django.urls import URLPattern, URLResolver, path, register_converter
from django.urls.converters import IntConverter

from openhtm.sites.views import departments, facilities, locations, providers


class KeyConverter(IntConverter):
    """A primary key within 64 bits; anything longer is no address of ours."""

    regex = "[0-9]{1,18}"


register_converter(KeyConverter, "key")

app_name = "sites"
urlpatterns: list[URLPattern | URLResolver] = [
    path("places/", facilities.home, name="home"),
    path("places/organisation", facilities.organisation_edit, name="organisation-edit"),
    path("places/facilities/add", facilities.facility_add, name="facility-add"),
    path("places/facilities/<str:code>/", facilities.facility, name="facility"),
    path("places/facilities/<str:code>/edit", facilities.facility_edit, name="facility-edit"),
    path("places/facilities/<str:code>/active", facilities.facility_active, name="facility-active"),
    path("places/facilities/<str:code>/places/add", locations.location_add, name="location-add"),
    path("places/departments/", departments.department_list, name="department-list"),
    path("places/departments/add", departments.department_add, name="department-add"),
    path("places/departments/<key:department_id>", departments.department, name="department"),
    path("places/departments/<key:department_id>/edit", departments.department_edit, name="department-edit"),
    path("places/departments/<key:department_id>/active", departments.department_active, name="department-active"),
    path("places/providers/", providers.provider_list, name="provider-list"),
    path("places/providers/add", providers.provider_add, name="provider-add"),
    path("places/providers/<key:provider_id>/edit", providers.provider_edit, name="provider-edit"),
    path("places/providers/<key:provider_id>/active", providers.provider_active, name="provider-active"),
    path("l/<str:public_code>", locations.location, name="location"),
    path("l/<str:public_code>/edit", locations.location_edit, name="location-edit"),
    path("l/<str:public_code>/move", locations.location_move, name="location-move"),
    path("l/<str:public_code>/active", locations.location_active, name="location-active"),
]
