"""Rounds and readiness checks for tests."""

import datetime as dt

import factory
from django.contrib.auth.hashers import make_password

from openhtm.rounds.models import ReadinessCheck, ReadinessEntry, Round, StaffPin
from openhtm.sites.tests.factories import LocationFactory

ASKED = [
    {"key": "ready", "text": "Is it ready?", "kind": "yes_no"},
    {"key": "pads", "text": "When do the pads run out?", "kind": "date", "expires": True},
]
FINE = {"ready": True, "pads": "2027-06-30"}


class RoundFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Round

    location = factory.SubFactory(LocationFactory)
    facility = factory.LazyAttribute(lambda this: this.location.facility)
    started_by_name = "Maria"


class CheckFactory(factory.django.DjangoModelFactory):
    """A daily check from 1 November 2026 on, in New York's time."""

    class Meta:
        model = ReadinessCheck

    name = factory.Sequence(lambda n: f"AED {n}")
    location = factory.SubFactory(LocationFactory)
    facility = factory.LazyAttribute(lambda check: check.location.facility)
    frequency = "daily"
    questions = factory.LazyFunction(lambda: [dict(one) for one in ASKED])
    starts_on = dt.date(2026, 11, 1)


class EntryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReadinessEntry

    check_done = factory.SubFactory(CheckFactory)
    done_at = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
    answers = factory.LazyFunction(lambda: dict(FINE))
    person_name = "RL"
    proof = "unit_code"


class PinFactory(factory.django.DjangoModelFactory):
    """Of ``user`` or ``department``; the digits are 2580."""

    class Meta:
        model = StaffPin

    pin_hash = factory.LazyFunction(lambda: make_password("2580"))
