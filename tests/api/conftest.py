"""Callers of the API: Maria (technician, North), Chen (technician, South), Ada (administrator), Sam (surveyor, North)."""

from __future__ import annotations

import pytest

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.sites.models import Facility
from openhtm.sites.tests.factories import FacilityFactory
from tests.permissions.client import ApiClient


@pytest.fixture
def north(db: None) -> Facility:
    return FacilityFactory(code="NORTH", name="North Campus", time_zone="America/New_York")


@pytest.fixture
def south(db: None) -> Facility:
    return FacilityFactory(code="SOUTH", name="South Clinic")


@pytest.fixture
def maria(north: Facility) -> ApiClient:
    return ApiClient(UserFactory.with_role(Role.TECHNICIAN, north, username="maria", full_name="Maria Reyes"))


@pytest.fixture
def chen(south: Facility) -> ApiClient:
    return ApiClient(UserFactory.with_role(Role.TECHNICIAN, south, username="chen", full_name="Chen Li"))


@pytest.fixture
def ada(db: None) -> ApiClient:
    return ApiClient(UserFactory.with_role(Role.ADMINISTRATOR, None, username="ada", full_name="Ada"))


@pytest.fixture
def sam(north: Facility) -> ApiClient:
    return ApiClient(UserFactory.with_role(Role.SURVEYOR, north, username="sam", full_name="Sam Ortiz"))
