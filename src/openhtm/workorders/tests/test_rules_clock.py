"""Targets wait while the work waits for somebody else."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.workorders.rules.clock import Hold, TargetState, elapsed_seconds, held_seconds, seconds_on_hold, target_at, target_state

START = dt.datetime(2026, 3, 1, 8, 0, tzinfo=dt.UTC)
offsets = st.integers(0, 200_000)


def at(seconds: int) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


holds = st.lists(
    st.builds(lambda since, length, stops: Hold(at(since), at(since + length), stops), offsets, st.integers(0, 50_000), st.booleans()),
    max_size=6,
)


@given(holds, offsets)
def test_running_and_held_time_make_up_the_wall_clock(taken, end):
    elapsed = elapsed_seconds(START, at(end), taken)
    assert elapsed + held_seconds(taken, until=at(end)) == end
    assert 0 <= elapsed <= end


@given(holds, offsets, st.integers(0, 10_000))
def test_time_on_hold_never_shrinks(taken, end, more):
    assert held_seconds(taken, until=at(end)) <= held_seconds(taken, until=at(end + more))


@given(holds)
def test_overlapping_holds_count_once(taken):
    assert held_seconds([*taken, *taken], until=at(300_000)) == held_seconds(taken, until=at(300_000))


@given(st.integers(1, 10_000), offsets)
def test_a_hold_moves_the_target_by_its_length(minutes, held):
    due = target_at(START, minutes, held_s=held)
    assert due is not None and due - START == dt.timedelta(minutes=minutes, seconds=held)


@given(st.integers(1, 5_000), offsets, offsets)
def test_waiting_work_is_judged_at_the_moment_it_began_to_wait(minutes, held_since, now):
    due = target_at(START, minutes)
    waiting = target_state(due_at=due, done_at=None, now=at(held_since + now), held_since=at(held_since))
    assert waiting == (TargetState.LATE if at(held_since) > due else TargetState.WAITING)


@pytest.mark.parametrize(
    ("due", "done", "now", "held", "expected"),
    [
        (None, None, 10, None, TargetState.NONE),
        (60, None, 30, None, TargetState.RUNNING),
        (60, None, 60, None, TargetState.RUNNING),
        (60, None, 61, None, TargetState.LATE),
        (60, 60, 500, None, TargetState.MET),
        (60, 61, 500, None, TargetState.MISSED),
        (60, None, 9_000, 30, TargetState.WAITING),
        (60, None, 9_000, 90, TargetState.LATE),
    ],
)
def test_states_of_a_target(due, done, now, held, expected):
    moment = [None if value is None else at(value) for value in (due, done, held)]
    assert target_state(due_at=moment[0], done_at=moment[1], now=at(now), held_since=moment[2]) == expected


def test_a_clock_that_was_set_back_gives_no_time():
    assert seconds_on_hold(at(100), at(40)) == 0
    assert target_at(START, None) is None
