"""Every problem code has its entry in the reference with its status, and no entry is about nothing."""

import re
from pathlib import Path

import pytest
from django.urls import get_resolver

from openhtm.config.api import api
from openhtm.config.api_docs import OTHER_PROBLEMS, problem_codes
from openhtm.config.errors import API_WORDS
from openhtm.core.errors import DomainError

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "problems.md").read_text(encoding="utf-8")
ENTRIES = {code: int(status) for code, status in re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", PAGE, re.MULTILINE)}


def kinds(kind: type[DomainError] = DomainError) -> set[type[DomainError]]:
    return {kind}.union(*(kinds(below) for below in kind.__subclasses__()))


def test_every_problem_code_has_an_entry():
<<<<<<< HEAD
    assert api.get_openapi_schema(path_prefix="/api/v1/")["paths"]  # every room is loaded,
    assert get_resolver().url_patterns  # with its pages
=======
    assert api.get_openapi_schema(path_prefix="/api/v1/")["paths"] and get_resolver().url_patterns  # every room is loaded
>>>>>>> main
    rooms = {kind for kind in kinds() if kind.__module__.startswith("openhtm.") and ".tests." not in kind.__module__}
    ours = {kind for kind in rooms if not kind.__module__.startswith("openhtm.demo.")}
    assert {kind.code for kind in ours} | set(OTHER_PROBLEMS) == set(ENTRIES)


@pytest.mark.parametrize("problem", problem_codes(), ids=lambda p: p.code)
def test_an_entry_names_the_status(problem):
    assert ENTRIES[problem.code] == problem.status


def test_what_is_refused_before_an_operation_is_found_has_an_entry():
    assert {words[0] for words in API_WORDS.values()} <= set(ENTRIES)
