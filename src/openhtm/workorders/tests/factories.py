"""Work orders for tests. ``shipped_codes`` loads the coded lists; call it where a test needs them."""

import datetime as dt

import factory
from django.db import connection
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.identity.tests.factories import UserFactory
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.workorders.models import LabourEntry, PartUsed, WorkCode, WorkComment, WorkOrder


def next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('workorders_number')")
        return cursor.fetchone()[0]


def shipped_codes() -> None:
    """Load the coded lists, targets and templates that are shipped."""
    from openhtm.workorders.services.codes import load_work_codes

    load_work_codes(actor=Actor.system("tests"))


class WorkCodeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WorkCode
        django_get_or_create = ("list", "code")

    list = "labour"
    code = "repair"
    label = factory.LazyAttribute(lambda entry: entry.code.replace("_", " ").capitalize())


class WorkOrderFactory(factory.django.DjangoModelFactory):
    """An open corrective order on a device of its own; facility, department and place are the device's."""

    class Meta:
        model = WorkOrder

    number = factory.LazyFunction(next_number)
    title = "Does not start"
    device = factory.SubFactory(DeviceFactory)
    facility = factory.LazyAttribute(lambda order: order.device.facility)
    department = factory.LazyAttribute(lambda order: order.device.department if order.device else None)
    location = factory.LazyAttribute(lambda order: order.device.location if order.device else None)
    opened_by_name = "Test"


class LabourFactory(factory.django.DjangoModelFactory):
    """Half an hour that somebody booked."""

    class Meta:
        model = LabourEntry

    work_order = factory.SubFactory(WorkOrderFactory)
    user = factory.SubFactory(UserFactory)
    user_name = factory.LazyAttribute(lambda entry: str(entry.user))
    category = factory.SubFactory(WorkCodeFactory)
    started_at = factory.LazyFunction(lambda: timezone.now() - dt.timedelta(minutes=30))
    ended_at = factory.LazyAttribute(lambda entry: entry.started_at + dt.timedelta(minutes=30))
    minutes = 30


class PartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PartUsed

    work_order = factory.SubFactory(WorkOrderFactory)
    description = "Battery"
    unit_cost_cents = 4500


class CommentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WorkComment

    work_order = factory.SubFactory(WorkOrderFactory)
    text = "Looked at it"
    author_name = "Test"
