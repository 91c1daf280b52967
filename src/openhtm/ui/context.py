"""What every page of the shell needs and no view should have to pass."""

from typing import Any

from django.http import HttpRequest

from openhtm.ui import icons

THEME_COOKIE = "theme"
THEMES = ("light", "dark")
PALETTE_ICONS = (
    "search",
    "monitor",
    "box",
    "map-pin",
    "building-2",
    "user",
    "file-text",
    "wrench",
    "tag",
    "factory",
    "layers",
    "arrow-right",
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor, no query. ``nav``, ``phone_nav`` and ``person`` come from config."""
    return {
        "theme": chosen_theme(request),
        "palette_icons": [(name, icons.drawing(name)) for name in PALETTE_ICONS],
    }


def chosen_theme(request: HttpRequest) -> str:
    """``light`` or ``dark`` as the person chose it on this browser, or "" to follow the system."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""
