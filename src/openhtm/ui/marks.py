"""The small marks that stand in every row: written in Python because a list shows hundreds of them.

Positions go into SVG geometry, never into ``style``, so that the strict content security policy holds.
"""

from datetime import date, datetime, tzinfo
from functools import lru_cache
from html import escape

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from openhtm.ui import icons
from openhtm.ui.parts import TONES
from openhtm.ui.rules import formats, windows

_UNKNOWN_WORD = "unknown"


def status(tone: str, label: object) -> SafeString:
    """A word in its tone; the shape beside it comes from the stylesheet. Raises ValueError for another tone."""
    if tone not in TONES:
        raise ValueError(f"{tone!r} is not one of the tones {', '.join(TONES)}")
    return _safe(f'<span class="status" data-tone="{tone}">{escape(str(label))}</span>')


def unknown(label: object = _UNKNOWN_WORD) -> SafeString:
    """The hatched mark of a fact nobody has recorded."""
    return status("unknown", label)


def value(content: object, *, absent: str = _UNKNOWN_WORD, mono: bool = False) -> SafeString:
    """``content`` escaped, or the unknown mark for None and ""; 0 and False are values."""
    if content is None or content == "":
        return unknown(absent)
    return _safe(f'<span class="mono">{_text(content)}</span>' if mono else _text(content))


def day(moment: date | None, *, absent: str = _UNKNOWN_WORD) -> SafeString:
    """A calendar day: ``12 Dec 2026``. A datetime is taken in the current time zone."""
    if moment is None:
        return unknown(absent)
    local = timezone.localtime(moment) if isinstance(moment, datetime) else moment
    return _safe(f'<time datetime="{local:%Y-%m-%d}">{formats.day(local)}</time>')


def instant(moment: datetime | None, *, zone: tzinfo | None = None, absent: str = _UNKNOWN_WORD) -> SafeString:
    """An instant in ``zone``, else in the current (the facility's) time zone, with the zone's name on hover."""
    if moment is None:
        return unknown(absent)
    place = zone or timezone.get_current_timezone()
    words = formats.instant(moment, zone=place)
    label = formats.zone_label(moment, zone=place)
    return _safe(f'<time datetime="{moment.isoformat()}" title="{words} {label}">{words}</time>')


def age(moment: datetime | date | None, *, now: datetime | None = None, absent: str = "never") -> SafeString:
    """``3 days ago``, with the exact time on hover; ``now`` is given by tests and reports."""
    if moment is None:
        return unknown(absent)
    place = timezone.get_current_timezone()
    words = formats.age(moment, now=now or timezone.now(), zone=place)
    exact = formats.instant(moment, zone=place) if isinstance(moment, datetime) else formats.day(moment)
    return _safe(f'<time datetime="{moment.isoformat()}" title="{exact}">{words}</time>')


def due_bar(window: windows.DueWindow, *, show_words: bool = False) -> SafeString:
    """The one picture everyone learns: window, due, grace, late, and today. Its words are its accessible name."""
    bar, words = _due_bar(window)
    return _safe(f'{bar}<span class="duewords">{words}</span>') if show_words else bar


@lru_cache(maxsize=2048)  # many devices share a schedule, and a page is asked for more than once a day
def _due_bar(window: windows.DueWindow) -> tuple[SafeString, str]:
    at = windows.marks(window)
    spans = (("open", at.opens, at.due), ("grace", at.due, at.grace), ("late", at.grace, 100.0))
    rects = "".join(f'<rect class="{name}" x="{start:g}%" width="{round(end - start, 1):g}%" height="100%"/>' for name, start, end in spans)
    words = windows.in_words(window)
    bar = (
        f'<span class="duebar" role="img" aria-label="{words}" title="{words}">'
        f'<svg class="track" aria-hidden="true">{rects}</svg>'
        f'<svg class="now" aria-hidden="true"><rect x="{at.now:g}%" width="3" height="100%" rx="1.5"/></svg></span>'
    )
    return _safe(bar), words


def meter(share: float, *, label: str, tone: str = "") -> SafeString:
    """A thin bar filled to ``share`` percent (cut to 0-100)."""
    width = min(max(share, 0.0), 100.0)
    kind = f' data-tone="{tone}"' if tone in TONES else ""
    opening = f'<svg class="meter"{kind} role="img" aria-label="{escape(label)}">'
    return _safe(f'{opening}<rect width="{width:g}%" height="100%"/></svg>')


def pair(policy: float, performed: float) -> SafeString:
    """Policy-compliant over performed, in percent: the two are never shown apart."""
    words = f"policy-compliant {formats.percent(policy)}, performed {formats.percent(performed)}"
    bars = "".join(
        f'<svg class="meter" aria-hidden="true"><rect width="{min(max(share, 0.0), 100.0):g}%" height="100%"/></svg>'
        for share in (policy, performed)
    )
    return _safe(f'<span class="pair" role="img" aria-label="{words}" title="{words}">{bars}</span>')


def limit_line(reading: float | None, *, low: float, high: float, previous: float | None = None, unit: str = "") -> SafeString:
    """A reading between its limits, with the last one beside it; None draws the limits alone. Raises ValueError unless ``low`` < ``high``."""
    if low >= high:
        raise ValueError("the lower limit must be below the upper one")
    start, length = low - (high - low) / 2, 2 * (high - low)

    def at(amount: float) -> str:
        return f"{min(max((amount - start) / length * 100, 1.5), 98.5):.1f}%"

    tone = "ok" if reading is None or low <= reading <= high else "late"
    limits = f"limits {low:g} to {high:g}"
    words = limits if reading is None else f"{reading:g} {unit}, {limits}, {'within' if tone == 'ok' else 'outside'}".replace(" ,", ",")
    dot = "" if reading is None else f'<circle class="reading" cx="{at(reading)}" cy="18" r="8"/>'
    last = f'<rect class="last" x="{at(previous)}" y="9" width="2" height="18"/>' if previous is not None else ""
    return _safe(
        f'<svg class="limit" data-tone="{tone}" role="img" aria-label="{escape(words)}">'
        f'<rect class="out" y="13" width="100%" height="10" rx="5"/>'
        f'<rect class="in" x="25%" y="13" width="50%" height="10" rx="2"/>'
        f"{last}{dot}"
        f'<text x="25%" y="42" text-anchor="middle">{low:g}</text>'
        f'<text x="75%" y="42" text-anchor="middle">{high:g}</text></svg>'
    )


def chip(label: object, content: object, *, remove_url: str = "") -> SafeString:
    """One filter of a sentence; with ``remove_url`` a link takes it away."""
    away = ""
    if remove_url:
        cross = icons.drawing("x")
        away = format_html('<a href="{}" aria-label="Remove filter: {} {}">{}</a>', remove_url, label, content, cross)
    return format_html('<span class="chip"><span>{}</span><b>{}</b>{}</span>', label, content, away)


def two_lines(first: object, second: object = "", *, url: str = "") -> SafeString:
    """A table cell of two lines; the first becomes a link when ``url`` is given."""
    top = f'<a href="{_text(url)}">{_text(first)}</a>' if url else f"<span>{_text(first)}</span>"
    small = f"<small>{_text(second)}</small>" if second else ""
    return _safe(f'<span class="two">{top}{small}</span>')


def _text(content: object) -> str:
    return content if isinstance(content, SafeString) else escape(str(content))


def _safe(markup: str) -> SafeString:
    return mark_safe(markup)  # noqa: S308 - callers escape every value; tests send HTML through each of them
