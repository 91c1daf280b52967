"""HIBC supplier labels: primary, secondary and joined codes with their dates, quantities and check characters.

Source: ANSI/HIBC 2.6 Supplier Labeling Standard; FDA, UDI formats by FDA-accredited issuing agency, v1.3 (2017).
"""

import re
from collections.abc import Callable
from datetime import date
from itertools import pairwise

from openhtm.catalog.rules.udi.checks import CSET43, mod43_check
from openhtm.catalog.rules.udi.dates import from_day_of_year, from_month_day, full_year, month_day
from openhtm.catalog.rules.udi.model import FaultError, ParsedUdi, UdiError, UdiWarning, warning

_OUTSIDE = re.compile(f"[^{re.escape(CSET43)}]")
_LABELER = re.compile(r"[A-Z][A-Z0-9]{3}")
_PRODUCT = re.compile(r"[A-Z0-9]{1,18}")
_LEGACY_DATE = re.compile(r"[0-9]{5}")
_IDENTIFIER = re.compile(r"[0-9]{0,3}[A-Z]")
_LOT_MAX = 18
_SHORTEST_PRIMARY = 6  # labeler code, one character of product number, unit of measure
Found = tuple[str, date]  # as written in ``elements``, and the calendar day
DateReader = Callable[[str, date], Found | None]


class _Reading:
    __slots__ = ("days", "di", "elements", "source", "today", "warnings")

    def __init__(self, source: str, today: date) -> None:
        self.source, self.today = source, today
        self.di: str | None = None
        self.elements: dict[str, str] = {}
        self.days: dict[str, date] = {}
        self.warnings: list[UdiWarning] = []

    def keep(self, key: str, value: str, at: int) -> None:
        if self.elements.setdefault(key, value) != value:
            raise FaultError("hibc-repeated", at, name=key)

    def keep_day(self, key: str, found: Found, at: int) -> None:
        self.keep(key, found[0], at)
        self.days[key] = found[1]

    def result(self, error: UdiError | None = None) -> ParsedUdi:
        get = self.elements.get
        return ParsedUdi(
            input=self.source,
            issuer="HIBCC",
            di=self.di,
            lot=get("lot"),
            serial=get("serial"),
            expires_on=self.days.get("expiry"),
            manufactured_on=self.days.get("manufactured"),
            elements=self.elements,
            warnings=tuple(self.warnings),
            error=error,
        )


def read_hibc(source: str, *, start: int, today: date) -> ParsedUdi:
    """Read the HIBC code in ``source`` whose ``*`` or ``+`` stands at ``start``. Never raises."""
    reading = _Reading(source, today)
    try:
        _read(_within_stars(source, start, reading), reading)
    except FaultError as fault:
        return reading.result(fault.as_error())
    return reading.result()


def _within_stars(source: str, start: int, reading: _Reading) -> tuple[str, int]:
    """Return the code from ``+`` on without stars and outer white space, and where its ``+`` stands."""
    text = source.rstrip("\t\r\n\x1d")
    at = start + 1 if text.startswith("*", start) else start
    code = text[at:].rstrip(" ") if text.rstrip(" ").endswith("*") else text[at:]
    code = code[:-1] if code.endswith("*") else code
    if code.upper() != code and code.isascii():
        code = code.upper()
        reading.warnings.append(warning("hibc-lower-case", at))
    if not code.startswith("+"):
        raise FaultError("not-a-udi", at)
    if found := _OUTSIDE.search(code):
        raise FaultError("hibc-character", at + found.start())
    return _without_padding(code), at


def _without_padding(code: str) -> str:
    """Drop blanks at the end unless the blank is the check character, which it may be."""
    bare = code.rstrip(" ")
    if bare == code or len(bare) < 3 or mod43_check(code[:-1]) == code[-1]:
        return code
    return bare if mod43_check(bare[:-1]) == bare[-1] else bare + " "


def _read(found: tuple[str, int], reading: _Reading) -> None:
    code, at = found
    if len(code) < 4:
        raise FaultError("hibc-too-short", at + len(code), wanted="a labeler code or $ follows the +")
    is_primary = code[1].isalpha()
    body = code[1:-1] if is_primary else code[1:-2]
    pieces = body.split("/")
    place = at + 1
    if is_primary:
        _read_primary(pieces[0], place, reading)
    else:
        _read_data(pieces[0], place, reading)
    for before, piece in pairwise(pieces):
        place += len(before) + 1
        _read_data(piece, place, reading)
    if not is_primary:
        reading.elements["link"] = code[-2]
    _check(code, at, reading)


def _check(code: str, at: int, reading: _Reading) -> None:
    reading.elements["check"] = code[-1]
    wanted = mod43_check(code[:-1])
    if wanted != code[-1]:
        reading.warnings.append(warning("hibc-check-character", at + len(code) - 1, found=code[-1], wanted=wanted))


def _read_primary(text: str, at: int, reading: _Reading) -> None:
    labeler, product, unit = split_di(text, at)
    reading.di = text
    reading.elements |= {"lic": labeler, "pcn": product, "unit_of_measure": unit}


def split_di(text: str, at: int = 0) -> tuple[str, str, str]:
    """Split a device identifier into labeler code, product number and unit of measure. Raises FaultError."""
    if not _LABELER.match(text):
        raise FaultError("hibc-labeler", at)
    if len(text) < _SHORTEST_PRIMARY:
        raise FaultError("hibc-too-short", at + len(text), wanted="a product number and a unit of measure follow the labeler code")
    labeler, product, unit = text[:4], text[4:-1], text[-1]
    if not _PRODUCT.fullmatch(product):
        found = re.search(r"[^A-Z0-9]", product)
        raise FaultError("hibc-product", at + 4 + (found.start() if found else 18))
    if not unit.isdigit():
        raise FaultError("hibc-unit", at + len(text) - 1)
    return labeler, product, unit


