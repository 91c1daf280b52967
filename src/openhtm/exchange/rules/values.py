"""Normalise one cell to the value its field wants, or say what is wrong with it and what would fix it."""

import calendar
import datetime as dt
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from openhtm.core.text import fold
from openhtm.exchange.rules.dates import MONTH, YEAR, DateRule, read_date
from openhtm.exchange.rules.guard import unguarded
from openhtm.exchange.rules.numbers import read_number, without_currency
from openhtm.exchange.rules.tables import Cell

MAX_CELL_CHARS = 32_767
_CACHE_SIZE = 8_192  # enough for repeated values; columns of unique ones only pass through
_DEFAULT_DATE = DateRule()
_LONGEST_MISSING = 24
_EDGES = " \t\r\n\f\v\u00a0\u2007\u202f\ufeff"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_FORBIDDEN_BUT_SEPARATORS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1b\x1f\x7f\ud800-\udfff]")
_SCIENTIFIC = re.compile(r"^\d(?:[.,]\d+)?[eE]\+\d{1,3}$")
_CODE_BREAK = re.compile(r"\s+/\s+|\s*[;|\n]\s*")
_SPACES = re.compile(r"[^\S\n]+")
_IN_BRACKETS = re.compile(r"^([^()]+?)\s*\(([^()]+)\)$")
_PERIOD = re.compile(r"^(\d+(?:[.,]\d+)?)\s*([a-z]*)\.?$")
_UMDNS = re.compile(r"^(\d{2})\s?-?\s?(\d{3})$")
DEFAULT_MISSING = frozenset(
    fold(word)
    for word in (
        "", "-", "--", "---", ".", "?", "n/a", "na", "n.a.", "n/d", "nd", "n.d.", "s/d", "sd", "#n/a", "none", "null", "nil",
        "unknown", "not available", "not applicable", "tbd", "no aplica", "no informa", "sin dato", "sin datos",
        "desconocido", "unbekannt", "k.a.", "inconnu", "non disponible", "sconosciuto", "desconhecido", "onbekend",
    )
)  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORMULA_ERRORS = _words("#ref! #value! #div/0! #name? #num! #null! #getting_data #spill! #calc!")
_TRUE = _words("1 true t yes y si s x ja j oui o sim verdadero verdadeiro vero wahr vrai waar on")
_FALSE = _words("0 false f no n nein non nao falso falsch faux onwaar nee off")
_MONTH_UNITS = _words("m mes meses month months mois monat monate mese mesi maanden")
_YEAR_UNITS = _words("y yr yrs year years a ano anos an ans jahr jahre anni anno jaar jaren") | {""}


class Value(NamedTuple):
    """A cell understood. ``value`` None means missing. ``also`` holds further codes that stood in the same cell."""

    value: Any
    precision: str | None = None
    warning: str | None = None
    also: tuple[str, ...] = ()


class Problem(NamedTuple):
    """A cell that cannot be used: a stable code, what is wrong, and what would fix it."""

    code: str
    message: str
    remedy: str


class Money(NamedTuple):
    amount: Decimal
    currency: str | None


MISSING = Value(None)
Result = Value | Problem


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How the cells of one column are read. ``choices`` and ``translations`` have folded keys (``core.text.fold``)."""

    missing: frozenset[str] = DEFAULT_MISSING
    date: DateRule = _DEFAULT_DATE
    decimal_mark: str | None = None
    currency: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    translations: Mapping[str, str] = field(default_factory=dict)
    split_codes: bool = False


def column_reader(kind: str, options: ReadOptions) -> Callable[[Cell], Result]:
    """Return a function from cell to Value or Problem for one column; equal cells are worked out once.

    ``kind``: text, longtext, code, raw, date, enddate, umdns, number, integer, years, money, boolean, choice, mac, ip.
    Raises KeyError for another kind.
    """
    return _Results(READERS[kind], options).__getitem__


class _Results(dict[Cell, Result]):
    """Results by cell, worked out when first asked for. Not for 0 and 1, which equal False and True."""

    def __init__(self, read_kind: "Callable[[Cell, ReadOptions], Result]", options: ReadOptions) -> None:
        super().__init__()
        self._read_kind, self._options = read_kind, options

    def __missing__(self, cell: Cell) -> Result:
        result = _read(cell, self._read_kind, self._options)
        if cell.__class__ is str or cell not in (0, 1):
            if len(self) >= _CACHE_SIZE:
                self.clear()
            self[cell] = result
        return result


def _read(cell: Cell, read_kind: "Callable[[Cell, ReadOptions], Result]", options: ReadOptions) -> Result:
    if isinstance(cell, str):
        if len(cell) > MAX_CELL_CHARS:
            return Problem("too-long", f"The cell holds {len(cell):,} characters.", f"Shorten it to {MAX_CELL_CHARS:,}.")
        cell = unguarded(cell.strip(_EDGES) if cell[:1] != "'" else cell)
        if len(cell) <= _LONGEST_MISSING and (not cell or _key(cell) in options.missing):
            return MISSING
        if cell[0] == "#" and cell.lower() in _FORMULA_ERRORS:
            return Problem("formula-error", f"The cell shows the spreadsheet error {cell}.", "Correct the formula or empty the cell.")
        if options.translations and (translated := options.translations.get(_key(cell))) is not None:
            if not translated:
                return MISSING
            cell = translated
    return read_kind(cell, options)


def _key(text: str) -> str:
    """``core.text.fold``, five times faster for what most cells hold."""
    if not text.isascii():
        return fold(text)
    return " ".join(text.lower().split()) if " " in text or not text.isprintable() else text.lower()


def plain_text(cell: Cell) -> str:
    """Return a typed cell as a person would have typed it: 135306.0 is ``135306``, a date is ISO."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e21 else repr(cell)
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, (dt.date, dt.time)) else str(cell)


