"""Find the header row of a sheet, wherever it stands, and name every column once."""

import datetime as dt
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from openhtm.core.text import fold
from openhtm.exchange.rules.tables import Cell, Merge, Row, Sheet, UnreadableFile, Workbook, is_blank, is_blank_row

SEARCH_ROWS = 100
_BELOW = 20
_LONG_NAME = 120
_NUMBER = re.compile(r"^[\s$€£+-]*\d[\d.,:/\s%-]*$")


class NoHeader(UnreadableFile):
    code = "no-header-row"
    message = (
        "No header row was found in {filename}. Give every column a name in one row above the data, "
        "or say in the import profile which row holds the names."
    )


class Column(NamedTuple):
    """One column of a table. ``position`` counts from 0; ``name`` is unique; ``title`` is ``name`` without its group."""

    position: int
    name: str
    title: str
    group: str


class Header(NamedTuple):
    """Where a table starts. Rows count from 1, as a spreadsheet shows them. ``evidence`` says why this row."""

    row: int
    group_row: int | None
    data_row: int
    columns: tuple[Column, ...]
    score: float
    evidence: str

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


Known = Callable[[str], bool]


def find_header(
    rows: Sequence[Row], *, merges: Sequence[Merge] = (), known: Known | None = None, row_hint: int | None = None,
    filename: str = "The file",
) -> Header:  # fmt: skip
    """Return the header among ``rows``, which must be the first rows of the sheet.

    ``known`` tells whether a name is one we have a field for: the strongest evidence. ``row_hint`` (from 1) decides if that
    row holds at least one name. Raises NoHeader.
    """
    if row_hint and 0 < row_hint <= len(rows) and not is_blank_row(rows[row_hint - 1]):
        index, score, evidence = row_hint - 1, 1.0, f"row {row_hint} as the profile says"
    else:
        index, score = _best_row(rows, known)
        if index < 0:
            raise NoHeader(filename=filename)
        evidence = f"row {index + 1} has names in most columns and values below"
    group_index, groups = _groups(rows, index, merges)
    columns = _columns(rows, index, groups)
    first_group = None if group_index is None else group_index + 1
    return Header(index + 1, first_group, index + 2, columns, round(score, 3), evidence)


def choose_sheet(
    workbook: Workbook, *, known: Known | None = None, sheet: str | None = None, row_hint: int | None = None, filename: str
) -> tuple[Sheet, Header]:
    """Return the sheet that looks most like a table with names we know; visible sheets come first.

    ``sheet`` decides if the file has one of that name. Raises NoHeader.
    """
    best: tuple[float, Sheet, Header] | None = None
    named_so = [one for one in workbook.sheets if sheet is not None and fold(one.name) == fold(sheet)]
    for one in named_so or workbook.sheets:
        try:
            header = find_header(first_rows(one), merges=one.merges, known=known, row_hint=row_hint, filename=filename)
        except NoHeader:
            continue
        named = sum(1 for column in header.columns if known and known(column.title))
        score = (0 if one.hidden else 1000) + named * 10 + header.score
        if len(workbook.sheets) > 1:
            score += min(one.row_count, 1_000_000) / 1_000_000
            one.release()
        if best is None or score > best[0]:
            best = (score, one, header)
    if best is None:
        raise NoHeader(filename=filename)
    return best[1], best[2]


def first_rows(sheet: Sheet, count: int = SEARCH_ROWS + _BELOW) -> list[Row]:
    return list(itertools.islice(sheet.rows(), count))


def data_rows(sheet: Sheet, header: Header) -> Iterator[tuple[int, Row]]:
    """Yield (row number from 1, cells in the order of ``header.columns``); blank rows and repeated headers are left out."""
    indexes = [column.position for column in header.columns]
    width = max(indexes) + 1
    plain = indexes == list(range(width))
    titles = tuple(fold(column.title) for column in header.columns)
    first = ("", titles[0][:1], header.columns[0].title[:1].lower())
    for number, row in enumerate(sheet.rows(), start=1):
        if number < header.data_row or is_blank_row(row):
            continue
        if len(row) < width:
            row += ("",) * (width - len(row))
        cells = row[:width] if plain else tuple([row[index] for index in indexes])
        if cells[0].__class__ is str and len(cells[0]) < _LONG_NAME and cells[0][:1].lower() in first and _is_repeated(cells, titles):
            continue
        yield number, cells


def _is_repeated(cells: Row, titles: tuple[str, ...]) -> bool:
    """True for a header printed again at the top of a page; one single column may well hold its own name."""
    return len(titles) > 1 and all(isinstance(cell, str) and fold(cell) in ("", title) for cell, title in zip(cells, titles, strict=True))


def _best_row(rows: Sequence[Row], known: Known | None) -> tuple[int, float]:
    best, best_score = -1, 0.0
    widths = [sum(1 for cell in row if not is_blank(cell)) for row in rows]
    usual = _usual_width(widths)
    for index, row in enumerate(rows[:SEARCH_ROWS]):
        if widths[index] and row not in rows[:index]:  # a header printed again on each page counts once
            score = _score(rows, index, widths, usual, known)
            if score > best_score + 1e-9:
                best, best_score = index, score
    return best, best_score


