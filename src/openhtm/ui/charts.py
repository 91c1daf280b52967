"""Bars that compare amounts line by line, as SVG without text, so that they fit a phone as well as a wall."""

from __future__ import annotations

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe


def load_bar(amount: float, *, most: float, label: str, limit: float | None = None, quiet: bool = False) -> SafeString:
    """A bar of ``amount`` where ``most`` fills the width. What lies above ``limit`` is drawn as too much, the limit as a line.

    ``quiet``: thin and grey, to compare with. An empty ``label``: the words stand beside it.
    """
    whole = most or 1
    end = min(amount / whole, 1) * 100
    within = end if limit is None else min(limit / whole * 100, end)
    over = f'<rect class="over" x="{within:g}%" width="{end - within:g}%" height="100%"/>' if end > within else ""
    line = "" if limit is None else f'<rect class="ceiling" x="{min(limit / whole * 100, 99.6):g}%" width="2" height="100%"/>'
    words = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    opening = f'<svg class="loadbar{" quiet" if quiet else ""}" {words}>'
    return mark_safe(f'{opening}<rect class="within" width="{within:g}%" height="100%"/>{over}{line}</svg>')  # noqa: S308 - numbers, and an escaped label