def read_text(cell: Cell, options: ReadOptions) -> Result:
    """One line: white space made single spaces, control characters dropped."""
    text = " ".join(_FORBIDDEN.sub("", plain_text(cell)).split())
    return Value(text) if text else MISSING


def read_long_text(cell: Cell, options: ReadOptions) -> Result:
    """Several lines; line ends made ``\\n``, nothing else changed inside a line."""
    text = plain_text(cell).replace("\r\n", "\n").replace("\r", "\n")
    text = _FORBIDDEN.sub("", text).strip(_EDGES)
    return Value(text) if text else MISSING


def read_raw(cell: Cell, options: ReadOptions) -> Result:
    """A bar code: inner characters stay, the group separators of GS1 included."""
    text = _FORBIDDEN_BUT_SEPARATORS.sub("", plain_text(cell)).strip(_EDGES)
    return Value(text, warning=_lost_digits(cell, text)) if text else MISSING


def read_code(cell: Cell, options: ReadOptions) -> Result:
    """An identifier. With ``split_codes`` the first of several is the value and the others are ``also``."""
    if isinstance(cell, str) and cell.isascii() and cell.isalnum():
        return Value(cell)
    if isinstance(cell, (dt.date, dt.time, dt.timedelta)):
        text = plain_text(cell)
        return Problem(
            "became-a-date", f"The spreadsheet has turned this identifier into {text}.", "Format the column as text and type it again."
        )
    text = _FORBIDDEN.sub("", plain_text(cell)).strip(_EDGES)
    first, others = split_codes(text) if options.split_codes else (" ".join(text.split()), ())
    if not first:
        return MISSING
    warning = _lost_digits(cell, first)
    if others:
        warning = f"Read {first}; kept also: {', '.join(others)}."
    return Value(first, None, warning, others)


def split_codes(text: str) -> tuple[str, tuple[str, ...]]:
    """Split ``A / B``, ``A; B``, ``A | B``, lines and ``A (B)`` into the first code and the others.

    ``LIME 378`` and ``LX 100/200`` are one code each: a slash parts codes only between spaces.
    """
    parts: list[str] = []
    for piece in _CODE_BREAK.split(_SPACES.sub(" ", text)):
        match = _IN_BRACKETS.match(piece)
        parts.extend(match.groups() if match else (piece,))
    codes = list(dict.fromkeys(code for part in parts if (code := " ".join(part.split()))))
    return (codes[0], tuple(codes[1:])) if codes else ("", ())


def _lost_digits(cell: Cell, text: str) -> str | None:
    if isinstance(cell, str) and _SCIENTIFIC.match(text):
        return f"{text} looks as if a spreadsheet had shortened a long number; compare it with the label."
    if isinstance(cell, float) and abs(cell) >= 1e15:
        return f"Spreadsheets keep 15 digits of a number; compare {text} with the label."
    return None


def read_date_cell(cell: Cell, options: ReadOptions) -> Result:
    read = read_date(cell, rule=options.date)
    if read is None:
        return Problem(
            "not-a-date", "This is not a date between 1900 and 2099.", "Write it as YYYY-MM-DD, YYYY-MM or YYYY, or leave it empty."
        )
    return Value(read.value, read.precision, read.warning) if read.value else MISSING


def read_end_date(cell: Cell, options: ReadOptions) -> Result:
    """The last day of something: a bare month means its last day, a bare year 31 December."""
    result = read_date_cell(cell, options)
    if isinstance(result, Problem) or result.precision not in (MONTH, YEAR):
        return result
    day: dt.date = result.value
    month = 12 if result.precision == YEAR else day.month
    last = dt.date(day.year, month, calendar.monthrange(day.year, month)[1])
    return result._replace(value=last, warning=result.warning or f"Only the {result.precision} is known; read {last.isoformat()}.")


def read_umdns(cell: Cell, options: ReadOptions) -> Result:
    """``15 - 166`` and ``15-166`` are the same UMDNS code."""
    match = _UMDNS.match(plain_text(cell).strip(_EDGES))
    return Value(f"{match[1]}-{match[2]}") if match else read_code(cell, options)


