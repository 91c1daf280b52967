"""Who asks, and under which address, for the pages and the API of this room."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from openhtm.identity.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def base_url(request: HttpRequest) -> str:
    """Return what printed codes start with: the site's setting, else the address of this request."""
    return (settings.BASE_URL or request.build_absolute_uri("/")).rstrip("/")
