"""Questions and their answers, PINs, scans, and the shipped starters."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.catalog.rules.starter import read_starter_types
from openhtm.rounds.rules.pins import WINDOW, WRONG_PER_ADDRESS, locks_at, refuse_pin, wait_for
from openhtm.rounds.rules.questions import Question, QuestionError, judge, read_questions, running_out
from openhtm.rounds.rules.scans import REASON_TONES, REASON_WORDS, in_order, meaning
from openhtm.rounds.rules.starters import starters

TODAY = dt.date(2026, 11, 22)
PLUGGED = Question("plugged", "Is it plugged in?")
WARM = Question("warm", "How warm?", "number", "°C", 2, 8)
PADS = Question("pads", "When do the pads run out?", "date", expires=True)
json_values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["yes_no", "number", "date", "key1", []])
)


names = ("key", "text", "kind", "unit", "low", "high", "expires", "x")


@settings(suppress_health_check=[HealthCheck.too_slow])  # the texts of a busy machine are slow, not many
@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(names, json_values)), max_size=3))
def test_any_definition_is_read_or_refused_in_words(stored):
    try:
        questions = read_questions(stored)
    except QuestionError as refusal:
        assert str(refusal).endswith(".")
    else:
        assert read_questions([one.as_json() for one in questions]) == questions


@given(st.dictionaries(st.sampled_from(["plugged", "warm", "pads", "other"]), json_values))
def test_any_answers_are_stored_or_refused(answers):
    judged = judge((PLUGGED, WARM, PADS), answers, today=TODAY)
    assert set(judged.values) | set(judged.errors) >= {"plugged", "warm", "pads"}
    assert not set(judged.values) & set(judged.errors)


@given(st.floats(-1e6, 1e6))
def test_a_number_is_a_problem_exactly_outside_its_limits(value):
    assert bool(judge((WARM,), {"warm": value}, today=TODAY).problems) is not (2 <= value <= 8)


@pytest.mark.parametrize(
    ("question", "answer", "value", "problem"),
    [
        (PLUGGED, "yes", True, ""),
        (PLUGGED, "no", False, "Is it plugged in? No."),
        (PLUGGED, True, True, ""),
        (WARM, "4,5", 4.5, ""),
        (WARM, 9, 9.0, "How warm? 9 °C, should be 2 to 8 °C."),
        (PADS, "2026-11-22", "2026-11-22", ""),
        (PADS, "2026-11-21", "2026-11-21", "When do the pads run out? Ran out on 2026-11-21."),
    ],
)
def test_answers(question, answer, value, problem):
    judged = judge((question,), {question.key: answer}, today=TODAY)
    assert judged.values == {question.key: value}
    assert judged.problems == ((problem,) if problem else ())


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (PLUGGED, "maybe"),
        (PLUGGED, 1),
        (PLUGGED, ""),
        (WARM, "nan"),
        (WARM, "warm"),
        (WARM, True),
        (PADS, "22/11/2026"),
        (PADS, "0001-01-01"),
    ],
)
def test_what_is_no_answer_is_refused(question, answer):
    assert set(judge((question,), {question.key: answer}, today=TODAY).errors) == {question.key}


@pytest.mark.parametrize(
    ("on", "tone"), [("2026-11-21", "late"), ("2026-11-22", "due"), ("2026-12-22", "due"), ("2026-12-23", None), (None, None)]
)
def test_what_runs_out_is_shown_before_it_does(on, tone):
    found = running_out((PADS,), {"pads": on} if on else {}, today=TODAY)
    assert [one.tone for one in found] == ([tone] if tone else [])


@pytest.mark.parametrize("pin", ["", "123", "12a4", "1111", "1234", "4321", "1234567890123", " 1593", "\uff11593"])
def test_weak_pins_are_refused(pin):
    assert refuse_pin(pin)


@pytest.mark.parametrize("pin", ["1593", "2580", "000001", "271828182845"])
def test_other_pins_are_taken(pin):
    assert refuse_pin(pin) == ""


@given(st.lists(st.integers(0, 3600), max_size=100))
def test_an_address_waits_exactly_when_too_many_were_wrong(seconds):
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    wrong = [now - dt.timedelta(seconds=second) for second in seconds]
    recent = [at for at in wrong if at > now - WINDOW]
    assert (wait_for(wrong, now=now) > 0) is (len(recent) >= WRONG_PER_ADDRESS)


def test_a_unit_code_is_locked_later_than_a_pin():
    assert locks_at(of_unit=False) < locks_at(of_unit=True)


@given(*[st.booleans()] * 5)
def test_a_scan_means_one_thing_and_moves_only_what_stands_elsewhere(known, before, expected, here, may_move):
    means = meaning(known=known, scanned_before=before, expected=expected, recorded_here=here, may_move=may_move)
    assert means.verdict == ("again" if before else "unknown" if not known else "found" if expected else "unexpected")
    assert means.moves is (known and not before and not here and may_move)


def test_reasons_stand_in_their_order():
    assert in_order(["open_repair", "late", "missing"]) == ["late", "missing", "open_repair"]
    assert set(REASON_TONES) == set(REASON_WORDS)


def test_the_shipped_starters_say_where_they_come_from_and_name_known_types():
    shipped = starters()
    assert shipped.source and shipped.edition and shipped.confidence
    known = {one.code for one in read_starter_types()}
    assert {code for starter in shipped.starters for code in starter.device_types} <= known
    assert {"aed", "crash_cart_defibrillator", "infant_warmer", "eyewash", "refrigerator_temperature"} <= {
        one.code for one in shipped.starters
    }
