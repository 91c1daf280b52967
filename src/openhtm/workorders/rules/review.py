"""Which completed orders people must read, and why. Everything else passes by rule."""

from __future__ import annotations

from collections.abc import Collection

REASONS: dict[str, str] = {
    "incident": "A patient was involved",
    "failed": "A step failed",
    "partial": "Part of the work was not done",
    "near_limit": "More than 90 % of a limit",
    "skipped": "A step was skipped",
    "tester_expired": "A tester's calibration had expired",
    "late_entry": "Entered long after it was measured",
    "clock": "The clock of a phone was wrong",
    "after_closing": "A result arrived after the order was closed",
    "corrected": "A result was corrected",
    "adjusted": "Adjusted: as left differs from as found",
    "no_results": "Nothing was measured",
    "held": "Something that was sent could not be stored",
}
"""Reasons by their code, in the order in which they are read."""


def order_reasons(
    *, result_reasons: Collection[str], outcomes: Collection[str], incident: bool, has_results: bool, held: int
) -> tuple[str, ...]:
    """Return why a person must read an order, by code; empty if it passes by rule.

    ``result_reasons`` are those of every result that stands or was corrected, ``outcomes`` those of its checklists. An order
    without any result never passes by rule: there is nothing that a rule could read.
    """
    found = {*result_reasons}
    found |= {"incident"} if incident else set()
    found |= {"failed"} if "fail" in outcomes else set()
    found |= {"partial"} if "partial" in outcomes or "" in outcomes else set()
    found |= set() if has_results else {"no_results"}
    found |= {"held"} if held else set()
    return tuple(code for code in REASONS if code in found)


def in_words(codes: Collection[str]) -> list[str]:
    """Return reasons as people read them. A code of a later version stands for itself."""
    return [REASONS.get(code, code) for code in codes]
