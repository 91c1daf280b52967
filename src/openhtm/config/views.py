"""Pages that belong to no single room: home, health, the state of the system, the readable API documentation."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from openhtm.audit import invariants
from openhtm.audit.models import InvariantRun
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission


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
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {})


@require_safe
def system(request: HttpRequest) -> HttpResponse:
    require(request.actor, Permission.VIEW_SYSTEM)  # type: ignore[attr-defined]
    latest = InvariantRun.objects.first()
    return render(request, "system.html", {"run": latest, "invariants": invariants.registered()})


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api_docs.html", {})
