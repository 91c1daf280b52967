"""What the pages of procedures have in common."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures.models import Procedure, VersionStatus
from openhtm.ui import marks

HOME = ("Procedures", "/procedures")
STAGE_TONES = {"draft": "hold", "in_review": "due", "released": "ok", "retired": "hold"}


def actor_with(request: HttpRequest, permission: Permission) -> Actor:
    """Return who asks. Raises NotAllowed unless they hold ``permission``."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, permission)
    return actor


def url_of(procedure: Procedure) -> str:
    return reverse("procedures:procedure", args=[procedure.code])


def stage_mark(status: str, *, number: int | None = None, reviewed: bool = False) -> Any:
    """The mark of a version's stage, such as "Version 3 in review"."""
    words = "Reviewed" if status == VersionStatus.IN_REVIEW and reviewed else VersionStatus(status).label
    tone = "info" if words == "Reviewed" else STAGE_TONES[status]
    return marks.status(tone, f"Version {number}: {words.lower()}" if number else words)


def text_of(request: HttpRequest, name: str, limit: int = 200) -> str:
    """Return a parameter of the address, cut, without characters that no database holds."""
    return request.GET.get(name, "")[:limit].replace("\0", "")
