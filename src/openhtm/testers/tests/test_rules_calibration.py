import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.testers.rules.calibration import Calibrated, State, counts_on, doubt, state_on
from openhtm.testers.rules.kinds import kind_name, tester_kinds

DUE = dt.date(2026, 6, 30)
days = st.dates(dt.date(2000, 1, 1), dt.date(2050, 1, 1))


@pytest.mark.parametrize(
    ("day", "due_on", "usable", "state"),
    [
        (DUE, DUE, True, State.DUE_SOON),  # the due day itself still counts
        (DUE + dt.timedelta(days=1), DUE, True, State.EXPIRED),
        (DUE - dt.timedelta(days=30), DUE, True, State.DUE_SOON),
        (DUE - dt.timedelta(days=31), DUE, True, State.VALID),
        (DUE, None, True, State.NEVER),
        (DUE - dt.timedelta(days=31), DUE, False, State.SET_ASIDE),
    ],
)
def test_how_a_tester_stands(day, due_on, usable, state):
    assert state_on(day=day, due_on=due_on, usable=usable) is state


@given(day=days, due_on=days)
def test_a_reading_counts_up_to_the_due_day_and_never_after(day, due_on):
    assert counts_on(day=day, due_on=due_on) is (day <= due_on)


@given(st.lists(st.tuples(days, st.booleans()), max_size=12), days)
def test_the_doubt_begins_at_the_last_good_calibration_before_the_finding(made, found_on):
    calibrations = [Calibrated(day, good) for day, good in made if day != found_on] + [Calibrated(found_on, good=False)]
    period = doubt(calibrations=calibrations, found_on=found_on)
    assert period.until == found_on
    assert period.since is None or (period.since < found_on and Calibrated(period.since, good=True) in calibrations)
    assert not [c for c in calibrations if c.good and c.performed_on < found_on and (period.since is None or c.performed_on > period.since)]


def test_a_doubt_without_a_finding_is_a_mistake():
    with pytest.raises(ValueError, match="no out-of-tolerance finding"):
        doubt(calibrations=[Calibrated(DUE, good=True)], found_on=DUE)


def test_the_kinds_have_names_and_an_unknown_one_stands_for_itself():
    assert kind_name("safety_analyzer") == "Electrical safety analyzer"
    assert kind_name("crystal_ball") == "crystal_ball"
    assert all(kind.quantities for kind in tester_kinds().values())
