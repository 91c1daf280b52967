"""The home page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.identity.actor import Actor
from openhtm.reporting.queries.home import home as what_waits


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What waits for whoever is asking, by their roles."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return render(request, "reporting/home.html", {"home": what_waits(actor=actor, now=timezone.now()), "name": actor.name})
