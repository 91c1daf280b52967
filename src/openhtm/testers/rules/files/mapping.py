"""How one tester's files are read: a mapping as frozen values.

The fields of a mapping and how to write one: docs/how-to/import-tester-files.md. Checking a document: ``mapping_check``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

XML, CSV = "xml", "csv"
ENCODINGS = ("auto", "utf-8", "utf-16", "cp1250", "cp1252", "iso-8859-1", "iso-8859-15", "cp437", "shift_jis", "gb18030")
FIELDS = (
    "test", "value", "unit", "result", "limit", "asset_number", "serial_number", "manufacturer", "udi", "tester_model", "tester_serial",
    "measured_at", "mains_v", "person",
)  # fmt: skip
UNITS = ("uA", "mA", "A", "mOhm", "Ohm", "kOhm", "MOhm", "GOhm", "V", "kV")
FILE_LEVEL = "file"


@dataclass(frozen=True)
class Level:
    """One step down an XML file: elements at ``path`` below those of the level above. The last level holds the measurements."""

    name: str
    path: str


@dataclass(frozen=True)
class CsvShape:
    """Where the table of a CSV file is: the first row that holds all of ``header_has``; rows above it are its preamble."""

    delimiter: str
    header_has: tuple[str, ...]
    blank_line_ends: bool


@dataclass(frozen=True)
class Source:
    """Where a field's text comes from; exactly one of ``path``, ``column``, ``preamble``, ``constant`` or ``in_value`` is set.

    ``level`` names the level an XML path starts from. ``attribute`` is the attribute to take instead of the element's text.
    ``values`` translates texts (compared folded); None leaves them as they are.
    """

    path: str | None = None
    attribute: str | None = None
    level: str | None = None
    column: str | None = None
    preamble: str | None = None
    constant: str | None = None
    in_value: bool = False
    values: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Meaning:
    """What a test of the tester is called here, and the conditions its name already tells. ``look``: a person decides."""

    test: str
    conditions: Mapping[str, str]
    look: bool


@dataclass(frozen=True)
class TimeShape:
    """How instants are written (strptime) and the IANA zone of the tester's clock."""

    format: str
    zone: str


@dataclass(frozen=True)
class TesterMapping:
    """How the files of one kind of tester are read. ``tests`` maps a folded name to its meaning, None for one to leave out."""

    __test__ = False  # not a test case, whatever a test runner thinks of the name

    code: str
    title: str
    source: str
    edition: str
    effective_from: str
    confidence: str
    format: str
    encoding: str
    decimal_mark: str
    levels: tuple[Level, ...]
    csv: CsvShape | None
    time: TimeShape | None
    fields: Mapping[str, Source]
    conditions: Mapping[str, Source]
    tests: Mapping[str, Meaning | None]
    units: Mapping[str, str]
    results: Mapping[str, str]
    no_value: frozenset[str]
    sha256: str
