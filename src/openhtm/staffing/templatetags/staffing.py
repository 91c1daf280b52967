"""Hours and plain numbers of the forecast."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def in_hours(minutes: float | None) -> str:
    """``1,234 h``: whole hours, because a forecast knows no minutes; a dash for nothing."""
    return f"{minutes / 60:,.0f} h" if minutes else "–"


@register.filter
def plain(value: float) -> str:
    """``0.72`` and ``2,080``: no zeros behind."""
    return f"{value:,.3f}".rstrip("0").rstrip(".")
