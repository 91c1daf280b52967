"""A sign-in list that was uploaded as CSV or XLSX: read through the rules of imports, shown, and recorded as it was shown.

What was shown goes to the page and comes back signed: nothing is kept in between, and nothing can be changed on the way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.core import signing

from openhtm.core.errors import Invalid
from openhtm.exchange.rules.headers import choose_sheet, data_rows
from openhtm.exchange.rules.sheets import open_table
from openhtm.exchange.rules.tables import Limits
from openhtm.training.rules.lists import ListRow, known_title, read_list
from openhtm.training.rules.shipped import limits
from openhtm.training.services.attendance import Outcome, Seen

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


def as_shown(session_uid: UUID, outcomes: Sequence[Outcome]) -> str:
    """Return a list as it was shown for a session, signed."""
    rows = [(one.row.row, one.row.name, one.row.number, one.row.unit, one.row.problem, one.verdict, one.match.key) for one in outcomes]
    return signing.dumps(rows, salt=_salt(session_uid), compress=True)


def read_shown(session_uid: UUID, text: str) -> tuple[list[ListRow], list[Seen]]:
    """Return the rows of ``as_shown`` and what was shown of each. Raises Invalid if it was changed, or is of another session."""
    try:
        rows = signing.loads(text, salt=_salt(session_uid))
    except signing.BadSignature:
        raise Invalid({"people": ["This is not the list that was shown. Upload it again."]}) from None
    return [ListRow(*row[:5]) for row in rows], [(row[5], row[6]) for row in rows]


def _salt(session_uid: UUID) -> str:
    return f"openhtm.training.list:{session_uid}"
