"""Panels: how a higher room shows its data on a lower room's page, without the lower room knowing of it.

A higher room calls ``register`` in ``AppConfig.ready``; the page asks ``collect`` for everything in a slot.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Finished content for a slot: a template and its values. ``title`` and ``count`` serve slots shown as tabs."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    count: int | None = None
    key: str = ""


Provider = Callable[[HttpRequest, Any], Panel | None]

_providers: dict[str, dict[str, tuple[int, Provider]]] = {}


def register(slot: str, provider: Provider, *, order: int = 100) -> None:
    """Offer ``provider`` for ``slot`` (``"device.attention"``, ``"device.tabs"``…). Smaller ``order`` stands first.

    The same provider twice is one registration, so that ``ready`` may run twice. The provider gets the request (for
    actor and scope) and the page's object, and answers None when it has nothing to say.
    """
    name = f"{provider.__module__}.{provider.__qualname__}"
    _providers.setdefault(slot, {})[name] = (order, provider)


def collect(slot: str, *, request: HttpRequest, subject: Any) -> list[Panel]:
    """Ask every provider of ``slot``, in order, then by name. As many queries as the providers make."""
    offered = sorted(_providers.get(slot, {}).items(), key=lambda entry: (entry[1][0], entry[0]))
    answers = (provider(request, subject) for _, (_, provider) in offered)
    return [panel for panel in answers if panel is not None]
