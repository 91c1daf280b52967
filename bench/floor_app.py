"""The minimal view: our server, settings, middleware and log-in, then one plain statement and rows written by f-string.

What a page of ours costs beyond it is what we add: permissions by scope, filters, search, names, marks and markup.
"""

from __future__ import annotations

import os
from typing import Any

import orjson
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")

from bench.floors import FLOORS


def _rows(request: HttpRequest) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(FLOORS[request.GET["floor"]], orjson.loads(request.GET["values"]))
        return cursor.fetchall()


def page(request: HttpRequest) -> HttpResponse:
    """Answer ``/floor?floor=<name>&values=<JSON list>`` to somebody logged in."""
    lines = "".join("<tr>" + "".join(f"<td>{value}</td>" for value in row) + "</tr>" for row in _rows(request))
    return HttpResponse(f"<!doctype html><table>{lines}</table>")


def call(request: HttpRequest) -> HttpResponse:
    """Answer the same as JSON to the holder of a token."""
    from openhtm.identity.api_auth import BearerToken

    if BearerToken()(request) is None:
        return HttpResponse(status=401)
    return HttpResponse(orjson.dumps(_rows(request), default=str), content_type="application/json")


def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("healthz", alive), path("floor", page), path("api/floor", call)]
settings.ROOT_URLCONF = __name__
application = get_wsgi_application()
