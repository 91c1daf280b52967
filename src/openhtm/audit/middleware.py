"""Every request gets an id, one structured log line, and a history context."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pghistory
import structlog
from django.http import HttpRequest, HttpResponse

from openhtm.audit.context import acting, request_id
from openhtm.core.ids import uuid7

GetResponse = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger("openhtm.request")
_ACCEPTABLE_ID = re.compile(r"[0-9A-Za-z._-]{8,64}")


def request_log(get_response: GetResponse) -> GetResponse:
    """Name the request, time it, and log it without query strings, bodies or tokens.

    A view that promises anonymity sets ``request.logged_without_person``.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if _ACCEPTABLE_ID.fullmatch(given) else uuid7().hex
        token = request_id.set(name)
        started = time.perf_counter()
        try:
            response = get_response(request)
            response["X-Request-ID"] = name
            if not request.path.startswith(("/static/", "/healthz", "/readyz")):
                _log(request, response, name, started)
            return response
        finally:
            request_id.reset(token)

    return middleware


def _log(request: HttpRequest, response: HttpResponse, name: str, started: float) -> None:
    actor = None if getattr(request, "logged_without_person", False) else getattr(request, "actor", None)
    log.info(
        "request",
        id=name,
        method=request.method,
        path=request.path[:500],
        status=response.status_code,
        ms=round((time.perf_counter() - started) * 1000, 1),
        user=actor.user_id if actor else None,
    )


def history_context(get_response: GetResponse) -> GetResponse:
    """Attach the acting person to every history row of a request that may write."""

    def middleware(request: HttpRequest) -> HttpResponse:
        actor = getattr(request, "actor", None)
        if request.path.startswith("/api/") and request.method not in ("GET", "HEAD", "OPTIONS"):
            with pghistory.context(path=request.path[:200], request=request_id.get()):  # the API adds who, once it knows
                return get_response(request)
        if actor is None or request.method in ("GET", "HEAD", "OPTIONS"):
            return get_response(request)
        with acting(actor, path=request.path[:200]):
            return get_response(request)

    return middleware
