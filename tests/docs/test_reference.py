"""Every command and every setting has its entry in the reference, and no entry is about nothing."""

import re
from pathlib import Path

from openhtm.config.cli import COMMANDS

ROOT = Path(__file__).parents[2]
COMMANDS_PAGE = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
SETTINGS_PAGE = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
VARIABLE = re.compile(r"\b(?:OPENHTM_[A-Z_]*[A-Z]|DATABASE_URL)\b")


def variables_in_use() -> set[str]:
    places = [
        *(ROOT / "src").rglob("*.py"),
        *(path for path in (ROOT / "tools").iterdir() if path.is_file()),
        ROOT / "conftest.py",
        ROOT / "Makefile",
    ]
    return {name for path in places if "tests" not in path.parts for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}


def test_every_command_has_an_entry():
    assert set(re.findall(r"^## openhtm (\S+)$", COMMANDS_PAGE, re.MULTILINE)) == set(COMMANDS)


def test_every_setting_has_an_entry():
    assert variables_in_use() == set(re.findall(r"^\| `([A-Z_]+)` \|", SETTINGS_PAGE, re.MULTILINE))
