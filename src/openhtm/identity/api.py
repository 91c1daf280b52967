"""The API of the identity room: who I am, accounts, roles, tokens."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Header, Query, Schema, Status
from pydantic import AwareDatetime, Field

from openhtm.core.errors import Invalid
from openhtm.core.pagination import Page, count_up_to, keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.repeatable import answer_once
from openhtm.core.routing import Router
from openhtm.core.schema import Body, ClientKey, Code, Cursor, Key, Limit, Line, Name, PageOut
from openhtm.identity import queries
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import ApiToken, RoleAssignment, User
from openhtm.identity.rules.permissions import GRANTS, Permission, Role
from openhtm.identity.services import accounts, passwords, people, tokens
from openhtm.sites.models import Facility

router = Router(tags=["people"])

ByKey = Annotated[ClientKey | None, Header(alias="Idempotency-Key", description="The client's own key of this creation.")]


class GrantOut(Schema):
    role: Role
    facility: str | None = Field(description="Code of the facility; null: every facility.")


class MeOut(Schema):
    id: int
    username: str
    full_name: str
    roles: list[GrantOut]
    permissions: list[str] = Field(description="What the roles allow, at one facility at least.")
    read_only: bool = Field(description="True for a token that may only look.")


class UserOut(Schema):
    id: int
    username: str
    full_name: str
    email: str
    phone: str
    is_service_account: bool
    is_active: bool
    roles: list[GrantOut]


class RoleIn(Body):
    role: Role
    facility: Code | None = Field(None, description="Code of the facility; null: every facility.")
    department_id: Key | None = None
    provider_id: Key | None = None
    valid_until: AwareDatetime | None = None


class UserIn(RoleIn):
    username: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\w.@+-]+$")]
    full_name: Name
    email: Line = ""
    phone: Line = ""
    is_service_account: bool = False


class UserCreated(UserOut):
    one_time_password: str | None = Field(description="Shown only in this answer; null for a service account.")


class UserPatch(Body):
    username: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\w.@+-]+$")] | None = None
    full_name: Name | None = None
    email: Line | None = None
    phone: Line | None = None
    is_active: bool | None = None


class OneTimePassword(Schema):
    one_time_password: str = Field(description="Shown only in this answer; to be changed at the first log-in.")


class UserPage(PageOut):
    items: list[UserOut]


class AssignmentOut(Schema):
    id: int
    user_id: int
    role: Role
    facility: str | None
    department_id: int | None
    provider_id: int | None
    valid_from: dt.datetime
    valid_until: dt.datetime | None


class AssignmentIn(RoleIn):
    user_id: Key


class AssignmentPage(PageOut):
    items: list[AssignmentOut]


class TokenOut(Schema):
    id: int
    user_id: int
    name: str
    hint: str = Field(description="The first characters, to recognise it by.")
    role: Role | None
    facility: str | None
    read_only: bool
    created_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None


class TokenIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$")]
    role: Role | None = None
    facility: Code | None = None
    read_only: bool = False
    days: Annotated[int, Field(ge=1, le=tokens.MAX_DAYS)] = tokens.DEFAULT_DAYS
    user_id: Key | None = Field(None, description="A service account to make it for; null: for oneself.")


class TokenCreated(TokenOut):
    token: str = Field(description="The bearer token. Shown only in this answer.")


class TokenPage(PageOut):
    items: list[TokenOut]


class PageAsked(Schema):
    cursor: Cursor | None = None
    limit: Limit = 50


class UserFilter(PageAsked):
    q: Line = ""
    role: Role | None = None
    facility: Line = ""
    active: bool | None = None
    service: bool | None = None


class AssignmentFilter(PageAsked):
    user_id: Key | None = None
    role: Role | None = None
    facility: Line = ""


class TokenFilter(PageAsked):
    user_id: Key | None = None
    live: bool | None = Field(None, description="True: neither revoked nor expired.")


@router.get("/me", response={200: MeOut, **REFUSALS}, operation_id="get_me")
def get_me(request: HttpRequest) -> Any:
    actor = _who(request)
    user = User.objects.get(pk=actor.user_id or 0)  # the system itself never calls the API
    codes = dict(Facility.objects.filter(pk__in=[g.facility_id for g in actor.grants if g.facility_id]).values_list("pk", "code"))
    return {
        "id": user.pk,
        "username": user.username,
        "full_name": user.full_name,
        "roles": [{"role": g.role, "facility": codes.get(g.facility_id) if g.facility_id else None} for g in actor.grants],
        "permissions": sorted({permission.name.lower() for g in actor.grants for permission in GRANTS[g.role]}),
        "read_only": actor.read_only,
    }


@router.get("/users", response={200: UserPage, **REFUSALS}, operation_id="list_users")
def list_users(request: HttpRequest, filters: Query[UserFilter]) -> Any:
    require(_who(request), Permission.VIEW_PEOPLE)
    found = queries.people(
        _who(request), q=filters.q, role=filters.role or "", facility=filters.facility, active=filters.active, service=filters.service
    )
    return _answer(found, ("full_name", "pk"), filters, _user)


@router.post("/users", response={201: UserCreated, **REFUSALS}, operation_id="add_user")
def add_user(request: HttpRequest, payload: UserIn) -> Any:
    """Add an account with its first role. Not repeatable by key: the answer holds a secret that is not kept."""
    actor = _who(request)
    fields = payload.dict(include={"username", "full_name", "email", "phone"})
    require(actor, Permission.MANAGE_PEOPLE)
    user, password = people.add_person(actor=actor, gift=_gift(actor, payload), service=payload.is_service_account, **fields)
    return Status(201, _user_of(actor, user.pk) | {"one_time_password": password})


@router.get("/users/{user_id}", response={200: UserOut, **REFUSALS}, operation_id="get_user")
def get_user(request: HttpRequest, user_id: Key) -> Any:
    require(_who(request), Permission.VIEW_PEOPLE)
    return _user_of(_who(request), user_id)


@router.patch("/users/{user_id}", response={200: UserOut, **REFUSALS}, operation_id="change_user")
def change_user(request: HttpRequest, user_id: Key, payload: UserPatch) -> Any:
    actor = _who(request)
    changes = {name: value for name, value in payload.dict(exclude_unset=True).items() if value is not None}
    active = changes.pop("is_active", None)
    with transaction.atomic():
        accounts.update_account(actor=actor, user_id=user_id, **changes)
        if active is not None:
            accounts.set_account_active(actor=actor, user_id=user_id, active=active)
    return _user_of(actor, user_id)


@router.post("/users/{user_id}/reset-password", response={200: OneTimePassword, **REFUSALS}, operation_id="reset_user_password")
def reset_user_password(request: HttpRequest, user_id: Key) -> Any:
    return {"one_time_password": passwords.reset_password(actor=_who(request), user_id=user_id)}


@router.get("/role-assignments", response={200: AssignmentPage, **REFUSALS}, operation_id="list_role_assignments")
def list_role_assignments(request: HttpRequest, filters: Query[AssignmentFilter]) -> Any:
    require(_who(request), Permission.VIEW_PEOPLE)
    found = queries.assignments(_who(request), user_id=filters.user_id, role=filters.role or "", facility=filters.facility)
    return _answer(found, ("pk",), filters, _assignment)


@router.post("/role-assignments", response={201: AssignmentOut, **REFUSALS}, operation_id="add_role_assignment")
def add_role_assignment(request: HttpRequest, payload: AssignmentIn, client_key: ByKey = None) -> Any:
    actor = _who(request)
    require(actor, Permission.VIEW_PEOPLE)

    def make() -> tuple[int, dict[str, Any]]:
        gift = _gift(actor, payload)
        return 201, _assignment(people.assign_role(actor=actor, user_id=payload.user_id, gift=gift))

    status, answer, _ = answer_once(actor=actor, key=client_key, route=f"{request.method} {request.path}", body=request.body, make=make)
    return Status(status, answer)


@router.delete("/role-assignments/{assignment_id}", response={204: None, **REFUSALS}, operation_id="remove_role_assignment")
def remove_role_assignment(request: HttpRequest, assignment_id: Key) -> Any:
    people.revoke_role(actor=_who(request), assignment_id=assignment_id)
    return Status(204, None)


@router.get("/tokens", response={200: TokenPage, **REFUSALS}, operation_id="list_tokens")
def list_tokens(request: HttpRequest, filters: Query[TokenFilter]) -> Any:
    require(_who(request), Permission.USE_TOKENS)
    found = queries.tokens(_who(request), user_id=filters.user_id, live=filters.live)
    return _answer(found, ("-created_at", "-pk"), filters, _token)


@router.post("/tokens", response={201: TokenCreated, **REFUSALS}, operation_id="add_token")
def add_token(request: HttpRequest, payload: TokenIn) -> Any:
    """Make a token. Not repeatable by key: the answer holds a secret that is not kept."""
    actor = _who(request)
    require(actor, Permission.USE_TOKENS)
    facility = _facility_id(actor, payload.facility)
    wish = tokens.TokenWish(name=payload.name, role=payload.role, facility_id=facility, read_only=payload.read_only, days=payload.days)
    if payload.user_id is None or payload.user_id == actor.user_id:
        token, secret = tokens.create_own_token(actor=actor, wish=wish, now=timezone.now())
    else:
        token, secret = tokens.create_service_token(actor=actor, user_id=payload.user_id, wish=wish, now=timezone.now())
    return Status(201, _token(token) | {"token": secret})


@router.delete("/tokens/{token_id}", response={200: TokenOut, **REFUSALS}, operation_id="revoke_token")
def revoke_token(request: HttpRequest, token_id: Key) -> Any:
    return _token(tokens.revoke_token(actor=_who(request), token_id=token_id, now=timezone.now()))


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _facility_id(actor: Actor, code: str | None) -> int | None:
    return Facility.objects.visible_to(actor).get(code__iexact=code).pk if code else None


def _gift(actor: Actor, payload: RoleIn) -> people.RoleGift:
    if payload.valid_until and payload.valid_until.year > 9000:
        raise Invalid({"valid_until": ["Give an end before the year 9000."]})
    return people.RoleGift(
        role=payload.role,
        facility_id=_facility_id(actor, payload.facility),
        department_id=payload.department_id,
        provider_id=payload.provider_id,
        valid_until=payload.valid_until,
    )


def _answer(found: Any, order: tuple[str, ...], filters: PageAsked, shape: Any) -> dict[str, Any]:
    page: Page[Any] = keyset_page(found, order=order, cursor=filters.cursor, limit=filters.limit)
    count = count_up_to(found)
    return {
        "items": [shape(row) for row in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": count.value,
        "count_is_exact": count.exact,
    }


def _pick(record: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _user_of(actor: Actor, user_id: int) -> dict[str, Any]:
    return _user(queries.people(actor).get(pk=user_id))


def _user(record: User) -> dict[str, Any]:
    held: list[RoleAssignment] = record.shown_roles  # type: ignore[attr-defined]
    roles = [{"role": row.role, "facility": row.facility.code if row.facility else None} for row in held]
    texts = _pick(record, "id", "username", "full_name", "email", "phone", "is_service_account", "is_active")
    return texts | {"roles": roles}


def _assignment(row: RoleAssignment) -> dict[str, Any]:
    facility = row.facility.code if row.facility else None
    shown = _pick(row, "id", "user_id", "role", "department_id", "provider_id", "valid_from", "valid_until")
    return {"facility": facility} | shown


def _token(row: ApiToken) -> dict[str, Any]:
    shown = _pick(row, "id", "user_id", "name", "hint", "read_only", "created_at", "expires_at", "revoked_at", "last_used_at")
    return shown | {"role": row.role or None, "facility": row.facility.code if row.facility else None}
