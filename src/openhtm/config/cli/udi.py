"""``openhtm udi parse``: take device bar codes apart, one on the command line or one a line from standard input."""

import argparse
import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import BinaryIO

import orjson

from openhtm.catalog.rules.udi import MESSAGES, ParsedUdi, UdiError, parse

_CHUNK_BYTES = 1 << 16


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``udi parse`` to the command line."""
    udi = subparsers.add_parser("udi", help="take UDI bar codes apart")
    commands = udi.add_subparsers(dest="udi_command", required=True)
    command = commands.add_parser(
        "parse",
        help="answer a bar code with its parts as JSON",
        description="Take a UDI apart: GS1, HIBCC or ICCBBA, scanned or typed. Answers one JSON object a code.",
    )
    command.add_argument("text", help="the code, or - to read one a line from standard input")
    command.add_argument("--pretty", action="store_true", help="spread the answer over several lines")
    command.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Answer 0 when the code was understood or when reading standard input, 1 when the code has an error."""
    today = datetime.now().astimezone().date()
    if args.text == "-":
        parse_stream(sys.stdin.buffer, sys.stdout.buffer, today=today)
        return 0
    parsed = parse(args.text, today=today)
    option = orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if args.pretty else 0)
    sys.stdout.buffer.write(orjson.dumps(parsed.as_json_dict(), option=option))
    sys.stdout.buffer.flush()
    return 1 if parsed.error else 0


def parse_stream(source: BinaryIO, target: BinaryIO, *, today: date) -> int:
    """Answer every line of ``source`` with one JSON line on ``target``, in order, and return how many there were.

    Lines end with LF or CR LF. Answers are written as soon as no further whole line is waiting.
    """
    count = 0
    for lines in _line_batches(source):
        answers = [orjson.dumps(_parse_line(line, today).as_json_dict()) for line in lines]
        count += len(answers)
        answers.append(b"")
        target.write(b"\n".join(answers))
        target.flush()
    return count


def _line_batches(source: BinaryIO) -> Iterator[list[bytes]]:
    read = getattr(source, "read1", source.read)
    parts: list[bytes] = []
    while chunk := read(_CHUNK_BYTES):
        first, newline, rest = chunk.partition(b"\n")
        parts.append(first)
        if newline:
            lines = rest.split(b"\n")
            last = lines.pop()
            yield [b"".join(parts), *lines]
            parts = [last]
    if any(parts):
        yield [b"".join(parts)]


def _parse_line(line: bytes, today: date) -> ParsedUdi:
    line = line.removesuffix(b"\r")
    try:
        return parse(line.decode(), today=today)
    except UnicodeDecodeError as error:
        position = len(line[: error.start].decode())
        return ParsedUdi(input=line.decode(errors="replace"), error=UdiError("not-utf8", position, MESSAGES["not-utf8"]))
