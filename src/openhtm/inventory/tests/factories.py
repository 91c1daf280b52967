"""Devices for tests."""

import factory

from openhtm.catalog.tests.factories import DeviceModelFactory
from openhtm.inventory.models import Device
from openhtm.sites.tests.factories import FacilityFactory


class DeviceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Device

    control_number = factory.Sequence(lambda n: f"BME-{n + 10_000:05d}")  # beyond the numbers that tests give by hand
    facility = factory.SubFactory(FacilityFactory)
    device_model = factory.SubFactory(DeviceModelFactory)
    device_type = factory.LazyAttribute(lambda device: device.device_model.device_type)
    high_risk = factory.LazyAttribute(lambda device: bool(device.device_type and device.device_type.high_risk))
    serial_number = factory.Sequence(lambda n: f"SN{n:07d}")
