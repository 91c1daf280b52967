"""Reading, judging and reviewing results without a database: laws, and the cases a technician would quote."""

import datetime as dt
import json
import string
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.core.ids import uuid7
from openhtm.procedures.rules.content import parse
from openhtm.workorders.rules import checklists, results, review, verdicts
from openhtm.workorders.rules.results import Circumstances, Refusal, ResultIn, Sent
from openhtm.workorders.tests.evidence import ALARM, CASE, ENERGY, FLOW, SAFETY

NOW = dt.datetime(2026, 11, 22, 15, 0, tzinfo=dt.UTC)
DAY = NOW.date()
STEPS = {step.key: step for step in parse({"format": 1, "purpose": "x", "steps": [CASE, ENERGY, ALARM, FLOW, SAFETY]}).steps}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
instants = st.integers(631_152_000, 4_102_444_800).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))


def sent(**more) -> ResultIn:
    plain = {"uid": str(uuid7()), "checklist": str(uuid.uuid4()), "step": "case", "measured_at": NOW.isoformat(), "value": "pass"}
    return ResultIn(**(plain | more))


def read(**more) -> Sent:
    found = results.read(sent(**more))
    assert isinstance(found, Sent)
    return found


def judged(step: str, **more):
    return verdicts.judge_sent(step=STEPS[step], sent=read(step=step, **more), tester=None, day=DAY)


@given(
    uid=st.text(max_size=60), checklist=st.text(max_size=60), measured_at=st.text(max_size=40), value=anything,
    phase=st.text(max_size=12), unit=st.text(max_size=20), skip=st.text(max_size=10), text=st.text(max_size=50),
    detail=st.dictionaries(st.text(max_size=5), anything, max_size=3), reason=st.text(max_size=20), supersedes=st.text(max_size=40),
)  # fmt: skip
def test_whatever_is_sent_is_read_or_refused_in_a_sentence(**fields):
    found = results.read(ResultIn(step="case", **fields))
    assert isinstance(found, Sent) or (found.code and found.sentence.endswith("."))


@given(
    value=anything,
    detail=st.dictionaries(st.text(max_size=5), anything, max_size=3),
    step=st.sampled_from(sorted(STEPS)),
    skip=st.sampled_from(["", "na", "skipped"]),
)
def test_whatever_is_answered_is_judged_or_refused_in_a_sentence(value, detail, step, skip):
    item = results.read(sent(step=step, value=value, detail=detail, skip=skip, text="x", phase="as_left" if step == "flow-100" else ""))
    if isinstance(item, Refusal):
        return
    found = verdicts.judge_sent(step=STEPS[step], sent=item, tester=None, day=DAY)
    if isinstance(found, Refusal):
        assert found.sentence
    else:
        assert found.verdict in {"pass", "fail", "recorded", "invalid", "na", "skipped"}
        json.dumps(found.detail, allow_nan=False)


@given(detail=st.dictionaries(st.text(max_size=5), anything, max_size=3), value=anything)
def test_what_is_held_comes_back_as_it_was_sent(detail, value):
    item = sent(detail=detail, value=value, files=("a" * 64,))
    payload = results.as_payload(item)
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload
    assert results.as_payload(results.from_payload(payload)) == payload


@given(st.integers(-(2**52), 2**52))
def test_a_repetition_has_the_same_fingerprint_however_it_is_written(number):
    item = sent(value=number)
    same = replace(item, uid=item.uid.upper(), value=float(number), measured_at=item.measured_at.replace("+00:00", "Z"))
    assert results.read(item).fingerprint == results.read(same).fingerprint


@given(st.sampled_from(["value", "step", "text", "unit", "phase"]), st.text(string.ascii_letters, min_size=1, max_size=5))
def test_other_content_has_another_fingerprint(name, text):
    item = sent(phase="")
    plain = results.as_payload(item)
    assert (results.fingerprint(plain) == results.fingerprint(plain | {name: text})) == (plain[name] == text)


@given(instants, instants)
def test_a_clock_is_never_both_wrong_and_late(measured_at, received_at):
    facts = Circumstances("pass", False, False, measured_at, received_at, None, False, False)
    assert not {"clock", "late_entry"} <= set(results.review_reasons(facts))
    day = results.judged_at(measured_at=measured_at, received_at=received_at)
    assert day == (received_at if "clock" in results.review_reasons(facts) else measured_at)


@given(st.decimals(0, 500, places=2))
def test_energy_is_judged_by_its_limits(value):
    found = judged("energy-200", value=str(value))
    assert found.verdict == ("pass" if 170 <= value <= 230 else "fail")
    assert found.share is not None and (found.share <= 1) == (found.verdict == "pass")
    assert found.limit["words"] == "170 to 230 J" and found.limit["low"] == 170


