import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.procedures.rules.content import parse
from openhtm.procedures.rules.judging import OUTCOMES, answers, client_rule, judge, judge_pair, limit_in_words
from openhtm.procedures.rules.safety import units as safety
from openhtm.procedures.rules.units import NotConvertible, convert, symbol, units
from openhtm.procedures.tests.strategies import documents, numbers, steps
from openhtm.testers.rules import kinds

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
CLAIM = {"source": "IEC 60601-2-4", "edition": "2010", "confidence": "GK-med"}
BLOCK = {"standard": "NFPA 99", "edition": "2012", "device_class": "I", "applied_parts": ["CF"]}


def step_of(kind="pass_fail", **fields):
    return parse({"purpose": "x", "steps": [{"key": "a", "kind": kind, "title": "A"} | fields]}).steps[0]


def measured(unit="J", **limit):
    return step_of("number", number={"unit": unit, "limit": limit if "from" in limit else limit | CLAIM})


number_steps = steps(("number",)).map(lambda raw: parse({"purpose": "x", "steps": [raw]}).steps[0])
any_steps = steps().map(lambda raw: parse({"purpose": "x", "steps": [raw]}).steps[0])
GREATER = {"nominal": 200, "percent": 15, "absolute": 3}


@pytest.mark.parametrize(
    ("unit", "limit", "value", "outcome", "code"),
    [
        # delivered energy, 15 % or 3 J, whichever is greater (IEC 60601-2-4)
        ("J", GREATER, 200, "pass", "within"),
        ("J", GREATER, 230, "pass", "near-limit"),
        ("J", GREATER, 227, "pass", "within"),
        ("J", GREATER, 227.1, "pass", "near-limit"),
        ("J", GREATER, 230.1, "fail", "too-high"),
        ("J", GREATER, 169.9, "fail", "too-low"),
        ("J", {"nominal": 10, "percent": 15, "absolute": 3}, 13, "pass", "near-limit"),
        ("J", {"nominal": 10, "percent": 15, "absolute": 3}, 7, "pass", "near-limit"),
        ("J", {"nominal": 10, "percent": 15, "absolute": 3}, 13.1, "fail", "too-high"),
        # cuff pressure, 3 mmHg or 2 %
        ("mm[Hg]", {"nominal": 200, "percent": 2, "absolute": 3}, 204, "pass", "near-limit"),
        ("mm[Hg]", {"nominal": 60, "percent": 2, "absolute": 3}, 63.1, "fail", "too-high"),
        # one-sided
        ("uA", {"high": 100}, 90, "pass", "within"),
        ("uA", {"high": 100}, 90.1, "pass", "near-limit"),
        ("uA", {"high": 100}, 100, "pass", "near-limit"),
        ("uA", {"high": 100}, 250, "fail", "too-high"),
        ("uA", {"high": 300}, 250, "pass", "within"),
        ("Ohm", {"high": 0.5, "high_inclusive": False}, 0.5, "fail", "too-high"),
        ("Ohm", {"high": 0.5, "high_inclusive": False}, 0.499, "pass", "near-limit"),
        ("MOhm", {"low": 2}, 2, "pass", "near-limit"),
        ("MOhm", {"low": 2}, 2.3, "pass", "within"),
        ("MOhm", {"low": 2}, 1.9, "fail", "too-low"),
        ("kPa", {"low": 60}, 0, "fail", "too-low"),
        # a range, and one that starts at zero
        ("Cel", {"low": 2, "high": 8}, 5, "pass", "within"),
        ("Cel", {"low": 2, "high": 8}, 7.8, "pass", "near-limit"),
        ("Cel", {"low": 2, "high": 8}, 1.99, "fail", "too-low"),
        ("mL/min", {"low": 0, "high": 150}, 0, "pass", "within"),
        ("mL/min", {"low": 0, "high": 150}, 140, "pass", "near-limit"),
        ("%", {"low": -5, "high": 5}, 0, "pass", "within"),
        ("Cel", {"high": -18}, -18, "pass", "within"),
        ("Cel", {"high": -18}, -17.9, "fail", "too-high"),
        # as text, as the phone sends it
        ("J", GREATER, "200.0", "pass", "within"),
        ("J", GREATER, " 200 ", "pass", "within"),
        ("J", GREATER, "2e2", "pass", "within"),
        ("J", {"from": "ifu"}, 12, "recorded", "limit-in-ifu"),
    ],
)
def test_a_number_against_its_limit(unit, limit, value, outcome, code):
    verdict = judge(measured(unit, **limit), value=value)
    assert (verdict.outcome, verdict.code) == (outcome, code)
    assert verdict.near_limit == (code == "near-limit")
    assert verdict.why


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        "-inf",
        "NaN",
        "sNaN",
        "1,5",
        "1_000",
        "twelve",
        "0x1f",
        "٣",
        "9" * 41,
        "1e400",
        10**13,
        pytest.param(10**5000, id="a number of 5000 digits"),
        1e-13,
        "1.2345678901234567",
        True,
        [5],
        {"a": 1},
        b"5",
        1j,
    ],
)
def test_what_is_no_measured_value_is_refused_in_words(value):
    verdict = judge(measured(high=100), value=value)
    assert (verdict.outcome, verdict.code, verdict.value) == ("invalid", "number", None)
    assert verdict.why.endswith(".")


