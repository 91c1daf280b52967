"""Nothing is closed while devices of the inventory are recorded there."""

import pytest

from openhtm.core.errors import Invalid
from openhtm.identity.actor import Actor
from openhtm.inventory.services.closing import devices_still_there
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.services.facilities import set_facility_active
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory, ServiceProviderFactory


@pytest.mark.parametrize("column", ["location", "department", "service_provider", "facility"])
def test_what_devices_belong_to_is_not_closed(north, column):
    where = {"location": LocationFactory(facility=north), "department": DepartmentFactory(facility=north)}
    where |= {"service_provider": ServiceProviderFactory()}
    record = north if column == "facility" else where[column]
    assert devices_still_there(record) == []
    DeviceFactory(facility=north, status="retired", **where)
    assert devices_still_there(record) == []
    DeviceFactory(facility=north, **where)
    assert devices_still_there(record)[0].startswith("1 device is still recorded there.")
    DeviceFactory(facility=north, **where)
    assert devices_still_there(record)[0].startswith("2 devices are still recorded there.")


def test_a_facility_with_devices_stays_open(north):
    DeviceFactory(facility=north)
    with pytest.raises(Invalid, match="1 device is still recorded there"):
        set_facility_active(actor=Actor.system("test"), facility_id=north.pk, active=False)
    north.refresh_from_db()
    assert north.active
