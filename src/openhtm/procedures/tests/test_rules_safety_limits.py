from copy import deepcopy
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from openhtm.procedures.rules.safety import limits as rules
from openhtm.procedures.rules.safety.limits import choose
from openhtm.procedures.rules.safety.model import Limit, NoLimit
from openhtm.procedures.rules.safety.reading import LimitFileError, read_sets, sets_from, shipped_sets
from openhtm.procedures.rules.safety.vocabulary import DATA, LOOK, vocabulary

SETS = {(one.standard, one.edition): one for one in shipped_sets()}
CORD = {"configuration": "cord_connected", "equipment": "ordinary"}
NFPA = yaml.safe_load((DATA / "nfpa99.yaml").read_text(encoding="utf-8"))
any_set = st.sampled_from(sorted(SETS))
any_test = st.sampled_from(sorted(vocabulary().tests))
any_conditions = st.fixed_dictionaries(
    {}, optional={code: st.sampled_from(sorted(one.values)) for code, one in vocabulary().conditions.items()}
)


def chosen(standard: str, edition: str, test: str, **conditions: str) -> tuple[str, str, str] | str:
    found = choose(standard=standard, edition=edition, test=test, conditions=conditions)
    return (found.comparator, f"{found.value:f}", found.unit) if isinstance(found, Limit) else found.code


def block(standard: str, edition: str, device_class: str, *, parts: tuple[str, ...] = (), methods: tuple[str, ...] = (), **options: str):
    found = rules.tests_for(
        standard=standard, edition=edition, device_class=device_class, applied_parts=parts, methods=methods, options=options
    )
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize(
    ("edition", "conditions", "limit"),
    [
        ("2005", {**CORD, "earth": "closed", "polarity": "N"}, ("<=", "300", "uA")),
        ("2005", {**CORD, "earth": "open", "polarity": "R"}, ("<=", "300", "uA")),
        ("2005", {**CORD, "equipment": "documented_grounding", "earth": "closed"}, ("<=", "500", "uA")),
        ("2005", {**CORD, "equipment": "documented_grounding", "earth": "open"}, ("<=", "300", "uA")),
        ("2005", {"configuration": "permanent"}, ("<=", "5000", "uA")),
        ("2012", {**CORD, "earth": "closed", "polarity": "N"}, ("<=", "100", "uA")),
        ("2012", {**CORD, "earth": "closed", "polarity": "R"}, "none"),
        ("2012", {**CORD, "earth": "open"}, ("<=", "500", "uA")),
        ("2012", {"configuration": "permanent", "earth": "open"}, ("<=", "10000", "uA")),
        ("2015", {**CORD, "earth": "closed", "polarity": "N"}, ("<=", "100", "uA")),
        ("2018", {**CORD, "earth": "open"}, ("<=", "500", "uA")),
        ("2021", {**CORD, "earth": "closed", "polarity": "N"}, ("<=", "100", "uA")),
        ("2024", {**CORD, "earth": "open"}, ("<=", "500", "uA")),
        ("2024", {"configuration": "permanent", "earth": "open"}, "none"),
        ("1999", {**CORD, "earth": "open"}, "unknown-edition"),
    ],
)
def test_touch_current_by_edition_of_nfpa_99(edition, conditions, limit):
    assert chosen("NFPA 99", edition, "touch_current", **conditions) == limit


@pytest.mark.parametrize("edition", ["2005", "2012", "2015", "2018", "2021", "2024"])
def test_ground_resistance_of_nfpa_99_is_below_half_an_ohm(edition):
    assert chosen("NFPA 99", edition, "protective_earth", device_class="I", configuration="cord_connected") == ("<", "0.5", "Ohm")
    assert chosen("NFPA 99", edition, "protective_earth", device_class="II", configuration="cord_connected") == "none"


