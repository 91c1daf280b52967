"""GS1 codes: element strings with separators, in brackets, and bare GTINs.

Source: GS1 General Specifications 7.8 (element strings) and 5.4.3.7 (symbology identifiers).
"""

import re
from collections.abc import Iterator
from datetime import date

from openhtm.catalog.rules.udi.ai_table import IDENTIFIERS, WIDTHS, ApplicationIdentifier, companions, diagnose
from openhtm.catalog.rules.udi.checks import Finding, gtin_check_digit, has_valid_gtin_check, mod10_holds, yymmd0
from openhtm.catalog.rules.udi.dates import from_yymmdd
from openhtm.catalog.rules.udi.model import FaultError, ParsedUdi, UdiError, UdiWarning, warning

GS = "\x1d"
_TOLERATED = frozenset({"incorrect-check-digit", "incorrect-check-pair"})
_SERIAL_FROM = {"253": 13, "255": 13, "8003": 14}
_LONE_DATE = re.compile(r"1[1-7][0-9]{6}")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ENCODED = re.compile(r"\\.|%[0-9A-Fa-f]{2}|.", re.DOTALL)


class Reading:
    """What has been read so far of one code; faults end the reading, but keep what came before."""

    __slots__ = ("elements", "places", "source", "today", "warnings")

    def __init__(self, source: str, today: date) -> None:
        self.source = source
        self.today = today
        self.elements: dict[str, str] = {}
        self.places: dict[str, int] = {}
        self.warnings: list[UdiWarning] = []

    def add(self, identifier: ApplicationIdentifier, value: str, at: int, value_at: int, written: str | None = None) -> None:
        """Check one element and keep it. ``written`` is the value with its escapes, if it had any."""
        ai = identifier.ai
        if not identifier.pattern.fullmatch(value):
            self._judge(identifier, value, diagnose(identifier, value), value_at, written)
        elif identifier.only_gtin:
            if not mod10_holds(value):
                self._judge(identifier, value, ("incorrect-check-digit", len(value) - 1, 1), value_at, written)
        elif identifier.only_date:
            if found := yymmd0(value):
                self._judge(identifier, value, found, value_at, written)
        elif not identifier.plain:
            self._judge(identifier, value, diagnose(identifier, value), value_at, written)
        if self.elements.setdefault(ai, value) != value:
            raise FaultError("repeated-ai", at, ai=ai, title=identifier.title)
        self.places.setdefault(ai, at)

    def _judge(self, identifier: ApplicationIdentifier, value: str, found: Finding | None, value_at: int, written: str | None) -> None:
        if found is None:
            return
        code, start, _ = found
        if not value:
            raise FaultError("missing-value", value_at, ai=identifier.ai, title=identifier.title)
        position = value_at + (start if written is None else _offset_in_written(written, start))
        facts: dict[str, object] = {"name": identifier.name, "wanted": identifier.length_in_words}
        if code not in _TOLERATED:
            raise FaultError(code, position, **facts)
        if code == "incorrect-check-digit":
            number = value[:start]
            if identifier.ai == "8003":
                number = value[1:start]
            facts |= {"found": value[start], "wanted": gtin_check_digit(number)}
        self.warnings.append(warning(code, position, **facts))

    def result(self, error: UdiError | None = None) -> ParsedUdi:
        elements = self.elements
        get = elements.get
        if error is None:
            self._compare_companions()
        expires, made = get("17") or get("7003"), get("11") or get("8008")
        return ParsedUdi(
            self.source,
            "GS1",
            get("01") or get("03"),
            get("10"),
            get("21"),
            from_yymmdd(expires[:6], self.today) if expires else None,
            from_yymmdd(made[:6], self.today) if made else None,
            get("8012"),
            elements,
            tuple(self.warnings),
            error,
        )

    def _compare_companions(self) -> None:
        for code, ai, other in companions(tuple(self.elements)):
            title = IDENTIFIERS[ai].title
            self.warnings.append(warning(code, self.places[ai], ai=ai, title=title, other=other, wanted=other))
        if "8030" in self.elements:
            for ai, size in _SERIAL_FROM.items():
                if ai in self.elements and len(self.elements[ai]) <= size:
                    self.warnings.append(warning("signature-without-serial", self.places[ai], ai=ai))