@pytest.mark.parametrize(
    ("unit", "given_unit", "value", "outcome", "why"),
    [
        ("uA", "mA", "0.05", "pass", "0.05 mA is 50.0 µA. 50.0 µA is within at most 100 µA."),
        ("uA", "mA", "0.3", "fail", "0.3 mA is 300.0 µA. 300.0 µA is too high: at most 100 µA."),
        ("Cel", "[degF]", "98.6", "pass", "98.6 °F is 37.0 °C. 37.0 °C is within at most 100 °C."),
        ("mL/h", "mL/min", "2", "fail", "2 mL/min is 120.0 mL/h. 120.0 mL/h is too high: at most 100 mL/h."),
        ("uA", "V", "5", "invalid", "volt measures voltage, but current in microampere is expected."),
        (
            "{diff}Cel",
            "Cel",
            "5",
            "invalid",
            "degree Celsius measures temperature, but temperature difference in difference in degrees Celsius is expected.",
        ),
        ("uA", "furlong", "5", "invalid", "The unit furlong is not known."),
    ],
)
def test_a_value_in_another_unit_is_converted_within_its_family_and_said(unit, given_unit, value, outcome, why):
    verdict = judge(measured(unit, high=100), value=value, unit=given_unit)
    assert (verdict.outcome, verdict.why) == (outcome, why)


