"""Work by month from rhythms equals counting day by day."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.rules.calendar import add_months, month_end
from openhtm.maintenance.rules.foreseen import Rhythm, spread_over_months

FIRST = date(2026, 1, 1)
days = st.dates(date(2023, 1, 1), date(2028, 6, 30))


def by_day(rhythm, months):
    found = [0] * months
    day, k = rhythm.first_on, 0
    while day <= month_end(add_months(FIRST, months - 1)):
        if day >= FIRST:
            found[(day.year - FIRST.year) * 12 + day.month - FIRST.month] += rhythm.visits
        k += 1
        day = (
            rhythm.first_on + timedelta(days=k * rhythm.step_days)
            if rhythm.step_days
            else add_months(rhythm.first_on, k * rhythm.step_months)
        )
    return found


@given(first_on=days, step=st.integers(1, 400), visits=st.integers(1, 9), months=st.integers(1, 24))
def test_steps_in_days_are_counted_as_if_day_by_day(first_on, step, visits, months):
    rhythm = Rhythm(first_on, step, 0, visits, visits * 10)
    found = spread_over_months([rhythm], first_on=FIRST, months=months)
    assert found.visits == by_day(rhythm, months)
    assert found.minutes == [count * 10 for count in found.visits]


@given(first_on=days, step=st.integers(1, 60), months=st.integers(1, 24))
def test_steps_in_months_are_counted_as_if_day_by_day(first_on, step, months):
    rhythm = Rhythm(first_on, 0, step, 1, 0)
    assert spread_over_months([rhythm], first_on=FIRST, months=months).visits == by_day(rhythm, months)


@given(many=st.lists(st.builds(Rhythm, days, st.just(0), st.integers(1, 24), st.integers(1, 5), st.integers(0, 90)), max_size=6))
def test_what_was_due_before_is_owed_once(many):
    found = spread_over_months(many, first_on=FIRST, months=12)
    assert found.owed_visits == sum(one.visits for one in many if one.first_on < FIRST)
    assert found.owed_min == sum(one.minutes for one in many if one.first_on < FIRST)


def test_a_yearly_visit_of_march_stands_in_march():
    found = spread_over_months([Rhythm(date(2026, 3, 31), 0, 12, 4, 240)], first_on=FIRST, months=24)
    assert [month for month, count in enumerate(found.visits) if count] == [2, 14]
