"""What the services of this room share: clean texts, and who may manage where."""

from __future__ import annotations

from openhtm.core.errors import Invalid
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Department, Facility


def line(text: str, *, field: str, limit: int, needed: bool = False) -> str:
    """Return ``text`` as one line. Raises Invalid if it is too long, or missing where it is needed."""
    clean = " ".join(text.replace("\0", "").split())
    if len(clean) > limit:
        raise Invalid({field: [f"Use up to {limit} characters."]})
    if needed and not clean:
        raise Invalid({field: ["This is needed."]})
    return clean


def manageable_unit(actor: Actor, department_id: int) -> Department:
    """A unit the actor sees and may manage training in. One statement. Raises Department.DoesNotExist, NotAllowed."""
    unit = Department.objects.visible_to(actor).select_related("facility").get(pk=department_id)
    require_training(actor, unit.facility)
    return unit


def require_training(actor: Actor, facility: Facility) -> None:
    """Raise NotAllowed unless the actor manages training at ``facility``."""
    require(actor, Permission.MANAGE_TRAINING, at=facility.pk, place=facility.name)
