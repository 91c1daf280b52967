"""From a tester's file to verdicts: the words of mappings are those the limits are chosen by."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import openhtm.testers
from openhtm.procedures.rules.safety.judge import Judgement, Mains, TesterState, judge, reading
from openhtm.procedures.rules.safety.limits import choose, find_set
from openhtm.procedures.rules.safety.model import Limit, LimitSet
from openhtm.procedures.rules.safety.units import UNITS
from openhtm.procedures.rules.safety.vocabulary import vocabulary
from openhtm.testers.rules.files import mapping as mapping_words
from openhtm.testers.rules.files.mapping_check import DATA, mapping_from_text, shipped_mappings
from openhtm.testers.rules.files.model import MeasuredRow
from openhtm.testers.rules.files.reading import read

FILES = Path(openhtm.testers.__file__).parent / "tests" / "files"
MAPPINGS = {one.code: one for one in shipped_mappings()}
TESTER = TesterState("NL5-0042", date(2025, 9, 1), date(2026, 9, 1))


def judged(row: MeasuredRow, *, standard: str, edition: str) -> Judgement:
    limits = find_set(standard=standard, edition=edition)
    assert isinstance(limits, LimitSet)
    limit = choose(standard=standard, edition=edition, test=row.test, conditions={**limits.assumes, "device_class": "I", **row.conditions})
    assert isinstance(limit, Limit), limit
    assert row.value is not None
    assert row.unit is not None
    assert row.measured_at is not None
    return judge(
        measured=reading(value=row.value, unit=row.unit, sign=row.sign),
        limit=limit,
        measured_on=row.measured_at.date(),
        tester=TESTER,
        mains=Mains(row.mains_v, Decimal(230)) if row.mains_v and limit.normalised else None,
    )


def test_units_of_files_are_those_of_limits():
    assert set(mapping_words.UNITS) == set(UNITS)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_mappings_use_words_that_exist(path):
    known = vocabulary().choices()
    assert mapping_from_text(text=path.read_text(encoding="utf-8"), known=known).code == path.stem


def test_an_xml_file_is_judged_by_iec_62353():
    found = read(data=(FILES / "nordlys.xml").read_bytes(), mapping=MAPPINGS["nordlys-safecheck-5"])
    rows = [row for row in found.rows if row.asset_number == "HC-004711" and row.value is not None]
    verdicts = [(row.test, judged(row, standard="IEC 62353", edition="2014").verdict) for row in rows]
    assert verdicts == [
        ("protective_earth", "pass"),
        ("insulation", "pass"),
        ("equipment_leakage", "pass"),
        ("equipment_leakage", "pass"),
        ("applied_part_leakage", "fail"),
    ]
    leakage = judged(rows[2], standard="IEC 62353", edition="2014")
    assert (leakage.value > leakage.measured, leakage.remarks[0].text) == (True, "Measured at 226.4 V, brought to 230 V.")


@pytest.mark.parametrize(("edition", "verdict"), [("2005", "pass"), ("2012", "fail"), ("2024", "fail")])
def test_a_csv_row_of_250_microamperes_is_judged_by_the_edition_of_the_procedure(edition, verdict):
    found = read(data=(FILES / "pelora.csv").read_bytes(), mapping=MAPPINGS["pelora-lt200"])
    assert judged(found.rows[-1], standard="NFPA 99", edition=edition).verdict == verdict
