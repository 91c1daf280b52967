"""Places, departments and service providers that an import names: found by what people write, added many at once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import connection, transaction

from openhtm.core.errors import Invalid
from openhtm.core.text import fold
from openhtm.sites.models import Department, Facility, Location, ServiceProvider
from openhtm.sites.rules.tree import KINDS, child_name, child_path, may_contain
from openhtm.sites.scope import Right, Scoped, require

_PATH = re.compile(r"\s*[›>]\s*|\s+/\s+|\s*\|\s*|\s*\\\s*")
MAX_NAME = 120


def path_of_text(text: str) -> tuple[str, ...]:
    """Split ``Main / 4 / Room 401`` into its parts; a slash parts only between spaces."""
    return tuple(part for piece in _PATH.split(text) if (part := " ".join(piece.split())))


def path_key(parts: Sequence[str]) -> str:
    """How paths are compared: letter case, accents and spaces aside."""
    return " › ".join(fold(part) for part in parts)


def kinds_below(parent_kind: str | None, count: int) -> tuple[str, ...] | None:
    """Kinds for ``count`` new places one in another below ``parent_kind``; None if they do not fit. The last is a room if it can be."""
    free = [kind for kind in KINDS if may_contain(parent_kind, kind)]
    if count > len(free):
        return None
    if parent_kind is None and count == 1:
        return ("area",)
    return (*free[: count - 1], "room")


@transaction.atomic
def ensure_departments(*, actor: Scoped, wanted: Sequence[tuple[int, str]]) -> list[int]:
    """Return the id of each (facility, name), adding those that are missing. Three statements. Raises NotAllowed."""
    for facility_id in {facility_id for facility_id, _ in wanted}:
        require(actor, Right.EDIT_SITES, at=facility_id)
    found = _departments(wanted)
    fresh = {(f, fold(n)): n for f, n in wanted if (f, fold(n)) not in found}
    Department.objects.bulk_create(
        [Department(facility_id=facility_id, name=name[:MAX_NAME]) for (facility_id, _), name in fresh.items()], ignore_conflicts=True
    )
    found |= _departments(wanted) if fresh else {}
    return [found[facility_id, fold(name)] for facility_id, name in wanted]


def _departments(wanted: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
    rows = (
        Department.objects.filter(facility_id__in={f for f, _ in wanted}).order_by("-active", "pk").values_list("facility_id", "name", "pk")
    )
    found: dict[tuple[int, str], int] = {}
    for facility_id, name, pk in rows:
        found.setdefault((facility_id, fold(name)), pk)
    return found


@transaction.atomic
def ensure_locations(*, actor: Scoped, wanted: Sequence[tuple[int, Sequence[str]]]) -> list[int]:
    """Return the id of each (facility, path of names), adding what is missing on the way down.

    One level of the trees at a time, so a handful of statements. Raises NotAllowed, and Invalid where a path is deeper
    than building, floor, area and room.
    """
    facilities = sorted({facility_id for facility_id, _ in wanted})
    for facility_id in facilities:
        require(actor, Right.EDIT_SITES, at=facility_id)
    list(Facility.objects.filter(pk__in=facilities).order_by("pk").select_for_update(no_key=True))  # as every change of a tree
    known = {(one.facility_id, path_key(one.full_name.split(" › "))): one for one in Location.objects.filter(facility_id__in=facilities)}
    for depth in range(1, len(KINDS) + 1):
        fresh: dict[tuple[int, str], Location] = {}
        for facility_id, parts in wanted:
            key = (facility_id, path_key(parts[:depth]))
            if len(parts) >= depth and key not in known and key not in fresh:
                fresh[key] = _child(known, facility_id, parts, depth)
        _insert(list(fresh.values()))
        known |= fresh
    return [_known(known, facility_id, parts).pk for facility_id, parts in wanted]


def _known(known: dict[tuple[int, str], Location], facility_id: int, parts: Sequence[str]) -> Location:
    found = known.get((facility_id, path_key(parts)))
    if found is None:
        raise Invalid({"location": [f"{' / '.join(parts)} is deeper than building, floor, area and room. Shorten it."]})
    return found


def _child(known: dict[tuple[int, str], Location], facility_id: int, parts: Sequence[str], depth: int) -> Location:
    parent = known.get((facility_id, path_key(parts[: depth - 1]))) if depth > 1 else None
    kinds = kinds_below(parent.kind if parent else None, len(parts) - depth + 1)
    if kinds is None:
        raise Invalid({"location": [f"{' / '.join(parts)} does not fit below {parent}. Places nest from building to room."]})
    name = parts[depth - 1][:MAX_NAME]
    full_name = child_name(parent.full_name if parent else "", name)
    return Location(facility_id=facility_id, parent=parent, kind=kinds[0], name=name, full_name=full_name)


def _insert(places: list[Location]) -> None:
    if not places:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('sites_location', 'id')) FROM generate_series(1, %s)", [len(places)])
        for place, (key,) in zip(places, cursor.fetchall(), strict=True):
            place.pk = int(key)
            place.path = child_path(place.parent.path if place.parent else "", place.pk)
    Location.objects.bulk_create(places, batch_size=2000)


@transaction.atomic
def ensure_providers(*, actor: Scoped, names: Sequence[str]) -> list[int]:
    """Return the id of each service provider, adding those that are missing. Three statements. Raises NotAllowed."""
    require(actor, Right.EDIT_SITES)
    found = _providers()
    fresh = {fold(name): name for name in names if fold(name) not in found}
    ServiceProvider.objects.bulk_create([ServiceProvider(name=name[:200]) for name in fresh.values()], ignore_conflicts=True)
    found |= _providers() if fresh else {}
    return [found[fold(name)] for name in names]


def _providers() -> dict[str, int]:
    found: dict[str, int] = {}
    for name, pk in ServiceProvider.objects.order_by("-active", "pk").values_list("name", "pk"):
        found.setdefault(fold(name), pk)
    return found
