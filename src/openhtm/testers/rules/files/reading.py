"""Read a tester's file by a mapping: measured rows and problems, whatever the bytes are.

Nothing in a file makes this raise. A file that cannot be read gives one problem of the whole file; a row that cannot be used
gives one of its own and leaves the others alone. Fields and problems: docs/how-to/import-tester-files.md.
"""

import hashlib
from collections.abc import Iterator

from openhtm.testers.rules.files.csvfile import CutOff, csv_records, decoded
from openhtm.testers.rules.files.mapping import XML, TesterMapping
from openhtm.testers.rules.files.model import ERROR, WARNING, WHOLE_FILE, FileLimits, FileReading, MeasuredRow, Problem
from openhtm.testers.rules.files.rows import read_row
from openhtm.testers.rules.files.xmlfile import Record, Unreadable, xml_records


def read(*, data: bytes, mapping: TesterMapping, limits: FileLimits | None = None) -> FileReading:
    """Return what ``data`` holds by ``mapping``. Never raises for the content; memory stays in proportion to ``limits``."""
    return _Reader(mapping, limits or FileLimits()).read(data)


class _Reader:
    """Collects rows and problems of one file."""

    def __init__(self, mapping: TesterMapping, limits: FileLimits) -> None:
        self._mapping, self._limits = mapping, limits
        self._rows: list[MeasuredRow] = []
        self._problems: list[Problem] = []
        self._unlisted = 0
        self._skipped = 0
        self._complete = True

    def read(self, data: bytes) -> FileReading:
        try:
            self._take(data)
        except (Unreadable, CutOff) as error:
            self._stop(str(error))
        if self._complete and not self._rows and not self._problems and not self._skipped:
            self._note(Problem(WHOLE_FILE, "", WARNING, "The file holds no measurements where the mapping looks for them."))
        if self._unlisted:
            self._problems.append(Problem(WHOLE_FILE, "", WARNING, f"There are {self._unlisted:,} more problems that are not listed."))
        return FileReading(
            rows=tuple(self._rows),
            problems=tuple(self._problems),
            skipped=self._skipped,
            complete=self._complete,
            sha256=hashlib.sha256(data).hexdigest(),
            mapping=self._mapping.code,
            mapping_sha256=self._mapping.sha256,
        )

    def _take(self, data: bytes) -> None:
        if len(data) > self._limits.max_bytes:
            raise Unreadable(f"The file is larger than {self._limits.max_bytes >> 20} MB. Export fewer tests at a time.")
        if not data.strip():
            raise Unreadable("The file is empty.")
        for number, record in enumerate(self._records(data), start=1):
            if number > self._limits.max_rows:
                raise CutOff(f"There are more than {self._limits.max_rows:,} rows. Split the file and import the parts.")
            self._take_row(record)

    def _records(self, data: bytes) -> Iterator[Record]:
        if self._mapping.format == XML:
            return xml_records(data=data, mapping=self._mapping, limits=self._limits)
        text = decoded(data=data, encoding=self._mapping.encoding)
        if text.warning:
            self._note(Problem(WHOLE_FILE, "", WARNING, text.warning))
        return csv_records(text=text.text, mapping=self._mapping, limits=self._limits)

    def _take_row(self, record: Record) -> None:
        found = read_row(text_of=record.text_of, place=record.place, mapping=self._mapping, longest=self._limits.max_text_chars)
        self._skipped += found.skipped
        if found.row is not None:
            self._rows.append(found.row)
        for problem in found.problems:
            self._note(problem)

    def _note(self, problem: Problem) -> None:
        if len(self._problems) < self._limits.max_problems:
            self._problems.append(problem)
        else:
            self._unlisted += 1

    def _stop(self, why: str) -> None:
        """Say why reading ended early; this problem is listed whatever the number of others."""
        self._complete = False
        self._problems.append(Problem(WHOLE_FILE, "", ERROR, why))
