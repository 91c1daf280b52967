from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from openhtm.procedures.rules.safety.block import Outcome, overall, report_gaps
from openhtm.procedures.rules.safety.judge import Mains, Reading, ReadingRefused, TesterState, judge, reading
from openhtm.procedures.rules.safety.limits import choose
from openhtm.procedures.rules.safety.model import Limit
from openhtm.procedures.rules.safety.reading import shipped_sets
from openhtm.procedures.rules.safety.units import UNITS, UnitRefused, converted, unit_named
from openhtm.procedures.rules.safety.vocabulary import vocabulary

DAY = date(2026, 3, 31)
TESTER = TesterState("ESA-0007", date(2025, 4, 1), DAY)
EVERY_LIMIT = [limit for one in shipped_sets() for limit in one.limits]
RECURRENT_LIMITS = [limit for limit in EVERY_LIMIT if limit.purpose == "recurrent"]
any_limit = st.sampled_from(RECURRENT_LIMITS)
values = st.decimals(min_value=0, max_value=10**7, places=4)
UNITS_OF = {family: [one.code for one in UNITS.values() if one.family == family] for family in ("current", "resistance")}


def limit_of(standard: str, edition: str, test: str, **conditions: str) -> Limit:
    found = choose(standard=standard, edition=edition, test=test, conditions=conditions)
    assert isinstance(found, Limit)
    return found


def touch(edition: str, earth: str = "closed") -> Limit:
    return limit_of("NFPA 99", edition, "touch_current", earth=earth, polarity="N", configuration="cord_connected", equipment="ordinary")


EARTH = limit_of("IEC 62353", "2014", "protective_earth", device_class="I", configuration="cord_connected")
GROUND = limit_of("NFPA 99", "2012", "protective_earth", device_class="I", configuration="cord_connected")
INSULATION = limit_of("IEC 62353", "2014", "insulation", device_class="I", between="mains_earth")
DIRECT = limit_of("IEC 62353", "2014", "equipment_leakage", device_class="I", method="direct", equipment="ordinary")
ALTERNATIVE = limit_of("IEC 62353", "2014", "equipment_leakage", device_class="I", method="alternative", equipment="ordinary")
TYPE_TEST = limit_of("IEC 60601-1", "3", "touch_current", state="NC")


def judged(value, unit, limit, **more):
    sign = more.pop("sign", "")
    return judge(**{"measured": reading(value=value, unit=unit, sign=sign), "limit": limit, "measured_on": DAY, "tester": TESTER, **more})


@pytest.mark.parametrize(
    ("value", "unit", "limit", "verdict", "near"),
    [
        (250, "uA", touch("2005"), "pass", False),
        (250, "uA", touch("2012"), "fail", False),
        (300, "uA", touch("2005"), "pass", True),
        ("300.1", "uA", touch("2005"), "fail", False),
        (100, "uA", touch("2012"), "pass", True),
        ("100.01", "uA", touch("2012"), "fail", False),
        (90, "uA", touch("2012"), "pass", False),
        ("90.1", "uA", touch("2012"), "pass", True),
        ("0.1", "mA", touch("2012"), "pass", True),
        (0.1001, "mA", touch("2012"), "fail", False),
        (500, "µA", touch("2024", "open"), "pass", True),
        ("0.5", "Ohm", GROUND, "fail", False),
        ("0.499", "Ohm", GROUND, "pass", True),
        (499, "mΩ", GROUND, "pass", True),
        ("0.300", "Ω", EARTH, "pass", True),
        (301, "mOhm", EARTH, "fail", False),
        (2, "MOhm", INSULATION, "pass", True),
        (1999, "kOhm", INSULATION, "fail", False),
        (200, "MOhm", INSULATION, "pass", False),
        (0, "MOhm", INSULATION, "fail", False),
        (0, "uA", DIRECT, "pass", False),
    ],
)
def test_verdicts_a_technician_would_quote(value, unit, limit, verdict, near):
    found = judged(value, unit, limit)
    assert (found.verdict, found.by_limit, found.near_limit) == (verdict, verdict, near)


