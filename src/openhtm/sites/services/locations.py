"""The location tree: adding, renaming, moving and closing places. ``path`` and ``full_name`` are written here only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict, Unpack

from django.db import connection, transaction

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.events import publish
from openhtm.core.integrity import refuse_readably
from openhtm.core.validation import refuse_unclean
from openhtm.sites.models import Facility, Location
from openhtm.sites.rules.events import PlaceMoved
from openhtm.sites.rules.tree import Place, carried_along, child_name, child_path, may_contain, move_refusals
from openhtm.sites.scope import Right, Scoped, require
from openhtm.sites.services import guards
from openhtm.sites.services.records import change, insert, tidy

PREVIEW_ROWS = 20
_MOVE_WORDS = {
    "other-facility": "A place cannot move to another facility. Choose a place in its own.",
    "into-itself": "A place cannot lie within itself. Choose a place outside it.",
    "kind": "Places nest from building over floor and area down to room. Choose a place of a wider kind.",
    "inactive": "That place is not active. Activate it first, or choose another.",
}


class LocationFields(TypedDict, total=False):
    kind: str
    name: str
    code: str


class CannotMove(DomainError):
    """The place cannot go there."""

    code = "cannot-move"
    message = "{reasons}"


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What a move would do. ``examples`` are (name before, name after), at most PREVIEW_ROWS of ``count`` places."""

    location: Location
    target: Location | None
    count: int
    examples: list[tuple[str, str]]
    refusals: list[str]


@transaction.atomic
def add_location(*, actor: Scoped, facility_id: int, parent_code: str | None = None, **fields: Unpack[LocationFields]) -> Location:
    """Add a place at the top of a facility, or in the place with the public code ``parent_code``. Five statements.

    Raises Facility.DoesNotExist, Location.DoesNotExist, NotAllowed, Invalid.
    """
    facility = _lock_tree(actor, facility_id)
    require(actor, Right.EDIT_SITES, at=facility.pk)
    parent = Location.objects.visible_to(actor).get(public_code=parent_code, facility=facility) if parent_code else None
    location = Location(facility=facility, parent=parent, **tidy(fields))
    refuse_unclean(location)
    if parent and not may_contain(parent.kind, location.kind):
        raise Invalid({"kind": [_MOVE_WORDS["kind"]]})
    if parent and not parent.active:
        raise Invalid({"": [_MOVE_WORDS["inactive"]]})
    location.pk = _next_key()
    location.path = child_path(parent.path if parent else "", location.pk)
    location.full_name = child_name(parent.full_name if parent else "", location.name)
    insert(location)
    return location


@transaction.atomic
def update_location(*, actor: Scoped, public_code: str, **changes: Unpack[LocationFields]) -> Location:
    """Rename a place or change its kind or code. The names of everything within follow in one statement. Raises as above."""
    location = _locked(actor, public_code)
    wanted = tidy(changes)
    name, kind = wanted.pop("name", location.name), wanted.get("kind", location.kind)
    _refuse_kind(location, kind)
    change(location, wanted)
    if name != location.name:
        old_name, location.name = location.name, name
        refuse_unclean(location, fields=["name"])
        location.name = old_name
        _rebuild(location, parent=location.parent, name=name)
        location.refresh_from_db()
    return location


@transaction.atomic
def move_location(*, actor: Scoped, public_code: str, parent_code: str | None) -> Location:
    """Move a place and everything within it into another (None: to the top of its facility), in one UPDATE.

    Raises Location.DoesNotExist, NotAllowed, CannotMove, Invalid (the name is taken there).
    """
    location = _locked(actor, public_code)
    target = Location.objects.visible_to(actor).get(public_code=parent_code) if parent_code else None
    if reasons := _reasons_against(location, target):
        raise CannotMove(reasons=" ".join(reasons))
    if location.parent_id != (target.pk if target else None):
        _rebuild(location, parent=target, name=location.name)
        location.refresh_from_db()
        publish(PlaceMoved(location_id=location.pk))
    return location


