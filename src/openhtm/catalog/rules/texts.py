"""Texts from outside, made fit for one line of a record."""

import re
import unicodedata
from typing import Any

_SPACE = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(value: Any) -> str:
    """Return ``value`` as one line: outer and repeated white space and characters that no database holds are taken out."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    return unicodedata.normalize("NFC", _SPACE.sub(" ", _CONTROL.sub(" ", text)).strip())


def shorten(value: object, limit: int = 200) -> str:
    """Return ``value`` cleaned and cut to ``limit`` characters, with an ellipsis where something is missing."""
    text = clean(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
