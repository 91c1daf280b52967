"""What a tester's file comes to: measured rows, problems, and enough evidence to read it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

ERROR, WARNING = "error", "warning"
WHOLE_FILE = "file"


@dataclass(frozen=True)
class FileLimits:
    """How large a file may be before it is refused. Sizes in bytes, lengths in characters."""

    max_bytes: int = 16 * 1024 * 1024
    max_elements: int = 400_000
    max_depth: int = 64
    max_rows: int = 50_000
    max_line_chars: int = 64 * 1024
    max_text_chars: int = 1_000
    max_problems: int = 500


@dataclass(frozen=True)
class Problem:
    """Something wrong at one place of the file. An ``error`` costs the row, a ``warning`` does not. ``value`` is what stood there."""

    place: str
    field: str
    severity: str
    text: str
    value: str = ""


@dataclass(frozen=True)
class MeasuredRow:
    """One measurement as the tester reported it, in our words.

    ``value`` is in ``unit``, None where a person looked. ``sign`` is ``>`` or ``<`` beyond the tester's range. ``said_verdict``
    and ``said_limit`` are the tester's own opinion: evidence, never our verdict. ``measured_at`` is in UTC. ``mains_v`` in volts.
    ``said`` holds the texts as they stood in the file, by field.
    """

    place: str
    test: str
    conditions: Mapping[str, str]
    value: Decimal | None
    sign: str
    unit: str | None
    said_verdict: str | None
    said_limit: str | None
    asset_number: str | None
    serial_number: str | None
    manufacturer: str | None
    udi: str | None
    tester_model: str | None
    tester_serial: str | None
    measured_at: datetime | None
    mains_v: Decimal | None
    person: str | None
    said: Mapping[str, str]

    def as_json(self) -> dict[str, object]:
        """Return the row as plain JSON values; numbers are text so that no digit changes."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return plain | {
            "conditions": dict(self.conditions),
            "said": dict(self.said),
            "value": None if self.value is None else format(self.value, "f"),
            "mains_v": None if self.mains_v is None else format(self.mains_v, "f"),
            "measured_at": None if self.measured_at is None else self.measured_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }


@dataclass(frozen=True)
class FileReading:
    """Everything read from one file. ``complete`` is False where reading stopped before the end of the file.

    ``sha256`` is that of the bytes, ``mapping`` and ``mapping_sha256`` name what they were read with. ``skipped`` counts the
    rows the mapping leaves out on purpose.
    """

    rows: tuple[MeasuredRow, ...]
    problems: tuple[Problem, ...]
    skipped: int
    complete: bool
    sha256: str
    mapping: str
    mapping_sha256: str

    def as_json(self) -> dict[str, object]:
        """Return the reading as plain JSON values."""
        return {
            "rows": [row.as_json() for row in self.rows],
            "problems": [vars(problem) for problem in self.problems],
            "skipped": self.skipped,
            "complete": self.complete,
            "sha256": self.sha256,
            "mapping": self.mapping,
            "mapping_sha256": self.mapping_sha256,
        }
