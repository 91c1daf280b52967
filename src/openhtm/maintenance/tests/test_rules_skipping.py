from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.rules.skipping import may_be_skipped

DUE = date(2027, 1, 31)


@pytest.mark.parametrize(
    ("performed_on", "share", "may"),
    [
        ("2026-07-31", 0.5, False),
        ("2026-11-01", 0.5, False),
        ("2026-11-02", 0.5, True),
        ("2027-01-30", 0.5, True),
        ("2027-01-31", 0.5, False),
        ("2027-02-10", 0.5, False),
        ("2026-11-02", 0.25, False),
        ("2027-01-30", 0.0, False),
    ],
)
def test_the_next_visit_after_late_work(performed_on: str, share: float, may: bool) -> None:
    day = date.fromisoformat(performed_on)
    assert may_be_skipped(performed_on=day, next_due_on=DUE, every_n=6, every_unit="month", recent_share=share) is may


@given(st.integers(1, 400), st.integers(1, 24), st.floats(0, 1))
def test_work_done_later_makes_skipping_easier(days: int, n: int, share: float) -> None:
    def may(ago: int) -> bool:
        return may_be_skipped(performed_on=DUE - timedelta(days=ago), next_due_on=DUE, every_n=n, every_unit="month", recent_share=share)

    assert not may(days + 1) or may(days)
