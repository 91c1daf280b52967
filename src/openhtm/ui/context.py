"""What every page of the shell needs and no view should have to pass."""

from typing import Any

from django.http import HttpRequest

THEME_COOKIE = "theme"
THEMES = ("light", "dark")


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor, no query. ``nav``, ``phone_nav`` and ``person`` come from config."""
    return {"theme": chosen_theme(request)}


def chosen_theme(request: HttpRequest) -> str:
    """``light`` or ``dark`` as the person chose it on this browser, or "" to follow the system."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""
