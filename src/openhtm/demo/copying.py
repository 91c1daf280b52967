"""Rows by COPY, a table at a time: what makes a million devices a matter of minutes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


class TableCopy:
    """Rows of one table waiting to be copied. Columns that are not named get their database default."""

    def __init__(self, model: type[models.Model], columns: Sequence[str]) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        self._statement = f'COPY "{model._meta.db_table}" ({names}) FROM STDIN'
        self._lines: list[str] = []
        self.written = 0

    def add(self, values: Iterable[Any]) -> None:
        """Keep one row; values in the order of the columns."""
        self._lines.append("\t".join(map(_text, values)))

    def flush(self) -> None:
        """Write what waits. One COPY statement, so statement-level history is written once for all of it."""
        if not self._lines:
            return
        with connection.cursor() as cursor, cursor.copy(self._statement) as copy:
            copy.write("\n".join(self._lines) + "\n")
        self.written += len(self._lines)
        self._lines.clear()


def _text(value: Any) -> str:
    """Return ``value`` in the text form of COPY: ``\\N`` for NULL, backslash escapes for what would end a field."""
    if value is None:
        return "\\N"
    text = value if type(value) is str else str(value)
    if "\\" in text or "\n" in text or "\t" in text or "\r" in text:
        return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return text


def reserve_ids(model: type[models.Model], count: int) -> int:
    """Take ``count`` consecutive primary keys of ``model`` and return the first. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [model._meta.db_table])
        sequence = cursor.fetchone()[0]
        cursor.execute("SELECT nextval(%s)", [sequence])
        first = int(cursor.fetchone()[0])
        cursor.execute("SELECT setval(%s, %s)", [sequence, first + count - 1 if count else first])
    return first
