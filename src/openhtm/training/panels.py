"""What this room shows on pages of lower rooms: who is trained on a type, and one's own training."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from openhtm.identity.actor import Actor
from openhtm.training.models import Clinician
from openhtm.ui import panels
from openhtm.ui.panels import Panel


def of_me(request: HttpRequest, person: Any) -> Panel | None:
    """A link to one's own clinical training, where one is on the list of clinical staff. One statement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    known = Clinician.objects.filter(user_id=actor.user_id).select_related("department").first() if actor.user_id is not None else None
    return (
        Panel(template="training/panel_me.html", context={"clinician": known}, title="Device training", key="training") if known else None
    )


def offer() -> None:
    """Register the panels with the pages of lower rooms."""
    panels.register("staff.me", of_me, order=120)
