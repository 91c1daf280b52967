"""``openhtm eligibility``: the contract of the answer, and a clear refusal of whatever else the file holds."""

import argparse
import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.config.cli import eligibility
from openhtm.workforce.rules.careers import MOST_BYTES, CareerError, read_career

TODAY = date(2026, 11, 22)
CAREER: dict[str, Any] = {
    "as_of": "2026-11-22",
    "education": [{"degree": "associate", "field": "biomedical", "completed_on": "2010-05-12"}],
    "certifications": [{"code": "CBET", "valid_until": "2027-12-31"}],
    "employment": [
        {"role": "bmet", "full_time": True, "from": "2011-01-01", "to": "2024-07-22"},
        {"role": "supervisor", "full_time": True, "from": "2024-07-22", "to": None},
    ],
    "military_bmet": False,
}


def run(tmp_path: Path, content: bytes, *arguments: str) -> int:
    file = tmp_path / "career.json"
    file.write_bytes(content)
    parser = argparse.ArgumentParser()
    eligibility.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["eligibility", str(file), *arguments])
    return int(args.func(args))


def answer(tmp_path: Path, capfdbinary: Any, career: object, programme: str = "CHTM") -> dict[str, Any]:
    assert run(tmp_path, json.dumps(career).encode(), "--programme", programme) == 0
    found: dict[str, Any] = json.loads(capfdbinary.readouterr().out)
    return found


def test_the_answer_has_four_fields_and_says_what_is_missing(tmp_path, capfdbinary):
    assert answer(tmp_path, capfdbinary, CAREER) == {
        "programme": "CHTM",
        "eligible": False,
        "path": None,
        "missing": ["8 months of supervisory or management experience"],
    }


def test_the_answer_names_the_path(tmp_path, capfdbinary):
    assert answer(tmp_path, capfdbinary, CAREER, "cbet") == {"programme": "CBET", "eligible": True, "path": "a", "missing": []}


def test_what_is_only_weakly_known_is_null(tmp_path, capfdbinary):
    found = answer(tmp_path, capfdbinary, CAREER, "CISS")
    assert found["eligible"] is None
    assert found["path"] is None
    assert found["missing"]


def test_lists_and_as_of_may_be_left_out():
    career, warnings = read_career(b'{"military_bmet": true}', today=TODAY)
    assert (career.as_of, career.military_bmet, career.employment, warnings) == (TODAY, True, (), ())


def test_a_job_without_an_end_goes_on():
    career, _ = read_career(b'{"employment": [{"role": "bmet", "full_time": true, "from": "2020-01-01"}]}', today=TODAY)
    assert career.employment[0].end is None


def test_unknown_fields_are_left_out_with_a_warning(tmp_path, capfd):
    assert run(tmp_path, b'{"employement": []}', "--programme", "CBET") == 0
    assert capfd.readouterr().err == 'openhtm: "employement": there is no such field, so it is left out. Did you mean employment?\n'


def test_explain_answers_in_words(tmp_path, capfd):
    assert run(tmp_path, json.dumps(CAREER).encode(), "--programme", "CHTM", "--explain") == 0
    out = capfd.readouterr().out
    assert out.startswith("CHTM on 22 Nov 2026: missing: 8 months of supervisory or management experience\n")
    assert "    28 months of supervisory or management experience\n" in out