@pytest.mark.parametrize(
    ("step", "answer", "outcome", "code"),
    [
        (step_of(), {"value": "pass"}, "pass", "pass"),
        (step_of(), {"value": "fail"}, "fail", "fail"),
        (step_of(), {"value": "passed"}, "invalid", "unknown-answer"),
        (step_of(), {"value": True}, "invalid", "type"),
        (step_of(), {"value": "pass", "unit": "J"}, "invalid", "unit"),
        (step_of(), {}, "invalid", "empty"),
        (step_of(), {"value": "  "}, "invalid", "empty"),
        (step_of(required=False), {}, "recorded", "empty"),
        (step_of(), {"not_applicable": True, "reason": "No battery"}, "invalid", "na-not-allowed"),
        (step_of(allow_na=True), {"not_applicable": True}, "invalid", "na-reason"),
        (step_of(allow_na=True), {"not_applicable": True, "reason": " "}, "invalid", "na-reason"),
        (step_of(allow_na=True), {"not_applicable": True, "reason": "No battery"}, "recorded", "not-applicable"),
        (step_of(allow_na=True, na_needs_reason=False), {"not_applicable": True}, "recorded", "not-applicable"),
        (step_of("text"), {"value": "Replaced the door spring"}, "recorded", "text"),
        (step_of("text"), {"value": "x" * 4001}, "invalid", "text"),
        (step_of("text"), {"value": "a\0b"}, "invalid", "text"),
        (step_of("photo"), {"value": 1}, "recorded", "photos"),
        (step_of("photo", photo={"min_count": 2}), {"value": 1}, "invalid", "too-few-photos"),
        (step_of("photo"), {"value": -1}, "invalid", "type"),
        (step_of("consumable", consumable={"part": "Battery"}), {"value": "replaced"}, "pass", "replaced"),
        (step_of("consumable", consumable={"part": "Battery"}), {"value": "not_due"}, "recorded", "not_due"),
        (step_of("consumable", consumable={"part": "Battery"}), {"value": "unavailable"}, "fail", "unavailable"),
        (step_of("electrical_safety", electrical_safety=BLOCK), {"value": "safe"}, "pass", "safe"),
        (step_of("electrical_safety", electrical_safety=BLOCK), {"value": "minor_remark"}, "pass", "minor_remark"),
        (step_of("electrical_safety", electrical_safety=BLOCK), {"value": "not_safe"}, "fail", "not_safe"),
        (step_of("electrical_safety", electrical_safety=BLOCK), {"value": "incomplete"}, "invalid", "incomplete"),
        (step_of("number", number={"unit": "J"}), {"value": 5}, "recorded", "no-limit"),
    ],
)
def test_an_answer_of_each_kind(step, answer, outcome, code):
    verdict = judge(step, **answer)
    assert (verdict.outcome, verdict.code) == (outcome, code)


def test_a_choice_is_judged_by_what_its_options_mean():
    options = [{"code": c, "label": c.title(), "verdict": v} for c, v in [("good", "pass"), ("worn", "fail"), ("absent", "note")]]
    step = step_of("choice", options=options)
    assert [judge(step, value=code).outcome for code in ("good", "worn", "absent", "other")] == ["pass", "fail", "recorded", "invalid"]


def test_the_value_as_left_decides_and_the_one_as_found_is_kept():
    step = step_of("number", phase="as_found_as_left", number={"unit": "J", "limit": GREATER | CLAIM})
    adjusted = judge_pair(step, found=150, left=200)
    assert (adjusted.outcome, adjusted.found_failing) == ("pass", True)
    assert judge_pair(step, found=200, left=150).outcome == "fail"
    assert judge_pair(step, found=None, left=200).outcome == "invalid"


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (GREATER, "170 to 230 J"),
        ({"high": 100}, "at most 100 J"),
        ({"high": 100, "high_inclusive": False}, "less than 100 J"),
        ({"low": 0.5}, "at least 0.5 J"),
        ({"low": 0.5, "low_inclusive": False}, "more than 0.5 J"),
        ({"low": 1, "high": 2, "high_inclusive": False}, "1 to 2 J, highest not included"),
        ({"low": 1, "high": 2, "low_inclusive": False}, "1 to 2 J, lowest not included"),
        ({"low": 1, "high": 2, "low_inclusive": False, "high_inclusive": False}, "1 to 2 J, ends not included"),
        ({"from": "ifu"}, "as the manufacturer states"),
    ],
)
def test_a_limit_in_words(limit, words):
    assert limit_in_words(measured(**limit).number) == words


@SETTINGS
@given(
    step=any_steps,
    value=st.none() | st.booleans() | numbers | st.text(max_size=8) | st.floats() | st.integers(),
    unit=st.sampled_from(["", "J", "x", "Cel"]),
)
def test_every_answer_gets_a_verdict_with_words(step, value, unit):
    verdict = judge(step, value=value, unit=unit)
    assert verdict.outcome in OUTCOMES
    assert verdict.why.strip() and verdict.code
    assert not verdict.near_limit or verdict.outcome == "pass"


@SETTINGS
@given(step=number_steps, value=numbers)
def test_the_browser_judges_as_the_server_does(step, value):
    rule = json.loads(json.dumps(client_rule(step)))["number"]
    verdict = judge(step, value=value)
    assert browser_outcome(rule, float(value)) == (verdict.outcome, verdict.near_limit)


