"""Who asks, for the pages and the API of this room."""

from __future__ import annotations

from django.http import HttpRequest

from openhtm.identity.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]
