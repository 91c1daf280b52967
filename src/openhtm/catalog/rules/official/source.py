"""The file itself: plain or gzip by its content, hashed while it is read, refused in words when it is something else."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from openhtm.catalog.rules.texts import clean, shorten

MAX_LIST_BYTES = 64 * 1024 * 1024  # the code lists are 1-5 MB; more is another file, or a bomb
MAX_LINE_BYTES = 8 * 1024 * 1024  # the longest GUDID record has about 30 kB
_KINDS = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook. Unpack it, or save the sheet as text, and give the file inside",
    b"%PDF": "a PDF. Get the file in the form its publisher offers for computers",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook. Save the sheet as tab separated text",
    b"SQLite": "an SQLite database. Get the text form",
    b"BZh": "packed with bzip2. Unpack it first; gzip is unpacked by itself",
    b"\xfd7zXZ": "packed with xz. Unpack it first; gzip is unpacked by itself",
    b"7z\xbc\xaf": "packed with 7-Zip. Unpack it first; gzip is unpacked by itself",
}


class UnreadableError(ValueError):
    """The file as a whole is not what it should be. The text says what it is and what to do. Nothing is loaded."""


class RowRefusedError(ValueError):
    """One row cannot be stored; the others can. ``column`` and ``value`` name what is wrong."""

    def __init__(self, column: str, value: object, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.value = shorten(value)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about one row: refused, or stored with a warning. ``row`` counts from 1 as the file's reader sees it."""

    row: int | None
    column: str
    value: str
    message: str
    refused: bool = True


@dataclass(slots=True)
class Reading:
    """What a reader learns besides the rows: how many there were, what is wrong, which edition it is."""

    on_problem: Callable[[Problem], None]
    read: int = 0
    edition: str = ""

    def refuse(self, row: int, error: RowRefusedError) -> None:
        self.on_problem(Problem(row, error.column, error.value, str(error)))

    def warn(self, row: int | None, column: str, value: object, message: str) -> None:
        self.on_problem(Problem(row, column, shorten(value), message, refused=False))


class Source:
    """Bytes of a reference file. ``stream`` gives them unpacked; ``sha256`` is that of the file as it lies on disk."""

    def __init__(self, raw: BinaryIO) -> None:
        self._hashing = _Hashing(raw)
        packed = io.BufferedReader(self._hashing, 1 << 16)
        head = packed.peek(8)[:8]
        for magic, what in _KINDS.items():
            if head.startswith(magic):
                raise UnreadableError(f"This file is {what}.")
        if not head:
            raise UnreadableError("This file is empty.")
        unpacked: BinaryIO = gzip.GzipFile(fileobj=packed) if head.startswith(b"\x1f\x8b") else packed  # type: ignore[assignment]
        self._packed = packed
        self.stream = io.BufferedReader(_Guarded(unpacked), 1 << 18)

    def sha256(self) -> str:
        """Read the file to its end and return the digest in hexadecimal."""
        while self._packed.read(1 << 16):
            pass
        return self._hashing.digest.hexdigest()

    def text(self) -> str:
        """Return the whole file as text: UTF-8, UTF-16 with its mark, else Windows-1252. Raises UnreadableError."""
        data = self.stream.read(MAX_LIST_BYTES + 1)
        if len(data) > MAX_LIST_BYTES:
            raise UnreadableError(f"This file unpacks to more than {MAX_LIST_BYTES >> 20} MB. The official list has a few MB.")
        return decoded(data)


def decoded(data: bytes) -> str:
    """Return ``data`` as text. Raises UnreadableError for anything with NUL characters in it."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise UnreadableError("This file is no readable text: it begins like UTF-16 and does not go on so.") from None
    if b"\0" in data:
        raise UnreadableError("This file is no text: it contains NUL characters.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def table(text: str, *, delimiter: str, quoting: bool) -> Iterator[list[str]]:
    """Yield the cells of each line, blank lines included as empty lists. Raises UnreadableError."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE)
    try:
        yield from reader
    except csv.Error as error:
        raise UnreadableError(f"Line {reader.line_num} cannot be read as a table: {error}.") from None


def fitting(value: Any, *, column: str, limit: int) -> str:
    """Return ``value`` cleaned. Raises RowRefusedError if it is no plain value or longer than ``limit`` characters."""
    if isinstance(value, dict | list):
        raise RowRefusedError(column, value, f"{column} holds a list or an object where one value belongs.")
    text = clean(value)
    if len(text) > limit:
        raise RowRefusedError(column, text, f"{column} has {len(text)} characters; there is room for {limit}.")
    return text


class _Hashing(io.RawIOBase):
    """Passes bytes on and remembers their digest and number."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.digest = hashlib.sha256()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self.digest.update(data)
        self.count += len(data)
        return len(data)


class _Guarded(io.RawIOBase):
    """Turns a damaged archive into words."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise UnreadableError("This gzip file is damaged or cut off. Download it again.") from None
        buffer[: len(data)] = data
        return len(data)
