"""What every list page needs: which page is asked for, the links to its neighbours, and its filters as chips."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from openhtm.core.pagination import MAX_LIMIT, Count, Page
from openhtm.ui import parts

DEFAULT_LIMIT = 50
_PAGING = ("cursor",)


def limit_of(request: HttpRequest, *, default: int = DEFAULT_LIMIT) -> int:
    """The rows asked for by ``limit``, from 1 to MAX_LIMIT; anything else is ``default``."""
    text = request.GET.get("limit", "")
    return min(max(int(text), 1), MAX_LIMIT) if text.isascii() and text.isdecimal() and len(text) < 6 else default


def text_of(request: HttpRequest, name: str, *, max_length: int = 200) -> str:
    """A filter's text without NUL and outer white space, cut to ``max_length``."""
    return request.GET.get(name, "").replace("\0", "").strip()[:max_length]


def pager(request: HttpRequest, page: Page[Any], *, count: Count | None = None, noun: str = "rows") -> parts.Pager:
    """The foot of a keyset-paged list."""
    shown = f"{len(page.rows):,} of {count} {noun}" if count else f"{len(page.rows):,} {noun}"
    first = with_query(request, cursor=None) if page.previous_cursor else ""
    return parts.Pager(
        shown=shown,
        first_url=first,
        previous_url=with_query(request, cursor=page.previous_cursor) if page.previous_cursor else "",
        next_url=with_query(request, cursor=page.next_cursor) if page.next_cursor else "",
    )


def chips(request: HttpRequest, filters: Iterable[tuple[str, str, str]]) -> list[parts.Chip]:
    """Chips for (parameter, label, value in words); a filter without value has none."""
    return [parts.Chip(label=label, value=value, remove_url=with_query(request, **{name: None})) for name, label, value in filters if value]


def with_query(request: HttpRequest, **changes: str | None) -> str:
    """The page's own address with ``changes`` to its query (None takes away); changing a filter leaves the page."""
    query = request.GET.copy()
    for name in (*_PAGING, *changes):
        query.pop(name, None)
    query.update({name: value for name, value in changes.items() if value is not None})
    return f"{request.path}?{query.urlencode()}" if query else request.path
