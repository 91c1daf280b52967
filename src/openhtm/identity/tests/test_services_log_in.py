"""Logging in: throttled, and no slower or faster for names that do not exist."""

import datetime as dt
from unittest import mock

import pytest
from django.contrib.auth import hashers

from openhtm.identity.models import LogInAttempt
from openhtm.identity.services.log_in import TooManyTries, WrongNameOrPassword, check_log_in, forget_attempts
from openhtm.identity.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def maria():
    user = UserFactory(username="maria")
    user.set_password(PASSWORD)
    user.save()
    return user


def attempt(password=PASSWORD, username="maria", address="10.0.0.1", after_s=0):
    return check_log_in(username=username, password=password, address=address, now=NOW + dt.timedelta(seconds=after_s))


def fail(times, **more):
    for number in range(times):
        with pytest.raises(WrongNameOrPassword):
            attempt("wrong", **{"after_s": number} | more)


def test_name_in_any_case_and_password_open(maria):
    assert attempt(username="MARIA") == maria
    assert LogInAttempt.objects.get().succeeded


def test_after_five_failures_even_the_right_password_waits(maria):
    fail(5)
    with pytest.raises(TooManyTries, match="Wait 15 min"):
        attempt(after_s=10)
    assert attempt(after_s=10, address="10.0.0.2") == maria  # the owner elsewhere is not locked out
    assert attempt(after_s=15 * 60 + 1) == maria


def test_knocking_while_waiting_does_not_make_it_longer(maria):
    fail(5)
    for after_s in range(10, 60, 10):
        with pytest.raises(TooManyTries):
            attempt("wrong", after_s=after_s)
    assert LogInAttempt.objects.count() == 5
    assert attempt(after_s=15 * 60 + 1) == maria


def test_a_success_clears_the_count_of_its_name(maria):
    fail(4)
    attempt(after_s=5)
    fail(4, after_s=6)
    assert attempt(after_s=7) == maria


def test_thirty_failures_close_an_address_for_all_names(maria):
    for number in range(30):
        fail(1, username=f"guess{number}")
    with pytest.raises(TooManyTries):
        attempt(after_s=40)


def test_tries_without_an_address_are_counted_too(maria):
    fail(5, address=None)
    with pytest.raises(TooManyTries):
        attempt(address=None, after_s=9)


@pytest.mark.parametrize("more", [{"username": "nobody"}, {"username": "maria"}, {"username": "closed"}, {"username": "robot"}])
def test_every_refusal_costs_exactly_one_hash(maria, more):
    UserFactory(username="closed", is_active=False, password=maria.password)
    UserFactory(username="robot", is_service_account=True, password=maria.password)
    fail(1, username="warm-up", address=None)
    hasher = hashers.get_hasher()
    with mock.patch.object(type(hasher), "verify", autospec=True, side_effect=type(hasher).verify) as verify:
        fail(1, **more)
    assert verify.call_count == 1


@pytest.mark.parametrize("username", ["closed", "robot"])
def test_closed_and_service_accounts_do_not_get_in_with_the_right_password(maria, username):
    UserFactory(username="closed", is_active=False, password=maria.password)
    UserFactory(username="robot", is_service_account=True, password=maria.password)
    with pytest.raises(WrongNameOrPassword):
        attempt(username=username)


def test_old_tries_are_forgotten(maria):
    fail(2)
    assert forget_attempts(now=NOW + dt.timedelta(days=399)) == 0
    assert forget_attempts(now=NOW + dt.timedelta(days=401)) == 2
