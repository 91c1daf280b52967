"""The procedures shipped with OpenHTM: complete, sourced, and keyed to the starter catalogue."""

import re
from collections import Counter

import pytest
import yaml

from openhtm.catalog.rules.starter import read_starter_types
from openhtm.procedures.rules.judging import answers, judge, limit_in_words
from openhtm.procedures.rules.packs import STARTER, read_pack, starter_packs, write_pack
from openhtm.procedures.rules.safety import limits as safety
from openhtm.procedures.rules.safety.model import NoLimit
from openhtm.procedures.rules.units import units
from openhtm.testers.rules import kinds

FILES = starter_packs()
PROCEDURES = [one for file in FILES for one in file.pack.procedures]
BY_CODE = {one.code: one for one in PROCEDURES}
STEPS = [(one.code, step) for one in PROCEDURES for step in one.content.steps]
LIMITS = [(code, step, step.number.limit) for code, step in STEPS if step.number and step.number.limit]
SKILLS = STARTER.parents[3] / "workforce" / "data" / "skills.yaml"
TYPE_CODES = {one.code for one in read_starter_types()}
COMMONEST = """
    infusion-pump-large-volume infusion-pump-syringe infusion-pump-pca infusion-pump-enteral ventilator-intensive-care ventilator-transport
    anesthesia-machine anesthesia-vaporizer defibrillator-monitor defibrillator-aed pacemaker-external-invasive monitor-physiologic-bedside
    telemetry-transmitter ecg-multichannel electrosurgical-unit infant-incubator infant-warmer-radiant phototherapy-neonatal surgical-aspirator
    suction-regulator-wall blood-pressure-monitor-automated pulse-oximeter thermometer-electronic hemodialysis-machine
    dialysis-water-system-central sterilizer-steam-large washer-disinfector-instrument endoscope-washer-disinfector ultrasound-general
    xray-mobile-digital xray-c-arm-mobile bed-hospital-electric scale-patient-standing infant-scale patient-lift-mobile centrifuge-tabletop
    blood-bank-refrigerator refrigerator-ward-medication surgical-light-ceiling operating-table surgical-microscope fluid-warmer
    warming-cabinet humidifier-heated cpap-unit-adult nebulizer-compressor tourniquet-pneumatic fetal-monitor hematology-analyzer
    water-bath-laboratory biosafety-cabinet laser-surgical-co2
""".split()


def test_there_are_procedures_for_the_commonest_types():
    covered = {code for one in PROCEDURES for code in one.device_types}
    assert len(PROCEDURES) >= 45
    assert sorted(set(COMMONEST) - covered) == []
    assert {"electrical-safety-class-i", "electrical-safety-class-ii", "acceptance-incoming", "return-to-service"} <= set(BY_CODE)


def test_every_high_risk_type_has_a_procedure():
    covered = {code for one in PROCEDURES for code in one.device_types}
    assert sorted(one.code for one in read_starter_types() if one.high_risk and one.code not in covered) == []


def test_every_type_exists_and_has_one_procedure_of_a_kind():
    counted = Counter((code, one.kind) for one in PROCEDURES for code in one.device_types)
    assert sorted({code for code, _ in counted} - TYPE_CODES) == []
    assert [key for key, times in counted.items() if times > 1] == []
    assert {one.kind for one in PROCEDURES} >= {"maintenance", "safety_test", "acceptance", "return_to_service"}


def test_codes_and_names_are_unique_across_packs():
    assert len(BY_CODE) == len(PROCEDURES) == len({one.name.casefold() for one in PROCEDURES})