@given(st.dates(dt.date(2024, 1, 1), dt.date(2028, 1, 1)))
def test_the_newest_calibration_of_the_day_counts(day):
    facts = [
        verdicts.CalibrationFact(dt.date(2025, 1, 10), dt.date(2026, 1, 10), "in_tolerance"),
        verdicts.CalibrationFact(dt.date(2026, 3, 1), dt.date(2027, 3, 1), "in_tolerance"),
    ]
    then = verdicts.tester_on(name="QA-45", usable=True, calibrations=facts, day=day)
    good = dt.date(2025, 1, 10) <= day <= dt.date(2026, 1, 10) or dt.date(2026, 3, 1) <= day <= dt.date(2027, 3, 1)
    assert (then.objection(day) == "") == good


@pytest.mark.parametrize(
    ("tester", "says"),
    [
        (verdicts.TesterThen("QA-1", DAY, DAY), ""),
        (verdicts.TesterThen("QA-1", DAY, DAY - dt.timedelta(days=1)), "ended on 21 Nov 2026"),
        (verdicts.TesterThen("QA-1", None, None), "no calibration on record"),
        (verdicts.TesterThen("QA-1", DAY, DAY, usable=False), "set aside"),
        (verdicts.TesterThen("QA-1", DAY, DAY, in_tolerance=False), "out of tolerance"),
    ],
)
def test_a_tester_objects_in_words(tester, says):
    assert (says in tester.objection(DAY)) if says else tester.objection(DAY) == ""


def block(**values):
    tests = verdicts.safety_tests(STEPS["safety"].electrical_safety)
    keys = {one.key: ({"value": "0.1"} if one.unit else {"verdict": "pass"}) for one in tests}
    return {"tests": keys | values}


def measured(detail):
    tester = verdicts.TesterThen("QA-1", dt.date(2026, 1, 1), dt.date(2027, 1, 1))
    return verdicts.judge_sent(step=STEPS["safety"], sent=read(step="safety", value=None, detail=detail), tester=tester, day=DAY)


def test_a_safety_block_is_judged_test_by_test():
    assert measured(block()).choice == "safe"
    keys = [key for key, one in block()["tests"].items() if "value" in one]
    failing = measured(block(**{keys[0]: {"value": "999999"}}))
    assert (failing.verdict, failing.choice) == ("fail", "not_safe")
    assert measured({"tests": {keys[0]: {"value": "0.1"}}}).code == "incomplete"
    for bad in ({"value": "NaN"}, {"value": "-1"}, {"value": "1", "unit": "V"}, {"value": [1]}, {"verdict": "pass"}, {}):
        assert isinstance(measured(block(**{keys[0]: bad})), Refusal)
    assert isinstance(measured({"tests": {"no-such": {"value": 1}}}), Refusal)
    untested = verdicts.judge_sent(step=STEPS["safety"], sent=read(step="safety", value=None, detail=block()), tester=None, day=DAY)
    assert untested.verdict == "invalid"


answers = st.lists(
    st.builds(
        checklists.Answer,
        step_key=st.sampled_from(sorted(STEPS)),
        phase=st.just(""),
        verdict=st.sampled_from(["pass", "fail", "recorded", "invalid", "na", "skipped"]),
    ).map(lambda one: replace(one, phase="as_left") if one.step_key == "flow-100" else one),
    max_size=8,
)


@given(answers)
def test_nothing_is_called_passed_that_was_not_shown(given_answers):
    stands = checklists.standing(steps=tuple(STEPS.values()), answers=given_answers)
    last = {one.step_key: one.verdict for one in given_answers}
    assert (stands.outcome == "fail") == ("fail" in last.values())
    if stands.outcome in checklists.PASSED:
        assert not stands.missing and set(last.values()) <= {"pass", "recorded", "na"}
    assert set(stands.critical) <= set(stands.failed) and stands.answered == len(last)


@pytest.mark.parametrize(
    ("found", "left", "outcome"),
    [
        ("pass", "", "pass"),
        ("fail", "", "partial"),
        ("fail", "pass", "pass_adjusted"),
        ("pass", "fail", "fail"),
        ("", "pass", "pass"),
        ("", "", "partial"),
    ],
)
def test_the_value_as_left_decides(found, left, outcome):
    given_answers = [
        checklists.Answer("flow-100", phase, verdict) for phase, verdict in (("as_found", found), ("as_left", left)) if verdict
    ]
    assert checklists.standing(steps=(STEPS["flow-100"],), answers=given_answers).outcome == outcome


@given(st.sampled_from(checklists.OUTCOMES), st.sampled_from(checklists.OUTCOMES))
def test_a_person_judges_worse_never_better(wanted, proposed):
    refused = checklists.refuse_outcome(wanted=wanted, proposed=proposed)
    assert bool(refused) == (checklists.worst([wanted, proposed]) == proposed != wanted)


@given(
    st.sets(st.sampled_from(sorted(review.REASONS))),
    st.lists(st.sampled_from(["", *checklists.OUTCOMES])),
    st.booleans(),
    st.booleans(),
    st.integers(0, 3),
)
def test_only_clean_work_with_results_passes_by_rule(told, outcomes, incident, has_results, held):
    found = review.order_reasons(result_reasons=told, outcomes=outcomes, incident=incident, has_results=has_results, held=held)
    clean = not told and not incident and has_results and not held and set(outcomes) <= checklists.PASSED
    assert (found == ()) == clean and len(review.in_words(found)) == len(found)
