"""What this room shows on pages of lower rooms: a survey that waits for an answer, on one's own page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.pulse.queries import to_answer
from openhtm.ui import panels
from openhtm.ui.panels import Panel


def of_me(request: HttpRequest, person: Any) -> Panel | None:
    """Surveys that ask the person who looks; nobody sees this of somebody else. One statement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if person is not None and getattr(person, "user_id", actor.user_id) != actor.user_id:
        return None
    waiting = to_answer(actor, now=timezone.now())
    return Panel(template="pulse/panel_me.html", context={"waiting": waiting}, title="Survey", key="survey") if waiting else None


def offer() -> None:
    """Register the panels with the pages of lower rooms."""
    panels.register("staff.me", of_me, order=20)
