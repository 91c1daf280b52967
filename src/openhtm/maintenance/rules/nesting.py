"""Nested levels: an annual visit does the work of the semiannual one that falls into the same window."""

from collections.abc import Iterable
from datetime import date

from openhtm.maintenance.rules.windows import Window


def covered(minor_window: Window, major_due: date) -> bool:
    """Say whether the larger visit, due on ``major_due``, covers the smaller one: it is due while that one is on time."""
    return minor_window.opens_on <= major_due <= minor_window.on_time_until


def covering_day(minor_window: Window, major_dues: Iterable[date]) -> date | None:
    """Return the due day of the larger visit that covers the smaller one: the nearest, the earlier of two as near."""
    fitting = (day for day in major_dues if covered(minor_window, day))
    return min(fitting, key=lambda day: (abs((day - minor_window.due_on).days), day), default=None)