@pytest.mark.parametrize(
    ("test", "conditions", "limit"),
    [
        ("protective_earth", {"device_class": "I", "configuration": "cord_connected"}, "0.3"),
        ("protective_earth", {"device_class": "I", "configuration": "without_cord"}, "0.2"),
        ("protective_earth", {"device_class": "I", "configuration": "cord_alone"}, "0.1"),
        ("protective_earth", {"device_class": "I", "configuration": "permanent"}, "0.3"),
        ("protective_earth", {"device_class": "I", "configuration": "multiple_socket"}, "0.5"),
        ("insulation", {"device_class": "I", "between": "mains_earth"}, "2"),
        ("insulation", {"device_class": "II", "between": "mains_accessible"}, "7"),
        ("insulation", {"applied_part": "BF", "between": "mains_applied_part"}, "70"),
        ("equipment_leakage", {"method": "alternative", "device_class": "I", "equipment": "ordinary"}, "1000"),
        ("equipment_leakage", {"method": "alternative", "device_class": "II"}, "500"),
        ("equipment_leakage", {"method": "alternative", "device_class": "I", "equipment": "mobile_xray"}, "5000"),
        ("equipment_leakage", {"method": "direct", "device_class": "I", "equipment": "ordinary"}, "500"),
        ("equipment_leakage", {"method": "direct", "device_class": "II"}, "100"),
        ("equipment_leakage", {"method": "differential", "device_class": "II"}, "100"),
        ("equipment_leakage", {"method": "differential", "device_class": "I", "equipment": "mobile_xray"}, "2000"),
        ("applied_part_leakage", {"method": "direct", "applied_part": "BF"}, "5000"),
        ("applied_part_leakage", {"method": "alternative", "applied_part": "CF"}, "50"),
    ],
)
def test_limits_of_iec_62353(test, conditions, limit):
    found = choose(standard="IEC 62353", edition="2014", test=test, conditions=conditions)
    assert isinstance(found, Limit)
    assert (f"{found.value:f}", found.comparator) == (limit, ">=" if test == "insulation" else "<=")


@pytest.mark.parametrize(
    ("test", "part", "current", "normal", "fault"),
    [
        ("patient_leakage", "B", "AC", "100", "500"),
        ("patient_leakage", "CF", "AC", "10", "50"),
        ("patient_leakage", "BF", "DC", "10", "50"),
        ("patient_auxiliary", "BF", "AC", "100", "500"),
        ("patient_auxiliary", "CF", "DC", "10", "50"),
        ("total_patient_leakage", "BF", "AC", "500", "1000"),
        ("total_patient_leakage", "CF", "AC", "50", "100"),
        ("total_patient_leakage", "B", "DC", "50", "100"),
    ],
)
def test_type_test_limits_follow_the_state_or_the_fault_that_makes_it(test, part, current, normal, fault):
    told = {"applied_part": part, "current": current}
    assert chosen("IEC 60601-1", "3", test, **told, state="NC") == ("<=", normal, "uA")
    assert chosen("IEC 60601-1", "3", test, **told, earth="closed", neutral="closed") == ("<=", normal, "uA")
    assert chosen("IEC 60601-1", "3", test, **told, earth="open", neutral="closed") == ("<=", fault, "uA")
    assert chosen("IEC 60601-1", "3", test, **told, neutral="open") == ("<=", fault, "uA")


@pytest.mark.parametrize(
    ("test", "conditions", "code", "needed"),
    [
        ("equipment_leakage", {"method": "direct", "device_class": "I"}, "say-more", ("equipment",)),
        ("equipment_leakage", {"device_class": "II"}, "say-more", ("method",)),
        ("applied_part_leakage", {"method": "direct"}, "say-more", ("applied_part",)),
        ("applied_part_leakage", {"method": "direct", "applied_part": "B"}, "none", ()),
        ("applied_part_leakage", {"method": "differential", "applied_part": "CF"}, "none", ()),
        ("touch_current", {}, "none", ()),
        ("visual", {}, "none", ()),
        ("smell", {}, "unknown-test", ()),
        ("equipment_leakage", {"weather": "rain"}, "unknown-condition", ()),
        ("equipment_leakage", {"method": "dowsing"}, "unknown-condition", ()),
        ("equipment_leakage", {"earth": "open", "neutral": "open"}, "contradiction", ()),
        ("equipment_leakage", {"earth": "open", "state": "NC"}, "contradiction", ()),
    ],
)
def test_no_limit_is_guessed(test, conditions, code, needed):
    found = choose(standard="IEC 62353", edition="2014", test=test, conditions=conditions)
    assert isinstance(found, NoLimit)
    assert (found.code, found.needed) == (code, needed)
    assert found.why.endswith(".")


