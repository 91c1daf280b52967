"""Keyset pages: the last page costs what the first costs, and nothing is skipped when rows are added meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection, models
from django.db.models import Q

from openhtm.core.errors import DomainError

Row = TypeVar("Row")
MAX_LIMIT = 1000
EXACT_COUNT_UP_TO = 10_000
SURELY_MORE = 2  # times EXACT_COUNT_UP_TO: where the planner expects so many rows, counting first would be waste


class BadCursor(DomainError):
    """The ``cursor`` is not one that this list gave out."""

    code = "bad-cursor"
    status = 400
    message = "The cursor {cursor} is not one of this list. Start again without it."


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of an ordered list, and the cursors of its neighbours (None: there is none)."""

    rows: list[Row]
    next_cursor: str | None
    previous_cursor: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows match. Above ``EXACT_COUNT_UP_TO`` it is the planner's estimate and says so."""

    value: int
    exact: bool

    def __str__(self) -> str:
        return f"{self.value:,}" if self.exact else f"about {self.value:,}"


def keyset_page(queryset: Any, *, order: tuple[str, ...], cursor: str | None = None, limit: int = 50) -> Page[Any]:
    """Return ``limit`` rows of ``queryset`` in ``order``, from ``cursor`` on. One statement.

    ``order`` names columns that together are unique and not null, all in one direction (all with ``-`` or none).
    Raises BadCursor.
    """
    backwards, values = _decode(cursor, width=len(order)) if cursor else (False, None)
    names = [name.lstrip("-") for name in order]
    descending = order[0].startswith("-") != backwards
    if values is not None:
        try:
            queryset = queryset.filter(_beyond(names, values, descending=descending))
        except (ValueError, TypeError, ValidationError):  # well-formed, but its values are not of these columns
            raise BadCursor(cursor=(cursor or "")[:40]) from None
    queryset = queryset.order_by(*(f"-{name}" if descending else name for name in names))
    found = list(queryset[: limit + 1])
    more, rows = len(found) > limit, found[:limit]
    if backwards:
        rows.reverse()
    has_next, has_previous = (bool(rows), more) if backwards else (more, values is not None)
    return Page(
        rows,
        _encode(_key(rows[-1], names), backwards=False) if has_next and rows else None,
        _encode(_key(rows[0], names), backwards=True) if has_previous and rows else None,
    )


def count_up_to(queryset: Any, *, exact_up_to: int = EXACT_COUNT_UP_TO) -> Count:
    """Count exactly up to ``exact_up_to`` rows, above that by the planner's estimate. One or two statements."""
    expected = estimate(queryset)
    if expected > SURELY_MORE * exact_up_to:
        return Count(expected, exact=False)
    found = queryset.order_by()[: exact_up_to + 1].count()
    return Count(found, exact=True) if found <= exact_up_to else Count(max(expected, found), exact=False)


def count_of_page(page: Page[Any], queryset: Any) -> Count:
    """Count what a list's first page is taken from; a list that fits on its page costs no statement."""
    if page.next_cursor is None and page.previous_cursor is None:
        return Count(len(page.rows), exact=True)
    return count_up_to(queryset)


def estimate(queryset: models.QuerySet[Any]) -> int:
    """Return the planner's row estimate for ``queryset``. One EXPLAIN, no rows are read."""
    try:
        sql, params = queryset.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # a filter that nothing can match, such as no facility in reach
        return 0
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql, params)
        plan = cursor.fetchone()[0]
    return int((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"])


def _beyond(names: list[str], values: list[Any], *, descending: bool) -> Q:
    """Rows after ``values`` in lexicographic order; the first column's bound lets the index start there."""
    compare = "lt" if descending else "gt"
    condition = Q()
    for depth, name in enumerate(names):
        same = Q(**dict(zip(names[:depth], values[:depth], strict=True)))
        condition |= same & Q(**{f"{name}__{compare}": values[depth]})
    return condition if len(names) == 1 else Q(**{f"{names[0]}__{compare}e": values[0]}) & condition


def _key(row: Any, names: list[str]) -> list[Any]:
    return [row[name] if isinstance(row, dict) else getattr(row, name) for name in names]


def _encode(values: list[Any], *, backwards: bool) -> str:
    text = json.dumps([int(backwards), *(v.isoformat() if isinstance(v, date | datetime) else v for v in values)], default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, *, width: int) -> tuple[bool, list[Any]]:
    try:
        decoded = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise BadCursor(cursor=cursor[:40]) from None
    if not isinstance(decoded, list) or len(decoded) != width + 1 or decoded[0] not in (0, 1):
        raise BadCursor(cursor=cursor[:40])
    if not all(isinstance(value, str | int) and not (isinstance(value, str) and "\0" in value) for value in decoded[1:]):
        raise BadCursor(cursor=cursor[:40])
    return bool(decoded[0]), decoded[1:]
