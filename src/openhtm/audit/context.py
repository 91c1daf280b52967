"""Who, under which request and why: attached to every history row written inside."""

from __future__ import annotations

import contextlib
import contextvars
import uuid
from collections.abc import Iterator
from typing import Any

import pghistory
from django.db import connection
from pghistory import runtime

from openhtm.identity.actor import Actor

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")


@contextlib.contextmanager
def acting(actor: Actor, *, reason: str = "", **facts: Any) -> Iterator[None]:
    """Attach ``actor`` (and ``reason``) to all history written inside.

    Nested, what is written inside has the outer facts and these; what is written before and after has the outer facts alone.
    """
    about: dict[str, Any] = {"user": actor.user_id, "actor": actor.name, **facts}
    if actor.token_id:
        about["token"] = actor.token_id
    if request := request_id.get():
        about["request"] = request
    if reason:
        about["reason"] = reason
    with pghistory.context(), _apart(about):
        yield


@contextlib.contextmanager
def _apart(about: dict[str, Any]) -> Iterator[None]:
    """Give the history inside a context of its own.

    pghistory adds nested facts to the one outer context and keeps them when the nested block ends, so that in a bulk run the reason
    of the first record would stand beside all others.
    """
    outer = runtime._tracker.value
    inner = outer.metadata | about
    if outer.metadata and inner != outer.metadata:
        runtime._tracker.value = runtime.Context(id=uuid.uuid4(), metadata=inner)
    else:
        outer.metadata.update(about)
    try:
        yield
    finally:
        runtime._tracker.value = outer


def prepare_copy() -> None:
    """Carry the current context into the transaction for COPY, which pghistory's own statement hook does not reach.

    One statement; call it inside the transaction that copies.
    """
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pghistory_context SET id = id WHERE false")  # any write statement makes the hook set it
