"""The committed contract is the one that is served."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from openhtm.config.cli import main

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "reference" / "openapi.json"
RENEW = "the API differs from docs/reference/openapi.json: run  openhtm openapi > docs/reference/openapi.json  and read the difference"
METHODS = {"get", "post", "put", "patch", "delete"}


def operations() -> dict[str, dict]:
    paths = json.loads(COMMITTED.read_text(encoding="utf-8"))["paths"]
    return {f"{method} {path}": entry for path, methods in paths.items() for method, entry in methods.items() if method in METHODS}


def test_the_committed_contract_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi"]) == 0
    assert capsys.readouterr().out == COMMITTED.read_text(encoding="utf-8"), RENEW


@pytest.mark.django_db
def test_anybody_may_read_the_contract() -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == json.loads(COMMITTED.read_text(encoding="utf-8"))


@pytest.mark.django_db
def test_the_contract_is_sent_again_only_to_whoever_has_another() -> None:
    first = Client().get("/api/v1/openapi.json")
    assert first["Cache-Control"] == "no-cache"
    again = Client().get("/api/v1/openapi.json", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert Client().get("/api/v1/openapi.json", headers={"If-None-Match": '"another"'}).content == first.content


def test_every_operation_has_a_name_of_its_own_and_words() -> None:
    entries = operations()
    ids = [entry["operationId"] for entry in entries.values()]
    assert len(set(ids)) == len(ids)
    assert [name for name, entry in entries.items() if not entry.get("summary")] == []


def test_refusals_are_documented_as_problems() -> None:
    for name, entry in operations().items():
        for status in ("400", "401", "403", "404", "405", "409", "413", "415", "422"):
            assert list(entry["responses"][status]["content"]) == ["application/problem+json"], (name, status)


def test_no_two_schemas_share_a_name():
    """The contract keeps schemas by name: of two with one name, the later would stand for both."""
    known: dict[str, set[str]] = {}
    for path in (ROOT / "src" / "openhtm").glob("*/api*"):
        for file in [path] if path.suffix == ".py" else path.glob("*.py"):
            for name in re.findall(
                r"^class (\w+)\((?:\w*Body|\w*Schema|\w*PageOut|\w+(?:In|Out))\)", file.read_text(encoding="utf-8"), re.MULTILINE
            ):
                known.setdefault(name, set()).add(str(file))
    assert len(known) > 100
    assert {name: files for name, files in known.items() if len(files) > 1} == {}
