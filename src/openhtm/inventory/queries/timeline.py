"""Everything that ever happened to a device, newest first, with who and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import connection

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, NumberKind, SightingSource
from openhtm.inventory.queries.field_changes import field_changes
from openhtm.inventory.rules.status import STATUS_LABELS, STATUS_TONES, Status
from openhtm.ui.parts import Event

PER_SOURCE = 200
SIGHTINGS = 50

# one statement for all that is told as it was recorded; names by scalar subqueries, because a join of seven tables takes longer to plan
_FACTS = """
(SELECT 'status' AS kind, s.device_id, s.recorded_at AS at, s.id, s.actor_name AS who, s.reason,
   jsonb_build_object('before', s.before, 'after', s.after, 'on', s.on) AS facts
 FROM inventory_statuschange s WHERE s.device_id = ANY(%(ids)s) ORDER BY s.recorded_at DESC, s.id DESC LIMIT %(most)s)
UNION ALL
(SELECT 'move', m.device_id, m.recorded_at, m.id, m.actor_name, m.reason, jsonb_build_object(
   'from', jsonb_build_array(m.from_facility_id, (SELECT name FROM sites_facility WHERE id = m.from_facility_id),
     (SELECT full_name FROM sites_location WHERE id = m.from_location_id), (SELECT name FROM sites_department WHERE id = m.from_department_id)),
   'to', jsonb_build_array(m.to_facility_id, (SELECT name FROM sites_facility WHERE id = m.to_facility_id),
     (SELECT full_name FROM sites_location WHERE id = m.to_location_id), (SELECT name FROM sites_department WHERE id = m.to_department_id)))
 FROM inventory_devicemove m WHERE m.device_id = ANY(%(ids)s) ORDER BY m.recorded_at DESC, m.id DESC LIMIT %(most)s)
UNION ALL
(SELECT 'sighting', g.device_id, g.seen_at, g.id, g.actor_name, '', jsonb_build_object(
   'source', g.source, 'detail', g.detail,
   'at', (SELECT jsonb_build_array(facility_id, full_name) FROM sites_location WHERE id = g.location_id))
 FROM inventory_sighting g WHERE g.device_id = ANY(%(ids)s) ORDER BY g.seen_at DESC, g.id DESC LIMIT %(sightings)s)
UNION ALL
(SELECT 'note', n.device_id, n.recorded_at, n.id, n.author_name, '', jsonb_build_object('text', n.text)
 FROM inventory_devicenote n WHERE n.device_id = ANY(%(ids)s) ORDER BY n.recorded_at DESC, n.id DESC LIMIT %(most)s)
UNION ALL
(SELECT 'file', a.device_id, a.added_at, a.id,
   coalesce((SELECT coalesce(nullif(u.full_name, ''), u.username) FROM identity_user u WHERE u.id = a.added_by_id), ''), '',
   jsonb_build_object('name', coalesce(nullif(a.title, ''), a.file_name), 'removed_at', a.removed_at, 'removed_reason', a.removed_reason)
 FROM inventory_deviceattachment a WHERE a.device_id = ANY(%(ids)s) ORDER BY a.added_at DESC, a.id DESC LIMIT %(most)s)
UNION ALL
(SELECT 'number', b.device_id, b.added_at, b.id, '', '', jsonb_build_object('kind', b.kind, 'number', b.number, 'source', b.source)
 FROM inventory_alternatenumber b WHERE b.device_id = ANY(%(ids)s) ORDER BY b.added_at DESC, b.id DESC LIMIT %(most)s)
