"""What every part of the catalogue's API shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.core.repeatable import answer_once
from openhtm.core.schema import Text
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission

Search = Annotated[Text, Field(max_length=200)]
Code = Annotated[Text, Field(max_length=80)]
Line = Annotated[Text, Field(max_length=400)]
ClientKey = Annotated[Text, Field(min_length=1, max_length=100)]
CLIENT_KEY = Field(default=None, description="Your own key of this creation: sending it again answers the same and adds nothing.")
Row = TypeVar("Row")
Out = TypeVar("Out", bound=Schema)


def reader(request: HttpRequest) -> Actor:
    """Return who asks. Raises NotAllowed unless they may see the catalogue."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.VIEW_CATALOG)
    return actor


def answer_page(
    queryset: Any,
    *,
    order: tuple[str, ...],
    cursor: str | None,
    limit: int,
    count: bool,
    out: Callable[[list[Any]], list[Any]],
) -> dict[str, Any]:
    """Return one page in the shape of ``PageOut``. One statement, one or two more with ``count``, and those of ``out``."""
    page = keyset_page(queryset, order=order, cursor=cursor, limit=limit)
    total = count_up_to(queryset) if count else None
    return {
        "items": out(page.rows),
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": total.value if total else None,
        "count_is_exact": total.exact if total else None,
    }


def create_once(*, actor: Actor, route: str, payload: Schema, make: Callable[[dict[str, Any]], Any], out: type[Schema]) -> Status[Any]:
    """Create by ``make`` (given the body without its client key) and answer 201; 200 where the same key was answered before."""
    body = payload.model_dump(mode="json")
    values = payload.model_dump(exclude_unset=True)
    key = values.pop("client_key", None)

    def first_time() -> tuple[int, Any]:
        return 201, out.model_validate(make(values)).model_dump(mode="json")

    status, answer, replayed = answer_once(actor=actor, key=key, route=route, body=body, make=first_time)
    return Status(200 if replayed else status, answer)
