"""Months counted on the calendar."""

from __future__ import annotations

import calendar
from datetime import date


def months_later(day: date, months: int) -> date:
    """Return the same day ``months`` later, or the last day of a shorter month. Years beyond 9999 end at its last day."""
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    if year > 9999:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
