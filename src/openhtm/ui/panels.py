"""Panels: how a higher room shows its data on a lower room's page, without the lower room knowing of it.

A higher room calls ``register`` in ``AppConfig.ready``; the page asks ``collect`` for everything in a slot.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
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
_questions: dict[str, dict[str, str]] = {}


def register(slot: str, provider: Provider, *, order: int = 100) -> None:
    """Offer ``provider`` for ``slot`` (``"device.attention"``, ``"device.tabs"``…). Smaller ``order`` stands first.

    The same provider twice is one registration, so that ``ready`` may run twice. The provider gets the request (for
    actor and scope) and the page's object, and answers None when it has nothing to say.
    """
    name = f"{provider.__module__}.{provider.__qualname__}"
    _providers.setdefault(slot, {})[name] = (order, provider)


def question(about: str, name: str, sql: str) -> None:
    """Offer a scalar SQL expression about the record ``%(pk)s`` of a page, asked in one statement with those of all other rooms.

    Round trips are what a page of one record costs most; so rooms that are strangers share one.
    """
    _questions.setdefault(about, {})[name] = sql


def ask(about: str, *, pk: int, names: Collection[str] | None = None) -> dict[str, Any]:
    """Return the answers to all questions about a record (or to those of ``names``), JSON decoded. One statement."""
    asked = {name: sql for name, sql in _questions.get(about, {}).items() if names is None or name in names}
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'({sql})' for sql in asked.values())}", {"pk": pk})
        found = zip(asked, cursor.fetchone(), strict=True)
    return {name: json.loads(value) if isinstance(value, str) else value for name, value in found}


def answer(request: HttpRequest, about: str, name: str, *, pk: int) -> Any:
    """Return the answer to one question: from the page's own statement if it kept the answers (``keep``), else asked alone."""
    kept: dict[str, Any] = request.__dict__.get("_answers_for_panels", {}).get((about, pk), {})
    return kept[name] if name in kept else ask(about, pk=pk, names=(name,)).get(name)


def keep(request: HttpRequest, about: str, *, pk: int) -> dict[str, Any]:
    """Ask everything about a page's record at once and keep it for the panels of this request. One statement."""
    answers = ask(about, pk=pk)
    request.__dict__.setdefault("_answers_for_panels", {})[(about, pk)] = answers
    return answers


def collect(slot: str, *, request: HttpRequest, subject: Any) -> list[Panel]:
    """Ask every provider of ``slot``, in order, then by name. As many queries as the providers make."""
    offered = sorted(_providers.get(slot, {}).items(), key=lambda entry: (entry[1][0], entry[0]))
    answers = (provider(request, subject) for _, (_, provider) in offered)
    return [panel for panel in answers if panel is not None]
