"""Costs and downtime add up."""

import datetime as dt
import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.workorders.rules.costs import Labour, Part, costs_of, labour_cost, part_cost
from openhtm.workorders.rules.downtime import Down, down_time, merged, overlaps, unplanned_time, uptime

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
END = START + dt.timedelta(days=30)
labours = st.builds(Labour, st.integers(0, 10_080), st.none() | st.integers(0, 50_000))
parts = st.builds(
    Part, st.decimals("0.01", "1000", places=2, allow_nan=False, allow_infinity=False), st.none() | st.integers(0, 10_000_000)
)
hours = st.integers(0, 24 * 40)


def at(hour: int) -> dt.datetime:
    return START + dt.timedelta(hours=hour)


downs = st.builds(
    lambda since, length, planned: Down(at(since), None if length == 0 else at(since + length), planned),
    hours,
    st.integers(0, 200),
    st.booleans(),
)


@given(st.lists(labours), st.lists(parts), st.lists(st.none() | st.integers(0, 10**9)), st.lists(st.integers(0, 10**9)))
def test_costs_of_two_halves_are_the_costs_of_the_whole(labour, used, reports, other):
    whole = costs_of(labour=labour, parts=used, accepted_reports=reports, other=other)
    rest = costs_of(labour=labour[1:], parts=used[1:], accepted_reports=reports[1:], other=other[1:])
    first = costs_of(labour=labour[:1], parts=used[:1], accepted_reports=reports[:1], other=other[:1])
    assert whole.total == rest.total + first.total
    assert whole.labour_min == sum(entry.minutes for entry in labour)


@given(labours)
def test_an_hour_costs_its_rate_to_half_a_cent(entry):
    assert abs(labour_cost(entry) * 60 - entry.minutes * (entry.rate_cents or 0)) <= 30


@pytest.mark.parametrize(
    ("minutes", "rate", "cents"), [(60, 8_550, 8_550), (30, 8_555, 4_278), (1, 30, 1), (1, 29, 0), (45, None, 0), (90, 7_200, 10_800)]
)
def test_labour_costs(minutes, rate, cents):
    assert labour_cost(Labour(minutes, rate)) == cents


def test_half_a_cent_is_rounded_up():
    assert part_cost(Part(Decimal("0.50"), 3)) == 2
    assert part_cost(Part(Decimal("2"), None)) == 0


@given(st.lists(downs, max_size=6))
def test_no_hour_is_down_twice(times):
    apart = merged(times, start=START, end=END)
    assert all(later[0] > earlier[1] for earlier, later in itertools.pairwise(apart))
    assert down_time(times, start=START, end=END) == down_time([*times, *times], start=START, end=END)
    assert down_time(times, start=START, end=END) <= END - START


@given(st.lists(downs, max_size=6))
def test_uptime_is_a_share(times):
    share = uptime(times, start=START, end=END)
    assert share is None or 0 <= share <= 1
    assert unplanned_time(times, start=START, end=END) <= down_time(times, start=START, end=END)


@given(downs, downs)
def test_two_times_overlap_exactly_if_they_share_time(one, other):
    far = START + dt.timedelta(days=400)
    both = down_time([one], start=START, end=far) + down_time([other], start=START, end=far)
    assert overlaps(one, other) == overlaps(other, one)
    assert overlaps(one, other) == (down_time([one, other], start=START, end=far) < both)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], 1.0),
        ([Down(at(0), at(72))], 0.9),
        ([Down(at(0), at(72), planned=True)], 1.0),
        ([Down(at(0), at(72)), Down(at(36), at(72))], 0.9),
        ([Down(at(0), None)], 0.0),
        ([Down(at(0), at(720), planned=True)], None),
        ([Down(at(0), at(360), planned=True), Down(at(360), at(396))], 0.9),
    ],
)
def test_uptime_of_a_month(times, expected):
    assert uptime(times, start=START, end=END) == (expected if expected is None else pytest.approx(expected))
