"""Needs and states, names and numbers, the window of a session, lists that are typed, and the shipped data."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.catalog.rules.starter import read_starter_types
from openhtm.training.rules.coverage import Line, Need, Standing, State, due_again, needs, newest, state, worst
from openhtm.training.rules.lists import TooManyAttendees, typed_list
from openhtm.training.rules.matching import Known, match, name_key, names_agree
from openhtm.training.rules.shipped import TrainingDataError, limits, starter_policy
from openhtm.training.rules.signin import wait_min, window

TODAY = dt.date(2026, 11, 22)
DAY = dt.timedelta(days=1)
days = st.dates(dt.date(2015, 1, 1), dt.date(2035, 12, 31))
months = st.none() | st.integers(1, 60)
standings = st.builds(
    Standing,
    type_id=st.integers(1, 3),
    model_id=st.integers(1, 6),
    high_risk=st.booleans(),
    first_on=st.none() | days,
    devices=st.integers(1, 9),
)
lines = st.builds(
    Line, key=st.integers(1, 99), type_id=st.none() | st.integers(1, 3), model_id=st.none() | st.integers(1, 6), each_model=st.booleans(),
    repeat_months=months, roll_out_days=st.none() | st.integers(0, 90),
)  # fmt: skip
some_needs = st.builds(Need, type_id=st.just(1), model_id=st.just(None), repeat_months=months, due_by=st.none() | days, lines=st.just((1,)))
RANK = [State.TRAINED, State.DUE, State.LAPSED, State.UNKNOWN]


@given(standings, lines, lines, st.none() | days, days, st.integers(0, 120))
def test_where_two_lines_meet_the_stricter_holds(standing, one, other, trained_on, on, soon):
    """Together they ask exactly what each asks."""
    apart = [need for line in (one, other) for need in needs([standing], [line])]
    together = needs([standing], [one, other])
    assert {(need.type_id, need.model_id) for need in together} == {(need.type_id, need.model_id) for need in apart}
    for need in together:
        same = [x for x in apart if x.model_id == need.model_id]
        assert state(need, trained_on, on=on, soon_days=soon) == worst(state(x, trained_on, on=on, soon_days=soon) for x in same)


@given(some_needs, days, days, days, st.integers(0, 120))
def test_a_later_training_never_makes_it_worse(need, first, second, on, soon):
    early, late = sorted([first, second])
    states = [state(need, day, on=on, soon_days=soon) for day in (early, late)]
    assert RANK.index(states[1]) <= RANK.index(states[0])
    assert State.UNKNOWN not in states


@given(some_needs, days, st.integers(0, 120))
def test_who_was_trained_today_is_not_lapsed(need, on, soon):
    assert state(need, on, on=on, soon_days=soon) in (State.TRAINED, State.DUE)


@given(some_needs, days)
def test_training_lapses_on_the_day_it_is_due_again_and_not_before(need, trained_on):
    again = due_again(need, trained_on)
    if again is None:
        assert state(need, trained_on, on=dt.date(2099, 1, 1), soon_days=60) is State.TRAINED
    else:
        assert state(need, trained_on, on=again, soon_days=0) is State.LAPSED
        assert state(need, trained_on, on=again - DAY, soon_days=0) is State.TRAINED


@given(st.lists(standings, max_size=6), st.lists(lines, max_size=6))
def test_needs_come_from_devices_that_are_there(stand, policy):
    found = needs(stand, policy)
    assert len({(need.type_id, need.model_id) for need in found}) == len(found)
    for need in found:
        assert any(one.type_id == need.type_id and need.model_id in (None, one.model_id) for one in stand)
        assert set(need.lines) <= {line.key for line in policy}
    assert needs(list(reversed(stand)), policy) == found


YEARLY = Line(1, type_id=7, repeat_months=12, roll_out_days=30)
RISKY = Line(2, repeat_months=24, each_model=True)


@pytest.mark.parametrize(
    ("trained_on", "on", "expected"),
    [
        (None, dt.date(2026, 1, 20), State.DUE),  # 19 days after the first device, 30 are allowed
        (None, dt.date(2026, 1, 31), State.DUE),
        (None, dt.date(2026, 2, 1), State.UNKNOWN),
        (dt.date(2026, 1, 10), dt.date(2026, 6, 1), State.TRAINED),
        (dt.date(2026, 1, 10), dt.date(2026, 11, 11), State.DUE),  # 60 days before
        (dt.date(2026, 1, 10), dt.date(2026, 11, 10), State.TRAINED),
        (dt.date(2026, 1, 10), dt.date(2027, 1, 9), State.DUE),
        (dt.date(2026, 1, 10), dt.date(2027, 1, 10), State.LAPSED),
        (dt.date(2024, 2, 29), dt.date(2025, 2, 28), State.LAPSED),
    ],
)
def test_states_as_an_educator_would_say_them(trained_on, on, expected):
    [need] = needs([Standing(7, 70, False, dt.date(2026, 1, 1))], [YEARLY])
    assert state(need, trained_on, on=on, soon_days=60) is expected


def test_a_line_of_high_risk_asks_for_each_model_and_leaves_other_devices_alone():
    stand = [Standing(7, 70, True, TODAY), Standing(7, 71, True, None), Standing(8, 80, False, TODAY)]
    found = needs(stand, [YEARLY, RISKY])
    assert [(need.type_id, need.model_id, need.repeat_months, need.lines) for need in found] == [
        (7, None, 12, (1,)), (7, 70, 24, (2,)), (7, 71, 24, (2,)),
    ]  # fmt: skip
    assert found[0].due_by is None, "of one model nobody knows since when it is there"


def test_a_course_on_a_model_counts_for_its_type_and_not_for_other_models():
    trained = {(7, 70): TODAY - 5 * DAY, (7, 0): TODAY - 9 * DAY}
    assert newest(Need(7, None, None, None, ()), trained) == TODAY - 5 * DAY
    assert newest(Need(7, 70, None, None, ()), trained) == TODAY - 5 * DAY
    assert newest(Need(7, 71, None, None, ()), trained) is None


ROSA, JO, JO2 = Known(1, "Rosa Lindqvist", "10482"), Known(2, "Jo Park", "555"), Known(3, "Jo Park", "556")


@pytest.mark.parametrize(
    ("name", "number", "key", "method", "suggestions"),
    [
        ("Rosa Lindqvist", "10482", 1, "number and name", ()),
        ("lindqvist, rosa", " 10-482 ", 1, "number and name", ()),
        ("Rosa M. Lindqvist", "10482", 1, "number and name", ()),
        ("Rosa Lindqvist", "", 1, "name", ()),
        ("Rosa Lindqvist", "99", None, "not sure", (1,)),
        ("Ana Diaz", "10482", None, "not sure", (1,)),
        ("Jo Park", "", None, "not sure", (2, 3)),
        ("Jo Park", "556", 3, "number and name", ()),
        ("Rosa", "10482", None, "not sure", (1,)),
        ("Ana Diaz", "1", None, "nobody", ()),
    ],
)
def test_who_somebody_is(name, number, key, method, suggestions):
    found = match(name=name, number=number, known=[ROSA, JO, JO2])
    assert (found.key, found.method, found.suggestions) == (key, method, suggestions)


@given(
    st.text(max_size=20),
    st.text(max_size=8),
    st.lists(st.builds(Known, st.integers(1, 9), st.text(max_size=12), st.text(max_size=6)), max_size=5),
)
def test_a_match_is_one_person_and_never_also_a_suggestion(name, number, known):
    found = match(name=name, number=number, known=known)
    keys = {one.key for one in known}
    assert set(found.suggestions) <= keys
    assert found.key is None or (found.key in keys and not found.suggestions)


@given(st.permutations(["Rosa", "Maria", "Lindqvist"]))
def test_the_order_of_names_does_not_matter(words):
    assert name_key(" ".join(words)) == "lindqvist maria rosa"
    assert names_agree(", ".join(words), "Rosa Lindqvist")


def test_people_sign_in_around_the_session_only():
    held = dt.datetime(2026, 11, 22, 14, tzinfo=dt.UTC)
    opens, closes = window(held, 45, limits())
    assert (opens.hour, opens.minute, closes.hour, closes.minute) == (13, 30, 16, 45)


@given(st.lists(st.integers(-60, 0), max_size=40), st.integers(1, 30))
def test_who_has_to_wait_may_go_ahead_afterwards(minutes, allowed):
    now = dt.datetime(2026, 11, 22, 14, tzinfo=dt.UTC)
    tries = [now + dt.timedelta(minutes=minute) for minute in minutes]
    wait = wait_min(tries, now=now, allowed=allowed, limits=limits())
    if wait is None:
        assert sum(1 for at in tries if at > now - dt.timedelta(minutes=limits().window_min)) < allowed
    else:
        assert wait_min(tries, now=now + dt.timedelta(minutes=wait), allowed=allowed, limits=limits()) is None


def test_a_typed_list_takes_names_with_and_without_numbers():
    found = typed_list("Rosa Lindqvist, 10482\n\nLindqvist, Rosa; 10482\nJo Park\nPark, Jo\n12345\n", limit=10)
    assert [(one.row, one.name, one.number, bool(one.problem)) for one in found] == [
        (1, "Rosa Lindqvist", "10482", False), (3, "Lindqvist, Rosa", "10482", False), (4, "Jo Park", "", False), (5, "Park, Jo", "", False),
        (6, "12345", "", True),
    ]  # fmt: skip
    with pytest.raises(TooManyAttendees):
        typed_list("A\nB\n", limit=1)


@given(st.text(max_size=200))
def test_any_typed_list_is_read(text):
    assert all(one.problem or (one.name and one.name.isprintable() and one.number.isprintable()) for one in typed_list(text, limit=500))


def test_the_starter_policy_is_about_types_that_are_shipped():
    known = {entry.code for entry in read_starter_types()}
    policy = starter_policy()
    assert {line.type_code for line in policy.lines if line.type_code} <= known
    assert policy.source and policy.confidence == "GK-med"
    assert any(not line.type_code for line in policy.lines)
    assert limits().confidence == "C"


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("policies.yaml", "source: x\n", starter_policy),
        (
            "policies.yaml",
            "source: x\nedition: '1'\nconfidence: C\neffective_from: 2026-01-01\npolicies: [{code: a, name: b, target: pumps}]",
            starter_policy,
        ),
        ("limits.yaml", "source: x\n", limits),
    ],
)
def test_a_broken_file_is_named(tmp_path, name, text, read):
    (tmp_path / name).write_text(text)
    with pytest.raises(TrainingDataError, match=name):
        read(tmp_path / name)
