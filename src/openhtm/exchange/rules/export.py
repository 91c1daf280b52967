"""Write tables that spreadsheets open safely and that our own import reads back as they were."""

import csv
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from openhtm.core.errors import DomainError
from openhtm.exchange.rules.dates import BEFORE, MONTH, YEAR
from openhtm.exchange.rules.guard import guarded

OutCell = str | int | float | bool | Decimal | dt.date | dt.datetime | None
BOM = "\ufeff"
_XLSX_ROWS = 1_048_576
_XLSX_CHARS = 32_767
_XLSX_FIRST_DAY = dt.date(1900, 3, 1)  # before it spreadsheets count a day that never was
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WIDEST = 60


class TooManyRowsForXlsx(DomainError):
    code = "too-many-rows-for-xlsx"
    message = "XLSX holds {limit:,} rows. Export as CSV, or filter the list first."


def write_csv(
    stream: IO[str], *, columns: Sequence[str], rows: Iterable[Sequence[OutCell]], bom: bool = False, delimiter: str = ","
) -> int:
    """Write a header and ``rows`` to a text stream opened with ``newline=""`` and UTF-8; return the number of rows.

    ``bom`` helps Excel to see UTF-8. None is an empty cell, True ``true``, a date ISO 8601, a Decimal plain digits with a
    point. Texts are guarded against running as formulas (``guard``); numbers are not, so ``-5`` stays a number.
    """
    if bom:
        stream.write(BOM)
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([guarded(name) for name in columns])
    count = 0
    for row in rows:
        writer.writerow([_csv_cell(cell) for cell in row])
        count += 1
    return count


def _csv_cell(cell: OutCell) -> str | int | float:
    if isinstance(cell, str):
        return guarded(cell.replace("\x00", ""))
    return _plain(cell)


def _plain(cell: OutCell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, (dt.date, dt.datetime)):
        return cell.isoformat()
    return cell


def write_xlsx(
    target: Path | IO[bytes],
    *,
    columns: Sequence[str],
    rows: Iterable[Sequence[OutCell]],
    sheet: str = "Devices",
    about: Sequence[tuple[str, str]] = (),
) -> int:
    """Write one sheet with a frozen, filterable header in constant memory; return the number of rows.

    Texts are always text cells, never formulas or links. Numbers and dates keep their type; instants with a time zone are
    written as text. ``about`` fills a second sheet with names and texts. Texts are cut at 32,767 characters, the format's limit. Raises TooManyRowsForXlsx.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, options) as book:
        page = book.add_worksheet(_sheet_name(sheet))
        bold = book.add_format({"bold": True, "bottom": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        page.freeze_panes(1, 0)
        for column, name in enumerate(columns):
            page.set_column(column, column, min(max(len(name) + 2, 12), _WIDEST))
            page.write_string(0, column, _xlsx_text(name), bold)
        count = 0
        for count, row in enumerate(rows, start=1):
            if count >= _XLSX_ROWS:
                raise TooManyRowsForXlsx(limit=_XLSX_ROWS - 1)
            for column, cell in enumerate(row):
                _write_cell(page, count, column, cell, day)
        page.autofilter(0, 0, count, max(len(columns) - 1, 0))
        if about:
            _write_about(book, about, bold)
    return count


def _write_about(book: Any, about: Sequence[tuple[str, str]], bold: Any) -> None:
    page = book.add_worksheet("About")
    page.set_column(0, 0, 24)
    page.set_column(1, 1, _WIDEST)
    for row, (name, text) in enumerate(about):
        page.write_string(row, 0, _xlsx_text(name), bold)
        page.write_string(row, 1, _xlsx_text(text))


def _write_cell(page: Any, row: int, column: int, cell: OutCell, day: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, str):
        page.write_string(row, column, _xlsx_text(cell))
    elif isinstance(cell, bool):
        page.write_boolean(row, column, cell)
    elif isinstance(cell, dt.date) and not isinstance(cell, dt.datetime) and cell >= _XLSX_FIRST_DAY:
        page.write_datetime(row, column, dt.datetime(cell.year, cell.month, cell.day), day)  # noqa: DTZ001 (a calendar day)
    elif isinstance(cell, int | float | Decimal) and _fits_double(cell):
        page.write_number(row, column, float(cell))
    else:
        page.write_string(row, column, str(_plain(cell)))


def _fits_double(number: int | float | Decimal) -> bool:
    """True if a spreadsheet, which keeps 15 digits, shows the same number."""
    value = Decimal(str(number))
    return value.is_finite() and len(value.normalize().as_tuple().digits) <= 15 and -300 < value.adjusted() < 300


def _xlsx_text(text: str) -> str:
    return _NOT_IN_XML.sub("", text)[:_XLSX_CHARS]


def _sheet_name(name: str) -> str:
    return re.sub(r"[\[\]:*?/\\']", " ", name)[:31].strip() or "Sheet"


def date_cell(value: dt.date | None, precision: str | None) -> OutCell:
    """Return a date as the import reads it back with its precision: ``2005``, ``2021-03``, ``before 2003-01-01``."""
    if value is None:
        return None
    if precision == YEAR:
        return f"{value:%Y}"
    if precision == MONTH:
        return f"{value:%Y-%m}"
    return f"before {value.isoformat()}" if precision == BEFORE else value


def numbers_cell(numbers: Iterable[str]) -> str:
    """Return alternate numbers in one cell, parted as the import splits them."""
    return "; ".join(numbers)
