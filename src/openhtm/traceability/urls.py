"""Addresses of this room."""

from openhtm.traceability.views import doubts, files, mappings, tests

app_name = "traceability"
urlpatterns = [*files.urlpatterns, *tests.urlpatterns, *mappings.urlpatterns, *doubts.urlpatterns]
