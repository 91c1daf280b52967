"""A sign-in list that was uploaded as CSV or XLSX: read through the rules of imports, shown, and recorded by ``attendance.record_list``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO

from openhtm.exchange.rules.headers import choose_sheet, data_rows
from openhtm.exchange.rules.sheets import open_table
from openhtm.exchange.rules.tables import Limits
from openhtm.training.rules.lists import ListRow, known_title, read_list
from openhtm.training.rules.shipped import limits

SIZE = Limits(max_bytes=5 * 1024 * 1024, max_unpacked_bytes=50 * 1024 * 1024, max_rows=20_000, max_columns=64)


def read_sign_in_list(*, content: BinaryIO, file_name: str) -> list[ListRow]:
    """Return the people of an uploaded list. Writes nothing. Raises UnreadableFile and its kin, NoNameColumn, TooManyAttendees."""
    with tempfile.NamedTemporaryFile(prefix="sign-in-") as copy:
        while piece := content.read(1 << 16):
            copy.write(piece)
        copy.flush()
        return read_path(Path(copy.name), file_name=file_name)


def read_path(path: Path, *, file_name: str) -> list[ListRow]:
    """The same for a file that lies on disk."""
    book = open_table(path, filename=file_name, limits=SIZE)
    sheet, header = choose_sheet(book, known=known_title, filename=file_name)
    titles = [column.title for column in header.columns]
    return read_list(titles, data_rows(sheet, header), filename=file_name, limit=limits().list_rows)
