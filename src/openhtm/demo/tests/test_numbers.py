"""Numbers of the demo's orders."""

import datetime as dt
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from openhtm.demo.parts.orders import Numbers

HORIZON = dt.date(2026, 11, 22)


@given(days=st.lists(st.integers(-900, 900), max_size=200))
def test_no_number_is_given_twice_not_even_to_what_is_older_than_the_past_that_is_told(days: list[int]) -> None:
    numbers = Numbers(SimpleNamespace(horizon=HORIZON, devices=30))  # type: ignore[arg-type]  # all that it asks of a demo
    given_out = [numbers.take(HORIZON + dt.timedelta(days=day)) for day in days]
    assert len(set(given_out)) == len(given_out)
    assert all(number > 1000 for number in given_out)
