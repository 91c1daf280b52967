"""The day itself: visits and orders brought in line with all that was recorded, and shared out."""

from __future__ import annotations

from openhtm.demo.parts.demo import Demo
from openhtm.maintenance.services.reconcile import reconcile


def build(demo: Demo) -> None:
    """Bring everything in line as of the reference day."""
    counts = reconcile(actor=demo.actor, as_of=demo.as_of, whole=True, now=demo.now)
    demo.counts["reconciled"] = counts.created
