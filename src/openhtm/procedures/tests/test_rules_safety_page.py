"""The reference page shows the limits that are shipped, all of them, and every code of a verdict."""

import inspect
import re
from pathlib import Path

import pytest

from openhtm.procedures.rules.safety import judge as judge_module
from openhtm.procedures.rules.safety.block import BLOCK_LABELS
from openhtm.procedures.rules.safety.page import filled
from openhtm.procedures.rules.safety.reading import shipped_sets

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "safety-limits.md").read_text(encoding="utf-8")


def test_page_and_data_agree():
    assert filled(page=PAGE, sets=shipped_sets()) == PAGE, (
        "run python -m openhtm.procedures.rules.safety.page docs/reference/safety-limits.md"
    )


def test_every_limit_has_its_row():
    rows = [line for line in PAGE.splitlines() if re.search(r"\| [<≤≥>] \d", line)]
    assert len(rows) == sum(len(one.limits) for one in shipped_sets())


def test_every_verdict_of_a_block_has_its_row():
    assert dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE)) == BLOCK_LABELS


def test_every_code_of_an_invalid_verdict_is_explained():
    code = inspect.getsource(judge_module)
    invalid = set(re.findall(r'Remark\(\s*"([a-z-]+)"', inspect.getsource(judge_module._objection))) | {"out-of-tester-range"}
    assert {"tester-unknown", "calibration-expired"} <= invalid
    assert '"out-of-tester-range"' in code
    assert [one for one in sorted(invalid) if f"`{one}`" not in PAGE] == []


def test_a_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="unpack"):
        filled(page="# Limits", sets=shipped_sets())
