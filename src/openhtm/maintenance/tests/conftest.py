"""A programme with one line, and the people of the inventory's tests."""

import pytest

from openhtm.identity.actor import Actor
from openhtm.inventory.tests.conftest import chen, maria, north, omar, south  # noqa: F401 (fixtures)
from openhtm.maintenance.services.reference import load_maintenance_policies


@pytest.fixture
def system():
    return Actor.system("tests")


@pytest.fixture
def policies(db, system):
    load_maintenance_policies(actor=system)
