"""Named people: Omar and Lena (clinical engineers, North) write and review, Maria (technician, North) reads."""

import pytest

from openhtm.core.events import _handlers, subscribe
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.procedures.rules.events import ProcedureReleased
from openhtm.sites.tests.factories import FacilityFactory


@pytest.fixture
def north(db):
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def omar_user(north):
    return UserFactory.with_role(Role.CLINICAL_ENGINEER, north, username="omar", full_name="Omar Haddad")


@pytest.fixture
def lena_user(north):
    return UserFactory.with_role(Role.CLINICAL_ENGINEER, north, username="lena", full_name="Lena Vogt")


@pytest.fixture
def maria_user(north):
    return UserFactory.with_role(Role.TECHNICIAN, north, username="maria", full_name="Maria Reyes")


@pytest.fixture
def omar(omar_user):
    return actor_of(omar_user)


@pytest.fixture
def lena(lena_user):
    return actor_of(lena_user)


@pytest.fixture
def maria(maria_user):
    return actor_of(maria_user)


@pytest.fixture
def system():
    return Actor.system("test")


@pytest.fixture
def heard():
    """What procedures published during the test."""
    found: list[object] = []
    subscribe(ProcedureReleased, "test", found.append)
    yield found
    _handlers[ProcedureReleased].pop("test")