def browser_outcome(rule, value):
    """Judge by the plain rule, as the script of the checklist does."""
    if "open" not in rule or rule["open"]:
        return "recorded", False
    low, high = rule.get("low"), rule.get("high")
    if low is not None and (value < low or (value == low and not rule["low_inclusive"])):
        return "fail", False
    if high is not None and (value > high or (value == high and not rule["high_inclusive"])):
        return "fail", False
    near = ("near_low" in rule and value < rule["near_low"]) or ("near_high" in rule and value > rule["near_high"])
    return "pass", near


@SETTINGS
@given(step=number_steps, values=st.lists(numbers, min_size=2, max_size=6))
def test_a_greater_value_never_turns_from_high_enough_to_too_low(step, values):
    ranks = {"too-low": 0, "too-high": 2}
    found = [ranks.get(judge(step, value=value).code, 1) for value in sorted(values)]
    assert found == sorted(found)


@SETTINGS
@given(step=number_steps, value=st.integers(-1000, 1000))
def test_writing_the_same_number_differently_never_changes_the_verdict(step, value):
    verdicts = {judge(step, value=form).code for form in (value, float(value), Decimal(value), str(value), f"{value}.00", f" {value} ")}
    assert len(verdicts) == 1


@SETTINGS
@given(pair=st.sampled_from([(a, b) for a in units().values() for b in units().values() if a.family == b.family]), value=numbers)
def test_conversion_there_and_back_is_exact(pair, value):
    one, other = pair
    exact = Fraction(str(value))
    assert convert(convert(exact, unit=one.code, to=other.code), unit=other.code, to=one.code) == exact


@SETTINGS
@given(
    limit=st.integers(1, 1000),
    value=st.integers(0, 2000),
    pair=st.sampled_from([("uA", "mA", "0.001"), ("Ohm", "mOhm", "1000"), ("kPa", "hPa", "10")]),
)
def test_the_verdict_does_not_depend_on_the_unit_of_the_value(limit, value, pair):
    unit, other, factor = pair
    step = measured(unit, high=limit)
    assert judge(step, value=value).code == judge(step, value=Decimal(value) * Decimal(factor), unit=other).code


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        ("1", "[psi]", "kPa", "6.894757293168"),
        ("760", "mm[Hg]", "kPa", "101.32501443540"),
        ("10", "cm[H2O]", "hPa", "9.80665"),
        ("130", "[degF]", "Cel", "54.444444444444"),
        ("37", "Cel", "K", "310.15"),
        ("9", "{diff}[degF]", "{diff}Cel", "5"),
        ("60", "mL/h", "mL/min", "1"),
        ("100", "[ft_i]/min", "m/s", "0.508"),
        ("2.2", "kg", "[lb_av]", "4.850169768068"),
    ],
)
def test_factors_against_published_values(value, unit, to, expected):
    assert abs(convert(Decimal(value), unit=unit, to=to) - Fraction(expected)) < Fraction(1, 10**11)


def test_electrical_safety_reckons_with_the_same_units():
    for one in safety.UNITS.values():
        for other in safety.UNITS.values():
            if one.family == other.family:
                assert convert(Decimal(1), unit=one.code, to=other.code) == Fraction(
                    safety.converted(value=Decimal(1), unit=one.code, to=other.code)
                )


def test_unknown_units_are_named():
    with pytest.raises(NotConvertible, match="furlong"):
        convert(Decimal(1), unit="furlong", to="m")
    assert symbol("furlong") == "furlong"


def test_every_unit_and_tester_kind_is_sound():
    assert all(unit.factor > 0 and unit.label for unit in units().values())
    families = {unit.family for unit in units().values()}
    assert [kind.code for kind in kinds.tester_kinds().values() if not set(kind.quantities) <= families] == []


@SETTINGS
@given(raw=documents())
def test_client_rules_are_plain_json(raw):
    for step in parse(raw).steps:
        rule = json.loads(json.dumps(client_rule(step), allow_nan=False))
        assert rule["key"] == step.key
        assert [one["code"] for one in rule.get("answers", [])] == list(answers(step))
