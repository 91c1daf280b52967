"""What still stands in the way of closing a place, told by the rooms above that use it.

A room above registers a guard in ``AppConfig.ready``. The guard gets the record that shall become inactive and returns
one sentence for each reason against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from openhtm.core.errors import Invalid
from openhtm.sites.models import Department, Facility, Location, ServiceProvider

Closable = Facility | Location | Department | ServiceProvider
Guard = Callable[[Closable], Sequence[str]]

_guards: dict[str, Guard] = {}


def register(guard: Guard) -> None:
    """Ask ``guard`` before a record becomes inactive. Registering the same function again changes nothing."""
    _guards[f"{guard.__module__}.{guard.__qualname__}"] = guard


def unregister(guard: Guard) -> None:
    _guards.pop(f"{guard.__module__}.{guard.__qualname__}", None)


def refusals(record: Closable) -> list[str]:
    """Every guard's sentences, in the order of their names."""
    return [sentence for name in sorted(_guards) for sentence in _guards[name](record)]


def refuse_closing(record: Closable, *, own_reasons: Sequence[str] = ()) -> None:
    """Raise Invalid with all reasons against closing ``record``, if there are any."""
    if reasons := [*own_reasons, *refusals(record)]:
        raise Invalid({"": list(reasons)})


def still_active(number: int, noun: str, where: str) -> list[str]:
    """Return the sentence against closing something with ``number`` active ones inside; none without any."""
    if not number:
        return []
    counted = f"1 {noun} {where} is" if number == 1 else f"{number:,} {noun}s {where} are"
    return [f"{counted} still active. Deactivate {'it' if number == 1 else 'them'} first."]
