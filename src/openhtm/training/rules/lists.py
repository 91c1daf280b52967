"""Sign-in lists as files: which columns hold names, numbers and units, and what each row says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openhtm.core.errors import DomainError
from openhtm.core.text import fold
from openhtm.exchange.rules.tables import Cell, Row, is_blank_row
from openhtm.exchange.rules.values import plain_text

NAMES = {
    "name": ("name", "full name", "employee name", "attendee", "participant", "staff name", "person", "nurse"),
    "first": ("first name", "given name", "forename", "first"),
    "last": ("last name", "surname", "family name", "last"),
    "number": (
        "employee number", "employee id", "employee no", "employee", "emp id", "emp no", "id", "staff number", "staff id", "staff no",
        "badge", "badge number", "personnel number", "number",
    ),
    "unit": ("unit", "department", "ward", "area", "cost centre", "cost center"),
}  # fmt: skip
_FIELD = {fold(title): field for field, titles in NAMES.items() for title in titles}
MOST_NAME, MOST_NUMBER = 120, 40


class NoNameColumn(DomainError):
    """A sign-in list has no column of names."""

    code = "no-name-column"
    message = "{filename} has no column of names. Name one Name, or two First name and Last name, and upload it again."


class TooManyAttendees(DomainError):
    """A sign-in list has more rows than one session takes."""

    code = "too-many-attendees"
    message = "{filename} has more than {limit} people. Split it by session."


@dataclass(frozen=True, slots=True)
class ListRow:
    """One person of a list. ``row`` counts as a spreadsheet shows it; ``problem`` says why it cannot be taken."""

    row: int
    name: str
    number: str = ""
    unit: str = ""
    problem: str = ""


def known_title(title: str) -> bool:
    """True for a column title that has a meaning here."""
    return _field(title) is not None


def read_list(titles: Sequence[str], rows: Iterable[tuple[int, Row]], *, filename: str, limit: int) -> list[ListRow]:
    """Return a row for each line that is not blank. Raises NoNameColumn, TooManyAttendees."""
    places: dict[str, int] = {}
    for place, title in enumerate(titles):
        if field := _field(title):
            places.setdefault(field, place)
    if "name" not in places and not {"first", "last"} <= set(places):
        raise NoNameColumn(filename=filename)
    found: list[ListRow] = []
    for number, row in rows:
        if is_blank_row(row):
            continue
        if len(found) == limit:
            raise TooManyAttendees(filename=filename, limit=limit)
        found.append(_row(number, row, places))
    return found


def typed_list(text: str, *, limit: int) -> list[ListRow]:
    """Read a list typed one person a line: a name, then an employee number after a comma, semicolon or tab. Raises TooManyAttendees."""
    found: list[ListRow] = []
    for place, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if len(found) == limit:
            raise TooManyAttendees(filename="The list", limit=limit)
        name, number = _parts(line)
        found.append(_checked(ListRow(place, name, number)))
    return found


def _parts(line: str) -> tuple[str, str]:
    """``Rosa Lindqvist, 10482`` and ``Lindqvist, Rosa; 10482``: the last part with a digit is the number."""
    for separator in (";", "\t", ","):
        head, found, tail = line.rpartition(separator)
        if found and head.strip() and any(char.isdigit() for char in tail):
            return _one_line(head), _one_line(tail)
    return _one_line(line), ""


def _field(title: str) -> str | None:
    return _FIELD.get(fold(title.replace("_", " ").replace(".", " ")))


def _row(number: int, row: Row, places: dict[str, int]) -> ListRow:
    text = {field: _one_line(plain_text(_cell(row, place))) for field, place in places.items()}
    name = text.get("name") or f"{text.get('first', '')} {text.get('last', '')}".strip()
    return _checked(ListRow(number, name, text.get("number", ""), text.get("unit", "")[:MOST_NAME]))


def _checked(row: ListRow) -> ListRow:
    problem = ""
    if not any(char.isalpha() for char in row.name):
        problem = "There is no name."
    elif len(row.name) > MOST_NAME or len(row.number) > MOST_NUMBER:
        problem = f"A name has up to {MOST_NAME} characters, a number up to {MOST_NUMBER}."
    return ListRow(row.row, row.name[:MOST_NAME], row.number[:MOST_NUMBER], row.unit, problem)


def _cell(row: Row, place: int) -> Cell:
    return row[place] if place < len(row) else ""


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
