"""The committed contract is the one that is served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client

from openhtm.config.cli import main

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
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


def test_every_operation_has_a_name_of_its_own_and_words() -> None:
    entries = operations()
    ids = [entry["operationId"] for entry in entries.values()]
    assert len(set(ids)) == len(ids)
    assert [name for name, entry in entries.items() if not entry.get("summary")] == []


def test_refusals_are_documented_as_problems() -> None:
    for name, entry in operations().items():
        for status in ("400", "401", "403", "404", "405", "409", "413", "415", "422"):
            assert list(entry["responses"][status]["content"]) == ["application/problem+json"], (name, status)
