"""Every document is listed in the index under its kind, and every relative link leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PAGES = [*sorted(DOCS.rglob("*.md")), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"))]
KINDS = {"tutorials": "Tutorials", "how-to": "How-to", "reference": "Reference", "explanation": "Explanation", "adr": "Decision records"}


def links(page: Path) -> list[str]:
    found = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def broken(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return not target.exists() or bool(anchor and target.suffix == ".md" and anchor not in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page):
    assert [link for link in links(page) if broken(page, link)] == []


def test_every_document_is_in_the_index_under_its_kind():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", index, re.MULTILINE | re.DOTALL))
    listed = {(kind, link) for kind, title in KINDS.items() for link in LINK.findall(sections[title])}
    files = [path.relative_to(DOCS) for path in DOCS.rglob("*") if path.is_file() and path != DOCS / "README.md"]
    assert listed == {(path.parts[0], path.as_posix()) for path in files if path.parts[0] != "images"}


def test_every_entry_of_the_index_says_what_it_is():
    lines = [line for line in (DOCS / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("* ")]
    assert [line for line in lines if not re.fullmatch(r"\* \[[^]]+\]\([^)]+\):? .{10,}", line)] == []


def test_the_rooms_are_those_the_linter_enforces():
    contract = (ROOT / ".importlinter").read_text(encoding="utf-8")
    layers = re.search(r"containers = openhtm\nlayers =\n((?:    [\w| ]+\n)+)", contract)
    assert layers is not None
    described = re.findall(r"^\| `(\w+)` \|", (DOCS / "explanation" / "architecture.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert described == re.findall(r"\w+", layers.group(1))
