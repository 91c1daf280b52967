"""The same creation sent twice creates once, also when both arrive at the same moment."""

import threading

import pytest
from django.db import connection

from openhtm.core.errors import Conflict, Invalid
from openhtm.exchange.models import RepeatableRequest
from openhtm.exchange.services.repeatable import answer_once
from openhtm.identity.actor import Actor
from openhtm.sites.models import ServiceProvider

MARIA, OMAR = Actor(1, "Maria", ()), Actor(2, "Omar", ())


def make(name="Acme"):
    def made():
        return 201, {"id": ServiceProvider.objects.create(name=name).pk}

    return made


def once(actor=MARIA, key="k1", body=b"{}", route="POST /x", work=None):
    return answer_once(actor=actor, key=key, route=route, body=body, make=work or make())


@pytest.mark.django_db
def test_the_second_time_the_first_answer_comes_back():
    first, second = once(), once()
    assert first[:2] == second[:2]
    assert (first[2], second[2]) == (False, True)
    assert ServiceProvider.objects.count() == 1


@pytest.mark.django_db
def test_the_order_of_keys_in_a_body_says_nothing():
    once(body={"a": 1, "b": 2})
    assert once(body={"b": 2, "a": 1})[2] is True


@pytest.mark.django_db
@pytest.mark.parametrize("other", [{"body": b"{1}"}, {"route": "POST /y"}])
def test_other_content_under_the_same_key_is_refused(other):
    once()
    with pytest.raises(Conflict) as refusal:
        once(**other)
    assert (refusal.value.code, refusal.value.status) == ("client-key-reused", 409)
    assert ServiceProvider.objects.count() == 1


@pytest.mark.django_db
def test_keys_belong_to_their_sender():
    once()
    assert once(actor=OMAR, work=make("Other"))[2] is False
    assert once(actor=Actor(1, "Maria's token", (), token_id=7), work=make("Third"))[2] is False
    assert set(RepeatableRequest.objects.values_list("requester", flat=True)) == {"user:1", "user:2", "token:7"}


@pytest.mark.django_db
def test_a_creation_that_was_refused_leaves_its_key_free():
    def refused():
        raise Invalid({"name": ["No."]})

    with pytest.raises(Invalid):
        once(work=refused)
    assert once()[2] is False


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 101, "a\x00b", "a\nb"])
def test_a_malformed_key_is_named(key):
    with pytest.raises(Invalid) as refusal:
        once(key=key)
    assert "client_key" in refusal.value.errors


@pytest.mark.django_db
def test_without_a_key_each_time_creates():
    assert once(key=None)[2] is False
    assert once(key=None, work=make("Other"))[2] is False
    assert ServiceProvider.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_create_once():
    """The first holds its transaction open until the second waits on the unique index."""
    inside, second_waits = threading.Event(), threading.Event()
    answers: dict[str, tuple] = {}

    def slow():
        inside.set()
        assert second_waits.wait(20)
        return make()()

    def never():
        raise AssertionError("made twice")

    first = threading.Thread(target=_in_own_connection, args=(answers, "first", slow))
    second = threading.Thread(target=_in_own_connection, args=(answers, "second", never))
    first.start()
    assert inside.wait(20)
    second.start()
    _wait_until_somebody_waits_for_a_lock()
    second_waits.set()
    first.join(20)
    second.join(20)
    assert answers["first"][:2] == answers["second"][:2]
    assert (answers["first"][2], answers["second"][2]) == (False, True)
    assert ServiceProvider.objects.count() == 1


def _in_own_connection(answers, name, work):
    try:
        answers[name] = once(work=work)
    finally:
        connection.close()


def _wait_until_somebody_waits_for_a_lock():
    """Ask the database itself, for at most 20 s; each question gives way to the others for 10 ms."""
    with connection.cursor() as cursor:
        for _ in range(2000):
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("the second request never waited")
