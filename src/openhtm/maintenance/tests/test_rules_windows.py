from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.rules.calendar import Unit
from openhtm.maintenance.rules.nesting import covered, covering_day
from openhtm.maintenance.rules.windows import ProfileRule, Timing, Window, WindowRule, rule_for, timing, window_for

days = st.dates(date(2000, 1, 1), date(2060, 12, 31))
tolerances = st.integers(0, 40)
rules = st.builds(WindowRule, tolerances, st.sampled_from(Unit), tolerances, st.sampled_from(Unit), st.booleans(), st.integers(0, 90))

MONTH_END = WindowRule(snap_to_month=True, grace_days=30, profile="month-end")
BY_INTERVAL = (
    ProfileRule(0, WindowRule(profile="exact")),
    ProfileRule(90, WindowRule(10, Unit.DAY, 10, Unit.DAY)),
    ProfileRule(180, WindowRule(20, Unit.DAY, 20, Unit.DAY)),
    ProfileRule(365, WindowRule(30, Unit.DAY, 30, Unit.DAY)),
    ProfileRule(1095, WindowRule(45, Unit.DAY, 45, Unit.DAY)),
)


def day(text: str) -> date:
    return date.fromisoformat(text)


@given(rules, days)
def test_a_window_is_ordered(rule: WindowRule, due_on: date) -> None:
    window = window_for(rule, due_on)
    assert window.opens_on <= window.due_on == due_on <= window.on_time_until <= window.grace_until
    assert (window.grace_until - window.on_time_until).days == rule.grace_days


@given(rules, days)
def test_snapping_only_widens(rule: WindowRule, due_on: date) -> None:
    loose = window_for(WindowRule(rule.before_n, rule.before_unit, rule.after_n, rule.after_unit), due_on)
    snapped = window_for(WindowRule(rule.before_n, rule.before_unit, rule.after_n, rule.after_unit, True), due_on)
    assert snapped.opens_on <= loose.opens_on
    assert snapped.on_time_until >= loose.on_time_until
    assert snapped.opens_on.day == 1


@given(rules, days, st.integers(0, 40))
def test_windows_move_with_their_due_day(rule: WindowRule, due_on: date, later: int) -> None:
    first, second = window_for(rule, due_on), window_for(rule, date.fromordinal(due_on.toordinal() + later))
    assert first.opens_on <= second.opens_on
    assert first.grace_until <= second.grace_until


@pytest.mark.parametrize(
    ("rule", "due_on", "opens_on", "on_time_until", "grace_until"),
    [
        (MONTH_END, "2026-07-15", "2026-07-01", "2026-07-31", "2026-08-30"),
        (MONTH_END, "2028-02-29", "2028-02-01", "2028-02-29", "2028-03-30"),
        (WindowRule(1, Unit.MONTH, 1, Unit.MONTH, True), "2026-03-31", "2026-02-01", "2026-04-30", "2026-04-30"),
        (WindowRule(1, Unit.MONTH, 1, Unit.MONTH), "2026-03-31", "2026-02-28", "2026-04-30", "2026-04-30"),
        (WindowRule(10, Unit.DAY, 10, Unit.DAY), "2026-01-05", "2025-12-26", "2026-01-15", "2026-01-15"),
        (WindowRule(grace_days=3), "2026-01-05", "2026-01-05", "2026-01-05", "2026-01-08"),
    ],
)
def test_windows_a_technician_would_quote(rule: WindowRule, due_on: str, opens_on: str, on_time_until: str, grace_until: str) -> None:
    assert window_for(rule, day(due_on)) == Window(day(opens_on), day(due_on), day(on_time_until), day(grace_until))


@pytest.mark.parametrize(
    ("n", "unit", "before"),
    [
        (1, "day", 0),
        (2, "month", 0),
        (3, "month", 10),
        (6, "month", 20),
        (12, "month", 30),
        (1, "year", 30),
        (2, "year", 30),
        (36, "month", 45),
    ],
)
def test_the_longest_rule_that_fits_applies(n: int, unit: str, before: int) -> None:
    assert rule_for(BY_INTERVAL, every_n=n, every_unit=unit).before_n == before
    assert rule_for(tuple(reversed(BY_INTERVAL)), every_n=n, every_unit=unit).before_n == before


def test_a_profile_without_a_fitting_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="no window for an interval of 30 days"):
        rule_for(BY_INTERVAL[1:], every_n=1, every_unit="month")


def test_negative_tolerances_and_unordered_windows_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        WindowRule(grace_days=-1)
    with pytest.raises(ValueError, match="in this order"):
        Window(day("2026-01-02"), day("2026-01-01"), day("2026-01-03"), day("2026-01-03"))


@pytest.mark.parametrize(
    ("performed_on", "expected"),
    [
        ("2026-06-20", Timing.ON_TIME),
        ("2026-07-31", Timing.ON_TIME),
        ("2026-08-01", Timing.WITHIN_GRACE),
        ("2026-08-30", Timing.WITHIN_GRACE),
        ("2026-08-31", Timing.LATE),
    ],
)
def test_timing(performed_on: str, expected: Timing) -> None:
    assert timing(window_for(MONTH_END, day("2026-07-15")), performed_on=day(performed_on)) == expected


def test_an_annual_visit_covers_the_semiannual_one_of_its_window() -> None:
    minor = window_for(MONTH_END, day("2026-07-15"))
    assert covered(minor, day("2026-07-01"))
    assert covered(minor, day("2026-07-31"))
    assert not covered(minor, day("2026-08-01")), "grace is not the window"
    assert not covered(minor, day("2026-06-30"))


@pytest.mark.parametrize(
    ("majors", "chosen"),
    [
        ([], None),
        (["2026-06-30", "2027-07-15"], None),
        (["2026-07-30", "2026-07-10"], "2026-07-10"),
        (["2026-07-20", "2026-07-10"], "2026-07-10"),
    ],
)
def test_the_nearest_larger_visit_covers(majors: list[str], chosen: str | None) -> None:
    found = covering_day(window_for(MONTH_END, day("2026-07-15")), [day(one) for one in majors])
    assert found == (day(chosen) if chosen else None)
