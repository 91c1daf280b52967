import dataclasses
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.inventory.rules.risk import (
    NEVER_EXCLUDES,
    Factor,
    Profile,
    ProfileFileError,
    Score,
    profile_problems,
    read_profiles,
    score,
)

PROFILES = {one.code: one for one in read_profiles()}


def values_of(factor: Factor) -> st.SearchStrategy[float]:
    if factor.between is not None:
        return st.floats(*factor.between)
    return st.sampled_from(sorted(factor.values))


def inputs_of(profile: Profile) -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries({one.code: values_of(one) for one in profile.factors})


scored = st.sampled_from(sorted(PROFILES)).flatmap(lambda code: st.tuples(st.just(PROFILES[code]), inputs_of(PROFILES[code])))


def fennigkoh(function: int, risk: int, maintenance: int, rule: str | None = None) -> Score:
    inputs = {"function": function, "risk": risk, "maintenance": maintenance}
    return score(profile=PROFILES["fennigkoh-smith"], inputs=inputs, interval_rule=rule)


@pytest.mark.parametrize(
    ("code", "inputs", "value", "verdict"),
    [
        ("fennigkoh-smith", {"function": 10, "risk": 5, "maintenance": 5}, 20, "scheduled"),
        ("fennigkoh-smith", {"function": 2, "risk": 1, "maintenance": 1}, 4, "below-threshold"),
        ("fennigkoh-smith", {"function": 6, "risk": 3, "maintenance": 3}, 12, "scheduled"),
        ("fennigkoh-smith-history-who", {"function": 6, "risk": 3, "maintenance": 3, "history": -1}, 11, "below-threshold"),
        ("fennigkoh-smith-history-short", {"function": 10, "risk": 5, "maintenance": 5, "history": 2}, 22, "scheduled"),
        ("wang-levenson-emr", {"mission": 8, "maintenance": 3, "risk": 4}, 22, "no-threshold"),
        ("wang-levenson-aemr", {"mission": 8, "maintenance": 3, "risk": 4, "utilization": 0.5}, 15, "no-threshold"),
        (
            "five-category",
            {"clinical_function": 4, "physical_risk": 3, "problem_avoidance": 3, "incident_history": 2, "regulatory": 1},
            13,
            "semiannual",
        ),
        (
            "five-category",
            {"clinical_function": 2, "physical_risk": 1, "problem_avoidance": 2, "incident_history": 1, "regulatory": 1},
            7,
            "less-than-annual",
        ),
    ],
)
def test_published_examples(code, inputs, value, verdict):
    got = score(profile=PROFILES[code], inputs=inputs)
    assert (got.value, got.verdict) == (value, verdict)


@pytest.mark.parametrize(
    ("inputs", "rule", "months"),
    [
        ((10, 5, 5), None, 4),
        ((6, 5, 4), "who-overview", 6),
        ((6, 3, 4), "who-overview", 6),
        ((7, 3, 3), "who-overview", 12),
        ((2, 5, 4), "who-overview", None),
        ((7, 5, 4), "annual-to-semiannual", 12),
        ((8, 5, 4), "annual-to-semiannual", 6),
        ((6, 3, 3), "annual-to-quarterly", 12),
        ((9, 5, 4), "annual-to-quarterly", 3),
        ((9, 4, 4), "annual-to-quarterly", 6),
    ],
)
def test_intervals_follow_the_chosen_rule(inputs, rule, months):
    assert fennigkoh(*inputs, rule=rule).every_months == months


@pytest.mark.parametrize(("total", "months"), [((2, 2, 2, 1, 1), None), ((3, 2, 2, 1, 1), 12), ((3, 3, 3, 2, 1), 6)])
def test_five_category_thresholds(total, months):
    profile = PROFILES["five-category"]
    inputs = dict(zip((one.code for one in profile.factors), total, strict=True))
    assert score(profile=profile, inputs=inputs).every_months == months


@given(pair=scored)
def test_a_score_stays_in_its_range_and_is_the_sum_of_its_parts(pair):
    profile, inputs = pair
    got = score(profile=profile, inputs=inputs)
    assert got.value is not None
    assert profile.low <= got.value <= profile.high
    assert abs(sum(part.points for part in got.parts if part.points is not None) - got.value) < 0.001
    assert got.missing == ()