def test_the_same_value_passes_one_edition_and_fails_the_next_and_both_say_which():
    old, new = judged(250, "uA", touch("2005")), judged(250, "uA", touch("2012"))
    assert old.why == "250 µA keeps the limit: at most 300 µA (NFPA 99 2005)."
    assert new.why == "250 µA does not keep the limit: at most 100 µA (NFPA 99 2012)."
    assert (new.as_json()["limit"]["edition"], new.as_json()["value"], new.as_json()["share"]) == ("2012", "250", "2.5000")


@pytest.mark.parametrize(
    ("tester", "code"),
    [
        (TESTER, "within-limit"),
        (TesterState("ESA-1", None, DAY - timedelta(days=1)), "calibration-expired"),
        (TesterState("ESA-1", DAY + timedelta(days=1), DAY + timedelta(days=366)), "calibration-later"),
        (TesterState("ESA-1", None, None), "calibration-unknown"),
        (TesterState("ESA-1", None, DAY, usable=False), "tester-set-aside"),
        (None, "tester-unknown"),
    ],
)
def test_a_tester_that_proves_nothing_makes_the_result_invalid_and_keeps_it(tester, code):
    found = judged(10, "uA", touch("2012"), tester=tester)
    assert (found.verdict, found.code) == ("pass" if code == "within-limit" else "invalid", code)
    assert (found.by_limit, found.value) == ("pass", 10)


def test_a_type_test_limit_decides_only_where_a_policy_says_so():
    assert (judged(50, "uA", TYPE_TEST).verdict, judged(50, "uA", TYPE_TEST).code) == ("invalid", "type-test-limit")
    assert judged(50, "uA", TYPE_TEST, type_test_allowed=True).verdict == "pass"
    historical = limit_of("AAMI ES1", "1993", "touch_current", configuration="cord_connected")
    assert judged(50, "uA", historical, type_test_allowed=True).code == "historical-limit"


@pytest.mark.parametrize(
    ("limit", "sign", "value", "verdict"),
    [
        (INSULATION, ">", 200, "pass"),
        (INSULATION, ">", 2, "pass"),
        (INSULATION, ">", 1, "invalid"),
        (INSULATION, "<", 1, "fail"),
        (INSULATION, "<", 5, "invalid"),
        (EARTH, "<", "0.02", "pass"),
        (EARTH, ">", 1, "fail"),
        (EARTH, ">", "0.1", "invalid"),
        (EARTH, "<", 1, "invalid"),
    ],
)
def test_values_beyond_the_range_of_the_tester(limit, sign, value, verdict):
    found = judged(value, limit.unit, limit, sign=sign)
    assert (found.verdict, found.share, found.near_limit) == (verdict, None, False)


@pytest.mark.parametrize(
    ("limit", "mains", "value", "verdict", "remark"),
    [
        (DIRECT, Mains(Decimal(220), Decimal(230)), "501.8181818181818181818181818", "fail", "normalised"),
        (DIRECT, Mains(Decimal(240), Decimal(230)), "460", "pass", "normalised"),
        (DIRECT, None, "480", "pass", "mains-unknown"),
        (ALTERNATIVE, Mains(Decimal(220), Decimal(230)), "480", "pass", None),
        (touch("2005", "open"), Mains(Decimal(110), Decimal(120)), "480", "fail", None),
    ],
)
def test_mains_correction_is_for_energised_equipment_leakage_of_iec_62353(limit, mains, value, verdict, remark):
    found = judged(480, "uA", limit, mains=mains)
    assert (found.value, found.measured, found.verdict) == (Decimal(value), 480, verdict)
    assert [one.code for one in found.remarks if one.code in ("normalised", "mains-unknown")] == ([remark] if remark else [])


def test_a_mains_voltage_of_nothing_is_refused():
    with pytest.raises(ReadingRefused, match="mains voltage"):
        judged(480, "uA", DIRECT, mains=Mains(Decimal(0), Decimal(230)))