"""


@dataclass(frozen=True, slots=True)
class _Fact:
    """One recorded row: ``facts`` holds what its kind tells."""

    kind: str
    device_id: int
    at: datetime
    pk: int
    who: str
    reason: str
    facts: dict[str, Any]


def timeline(device: Device, *, actor: Actor, merged: Mapping[int, str] | None = None, limit: int = 100) -> list[Event]:
    """Return at most ``limit`` events, newest first, of the device and of the records merged into it.

    Two statements, one for each kind of record that changed references name, and one unless ``merged`` gives the merged
    records' control numbers by id. Changes of costs are told only to those who may see costs.
    """
    if merged is None:
        merged = dict(Device.objects.filter(merged_into=device).order_by().values_list("pk", "control_number"))
    ids = [device.pk, *merged]
    told = [
        *((fact.device_id, event) for fact in _facts(ids, most=min(limit, PER_SOURCE)) for event in _TOLD[fact.kind](fact, actor)),
        *field_changes(ids, may_see_costs=actor.may(Permission.VIEW_COSTS, at=device.facility_id)),  # of one moment, the beginning is last
    ]
    events = [_of_record(event, merged.get(pk)) for pk, event in told]
    events.sort(key=lambda event: event.when, reverse=True)  # type: ignore[arg-type, return-value]
    return events[:limit]


def _of_record(event: Event, number: str | None) -> Event:
    """Say of which merged record a fact is: two records of one device often hold the same facts."""
    if number is None or number in event.title:
        return event
    return replace(event, title=f"{event.title} (record {number})")


def _facts(ids: Sequence[int], *, most: int) -> list[_Fact]:
    """Return the newest ``most`` facts of each kind, newest first within it. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"ids": list(ids), "most": most, "sightings": min(most, SIGHTINGS)})
        rows = cursor.fetchall()
    found = [_Fact(kind, device_id, at, pk, who, reason, json.loads(facts)) for kind, device_id, at, pk, who, reason, facts in rows]
    kinds = list(_TOLD)
    return sorted(found, key=lambda fact: (kinds.index(fact.kind), -fact.at.timestamp(), -fact.pk))


def _status(fact: _Fact, _actor: Actor) -> Iterator[Event]:
    before, after = fact.facts["before"], Status(fact.facts["after"])
    on = date.fromisoformat(fact.facts["on"])
    was = f"was {STATUS_LABELS[Status(before)].lower()} · " if before else ""
    yield Event(
        when=fact.at,
        title=STATUS_LABELS[after],
        detail=f"{was}from {on.day} {on:%b %Y} · {fact.who}".rstrip(" ·"),
        reason=fact.reason,
        icon="circle-dot",
        tone=STATUS_TONES[after],
    )


def _move(fact: _Fact, actor: Actor) -> Iterator[Event]:
    left, reached = fact.facts["from"], fact.facts["to"]
    crossing = left[0] != reached[0]
    target = _place(*reached, actor=actor, named=crossing)
    first = left[2] is None and left[3] is None and not crossing
    title = f"Placed at {target}" if first else f"Moved from {_place(*left, actor=actor, named=crossing)} to {target}"
    yield Event(when=fact.at, title=title, detail=fact.who, reason=fact.reason, icon="move-right")


def _place(facility_id: int, facility: str, location: str | None, department: str | None, *, actor: Actor, named: bool) -> str:
    """A place in words; of a facility the actor does not see, no more than that it is one. ``named`` adds the facility."""
    if not _sees(actor, facility_id):
        return "another facility"
    if location is None and department is None:
        return f"{facility} (place unknown)"
    return ", ".join(part for part in (location, department, facility if named else None) if part)


def _sees(actor: Actor, facility_id: int) -> bool:
    reach = actor.reach()
    return reach.everywhere or facility_id in reach.touched_facility_ids


def _sighting(fact: _Fact, actor: Actor) -> Iterator[Event]:
    place = fact.facts["at"]
    where = f" at {place[1] if _sees(actor, place[0]) else 'another facility'}" if place else ""
    detail = (SightingSource(fact.facts["source"]).label.lower(), fact.facts["detail"], fact.who)
    yield Event(when=fact.at, title=f"Seen{where}", detail=" · ".join(part for part in detail if part), icon="eye")


def _note(fact: _Fact, _actor: Actor) -> Iterator[Event]:
    yield Event(when=fact.at, title=f"Note by {fact.who or 'the system'}", detail=fact.facts["text"], icon="message-square")


def _file(fact: _Fact, _actor: Actor) -> Iterator[Event]:
    yield Event(when=fact.at, title=f"File added: {fact.facts['name']}", detail=fact.who, icon="paperclip")
    if fact.facts["removed_at"]:
        removed_at = datetime.fromisoformat(fact.facts["removed_at"])
        yield Event(when=removed_at, title=f"File taken away: {fact.facts['name']}", reason=fact.facts["removed_reason"], icon="paperclip")


def _number(fact: _Fact, _actor: Actor) -> Iterator[Event]:
    title = f"{NumberKind(fact.facts['kind']).label}: {fact.facts['number']}"
    yield Event(when=fact.at, title=title, detail=fact.facts["source"], icon="hash")


_TOLD: dict[str, Callable[[_Fact, Actor], Iterator[Event]]] = {
    "status": _status,
    "move": _move,
    "sighting": _sighting,
    "note": _note,
    "file": _file,
    "number": _number,
}