@given(pair=scored, data=st.data())
def test_a_worse_input_never_lowers_the_score_or_lengthens_the_interval(pair, data):
    profile, inputs = pair
    factor = data.draw(st.sampled_from(profile.factors))
    worse = data.draw(values_of(factor).filter(lambda value: value >= inputs[factor.code]))
    before, after = (score(profile=profile, inputs=given) for given in (inputs, inputs | {factor.code: worse}))
    assert after.value >= before.value
    if before.every_months is not None:
        assert after.every_months is not None
        assert after.every_months <= before.every_months


@given(pair=scored, data=st.data())
def test_any_unknown_input_makes_the_score_unknown_and_says_which(pair, data):
    profile, inputs = pair
    gone = data.draw(st.sets(st.sampled_from(sorted(inputs)), min_size=1))
    bad = st.one_of(st.none(), st.booleans(), st.text(max_size=4), st.just(99), st.just(-99), st.just(float("nan")))
    broken = {code: data.draw(bad) if code in gone else value for code, value in inputs.items()}
    got = score(profile=profile, inputs=broken)
    assert (got.value, got.verdict, got.every_months) == (None, "unknown", None)
    assert set(got.missing) == gone
    labels = {one.code: one.label for one in profile.factors}
    assert all(any(line.startswith(labels[code]) for line in got.explanation) for code in gone)


@given(pair=scored)
def test_every_explanation_says_that_nothing_is_excluded(pair):
    profile, inputs = pair
    assert score(profile=profile, inputs=inputs).explanation[-1] == NEVER_EXCLUDES
    assert score(profile=profile, inputs={}).explanation[-1] == NEVER_EXCLUDES


def test_an_explanation_reads_as_sentences():
    assert fennigkoh(10, 5, 5).explanation == (
        "Fennigkoh and Smith: 20 on a scale from 4 to 20.",
        "Equipment function: 10, 10 points (Treats: life support).",
        "Physical risk on failure: 5, 5 points (A patient could die).",
        "Required maintenance: 5, 5 points (Extensive: routine calibration and part replacement).",
        "12 or more: Planned maintenance is scheduled.",
        "Interval hint: every 4 months (WHO maintenance overview, appendix B, confidence GK-med).",
        "Source: Fennigkoh and Smith 1989, as given in the WHO introduction to inventory management, appendix A, confidence S2.",
        "A score never takes a device off the inventory.",
    )


def test_a_scale_that_multiplies_says_so():
    inputs = {"mission": 8, "maintenance": 3, "risk": 4, "utilization": 0.5}
    lines = score(profile=PROFILES["wang-levenson-aemr"], inputs=inputs).explanation
    assert "Utilization: 0.5, scales mission and maintenance (Share of the time the device is in use)." in lines


def test_an_interval_rule_the_profile_lacks_is_an_error():
    with pytest.raises(KeyError):
        fennigkoh(10, 5, 5, rule="lunar")


def test_every_profile_names_its_source_edition_and_first_day():
    for one in PROFILES.values():
        assert one.source
        assert one.edition
        assert one.confidence
        assert one.effective_from > date(1980, 1, 1)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("range: [5, 30]", "range: [5, 31]", "its scales reach"),
        ("kind: weighted, weights: {mission: 1, risk: 2, maintenance: 2}}", "kind: weighted, weights: {mission: 1}}", "every factor"),
        ("kind: sum", "kind: magic", "neither sum nor weighted"),
        ("code: wang-levenson-aemr", "code: wang-levenson-emr", "used twice"),
        ("of: maintenance, from: 4", "of: moon, from: 4", "moon"),
        ("{from: 12, code: semiannual", "{from: 8, code: semiannual", "highest start"),
        ("    family: wang\n", "", "missing"),
        ("profiles:", "things:", "needs a list"),
    ],
)
def test_a_broken_file_is_refused_with_the_reason(tmp_path: Path, old, new, word):
    text = (Path(__file__).parent.parent / "data" / "risk_profiles.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "profiles.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ProfileFileError, match=word):
        read_profiles(path=path)


def test_a_factor_without_a_scale_is_a_problem():
    profile = PROFILES["five-category"]
    bare = dataclasses.replace(profile.factors[0], values={})
    assert profile_problems(dataclasses.replace(profile, factors=(bare, *profile.factors[1:])))
