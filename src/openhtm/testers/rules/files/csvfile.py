"""CSV of a tester: decoded, cut into rows, and each row of a table looked up by its headings and the preamble above it."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from openhtm.core.text import fold
from openhtm.testers.rules.files.mapping import CsvShape, Source, TesterMapping
from openhtm.testers.rules.files.model import FileLimits
from openhtm.testers.rules.files.xmlfile import Record, Unreadable

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL = {code: None for code in range(32) if chr(code) not in "\t\n\r\x0c"}
_MAX_COLUMNS = 300
_MAX_CONTROL_SHARE = 0.01


class Decoded(NamedTuple):
    """The text of a file and what to tell about its encoding, if anything."""

    text: str
    warning: str | None


class CutOff(ValueError):
    """Reading has to stop at a place in the middle of the file; the rows above it were read."""


def decoded(*, data: bytes, encoding: str) -> Decoded:
    """Return the text: a byte order mark decides, then the mapping, then UTF-8, then Windows-1252. Raises Unreadable for binary data."""
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    warning = None
    if marked or encoding != "auto":
        text = data.decode(marked or encoding, errors="replace")
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
            warning = "Read as Windows-1252 because it is not valid UTF-8. Name the encoding in the mapping to be sure."
    if len(text) - len(text.translate(_CONTROL)) > len(text) * _MAX_CONTROL_SHARE:
        raise Unreadable("This is binary data, not text. Export the file as CSV.")
    return Decoded(text.removeprefix("\ufeff"), warning)


def csv_records(*, text: str, mapping: TesterMapping, limits: FileLimits) -> Iterator[Record]:
    """Yield the records in the order of the file. Raises Unreadable if it has no such table, CutOff where it cannot go on."""
    if mapping.csv is None:
        raise Unreadable("The mapping does not say how the CSV is laid out.")
    table = _Table(mapping.csv)
    for line, row in _rows(text, mapping.csv.delimiter, limits):
        if (text_of := table.took(row)) is not None:
            yield Record(f"line {line}", text_of)
    if not table.seen:
        raise Unreadable(f"No row has the headings {', '.join(mapping.csv.header_has)}. Check the file and the delimiter of the mapping.")


def _rows(text: str, delimiter: str, limits: FileLimits) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_lines(text, limits), delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            if len(row) > _MAX_COLUMNS:
                raise CutOff(f"Line {line} has more than {_MAX_COLUMNS} columns. Check the delimiter of the mapping.")
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise CutOff(f"Line {line} cannot be read: {error}. Look for a quotation mark that is never closed.") from None


def _lines(text: str, limits: FileLimits) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if len(line) > limits.max_line_chars:
            raise CutOff(f"Line {number} is longer than {limits.max_line_chars:,} characters. No tester writes that.")
        yield line


class _Table:
    """Where in the file we are: in a preamble, or in the table below its headings."""

    def __init__(self, shape: CsvShape) -> None:
        self.seen = False
        self._shape = shape
        self._headings: list[str] | None = None
        self._preamble: dict[str, str] = {}

    def took(self, row: Sequence[str]) -> Callable[[Source], str | None] | None:
        """Take the next row; return how to look sources up if it is one of measurements."""
        if not any(cell.strip() for cell in row):
            if self._shape.blank_line_ends and self._headings is not None:
                self._headings, self._preamble = None, {}
            return None
        folded = [fold(cell) for cell in row]
        if all(name in folded for name in self._shape.header_has):
            self._headings, self.seen = folded, True
            return None
        if self._headings is None:
            self._preamble.setdefault(folded[0].rstrip(" :"), row[1] if len(row) > 1 else "")
            return None
        return _lookup(self._headings, row, self._preamble)


def _lookup(headings: Sequence[str], row: Sequence[str], preamble: dict[str, str]) -> Callable[[Source], str | None]:
    def text_of(source: Source) -> str | None:
        if source.preamble is not None:
            return preamble.get(source.preamble)
        if source.column is None:
            return source.constant
        if headings.count(source.column) != 1:
            there = "is not there" if source.column not in headings else "is there more than once"
            raise ValueError(f"The column {source.column} {there}.")
        if len(row) > len(headings):
            raise ValueError("The row has more cells than there are headings. Look for a delimiter or quotation mark inside a text.")
        at = headings.index(source.column)
        return row[at] if at < len(row) else None

    return text_of
