"""Facts that a lower room tells whoever listens above: frozen, handled at once, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Event = TypeVar("Event")
_handlers: dict[type[Any], dict[str, Callable[[Any], None]]] = {}


def subscribe(kind: type[Event], name: str, handler: Callable[[Event], None]) -> None:
    """Have ``handler`` called for every event of ``kind``. Call it in ``AppConfig.ready``; the same name replaces."""
    _handlers.setdefault(kind, {})[name] = handler


def publish(event: Any) -> None:
    """Hand ``event`` to its handlers, in the order of their names. What they raise undoes the transaction."""
    for _, handler in sorted(_handlers.get(type(event), {}).items()):
        handler(event)
