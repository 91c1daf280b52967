"""Delimited text: encoding and delimiter are found from the content, rows are streamed in flat memory."""

import codecs
import csv
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from openhtm.exchange.rules.tables import (
    DamagedFile,
    EmptyFile,
    Limits,
    NotATable,
    Note,
    Row,
    Sheet,
    TableTooLarge,
    Workbook,
)

_BLOCK = 1 << 20
_SAMPLE_CHARS = 256 * 1024
_SAMPLE_ROWS = 400
_MAX_CONTROL_SHARE = 0.01
_MAX_NUL_SHARE = 0.2
DELIMITERS = (",", ";", "\t", "|")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = bytes(set(range(32)) - {0, 9, 10, 12, 13, 26}) + b"\x7f"
_UNDEFINED_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"


def open_csv(path: Path, *, filename: str, limits: Limits) -> Workbook:
    """Return a workbook with one sheet. Reads the file once to be sure of its encoding. Raises UnreadableFile."""
    encoding, notes = detect_encoding(path, filename=filename)
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        sample = stream.read(_SAMPLE_CHARS)
    if not sample.strip("\ufeff\r\n\t ,;|\x00"):
        raise EmptyFile(filename=filename)
    delimiter = detect_delimiter(sample)
    book = Workbook(kind="csv", sheets=[], notes=notes)
    book.sheets.append(CsvSheet(path, filename=filename, encoding=encoding, delimiter=delimiter, limits=limits, book=book))
    return book


def detect_encoding(path: Path, *, filename: str) -> tuple[str, list[Note]]:
    """Return a codec name and what to tell the person about it.

    A byte order mark wins; then UTF-8 if the whole file is valid; then UTF-16 without a mark, told by its zero bytes;
    else Windows-1252, or Latin-1 when bytes occur that Windows-1252 does not define. Raises NotATable for binary data.
    """
    with path.open("rb") as stream:
        head = stream.read(64 * 1024)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name, []
    if wide := _utf16_without_mark(head):
        return wide, [Note("encoding", "Read as UTF-16 without a byte order mark. Check accented letters in the preview.")]
    if _control_share(head) > _MAX_CONTROL_SHARE or head.count(0) > len(head) * _MAX_NUL_SHARE:
        raise NotATable(filename=filename, kind="binary data")
    if _is_utf8(path):
        return "utf-8", []
    if _contains_any(path, _UNDEFINED_IN_CP1252):
        return "latin-1", [Note("encoding", "Read as Latin-1 because it is not valid UTF-8. Check accented letters in the preview.")]
    return "cp1252", [Note("encoding", "Read as Windows-1252 because it is not valid UTF-8. Check accented letters in the preview.")]


def _control_share(head: bytes) -> float:
    """Share of control bytes other than NUL, which is cleaned one by one unless it is everywhere."""
    controls = len(head) - len(head.translate(None, _CONTROL))
    return controls / len(head)


def _utf16_without_mark(head: bytes) -> str | None:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) / 2
    if half < 2 or even + odd < half * 0.4:
        return None
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.4 and odd < half * 0.05 else None


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _contains_any(path: Path, wanted: bytes) -> bool:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            if len(block.translate(None, wanted)) != len(block):
                return True
    return False


def detect_delimiter(sample: str) -> str:
    """Return the delimiter that cuts the sample into the most regular table; ``,`` for a single column.

    Regular means many rows with one and the same width; among equally regular cuts the wider one wins, so that
    ``1,5;2,5;3,5`` is cut at the semicolons. A first line ``sep=;`` as written for Excel decides at once.
    """
    text = sample.lstrip("\ufeff")
    if text[:4].lower() == "sep=" and len(text) > 4 and text[4] in DELIMITERS:
        return text[4]
    scores = {delimiter: _regularity(text, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > 0 else ","


def _regularity(text: str, delimiter: str) -> float:
    widths = Counter(_widths(text, delimiter))
    widths.pop(0, None)
    total = sum(widths.values())
    score = 0.0
    for width, times in widths.items():
        if width > 1:
            score = max(score, (times / total) ** 2 * math.log2(width))
    return score


def _widths(text: str, delimiter: str) -> Iterator[int]:
    lines = text.replace("\x00", "").splitlines(keepends=True)
    if len(text) >= _SAMPLE_CHARS and len(lines) > 1:
        lines.pop()
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for number, row in enumerate(reader):
            if number >= _SAMPLE_ROWS:
                return
            yield len(row)
    except csv.Error:
        return


class CsvSheet(Sheet):
    """The one table of a delimited file."""

    def __init__(self, path: Path, *, filename: str, encoding: str, delimiter: str, limits: Limits, book: Workbook) -> None:
        self.name = ""
        self.hidden = False
        self.encoding = encoding
        self.delimiter = delimiter
        self._path, self._filename, self._limits, self._book = path, filename, limits, book
        self._row_count: int | None = None

    @property
    def row_count(self) -> int:
        if self._row_count is None:
            self._row_count = sum(1 for _row in self.rows())
        return self._row_count

    def rows(self) -> Iterator[Row]:
        limits, number = self._limits, 0
        with self._path.open(encoding=self.encoding, errors="replace", newline="") as stream:
            reader = csv.reader(self._lines(stream), delimiter=self.delimiter)
            try:
                for number, row in enumerate(reader, start=1):
                    if number > limits.max_rows or len(row) > limits.max_columns:
                        self._refuse_size(number, len(row))
                    if row and len(max(row, key=len)) > limits.max_cell_chars:
                        self._refuse_cell(number)
                    yield tuple(row)
            except csv.Error as error:
                if "field larger" in str(error):
                    self._refuse_cell(number + 1)
                raise DamagedFile(filename=self._filename, reason=f"row {number + 1}: {error}") from error
        self._row_count = number

    def _lines(self, stream: Iterator[str]) -> Iterator[str]:
        """Yield lines without NUL, which PostgreSQL cannot store, and without the ``sep=`` line; say so once."""
        for number, raw in enumerate(stream):
            line = raw
            if "\x00" in line:
                line = line.replace("\x00", "")
                self._note("nul-removed", "Zero bytes were removed from the text. The file may be damaged.")
            if "\ufffd" in line:
                self._note("undecodable", f"Some characters could not be read as {self.encoding} and show as \ufffd.")
            if number == 0:
                line = line.removeprefix("\ufeff")
                if line.strip().lower() == f"sep={self.delimiter}".strip().lower():
                    continue
            yield line

    def _note(self, code: str, message: str) -> None:
        if all(note.code != code for note in self._book.notes):
            self._book.notes.append(Note(code, message))

    def _refuse_size(self, number: int, width: int) -> None:
        limits = self._limits
        if width > limits.max_columns:
            what, limit, remedy = f"{width:,} columns", f"{limits.max_columns:,}", "Remove the columns that are not needed."
        else:
            what, limit, remedy = "more rows", f"{limits.max_rows:,}", "Split the file and import the parts one after the other."
        raise TableTooLarge(filename=self._filename, what=what, row=number, limit=limit, remedy=remedy)

    def _refuse_cell(self, number: int) -> None:
        limit = f"{self._limits.max_cell_chars:,} characters"
        remedy = "Look for a quotation mark that is opened and never closed, or shorten the text."
        raise TableTooLarge(filename=self._filename, what="a cell that is too long", row=number, limit=limit, remedy=remedy)
