"""Catalogue records for tests."""

import factory

from openhtm.catalog.models import DeviceModel, DeviceType, Manufacturer
from openhtm.core.text import company_key


class ManufacturerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Manufacturer

    name = factory.Sequence(lambda n: f"Maker {n}")
    name_key = factory.LazyAttribute(lambda maker: company_key(maker.name))


class DeviceTypeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DeviceType

    code = factory.Sequence(lambda n: f"type-{n}")
    name = factory.Sequence(lambda n: f"Type {n}")


class DeviceModelFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DeviceModel

    manufacturer = factory.SubFactory(ManufacturerFactory)
    device_type = factory.SubFactory(DeviceTypeFactory)
    name = factory.Sequence(lambda n: f"Model {n}")
