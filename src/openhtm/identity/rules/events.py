"""What identity tells whoever listens (``core.events``): published in the transaction of the change itself."""

from __future__ import annotations

from dataclasses import dataclass

from openhtm.identity.rules.permissions import Role


@dataclass(frozen=True, slots=True)
class RoleGiven:
    """Somebody was given a role."""

    user_id: int
    role: Role
