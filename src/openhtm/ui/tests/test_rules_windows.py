"""The due bar: order of its marks, tone and words."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.ui.rules.windows import DueWindow, in_words, marks, tone

DUE = date(2026, 12, 12)


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(-5000, 5000))
def test_marks_keep_their_order_and_stay_on_the_bar(before, grace, today):
    window = _window(before=before, grace=grace, today=today)
    at = marks(window)
    assert 0 < at.opens <= at.due <= at.grace < 100
    assert 0 < at.now < 100


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(-5000, 5000))
def test_today_stands_on_the_side_its_tone_says(before, grace, today):
    window = _window(before=before, grace=grace, today=today)
    at = marks(window)
    sides = {
        "late": at.now >= at.grace,
        "due": at.due <= at.now <= at.grace,
        "ok": at.opens <= at.now <= at.due,
        "info": at.now <= at.opens,
    }
    assert sides[tone(window)]


@pytest.mark.parametrize(
    ("today", "expected", "words"),
    [
        (-40, "info", "not yet open"),
        (-30, "ok", "in window"),
        (0, "ok", "in window"),
        (1, "due", "in grace"),
        (31, "late", "late by 1 day"),
        (39, "late", "late by 9 days"),
    ],
)
def test_tone_and_words_at_the_edges(today, expected, words):
    window = _window(before=30, grace=30, today=today)
    assert tone(window) == expected
    assert in_words(window).endswith(words)


def test_a_window_that_opens_after_it_is_due_is_refused():
    with pytest.raises(ValueError, match="open before"):
        DueWindow(opens_on=DUE + timedelta(days=1), due_on=DUE, grace_until=DUE, today=DUE)


def _window(*, before: int, grace: int, today: int) -> DueWindow:
    return DueWindow(
        opens_on=DUE - timedelta(days=before),
        due_on=DUE,
        grace_until=DUE + timedelta(days=grace),
        today=DUE + timedelta(days=today),
    )


def test_what_counts_as_on_time_may_end_after_the_due_day():
    window = DueWindow(
        opens_on=date(2026, 11, 1),
        due_on=date(2026, 11, 17),
        on_time_until=date(2026, 11, 30),
        grace_until=date(2026, 12, 30),
        today=date(2026, 11, 22),
    )
    assert tone(window) == "ok"
    assert in_words(window).startswith("Due 17 Nov 2026, window from 1 Nov 2026, on time until 30 Nov 2026, grace until")
    assert in_words(window).endswith("in window")