def _read_data(piece: str, at: int, reading: _Reading) -> None:
    if piece.startswith("$$"):
        _read_dated(piece, at, reading)
    elif piece.startswith("$"):
        key, skip = ("serial", 2) if piece.startswith("$+") else ("lot", 1)
        _keep_number(key, piece[skip:], at + skip, reading)
    elif _LEGACY_DATE.match(piece):
        reading.keep_day("expiry", _day(_julian, "YYJJJ", piece[:5], at, reading), at)
        if len(piece) > 5:
            _keep_number("lot", piece[5:], at + 5, reading)
    elif match := _IDENTIFIER.match(piece):
        _read_identified(match.group(), piece[match.end() :], at, reading)
    else:
        raise FaultError("hibc-data", at)


def _read_dated(piece: str, at: int, reading: _Reading) -> None:
    key, skip = ("serial", 3) if piece.startswith("$$+") else ("lot", 2)
    skip = _read_quantity(piece, skip, at, reading)
    if skip == len(piece) and "quantity" in reading.elements:
        return
    flag = piece[skip : skip + 1]
    if flag == "":
        raise FaultError("hibc-too-short", at + skip, wanted="a date or a quantity follows $$")
    if flag not in _DATE_FORMS:
        raise FaultError("hibc-date-flag", at + skip)
    flag_size, form, reader = _DATE_FORMS[flag]
    skip += flag_size
    if reader is not None:
        reading.keep_day("expiry", _day(reader, form, piece[skip : skip + len(form)], at + skip, reading), at + skip)
        skip += len(form)
    if skip < len(piece):
        _keep_number(key, piece[skip:], at + skip, reading)


def _read_quantity(piece: str, skip: int, at: int, reading: _Reading) -> int:
    size = {"8": 2, "9": 5}.get(piece[skip : skip + 1], 0)
    if not size:
        return skip
    digits = piece[skip + 1 : skip + 1 + size]
    if len(digits) < size or not digits.isdigit():
        raise FaultError("hibc-quantity", at + skip + 1)
    reading.keep("quantity", str(int(digits)), at + skip)
    return skip + 1 + size


def _read_identified(name: str, value: str, at: int, reading: _Reading) -> None:
    value_at = at + len(name)
    if name == "S":
        _keep_number("serial", value, value_at, reading)
    elif name in ("14D", "16D"):
        key = "expiry" if name == "14D" else "manufactured"
        reading.keep_day(key, _day(_full_date, "YYYYMMDD", value, value_at, reading), at)
    elif name == "Q":
        if not value.isdigit() or len(value) > _LOT_MAX:
            raise FaultError("hibc-quantity", value_at)
        reading.keep("quantity", str(int(value)), value_at)
    else:
        reading.warnings.append(warning("hibc-unknown-identifier", at, name=name))
        reading.keep(name, value, at)


def _keep_number(key: str, value: str, at: int, reading: _Reading) -> None:
    if not value:
        raise FaultError("hibc-too-short", at, wanted=f"a {key} number stands here")
    if len(value) > _LOT_MAX:
        raise FaultError("hibc-lot", at + _LOT_MAX)
    reading.keep(key, value, at)


def _day(reader: DateReader, form: str, digits: str, at: int, reading: _Reading) -> Found:
    found = reader(digits, reading.today) if len(digits) == len(form) and digits.isdigit() else None
    if found is None:
        raise FaultError("hibc-date", at, name=digits or "Nothing", form=form)
    return found


def _calendar(year: int, month: int, day: int) -> Found | None:
    found = from_month_day(year, month, day)
    return (found.isoformat(), found) if found else None


def _month_year(digits: str, today: date) -> Found | None:
    month, year = int(digits[:2]), full_year(int(digits[2:]), today=today)
    return (f"{year:04d}-{month:02d}", month_day(year, month, 0)) if 1 <= month <= 12 else None


def _month_day_year(digits: str, today: date) -> Found | None:
    return _calendar(full_year(int(digits[4:6]), today=today), int(digits[:2]), int(digits[2:4]))


def _year_month_day(digits: str, today: date) -> Found | None:
    return _calendar(full_year(int(digits[:2]), today=today), int(digits[2:4]), int(digits[4:6]))


def _julian(digits: str, today: date) -> Found | None:
    found = from_day_of_year(full_year(int(digits[:2]), today=today), int(digits[2:5]))
    return (found.isoformat(), found) if found else None


def _full_date(digits: str, today: date) -> Found | None:
    return _calendar(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def _with_hour(reader: DateReader) -> DateReader:
    def read(digits: str, today: date) -> Found | None:
        found = reader(digits[:-2], today)
        return (f"{found[0]}T{digits[-2:]}", found[1]) if found and int(digits[-2:]) < 24 else None

    return read


_DATE_FORMS: dict[str, tuple[int, str, DateReader | None]] = {  # flag: (its own length, form, reader)
    "0": (0, "MMYY", _month_year),
    "1": (0, "MMYY", _month_year),
    "2": (1, "MMDDYY", _month_day_year),
    "3": (1, "YYMMDD", _year_month_day),
    "4": (1, "YYMMDDHH", _with_hour(_year_month_day)),
    "5": (1, "YYJJJ", _julian),
    "6": (1, "YYJJJHH", _with_hour(_julian)),
    "7": (1, "", None),
}
