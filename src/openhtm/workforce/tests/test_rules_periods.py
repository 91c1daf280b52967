"""Periods of work: counted once, in whole months."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.core.months import add_months
from openhtm.workforce.rules.periods import (
    Period,
    clip,
    days_in,
    merged,
    months_for_days,
    months_in,
    months_short,
    overlapping,
    whole_months,
)

days = st.dates(date(1990, 1, 1), date(2050, 1, 1))
periods = st.lists(st.builds(lambda start, length: Period(start, start + timedelta(days=length)), days, st.integers(1, 3000)), max_size=6)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2024-11-22", "2026-11-22", 24),
        ("2024-11-23", "2026-11-22", 23),
        ("2020-02-29", "2024-02-29", 48),
        ("2024-02-29", "2025-02-28", 12),
        ("2025-01-31", "2025-02-28", 1),
        ("2025-01-31", "2025-03-30", 1),
        ("2025-01-01", "2025-01-31", 0),
        ("2025-01-01", "2025-01-01", 0),
    ],
)
def test_whole_months(start: str, end: str, months: int) -> None:
    assert whole_months(day(start), day(end)) == months


def test_a_period_without_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match="holds no day"):
        Period(day("2025-01-02"), day("2025-01-02"))


@given(periods)
def test_merging_keeps_every_day_once(found: list[Period]) -> None:
    covered = {one.start + timedelta(days=offset) for one in found for offset in range(one.days)}
    assert days_in(found) == len(covered)
    joined = merged(found)
    assert all(first.end < second.start for first, second in pairwise(joined))


@given(periods, days, st.integers(1, 3000))
def test_more_time_is_never_fewer_months_by_the_year(found: list[Period], start: date, length: int) -> None:
    more = [*found, Period(start, start + timedelta(days=length))]
    for needed in (12, 24, 36, 48, 60, 84):
        assert months_in(found) < needed or months_in(more) >= needed


@given(periods.filter(bool), st.integers(1, 120))
def test_the_months_short_are_just_enough(found: list[Period], needed: int) -> None:
    short = months_short(found, needed)
    end = max(one.end for one in found)
    assert (short == 0) == (months_in(found) >= needed)
    if short:
        assert months_in([*found, Period(end, add_months(end, short))]) >= needed
    if short > 1:
        assert months_in([*found, Period(end, add_months(end, short - 1))]) < needed


@given(periods, days, days)
def test_clipping_keeps_only_the_window(found: list[Period], start: date, end: date) -> None:
    kept = clip(found, start=start, end=end)
    assert all(start <= one.start < one.end <= end for one in kept)
    assert days_in(kept) <= days_in(found)


@given(st.integers(1, 3000), days)
def test_months_for_days_are_the_fewest(count: int, end: date) -> None:
    months = months_for_days(count, end)
    assert (end - add_months(end, -months)).days >= count > (end - add_months(end, -(months - 1))).days


@given(periods)
def test_an_overlap_is_found_if_and_only_if_a_day_is_shared(found: list[Period]) -> None:
    pairs = overlapping(found)
    assert bool(pairs) == (days_in(found) < sum(one.days for one in found))
    assert all(found[first].start < found[second].end and found[second].start < found[first].end for first, second in pairs)
