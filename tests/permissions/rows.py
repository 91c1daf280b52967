"""The shape of the route matrix: one row for every route and method, listed per room in this folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from openhtm.identity.rules.permissions import Permission

PUBLIC = "public"
LOGGED_IN = "logged in"


@dataclass(frozen=True)
class Row:
    """What a route answers to whom.

    ``needs`` is the permission (or PUBLIC, LOGGED_IN). ``kwargs`` and ``data`` build a request about something of the
    facility North, from the ``World``; ``query`` is added to the address. ``scoped``: somebody of South gets 404 for it. ``everywhere``: the permission
    must be held for the whole organisation. ``ok``: statuses that mean the right was enough.
    """

    route: str
    method: str = "GET"
    needs: Permission | str = LOGGED_IN
    kwargs: Callable[[Any], dict[str, Any]] = field(default=lambda world: {})
    data: Callable[[Any], dict[str, Any]] = field(default=lambda world: {})
    query: dict[str, str] = field(default_factory=dict)
    scoped: bool = False
    everywhere: bool = False
    ok: tuple[int, ...] = (200, 201, 202, 204, 302, 303, 400, 422)
