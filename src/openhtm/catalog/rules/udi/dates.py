"""Dates as the issuing agencies write them, turned into calendar days."""

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache


def full_year(two_digits: int, *, today: date) -> int:
    """Return the four-digit year for YY: within 49 years back and 50 ahead (GS1 General Specifications 7.12)."""
    century, current = divmod(today.year, 100)
    difference = two_digits - current
    if difference >= 51:
        century -= 1
    elif difference <= -50:
        century += 1
    return century * 100 + two_digits


@lru_cache(maxsize=8192)
def from_yymmdd(digits: str, today: date) -> date:
    """Return the day of a checked YYMMDD; day 00 is the last of the month."""
    return month_day(full_year(int(digits[:2]), today=today), int(digits[2:4]), int(digits[4:6]))


def month_day(year: int, month: int, day: int) -> date:
    """Return a day; day 0 and the 29th of February of a common year fall on the last of the month."""
    last = monthrange(year, month)[1]
    return date(year, month, min(day, last) if day else last)


def from_day_of_year(year: int, day: int) -> date | None:
    """Return day 1-366 of ``year``, or None where the year has no such day."""
    if not 1 <= day <= 366:
        return None
    found = date(year, 1, 1) + timedelta(days=day - 1)
    return found if found.year == year else None


def from_month_day(year: int, month: int, day: int) -> date | None:
    """Return the day, or None where the calendar has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None