def read_number_cell(cell: Cell, options: ReadOptions) -> Result:
    read = read_number(cell, decimal_mark=options.decimal_mark)
    if read is None:
        return Problem("not-a-number", "This is not a number.", "Write digits only, with one decimal comma or point.")
    return Value(read.value, warning=read.warning)


def read_integer(cell: Cell, options: ReadOptions) -> Result:
    result = read_number_cell(cell, options)
    if isinstance(result, Problem):
        return result
    if result.value != result.value.to_integral_value():
        return Problem("not-a-whole-number", "This is not a whole number.", "Leave out the digits after the decimal mark.")
    return result._replace(value=int(result.value))


def read_years(cell: Cell, options: ReadOptions) -> Result:
    """A span in years as Decimal: ``10``, ``7 años``, ``120 months``."""
    match = _PERIOD.match(fold(plain_text(cell)))
    unit = match[2] if match else "?"
    if match is None or not (unit in _YEAR_UNITS or unit in _MONTH_UNITS):
        return Problem("not-a-period", "This is not a number of years.", "Write the years as a number, such as 10.")
    amount = Decimal(match[1].replace(",", "."))
    if unit in _YEAR_UNITS:
        return (
            Value(amount)
            if amount <= 200
            else Problem("not-a-period", "This is more than 200 years.", "Write the years as a number, such as 10.")
        )
    years = amount / 12
    years = years.to_integral_value() if years == years.to_integral_value() else years.quantize(Decimal("0.1"))
    return Value(years, warning=f"Read {match[1]} months as {years:f} years.")


def read_money(cell: Cell, options: ReadOptions) -> Result:
    currency, rest = without_currency(cell) if isinstance(cell, str) else (None, cell)
    read = read_number(rest, decimal_mark=options.decimal_mark)
    if read is None:
        return Problem("not-an-amount", "This is not an amount of money.", "Write digits only, and the currency as a code such as EUR.")
    if read.value < 0:
        return Problem("negative-amount", "The amount is below zero.", "Write what was paid, or leave the cell empty.")
    return Value(Money(read.value, currency or options.currency), warning=read.warning)


def read_boolean(cell: Cell, options: ReadOptions) -> Result:
    if isinstance(cell, bool):
        return Value(cell)
    text = _key(plain_text(cell))
    word = text.split(" ", 1)[0].strip("().,;:") if text else ""
    warning = None if word == text else f"Read as {'yes' if word in _TRUE else 'no'}; the rest of the cell is not kept."
    if word in _TRUE or word in _FALSE:
        return Value(word in _TRUE, warning=warning)
    return Problem("not-yes-or-no", "This is neither yes nor no.", "Write yes or no.")


def read_choice(cell: Cell, options: ReadOptions) -> Result:
    text = _key(plain_text(cell))
    code = options.choices.get(text)
    if code is not None:
        return Value(code)
    codes = sorted(set(options.choices.values()))
    near = get_close_matches(text[:100], options.choices, n=1, cutoff=0.8)
    remedy = (
        f"Did you mean {options.choices[near[0]]}?" if near else f"Use one of: {', '.join(codes)}; or translate this word in the profile."
    )
    return Problem("unknown-choice", f"{plain_text(cell)[:80]} is not one of the known words.", remedy)


def read_mac(cell: Cell, options: ReadOptions) -> Result:
    digits = re.sub(r"[\s:.\-]", "", plain_text(cell)).lower()
    if re.fullmatch(r"[0-9a-f]{12}", digits):
        return Value(":".join(digits[place : place + 2] for place in range(0, 12, 2)))
    return Problem("not-a-mac", "This is not a hardware address.", "Write 12 hexadecimal digits, such as 00:1b:44:11:3a:b7.")


def read_ip(cell: Cell, options: ReadOptions) -> Result:
    text = plain_text(cell).strip(_EDGES)
    address, _slash, prefix = text.partition("/")
    try:
        value = str(ipaddress.ip_address(address.strip()))
    except ValueError:
        return Problem("not-an-ip", "This is not an IP address.", "Write it like 10.20.30.40 or 2001:db8::1, or DHCP in the notes.")
    return Value(value, warning=f"The network length /{prefix.strip()} is not kept." if prefix else None)


def missing_words(extra: Iterable[str] = (), *, kept: Iterable[str] = ()) -> frozenset[str]:
    """Return the folded words that mean missing: the usual ones and ``extra``, without ``kept``."""
    return (DEFAULT_MISSING | {fold(word) for word in extra}) - {fold(word) for word in kept} | {""}


READERS: dict[str, Callable[[Cell, ReadOptions], Result]] = {
    "text": read_text,
    "longtext": read_long_text,
    "code": read_code,
    "raw": read_raw,
    "date": read_date_cell,
    "enddate": read_end_date,
    "umdns": read_umdns,
    "number": read_number_cell,
    "integer": read_integer,
    "years": read_years,
    "money": read_money,
    "boolean": read_boolean,
    "choice": read_choice,
    "mac": read_mac,
    "ip": read_ip,
}
