"""Logged-in clients and bearer tokens for tests, made directly in the database: argon2 would cost a second per test."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from openhtm.identity.models import User
from openhtm.identity.services.tokens import TokenWish, insert_token


def logged_in(user: User, **more: Any) -> Client:
    """A browser in which ``user`` is logged in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session["began"] = session["seen"] = int(dt.datetime.now(tz=dt.UTC).timestamp())
    session.create()
    client = Client(**more)
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    return client


def bearer(user: User, **wish: Any) -> dict[str, str]:
    """The header of a fresh API token of ``user``: ``client.get(url, **bearer(maria))``."""
    _, secret = insert_token(user=user, wish=TokenWish(**({"name": "test"} | wish)), now=timezone.now())
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


class ApiClient:
    """Calls the API with JSON: as ``user`` by a bearer token, or as nobody."""

    def __init__(self, user: User | None, **wish: Any) -> None:
        self.client, self.headers = Client(), bearer(user, **wish) if user else {}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """``path`` below /api/v1, or in full."""
        url = path if path.startswith("/api/") else f"/api/v1{path}"
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.generic(method, url, data, content_type="application/json", **self.headers, **headers)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("POST", path, body if body is not None else {}, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.call("DELETE", path, **headers)
