"""Keep a text from running as a formula when a spreadsheet program opens our CSV, and take exactly that away again.

A text that starts like a formula (``=``, ``+``, ``-``, ``@``, their full-width forms, also after spaces; or a tab, carriage
return or line feed) gets one apostrophe in front, and so does a text that starts with apostrophes followed by such a start.
So ``unguarded(guarded(text)) == text`` for every text. Source: OWASP, CSV Injection.
"""

import re

_STARTS_FORMULA = re.compile("'*(?:[\\t\\r\\n]|\\s*[=+\\-@\uff0b\uff0d\uff1d\uff20])")
_FIRST = frozenset("'=+-@\t\r\n\uff0b\uff0d\uff1d\uff20")


def guarded(text: str) -> str:
    """Return ``text`` as it may stand in a CSV cell."""
    if not text or not (text[0] in _FIRST or text[0].isspace()):
        return text
    return f"'{text}" if _STARTS_FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Return the text that ``guarded`` was given; any other text is returned as it is."""
    return text[1:] if text[:1] == "'" and _STARTS_FORMULA.match(text) else text
