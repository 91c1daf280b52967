"""ISBT 128 codes of ICCBBA: device identifier, serial, donation number, dates, and several of them in one message.

Source: ISBT 128 Standard ST-001 and ST-012; FDA, UDI formats by FDA-accredited issuing agency, v1.3 (2017).
"""

import re
from datetime import date

from openhtm.catalog.rules.udi.checks import mod37_2_check
from openhtm.catalog.rules.udi.dates import from_day_of_year
from openhtm.catalog.rules.udi.model import FaultError, ParsedUdi, UdiError, UdiWarning, warning

_DIGITS, _ALNUM, _ANY = re.compile(r"[0-9]"), re.compile(r"[0-9A-Z]"), re.compile(r"[0-9A-Za-z]")
_STRUCTURES: dict[str, tuple[str, int, re.Pattern[str]]] = {  # identifier: (name, length, characters)
    "=/": ("the device identifier", 16, _ALNUM),
    "=,": ("the serial number", 6, _ALNUM),
    "=>": ("the expiration date", 6, _DIGITS),
    "=}": ("the manufacturing date", 6, _DIGITS),
    "=*": ("the collection date", 6, _DIGITS),
    "=<": ("the product code", 8, _ANY),
    "=%": ("the blood group", 4, _ANY),
    "=)": ("the blood container identifier", 10, _ALNUM),
    "=+": ("the message header", 5, _DIGITS),
    "&,1": ("the lot number", 18, _ALNUM),
    "&)": ("the lot number of the container", 10, _ALNUM),
    "&>": ("the expiration date and time", 10, _DIGITS),
    "&}": ("the manufacturing date and time", 10, _DIGITS),
    "&*": ("the collection date and time", 10, _DIGITS),
}
_DONATION = ("the donation identification number", 15, _ALNUM)
_DATED = frozenset({"=>", "=}", "=*", "&>", "&}", "&*"})
_DONATION_START = re.compile(r"=[A-NP-Z1-9]")  # the second character already belongs to the number
_CHECKED_FLAGS = range(60, 97)


class _Reading:
    __slots__ = ("days", "elements", "source", "warnings")

    def __init__(self, source: str) -> None:
        self.source = source
        self.elements: dict[str, str] = {}
        self.days: dict[str, date] = {}
        self.warnings: list[UdiWarning] = []

    def result(self, error: UdiError | None = None) -> ParsedUdi:
        get, day = self.elements.get, self.days.get
        return ParsedUdi(
            input=self.source,
            issuer="ICCBBA",
            di=get("=/") or get("=)"),
            lot=get("&,1") or get("&)"),
            serial=get("=,"),
            expires_on=day("=>") or day("&>"),
            manufactured_on=day("=}") or day("&}"),
            elements=self.elements,
            warnings=tuple(self.warnings),
            error=error,
        )


def read_isbt(source: str, *, start: int) -> ParsedUdi:
    """Read the ISBT 128 code in ``source`` from its first ``=`` or ``&`` at ``start``. Never raises."""
    reading = _Reading(source)
    text, at, count = source.rstrip(), start, 0
    try:
        while at < len(text):
            at = _read_structure(text, at, reading)
            count += 1
        _check_count(count, start, reading)
    except FaultError as fault:
        return reading.result(fault.as_error())
    return reading.result()


def _read_structure(text: str, at: int, reading: _Reading) -> int:
    identifier = _identifier_at(text, at)
    name, size, characters = _STRUCTURES.get(identifier, _DONATION)
    value_at = at + len(identifier)
    value = text[value_at : value_at + size]
    for offset, char in enumerate(value):
        if not characters.match(char):
            code = "isbt-too-short" if char in "=&" else "isbt-character"
            raise FaultError(code, value_at + offset, name=_sentence(name), wanted=size)
    if len(value) < size:
        raise FaultError("isbt-too-short", value_at + len(value), name=_sentence(name), wanted=size)
    if identifier in _DATED:
        reading.days[identifier] = _day(value, value_at)
    if identifier == "=":
        _check_flags(value, value_at, reading)
    if reading.elements.setdefault(identifier, value) != value:
        raise FaultError("isbt-repeated", at, name=name)
    return value_at + size


def _identifier_at(text: str, at: int) -> str:
    for size in (3, 2):
        if text[at : at + size] in _STRUCTURES:
            return text[at : at + size]
    if _DONATION_START.match(text, at):
        return "="
    raise FaultError("isbt-unknown-identifier", at, name=text[at : at + 2])


def _sentence(name: str) -> str:
    return name[0].upper() + name[1:]


def _day(value: str, at: int) -> date:
    """Return the day of YYYJJJ, three digits of the year and the day of the year; 9YY is the 20th century."""
    years = int(value[:3])
    found = from_day_of_year(years + (1000 if years >= 900 else 2000), int(value[3:6]))
    if found is None or (len(value) > 6 and not (int(value[6:8]) < 24 and int(value[8:]) < 60)):
        raise FaultError("isbt-date", at, name=value)
    return found


def _check_flags(value: str, at: int, reading: _Reading) -> None:
    """Flags 60-96 repeat the check value of the donation number (ST-001, type 3 flags)."""
    flags = value[13:]
    if flags.isdigit() and int(flags) in _CHECKED_FLAGS:
        wanted = str(60 + mod37_2_check(value[:13]))
        if wanted != flags:
            reading.warnings.append(warning("isbt-check-character", at + 13, found=flags, wanted=wanted))


def _check_count(count: int, start: int, reading: _Reading) -> None:
    header = reading.elements.get("=+")
    if header is not None and int(header[:2]) != count - 1:
        reading.warnings.append(warning("isbt-count", start + 2, wanted=int(header[:2]), found=count - 1))
