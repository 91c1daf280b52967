"""Nobody reaches what is not theirs: every route and method, asked by nobody, a holder, a colleague, and a stranger."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from openhtm.identity.models import User
from openhtm.identity.rules.permissions import GRANTS, Permission, Role
from tests.permissions.client import bearer, logged_in
from tests.permissions.routes import declared, existing
from tests.permissions.rows import LOGGED_IN, PUBLIC, Row
from tests.permissions.world import World, build_world

pytestmark = pytest.mark.django_db  # also puts these before tests that empty the tables
ROWS = declared()
GUARDED = [row for row in ROWS if row.needs != PUBLIC]


def name(row: Row) -> str:
    return f"{row.route} {row.method}"


every_row = pytest.mark.parametrize("row", ROWS, ids=name)
guarded_row = pytest.mark.parametrize("row", GUARDED, ids=name)
HELD_BY_ALL = frozenset.intersection(*GRANTS.values())
refusable = [row for row in GUARDED if row.needs != LOGGED_IN and (row.everywhere or row.needs not in HELD_BY_ALL)]
permission_row = pytest.mark.parametrize("row", refusable, ids=name)
scoped_row = pytest.mark.parametrize("row", [row for row in ROWS if row.scoped], ids=name)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: object) -> Iterator[World]:
    """One world for all rows: each test takes back what it did."""
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        yield build_world()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def taken_back(world: World) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_every_route_and_method_is_declared() -> None:
    missing = sorted(existing() - {(row.route, row.method) for row in ROWS})
    assert not missing, f"declare these in tests/permissions/<room>.py: {missing}"


def test_every_declared_route_exists_once() -> None:
    listed = [(row.route, row.method) for row in ROWS]
    assert not sorted(set(listed) - existing()), "these routes or methods are declared but gone"
    assert len(listed) == len(set(listed)), "a route and method is declared twice"


@guarded_row
def test_nobody_is_sent_to_the_log_in(row: Row, world: World) -> None:
    answer = ask(row, world, None)
    if is_api(row):
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("identity:log-in"))


@every_row
def test_a_holder_gets_an_answer(row: Row, world: World) -> None:
    answer = ask(row, world, None if row.needs == PUBLIC else holder(row, world))
    assert answer.status_code in row.ok, answer.content[:2000]
    if row.needs != PUBLIC and answer.status_code == 302 and row.route != "identity:log-out":
        assert not answer["Location"].startswith(reverse("identity:log-in"))


@permission_row
def test_a_colleague_without_the_right_is_refused(row: Row, world: World) -> None:
    assert ask(row, world, colleague(row, world)).status_code == 403


@scoped_row
def test_somebody_of_another_facility_finds_nothing(row: Row, world: World) -> None:
    assert ask(row, world, world.chen).status_code == 404


def ask(row: Row, world: World, person: User | None) -> HttpResponse:
    url = reverse(row.route, kwargs=row.kwargs(world), query=row.query)
    data = row.data(world)
    if is_api(row):
        headers = bearer(person) if person else {}
        body = b"" if row.method == "GET" else json.dumps(data).encode()
        return Client().generic(row.method, url, body, content_type="application/json", **headers)
    client = logged_in(person) if person else Client()
    return client.get(url, data) if row.method == "GET" else client.post(url, data)


def is_api(row: Row) -> bool:
    return row.route.startswith("api:")


def holder(row: Row, world: World) -> User:
    if row.everywhere:
        return world.ada
    return world.holder(row.needs) if isinstance(row.needs, Permission) else world.people[Role.TECHNICIAN]


def colleague(row: Row, world: World) -> User | None:
    """Somebody at North without the right; for rights over the whole organisation, who holds it at North only."""
    if row.everywhere:
        return world.people[Role.ADMINISTRATOR]
    return world.colleague_without(Permission(row.needs))
