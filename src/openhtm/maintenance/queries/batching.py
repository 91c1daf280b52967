"""Visits due in a month that nobody planned yet, put together by place."""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from openhtm.core.errors import Invalid
from openhtm.identity.actor import Actor
from openhtm.maintenance.queries.planning import run
from openhtm.maintenance.queries.planning_scope import LINES, Scope, within
from openhtm.maintenance.rules.batching import Batch, DueWork, batches
from openhtm.maintenance.rules.calendar import month_end, month_start
from openhtm.maintenance.rules.planning_defaults import defaults
from openhtm.sites.models import Location

MOST = 20_000
LEVELS = {"room": 4, "area": 3, "floor": 2}
"""How near visits must stand to be one batch."""


@dataclass(frozen=True, slots=True)
class PlaceBatch:
    """A batch with the words of its place. ``place_id`` and ``number`` find it again."""

    place_id: int
    place: str
    skill: str
    number: int
    batch: Batch


@dataclass(frozen=True, slots=True)
class Batches:
    """Batches by place, and how many visits stand alone or at no known place."""

    found: list[PlaceBatch]
    alone: int
    nowhere: int


_DUE = f"""WITH {LINES}
SELECT v.id, CASE WHEN p.path IS NULL THEN 0 ELSE (string_to_array(p.path::text, '.'))[least(nlevel(p.path), %(level)s)]::bigint END,
  line.skill, line.minutes, greatest(v.opens_on, %(today)s::date), v.on_time_until
FROM maintenance_comingwork c JOIN line ON line.id = c.line_id
JOIN maintenance_visit v ON v.schedule_id = c.schedule_id AND v.is_open AND v.state <> 'held'
JOIN inventory_device d ON d.id = v.device_id
LEFT JOIN sites_location p ON p.id = d.location_id
LEFT JOIN workorders_workorder o ON o.id = v.work_order_id
WHERE {{where}} AND c.first_on BETWEEN %(first)s AND %(last)s AND v.on_time_until >= %(today)s
  AND (o.id IS NULL OR (o.status = 'open' AND o.planned_on IS NULL))
ORDER BY v.id LIMIT %(limit)s
"""


def batches_of(*, actor: Actor, scope: Scope, month: date, level: str, today: date) -> Batches:
    """Return the batches of visits due in a month: most work first. At most three statements. Raises Invalid where there are too many."""
    where = within(actor, scope)
    about = {"first": month_start(month), "last": month_end(month), "today": today, "level": LEVELS[level], "limit": MOST + 1}
    rows = run(_DUE.format(where=where.sql), where.params | about)
    if len(rows) > MOST:
        raise Invalid({"": [f"That is more than {MOST:,} visits. Choose a department or a place."]})
    works = [DueWork(key, str(place), skill, minutes, opens, until) for key, place, skill, minutes, opens, until in rows if place]
    found, alone = batches(works, day_min=defaults().batch_day_min, smallest=defaults().batch_smallest)
    return Batches(_named(found), len(alone), len(rows) - len(works))


def _named(found: Sequence[Batch]) -> list[PlaceBatch]:
    names = {str(pk): name for pk, name in Location.objects.filter(pk__in={one.place for one in found}).values_list("pk", "full_name")}
    counts: dict[tuple[str, str], int] = {}
    named = []
    for one in found:
        number = counts.get((one.place, one.skill), 0)
        counts[one.place, one.skill] = number + 1
        named.append(PlaceBatch(int(one.place), names.get(one.place, ""), one.skill, number, one))
    return sorted(named, key=lambda one: (-one.batch.minutes, one.place, one.skill, one.number))
