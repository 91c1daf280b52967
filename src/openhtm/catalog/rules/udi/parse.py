"""The front door of the UDI rules: any text in, one ``ParsedUdi`` out, never an exception."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

from openhtm.catalog.rules.udi.checks import mod43_check
from openhtm.catalog.rules.udi.gs1 import GS, Reading, is_lone_date, read_brackets, read_gtin, read_raw
from openhtm.catalog.rules.udi.hibcc import read_hibc, split_di
from openhtm.catalog.rules.udi.iccbba import read_isbt
from openhtm.catalog.rules.udi.links import SCHEME, read_link
from openhtm.catalog.rules.udi.model import MAX_LENGTH, FaultError, Issuer, ParsedUdi, UdiWarning, warning

_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_FNC1_FIRST = frozenset({"]C1", "]d2", "]d5", "]Q3", "]Q4", "]e0", "]e1", "]e2", "]J1", "]z1", "]z2"})
_BLANKS = " \t\r\n\f\v"
_GTIN_SIZES = frozenset({8, 12, 13, 14})
_RETAIL = {"]E0": (13,), "]E3": (15, 18), "]E4": (8,), "]I1": (14,)}  # digits in the symbol, any add-on included
_SPELLED_SEPARATOR = re.compile(r"<GS>|\{GS\}|\[GS\]|<FNC1>|\{FNC1\}|\[FNC1\]|\\x1d|\u241d", re.IGNORECASE)
_PROCESSOR_PRODUCT = re.compile(r"[A-NP-Z][0-9]{4}[0-9A-Z]{6}[A-Z][0-9]{4}")  # facility, its product code, description code
_COMPOSITE = re.compile(r"\|(?:\]e0)?")
_MAYBE_SPELLED = re.compile(r"[<{\[\\\u241d]")


def parse(text: str, *, today: date | None = None) -> ParsedUdi:
    """Take one scanned or typed code apart. Never raises: what cannot be read is told in ``error``.

    ``today`` settles the century of two-digit years (default: the current day in UTC). Wrong check digits are
    warnings, as real labels carry them; structural faults are errors with the 0-based place in ``text``.
    """
    if today is None:
        today = datetime.now(tz=UTC).date()
    if len(text) > MAX_LENGTH:
        return _refused(text, FaultError("too-long", MAX_LENGTH, length=len(text), limit=MAX_LENGTH))
    start = len(text) - len(text.lstrip(_BLANKS + "\ufeff"))
    if _MAYBE_SPELLED.search(text) and (spelled := _SPELLED_SEPARATOR.search(text, start)):
        return _parse_spelled(text, start, today, spelled)
    return _dispatch(text, start, today)


def _refused(text: str, fault: FaultError, issuer: Issuer | None = None) -> ParsedUdi:
    return ParsedUdi(input=text, issuer=issuer, error=fault.as_error())


def _dispatch(text: str, start: int, today: date) -> ParsedUdi:
    first = text[start : start + 1]
    if first == "]" and _SYMBOLOGY.match(text, start):
        return _parse_symbology(text, start, today)
    if first == "+" or (first == "*" and text.startswith("+", start + 1)):
        return read_hibc(text, start=start, today=today)
    if first == "=" or first == "&":
        return read_isbt(text, start=start)
    end = len(text.rstrip(_BLANKS))
    if start >= end:
        return _refused(text, FaultError("empty", 0))
    return _parse_gs1(text, text[:end], start, today)


def _parse_gs1(source: str, text: str, start: int, today: date, *, fnc1: bool = False) -> ParsedUdi:
    """Read the GS1 forms of ``text`` (``source`` without white space at its end) from ``start``."""
    reading = Reading(source, today)
    first = text[start : start + 1]
    try:
        if first == "(":
            read_brackets(text, start=start, reading=reading)
        elif first == GS or fnc1:
            read_raw(text, start=start + (first == GS), reading=reading)
        elif "0" <= first <= "9":
            return _parse_digits(text, start, reading)
        elif SCHEME.match(text, start):
            read_link(text, start=start, reading=reading)
        else:
            return _refused(source, FaultError("invalid-symbology" if first == "]" else "not-a-udi", start))
    except FaultError as fault:
        return reading.result(fault.as_error())
    return reading.result()


def _parse_digits(text: str, start: int, reading: Reading) -> ParsedUdi:
    """Read a bare GTIN or an element string without any mark in front.

    Only a code that starts with a GTIN, or can be read to its end, is taken for GS1.
    """
    code = text[start:]
    size = len(code)
    if size in _GTIN_SIZES and code.isascii() and code.isdigit() and not is_lone_date(code):
        read_gtin(code, at=start, reading=reading)
        return reading.result()
    try:
        read_raw(text, start=start, reading=reading)
    except FaultError as fault:
        if reading.elements or code.startswith("01"):
            return reading.result(fault.as_error())
        return _refused(reading.source, FaultError("not-a-udi", start))
    return reading.result()


def _parse_symbology(text: str, start: int, today: date) -> ParsedUdi:
    """Read a code behind the three characters by which scanners tell the kind of symbol (ISO/IEC 15424)."""
    kind, after = text[start : start + 3], start + 3
    if kind in _RETAIL:
        return _parse_retail(text, kind, after, today)
    if kind in _FNC1_FIRST and text[after : after + 1] != "(":
        return _parse_gs1(text, text.rstrip(_BLANKS), after, today, fnc1=True)
    if text.startswith("]", after):
        return _refused(text, FaultError("invalid-symbology", after))
    return _dispatch(text, after, today) if text[after:].strip() else _refused(text, FaultError("empty", after))


def _parse_retail(text: str, kind: str, after: int, today: date) -> ParsedUdi:
    """Read an EAN symbol, and the composite component after ``|`` if there is one."""
    reading = Reading(text, today)
    body = text.rstrip()
    composite = _COMPOSITE.search(body, after)
    digits = body[after : composite.start() if composite else None]
    try:
        if len(digits) not in _RETAIL[kind]:
            wanted = " or ".join(str(size) for size in _RETAIL[kind])
            raise FaultError("wrong-length-for-symbology", after + min(len(digits), _RETAIL[kind][0]), wanted=wanted)
        if not (digits.isascii() and digits.isdigit()):
            wrong = next(offset for offset, char in enumerate(digits) if not "0" <= char <= "9")
            raise FaultError("non-digit-character", after + wrong, name="(01) GTIN")
        read_gtin(digits[:13] if kind == "]E3" else digits, at=after, reading=reading)
        if composite:
            read_raw(body, start=composite.end(), reading=reading)
    except FaultError as fault:
        return reading.result(fault.as_error())
    return reading.result()


def _parse_spelled(text: str, start: int, today: date, first: re.Match[str]) -> ParsedUdi:
    """Read a code whose separators are spelled out, as in ``<GS>``; places are told in the text as it came."""
    if text.startswith(("=", "&", "+", "*"), start):
        return _dispatch(text, start, today)
    pieces, origins, at = [], [], 0
    for match in (first, *_SPELLED_SEPARATOR.finditer(text, first.end())):
        pieces += [text[at : match.start()], GS]
        origins += [*range(at, match.start()), match.start()]
        at = match.end()
    pieces.append(text[at:])
    origins += range(at, len(text) + 1)
    return _moved(_dispatch("".join(pieces), start, today), text, origins)


def _moved(found: ParsedUdi, text: str, origins: list[int]) -> ParsedUdi:
    def origin(position: int) -> int:
        return origins[min(position, len(origins) - 1)]

    error = found.error
    return replace(
        found,
        input=text,
        warnings=tuple(replace(problem, position=origin(problem.position)) for problem in found.warnings),
        error=replace(error, position=origin(error.position)) if error else None,
    )


def parse_di(text: str) -> tuple[Issuer | None, str | None, tuple[UdiWarning, ...]]:
    """Read a bare device identifier as databases hold it: a GTIN, an HIBC identifier, an ICCBBA identifier.

    Returns (issuer, identifier in stored form, warnings); issuer and identifier are None when it is none of them.
    GTIN-8, -12 and -13 are filled to 14 digits. A whole UDI is accepted too and gives its identifier.
    """
    code = text.strip()
    if len(code) in _GTIN_SIZES and code.isascii() and code.isdigit():
        reading = Reading(code, date.min)
        read_gtin(code, at=0, reading=reading)
        return "GS1", code.zfill(14), tuple(reading.warnings)
    if not code or not code[0].isalpha():
        found = parse(code)
        return (found.issuer, found.di, found.warnings) if found.di else (None, None, ())
    return _parse_lettered_di(code)


def _parse_lettered_di(code: str) -> tuple[Issuer | None, str | None, tuple[UdiWarning, ...]]:
    upper = code.upper()
    if _PROCESSOR_PRODUCT.fullmatch(upper):
        return "ICCBBA", upper, ()
    if not (upper.isascii() and upper.isalnum()):
        return None, None, ()
    if len(upper) > 6 and mod43_check("+" + upper[:-1]) == upper[-1] and upper[-2].isdigit() and not upper[-1].isdigit():
        found = (warning("hibc-check-in-identifier", len(code) - 1, found=upper[-1]),)
        return "HIBCC", upper[:-1], found
    try:
        split_di(upper)
    except FaultError:
        return None, None, ()
    return "HIBCC", upper, ()