def test_a_value_near_its_limit_is_compared_with_reference_and_previous_value():
    found = judged(480, "uA", DIRECT, reference=Reading(Decimal("0.24"), "mA"), previous=Reading(Decimal(480), "uA"))
    assert [(one.code, one.text) for one in found.remarks] == [
        ("mains-unknown", "Not brought to the nominal mains voltage: the voltage during the test is not recorded."),
        (
            "near-limit",
            "More than 90 % of the limit is used. Compare with the reference and the previous value, and consider a shorter interval.",
        ),
        ("reference-changed", "100 % above the reference value of 240 µA."),
        ("previous-same", "The same as the previous value."),
    ]
    assert "no-reference" in [one.code for one in judged(480, "uA", DIRECT).remarks]


@pytest.mark.parametrize(
    "old", [Reading(Decimal(3), "Ohm"), Reading(Decimal(3), "uA", ">"), Reading(Decimal("NaN"), "uA"), Reading(Decimal(0), "uA")]
)
def test_an_earlier_value_never_spoils_the_verdict(old):
    assert judged(5, "uA", DIRECT, reference=old, previous=old).verdict == "pass"


@pytest.mark.parametrize(
    ("value", "unit", "code"),
    [
        (float("nan"), "uA", "not-finite"),
        ("NaN", "uA", "not-finite"),
        ("sNaN", "uA", "not-finite"),
        (float("-inf"), "uA", "not-finite"),
        (-1, "uA", "negative"),
        ("-0.001", "uA", "negative"),
        ("1e400", "uA", "out-of-range"),
        ("1e-400", "uA", "out-of-range"),
        ("1" * 25, "uA", "out-of-range"),
        ("12,5", "uA", "not-a-number"),
        ("", "uA", "not-a-number"),
        (True, "uA", "not-a-number"),
        (None, "uA", "not-a-number"),
        (5, "", "unit"),
        (5, "bananas", "unit"),
        (5, "ma", "unit"),
    ],
)
def test_what_cannot_be_a_reading_is_refused_in_words(value, unit, code):
    with pytest.raises(ReadingRefused) as refusal:
        reading(value=value, unit=unit)
    assert refusal.value.code == code
    assert str(refusal.value).endswith(".")


def test_a_unit_of_another_family_is_refused_with_those_that_would_do():
    with pytest.raises(ReadingRefused, match=r"V does not measure current\. Give the value in µA, mA, A\."):
        judged(5, "V", DIRECT)


@pytest.mark.parametrize(
    ("text", "code"),
    [("µA", "uA"), ("μA", "uA"), ("uA", "uA"), ("mA", "mA"), ("Ohm", "Ohm"), ("ohms", "Ohm"), ("Ω", "Ohm"), ("\u2126", "Ohm"), ("mΩ", "mOhm"), ("MΩ", "MOhm"), ("M ohm", "MOhm"), ("k\u2126", "kOhm")],
)  # fmt: skip
def test_units_as_testers_write_them(text, code):
    assert unit_named(text=text).code == code


@given(limit=any_limit, a=values, b=values)
def test_a_worse_value_never_gets_a_better_verdict(limit, a, b):
    better, worse = sorted((a, b), reverse=not limit.is_upper)
    order = {"pass": 0, "fail": 1}
    assert order[judged(better, limit.unit, limit).verdict] <= order[judged(worse, limit.unit, limit).verdict]


@given(limit=any_limit, value=values, data=st.data())
def test_the_unit_never_flips_a_verdict(limit, value, data):
    other = data.draw(st.sampled_from(UNITS_OF[UNITS[limit.unit].family]))
    there = converted(value=value, unit=limit.unit, to=other)
    assume(there <= 10**15 and len(there.as_tuple().digits) <= 20)
    a, b = judged(value, limit.unit, limit), judged(there, other, limit)
    assert (a.verdict, a.near_limit, a.share, a.why) == (b.verdict, b.near_limit, b.share, b.why)
    assert converted(value=there, unit=other, to=limit.unit) == value


@given(limit=any_limit, data=st.data())
def test_a_value_at_the_limit_passes_unless_the_limit_is_strict(limit, data):
    found = judged(limit.value, limit.unit, limit)
    assert (found.verdict, found.share) == ("pass" if limit.comparator in ("<=", ">=") else "fail", 1)


