"""How places nest, and what moving one does to the paths and names below it."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("building", "floor", "area", "room")
"""From the outside in. Levels may be left out: a room may stand directly in a building."""

SEPARATOR = " › "


@dataclass(frozen=True, slots=True)
class Place:
    """What the rules need to know about a location. ``path`` holds primary keys from the top down, joined by dots."""

    path: str
    full_name: str
    kind: str
    facility_id: int
    active: bool = True


def may_contain(parent_kind: str | None, kind: str) -> bool:
    """True if a place of ``kind`` may lie directly in one of ``parent_kind`` (None: the facility itself)."""
    return parent_kind is None or KINDS.index(parent_kind) < KINDS.index(kind)


def parent_kinds(kind: str) -> tuple[str, ...]:
    """The kinds that may hold ``kind``."""
    return KINDS[: KINDS.index(kind)]


def lies_within(path: str, outer: str) -> bool:
    """True if ``path`` is ``outer`` or below it."""
    return path == outer or path.startswith(outer + ".")


def move_refusals(moved: Place, target: Place | None) -> list[str]:
    """Codes of what forbids moving ``moved`` into ``target`` (None: to the top of its facility); empty if nothing does."""
    if target is None:
        return []
    checks = {
        "other-facility": target.facility_id != moved.facility_id,
        "into-itself": lies_within(target.path, moved.path),
        "kind": not may_contain(target.kind, moved.kind),
        "inactive": moved.active and not target.active,
    }
    return [code for code, forbidden in checks.items() if forbidden]


def child_path(parent_path: str, pk: int) -> str:
    return f"{parent_path}.{pk}" if parent_path else str(pk)


def child_name(parent_name: str, name: str) -> str:
    return f"{parent_name}{SEPARATOR}{name}" if parent_name else name


def carried_along(*, path: str, full_name: str, old: Place, new_path: str, new_name: str) -> tuple[str, str]:
    """Return path and name of a place at or below ``old`` once ``old`` stands at ``new_path`` under ``new_name``."""
    return new_path + path[len(old.path) :], new_name + full_name[len(old.full_name) :]
