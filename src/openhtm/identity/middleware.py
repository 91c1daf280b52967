"""Who is asking: the session or the bearer token becomes ``request.actor``; nobody gets past without one."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from openhtm.identity import queries
from openhtm.identity.actor import Actor

GetResponse = Callable[[HttpRequest], HttpResponse]
_TOUCH_EVERY_S = 300  # how often an active session's clock is written: not on every page

OPEN_PREFIXES = ("/static/", "/healthz", "/readyz", "/log-in", "/favicon", "/robots.txt", "/report/", "/ready/", "/attend/")
API_PREFIX = "/api/"


def identify(get_response: GetResponse) -> GetResponse:
    """Set ``request.actor``. Pages without log-in redirect to it; the API checks for itself and answers 401."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.actor = None  # type: ignore[attr-defined]
        if request.path.startswith(API_PREFIX):
            return get_response(request)
        actor = actor_of_session(request)
        request.actor = actor  # type: ignore[attr-defined]
        if actor is None and not request.path.startswith(OPEN_PREFIXES):
            return _to_log_in(request)
        if actor is not None and getattr(request, "must_change_password", False) and not _may_wait(request.path):
            return redirect("identity:change-password")
        return get_response(request)

    return middleware


def _may_wait(path: str) -> bool:
    return path.startswith(("/static/", "/log-out", reverse("identity:change-password")))


def _to_log_in(request: HttpRequest) -> HttpResponse:
    target = reverse("identity:log-in")
    if request.method == "GET" and request.path != "/":
        target += "?" + urlencode({"next": request.get_full_path()})
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = reverse("identity:log-in")
        return answer
    return redirect(target)


def begin_session(session: SessionBase) -> None:
    """Start both clocks of a session that was just logged in: idle time and the end of the shift."""
    session["began"] = session["seen"] = int(time.time())


def _has_ended(session: SessionBase, now: int) -> bool:
    """True if nobody used the session for too long, or it is older than a shift, however much it was used."""
    idle, age = now - session.get("seen", now), now - session.get("began", now)
    return idle > settings.SESSION_IDLE_SECONDS or age > settings.SESSION_COOKIE_AGE


def actor_of_session(request: HttpRequest) -> Actor | None:
    """Return who the session belongs to, or None. Two statements: the session, and the person with their roles."""
    session = request.session
    user_id = session.get(SESSION_KEY)
    if user_id is None or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    now = int(time.time())
    if _has_ended(session, now):
        session.flush()
        return None
    person = queries.person_with_roles(user_id=int(user_id))
    if person is None or not person.session_matches(session.get(HASH_SESSION_KEY, "")):
        session.flush()
        return None
    if now - session.get("seen", 0) > min(_TOUCH_EVERY_S, settings.SESSION_IDLE_SECONDS // 4):
        session["seen"] = now
        session.setdefault("began", now)
    request.must_change_password = person.must_change_password  # type: ignore[attr-defined]
    return person.actor
