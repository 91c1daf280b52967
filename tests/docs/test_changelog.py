"""Pieces of the changelog are named alike, say something, and are joined in one way."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "changelog.d"
_loader = SourceFileLoader("changelog_tool", str(ROOT / "tools" / "changelog"))
_spec = spec_from_loader("changelog_tool", _loader)
assert _spec is not None
tool = module_from_spec(_spec)
_loader.exec_module(tool)


def test_every_piece_follows_the_naming():
    assert [path.name for path in FOLDER.iterdir() if path.name != "README.md" and not tool.NAME.fullmatch(path.name)] == []


def test_no_number_is_used_twice():
    numbers = [path.name[:4] for path in tool.pieces(FOLDER)]
    assert len(numbers) == len(set(numbers))


def test_every_piece_is_one_paragraph_without_heading():
    wrong = [path.name for path in tool.pieces(FOLDER) if not is_paragraph(path.read_text(encoding="utf-8"))]
    assert wrong == []


def is_paragraph(text: str) -> bool:
    return bool(text.strip()) and not text.startswith(("#", "-", "*")) and "\n\n" not in text.strip()


def test_pieces_are_joined_by_kind(tmp_path):
    (tmp_path / "0002-b.fixed.md").write_text("A PM done early no longer\ncomes due again.\n")
    (tmp_path / "0003-c.added.md").write_text("Labels.\n")
    (tmp_path / "0001-a.added.md").write_text("The register.\n")
    (tmp_path / "notes.txt").write_text("not a piece")
    text = tool.joined(tool.pieces(tmp_path))
    assert text == "### Added\n\n- The register.\n- Labels.\n\n### Fixed\n\n- A PM done early no longer comes due again."


def test_a_release_goes_above_the_earlier_ones():
    page = "# Changelog\n\n## Unreleased\n\nWords.\n\n## 1.0 (2026-12-01)\n\nOld.\n"
    assert tool.released(page, "1.1", "2027-01-31", text="New.") == (
        "# Changelog\n\n## Unreleased\n\nWords.\n\n## 1.1 (2027-01-31)\n\nNew.\n\n## 1.0 (2026-12-01)\n\nOld.\n"
    )


def test_only_real_days_are_days():
    assert tool.is_day("2027-01-31")
    assert not tool.is_day("2027-02-30")
    assert not tool.is_day("31.01.2027")
