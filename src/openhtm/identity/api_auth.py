"""Who calls the API: a bearer token, or the browser's own session (then with CSRF protection)."""

from __future__ import annotations

import datetime as dt

import pghistory
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer

from openhtm.core.errors import NotAllowed
from openhtm.identity import queries
from openhtm.identity.actor import Actor
from openhtm.identity.addresses import client_address
from openhtm.identity.middleware import actor_of_session
from openhtm.identity.models import ApiToken

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOTE_USE_EVERY = dt.timedelta(minutes=1)


class BearerToken(HttpBearer):
    """``Authorization: Bearer oht_…``, as printed by ``openhtm token create`` or the token page."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        holder = queries.holder_of_token(secret=token)
        if holder is None:
            return None
        now = timezone.now()
        if holder.last_used_at is None or now - holder.last_used_at > _NOTE_USE_EVERY:
            ApiToken.objects.filter(pk=holder.token_id).update(last_used_at=now, last_used_from=client_address(request))
        if holder.actor.read_only and request.method not in SAFE_METHODS:
            raise NotAllowed(permission="change anything with a read-only token", place="this instance")
        return _enter(request, holder.actor)


class Session(APIKeyCookie):
    """The session cookie of somebody logged in."""

    param_name = "sessionid"

    def __init__(self) -> None:
        super().__init__(csrf=False)

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        if not key:
            return None
        actor = actor_of_session(request)
        if actor is None or getattr(request, "must_change_password", False):
            return None
        if request.method not in SAFE_METHODS:
            _check_csrf(request)
        return _enter(request, actor)


def _enter(request: HttpRequest, actor: Actor) -> Actor:
    request.actor = actor  # type: ignore[attr-defined]
    facts = {"user": actor.user_id, "actor": actor.name} | ({"token": actor.token_id} if actor.token_id else {})
    pghistory.context(**facts)  # joins the context that the middleware opened
    return actor


def _check_csrf(request: HttpRequest) -> None:
    """Raise HttpError(403) unless the request carries the token of its own pages."""

    def unused(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    check = CsrfViewMiddleware(unused)
    request._dont_enforce_csrf_checks = False  # type: ignore[attr-defined]
    check.process_request(request)
    if check.process_view(request, unused, (), {}) is not None:
        raise HttpError(403, "This call came from elsewhere. Send the X-CSRFToken header, or use an API token.")
