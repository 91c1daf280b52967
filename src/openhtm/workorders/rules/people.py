"""Roles whose people may be given work."""

from openhtm.identity.rules.permissions import GRANTS, Permission

WORKING_ROLES: tuple[str, ...] = tuple(sorted(role.value for role, given in GRANTS.items() if Permission.DO_WORK in given))
