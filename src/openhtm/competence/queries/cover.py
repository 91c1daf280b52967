"""How well each device type is covered by people, in one statement for any number of either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from openhtm.competence.queries.policies import Targets, coverage_targets
from openhtm.competence.rules.cover import SINGLE_POINTS, URGENCY, WANTING, Cover, Numbers, cover_of, missing
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.rules.status import IN_INVENTORY


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose people and devices are meant. ``facility_ids`` None: all. A team and a skill narrow the people, a skill the types too."""

    facility_ids: tuple[int, ...] | None = None
    team_id: int | None = None
    skill: str = ""
    high_risk: bool | None = None

    @property
    def params(self) -> dict[str, Any]:
        return {
            "all": self.facility_ids is None, "facilities": list(self.facility_ids or ()), "team": self.team_id, "skill": self.skill,
            "any_risk": self.high_risk is None, "high_risk": bool(self.high_risk),
        }  # fmt: skip


def scope_of(
    actor: Actor, *, facility_id: int | None = None, team_id: int | None = None, skill: str = "", high_risk: bool | None = None
) -> Scope:
    """Return the chosen facility, or every one where the actor may see staff. No statement."""
    allowed = actor.facilities_for(Permission.VIEW_STAFF)
    chosen = allowed if facility_id is None else frozenset({facility_id}) if allowed is None else allowed & {facility_id}
    return Scope(None if chosen is None else tuple(sorted(chosen)), team_id, skill, high_risk)


@dataclass(frozen=True, slots=True)
class TypeCover:
    """One type: how many can service it now and at the horizon, and who is the only one, if there is only one."""

    type_id: int
    code: str
    name: str
    category: str
    high_risk: bool
    numbers: Numbers
    only_staff_id: int | None = None
    only_name: str = ""
    only_until: date | None = None
    only_leaves: bool = False

    @property
    def cover(self) -> Cover:
        return cover_of(self.numbers)

    @property
    def missing(self) -> int:
        return missing(self.numbers)


PEOPLE = """
  (%(all)s OR s.facility_id = ANY(%(facilities)s) OR s.facility_id IS NULL) AND s.kind <> 'vendor'
  AND (s.started_on IS NULL OR s.started_on <= %(day)s) AND (s.leaves_on IS NULL OR s.leaves_on > %(day)s)
  AND (%(team)s::bigint IS NULL OR EXISTS (SELECT FROM workforce_teammember tm WHERE tm.staff_id = s.id AND tm.team_id = %(team)s))
  AND (%(skill)s = '' OR EXISTS (SELECT FROM workforce_staffhours h WHERE h.staff_id = s.id AND h.effective_from <= %(day)s
        AND (h.effective_to IS NULL OR h.effective_to > %(day)s) AND %(skill)s = ANY(h.skills)))
"""
HOLDS = "c.granted_on <= %(day)s AND (c.valid_until IS NULL OR c.valid_until >= %(day)s) AND (c.withdrawn_on IS NULL OR c.withdrawn_on > %(day)s)"
ALONE = "c.level IN ('independent', 'instructor')"
_TYPES = """
types AS MATERIALIZED (
  SELECT t.id, t.code, t.name, t.category, t.high_risk,
         CASE WHEN t.high_risk THEN %(high_horizon)s::date ELSE %(other_horizon)s::date END AS horizon
  FROM catalog_devicetype t
  WHERE t.active AND (%(any_risk)s OR t.high_risk = %(high_risk)s)
    AND EXISTS (SELECT FROM inventory_device d WHERE d.device_type_id = t.id AND d.status = ANY(%(statuses)s) AND d.merged_into_id IS NULL
                AND (%(all)s OR d.facility_id = ANY(%(facilities)s)))
    AND (%(skill)s = '' OR EXISTS (SELECT FROM procedures_procedure_device_types pt JOIN procedures_procedureversion v
         ON v.procedure_id = pt.procedure_id AND v.status = 'released' WHERE pt.devicetype_id = t.id AND v.skill = %(skill)s))
)"""
_ABLE = f"""
people AS MATERIALIZED (SELECT s.id, s.full_name, s.leaves_on FROM workforce_staffmember s WHERE {PEOPLE}),
held AS (
  SELECT c.device_type_id AS type_id, c.staff_id, c.valid_until FROM competence_competency c
  WHERE c.device_type_id IS NOT NULL AND {ALONE} AND {HOLDS}
  UNION ALL
  SELECT m.device_type_id, c.staff_id, c.valid_until FROM competence_competency c JOIN catalog_devicemodel m ON m.id = c.device_model_id
  WHERE {ALONE} AND {HOLDS}
),
able AS (
  SELECT h.type_id, h.staff_id, max(coalesce(h.valid_until, 'infinity'::date)) AS until FROM held h GROUP BY h.type_id, h.staff_id
)"""  # noqa: S608  # only constants of this file
_COVER = f"""
WITH {_TYPES}, {_ABLE}
SELECT t.id, t.code, t.name, t.category, t.high_risk, count(p.id),
       count(p.id) FILTER (WHERE a.until >= t.horizon AND (p.leaves_on IS NULL OR p.leaves_on > t.horizon)),
       min(p.id), min(p.full_name), nullif(min(least(a.until, coalesce(p.leaves_on, 'infinity'::date))), 'infinity'::date),
       coalesce(bool_or(p.leaves_on IS NOT NULL AND p.leaves_on <= a.until), false)
FROM types t LEFT JOIN (able a JOIN people p ON p.id = a.staff_id) ON a.type_id = t.id
GROUP BY t.id, t.code, t.name, t.category, t.high_risk
"""  # noqa: S608  # only constants of this file


