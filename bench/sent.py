"""Results as a phone sends them, for the bench."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from openhtm.core.ids import uuid7


def result(checklist: str, turn: int) -> dict[str, Any]:
    """Return the ``turn``-th result of a checklist: every other one is measured, none is near its limit."""
    step, value = (f"energy-{turn % 7}", 195.0 + turn % 10) if turn % 2 else (f"look-{turn % 7}", "pass")
    return {"uid": str(uuid7()), "checklist": checklist, "step": step, "value": value, "measured_at": datetime.now(UTC).isoformat()}
