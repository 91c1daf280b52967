"""What the API of this room shares."""

from __future__ import annotations

from django.http import HttpRequest

from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission


def who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def may(request: HttpRequest, permission: Permission = Permission.VIEW_TRAINING) -> Actor:
    """The actor. Raises NotAllowed unless they hold ``permission`` anywhere."""
    actor = who(request)
    require(actor, permission)
    return actor
