"""Calendar days as people write them: exact, bare years and months, free text with several dates, day numbers."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from openhtm.core.text import fold
from openhtm.exchange.rules.tables import Cell

DAY, MONTH, YEAR, BEFORE = "day", "month", "year", "before"
FIRST_YEAR, LAST_YEAR = 1900, 2099
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 80_000  # 1927-05-18 to 2119-01-11
_EXCEL_EPOCH = dt.date(1899, 12, 30)
_PIVOT = 70
_LONGEST = 1_000  # characters; more is prose, not a date

_MONTH_NAMES = (
    "january jan enero ene janvier janv januar gennaio gen janeiro januari",
    "february feb febrero fevrier fevr februar febbraio fevereiro fev februari",
    "march mar marzo mars marz maerz mrz marco maart mrt",
    "april apr abril abr avril avr aprile",
    "may mayo mai maggio mag maio mei",
    "june jun junio juin juni giugno giu junho",
    "july jul julio juillet juil juli luglio lug julho",
    "august aug agosto ago aout augustus",
    "september sep sept septiembre setiembre set septembre settembre setembro",
    "october oct octubre octobre oktober okt ottobre ott outubro out",
    "november nov noviembre novembre novembro",
    "december dec diciembre dic decembre dezember dez dicembre dezembro december",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_NAME = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_OF = r"(?:\s*(?:de|del|of|d'|von|di)\s+|[\s,./-]+)"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?"
_FRAGMENT = re.compile(
    r"(?P<iso>(?<!\d)(?P<iy>\d{4})[-/.](?P<im>\d{1,2})[-/.](?P<id>\d{1,2})(?!\d)"
    rf"(?:[t ]{_CLOCK}(?:z|[+-]\d\d:?\d\d)?)?)"
    r"|(?P<num>(?<![\d/.-])(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})(?![\d])"
    rf"(?:[ ,]+{_CLOCK}(?: ?[ap]\.?m\.?)?)?)"
    rf"|(?P<dmy>(?<!\d)(?P<d1>\d{{1,2}})(?:st|nd|rd|th|º|°|o)?{_OF}(?P<m1>{_NAME}){_OF}(?P<y1>\d{{4}})(?!\d))"
    rf"|(?P<mdy>(?<![a-z])(?P<m2>{_NAME})\s*(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?:\s*(?:de|del)\s+|[\s,]+)(?P<y2>\d{{4}})(?!\d))"
    rf"|(?P<my>(?<![a-z])(?P<m3>{_NAME}){_OF}(?P<y3>\d{{4}})(?!\d))"
    r"|(?P<nm>(?<![\d/.-])(?P<m4>\d{1,2})[-/.](?P<y4>\d{4})(?![\d/]|[.-]\d))"
    r"|(?P<ym>(?<![\d/.-])(?P<y5>\d{4})[-/.](?P<m5>\d{1,2})(?![\d/]|[.-]\d))"
    r"|(?P<year>(?<![\d/.,-])(?P<y6>(?:19|20)\d{2})(?![\d/]|[.,-]\d))"
)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_BEFORE = re.compile(r"(?:antes\s+del?|anterior(?:es)?\s+al?|before|prior\s+to|avant|vor|prima\s+del?|<)\s*(?:el\s+|ano\s+)?$")
_ISO = re.compile(r"^(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?$")
_NUMERIC = re.compile(r"^\s*(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})(?!\d)")


class DateRule(NamedTuple):
    """How a column's dates are read.

    ``order`` is ``dmy`` or ``mdy``. ``prefer`` are words that name the wanted date when a cell holds several;
    ``pick`` (``first`` or ``last``) decides without one. With ``only_labelled`` a cell without such a word is missing.
    """

    order: str = "dmy"
    prefer: tuple[str, ...] = ()
    pick: str = "first"
    only_labelled: bool = False


class ReadDate(NamedTuple):
    """``value`` is the first day of a bare month or year; with precision ``before`` the true day is earlier than it."""

    value: dt.date | None
    precision: str | None
    warning: str | None


class OrderEvidence(NamedTuple):
    """``order`` for a column, how many cells could only be read so, how many the other way, how many either way."""

    order: str
    for_it: int
    against: int
    ambiguous: int


class _Found(NamedTuple):
    value: dt.date
    precision: str
    label: str
    start: int
    end: int
    doubt: str


def read_date(cell: Cell, *, rule: DateRule | None = None) -> ReadDate | None:
    """Return the date a cell means, or None if there is none in it. Blank and missing words are the caller's affair."""
    rule = rule or DateRule()
    if isinstance(cell, dt.datetime):
        cell = cell.date()
    if isinstance(cell, dt.date):
        return ReadDate(None, None, None) if rule.only_labelled else _bounded(cell, DAY, None)
    if isinstance(cell, bool | dt.time | dt.timedelta):
        return None
    if isinstance(cell, int | float):
        return ReadDate(None, None, None) if rule.only_labelled else _from_number(float(cell))
    if match := _ISO.match(cell.strip()):
        value = _day(int(match[1]), int(match[2]), int(match[3]))
        plain = None if value is None else _bounded(value, DAY, None)
        return ReadDate(None, None, None) if rule.only_labelled and plain else plain
    return _from_text(cell, rule) if len(cell) <= _LONGEST else None


