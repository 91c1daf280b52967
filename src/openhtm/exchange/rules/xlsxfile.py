"""XLSX through calamine, once the archive has been walked and found safe."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from openhtm.exchange.rules.tables import (
    Cell,
    DamagedFile,
    EmptyFile,
    EncryptedFile,
    Limits,
    Merge,
    Row,
    Sheet,
    UnsafeArchive,
    Workbook,
)
from openhtm.exchange.rules.xlsxguard import check_archive

_ARCHIVE_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, IndexError, KeyError,
    OverflowError, RuntimeError, NotImplementedError,
)  # what zipfile is known to raise on mutated archives  # fmt: skip
_MAX_TALL_MERGES = 10_000  # more is an attack on the time it takes to follow them
_CALAMINE_ERRORS = (CalamineError, OSError, ValueError, OverflowError)


def open_xlsx(path: Path, *, filename: str, limits: Limits) -> Workbook:
    """Return the visible and hidden worksheets of an XLSX. Raises UnreadableFile; opens only what fits in memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive, filename=filename, limits=limits)
    except _ARCHIVE_ERRORS as error:
        raise DamagedFile(filename=filename, reason="the archive cannot be unpacked") from error
    book = _open(path, filename=filename)
    sheets: list[Sheet] = [
        XlsxSheet(book, index, name=meta.name, hidden=meta.visible != SheetVisibleEnum.Visible, filename=filename)
        for index, meta in enumerate(book.sheets_metadata)
        if meta.typ == SheetTypeEnum.WorkSheet
    ]
    if not sheets:
        raise EmptyFile(filename=filename)
    if len(sheets) > limits.max_sheets:
        raise UnsafeArchive(filename=filename, reason=f"it has {len(sheets)} sheets and the limit is {limits.max_sheets}")
    return Workbook(kind="xlsx", sheets=sheets)


def _open(path: Path, *, filename: str) -> CalamineWorkbook:
    with _Refusing(filename):
        return CalamineWorkbook.from_filelike(path.open("rb"))


class _Refusing:
    """Turns what calamine raises on a broken file into a refusal.

    Written as a context manager because a panic of its Rust code is no Exception and its class cannot be imported.
    """

    def __init__(self, filename: str) -> None:
        self.filename = filename

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and (isinstance(error, _CALAMINE_ERRORS) or type(error).__name__ == "PanicException"):
            _refuse(error, filename=self.filename)


def _refuse(error: BaseException, *, filename: str) -> NoReturn:
    if isinstance(error, PasswordError):
        raise EncryptedFile(filename=filename) from error
    raise DamagedFile(filename=filename, reason="the workbook inside cannot be read") from error


class XlsxSheet(Sheet):
    """One worksheet. It is loaded when first asked for and kept, so ask one sheet at a time and ``release`` it."""

    def __init__(self, book: CalamineWorkbook, index: int, *, name: str, hidden: bool, filename: str) -> None:
        self.name, self.hidden = name, hidden
        self._book, self._index, self._filename = book, index, filename
        self._sheet: CalamineSheet | None = None

    @property
    def row_count(self) -> int:
        end = self._loaded().end
        return 0 if end is None else end[0] + 1

    @property
    def merges(self) -> tuple[Merge, ...]:
        ranges = self._loaded().merged_cell_ranges or []
        return tuple(Merge(*first, *last) for first, last in ranges)

    def rows(self) -> Iterator[Row]:
        """Yield typed cells. A range merged downwards repeats its value in the first column of the range."""
        sheet = self._loaded()
        start = sheet.start
        if start is None:
            return
        pad: Row = ("",) * start[1]
        tall = [merge for merge in self.merges if merge.last_row > merge.first_row]
        if len(tall) > _MAX_TALL_MERGES:
            tall = []
        rows = (pad + tuple(row) for row in sheet.iter_rows()) if pad else map(tuple, sheet.iter_rows())
        yield from _filled_down(rows, tall) if tall else rows

    def release(self) -> None:
        """Give the memory of the sheet back."""
        self._sheet = None

    def _loaded(self) -> CalamineSheet:
        if self._sheet is None:
            with _Refusing(self._filename):
                self._sheet = self._book.get_sheet_by_index(self._index)
        return self._sheet


def _filled_down(rows: Iterator[Row], merges: list[Merge]) -> Iterator[Row]:
    waiting = sorted(merges, reverse=True)
    active: list[tuple[Merge, Cell]] = []
    for number, row in enumerate(rows):
        if not active and not (waiting and waiting[-1].first_row <= number):
            yield row
            continue
        cells = list(row)
        for merge, value in active:
            if merge.first_column < len(cells):
                cells[merge.first_column] = value
        while waiting and waiting[-1].first_row <= number:
            merge = waiting.pop()
            if merge.first_column < len(cells):
                active.append((merge, cells[merge.first_column]))
        active = [(merge, value) for merge, value in active if merge.last_row > number]
        yield tuple(cells)
