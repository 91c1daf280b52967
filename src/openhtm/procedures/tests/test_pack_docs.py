"""The reference page of procedure packs names every field, code, unit and instrument, and its example can be read."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from openhtm.procedures.rules import content, limits, packs, steps
from openhtm.procedures.rules.units import units
from openhtm.testers.rules import kinds

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "procedure-packs.md").read_text(encoding="utf-8")
FENCE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
EXAMPLE = FENCE.search(PAGE)
NAMED = set(re.findall(r"`([^`]+)`", FENCE.sub("", PAGE)))
RENAMED = {"origin": "from", "photo_min_count": "min_count"}
RECORDS = (
    packs.Pack,
    packs.PackProcedure,
    packs.Interval,
    content.Content,
    content.OemDocument,
    limits.Limit,
    steps.Step,
    steps.NumberField,
    steps.Option,
    steps.Consumable,
    steps.ReplaceEvery,
    steps.SafetyBlock,
    steps.Image,
)
CODES = {
    "kinds of procedures": packs.KINDS,
    "kinds of steps": steps.KINDS,
    "phases": steps.PHASES,
    "severities": steps.SEVERITIES,
    "verdicts": steps.VERDICTS,
    "periods": steps.PERIODS,
    "standards": steps.standards(),
    "classes": steps.conditions("device_class"),
    "applied parts": steps.applied_part_types(),
    "configurations": steps.conditions("configuration"),
    "equipment": steps.conditions("equipment"),
    "methods": steps.conditions("method"),
    "origins": limits.ORIGINS,
    "confidences": limits.CONFIDENCES,
    "units": units(),
    "instruments": kinds.tester_kinds(),
}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_field_is_described(record):
    assert {RENAMED.get(field.name, field.name) for field in fields(record)} - NAMED == set()


@pytest.mark.parametrize("what", CODES)
def test_every_code_is_described(what):
    assert set(CODES[what]) - NAMED == set()


def test_every_edition_of_a_standard_is_named():
    row = next(line for line in PAGE.splitlines() if line.startswith("| `standard`, `edition`"))
    assert [edition for editions in steps.standards().values() for edition in editions if not re.search(rf"\b{edition}\b", row)] == []


def test_the_example_can_be_read():
    assert EXAMPLE is not None
    text = re.sub(r"^sha256:.*\n", "", EXAMPLE.group(1), flags=re.MULTILINE)
    assert packs.read_pack(text).pack.procedures[0].content.step("energy-200").number.limit.percent == 15


def test_the_limits_of_a_file_are_the_ones_enforced():
    assert f"{packs.MOST_BYTES // 1024 // 1024} MiB, {packs.MOST_NODES:,} values, {packs.MOST_DEPTH} levels" in PAGE
    assert f"at most {packs.MOST_PROCEDURES} |" in PAGE
    assert f"at most {content.MOST_STEPS};" in PAGE
    assert f"1 to {content.MOST_MINUTES};" in PAGE
