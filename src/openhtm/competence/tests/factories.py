"""Competencies and policies for tests."""

import datetime as dt

import factory

from openhtm.catalog.tests.factories import DeviceTypeFactory
from openhtm.competence.models import Competency, QualificationPolicy
from openhtm.workforce.tests.factories import StaffFactory


class CompetencyFactory(factory.django.DjangoModelFactory):
    """Somebody who does a type alone, without end."""

    class Meta:
        model = Competency

    staff = factory.SubFactory(StaffFactory)
    device_type = factory.SubFactory(DeviceTypeFactory)
    level = "independent"
    basis = "experience"
    granted_on = dt.date(2024, 1, 1)


def policy(act: str, risk: str, mode: str, **more: object) -> QualificationPolicy:
    """The policy in force for ever; a further call for the same act and risk replaces it."""
    values = {"needs": "competency", "mode": mode, **more}
    return QualificationPolicy.objects.update_or_create(act=act, risk=risk, effective_from=dt.date(2020, 1, 1), defaults=values)[0]
