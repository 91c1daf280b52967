"""Bars that compare amounts line by line, as SVG without text, so that they fit a phone as well as a wall."""

from __future__ import annotations

from collections.abc import Sequence

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


def stack_bar(
    parts: Sequence[tuple[str, float]],
    *,
    most: float,
    label: str,
    limit: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> SafeString:
    """A bar of several ``parts`` (kind, amount), each a class of its own; ``low`` to ``high`` is drawn as a range over its end."""
    whole, start, rects = most or 1, 0.0, []
    for kind, amount in parts:
        width = min(amount / whole, 1) * 100
        rects.append(f'<rect class="part {escape(kind)}" x="{start:g}%" width="{width:g}%" height="100%"/>')
        start += width
    if low is not None and high is not None and high > low:
        first, last = (min(one / whole, 1) * 100 for one in (low, high))
        rects.append(f'<rect class="range" x="{first:g}%" width="{last - first:g}%" y="45%" height="10%"/>')
    if limit is not None:
        rects.append(f'<rect class="ceiling" x="{min(limit / whole * 100, 99.6):g}%" width="2" height="100%"/>')
    return mark_safe(f'<svg class="loadbar stack" role="img" aria-label="{escape(label)}">{"".join(rects)}</svg>')  # noqa: S308 - numbers, and escaped words


def share_bar(parts: Sequence[tuple[str, int, str]], *, label: str = "") -> SafeString:
    """One bar of (tone, amount, word) side by side; ``label`` is read out, else the amounts with their words.

    Colour never alone: the amounts stand beside the bar, or in ``label``. Nothing to show: an empty bar that says so.
    """
    total = sum(amount for _, amount, _ in parts)
    words = label or ", ".join(f"{amount} {word}" for _, amount, word in parts if amount) or "nothing"
    begin, drawn = 0.0, ""
    for tone, amount, _ in parts:
        width = amount / total * 100 if total else 0
        if width:
            drawn += f'<rect data-tone="{escape(tone)}" x="{begin:.3f}%" width="{width:.3f}%" height="100%"/>'
        begin += width
    return mark_safe(f'<svg class="sharebar" role="img" aria-label="{escape(words)}">{drawn}</svg>')  # noqa: S308 - numbers, and escaped words
