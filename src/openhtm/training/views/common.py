"""What the pages of this room share."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.training.queries import sessions
from openhtm.ui import parts

TABS = (
    ("Coverage", "training:home"),
    ("Roll-outs", "training:roll-outs"),
    ("Sessions", "training:session-list"),
    ("People", "training:person-list"),
    ("To settle", "training:unsettled"),
    ("Courses", "training:course-list"),
    ("Policy", "training:policy-list"),
)
FOR_EDUCATORS = frozenset({"training:unsettled"})


def who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def base_url(request: HttpRequest) -> str:
    """What printed codes start with: the site's setting, else the address of this request."""
    return (settings.BASE_URL or request.build_absolute_uri("/")).rstrip("/")


def at_facility(facility: Facility) -> timezone.override:
    """Show times as the clocks of the facility do."""
    return timezone.override(ZoneInfo(facility.time_zone))


def tabs(request: HttpRequest, current: str) -> list[parts.Tab]:
    """The tabs of the room; what waits to be settled is counted for those who may settle it. One statement or none."""
    actor = who(request)
    manages = actor.may(Permission.MANAGE_TRAINING)
    waiting = sessions.unsettled(actor).count() if manages else None
    return [
        parts.Tab(label=label, url=reverse(route), current=route == current, count=waiting if route == "training:unsettled" else None)
        for label, route in TABS
        if manages or route not in FOR_EDUCATORS
    ]
