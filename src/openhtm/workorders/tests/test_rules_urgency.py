"""What a technician reads beside an order."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.workorders.rules.throttle import PER_ADDRESS, PER_TARGET, WINDOW, wait_for
from openhtm.workorders.rules.urgency import Timing, Urgency, standing

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
TODAY = NOON.date()
days = st.integers(0, 60)
instants = st.datetimes(min_value=dt.datetime(2026, 11, 1), max_value=dt.datetime(2026, 11, 30), timezones=st.just(dt.UTC))  # noqa: DTZ001


def window(opens: int, due: int, on_time: int, grace: int) -> Timing:
    """A window given in days from today."""
    day = [TODAY + dt.timedelta(days=n) for n in (opens, due, on_time, grace)]
    return Timing(opens_on=day[0], due_on=day[1], on_time_until=day[2], grace_until=day[3])


@pytest.mark.parametrize(
    ("timing", "urgency", "words"),
    [
        (window(-30, -12, -10, -9), Urgency.LATE, "Late 9 d"),
        (window(-30, -12, -1, 0), Urgency.GRACE, "In grace"),
        (window(-30, 0, 8, 30), Urgency.DUE, "Due"),
        (window(-30, -8, 0, 30), Urgency.DUE, "Due"),
        (window(0, 8, 8, 30), Urgency.IN_WINDOW, "In window"),
        (window(5, 8, 8, 30), Urgency.NOT_OPEN, "Opens in 5 d"),
        (Timing(), Urgency.OPEN, ""),
        (Timing(completion_due_at=NOON - dt.timedelta(minutes=90)), Urgency.LATE, "Late 1 h"),
        (Timing(completion_due_at=NOON - dt.timedelta(days=3)), Urgency.LATE, "Late 3 d"),
        (Timing(completion_due_at=NOON + dt.timedelta(minutes=20)), Urgency.DUE, "20 min left"),
        (Timing(completion_due_at=NOON + dt.timedelta(days=4)), Urgency.OPEN, "4 d left"),
    ],
)
def test_standing_in_one_word(timing, urgency, words):
    found = standing(timing=timing, today=TODAY, now=NOON)
    assert (found.urgency, found.words) == (urgency, words)


@given(start=st.integers(-90, 90), to_due=days, to_on_time=days, to_grace=days)
def test_an_order_never_gets_less_urgent_by_waiting(start, to_due, to_on_time, to_grace):
    timing = window(start, start + to_due, start + to_due + to_on_time, start + to_due + to_on_time + to_grace)
    ranks = [standing(timing=timing, today=TODAY + dt.timedelta(days=n), now=NOON).rank for n in range(-100, 300, 7)]
    assert ranks == sorted(ranks, reverse=True)


@given(tries=st.lists(instants, max_size=PER_ADDRESS + 20), now=instants)
def test_waiting_as_long_as_asked_is_enough(tries, now):
    past = [at for at in tries if at <= now]
    wait = wait_for(now=now, same_address=past, same_target=past)
    assert (wait is None) == (sum(at > now - WINDOW for at in past) < PER_TARGET)
    if wait is not None:
        assert dt.timedelta(0) < wait <= WINDOW
        assert wait_for(now=now + wait, same_address=past, same_target=past) is None


def test_reports_about_one_device_wait_sooner_than_those_of_one_address():
    tries = [NOON - dt.timedelta(minutes=n) for n in range(PER_TARGET)]
    assert wait_for(now=NOON, same_address=tries, same_target=[]) is None
    assert wait_for(now=NOON, same_address=[], same_target=tries) == WINDOW - dt.timedelta(minutes=PER_TARGET - 1)
