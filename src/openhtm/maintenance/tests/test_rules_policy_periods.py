"""The policy that judges a day is the one in force on that day, a facility's own before everybody's."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.rules.policy_periods import days_given, holds_on, in_force

HERE, THERE = 7, 8


@dataclass(frozen=True)
class Policy:
    facility_id: int | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    search_after_days: int = 7
    in_use_retry_days: int = 5


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@st.composite
def periods(draw: st.DrawFn, facility_id: int | None) -> list[Policy]:
    """Versions one after the other without a gap, from the beginning for good."""
    changes = sorted(draw(st.sets(days, max_size=5)))
    return [
        Policy(facility_id, begin, end, draw(st.integers(0, 30)), draw(st.integers(0, 30)))
        for begin, end in zip([None, *changes], [*changes, None], strict=True)
    ]


@given(periods(None), periods(HERE), days)
def test_on_every_day_exactly_one_version_holds_and_the_facility_goes_first(general: list[Policy], own: list[Policy], on: date) -> None:
    assert sum(holds_on(one, on) for one in own) == 1
    assert in_force([*general, *own], on=on, facility_id=HERE) == next(one for one in own if holds_on(one, on))
    assert in_force([*own, *general], on=on, facility_id=THERE) == next(one for one in general if holds_on(one, on))


@given(periods(None), days, st.integers(0, 3000), st.sampled_from(["not_located", "in_use", "no_access"]))
def test_a_change_judges_nothing_of_the_days_before_it(versions: list[Policy], changed_on: date, earlier: int, outcome: str) -> None:
    last = versions[-1]
    begins_on = max(changed_on, (last.effective_from or changed_on) + timedelta(days=1))
    changed = [*versions[:-1], replace(last, effective_to=begins_on), Policy(None, begins_on, None, 99, 99)]
    day = begins_on - timedelta(days=earlier + 1)
    before, after = (days_given(some, outcome=outcome, on=day, facility_id=HERE) for some in (versions, changed))
    assert before == after
    assert days_given(changed, outcome=outcome, on=begins_on, facility_id=HERE) == (None if outcome == "no_access" else 99)


CHANGED = date(2026, 5, 1)
TABLE = [
    Policy(None, None, CHANGED, 7, 5),
    Policy(None, CHANGED, None, 3, 2),
    Policy(HERE, date(2026, 6, 1), date(2026, 7, 1), 10, 9),
]


@pytest.mark.parametrize(
    ("outcome", "on", "facility_id", "given_days"),
    [
        ("not_located", date(2026, 4, 30), THERE, 7),
        ("not_located", date(2026, 5, 1), THERE, 3),
        ("in_use", date(2026, 5, 1), THERE, 2),
        ("in_use", date(2026, 5, 31), HERE, 2),
        ("in_use", date(2026, 6, 1), HERE, 9),
        ("in_use", date(2026, 6, 30), HERE, 9),
        ("in_use", date(2026, 7, 1), HERE, 2),
        ("refused", date(2026, 6, 1), HERE, None),
    ],
)
def test_the_days_of_a_follow_up(outcome: str, on: date, facility_id: int, given_days: int | None) -> None:
    assert days_given(TABLE, outcome=outcome, on=on, facility_id=facility_id) == given_days


def test_without_a_policy_the_table_of_outcomes_decides() -> None:
    assert in_force([], on=CHANGED, facility_id=None) is None
    assert days_given(TABLE[2:], outcome="in_use", on=CHANGED, facility_id=HERE) is None
