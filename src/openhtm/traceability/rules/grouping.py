"""Which rows of a file are one test of one device: the same device, tester and day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from openhtm.core.text import fold
from openhtm.testers.rules.files.model import MeasuredRow


@dataclass(frozen=True, slots=True)
class Said:
    """What a file says of the device of a row, as it stood there."""

    asset_number: str
    serial_number: str
    manufacturer: str
    udi: str


@dataclass(frozen=True, slots=True)
class Group:
    """Rows (by their position in the file) of one device on one day. ``measured_at`` is the last of them, None if no row says it."""

    said: Said
    tester_serial: str
    measured_at: datetime | None
    rows: tuple[int, ...]


def grouped(*, rows: Sequence[MeasuredRow], zone: str) -> tuple[Group, ...]:
    """Return the tests of a file in the order in which they begin. Each row is in exactly one. Days are those of ``zone``."""
    found: dict[tuple[object, ...], list[int]] = {}
    for position, row in enumerate(rows):
        found.setdefault((*map(fold, _said_values(row)), fold(row.tester_serial or ""), _day(row.measured_at, zone)), []).append(position)
    return tuple(_group(rows, tuple(positions)) for positions in found.values())


def _group(rows: Sequence[MeasuredRow], positions: tuple[int, ...]) -> Group:
    first = rows[positions[0]]
    instants = [at for position in positions if (at := rows[position].measured_at) is not None]
    return Group(Said(*_said_values(first)), first.tester_serial or "", max(instants, default=None), positions)


def _said_values(row: MeasuredRow) -> tuple[str, str, str, str]:
    return row.asset_number or "", row.serial_number or "", row.manufacturer or "", row.udi or ""


def _day(at: datetime | None, zone: str) -> date | None:
    return at.astimezone(ZoneInfo(zone)).date() if at else None
