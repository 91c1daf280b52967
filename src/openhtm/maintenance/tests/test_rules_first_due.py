from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.rules.calendar import Unit, add_interval, grid_date, grid_index_on_or_after, month_end
from openhtm.maintenance.rules.first_due import Joined, first_due

days = st.dates(date(2015, 1, 1), date(2040, 12, 31))
months = st.integers(1, 60)


@given(days, st.integers(1, 60), st.sampled_from(Unit), st.one_of(st.none(), st.integers(1, 12)), st.one_of(st.none(), days))
def test_the_first_visit_is_after_acceptance_and_within_one_interval(
    accepted_on: date, n: int, unit: Unit, base_month: int | None, group: date | None
) -> None:
    found = first_due(accepted_on=accepted_on, every_n=n, every_unit=unit, department_base_month=base_month, group_anchor_on=group)
    own = add_interval(accepted_on, n, unit)
    assert accepted_on < found.due_on <= own
    assert found.shorter_by_days == (own - found.due_on).days
    k = grid_index_on_or_after(found.anchor_on, n, unit, found.due_on)
    assert grid_date(found.anchor_on, n, unit, k) == found.due_on, "the first visit lies on the grid it starts"


@given(days, months, st.integers(1, 12))
def test_a_department_is_joined_at_the_end_of_a_month(accepted_on: date, n: int, base_month: int) -> None:
    found = first_due(accepted_on=accepted_on, every_n=n, every_unit="month", department_base_month=base_month)
    if found.joined == Joined.DEPARTMENT:
        assert found.due_on == month_end(found.due_on)
        assert all(grid_date(found.anchor_on, n, "month", k).day >= 28 for k in range(5))
        if 12 % n == 0:
            assert (found.due_on.month - base_month) % n == 0
        if n % 12 == 0:
            assert found.due_on.month == base_month
            assert grid_date(found.anchor_on, n, "month", 1) == month_end(grid_date(found.anchor_on, n, "month", 1))


@given(days, months, st.integers(1, 12))
def test_joining_takes_off_less_than_one_step(accepted_on: date, n: int, base_month: int) -> None:
    found = first_due(accepted_on=accepted_on, every_n=n, every_unit="month", department_base_month=base_month)
    assert found.shorter_by_days <= 31 * min(n, 12)


def test_later_dates_stay_at_the_end_of_their_month() -> None:
    found = first_due(accepted_on=date(2025, 9, 10), every_n=6, every_unit="month", department_base_month=2)
    assert found.due_on == date(2026, 2, 28)
    assert [grid_date(found.anchor_on, 6, "month", k) for k in (0, 1)] == [date(2025, 8, 31), date(2026, 2, 28)]


@given(days, st.integers(1, 60), st.sampled_from(Unit), st.integers(1, 40))
def test_alone_every_date_is_so_many_intervals_after_acceptance(accepted_on: date, n: int, unit: Unit, k: int) -> None:
    found = first_due(accepted_on=accepted_on, every_n=n, every_unit=unit)
    assert found.joined == Joined.ACCEPTANCE
    assert grid_date(found.anchor_on, n, unit, k) == add_interval(accepted_on, n * k, unit), (
        "a short month clamps one date, not those after it"
    )


def test_the_31st_comes_back_after_a_short_month() -> None:
    found = first_due(accepted_on=date(2026, 1, 31), every_n=1, every_unit="month")
    assert [grid_date(found.anchor_on, 1, "month", k) for k in (1, 2)] == [date(2026, 2, 28), date(2026, 3, 31)]
