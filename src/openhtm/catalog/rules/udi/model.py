"""What the parser answers with, and the words for everything that can be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from openhtm.catalog.rules.udi.messages import MESSAGES

Issuer = Literal["GS1", "HIBCC", "ICCBBA"]
MAX_LENGTH = 4096  # twice what the largest two-dimensional symbol can hold of text in practice


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable ``code``, the 0-based ``position`` in the input, and a sentence with the remedy."""

    code: str
    position: int
    message: str

    def as_json_dict(self) -> dict[str, Any]:
        return {"code": self.code, "position": self.position, "message": self.message}


class UdiWarning(Problem):
    """The code was understood; something about it deserves a look."""

    __slots__ = ()


class UdiError(Problem):
    """The code could not be understood from ``position`` on."""

    __slots__ = ()


class FaultError(Exception):
    """Raised inside the parser at the first structural fault; ``parse`` turns it into a ``UdiError``."""

    def __init__(self, code: str, position: int, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.position = position
        self.facts = facts

    def as_error(self) -> UdiError:
        return UdiError(self.code, self.position, words(self.code, self.facts))


@dataclass(frozen=True, slots=True)
class ParsedUdi:
    """One bar code or typed code, taken apart.

    ``input`` is kept exactly as it came. ``elements`` holds every part under the issuer's own key (see
    docs/reference/udi.md). After an error the parts read before it are kept.
    """

    input: str
    issuer: Issuer | None = None
    di: str | None = None
    lot: str | None = None
    serial: str | None = None
    expires_on: date | None = None
    manufactured_on: date | None = None
    software_version: str | None = None
    elements: dict[str, str] = field(default_factory=dict)
    warnings: tuple[UdiWarning, ...] = ()
    error: UdiError | None = None

    @property
    def raw(self) -> str:
        """The carrier string as it came, for storing beside the parts."""
        return self.input

    def as_json_dict(self) -> dict[str, Any]:
        """Return the answer of ``openhtm udi parse``: plain values only, dates as ISO text."""
        text = self.input
        return {
            "input": text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8"),
            "issuer": self.issuer,
            "di": self.di,
            "lot": self.lot,
            "serial": self.serial,
            "expires_on": self.expires_on.isoformat() if self.expires_on else None,
            "manufactured_on": self.manufactured_on.isoformat() if self.manufactured_on else None,
            "software_version": self.software_version,
            "elements": self.elements,
            "warnings": [warning.as_json_dict() for warning in self.warnings],
            "error": self.error.as_json_dict() if self.error else None,
        }


def warning(code: str, position: int, **facts: object) -> UdiWarning:
    """Build a warning with its sentence; ``facts`` fill the sentence of ``code``."""
    return UdiWarning(code, position, words(code, facts))


def words(code: str, facts: Mapping[str, object]) -> str:
    """Return the sentence of ``code``. Facts that came from outside are cut and made printable."""
    return MESSAGES[code].format_map({name: _printable(value) for name, value in facts.items()})


def _printable(value: object) -> str:
    text = str(value)
    cut = text if len(text) <= 40 else text[:37] + "..."
    return cut if cut.isascii() and cut.isprintable() else ascii(cut)[1:-1]
