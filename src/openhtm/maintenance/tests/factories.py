"""Programme and schedules for tests."""

from datetime import date

import factory

from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import PlanLine, Schedule, WindowProfile, WindowStep
from openhtm.procedures.models import Procedure


class ProcedureFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Procedure

    code = factory.Sequence(lambda n: f"procedure-{n}")
    name = factory.Sequence(lambda n: f"Procedure {n}")


class WindowProfileFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WindowProfile
        django_get_or_create = ("code",)

    code = "test"
    name = "Test"


class WindowStepFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WindowStep

    profile = factory.SubFactory(WindowProfileFactory)
    from_interval_days = factory.Sequence(lambda n: n)
    snap_to_month = True


class PlanLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PlanLine

    procedure = factory.SubFactory(ProcedureFactory)
    every_n = 6
    every_unit = "month"
    join_base_month = False
    effective_from = date(2020, 1, 1)


class ScheduleFactory(factory.django.DjangoModelFactory):
    """A schedule by itself, without a programme behind it but for one line of its device."""

    class Meta:
        model = Schedule

    device = factory.SubFactory(DeviceFactory)
    procedure = factory.SubFactory(ProcedureFactory)
    plan_line = factory.LazyAttribute(
        lambda s: PlanLineFactory(device=s.device, procedure=s.procedure, every_n=s.every_n, every_unit=s.every_unit, reason="Test")
    )
    inherited = "device"
    cycle = "fixed"
    every_n = 6
    every_unit = "month"
    window_step = factory.SubFactory(WindowStepFactory)
    anchor_on = date(2024, 1, 31)
    starts_on = date(2024, 1, 31)
