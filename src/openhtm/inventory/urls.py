"""Addresses of the inventory, one list for each part of it."""

from django.urls import URLPattern, URLResolver

from openhtm.inventory.views import bulk, devices, exports, files, imports, labels, quality, scan, settings

app_name = "inventory"
urlpatterns: list[URLPattern | URLResolver] = [
    *devices.urlpatterns,
    *bulk.urlpatterns,
    *files.urlpatterns,
    *exports.urlpatterns,
    *imports.urlpatterns,
    *labels.urlpatterns,
    *quality.urlpatterns,
    *scan.urlpatterns,
    *settings.urlpatterns,
]
