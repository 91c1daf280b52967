"""How names, numbers and codes are compared: one place, so that search, import and constraints agree."""

import re
import unicodedata

_LEGAL_FORMS = frozenset(
    [
        "inc",
        "incorporated",
        "corp",
        "corporation",
        "co",
        "company",
        "llc",
        "ltd",
        "limited",
        "gmbh",
        "ag",
        "sa",
        "sas",
        "srl",
        "sl",
        "spa",
        "bv",
        "nv",
        "ab",
        "as",
        "oy",
        "kk",
        "plc",
        "kg",
        "cokg",
        "lp",
        "pty",
    ]
)
_NOT_WORD = re.compile(r"[^0-9a-z]+")


def key_of(text: str | None) -> int | None:
    """A primary key as sent, or None if it is none."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 18 else None


def fold(text: str) -> str:
    """Lower-case ``text`` without accents and with single spaces: ``"  Dräger  "`` is ``"drager"``."""
    if text.isascii():  # most texts, four times faster
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("Ø", "o"))
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


def company_key(name: str) -> str:
    """Reduce a company name to what identifies it: ``"MR y Cia S.A.S"`` and ``"MR Y CIA SAS"`` are ``"mr y cia"``.

    Legal forms are dropped only from the end, and never the whole name.
    """
    words = _NOT_WORD.sub(" ", fold(name).replace(".", "")).split()
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def number_key(text: str) -> str:
    """Reduce a serial, tag or catalogue number to upper-case letters and digits: ``"ab-12 3"`` is ``"AB123"``."""
    return _NOT_WORD.sub("", fold(text)).upper()


def control_number_key(text: str) -> str:
    """Return the canonical form of a control number: trimmed, upper case, inner white space made single spaces."""
    return " ".join(text.split()).upper()
