"""Names of files as people send them, made safe to store, show and hand out again."""

import re
import unicodedata

MAX_LENGTH = 150  # of 200 in the column; room for a number that a browser adds on download
_SEPARATORS = re.compile(r"[/\\]")
_RESERVED = re.compile(r'[<>:"|?*]')
_SPACES = re.compile(r"\s+")
_DEVICE_NAMES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_file_name(text: str) -> str:
    """Return the last part of ``text`` as a plain file name of at most ``MAX_LENGTH`` characters; ``file`` if nothing is left.

    Folders, control and direction characters, characters that Windows refuses, and leading dots are dropped; the
    extension survives the cut. Cleaning a clean name changes nothing.
    """
    name = unicodedata.normalize("NFC", _SEPARATORS.split(text)[-1])
    name = _SPACES.sub(" ", name)  # line breaks count as space, so this comes before control characters are dropped
    name = "".join(char for char in name if unicodedata.category(char) not in _INVISIBLE)
    name = unicodedata.normalize("NFC", _RESERVED.sub("_", name)).lstrip(". ").rstrip(". ")
    name = _cut(_SPACES.sub(" ", name))
    if name.split(".")[0].strip().lower() in _DEVICE_NAMES:
        name = f"_{name}"[:MAX_LENGTH]
    return name or "file"


def extension(name: str) -> str:
    """Return the part behind the last dot in small letters, without the dot; empty if there is none."""
    stem, dot, tail = _SEPARATORS.split(name)[-1].rpartition(".")
    return tail.lower() if dot and stem else ""


def _cut(name: str) -> str:
    if len(name) <= MAX_LENGTH:
        return name
    tail = extension(name)
    if not tail or len(tail) > 10:
        return name[:MAX_LENGTH].rstrip(". ")
    return f"{name[: MAX_LENGTH - len(tail) - 1].rstrip('. ')}.{name[-len(tail) :]}"