def _usual_width(widths: Sequence[int]) -> int:
    """The number of filled cells that most rows reach, so that a wide title or a thin comment decides nothing."""
    filled = sorted(width for width in widths if width)
    return filled[len(filled) * 3 // 4] if filled else 0


def _score(rows: Sequence[Row], index: int, widths: Sequence[int], usual: int, known: Known | None) -> float:
    cells = [cell for cell in rows[index] if not is_blank(cell)]
    fill = min(len(cells) / max(usual, 1), 1.0)
    if fill < 0.5:
        return 0.0
    texts = [cell for cell in cells if isinstance(cell, str) and not _NUMBER.match(cell) and len(cell) <= _LONG_NAME]
    textual = sum(1.0 if _shape(text) == "text" else 0.5 for text in texts) / len(cells)
    unique = len({fold(text) for text in texts}) / len(cells)
    recognised = sum(1 for text in texts if known(text)) / len(cells) if known else 0.0
    below = [
        row for row, width in zip(rows[index + 1 : index + 1 + _BELOW], widths[index + 1 :], strict=False) if width and row != rows[index]
    ]
    contrast = _contrast(rows[index], below)
    supported = 1.0 if below else 0.0
    return fill * 2 + textual * 2 + unique + recognised * 6 + contrast * 2 + supported * 0.5 - index * 0.01


def _contrast(row: Row, below: Sequence[Row]) -> float:
    """Share of columns where the values below are of another kind or length than the name above them."""
    columns = [column for column, cell in enumerate(row) if not is_blank(cell)]
    different = 0.0
    for column in columns:
        values = [other[column] for other in below if column < len(other) and not is_blank(other[column])]
        if values:
            different += sum(1 for value in values if _shape(value) != "text") / len(values)
            different -= 0.5 * any(isinstance(value, str) and fold(value) == fold(str(row[column])) for value in values)
    return different / max(len(columns), 1)


def _shape(cell: Cell) -> str:
    if isinstance(cell, bool | int | float | dt.date | dt.time | dt.timedelta):
        return "value"
    if _NUMBER.match(cell):
        return "value"
    return "code" if any(char.isdigit() for char in cell) else "text"


def _groups(rows: Sequence[Row], index: int, merges: Sequence[Merge]) -> tuple[int | None, dict[int, str]]:
    """Return the row of the group headers above ``index`` and the group of each column it covers."""
    width = len(rows[index])
    for above in range(index - 1, max(index - 4, -1), -1):
        row = rows[above]
        if is_blank_row(row):
            continue
        groups = _groups_by_merge(row, above, merges) if merges else _groups_by_position(row, rows[index])
        covered = sum(1 for column in groups if column < width)
        named = len({text for text in groups.values() if text})
        first = min([above, *(merge.first_row for merge in merges if merge.first_row <= above <= merge.last_row)])
        return (first, groups) if named > 1 and covered * 2 >= _filled(rows[index]) else (None, {})
    return None, {}


def _groups_by_merge(row: Row, above: int, merges: Sequence[Merge]) -> dict[int, str]:
    spans = {merge.first_column: merge for merge in merges if merge.first_row <= above <= merge.last_row}
    groups: dict[int, str] = {}
    for column, cell in enumerate(row):
        if not is_blank(cell):
            last = spans[column].last_column if column in spans else column
            groups |= dict.fromkeys(range(column, last + 1), _clean(cell))
    return groups


def _groups_by_position(row: Row, header: Row) -> dict[int, str]:
    """Without merges (CSV) a group reaches to the next one; only a row of few short texts can be one."""
    texts = [cell for cell in row if not is_blank(cell)]
    starts_first = bool(row) and not is_blank(row[0])
    if not starts_first or len(texts) * 2 > _filled(header) or any(not isinstance(cell, str) or _NUMBER.match(cell) for cell in texts):
        return {}
    groups: dict[int, str] = {}
    current = ""
    for column in range(len(header)):
        cell = row[column] if column < len(row) else ""
        current = current if is_blank(cell) else _clean(cell)
        groups[column] = current
    return groups


def _filled(row: Row) -> int:
    return sum(1 for cell in row if not is_blank(cell))


def _columns(rows: Sequence[Row], index: int, groups: dict[int, str]) -> tuple[Column, ...]:
    """Name each column that has a name or a value; what is blank is called after its letter, what is double is counted."""
    width = max(len(row) for row in rows[index : index + 1 + _BELOW])
    used: Counter[str] = Counter()
    columns = []
    for column in range(width):
        title = _clean(rows[index][column]) if column < len(rows[index]) else ""
        group = groups.get(column, "")
        if not title and not _has_values(rows[index + 1 :], column):
            continue
        if not title:
            title, group = (group, "") if group else (f"Column {letters(column)}", group)
        name = f"{group} / {title}" if group and fold(group) != fold(title) else title
        columns.append(Column(column, _unique(name, used), title, group))
    return tuple(columns)


def _has_values(rows: Sequence[Row], column: int) -> bool:
    return any(column < len(row) and not is_blank(row[column]) for row in rows)


def _unique(name: str, used: Counter[str]) -> str:
    wanted, times = name, 1
    while used[fold(wanted)]:
        times += 1
        wanted = f"{name} ({times})"
    used[fold(wanted)] += 1
    return wanted


def _clean(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str(cell).replace("\x00", "").split())[:_LONG_NAME]


def letters(column: int) -> str:
    """Return the spreadsheet name of a column counted from 0: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
