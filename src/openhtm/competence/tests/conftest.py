"""Named people: Omar (manager, North), Nadia (clinical engineer, North), Maria (technician, North), Chen (manager, South)."""

import pytest

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workforce.tests.factories import staff_of


@pytest.fixture
def north(db):
    return FacilityFactory(code="NORTH", name="North Campus")


def person(role, facility, name):
    user = UserFactory.with_role(role, facility, username=name.split()[0].lower(), full_name=name)
    staff_of(user)
    return user


@pytest.fixture
def omar(north):
    return person(Role.MANAGER, north, "Omar Haddad")


@pytest.fixture
def nadia(north):
    return person(Role.CLINICAL_ENGINEER, north, "Nadia Berg")


@pytest.fixture
def maria(north):
    return person(Role.TECHNICIAN, north, "Maria Reyes")


@pytest.fixture
def chen(db):
    return person(Role.MANAGER, FacilityFactory(code="SOUTH", name="South Clinic"), "Chen Li")


@pytest.fixture
def ada(db):
    return person(Role.MANAGER, None, "Ada Kowalski")
