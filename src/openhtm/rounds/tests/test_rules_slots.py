"""Periods of readiness checks: laws over zones, days and clocks, and the cases a nurse manager would ask about."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.rounds.rules.slots import (
    Done,
    Every,
    Rhythm,
    Slot,
    SlotState,
    missed_runs,
    next_slot,
    slot_at,
    slots_between,
    state_of,
    states,
)

NEW_YORK, APIA, LORD_HOWE = ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia"), ZoneInfo("Australia/Lord_Howe")
zones = st.sampled_from([NEW_YORK, APIA, LORD_HOWE, ZoneInfo("UTC"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")])
days = st.dates(dt.date(2008, 1, 1), dt.date(2032, 12, 31))
times = st.lists(st.times(), min_size=1, max_size=4, unique=True)
instants = st.builds(lambda day, time: dt.datetime.combine(day, time, tzinfo=dt.UTC), days, st.times())
DAY = dt.timedelta(days=1)


@st.composite
def rhythms(draw):
    starts_on = draw(days)
    ends = draw(st.none() | st.integers(0, 400))
    return Rhythm(
        every=draw(st.sampled_from(Every)),
        zone=draw(zones),
        starts_on=starts_on,
        ends_on=None if ends is None else starts_on + ends * DAY,
        shift_starts=tuple(draw(times)),
        week_days=frozenset(draw(st.sets(st.integers(1, 7)))),
    )


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def around(rhythm, length=60):
    since = dt.datetime.combine(rhythm.starts_on, dt.time(), tzinfo=dt.UTC) - 3 * DAY
    return slots_between(rhythm, since=since, until=since + length * DAY)


@given(rhythms())
def test_periods_are_ordered_and_never_overlap(rhythm):
    found = around(rhythm)
    assert all(slot.start < slot.end for slot in found)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(rhythms(), instants, st.integers(0, 40), st.integers(0, 40))
def test_a_longer_look_only_adds_periods(rhythm, since, first, more):
    short = slots_between(rhythm, since=since, until=since + first * DAY)
    long = slots_between(rhythm, since=since - more * DAY, until=since + (first + more) * DAY)
    assert set(short) <= set(long)


@given(rhythms())
def test_nothing_is_owed_outside_its_days(rhythm):
    for slot in around(rhythm, 500):
        assert rhythm.owes(slot.day)
        assert slot.start >= dt.datetime.combine(rhythm.starts_on, dt.time(), tzinfo=rhythm.zone)


@given(rhythms(), instants)
def test_the_period_of_a_moment_is_the_only_one_that_holds_it(rhythm, moment):
    near = slots_between(rhythm, since=moment - 40 * DAY, until=moment + 40 * DAY)
    assert [slot for slot in near if slot.holds(moment)] == ([found] if (found := slot_at(rhythm, moment)) else [])


@given(zones, days, instants, st.sampled_from([Every.DAILY, Every.SHIFT, Every.WEEKLY, Every.MONTHLY]), times)
def test_an_endless_check_of_all_days_leaves_no_hole(zone, starts_on, moment, every, starts):
    rhythm = Rhythm(every, zone, starts_on, shift_starts=tuple(starts))
    found = slots_between(rhythm, since=moment, until=moment + 45 * DAY)
    assert all(before.end == after.start for before, after in pairwise(found))


@given(rhythms(), instants)
def test_the_next_period_is_the_first_to_begin_later(rhythm, moment):
    found = next_slot(rhythm, after=moment)
    later = [slot for slot in slots_between(rhythm, since=moment, until=moment + 40 * DAY) if slot.start > moment]
    if later:
        assert found == later[0]
    elif found:
        assert found.start > moment


@given(rhythms(), st.lists(st.tuples(st.integers(0, 60 * 24), st.booleans()), max_size=30), st.integers(0, 70))
def test_states_in_one_pass_equal_states_one_by_one(rhythm, entries, later):
    begin = dt.datetime.combine(rhythm.starts_on, dt.time(), tzinfo=dt.UTC)
    done = [Done(begin + dt.timedelta(hours=hours), problem) for hours, problem in entries]
    now, found = begin + later * DAY, around(rhythm)
    assert states(found, done, now=now) == [(slot, state_of(slot, done, now=now)) for slot in found]


@given(rhythms(), instants)
def test_a_late_arrival_counts_for_its_time(rhythm, moment):
    """Whenever an entry is sent, the period of its time becomes done, and no other changes."""
    found = slots_between(rhythm, since=moment - 10 * DAY, until=moment + 10 * DAY)
    now = moment + 40 * DAY
    before, after = states(found, [], now=now), states(found, [Done(moment)], now=now)
    changed = [slot for (slot, old), (_, new) in zip(before, after, strict=True) if old != new]
    assert changed == [slot for slot in found if slot.holds(moment)]


def hours(rhythm, day):
    start = dt.datetime.combine(day, dt.time(12), tzinfo=rhythm.zone).astimezone(dt.UTC)
    return [
        (slot.end - slot.start) / dt.timedelta(hours=1)
        for slot in slots_between(rhythm, since=start - DAY, until=start + DAY)
        if slot.day == day
    ]


@pytest.mark.parametrize(
    ("every", "starts", "day", "expected"),
    [
        (Every.DAILY, (), dt.date(2026, 11, 22), [24]),
        (Every.DAILY, (), dt.date(2026, 3, 8), [23]),  # clocks forward at 2:00
        (Every.DAILY, (), dt.date(2026, 11, 1), [25]),  # clocks back at 2:00
        (Every.SHIFT, (dt.time(7), dt.time(19)), dt.date(2026, 11, 22), [12, 12]),
        (Every.SHIFT, (dt.time(7), dt.time(19)), dt.date(2026, 3, 7), [12, 11]),
        (Every.SHIFT, (dt.time(7), dt.time(19)), dt.date(2026, 10, 31), [12, 13]),
        (Every.SHIFT, (dt.time(7), dt.time(15), dt.time(23)), dt.date(2026, 3, 7), [8, 8, 7]),
        (Every.SHIFT, (dt.time(2, 30), dt.time(14, 30)), dt.date(2026, 3, 8), [11, 12]),  # 2:30 is left out: 3:30
    ],
)
def test_days_and_shifts_follow_the_clocks(every, starts, day, expected):
    assert hours(Rhythm(every, NEW_YORK, dt.date(2026, 1, 1), shift_starts=starts), day) == expected


def test_a_day_that_the_calendar_leaves_out_is_owed_by_nobody():
    rhythm = Rhythm(Every.DAILY, APIA, dt.date(2011, 12, 1))
    found = slots_between(rhythm, since=utc("2011-12-28T12:00"), until=utc("2012-01-01T12:00"))
    assert dt.date(2011, 12, 30) not in {slot.day for slot in found}


def test_starts_within_the_hour_that_is_left_out_make_no_period_that_ends_before_it_begins():
    rhythm = Rhythm(Every.SHIFT, NEW_YORK, dt.date(2026, 3, 1), shift_starts=(dt.time(2, 15), dt.time(2, 45), dt.time(3, 10)))
    found = slots_between(rhythm, since=utc("2026-03-08T00:00"), until=utc("2026-03-09T00:00"))
    assert all(slot.start < slot.end for slot in found)


@pytest.mark.parametrize(
    ("every", "starts_on", "ends_on", "expected"),
    [
        (Every.WEEKLY, dt.date(2026, 11, 18), None, [(18, 23), (23, 30)]),  # begins on a Wednesday: a short first week
        (Every.WEEKLY, dt.date(2026, 11, 16), dt.date(2026, 11, 25), [(16, 23), (23, 26)]),
        (Every.DAILY, dt.date(2026, 11, 16), dt.date(2026, 11, 17), [(16, 17), (17, 18)]),
    ],
)
def test_first_and_last_periods(every, starts_on, ends_on, expected):
    rhythm = Rhythm(every, ZoneInfo("UTC"), starts_on, ends_on)
    found = slots_between(rhythm, since=utc("2026-11-01T00:00"), until=utc("2026-11-29T00:00"))
    assert [(slot.start.day, slot.end.day) for slot in found] == expected


def test_months_are_months():
    rhythm = Rhythm(Every.MONTHLY, NEW_YORK, dt.date(2026, 1, 31))
    found = slots_between(rhythm, since=utc("2026-01-01T00:00"), until=utc("2026-04-15T00:00"))
    assert [slot.day for slot in found] == [dt.date(2026, 1, 31), dt.date(2026, 2, 1), dt.date(2026, 3, 1), dt.date(2026, 4, 1)]


def test_week_days_narrow_days_and_shifts_only():
    weekdays = frozenset({1, 2, 3, 4, 5})
    daily = Rhythm(Every.DAILY, NEW_YORK, dt.date(2026, 11, 1), week_days=weekdays)
    weekly = Rhythm(Every.WEEKLY, NEW_YORK, dt.date(2026, 11, 1), week_days=weekdays)
    span = {"since": utc("2026-11-16T05:00"), "until": utc("2026-11-23T05:00")}
    assert [slot.day.isoweekday() for slot in slots_between(daily, **span)] == [1, 2, 3, 4, 5]
    assert len(slots_between(weekly, **span)) == 1


@pytest.mark.parametrize(
    ("now", "done", "expected"),
    [
        ("2026-11-22T06:59", [], SlotState.NOT_YET),
        ("2026-11-22T07:00", [], SlotState.OPEN),
        ("2026-11-22T18:59", [], SlotState.OPEN),
        ("2026-11-22T19:00", [], SlotState.MISSED),
        ("2026-11-22T08:00", [("2026-11-22T07:00", False)], SlotState.DONE),
        ("2026-11-22T20:00", [("2026-11-22T19:00", False)], SlotState.MISSED),  # the end belongs to the next shift
        ("2026-11-22T20:00", [("2026-11-22T06:59", False)], SlotState.MISSED),
        ("2026-11-22T20:00", [("2026-11-22T08:00", True), ("2026-11-22T09:00", False)], SlotState.PROBLEM),
    ],
)
def test_states(now, done, expected):
    slot = Slot(utc("2026-11-22T07:00"), utc("2026-11-22T19:00"), dt.date(2026, 11, 22))
    assert state_of(slot, [Done(utc(at), problem) for at, problem in done], now=utc(now)) is expected


def test_runs_of_missed_periods_are_counted():
    slots = [Slot(utc(f"2026-11-{day:02d}T00:00"), utc(f"2026-11-{day + 1:02d}T00:00"), dt.date(2026, 11, day)) for day in range(1, 8)]
    done = [Done(utc("2026-11-03T10:00"))]
    runs = [(slot.day.day, run) for slot, run in missed_runs(states(slots, done, now=utc("2026-11-07T12:00")))]
    assert runs == [(1, 1), (2, 2), (4, 1), (5, 2), (6, 3)]


def test_a_check_of_every_shift_needs_shifts():
    with pytest.raises(ValueError, match="shifts start"):
        slots_between(Rhythm(Every.SHIFT, NEW_YORK, dt.date(2026, 1, 1)), since=utc("2026-01-01T00:00"), until=utc("2026-01-02T00:00"))
