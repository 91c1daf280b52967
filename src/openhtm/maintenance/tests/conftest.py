"""A programme with one line, and the people of the inventory's tests."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from openhtm.identity.actor import Actor
from openhtm.inventory.tests.conftest import chen, maria, north, omar, south  # noqa: F401 (fixtures)
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.maintenance.services.reference import load_maintenance_policies
from openhtm.maintenance.tests.factories import PlanLineFactory

NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)


@pytest.fixture
def system():
    return Actor.system("tests")


@pytest.fixture
def policies(db, system):
    load_maintenance_policies(actor=system)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def pump(clock, north, policies, system):  # noqa: F811 (a fixture)
    device = DeviceFactory(facility=north, accepted_on=date(2025, 1, 31), control_number="BME-1")
    PlanLineFactory(device_model=device.device_model, every_n=3, effective_from=date(2026, 1, 1))
    reconcile(actor=system, now=NOW)
    return device
