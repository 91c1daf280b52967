"""How dates, durations, money and sizes are written for people. Pure: time zones and "now" are arguments.

Dates name the month (``12 Dec 2026``), so that no reader can take the day for the month.
"""

from datetime import date, datetime, tzinfo
from decimal import Decimal

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "JPY": "¥", "CHF": "CHF\u00a0"}
_WITHOUT_MINOR_UNIT = frozenset({"JPY", "KRW", "CLP", "VND", "ISK"})
_FIXED = "\u00a0"


def day(value: date) -> str:
    """``date(2026, 12, 12)`` is ``"12 Dec 2026"``."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def month(value: date) -> str:
    """``"Dec 2026"``, for facts known only to the month."""
    return f"{MONTHS[value.month - 1]} {value.year}"


def instant(value: datetime, *, zone: tzinfo) -> str:
    """Date and 24-hour clock in ``zone``: ``"12 Dec 2026 14:20"``. Raises ValueError for a naive ``value``."""
    local = _local(value, zone)
    return f"{day(local)} {local:%H:%M}"


def clock(value: datetime, *, zone: tzinfo) -> str:
    """``"14:20"`` in ``zone``. Raises ValueError for a naive ``value``."""
    return f"{_local(value, zone):%H:%M}"


def zone_label(value: datetime, *, zone: tzinfo) -> str:
    """The zone as a reader knows it (``"CST"``), else its offset (``"UTC+05:45"``)."""
    local = _local(value, zone)
    name = local.tzname() or ""
    offset = f"{local:%z}"
    return name if name.isalpha() else f"UTC{offset[:3]}:{offset[3:5]}"


def age(value: datetime | date, *, now: datetime, zone: tzinfo) -> str:
    """How long ago or ahead, in the unit that matters: ``"just now"``, ``"5 min ago"``, ``"in 3 days"``."""
    if not isinstance(value, datetime):
        return _days_apart((value - _local(now, zone).date()).days)
    seconds = int((value - now).total_seconds())
    if abs(seconds) < 60:
        return "just now"
    if abs(seconds) < 3600:
        return _around(seconds < 0, f"{abs(seconds) // 60} min")
    if abs(seconds) < 22 * 3600:
        return _around(seconds < 0, f"{abs(seconds) // 3600} h")
    return _days_apart((_local(value, zone).date() - _local(now, zone).date()).days)


def money(cents: int, *, currency: str = "USD") -> str:
    """Minor units as an amount: ``231000`` is ``"$2,310"``, ``231050`` is ``"$2,310.50"``; other codes stand before."""
    sign = "−" if cents < 0 else ""
    symbol = _SYMBOLS.get(currency, f"{currency}{_FIXED}")
    if currency in _WITHOUT_MINOR_UNIT:
        return f"{sign}{symbol}{abs(cents):,}"
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{symbol}{whole:,}" + (f".{rest:02d}" if rest else "")


def size(octets: int) -> str:
    """``"0 B"``, ``"14 kB"``, ``"2.5 MB"`` (powers of 1,000, as file managers show them)."""
    amount, units = float(octets), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while amount >= 999.5 and unit != "TB":
        amount, unit = amount / 1000, next(units)
    return f"{amount:.0f}{_FIXED}{unit}" if unit in {"B", "kB"} else f"{amount:.1f}{_FIXED}{unit}"


def number(value: int | float | Decimal) -> str:
    """Thousands set apart by commas, a whole number without its zero: ``"6,012"``, ``"14"`` for 14.0, ``"16.4"``."""
    return f"{int(value):,}" if value == int(value) else f"{value:,}"


def percent(value: float) -> str:
    """One decimal, cut and not rounded, so that no 99.96 reads as a full hundred: ``"99.9 %"``."""
    shown = int(value * 10 + 1e-9) / 10
    return f"{shown:g}{_FIXED}%"


def duration(minutes: int) -> str:
    """``"55 min"``, ``"4 h"``, ``"4 h 10 min"``."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours}{_FIXED}h"] if hours else []
    return " ".join(parts + ([f"{rest}{_FIXED}min"] if rest or not hours else []))


def _local(value: datetime, zone: tzinfo) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant without a time zone cannot be shown")
    return value.astimezone(zone)


def _days_apart(days: int) -> str:
    if days == 0:
        return "today"
    if days == -1:
        return "yesterday"
    if days == 1:
        return "tomorrow"
    return _around(days < 0, _span(abs(days)))


def _span(days: int) -> str:
    if days < 61:
        return f"{days} days"
    if days < 730:
        return f"{int(days / 30.44)} months"
    return f"{int(days / 365.25)} years"


def _around(past: bool, text: str) -> str:
    return f"{text} ago" if past else f"in {text}"