JOB = '{"role": "bmet", "full_time": true, "from": "2020-01-01", "to": "2021-01-01"}'
HOSTILE = {
    b"": "file: it is not JSON",
    b"\xff\xfe": "file: it is not UTF-8 text",
    b"[]": "file: an object with the career is expected, not a list.",
    b"null": "file: an object with the career is expected, not null.",
    b"NaN": "file: NaN is not JSON.",
    b'{"as_of": 5}': "as_of: a day such as 2026-11-22 is expected, not 5.",
    b'{"as_of": "2026-02-30"}': "as_of: a day such as 2026-11-22 is expected",
    b'{"as_of": "20261122"}': "as_of: a day such as 2026-11-22 is expected",
    b'{"as_of": "2026-11-22T00:00:00"}': "as_of: a day",
    b'{"as_of": "0001-01-01"}': "as_of: a day of the years 1900 to 2199",
    b'{"as_of": "2026-01-01", "as_of": "2027-01-01"}': "\"as_of\": it is given twice in one object.",
    b'{"education": {}}': "education: a list is expected, not an object.",
    b'{"education": [7]}': "education[0]: an object is expected, not a number.",
    b'{"education": [{}]}': "education[0].degree: one of none, certificate, associate",
    b'{"education": [{"degree": "phd", "field": "biomedical"}]}': 'education[0].degree: one of none, certificate, associate, bachelor, master, doctorate is expected, not "phd".',
    b'{"education": [{"degree": "master", "field": ["biomedical"]}]}': "education[0].field: one of",
    b'{"certifications": [{"valid_until": "2027-01-01"}]}': "certifications[0].code: the code of a certification",
    b'{"certifications": [{"code": "CBET", "valid_until": true}]}': "certifications[0].valid_until: a day",
    b'{"employment": [{"role": "bmet", "full_time": "yes", "from": "2020-01-01", "to": null}]}': 'employment[0].full_time: true or false is expected, not "yes".',
    b'{"employment": [{"role": "bmet", "from": "2020-01-01", "to": null}]}': "employment[0].full_time: true or false is expected, not null.",
    b'{"employment": [{"role": "BMET", "full_time": true, "from": "2020-01-01"}]}': "employment[0].role: one of bmet, imaging",
    b'{"employment": [{"role": "bmet", "full_time": true, "to": null}]}': "employment[0].from: the first day of the job is missing",
    b'{"employment": [{"role": "bmet", "full_time": true, "from": "2020-01-01", "to": "2019-01-01"}]}': "employment[0].to: the first day after the job must be later",
    b'{"employment": [{"role": "bmet", "full_time": true, "from": "2020-01-01", "to": "2020-01-01"}]}': "employment[0].to: the first day after the job must be later",
    b'{"military_bmet": 1}': "military_bmet: true or false is expected, not 1.",
    b'{"military_bmet": ' + b"9" * 5000 + b"}": "file: it holds a number that is too long.",
    b"[" * 200_000: "file: it is nested too deeply.",
    b" " * (MOST_BYTES + 1): "file: it is larger than",
    ('{"employment": [' + ",".join([JOB] * 501) + "]}").encode(): "employment: at most 500 entries can be read; there are 501.",
    b'{"as_of": "\\u001b[31m"}': 'as_of: a day such as 2026-11-22 is expected, not "\\u001b[31m".',
}  # fmt: skip


@pytest.mark.parametrize("content", list(HOSTILE), ids=lambda content: content[:40].decode("latin-1"))
def test_a_file_that_cannot_be_read_is_refused_by_the_name_of_the_field(tmp_path, capfd, content):
    assert run(tmp_path, content, "--programme", "CBET") == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"openhtm: {HOSTILE[content]}")
    assert "\x1b" not in err


def test_every_problem_is_told_at_once(tmp_path, capfd):
    assert run(tmp_path, b'{"as_of": 1, "education": 2, "employment": [3]}', "--programme", "CBET") == 2
    assert [line.split(": ")[1] for line in capfd.readouterr().err.splitlines()] == ["as_of", "education", "employment[0]"]


def test_an_unknown_programme_is_refused_with_those_there_are(tmp_path, capfd):
    assert run(tmp_path, b"{}", "--programme", "XYZ") == 2
    assert "Known are CABT, CBET, CRES, CHTM" in capfd.readouterr().err


def test_a_tier_that_does_not_exist_is_refused(tmp_path, capfd):
    assert run(tmp_path, b"{}", "--programme", "CHTM", "--tier", "candidate") == 2
    assert capfd.readouterr().err == "openhtm: --tier: CHTM has no candidate tier.\n"


def test_a_missing_file_is_refused(tmp_path, capfd):
    parser = argparse.ArgumentParser()
    eligibility.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["eligibility", str(tmp_path), "--programme", "CBET"])
    assert args.func(args) == 2
    assert "cannot be read: Is a directory." in capfd.readouterr().err


def test_the_command_reads_standard_input():
    done = subprocess.run(
        [sys.executable, "-m", "openhtm.config.cli", "eligibility", "-", "--programme", "CBET"],
        input=io.BytesIO(json.dumps(CAREER).encode()).read(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, json.loads(done.stdout)["eligible"]) == (0, True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["bmet", "2020-01-01", "CBET", "associate"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "from", "to", "full_time", "degree", "field", "code", "x"]), inner, max_size=5)
    ),
    max_leaves=6,
)


@given(
    st.one_of(
        st.binary(max_size=60), st.dictionaries(st.sampled_from([*CAREER, "y"]), json_values).map(lambda one: json.dumps(one).encode())
    )
)
def test_whatever_the_bytes_are_they_are_read_or_refused(content: bytes) -> None:
    try:
        career, _ = read_career(content, today=TODAY)
    except CareerError as error:
        assert error.problems
        assert all(": " in problem and problem.isprintable() for problem in error.problems)
    else:
        assert career.as_of.year >= 1900