def coverage(*, scope: Scope, on: date, targets: Targets | None = None) -> list[TypeCover]:
    """Return every type with devices in use in the scope, the worst covered first, then high-risk, then by name. Two statements."""
    targets = targets or coverage_targets()
    values = scope.params | {"day": on, "statuses": sorted(status.value for status in IN_INVENTORY)}
    values |= {"high_horizon": on + timedelta(days=targets.high_risk[1]), "other_horizon": on + timedelta(days=targets.other[1])}
    with connection.cursor() as cursor:
        cursor.execute(_COVER, values)
        found = [_type_cover(row, targets) for row in cursor.fetchall()]
    return sorted(found, key=lambda one: (URGENCY.index(one.cover), not one.high_risk, one.name.casefold(), one.type_id))


def _type_cover(row: Sequence[Any], targets: Targets) -> TypeCover:
    pk, code, name, category, high_risk, now, later, staff_id, only_name, until, leaves = row
    numbers = Numbers(devices=1, now=now, later=later, wanted=targets.of(high_risk)[0])
    only = (staff_id, only_name, until, leaves) if now == 1 else (None, "", None, False)
    return TypeCover(pk, code, name, category, high_risk, numbers, *only)


@dataclass(frozen=True, slots=True)
class Figures:
    """How many types are in each state."""

    types: int
    none: int
    single: int
    leaving: int
    wanting: int


def figures_of(found: Sequence[TypeCover]) -> Figures:
    states = [one.cover for one in found]
    return Figures(
        types=len(states),
        none=states.count(Cover.NONE),
        single=sum(state in SINGLE_POINTS for state in states),
        leaving=states.count(Cover.SINGLE_LEAVING) + states.count(Cover.SOON_NONE),
        wanting=sum(state in WANTING for state in states),
    )


def device_counts(type_ids: Sequence[int], *, scope: Scope) -> dict[int, int]:
    """Devices in the inventory of these types in the scope. One statement."""
    if not type_ids:
        return {}
    values = scope.params | {"types": list(type_ids), "statuses": sorted(status.value for status in IN_INVENTORY)}
    with connection.cursor() as cursor:
        cursor.execute(_DEVICES, values)
        return dict(cursor.fetchall())


_DEVICES = """
SELECT d.device_type_id, count(*) FROM inventory_device d
WHERE d.device_type_id = ANY(%(types)s) AND d.status = ANY(%(statuses)s) AND d.merged_into_id IS NULL
  AND (%(all)s OR d.facility_id = ANY(%(facilities)s))
GROUP BY d.device_type_id
"""
