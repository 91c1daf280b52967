"""What happens here when accounts change."""

from __future__ import annotations

from openhtm.core.events import subscribe
from openhtm.identity.rules.events import RoleGiven
from openhtm.identity.rules.permissions import GRANTS, Permission, Role
from openhtm.workforce.services.people import staff_of_accounts


def follow_role(event: RoleGiven) -> None:
    """Who may work on orders gets a staff record, so that they can be in a team, have hours and be judged by the policy."""
    if event.role != Role.ADMINISTRATOR and Permission.DO_WORK in GRANTS[event.role]:
        staff_of_accounts([event.user_id])


def listen() -> None:
    subscribe(RoleGiven, "workforce", follow_role)
