"""What we install is permissive, and every dependency says why it is there."""

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
COPYLEFT = re.compile(r"\b(?:A|L)?GPL|GNU (?:Affero |Lesser |Library )?General Public|GNU (?:Lesser|Library) ", re.IGNORECASE)
ALLOWED = {
    "psycopg": "LGPL: used unchanged as a separate library that anybody can replace",
    "psycopg-binary": "LGPL: the compiled part of psycopg",
    "psycopg-pool": "LGPL: part of psycopg",
}


def runtime_distributions() -> dict[str, Distribution]:
    """What an installation without the development tools brings, followed from pyproject.toml."""
    waiting = [(Requirement(text), "") for text in tomllib.loads(PROJECT)["project"]["dependencies"]]
    found: dict[str, Distribution] = {}
    done: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        name = canonical(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for wanted in ["", *requirement.extras]:
            if (name, wanted) not in done:
                done.add((name, wanted))
                waiting += [(Requirement(text), wanted) for text in found[name].requires or []]
    return found


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(package: Distribution) -> str:
    """The licence as the package declares it: expression, short licence field, classifiers."""
    about = package.metadata
    short = about.get("License", "").splitlines()[:1]
    return " | ".join(
        [about.get("License-Expression", ""), *short, *(c for c in about.get_all("Classifier", []) if c.startswith("License"))]
    )


def is_copyleft(text: str) -> bool:
    """True unless some permissive licence may be chosen instead."""
    return bool(COPYLEFT.search(text)) and not re.search(r"\b(?:MIT|BSD|Apache|MPL)\b[^|]* OR |OR [^|]*\b(?:MIT|BSD|Apache|MPL)\b", text)


def test_every_dependency_is_followed():
    found = runtime_distributions()
    named = {canonical(Requirement(text).name) for text in tomllib.loads(PROJECT)["project"]["dependencies"]}
    assert named <= set(found)
    assert {"psycopg-binary", "pydantic", "sqlparse"} <= set(found)


def test_no_runtime_dependency_is_copyleft():
    wrong = {name: licence(package) for name, package in runtime_distributions().items() if is_copyleft(licence(package))}
    assert {name: text for name, text in wrong.items() if name not in ALLOWED} == {}
    assert set(ALLOWED) <= set(wrong), "an exception that is no longer needed"


def test_copyleft_is_recognised():
    assert [is_copyleft(text) for text in ("GPL-3.0-only", "AGPL-3.0", "GNU Lesser General Public License v3 (LGPLv3)")] == [True] * 3
    assert [is_copyleft(text) for text in ("MIT", "BSD-3-Clause", "MIT OR GPL-2.0-only", "GPL-2.0-only OR Apache-2.0")] == [False] * 4


def test_every_runtime_dependency_names_its_licence():
    unnamed = [name for name, package in runtime_distributions().items() if not licence(package).strip(" |")]
    assert unnamed == []


def test_every_dependency_says_why_it_is_there():
    lists = re.findall(r"^(?:dependencies|dev) = \[\n(.*?)^\]", PROJECT, re.MULTILINE | re.DOTALL)
    lines = [line for one in lists for line in one.splitlines()]
    assert len(lists) == 2
    assert [line for line in lines if not re.fullmatch(r'  "[^"]+",\s+# \S.{4,}', line)] == []