def preview_move(*, actor: Scoped, public_code: str, parent_code: str | None) -> MovePreview:
    """Say what ``move_location`` would change, and what forbids it. Four statements at most, nothing is written."""
    location = Location.objects.visible_to(actor).get(public_code=public_code)
    require(actor, Right.EDIT_SITES, at=location.facility_id)
    target = Location.objects.visible_to(actor).get(public_code=parent_code) if parent_code else None
    within = Location.objects.within(location)
    new_path = child_path(target.path if target else "", location.pk)
    new_name = child_name(target.full_name if target else "", location.name)
    names = within.order_by("full_name", "pk").values_list("path", "full_name")[:PREVIEW_ROWS]
    examples = [
        (old, carried_along(path=path, full_name=old, old=_place(location), new_path=new_path, new_name=new_name)[1]) for path, old in names
    ]
    return MovePreview(location, target, within.count(), examples, _reasons_against(location, target))


@transaction.atomic
def set_location_active(*, actor: Scoped, public_code: str, active: bool) -> Location:
    """Close or reopen a place. Closing needs everything within closed; reopening needs an open place around it."""
    location = _locked(actor, public_code)
    if location.active and not active:
        inside = Location.objects.filter(parent=location, active=True).count()
        reasons = guards.still_active(inside, "place", "within it")
        guards.refuse_closing(location, own_reasons=reasons)
    if active and location.parent and not location.parent.active:
        raise Invalid({"": [f"{location.parent.name}, in which it lies, is not active. Activate that first."]})
    change(location, {"active": active})
    return location


def _lock_tree(actor: Scoped, facility_id: int) -> Facility:
    """Let one change at a time touch a facility's tree, so that paths are never computed from a stale parent."""
    return Facility.objects.visible_to(actor).select_for_update(of=("self",), no_key=True).get(pk=facility_id)


def _locked(actor: Scoped, public_code: str) -> Location:
    facility_id = Location.objects.visible_to(actor).values_list("facility_id", flat=True).get(public_code=public_code)
    require(actor, Right.EDIT_SITES, at=facility_id)
    _lock_tree(actor, facility_id)
    return Location.objects.select_related("parent").get(public_code=public_code)


def _rebuild(location: Location, *, parent: Location | None, name: str) -> None:
    """Write parent, name, path and full name of a place and of everything within it. One statement. Raises Invalid."""
    facts = {
        "pk": location.pk,
        "parent": parent.pk if parent else None,
        "name": name,
        "old_path": location.path,
        "old_name": location.full_name,
        "new_path": child_path(parent.path if parent else "", location.pk),
        "new_name": child_name(parent.full_name if parent else "", name),
    }
    with refuse_readably(), connection.cursor() as cursor:
        cursor.execute(_REBUILD, facts)


_REBUILD = """
UPDATE sites_location SET
  parent_id = CASE WHEN id = %(pk)s THEN %(parent)s ELSE parent_id END,
  name = CASE WHEN id = %(pk)s THEN %(name)s ELSE name END,
  path = CASE WHEN id = %(pk)s THEN %(new_path)s::ltree
              ELSE %(new_path)s::ltree || subpath(path, nlevel(%(old_path)s::ltree)) END,
  full_name = %(new_name)s || substr(full_name, char_length(%(old_name)s) + 1)
WHERE path <@ %(old_path)s::ltree
"""


def _reasons_against(location: Location, target: Location | None) -> list[str]:
    return [_MOVE_WORDS[code] for code in move_refusals(_place(location), _place(target) if target else None)]


def _refuse_kind(location: Location, kind: str) -> None:
    if kind == location.kind:
        return
    refuse_unclean(Location(kind=kind), fields=["kind"])
    inner = Location.objects.filter(parent=location).values_list("kind", flat=True).distinct()
    outer = location.parent.kind if location.parent else None
    if not may_contain(outer, kind) or not all(may_contain(kind, below) for below in inner):
        raise Invalid({"kind": [_MOVE_WORDS["kind"]]})


def _place(location: Location) -> Place:
    return Place(location.path, location.full_name, location.kind, location.facility_id, location.active)


def _next_key() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('sites_location', 'id'))")
        return int(cursor.fetchone()[0])
