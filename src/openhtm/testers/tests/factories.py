"""Testers for tests."""

import datetime as dt

import factory

from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.testers.models import Calibration, Tester


class TesterFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tester

    device = factory.SubFactory(DeviceFactory)
    kinds = factory.LazyFunction(lambda: ["safety_analyzer"])


class CalibrationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Calibration

    tester = factory.SubFactory(TesterFactory)
    performed_on = dt.date(2026, 1, 5)
    due_on = factory.LazyAttribute(lambda made: made.performed_on + dt.timedelta(days=365))
    verdict = "in_tolerance"
    laboratory = "Metrology"
    certificate_number = factory.Sequence(lambda n: f"C-{n}")
