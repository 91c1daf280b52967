"""Pages that belong to no single room: health, the state of the system, the readable API documentation."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from openhtm.config import api_docs as reading
from openhtm.identity.actor import require
from openhtm.identity.middleware import actor_of_session
from openhtm.identity.rules.permissions import Permission
from openhtm.reporting.queries.system import state


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Says nothing about the database."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and has every migration; 503 with the reason otherwise."""
    try:
        executor = MigrationExecutor(connection)
        missing = [f"{m.app_label}.{m.name}" for m, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "does not answer"}, status=503)
    if missing:
        return JsonResponse({"status": "unavailable", "database": "ok", "missing_migrations": missing}, status=503)
    return JsonResponse({"status": "ok", "database": "ok", "missing_migrations": []})


@require_safe
def system(request: HttpRequest) -> HttpResponse:
    """Checks, jobs, database and versions, for those who look after the instance."""
    require(request.actor, Permission.VIEW_SYSTEM)  # type: ignore[attr-defined]
    return render(request, "reporting/system.html", {"state": state()})


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """The API to read: how to call it, every operation by group, every problem code."""
    return _api_page(request, "reporting/api_docs.html", {"docs": reading.docs()})


@require_safe
def api_group(request: HttpRequest, slug: str) -> HttpResponse:
    """The operations of one group with their parameters and schemas."""
    group = next((one for one in reading.docs().groups if one.slug == slug), None)
    if group is None:
        raise Http404
    return _api_page(
        request, "reporting/api_group.html", {"group": group, "trail": [("API", reverse("api-docs")), (group.tag.capitalize(), "")]}
    )


def _api_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """It lies below /api/, where the session is asked for here."""
    request.actor = actor_of_session(request)  # type: ignore[attr-defined]
    if request.actor is None:  # type: ignore[attr-defined]
        return redirect_to_login(request.get_full_path(), reverse("identity:log-in"))
    return render(request, template, context)
