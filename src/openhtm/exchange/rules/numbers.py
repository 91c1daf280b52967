"""Numbers as people write them: comma or point, thousands parted by anything, a currency in front or behind."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from openhtm.exchange.rules.tables import Cell

_SPACES = "[ \u00a0\u2009\u202f'\u2019]"
_SPACED = re.compile(rf"^\d{{1,3}}(?:{_SPACES}\d{{3}})+(?=$|[.,])")
_ANY_SPACE = re.compile(_SPACES)
_PLAIN = re.compile(r"^(\d{1,40}(?:[.,]\d{0,40})?|[.,]\d{1,40})(?:[eE]([+-]?\d{1,2}))?$")
_GROUPED = {",": re.compile(r"^\d{1,3}(?:,\d{3})+(?:\.\d{0,40})?$"), ".": re.compile(r"^\d{1,3}(?:\.\d{3})+(?:,\d{0,40})?$")}
_LONGEST = 60
_CODES = (
    "USD EUR GBP CHF SEK NOK DKK PLN CZK HUF RON COP MXN BRL ARS CLP PEN UYU BOB PYG CRC GTQ DOP VES CAD AUD NZD JPY CNY INR "
    "KRW SGD HKD THB IDR PHP MYR VND ZAR EGP KES NGN GHS UGX TZS MAD TND AED SAR QAR ILS TRY UAH RUB"
)
_SYMBOLS = {"US$": "USD", "R$": "BRL", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "$": None}
_CURRENCY = re.compile(
    r"^(?P<before>" + "|".join([*(re.escape(symbol) for symbol in _SYMBOLS), *(rf"{code}\b" for code in _CODES.split())])
    + r")|(?P<after>" + "|".join([*(re.escape(symbol) for symbol in _SYMBOLS), *_CODES.split()]) + r")\.?$",
    re.IGNORECASE,
)  # fmt: skip


class ReadNumber(NamedTuple):
    value: Decimal
    warning: str | None


def read_number(cell: Cell, *, decimal_mark: str | None = None) -> ReadNumber | None:
    """Return the number a cell means, or None.

    ``decimal_mark`` (``,`` or ``.``) decides where both readings are possible: ``1.234`` is 1234 where the mark is a comma.
    Without one such a cell is read with a decimal point and says so.
    """
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        value = Decimal(repr(cell) if isinstance(cell, int) or not cell.is_integer() else str(int(cell)))
        return ReadNumber(value, None) if value.is_finite() else None
    if not isinstance(cell, str) or len(cell) > _LONGEST:
        return None
    text = cell.strip().replace("\u2212", "-")
    negative = text.startswith("-") or (text.startswith("(") and text.endswith(")"))
    text = text.strip("()") if text.startswith("(") else text.lstrip("+-") if text[1:2] not in "+-" else text
    text = text.strip()
    if _SPACED.match(text):
        text = _ANY_SPACE.sub("", text)
    digits, warning = _with_point(text, decimal_mark)
    return None if digits is None else ReadNumber(-Decimal(digits) if negative else Decimal(digits), warning)


def detect_decimal_mark(cells: Iterable[Cell]) -> str | None:
    """Return the mark a column uses for decimals by the cells that allow one reading only, or None if none tells."""
    votes = {",": 0, ".": 0}
    for cell in cells:
        if not isinstance(cell, str) or len(cell) > _LONGEST:
            continue
        _currency, text = without_currency(cell)
        text = _ANY_SPACE.sub("", text).lstrip("+-")
        if mark := _certain_mark(text):
            votes[mark] += 1
    if votes[","] == votes["."]:
        return None
    return max(votes, key=lambda mark: votes[mark])


def without_currency(text: str) -> tuple[str | None, str]:
    """Return the currency code, None if there is none or ``$`` alone, and the text without it."""
    rest, currency = text.strip(), None
    if rest[:1].isdigit() and rest[-1:].isdigit():
        return None, rest
    for _end in range(2):
        match = _CURRENCY.search(rest)
        if match is None:
            break
        word = match[0].rstrip(".").upper()
        currency = currency or _SYMBOLS.get(word, word)
        rest = (rest[: match.start()] + rest[match.end() :]).strip()
    return currency, rest


def _certain_mark(text: str) -> str | None:
    """The decimal mark if only one reading of ``text`` makes sense."""
    if not _PLAIN.match(text):
        for thousands, pattern in _GROUPED.items():
            other = "." if thousands == "," else ","
            if pattern.match(text) and (other in text or text.count(thousands) > 1):
                return other
        return None
    for mark in ",.":
        whole, found, part = text.partition(mark)
        if found and (len(part) != 3 or len(whole) > 3 or whole in ("", "0")):
            return mark
    return None


def _with_point(text: str, decimal_mark: str | None) -> tuple[str | None, str | None]:
    """Return ``text`` as Python writes numbers, and a warning if it could mean another one."""
    grouped = next((mark for mark, pattern in _GROUPED.items() if pattern.match(text)), None)
    plain = bool(_PLAIN.match(text))
    if grouped and not plain:
        return text.replace(grouped, "").replace(",", "."), None
    if not plain:
        return None, None
    if grouped and _certain_mark(text) is None:
        if decimal_mark is None and grouped == ".":
            return text, f"Read {text} as a decimal number; if it means {text.replace('.', '')}, set the decimal mark to a comma."
        if decimal_mark is None:
            return text.replace(
                ",", ""
            ), f"Read {text} as {text.replace(',', '')}; if it is a decimal number, set the decimal mark to a comma."
        return (text.replace(",", ".") if grouped == decimal_mark else text.replace(grouped, "")), None
    return text.replace(",", "."), None
