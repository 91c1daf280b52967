"""``openhtm udi parse``: one answer a line, whatever the bytes."""

import argparse
import io
import json
import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.config.cli import udi

TODAY = date(2026, 11, 22)
KEYS = [
    "input",
    "issuer",
    "di",
    "lot",
    "serial",
    "expires_on",
    "manufactured_on",
    "software_version",
    "elements",
    "warnings",
    "error",
]


def answers(source: bytes) -> list[dict[str, object]]:
    target = io.BytesIO()
    count = udi.parse_stream(io.BytesIO(source), target, today=TODAY)
    lines = target.getvalue().splitlines()
    assert len(lines) == count
    return [json.loads(line) for line in lines]


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    udi.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["udi", "parse", *arguments])
    return int(args.func(args))


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=8))
def test_every_line_of_any_bytes_has_one_answer(lines: list[bytes]) -> None:
    found = answers(b"".join(line + b"\n" for line in lines))
    assert len(found) == len(lines)
    assert all(list(answer) == KEYS for answer in found)


@pytest.mark.parametrize(
    ("line", "code", "position"),
    [
        (b"", "empty", 0),
        (b"\r", "empty", 0),
        (b" \t ", "empty", 0),
        (b"\x00\x00", "not-a-udi", 0),
        (b"(01)5102\xff222223336", "not-utf8", 8),
        ("é\N{GRINNING FACE}".encode() + b"\xc3", "not-utf8", 2),
        (b"9" * 1_000_000, "too-long", 4096),
        (b"(01)51022222233336(10)A\x00", "invalid-cset82-character", 23),
    ],
)
def test_a_line_of_junk_is_answered_with_an_error(line: bytes, code: str, position: int) -> None:
    before, found, after = answers(b"51022222233336\n" + line + b"\n51022222233336\r\n")
    assert before["di"] == after["di"] == "51022222233336"
    assert after["input"] == "51022222233336"
    error = found["error"]
    assert isinstance(error, dict)
    assert (error["code"], error["position"]) == (code, position)


def test_the_last_line_needs_no_end_and_no_input_has_no_answer() -> None:
    assert len(answers(b"a\nb")) == 2
    assert answers(b"") == []
    assert len(answers(b"\n\n")) == 2


def test_lines_across_reading_blocks_stay_whole() -> None:
    lines = [b"(01)51022222233336(21)%d" % number for number in range(20_000)]
    found = answers(b"\n".join(lines))
    assert [answer["serial"] for answer in found] == [str(number) for number in range(20_000)]


def test_one_code_is_answered_on_one_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("(01)51022222233336(21)X") == 0
    out = capfdbinary.readouterr().out
    assert out.count(b"\n") == 1
    assert json.loads(out)["serial"] == "X"


def test_a_code_with_an_error_sets_the_exit_status(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("nonsense", "--pretty") == 1
    out = capfdbinary.readouterr().out
    assert out.count(b"\n") > 5
    assert json.loads(out)["error"]["code"] == "not-a-udi"


def test_the_command_starts_without_the_framework() -> None:
    script = "import sys, openhtm.config.cli.udi; sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
