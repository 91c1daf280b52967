"""Days and minutes of presence, against counting day by day."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.workforce.rules.availability import WORKWEEK, clipped, days_worked, month_of, presence, shift_min

days = st.dates(dt.date(2020, 1, 1), dt.date(2032, 12, 31))
lengths = st.integers(0, 200)
weeks = st.frozensets(st.integers(1, 7), min_size=1)


@given(first=days, length=lengths, weekdays=weeks)
def test_days_worked_is_counting_day_by_day(first, length, weekdays):
    counted = sum((first + dt.timedelta(days=k)).isoweekday() in weekdays for k in range(length))
    assert days_worked((first, first + dt.timedelta(days=length)), weekdays) == counted


@given(
    first=days, length=st.integers(1, 62), weekdays=weeks, weekly=st.integers(0, 10_080), off=st.lists(st.tuples(days, lengths), max_size=4)
)
def test_nobody_is_away_longer_than_they_would_be_there(first, length, weekdays, weekly, off):
    apart, until = [], dt.date.min
    for start, span in sorted(off):
        if start >= until and span:
            until = start + dt.timedelta(days=span)
            apart.append((start, until))
    found = presence(period=(first, first + dt.timedelta(days=length)), weekly_min=weekly, weekdays=weekdays, absences=apart)
    assert 0 <= found.off_min <= found.rota_min


@given(first=days, length=st.integers(1, 62), holiday=days)
def test_a_holiday_inside_an_absence_counts_once(first, length, holiday):
    period = (first, first + dt.timedelta(days=length))
    whole = presence(period=period, weekly_min=2400, absences=[period])
    assert presence(period=period, weekly_min=2400, absences=[period], holidays=[holiday]) == whole
    assert whole.present_min == 0


@given(a=days, b=days, c=days, d=days)
def test_what_is_clipped_lies_inside(a, b, c, d):
    inner, outer = (min(a, b), max(a, b)), (min(c, d), max(c, d))
    first, until = clipped(inner, outer)
    assert first <= until
    assert first == until or (outer[0] <= first and until <= outer[1])


DECEMBER = month_of(dt.date(2026, 12, 24))


@pytest.mark.parametrize(
    ("weekly", "weekdays", "holidays", "absences", "rota", "off"),
    [
        (2400, WORKWEEK, [], [], 11_040, 0),  # 23 working days of 480 minutes
        (2400, WORKWEEK, [dt.date(2026, 12, 25)], [], 11_040, 480),  # Christmas is a Friday
        (2400, WORKWEEK, [dt.date(2026, 12, 26)], [], 11_040, 0),  # a Saturday takes nothing
        (2400, WORKWEEK, [], [(dt.date(2026, 12, 28), dt.date(2027, 1, 4))], 11_040, 1_920),  # four days of this month
        (2400, WORKWEEK, [dt.date(2026, 12, 25)], [(dt.date(2026, 12, 21), dt.date(2026, 12, 28))], 11_040, 2_400),
        (2160, frozenset({5, 6, 7}), [], [], 8_640, 0),  # twelve weekend days of 720 minutes
        (0, WORKWEEK, [dt.date(2026, 12, 25)], [], 0, 0),
    ],
)
def test_a_month_of_somebody(weekly, weekdays, holidays, absences, rota, off):
    found = presence(period=DECEMBER, weekly_min=weekly, weekdays=weekdays, holidays=holidays, absences=absences)
    assert (found.rota_min, found.off_min) == (rota, off)


@pytest.mark.parametrize(
    ("starts", "ends", "pause", "minutes"),
    [(7 * 60, 15 * 60 + 30, 30, 480), (22 * 60, 6 * 60, 0, 480), (0, 0, 0, 1440), (60, 90, 45, 0)],
)
def test_a_shift_may_end_after_midnight(starts, ends, pause, minutes):
    assert shift_min(starts_minute=starts, ends_minute=ends, break_min=pause) == minutes


def test_a_week_without_days_of_work_is_refused():
    with pytest.raises(ValueError, match="at least one day"):
        presence(period=DECEMBER, weekly_min=1, weekdays=frozenset())
