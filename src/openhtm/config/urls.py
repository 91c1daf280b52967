"""Every address of the application."""

from django.urls import include, path

from openhtm.config import search, views
from openhtm.config.api import api
from openhtm.reporting import views as reporting

urlpatterns = [
    path("", reporting.home, name="home"),
    path("search", search.search, name="search"),
    path("search.json", search.search_json, name="search-json"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("system", views.system, name="system"),
    path("api/v1/docs", views.api_docs, name="api-docs"),
    path("api/v1/docs/<slug:slug>", views.api_group, name="api-group"),
    path("api/v1/", api.urls),
    path("", include("openhtm.identity.urls")),
    path("", include("openhtm.sites.urls")),
    path("catalog/", include("openhtm.catalog.urls")),
    path("", include("openhtm.inventory.urls")),
    path("", include("openhtm.documents.urls")),
    path("", include("openhtm.notices.urls")),
    path("", include("openhtm.procedures.urls")),
    path("", include("openhtm.traceability.urls")),
    path("", include("openhtm.testers.urls")),
    path("", include("openhtm.workforce.urls")),
    path("", include("openhtm.training.urls")),
    path("", include("openhtm.pulse.urls")),
    path("", include("openhtm.competence.urls")),
    path("", include("openhtm.workorders.urls")),
    path("", include("openhtm.maintenance.urls")),
    path("", include("openhtm.rounds.urls")),
    path("", include("openhtm.staffing.urls")),
    path("", include("openhtm.ui.urls")),
]

handler400 = "openhtm.config.errors.bad_request"
handler403 = "openhtm.config.errors.forbidden"
handler404 = "openhtm.config.errors.not_found"
handler500 = "openhtm.config.errors.server_error"