def detect_order(cells: Iterable[Cell], *, default: str = "dmy") -> OrderEvidence:
    """Tell day-first from month-first by the cells of one column where only one of both can be right."""
    day_first = month_first = ambiguous = 0
    for cell in cells:
        match = _NUMERIC.match(cell) if isinstance(cell, str) else None
        if match is None:
            continue
        a, b = int(match[1]), int(match[2])
        if a == b or min(a, b) < 1 or max(a, b) > 31:
            continue
        day_first += a > 12 >= b
        month_first += b > 12 >= a
        ambiguous += a <= 12 and b <= 12
    if month_first > day_first:
        return OrderEvidence("mdy", month_first, day_first, ambiguous)
    if day_first > month_first:
        return OrderEvidence("dmy", day_first, month_first, ambiguous)
    return OrderEvidence(default, day_first, month_first, ambiguous)


def _from_number(number: float) -> ReadDate | None:
    if number.is_integer() and FIRST_YEAR <= number <= LAST_YEAR:
        return ReadDate(dt.date(int(number), 1, 1), YEAR, None)
    if _FIRST_SERIAL <= number <= _LAST_SERIAL:
        value = _EXCEL_EPOCH + dt.timedelta(days=int(number))
        return ReadDate(value, DAY, f"Read {number:g} as the spreadsheet's day number for {value.isoformat()}.")
    if number.is_integer() and 1e7 <= number < 1e8:
        return _from_compact(str(int(number)))
    return None


def _from_compact(text: str) -> ReadDate | None:
    match = _COMPACT.match(text)
    value = _day(int(match[1]), int(match[2]), int(match[3])) if match else None
    return _bounded(value, DAY, None) if value else None


def _from_text(cell: str, rule: DateRule) -> ReadDate | None:
    if (match := _NUMERIC.match(cell)) and match.end() == len(cell) and not rule.only_labelled:
        value, precision, doubt = _from_numeric(int(match[1]), int(match[2]), match[3], rule.order)
        return _bounded(value, precision, doubt or None) if value else None
    text = fold(cell)
    if text.isascii() and text.isdigit() and len(text) <= 8:
        read = _from_number(float(text))
        return ReadDate(None, None, None) if rule.only_labelled and read else read
    found = _found(text, rule.order)
    if not found:
        return None
    labelled = [one for one in found if any(fold(word) in one.label for word in rule.prefer)]
    if rule.only_labelled and not labelled:
        return ReadDate(None, None, None)
    one = (labelled or found)[-1 if rule.pick == "last" and not labelled else 0]
    return _bounded(one.value, one.precision, _warning(text, one, found))


def _warning(text: str, one: _Found, found: Sequence[_Found]) -> str | None:
    rest = text[: one.start] + text[one.end :]
    shown = {DAY: one.value.isoformat(), MONTH: f"{one.value:%Y-%m}", YEAR: f"{one.value:%Y}"}
    said = shown.get(one.precision, f"before {one.value.isoformat()}")
    if len(found) > 1:
        named = f" ({one.label})" if one.label else ""
        return f"The cell holds {len(found)} dates; read {said}{named}."
    if one.precision != BEFORE and any(char.isalnum() for char in rest):
        return f"Read {said} out of a longer text."
    return one.doubt or None


def _found(text: str, order: str) -> list[_Found]:
    found: list[_Found] = []
    label_from = 0
    for match in _FRAGMENT.finditer(text):
        value, precision, doubt = _from_match(match, order)
        if value is None:
            continue
        before = text[label_from : match.start()]
        label, label_from = _label(text, before, match.end())
        start = match.start()
        if earlier := _BEFORE.search(before):
            precision, start = BEFORE, start - len(before) + earlier.start()
        found.append(_Found(value, precision, label, start, match.end(), doubt))
    return found


def _label(text: str, before: str, end: int) -> tuple[str, int]:
    """Return the words that belong to a date: those in brackets right after it, else those between the last date and it."""
    after = re.compile(r"\s*\(([^)]*)\)").match(text, end)
    if after:
        return after[1].strip(), after.end()
    return before.strip(" :;,.-()"), end


def _from_match(match: re.Match[str], order: str) -> tuple[dt.date | None, str, str]:
    part = match.groupdict()
    if part["iso"]:
        return _day(int(part["iy"]), int(part["im"]), int(part["id"])), DAY, ""
    if part["num"]:
        return _from_numeric(int(part["a"]), int(part["b"]), part["y"], order)
    if part["dmy"]:
        return _day(int(part["y1"]), _month(part["m1"]), int(part["d1"])), DAY, ""
    if part["mdy"]:
        return _day(int(part["y2"]), _month(part["m2"]), int(part["d2"])), DAY, ""
    if part["my"]:
        return _day(int(part["y3"]), _month(part["m3"]), 1), MONTH, ""
    if part["nm"]:
        return _day(int(part["y4"]), int(part["m4"]), 1), MONTH, ""
    if part["ym"]:
        return _day(int(part["y5"]), int(part["m5"]), 1), MONTH, ""
    return _day(int(part["y6"]), 1, 1), YEAR, ""


def _from_numeric(a: int, b: int, year_text: str, order: str) -> tuple[dt.date | None, str, str]:
    year, doubt = int(year_text), ""
    if len(year_text) == 2:
        year += 2000 if year < _PIVOT else 1900
        doubt = f"Read the two-digit year {year_text} as {year}."
    day, month = (a, b) if order == "dmy" else (b, a)
    value = _day(year, month, day)
    if value is None and (value := _day(year, day, month)):
        doubt = f"Read as {value.isoformat()}: the month cannot be {month}, so day and month are the other way round here."
    return value, DAY, doubt


def _month(name: str) -> int:
    return _MONTHS[name.rstrip(".")]


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _bounded(value: dt.date, precision: str, warning: str | None) -> ReadDate | None:
    return ReadDate(value, precision, warning) if FIRST_YEAR <= value.year <= LAST_YEAR else None
