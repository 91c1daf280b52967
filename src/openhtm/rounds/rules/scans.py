"""What a scan of a round means, and why a device is expected at its place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

REASON_WORDS = {
    "late": "PM late",
    "due": "PM due",
    "recalled": "Recalled",
    "missing": "Missing, last seen here",
    "open_repair": "Open repair",
    "found_before": "Found here before",
}
"""In the order in which they matter."""
REASON_TONES = {"late": "late", "due": "due", "recalled": "late", "missing": "unknown", "open_repair": "hold", "found_before": "info"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """``verdict`` as in ``ScanVerdict``. ``moves``: its record says that it stands elsewhere, so it is moved here."""

    verdict: str
    moves: bool = False


def meaning(*, known: bool, scanned_before: bool, expected: bool, recorded_here: bool, may_move: bool) -> Meaning:
    """Return what a scan means. A tag that is unknown twice was scanned before as well."""
    if scanned_before:
        return Meaning("again")
    if not known:
        return Meaning("unknown")
    return Meaning("found" if expected else "unexpected", moves=may_move and not recorded_here)


def in_order(reasons: Collection[str]) -> list[str]:
    """Return ``reasons`` in the order in which they matter."""
    return [code for code in REASON_WORDS if code in reasons]
