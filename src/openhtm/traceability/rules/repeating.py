"""Whether a test of a file is one that is known already: the same readings, not merely the same device and time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_MEASURED = ("test", "conditions", "value", "sign", "unit", "said_verdict", "mains_v", "tester_serial", "measured_at")


def same_readings(one: Iterable[Mapping[str, Any]], other: Iterable[Mapping[str, Any]]) -> bool:
    """True if the rows (as ``MeasuredRow.as_json`` wrote them) hold the same readings, in whatever order and place of a file.

    A tester that writes the day alone gives two tests of one device the same time: only what it read tells them apart.
    Without any readings nothing is the same.
    """
    mine, theirs = sorted(map(_reading, one)), sorted(map(_reading, other))
    return bool(mine) and mine == theirs


def _reading(row: Mapping[str, Any]) -> tuple[str, ...]:
    values = {name: row.get(name) for name in _MEASURED}
    return tuple(repr(sorted(value.items())) if isinstance(value, Mapping) else str(value) for value in values.values())
