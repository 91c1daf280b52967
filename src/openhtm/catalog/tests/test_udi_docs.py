"""Every code the parser can answer is documented, and no other."""

import re
from datetime import date
from pathlib import Path

from openhtm.catalog.rules import udi
from openhtm.catalog.rules.udi import MESSAGES, parse

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "udi.md"
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (error|warning) \|", re.MULTILINE)
CODE = re.compile(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"')
NOT_CODES = {"utf-8", "0-9"}


def test_every_code_is_documented() -> None:
    documented = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert sorted(code for code, _ in documented) == sorted(MESSAGES)


def test_every_code_in_the_rules_has_a_sentence() -> None:
    used = set()
    for path in Path(str(udi.__file__)).parent.glob("*.py"):
        if path.name != "messages.py":
            used |= set(CODE.findall(path.read_text(encoding="utf-8")))
    assert used - NOT_CODES - set(MESSAGES) == set()
    assert len(used) > 60


def test_every_sentence_ends_and_says_what_to_look_at() -> None:
    assert all(message.endswith(".") and len(message) > 20 for message in MESSAGES.values())


def test_every_example_of_a_form_is_read_without_a_complaint() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## Forms that are understood")[1].split("##")[0]
    examples = re.findall(r"^\| (GS1|HIBCC|ICCBBA) \|.*\| `([^`]+)` \|$", section, re.MULTILINE)
    assert len(examples) == 8
    for issuer, text in examples:
        found = parse(text, today=date(2026, 11, 22))
        assert (found.issuer, found.error, found.warnings) == (issuer, None, ()), found
