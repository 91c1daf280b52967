"""Routes of the room identity."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.permissions import Permission as P
from openhtm.identity.rules.permissions import Role
from openhtm.identity.services.tokens import TokenWish, insert_token
from openhtm.identity.tests.factories import UserFactory
from tests.permissions.rows import PUBLIC, Row
from tests.permissions.world import World


def somebody(world: World) -> User:
    """A requester at North, made for one request."""
    return UserFactory.with_role(Role.REQUESTER, world.north)


def account(world: World) -> dict[str, Any]:
    return {"user_id": somebody(world).pk}


def service_account(world: World) -> dict[str, Any]:
    return {"user_id": UserFactory.with_role(Role.TECHNICIAN, world.north, is_service_account=True).pk}


def role_of_account(world: World) -> dict[str, Any]:
    row = RoleAssignment.objects.get(user=somebody(world))
    return {"user_id": row.user_id, "assignment_id": row.pk}


def assignment(world: World) -> dict[str, Any]:
    return {"assignment_id": role_of_account(world)["assignment_id"]}


def token(world: World) -> dict[str, Any]:
    made, _ = insert_token(user=somebody(world), wish=TokenWish(name="somebody's"), now=timezone.now())
    return {"token_id": made.pk}


def new_user(world: World) -> dict[str, Any]:
    return {"username": "new.person", "full_name": "New Person", "role": "technician", "facility": world.north.code}


def new_role(world: World) -> dict[str, Any]:
    return {"user_id": somebody(world).pk, "role": "technician", "facility": world.north.code}


PAGES = [
    Row("identity:log-in", needs=PUBLIC),
    Row("identity:log-in", "POST", needs=PUBLIC),
    Row("identity:log-out", "POST"),
    Row("identity:change-password"),
    Row("identity:change-password", "POST"),
    Row("identity:profile"),
    Row("identity:user-list", needs=P.VIEW_PEOPLE),
    Row("identity:user-add", needs=P.MANAGE_PEOPLE),
    Row("identity:user-add", "POST", needs=P.MANAGE_PEOPLE),
    Row("identity:user-detail", needs=P.VIEW_PEOPLE, kwargs=account, scoped=True),
    Row("identity:user-edit", needs=P.MANAGE_PEOPLE, kwargs=account, scoped=True),
    Row("identity:user-edit", "POST", needs=P.MANAGE_PEOPLE, kwargs=account, scoped=True),
    Row("identity:user-active", "POST", needs=P.MANAGE_PEOPLE, kwargs=account, scoped=True),
    Row("identity:user-reset-password", "POST", needs=P.MANAGE_PEOPLE, kwargs=account, scoped=True),
    Row("identity:role-add", needs=P.MANAGE_PEOPLE, kwargs=account, scoped=True),
    Row("identity:role-add", "POST", needs=P.MANAGE_PEOPLE, kwargs=account, scoped=True),
    Row("identity:role-revoke", "POST", needs=P.MANAGE_PEOPLE, kwargs=role_of_account, scoped=True),
    Row("identity:token-add-for", needs=P.MANAGE_TOKENS, kwargs=service_account, scoped=True),
    Row("identity:token-add-for", "POST", needs=P.MANAGE_TOKENS, kwargs=service_account, scoped=True),
    Row("identity:token-list", needs=P.USE_TOKENS),
    Row("identity:token-add", needs=P.USE_TOKENS),
    Row("identity:token-add", "POST", needs=P.USE_TOKENS),
    Row("identity:token-revoke", "POST", needs=P.MANAGE_TOKENS, kwargs=token, scoped=True),
]
API = [
    Row("api:get_me"),
    Row("api:list_users", needs=P.VIEW_PEOPLE),
    Row("api:add_user", "POST", needs=P.MANAGE_PEOPLE, data=new_user, scoped=True),
    Row("api:get_user", needs=P.VIEW_PEOPLE, kwargs=account, scoped=True),
    Row("api:change_user", "PATCH", needs=P.MANAGE_PEOPLE, kwargs=account, scoped=True, data=lambda w: {"phone": "123"}),
    Row("api:reset_user_password", "POST", needs=P.MANAGE_PEOPLE, kwargs=account, scoped=True),
    Row("api:list_role_assignments", needs=P.VIEW_PEOPLE),
    Row("api:add_role_assignment", "POST", needs=P.MANAGE_PEOPLE, data=new_role, scoped=True),
    Row("api:remove_role_assignment", "DELETE", needs=P.MANAGE_PEOPLE, kwargs=assignment, scoped=True),
    Row("api:list_tokens", needs=P.USE_TOKENS),
    Row("api:add_token", "POST", needs=P.USE_TOKENS, data=lambda w: {"name": "matrix"}),
    Row("api:revoke_token", "DELETE", needs=P.MANAGE_TOKENS, kwargs=token, scoped=True),
]
ROWS = [*PAGES, *API]
