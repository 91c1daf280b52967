"""What a control number may not hold, so that it can stand in an address, a file name and a bar code for ever."""

import unicodedata

MAX_LENGTH = 40
_SLASHES = "/\\"


def refuse_control_number(text: str) -> str | None:
    """Return the sentence that refuses ``text`` as a control number, or None if it may be one.

    Slashes would split the permanent address ``/d/<control number>``; ``.`` and ``..`` mean places in it; invisible
    characters would make two tags that look the same.
    """
    if not text.strip():
        return "Give a control number."
    if len(text) > MAX_LENGTH:
        return f"A control number has at most {MAX_LENGTH} characters; this one has {len(text)}."
    if any(char in _SLASHES for char in text):
        return "Leave out slashes: the control number is part of the address in the QR code. A hyphen reads as well."
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in text):
        return "Remove tabs, line breaks and other invisible characters."
    if not text.strip(". "):
        return "A control number needs at least one letter or digit."
    return None