@given(name=any_set, test=any_test, conditions=any_conditions, more=any_conditions)
def test_saying_more_never_changes_a_limit_that_was_named(name, test, conditions, more):
    before = choose(standard=name[0], edition=name[1], test=test, conditions=conditions)
    after = choose(standard=name[0], edition=name[1], test=test, conditions={**more, **conditions})
    if isinstance(before, Limit) and isinstance(after, Limit):
        assert (after.comparator, after.value, after.unit) == (before.comparator, before.value, before.unit)
    elif isinstance(before, Limit):
        assert isinstance(after, NoLimit)
        assert after.code == "contradiction"


@given(name=any_set, test=any_test, conditions=any_conditions)
def test_a_chosen_limit_fits_what_was_said(name, test, conditions):
    found = choose(standard=name[0], edition=name[1], test=test, conditions=conditions)
    if isinstance(found, Limit):
        assert (found.standard, found.edition, found.test) == (*name, test)
        assert all(conditions[code] in values for code, values in found.when.items() if code in conditions)
        assert all(code in conditions or code == "state" for code in found.when)
    else:
        assert found.why


def test_a_block_of_iec_62353_follows_the_order_of_the_standard():
    found = block("IEC 62353", "2014", "I", parts=("BF", "CF"), methods=("direct",))
    assert list(dict.fromkeys(one.test for one in found)) == [
        "visual", "protective_earth", "insulation", "equipment_leakage", "applied_part_leakage", "functional",
    ]  # fmt: skip
    assert [(one.conditions["applied_part"], one.conditions["polarity"]) for one in found if one.test == "applied_part_leakage"] == [
        ("BF", "N"), ("BF", "R"), ("CF", "N"), ("CF", "R"),
    ]  # fmt: skip
    assert {one.required for one in found if one.test == "insulation"} == {False}
    assert found[1].assumed == ("equipment", "configuration")


def test_a_class_two_device_without_applied_part_has_no_earth_to_measure():
    assert [one.key for one in block("IEC 62353", "2014", "II", methods=("alternative",))] == [
        "visual", "insulation-between_mains_accessible", "equipment_leakage-method_alternative", "functional",
    ]  # fmt: skip


def test_a_block_of_nfpa_99_measures_touch_current_with_the_ground_intact_and_open():
    found = block("NFPA 99", "2012", "I", parts=("CF",))
    assert [(one.key, f"{one.limit.value:f}") for one in found if isinstance(one.limit, Limit)] == [
        ("protective_earth", "0.5"),
        ("touch_current-earth_closed-polarity_n", "100"),
        ("touch_current-earth_open-polarity_n", "500"),
        ("patient_leakage-earth_closed-leads_together", "100"),
        ("patient_leakage-earth_open-leads_together", "500"),
    ]


def test_a_test_no_chosen_method_can_make_is_listed_with_the_reason():
    found = [one for one in block("IEC 62353", "2014", "I", parts=("CF",), methods=("differential",)) if one.test == "applied_part_leakage"]
    assert [(one.limit.code, one.limit.needed, one.required) for one in found] == [("say-more", ("method",), True)]


def test_options_replace_assumptions():
    found = block("IEC 62353", "2014", "I", methods=("direct",), equipment="mobile_xray", configuration="permanent")
    assert {f"{one.limit.value:f}" for one in found if one.test == "equipment_leakage"} == {"2000"}
    assert {one.assumed for one in found} == {()}


