"""Clinical staff, courses and sessions for tests."""

import datetime as dt

import factory

from openhtm.catalog.tests.factories import DeviceTypeFactory
from openhtm.sites.tests.factories import DepartmentFactory
from openhtm.training.models import Clinician, Course, TrainingPolicy, TrainingSession
from openhtm.training.rules.matching import name_key


class ClinicianFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Clinician

    department = factory.SubFactory(DepartmentFactory)
    full_name = factory.Sequence(lambda n: f"Nurse {'abcdefghij'[n % 10]}{n}")
    name_key = factory.LazyAttribute(lambda person: name_key(person.full_name))
    employee_number = factory.Sequence(lambda n: f"{n + 20_000}")


class CourseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Course

    device_type = factory.SubFactory(DeviceTypeFactory)
    title = factory.Sequence(lambda n: f"Course {n}")


class SessionFactory(factory.django.DjangoModelFactory):
    """Held on 22 November 2026 at nine in New York, for 30 minutes."""

    class Meta:
        model = TrainingSession

    course = factory.SubFactory(CourseFactory)
    title = factory.SelfAttribute("course.title")
    content = factory.SelfAttribute("course.content")
    department = factory.SubFactory(DepartmentFactory)
    facility = factory.LazyAttribute(lambda session: session.department.facility)
    held_at = dt.datetime(2026, 11, 22, 14, tzinfo=dt.UTC)
    minutes = 30
    kind = "yearly"
    trainer_name = "Edith"


class PolicyFactory(factory.django.DjangoModelFactory):
    """Every year, within 30 days of the first device, for one type."""

    class Meta:
        model = TrainingPolicy

    code = factory.Sequence(lambda n: f"line-{n}")
    name = factory.Sequence(lambda n: f"Line {n}")
    device_type = factory.SubFactory(DeviceTypeFactory)
    repeat_months = 12
    roll_out_days = 30
    source = "Policy of the hospital, 2026"
    effective_from = dt.date(2025, 1, 1)
