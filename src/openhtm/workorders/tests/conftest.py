"""Named people: Maria (technician, North), Omar (manager, North), Chen (technician, South, must see nothing of North)."""

import pytest

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.sites.tests.factories import FacilityFactory


@pytest.fixture
def north(db):
    return FacilityFactory(code="NORTH", name="North Campus", time_zone="America/New_York")


@pytest.fixture
def south(db):
    return FacilityFactory(code="SOUTH", name="South Clinic", time_zone="America/Los_Angeles")


@pytest.fixture
def maria(north):
    return actor_of(UserFactory.with_role(Role.TECHNICIAN, north, username="maria", full_name="Maria Reyes"))


@pytest.fixture
def omar(north):
    return actor_of(UserFactory.with_role(Role.MANAGER, north, username="omar", full_name="Omar Haddad"))


@pytest.fixture
def chen(south):
    return actor_of(UserFactory.with_role(Role.TECHNICIAN, south, username="chen", full_name="Chen Li"))