@pytest.mark.parametrize(
    "wrong", [{"device_class": "IV"}, {"edition": "1066"}, {"applied_parts": ("X",)}, {"methods": ("guess",)}, {"options": {"a": "b"}}]
)
def test_a_block_of_unknown_words_is_refused(wrong):
    found = rules.tests_for(**{"standard": "IEC 62353", "edition": "2014", "device_class": "I", **wrong})
    assert isinstance(found, NoLimit)


@given(
    name=any_set,
    device_class=st.sampled_from(["I", "II"]),
    parts=st.sets(st.sampled_from(["B", "BF", "CF"])),
    methods=st.sets(st.sampled_from(["alternative", "direct", "differential"])),
)
def test_every_measured_test_of_a_block_has_its_limit_or_a_reason_and_its_own_key(name, device_class, parts, methods):
    found = block(*name, device_class, parts=tuple(parts), methods=tuple(methods))
    assert len({one.key for one in found}) == len(found)
    assert (found[0].test, found[-1].test) == ("visual", "functional")
    for one in found:
        assert (one.limit is None) == (one.kind == LOOK)
        if one.limit is not None:
            assert one.limit == choose(standard=name[0], edition=name[1], test=one.test, conditions=one.conditions) or one.limit.needed


def test_every_number_has_its_source_and_confidence():
    assert len(SETS) == 10
    for one in shipped_sets():
        assert one.limits
        assert all(limit.source and limit.confidence in {"S", "S2", "GK-high", "GK-med"} for limit in one.limits)


@pytest.mark.parametrize(
    ("day", "editions"),
    [
        (date(2004, 12, 31), []),
        (date(2005, 1, 1), ["2005"]),
        (date(2011, 12, 31), ["2005"]),
        (date(2012, 1, 1), ["2012"]),
        (date(2018, 1, 1), ["2012", "2018"]),
        (date(2026, 11, 22), ["2012", "2024"]),
    ],
)
def test_editions_in_force(day, editions):
    assert [one.edition for one in shipped_sets() if one.standard == "NFPA 99" and one.in_force(on=day)] == editions


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: one["limits"][0].update(unit="uA"), "uA is no unit of it"),
        (lambda one: one["limits"][0].update(value=0), "is not a number above zero"),
        (lambda one: one["limits"][0].update(value=float("nan")), "is not a number above zero"),
        (lambda one: one["limits"][0].update(comparator="~"), "comparator ~"),
        (lambda one: one["limits"][0].update(confidence="sure"), "confidence sure"),
        (lambda one: one["limits"][0].update(test="visual"), "no measured test"),
        (lambda one: one["limits"][0].update(when={"moon": ["full"]}), "moon is no condition"),
        (lambda one: one["limits"][0].update(when={"earth": ["wet"]}), "wet is no value of earth"),
        (lambda one: one["limits"].append({**one["limits"][0], "value": 0.4}), "can apply at once"),
        (lambda one: one.update(purpose="fun"), "purpose fun"),
        (lambda one: one.update(effective_to=date(1999, 1, 1)), "effective_to is not after"),
        (lambda one: one["limits"][0].pop("confidence"), "missing or of the wrong kind"),
        (lambda one: one["limits"][0].update(when={"earth": "open"}), "missing or of the wrong kind"),
        (lambda one: one["sequence"].append({"test": "dance"}), "dance is no test"),
    ],
)
def test_a_broken_set_is_refused_in_words(change, words):
    document = deepcopy(NFPA)
    change(document["sets"][0])
    _sets, problems = sets_from(document=document, name="own.yaml")
    assert any(words in text for text in problems)
    assert all(text.startswith("own.yaml") for text in problems)


@pytest.mark.parametrize("text", ["", "sets: 5", "a: [", "sets:\n- 7\n- {limits: 3}", "\x00"])
def test_a_broken_file_is_refused_with_all_problems(tmp_path, text):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(LimitFileError) as refusal:
        read_sets(paths=[path])
    assert refusal.value.problems


def test_one_edition_is_given_once(tmp_path):
    with pytest.raises(LimitFileError, match="NFPA 99 2012 is given twice"):
        read_sets(paths=[DATA / "nfpa99.yaml"] * 2)
