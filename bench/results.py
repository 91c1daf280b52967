"""What was measured, as rows for a file and a table for people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """One number. ``floor`` is the bare counterpart from the same run in the same unit; ``floor_kind`` says which."""

    name: str
    value: float
    unit: str
    target: float | None = None
    higher_is_better: bool = False
    floor: float | None = None
    ratio: float | None = None
    floor_kind: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.higher_is_better else self.value <= self.target


def write(results: list[Result], path: Path) -> None:
    """Write the rows as JSON."""
    path.write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n", encoding="utf-8")


def table(results: list[Result]) -> str:
    """Return the rows in columns; the last one says whether the target is met."""
    rows = [("Measured", "value", "unit", "target", "floor", "ratio", "floor is", "")]
    for one in results:
        verdict = {True: "met", False: "MISSED", None: ""}[one.met]
        sign = "" if one.target is None else (">= " if one.higher_is_better else "<= ")
        rows.append(
            (one.name, _short(one.value), one.unit, f"{sign}{_short(one.target)}", _short(one.floor), _short(one.ratio), one.floor_kind,
             f"{verdict} {one.note}".strip())
        )  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.2f}"
