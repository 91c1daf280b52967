"""The API of notices: one's own messages."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from openhtm.core.pagination import Page, count_up_to, keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Cursor, Limit, PageOut
from openhtm.identity.actor import Actor
from openhtm.notices import queries, services
from openhtm.notices.models import Notice

router = Router(tags=["notices"])


class NoticeOut(Schema):
    uid: UUID
    kind: str = Field(description="Stable code of the occasion.", examples=["visit-not-located"])
    subject: str
    text: str
    url: str = Field(description="Path of the page where something can be done about it.")
    urgent: bool
    created_at: str
    is_read: bool


class NoticePage(PageOut):
    items: list[NoticeOut]


class NoticesRead(Body):
    uids: Annotated[list[UUID], Field(max_length=1000)] | None = Field(default=None, description="Without it: all unread messages.")


class ReadOut(Schema):
    marked: int


@router.get("/notices", response={200: NoticePage, **REFUSALS}, operation_id="list_notices", summary="Your messages, newest first")
def list_notices(
    request: HttpRequest,
    unread: bool | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
    count: Annotated[bool, Query()] = False,
) -> dict[str, Any]:
    found = queries.mine(_who(request), unread=unread)
    page: Page[Any] = keyset_page(found, order=("-created_at", "-pk"), cursor=cursor, limit=limit)
    total = count_up_to(found) if count else None
    return {
        "items": [_out(notice) for notice in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "count": total.value if total else None,
        "count_is_exact": total.exact if total else None,
    }


@router.post("/notices/read", response={200: ReadOut, **REFUSALS}, operation_id="read_notices", summary="Mark messages as read")
def read_notices(request: HttpRequest, body: NoticesRead) -> dict[str, int]:
    uids = None if body.uids is None else [str(uid) for uid in body.uids]
    return {"marked": services.mark_read(actor=_who(request), uids=uids)}


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _out(notice: Notice) -> dict[str, Any]:
    shown = ("uid", "kind", "subject", "text", "url", "urgent")
    read = bool(notice.is_read)  # type: ignore[attr-defined]
    return {name: getattr(notice, name) for name in shown} | {"created_at": notice.created_at.isoformat(), "is_read": read}


routers: tuple[Router, ...] = (router,)
