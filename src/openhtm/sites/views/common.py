"""What the pages of this room share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from openhtm.core.errors import Invalid
from openhtm.sites.scope import Scoped

PLACES = "Places"


def who(request: HttpRequest) -> Scoped:
    """Whoever asks, as the middleware found them."""
    return request.actor  # type: ignore[attr-defined]


def trail(*steps: tuple[str, str]) -> list[tuple[str, str]]:
    return [(PLACES, reverse("sites:home")), *steps]


def chosen_active(text: str) -> bool | None:
    """The filter ``active``: yes, no, or both."""
    return {"yes": True, "no": False}.get(text)


def switch(request: HttpRequest, *, change: Callable[[bool], Any], back: str) -> HttpResponse:
    """Post ``active`` = yes or no, say what happened, and return to the page."""
    active = request.POST.get("active") == "yes"
    try:
        record = change(active)
    except Invalid as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, f"{record} is {'active' if active else 'inactive'} now.")
    return redirect(back)
