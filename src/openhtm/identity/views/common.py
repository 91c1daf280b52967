"""What the pages of this room share."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from openhtm.identity.actor import Actor
from openhtm.identity.models import RoleAssignment
from openhtm.identity.rules.permissions import ROLE_LABELS, Role

FORM = "identity/form.html"


def who(request: HttpRequest) -> Actor:
    """Whoever asks, as the middleware found them."""
    return request.actor  # type: ignore[attr-defined]


def trail(*steps: tuple[str, str]) -> list[tuple[str, str]]:
    return [("People", reverse("identity:user-list")), *steps]


def secret_once(request: HttpRequest, **facts: object) -> HttpResponse:
    """Show a secret this one time. No cache and no history keeps the page."""
    response = render(request, "identity/secret.html", facts)
    response["Cache-Control"] = "no-store"
    return response


def role_words(assignment: RoleAssignment) -> str:
    """``Technician (BMET) at North Campus``."""
    place = assignment.facility.name if assignment.facility else "every facility"
    narrowed = assignment.department or assignment.provider
    return f"{ROLE_LABELS[Role(assignment.role)]} at {place}" + (f", {narrowed}" if narrowed else "")
