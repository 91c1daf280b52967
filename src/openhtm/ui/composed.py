"""Components of many lines, written in Python for the same reason as the marks: a page of a record holds a hundred lines of them."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from html import escape

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from openhtm.ui import icons, marks, parts
from openhtm.ui.rules import formats

FIXED = frozenset({"ui/_head.html", "ui/_mark.html", "ui/_palette.html", "ui/_confirm.html", "ui/_scripts.html"})
"""Templates of the shell that show the same to everybody."""
PALETTE_ICONS = (
    "search",
    "monitor",
    "box",
    "map-pin",
    "building-2",
    "user",
    "file-text",
    "wrench",
    "tag",
    "factory",
    "layers",
    "arrow-right",
)


def fixed(name: str) -> SafeString:
    """One of the ``FIXED`` templates, rendered once per process. Raises ValueError for another, which might show somebody's own."""
    if name not in FIXED:
        raise ValueError(f"{name} is not one of the fixed parts of the shell")
    return _render_fixed(name) if settings.DEBUG else _kept(name)


def _render_fixed(name: str) -> SafeString:
    return render_to_string(name, {"palette_icons": [(icon, icons.drawing(icon)) for icon in PALETTE_ICONS]})


_kept = cache(_render_fixed)


@lru_cache(maxsize=512)  # one for each set of rights and place in the menu, and every page shows it twice
def _nav_lines(items: tuple[parts.NavItem, ...]) -> SafeString:
    return _safe(
        "".join(
            f'\n    <a href="{escape(item.url)}"{_CURRENT if item.current else ""}>{icons.drawing(item.icon)}<span>{escape(item.label)}</span></a>'
            for item in items
        )
    )


def nav_lines(items: Sequence[parts.NavItem] | str) -> SafeString:
    """The links of the main menu; nothing where nobody is logged in."""
    return _nav_lines(tuple(items)) if items else _safe("")


_CURRENT = ' aria-current="page"'


def tabs(items: Sequence[parts.Tab], label: str) -> SafeString:
    """Tabs or saved views as links; ``label`` names the group for screen readers."""
    links = "".join(
        f'<a href="{_text(tab.url)}"{_CURRENT if tab.current else ""}>{_text(tab.label)}{_tab_count(tab.count)}</a>' for tab in items
    )
    return _safe(f'<nav class="tabs" aria-label="{_text(label)}">{links}</nav>')


def _tab_count(count: int | str | None) -> str:
    if count is None:
        return ""
    return f" <small>{_text(count if isinstance(count, str) else formats.number(count))}</small>"


def facts(items: Sequence[parts.Fact], wide: bool = False) -> SafeString:
    """Terms and values; ``wide`` gives each a line of its own."""
    return _safe(f'<dl class="facts"{" data-wide" if wide else ""}>{"".join(map(_fact, items))}</dl>')


def _fact(fact: parts.Fact) -> str:
    shown = str(marks.value(fact.value, absent=fact.absent, mono=fact.mono))
    if fact.value and fact.url:
        shown = f'<a class="link" href="{_text(fact.url)}">{shown}</a>'
    if fact.value and fact.copy:
        shown += (
            f'<button class="copy" type="button" data-copy="{_text(fact.value)}" aria-label="Copy {_text(fact.label)}" hidden>'
            f"{icons.drawing('copy')}</button>"
        )
    return f"<div><dt>{_text(fact.label)}</dt><dd>{shown}</dd></div>"


def timeline(events: Sequence[parts.Event], more_url: str = "") -> SafeString:
    """Recorded facts, newest first; ``more_url`` fetches older ones in place."""
    older = ""
    if more_url:
        url = _text(more_url)
        older = (
            f'<li class="more-events"><a class="button" href="{url}" hx-get="{url}" hx-target="closest li" hx-swap="outerHTML">'
            "Show older</a></li>"
        )
    return _safe(f'<ol class="timeline">{"".join(map(_event, events))}\n{older}</ol>')


def _event(event: parts.Event) -> str:
    tone = f' data-tone="{_text(event.tone)}"' if event.tone else ""
    when = marks.instant(event.when) if isinstance(event.when, datetime) else marks.day(event.when)  # type: ignore[arg-type]
    title = f"<b>{_text(event.title[:1].upper() + event.title[1:])}</b>"
    if event.url:
        title = f'<a class="link" href="{_text(event.url)}">{title}</a>'
    detail = f'<p class="muted">{_text(event.detail)}</p>' if event.detail else ""
    reason = f'<p class="reason">{_text(event.reason)}</p>' if event.reason else ""
    return (
        f'\n<li{tone}>{when}<span class="dot">{icons.drawing(event.icon)}</span>'
        f"<div><p>{title}</p>{_changes(event.changes)}{detail}{reason}</div></li>"
    )


def _changes(changes: Sequence[tuple[str, object, object]]) -> str:
    if not changes:
        return ""
    arrow = icons.drawing("arrow-right")
    lines = "".join(
        f"<div><dt>{_text(name)}</dt><dd><del>{marks.value(old, absent='empty')}</del> {arrow} "
        f"<ins>{marks.value(new, absent='empty')}</ins></dd></div>"
        for name, old, new in changes
    )
    return f'<dl class="changes">{lines}</dl>'


def _text(content: object) -> str:
    return content if isinstance(content, SafeString) else escape(str(content))


def _safe(markup: str) -> SafeString:
    return mark_safe(markup)  # noqa: S308 - every value is escaped above; the tests send HTML through each of them
