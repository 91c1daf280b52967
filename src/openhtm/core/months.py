"""Counting in calendar months, the same in every room. Pure."""

import calendar
from datetime import date


def add_months(day: date, months: int) -> date:
    """Return the same day ``months`` later (or earlier, if negative), or the month's last day where there is no such day.

    Raises ValueError outside the years 1 to 9999.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError(f"{day} and {months} months lead outside the calendar")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
