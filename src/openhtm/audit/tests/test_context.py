"""Who and why, as the history of each row keeps it."""

import pytest
from django.db import connection

from openhtm.audit.context import acting
from openhtm.identity.actor import Actor
from openhtm.sites.tests.factories import FacilityFactory

pytestmark = pytest.mark.django_db
NIGHT, MARIA = Actor.system("nightly run"), Actor.system("Maria")


def written():
    """Code of each facility, with the facts beside its history."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.code, c.metadata->>'actor', c.metadata->>'reason', c.metadata->>'run' FROM sites_facilityevent e"
            " JOIN pghistory_context c ON c.id = e.pgh_context_id ORDER BY e.pgh_id"
        )
        return [tuple(row) for row in cursor.fetchall()]


def add(code):
    FacilityFactory(code=code)


def test_what_is_written_after_a_nested_deed_has_the_facts_of_the_outer_one():
    with acting(NIGHT, reason="Quarter end", run="7"):
        add("A")
        with acting(MARIA, reason="Two records of one device"):
            add("B")
        add("C")
        with acting(NIGHT):
            add("D")
    assert written() == [
        ("A", "nightly run", "Quarter end", "7"),
        ("B", "Maria", "Two records of one device", "7"),
        ("C", "nightly run", "Quarter end", "7"),
        ("D", "nightly run", "Quarter end", "7"),
    ]


def test_a_nested_deed_that_fails_gives_the_outer_facts_back():
    with acting(NIGHT, reason="Import"):
        with pytest.raises(ZeroDivisionError), acting(MARIA, reason="Broken"):
            raise ZeroDivisionError
        add("A")
    assert written() == [("A", "nightly run", "Import", None)]


def test_each_depth_keeps_its_own_facts():
    with acting(NIGHT, run="1"):
        with acting(MARIA, reason="outer"):
            with acting(MARIA, reason="inner"):
                add("A")
            add("B")
        add("C")
    assert [row[1:] for row in written()] == [("Maria", "inner", "1"), ("Maria", "outer", "1"), ("nightly run", None, "1")]


def test_deeds_one_after_the_other_share_nothing():
    with acting(NIGHT, reason="First", run="1"):
        add("A")
    with acting(MARIA):
        add("B")
    assert written() == [("A", "nightly run", "First", "1"), ("B", "Maria", None, None)]
