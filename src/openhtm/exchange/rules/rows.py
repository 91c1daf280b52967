"""Read a whole table by a profile: one dictionary of values a row, with every problem and warning at its cell."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from openhtm.core.text import fold
from openhtm.exchange.rules.dates import detect_order
from openhtm.exchange.rules.headers import Header
from openhtm.exchange.rules.mapping import CUSTOM, IGNORE, BadProfile, ColumnMap, Profile, TargetField, date_rule, matched_columns
from openhtm.exchange.rules.numbers import detect_decimal_mark
from openhtm.exchange.rules.tables import Cell, Note, Row
from openhtm.exchange.rules.values import MISSING, Problem, ReadOptions, Result, Value, column_reader, missing_words, plain_text

_SHOWN = 200
_GATHERED = frozenset(("control_number", "alternate_number", "notes"))


class CellProblem(NamedTuple):
    """A problem or warning at a cell. ``row`` from 1 as the spreadsheet shows it; ``value`` as it stands there, cut at 200."""

    row: int
    column: str
    field: str
    value: str
    code: str
    message: str


class ReadRow(NamedTuple):
    """One row understood. ``values`` holds only fields that are not missing; ``problems`` refuse the row, ``warnings`` do not."""

    number: int
    values: dict[str, Value]
    problems: tuple[CellProblem, ...]
    warnings: tuple[CellProblem, ...]


class _Reader(NamedTuple):
    position: int
    column: str
    field: str
    read: Callable[[Cell], Result]


@dataclass(frozen=True, slots=True)
class TableReader:
    """Made once for a file by ``table_reader``; ``notes`` say what was decided from the contents."""

    readers: tuple[_Reader, ...]
    constants: dict[str, Value]
    required: tuple[TargetField, ...]
    notes: tuple[Note, ...]
    unmapped: tuple[str, ...]

    def read(self, number: int, cells: Row) -> ReadRow:
        """Return one row; ``cells`` in the order of the header's columns."""
        values = dict(self.constants)
        problems: list[CellProblem] = []
        warnings: list[CellProblem] = []
        for position, column, field, read in self.readers:
            cell = cells[position]
            if cell == "":
                continue
            result = read(cell)
            if result is MISSING:
                continue
            if isinstance(result, Problem):
                problems.append(
                    CellProblem(number, column, field, plain_text(cell)[:_SHOWN], result.code, f"{result.message} {result.remedy}")
                )
                continue
            if result.warning:
                warnings.append(CellProblem(number, column, field, plain_text(cell)[:_SHOWN], "read-as", result.warning))
            if field in _GATHERED:
                self._gather(values, field, result)
            elif field not in values:
                values[field] = result
        for target in self.required:
            if target.code not in values and not any(problem.field == target.code for problem in problems):
                message = f"{target.label} is missing. Fill the cell, or give one value for all rows."
                problems.append(CellProblem(number, "", target.code, "", "required", message))
        return ReadRow(number, values, tuple(problems), tuple(warnings))

    @staticmethod
    def _gather(values: dict[str, Value], field: str, result: Value) -> None:
        """Notes and numbers of several columns are kept together; of every other field the first column wins."""
        earlier = values.get(field)
        if field == "alternate_number" or (result.also and field == "control_number"):
            _add_numbers(values, field, result)
        elif earlier is None:
            values[field] = result
        elif field == "notes":
            values[field] = Value(f"{earlier.value}\n{result.value}")

    def read_all(self, rows: Iterable[tuple[int, Row]]) -> Iterator[ReadRow]:
        for number, cells in rows:
            yield self.read(number, cells)


def _add_numbers(values: dict[str, Value], field: str, result: Value) -> None:
    """Alternate numbers are a tuple; what stands beside a control number in its cell joins them."""
    numbers: tuple[str, ...] = (result.value, *result.also)
    if field == "control_number":
        values[field] = result
        numbers = result.also
    earlier = values.get("alternate_number")
    known = earlier.value if earlier else ()
    values["alternate_number"] = Value((*known, *(number for number in numbers if number not in known)))


def table_reader(profile: Profile, header: Header, fields: Sequence[TargetField], *, samples: Sequence[Sequence[Cell]] = ()) -> TableReader:
    """Prepare reading: choose date order and decimal mark of each column by the profile, else by ``samples`` (by column).

    Raises BadProfile if the profile names an unknown field or no column of the file.
    """
    by_code = {target.code: target for target in fields}
    columns = matched_columns(profile, header)
    wanted = {one: position for one, position in columns.items() if one.field != IGNORE}
    unknown = sorted({one.field for one in wanted if one.field not in by_code and not one.field.startswith(CUSTOM)})
    unknown += sorted(code for code in profile.constants if code not in by_code and not code.startswith(CUSTOM))
    if unknown:
        raise BadProfile(reason=f"unknown fields: {', '.join(unknown)}")
    if not wanted:
        raise BadProfile(reason="none of its columns is in this file")
    notes: list[Note] = []
    readers = []
    for one, position in wanted.items():
        target = by_code.get(one.field) or TargetField(one.field, one.field.removeprefix(CUSTOM), "longtext")
        options = _options(profile, one, target, samples[position] if position < len(samples) else (), notes)
        readers.append(_Reader(position, header.columns[position].name, one.field, column_reader(target.kind, options)))
    constants = _constants(profile, by_code)
    required = tuple(target for target in fields if target.required)
    mapped = set(columns.values())
    unmapped = tuple(column.name for position, column in enumerate(header.columns) if position not in mapped)
    return TableReader(tuple(readers), constants, required, tuple(notes), unmapped)


def _options(profile: Profile, one: ColumnMap, target: TargetField, cells: Sequence[Cell], notes: list[Note]) -> ReadOptions:
    order = profile.date_order or "dmy"
    if target.kind == "date" and profile.date_order is None:
        evidence = detect_order(cells)
        order = evidence.order
        if evidence.ambiguous and not evidence.for_it:
            notes.append(
                Note("date-order", f"{one.column}: no date tells day and month apart; read day first. Set the date order if this is wrong.")
            )
        elif evidence.against:
            notes.append(
                Note(
                    "date-order", f"{one.column}: {evidence.for_it} dates can only be {order}, {evidence.against} only the other way round."
                )
            )
    mark = profile.decimal_mark
    if mark is None and target.kind in ("number", "money", "integer"):
        mark = detect_decimal_mark(cells)
    return ReadOptions(
        missing=missing_words(profile.missing_words, kept=profile.kept_words),
        date=date_rule(one, order),
        decimal_mark=mark,
        currency=profile.currency,
        choices=target.choice_words(),
        translations={fold(word): text for word, text in profile.translations.get(one.field, {}).items()},
        split_codes=one.split_codes or one.field == "alternate_number",
    )


def _constants(profile: Profile, by_code: dict[str, TargetField]) -> dict[str, Value]:
    values = {}
    for code, text in profile.constants.items():
        target = by_code.get(code)
        result = column_reader(target.kind if target else "longtext", ReadOptions(choices=target.choice_words() if target else {}))(text)
        if isinstance(result, Problem):
            raise BadProfile(reason=f"the value for all rows of {code}: {result.message} {result.remedy}")
        if result is not MISSING:
            values[code] = Value((result.value,)) if code == "alternate_number" else result
    return values
