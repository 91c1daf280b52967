"""The laws listed under data safety are those that are checked."""

import re
from pathlib import Path

from openhtm.audit.invariants import registered

PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "data-safety.md").read_text(encoding="utf-8")


def test_every_law_is_listed_with_its_promise():
    written = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", PAGE, re.MULTILINE))
    assert written == {law.code: law.promise for law in registered()}
