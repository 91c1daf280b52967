"""The page of the records around maintenance says what the models say."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("records", ROOT / "tools" / "records.py")
assert spec is not None and spec.loader is not None
records = importlib.util.module_from_spec(spec)
spec.loader.exec_module(records)


def test_the_page_is_what_the_models_say():
    written = records.PAGE.read_text(encoding="utf-8")
    assert written == records.page(), "run tools/records.py"


def test_no_column_goes_without_a_meaning():
    lines = [line for line in records.page().splitlines() if line.startswith("| `")]
    assert len(lines) > 300
    assert all(len(line.split("|")[2].strip()) > 3 for line in lines)
