"""What the pages of this room share."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.sites.models import Facility
from openhtm.ui import parts


def who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def at_facility(facility: Facility) -> timezone.override:
    """Show times as the clocks of the facility do."""
    return timezone.override(ZoneInfo(facility.time_zone))


def text_of(request: HttpRequest, name: str, *, limit: int = 200) -> str:
    """What was posted, without NUL, cut to ``limit``."""
    return request.POST.get(name, "").replace("\0", "")[:limit]


def tab(label: str, url: str, *, current: bool, count: int | str | None = None) -> parts.Tab:
    return parts.Tab(label=label, url=url, current=current, count=count)
