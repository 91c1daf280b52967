"""Who, under which request and why: attached to every history row written inside."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import pghistory
from django.db import connection

from openhtm.identity.actor import Actor

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")


@contextlib.contextmanager
def acting(actor: Actor, *, reason: str = "", **facts: Any) -> Iterator[None]:
    """Attach ``actor`` (and ``reason``) to all history written inside. Nested calls add to the outer context."""
    about: dict[str, Any] = {"user": actor.user_id, "actor": actor.name, **facts}
    if actor.token_id:
        about["token"] = actor.token_id
    if request := request_id.get():
        about["request"] = request
    if reason:
        about["reason"] = reason
    with pghistory.context(**about):
        yield


def prepare_copy() -> None:
    """Carry the current context into the transaction for COPY, which pghistory's own statement hook does not reach.

    One statement; call it inside the transaction that copies.
    """
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pghistory_context SET id = id WHERE false")  # any write statement makes the hook set it