@pytest.mark.parametrize("path", sorted(STARTER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_file_is_sealed_and_in_the_form_that_is_written(path):
    text = path.read_text(encoding="utf-8")
    read = read_pack(text)
    assert read.sealed
    assert read.pack.pack == f"starter-{path.stem}"
    assert all((read.pack.source, read.pack.version, read.pack.licence, read.pack.confidence, read.pack.effective_from))
    assert write_pack(read.pack) == text


@pytest.mark.parametrize("path", sorted(STARTER.glob("*.yaml")), ids=lambda path: path.stem)
def test_other_readers_of_yaml_see_the_same_texts(path):
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [one["name"] for one in document["procedures"]] == [one.name for one in read_pack(path.read_bytes()).pack.procedures]


def test_every_limit_says_where_it_comes_from():
    assert [(code, step.key) for code, step, limit in LIMITS if not (limit.source and limit.confidence)] == []
    assert [(code, step.key) for code, step, limit in LIMITS if not limit.is_open and not limit.edition] == []
    assert [(code, step.key) for code, step, limit in LIMITS if limit.is_open != (limit.origin == "ifu")] == []


def test_every_interval_says_where_it_comes_from():
    without = {one.code for one in PROCEDURES if one.interval is None}
    assert without == {"acceptance-incoming", "return-to-service"}
    assert all(one.interval.source and one.interval.confidence and 1 <= one.interval.months <= 24 for one in PROCEDURES if one.interval)


@pytest.mark.parametrize("one", PROCEDURES, ids=lambda one: one.code)
def test_a_procedure_is_one_a_technician_can_walk_through(one):
    asking = [step for step in one.content.steps if step.kind != "heading"]
    assert 6 <= len(asking) <= 20
    assert 5 <= one.content.est_minutes <= 240
    assert one.content.purpose.endswith(".")
    assert all(len(step.title) <= 80 and not step.title.endswith(".") for step in one.content.steps)
    assert all(len(step.instruction) <= 300 for step in one.content.steps)
    assert any(step.required and not step.allow_na for step in asking)


@pytest.mark.parametrize("one", PROCEDURES, ids=lambda one: one.code)
def test_the_testers_named_are_those_needed(one):
    safety = any(step.kind == "electrical_safety" for step in one.content.steps)
    assert safety == ("safety_analyzer" in one.content.tester_kinds)
    measurable = {quantity for code in one.content.tester_kinds for quantity in kinds.tester_kinds()[code].quantities}
    measured = {units()[step.number.unit].family for step in one.content.steps if step.number and step.phase == "as_found_as_left"}
    assert measured - measurable - {"percentage", "number"} == set()


def test_skills_are_those_every_database_has():
    shipped = {row["code"] for row in yaml.safe_load(SKILLS.read_text(encoding="utf-8"))["skills"]}
    assert {one.content.skill for one in PROCEDURES} - shipped == set()


def test_testers_are_types_of_the_catalogue():
    assert [code for kind in kinds.tester_kinds().values() for code in kind.device_types if code not in TYPE_CODES] == []


@pytest.mark.parametrize(
    ("code", "key", "words", "confidence"),
    [
        ("defibrillator-monitor-pm", "energy-10", "7 to 13 J", "GK-med"),
        ("defibrillator-monitor-pm", "energy-200", "170 to 230 J", "GK-med"),
        ("defibrillator-monitor-pm", "charge-time", "at most 10 s", "GK-med"),
        ("defibrillator-monitor-pm", "sync-delay", "at most 60 ms", "GK-med"),
        ("defibrillator-monitor-pm", "pacer-output-50", "45 to 55 mA", "GK-med"),
        ("dialysis-water-system-pm", "chlorine-total", "at most 0.1 mg/L", "GK-high"),
        ("dialysis-water-system-pm", "bacteria", "less than 100 CFU/mL", "GK-high"),
        ("dialysis-water-system-pm", "endotoxin", "less than 0.25 EU/mL", "GK-high"),
        ("warming-cabinet-pm", "blanket", "at most 54.4 °C", "GK-high"),
        ("monitor-physiologic-pm", "heart-rate-60", "54 to 66 bpm", "GK-high"),
        ("electrosurgical-unit-pm", "hf-leak-active", "at most 150 mA", "GK-high"),
        ("refrigerator-blood-pm", "temperature", "1 to 6 °C", "GK-high"),
    ],
)
def test_limits_a_technician_would_quote(code, key, words, confidence):
    step = BY_CODE[code].content.step(key)
    assert limit_in_words(step.number) == words
    assert step.number.limit.confidence == confidence


def test_the_target_of_a_step_passes_its_own_limit():
    aimed = [(code, step) for code, step, limit in LIMITS if step.number.target is not None and not limit.is_open]
    assert aimed
    assert [(code, step.key) for code, step in aimed if judge(step, value=step.number.target).outcome != "pass"] == []


def test_every_coded_step_can_be_passed_and_failed():
    coded = [(code, step, {verdict for _, verdict in answers(step).values()}) for code, step in STEPS if answers(step)]
    assert [(code, step.key) for code, step, verdicts in coded if "pass" not in verdicts] == []
    assert [(code, step.key) for code, step, verdicts in coded if "fail" not in verdicts and step.key != "label"] == []


@pytest.mark.parametrize("block", sorted({step.electrical_safety for _, step in STEPS if step.electrical_safety}, key=str), ids=str)
def test_every_electrical_safety_block_has_measurements_with_limits(block):
    found = safety.tests_for(
        standard=block.standard,
        edition=block.edition,
        device_class=block.device_class,
        applied_parts=block.applied_parts,
        methods=block.methods,
        options=block.options,
    )
    assert not isinstance(found, NoLimit)
    assert [test.test for test in found if isinstance(test.limit, NoLimit)] == []
    assert any(test.limit for test in found)


def test_nothing_in_them_needs_another_edition_of_this_program():
    assert all(re.fullmatch(r"\d{4}\.\d+", file.pack.version) for file in FILES)
