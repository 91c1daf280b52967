"""Named people: Maria (technician, North) may look, Omar (clinical engineer, North) may change, the system may load."""

import pytest

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.sites.tests.factories import FacilityFactory


@pytest.fixture
def north(db):
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def maria_user(north):
    return UserFactory.with_role(Role.TECHNICIAN, north, username="maria", full_name="Maria Reyes")


@pytest.fixture
def omar_user(north):
    return UserFactory.with_role(Role.CLINICAL_ENGINEER, north, username="omar", full_name="Omar Haddad")


@pytest.fixture
def maria(maria_user):
    return actor_of(maria_user)


@pytest.fixture
def omar(omar_user):
    return actor_of(omar_user)


@pytest.fixture
def system():
    return Actor.system("test")


@pytest.fixture
def heard():
    """What the catalogue published during the test."""
    from openhtm.catalog.rules import events
    from openhtm.core.events import _handlers, subscribe

    found: list[object] = []
    kinds = (events.DeviceTypesChanged, events.ModelsChanged, events.ModelsMerged)
    for kind in kinds:
        subscribe(kind, "test", found.append)
    yield found
    for kind in kinds:
        _handlers[kind].pop("test")
