import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.identity.rules.throttle import FAILURES_PER_ADDRESS, FAILURES_PER_NAME_AND_ADDRESS, WINDOW, wait_for

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
ages = st.lists(st.integers(0, 1800), max_size=40).map(lambda ages: [NOW - dt.timedelta(seconds=age) for age in ages])


@given(same_name=ages, others=ages)
def test_waiting_exactly_as_long_as_told_is_enough_and_a_second_less_is_not(same_name, others):
    failures = {"same_name": same_name, "same_address": same_name + others}
    wait = wait_for(now=NOW, **failures)
    if wait is None:
        return
    assert dt.timedelta(0) < wait <= WINDOW
    assert wait_for(now=NOW + wait, **failures) is None
    assert wait_for(now=NOW + wait - dt.timedelta(seconds=0.5), **failures) is not None


@given(same_name=ages)
def test_only_failures_within_the_window_count(same_name):
    recent = [at for at in same_name if at > NOW - WINDOW]
    assert (wait_for(now=NOW, same_name=same_name, same_address=[]) is not None) == (len(recent) >= FAILURES_PER_NAME_AND_ADDRESS)


@pytest.mark.parametrize(("named", "any_name", "waits"), [(4, 4, False), (5, 5, True), (0, 29, False), (0, 30, True)])
def test_five_for_a_name_and_thirty_for_an_address(named, any_name, waits):
    at = NOW - dt.timedelta(minutes=1)
    assert (wait_for(now=NOW, same_name=[at] * named, same_address=[at] * any_name) is not None) is waits
    assert FAILURES_PER_ADDRESS == 30