@given(limit=st.sampled_from(EVERY_LIMIT), value=values, days=st.integers(1, 5000))
def test_an_expired_tester_is_never_a_pass_or_a_fail(limit, value, days):
    found = judged(value, limit.unit, limit, tester=TesterState("ESA", None, DAY - timedelta(days=days)), type_test_allowed=True)
    assert found.verdict == "invalid"
    assert found.by_limit in ("pass", "fail")


@given(
    value=st.one_of(st.text(), st.floats(), st.integers(), st.decimals(), st.none(), st.booleans(), st.lists(st.integers())), unit=st.text()
)
def test_anything_is_a_reading_or_refused(value, unit):
    for name in (unit, "mOhm"):
        try:
            found = reading(value=value, unit=name)
        except ReadingRefused as refusal:
            assert refusal.code
        else:
            assert judged(found.value, found.unit, EARTH).verdict in ("pass", "fail") if UNITS[found.unit].family == "resistance" else True


@given(a=st.sampled_from(sorted(UNITS)), b=st.sampled_from(sorted(UNITS)), value=values)
def test_units_convert_within_their_family_only(a, b, value):
    if UNITS[a].family == UNITS[b].family:
        assert converted(value=converted(value=value, unit=a, to=b), unit=b, to=a) == value
    else:
        with pytest.raises(UnitRefused):
            converted(value=value, unit=a, to=b)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([Outcome("a", "pass"), Outcome("b", "pass")], "safe"),
        ([Outcome("a", "pass"), Outcome("b", "minor", "Label worn")], "minor_remark"),
        ([Outcome("a", "pass"), Outcome("b", "pass", near_limit=True)], "safe"),
        ([Outcome("a", "pass")], "incomplete"),
        ([], "incomplete"),
        ([Outcome("a", "pass"), Outcome("b", "invalid")], "incomplete"),
        ([Outcome("a", "pass"), Outcome("b", "not_applicable")], "incomplete"),
        ([Outcome("a", "pass"), Outcome("b", "not_applicable", "No earth terminal")], "safe"),
        ([Outcome("a", "fail")], "not_safe"),
        ([Outcome("a", "fail"), Outcome("b", "pass"), Outcome("a", "pass")], "safe"),
        ([Outcome("a", "pass"), Outcome("b", "pass"), Outcome("extra", "fail")], "not_safe"),
        ([Outcome("a", "pass"), Outcome("b", "pass"), Outcome("extra", "invalid")], "incomplete"),
    ],
)
def test_the_verdict_of_a_block(outcomes, code):
    assert overall(required=["a", "b"], outcomes=outcomes).code == code


def test_a_block_names_what_is_behind_its_verdict():
    found = overall(required=["a", "b", "c"], outcomes=[Outcome("a", "fail"), Outcome("b", "pass", near_limit=True)])
    assert (found.failed, found.missing, found.watch, found.label) == (("a",), ("c",), ("b",), "Not safe")
    with pytest.raises(ValueError, match="'perhaps' is no verdict"):
        overall(required=[], outcomes=[Outcome("a", "perhaps")])


@given(
    st.lists(st.sampled_from("abc")),
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["pass", "minor", "fail", "invalid", "not_applicable"]))),
)
def test_nothing_is_called_safe_that_was_not_shown_to_be(required, pairs):
    found = overall(required=required, outcomes=[Outcome(*pair) for pair in pairs])
    last = dict(pairs)
    if found.code in ("safe", "minor_remark"):
        assert all(last.get(key) in ("pass", "minor") for key in required)
        assert not {"fail", "invalid"} & set(last.values())
    assert ("fail" in last.values()) == (found.code == "not_safe")


def test_a_report_says_what_it_lacks():
    complete = {one.code: "there" for one in vocabulary().report_fields}
    assert report_gaps(report=complete) == ()
    assert [one.code for one in report_gaps(report={**complete, "serial_number": " ", "measurements": [], "accessories": ""})] == [
        "serial_number", "measurements",
    ]  # fmt: skip
    assert len(report_gaps(report={})) == 13
