"""What a file of rows looks like once it is open, how large it may be, and why it may be refused."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from openhtm.core.errors import DomainError

Cell = str | float | int | bool | dt.date | dt.datetime | dt.time | dt.timedelta
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be before it is refused. Sizes in bytes, lengths in characters."""

    max_bytes: int = 256 * 1024 * 1024
    max_unpacked_bytes: int = 2 * 1024 * 1024 * 1024
    max_ratio: int = 200  # unpacked : packed, judged above ``ratio_free_bytes`` only
    ratio_free_bytes: int = 16 * 1024 * 1024
    max_rows: int = 1_048_576
    max_columns: int = 512
    max_cell_chars: int = 32_767
    max_cells: int = 32_000_000  # an XLSX sheet is held as a dense block of about 32 bytes a cell
    max_sheets: int = 100


class Note(NamedTuple):
    """Something worth saying about a file that was read all the same."""

    code: str
    message: str


class Merge(NamedTuple):
    """A merged range, zero-based and inclusive."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


class Sheet(ABC):
    """One table of a file. ``rows()`` starts from the top each time it is called."""

    name: str = ""
    hidden: bool = False

    @property
    @abstractmethod
    def row_count(self) -> int:
        """Number of rows including blank ones; for XLSX this loads the sheet."""

    @property
    def merges(self) -> tuple[Merge, ...]:
        return ()

    def release(self) -> None:  # noqa: B027 (only some kinds hold anything)
        """Give back memory held for this sheet; it is read again when asked for."""

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Yield every row, blank ones included, so that the n-th is row n of the file. Raises TableTooLarge, DamagedFile."""


@dataclass(slots=True)
class Workbook:
    """An open file: ``kind`` is ``csv`` or ``xlsx``; ``notes`` may grow while rows are read."""

    kind: str
    sheets: list[Sheet]
    notes: list[Note] = field(default_factory=list)


class UnreadableFile(DomainError):
    """Any refusal of a whole file. Facts always hold ``filename``."""

    code = "unreadable-file"
    message = "{filename} cannot be read. Save it as XLSX or CSV and upload it again."


class FileTooLarge(UnreadableFile):
    code = "file-too-large"
    status = 413
    message = "{filename} has {size_mb} MB; the limit is {limit_mb} MB. Split it, or save it as CSV without pictures."


class EmptyFile(UnreadableFile):
    code = "empty-file"
    message = "{filename} holds no rows. Choose the file that holds the inventory."


class NotATable(UnreadableFile):
    code = "not-a-table"
    message = "{filename} is {kind}, not a table. Save the table as XLSX or CSV and upload that."


class OldSpreadsheet(UnreadableFile):
    code = "spreadsheet-format"
    message = "{filename} is {kind}. Open it and save it as XLSX (.xlsx) or CSV, then upload that."


class EncryptedFile(UnreadableFile):
    code = "encrypted-file"
    message = "{filename} is protected by a password. Save a copy without the password and upload that."


class UnsafeArchive(UnreadableFile):
    code = "unsafe-archive"
    message = "{filename} is refused: {reason}. Open it in a spreadsheet program, save it afresh and upload that."


class DamagedFile(UnreadableFile):
    code = "damaged-file"
    message = "{filename} is damaged ({reason}). Open it in a spreadsheet program, save it again and upload that."


class TableTooLarge(UnreadableFile):
    code = "table-too-large"
    status = 413
    message = "{filename} has {what} at row {row}; the limit is {limit}. {remedy}"


def is_blank(cell: Cell) -> bool:
    """True for a cell that shows nothing. Zero and False are values."""
    return isinstance(cell, str) and not cell.strip()


def is_blank_row(row: Row) -> bool:
    for cell in row:  # noqa: SIM110 (a generator is three times slower, and this runs for every row)
        if cell != "" and not is_blank(cell):
            return False
    return True
