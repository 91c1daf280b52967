from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.rules.calendar import (
    Unit,
    add_days,
    add_interval,
    add_months,
    day_bounds,
    first_grid_on_or_after,
    grid_date,
    grid_index_on_or_after,
    local_day,
    month_end,
    month_start,
    nominal_days,
)

days = st.dates(date(1990, 1, 1), date(2080, 12, 31))
units = st.sampled_from(Unit)
numbers = st.integers(1, 60)
zones = st.sampled_from(
    ["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "America/Havana", "Pacific/Apia"]
).map(ZoneInfo)
instants = st.integers(788_918_400, 2_208_988_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-08-31", 0, "2026-08-31"),
    ],
)
def test_months_clamp_to_the_last_day(day: str, months: int, later: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(later)


@pytest.mark.parametrize("months", [-30_000, 100_000])
def test_months_outside_the_calendar_are_refused(months: int) -> None:
    with pytest.raises(ValueError, match="outside the calendar"):
        add_months(date(2026, 1, 1), months)


@given(days, st.integers(-600, 600))
def test_adding_months_keeps_the_day_or_the_last_day(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == min(day.day, month_end(later).day)


@given(days, st.integers(1, 36), units, st.integers(-40, 40))
def test_a_grid_never_drifts(anchor: date, n: int, unit: Unit, k: int) -> None:
    day = grid_date(anchor, n, unit, k)
    if unit in (Unit.MONTH, Unit.YEAR):
        assert day.day == min(anchor.day, month_end(day).day)
    else:
        assert (day - anchor).days == k * n * {Unit.DAY: 1, Unit.WEEK: 7}[unit]


@given(days, st.integers(1, 24), units, days)
def test_the_index_is_the_smallest_on_or_after(anchor: date, n: int, unit: Unit, day: date) -> None:
    k = grid_index_on_or_after(anchor, n, unit, day)
    assert grid_date(anchor, n, unit, k) >= day > grid_date(anchor, n, unit, k - 1)
    assert first_grid_on_or_after(anchor, n, unit, day) == grid_date(anchor, n, unit, k)


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        grid_index_on_or_after(date(2026, 1, 1), 0, Unit.DAY, date(2026, 1, 1))


@given(days)
def test_a_month_starts_and_ends_around_its_days(day: date) -> None:
    assert month_start(day) <= day <= month_end(day)
    assert add_days(month_end(day), 1) == add_months(month_start(day), 1)


@pytest.mark.parametrize(
    ("n", "unit", "length"),
    [
        (1, "day", 1),
        (2, "week", 14),
        (1, "month", 30),
        (3, "month", 91),
        (6, "month", 182),
        (12, "month", 365),
        (1, "year", 365),
        (3, "year", 1095),
    ],
)
def test_nominal_lengths(n: int, unit: str, length: int) -> None:
    assert nominal_days(n, unit) == length


@given(days, numbers, units)
def test_twelve_months_and_a_year_are_the_same(day: date, n: int, unit: Unit) -> None:
    assert add_interval(day, n, Unit.YEAR) == add_interval(day, 12 * n, Unit.MONTH)
    assert nominal_days(n, Unit.YEAR) == nominal_days(12 * n, Unit.MONTH)
    assert abs((add_interval(day, n, unit) - day).days - nominal_days(n, unit)) <= 3


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        ("2026-07-01T04:30:00+00:00", "America/Chicago", "2026-06-30"),
        ("2026-07-01T05:00:00+00:00", "America/Chicago", "2026-07-01"),
        ("2026-01-01T05:30:00+00:00", "America/Chicago", "2025-12-31"),
        ("2026-01-01T06:00:00+00:00", "America/Chicago", "2026-01-01"),
        ("2026-06-30T14:30:00+00:00", "Australia/Sydney", "2026-07-01"),
        ("2026-06-30T18:15:00+00:00", "Asia/Kathmandu", "2026-07-01"),
        ("2026-06-30T18:14:59+00:00", "Asia/Kathmandu", "2026-06-30"),
        ("2026-06-30T23:59:59+02:00", "Europe/Berlin", "2026-06-30"),
        ("2026-06-30T23:59:59-05:00", "UTC", "2026-07-01"),
        ("2026-03-08T07:59:59+00:00", "America/Chicago", "2026-03-08"),
        ("2026-11-01T04:59:59+00:00", "America/Chicago", "2026-10-31"),
        ("2026-11-02T05:59:59+00:00", "America/Chicago", "2026-11-01"),
        ("2011-12-30T09:59:59+00:00", "Pacific/Apia", "2011-12-29"),
        ("2011-12-30T10:00:00+00:00", "Pacific/Apia", "2011-12-31"),
    ],
)
def test_the_day_on_the_wall_of_the_facility(instant: str, zone: str, day: str) -> None:
    assert local_day(datetime.fromisoformat(instant), ZoneInfo(zone)) == date.fromisoformat(day)


def test_an_instant_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        local_day(datetime(2026, 7, 1, 4, 30), ZoneInfo("America/Chicago"))  # noqa: DTZ001


@given(instants, zones)
def test_an_instant_lies_within_the_bounds_of_its_day(instant: datetime, zone: ZoneInfo) -> None:
    start, end = day_bounds(local_day(instant, zone), zone)
    assert start <= instant < end


@given(days.filter(lambda day: day.year < 2037), zones)
def test_days_follow_each_other_without_a_gap(day: date, zone: ZoneInfo) -> None:
    assert day_bounds(day, zone)[1] == day_bounds(add_days(day, 1), zone)[0]


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-08", "America/Chicago", 23),
        ("2026-11-01", "America/Chicago", 25),
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-07-01", "Europe/Berlin", 24),
        ("2026-04-05", "Australia/Lord_Howe", 24.5),
    ],
)
def test_a_day_may_have_23_or_25_hours(day: str, zone: str, hours: float) -> None:
    start, end = day_bounds(date.fromisoformat(day), ZoneInfo(zone))
    assert end - start == timedelta(hours=hours)