def _offset_in_written(written: str, start: int) -> int:
    """Translate an offset inside the decoded value into one inside ``written`` (``\\(`` and ``%28`` stand for one)."""
    for count, match in enumerate(_ENCODED.finditer(written)):
        if count == start:
            return match.start()
    return len(written)


def read_raw(text: str, *, start: int, reading: Reading) -> None:
    """Read an element string from ``start``: fixed lengths side by side, others up to a separator or the end."""
    at, size = start, len(text)
    if at >= size:
        raise FaultError("empty", at)
    while at < size:
        width = WIDTHS.get(text[at : at + 2], 2)
        identifier = IDENTIFIERS.get(text[at : at + width])
        if identifier is None:
            if text[at] == GS:
                raise FaultError("empty-element", at)
            raise FaultError("unknown-ai", at, ai=text[at : at + width])
        value_at = at + width
        end = text.find(GS, value_at)
        if end < 0:
            end = size
        if identifier.fixed:
            end = min(end, value_at + identifier.fixed)
        reading.add(identifier, text[value_at:end], at, value_at)
        at = end + 1 if text.startswith(GS, end) else end


def read_brackets(text: str, *, start: int, reading: Reading) -> None:
    """Read the human readable form ``(01)…(17)…``; ``\\(`` is a bracket inside a value, spaces around values are dropped."""
    for ai, at, value_at, written in _bracketed(text, start):
        identifier = IDENTIFIERS.get(ai)
        if identifier is None:
            raise FaultError("unknown-ai", at + 1, ai=ai)
        trimmed = written.strip(" ")
        if len(trimmed) != len(written):
            value_at += len(written) - len(written.lstrip(" "))
            reading.warnings.append(warning("spaces-ignored", value_at, ai=ai, title=identifier.title))
        trimmed = trimmed.removesuffix(GS)
        if "\\" in trimmed:
            reading.add(identifier, _ESCAPED.sub(r"\1", trimmed), at, value_at, trimmed)
        else:
            reading.add(identifier, trimmed, at, value_at)


def _bracketed(text: str, start: int) -> Iterator[tuple[str, int, int, str]]:
    at = start
    while at < len(text):
        if text[at] != "(":
            raise FaultError("text-outside-brackets", at)
        close = text.find(")", at, at + 6)
        ai = text[at + 1 : close]
        if close < 0 or not 2 <= len(ai) <= 4 or not (ai.isascii() and ai.isdigit()):
            raise FaultError("ai-in-brackets", at)
        end = _next_bracket(text, close + 1)
        yield ai, at, close + 1, text[close + 1 : end]
        at = end


def _next_bracket(text: str, at: int) -> int:
    end = text.find("(", at)
    while end > 0 and text[end - 1] == "\\":
        end = text.find("(", end + 1)
    return len(text) if end < 0 else end


def is_lone_date(text: str) -> bool:
    """Tell whether eight digits are rather a date element (AI 11-17) than a GTIN-8: the check digit decides first."""
    return bool(_LONE_DATE.fullmatch(text)) and text[:2] in IDENTIFIERS and not has_valid_gtin_check(text) and not yymmd0(text[2:])


def read_gtin(digits: str, *, at: int, reading: Reading) -> None:
    """Keep a bare GTIN-8, -12, -13 or -14 under 01, filled with zeros to 14 digits."""
    reading.elements["01"] = digits.zfill(14)
    reading.places["01"] = at
    if not mod10_holds(digits):
        facts = {"name": IDENTIFIERS["01"].name, "found": digits[-1], "wanted": gtin_check_digit(digits[:-1])}
        reading.warnings.append(warning("incorrect-check-digit", at + len(digits) - 1, **facts))
