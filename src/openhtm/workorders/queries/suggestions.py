"""Who could get each open order, for a thousand of them at once: in one statement for any number of orders, people and types."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from openhtm.competence.queries.credentials import credentials_of
from openhtm.competence.queries.policies import policies_of
from openhtm.competence.rules.guard import Act, Mode, Needs, Policy, RiskClass, best_credential, policy_for
from openhtm.competence.rules.levels import RANKS, Level
from openhtm.workforce.models import StaffMember
from openhtm.workorders.queries.qualification import ANYHOW
from openhtm.workorders.rules.closing import NEEDS_LABOUR
from openhtm.workorders.rules.people import WORKING_ROLES

FEW = 3


@dataclass(frozen=True, slots=True)
class Suggested:
    """Somebody who may do the order; ``under_way`` is what they have already."""

    staff_id: int
    user_id: int
    name: str
    under_way: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The least busy people who may do an order, how many may in all, and how many work there but may not.

    ``judged`` is False for work that asks for nothing, such as a project: then everybody may.
    """

    order_id: int
    people: tuple[Suggested, ...]
    may: int
    others: int
    judged: bool = True


def suggestions(order_ids: Sequence[int], *, now: datetime, on: date) -> dict[int, Suggestion]:
    """Say for each order who may do it by the policy of the day, the least busy first. Two statements, two more where credentials count.

    A competency for the type, the model or (on the order's own page) a procedure counts; lists go by type and model.
    """
    if not order_ids:
        return {}
    policies = policies_of(Act.ASSIGN)
    asked = {risk: _policy(policies, risk, on) for risk in RiskClass}
    values: dict[str, Any] = {
        "orders": list(order_ids), "day": on, "now": now, "roles": list(WORKING_ROLES), "kinds": sorted(kind.value for kind in NEEDS_LABOUR), "few": FEW,
    }  # fmt: skip
    values |= _asks(asked, on)
    with connection.cursor() as cursor:
        cursor.execute(_SUGGEST, values)
        rows = cursor.fetchall()
    return {row[0]: _suggestion(row) for row in rows}


def _policy(policies: Collection[Policy], risk: RiskClass, on: date) -> Policy:
    found = policy_for(policies, act=Act.ASSIGN, risk=risk, on=on)
    return found if found is not None and found.mode != Mode.OFF else ANYHOW[risk]


def _asks(asked: dict[RiskClass, Policy], on: date) -> dict[str, Any]:
    """What SQL needs of the policies: levels and roles that suffice, whether a competency or a credential is asked for, who has one."""
    found: dict[str, Any] = {}
    by_credential = any(policy.needs != Needs.COMPETENCY for policy in asked.values())
    here = list(StaffMember.objects.here_on(on).values_list("pk", flat=True)) if by_credential else []
    held = credentials_of(here, on=on) if here else {}
    for risk, policy in asked.items():
        certified = [pk for pk, own in held.items() if best_credential(own, policy.programmes, on)]
        found |= {
            f"{risk}_levels": [level.value for level in Level if RANKS[level] >= RANKS[policy.least_level]],
            f"{risk}_by_competency": policy.needs in (Needs.COMPETENCY, Needs.EITHER),
            f"{risk}_by_credential": policy.needs in (Needs.CREDENTIAL, Needs.EITHER),
            f"{risk}_by_both": policy.needs == Needs.BOTH,
            f"{risk}_certified": certified,
            f"{risk}_roles": sorted(policy.roles),
        }
    found["any_levels"] = sorted({*found["high_risk_levels"], *found["other_levels"]})
    return found


def _suggestion(row: Sequence[Any]) -> Suggestion:
    order_id, judged, may, workers, staff, users, names, busy = row
    people = tuple(Suggested(*one) for one in zip(staff or (), users or (), names or (), busy or (), strict=True))
    return Suggestion(order_id, people, may, max(workers - may, 0), judged)


_SUGGEST = """
WITH work AS MATERIALIZED (
  SELECT o.id, o.facility_id, d.device_type_id, d.device_model_id, coalesce(d.high_risk, false) AS high_risk,
         d.id IS NOT NULL AND o.kind = ANY(%(kinds)s) AS judged,
         dense_rank() OVER (ORDER BY o.facility_id, d.device_type_id, d.device_model_id, d.high_risk, d.id IS NOT NULL AND o.kind = ANY(%(kinds)s)) AS no
  FROM workorders_workorder o LEFT JOIN inventory_device d ON d.id = o.device_id WHERE o.id = ANY(%(orders)s)
),
target AS MATERIALIZED (SELECT DISTINCT no, facility_id, device_type_id, device_model_id, high_risk, judged FROM work),
role AS (
  SELECT a.user_id, bool_or(a.facility_id IS NULL) AS everywhere, array_agg(a.facility_id) AS places
  FROM identity_roleassignment a JOIN identity_user u ON u.id = a.user_id AND u.is_active
  WHERE a.role = ANY(%(roles)s) AND a.valid_from <= %(now)s AND (a.valid_until IS NULL OR a.valid_until > %(now)s)
  GROUP BY a.user_id
),
busy AS (
  SELECT assigned_user_id AS user_id, count(*) AS n FROM workorders_workorder WHERE under_way AND assigned_user_id IS NOT NULL GROUP BY 1
),
worker AS MATERIALIZED (
  SELECT s.id, s.user_id, s.full_name, r.everywhere, r.places, coalesce(b.n, 0) AS n
  FROM workforce_staffmember s JOIN role r ON r.user_id = s.user_id LEFT JOIN busy b ON b.user_id = s.user_id
  WHERE s.kind <> 'vendor' AND (s.started_on IS NULL OR s.started_on <= %(day)s) AND (s.leaves_on IS NULL OR s.leaves_on > %(day)s)
),
at AS MATERIALIZED (
  SELECT f.facility_id, w.id AS staff_id, w.n FROM (SELECT DISTINCT facility_id FROM target) f
  JOIN worker w ON w.everywhere OR f.facility_id = ANY(w.places)
),
there AS MATERIALIZED (SELECT facility_id, count(*) AS n FROM at GROUP BY facility_id),
wanted AS MATERIALIZED (
  SELECT t.no, t.facility_id, t.device_type_id AS type_id, t.device_model_id AS model_id, t.high_risk,
         CASE WHEN t.high_risk THEN %(high_risk_by_competency)s ELSE %(other_by_competency)s END AS by_competency,
         CASE WHEN t.high_risk THEN %(high_risk_by_credential)s ELSE %(other_by_credential)s END AS by_credential,
         CASE WHEN t.high_risk THEN %(high_risk_by_both)s ELSE %(other_by_both)s END AS by_both,
         CASE WHEN t.high_risk THEN %(high_risk_certified)s::bigint[] ELSE %(other_certified)s::bigint[] END AS certified,
         CASE WHEN t.high_risk THEN %(high_risk_roles)s::text[] ELSE %(other_roles)s::text[] END AS roles
  FROM target t WHERE t.judged
),
held AS MATERIALIZED (
  SELECT a.facility_id, c.device_type_id, c.device_model_id, c.staff_id, a.n,
         c.level = ANY(%(high_risk_levels)s) AS high, c.level = ANY(%(other_levels)s) AS other
  FROM competence_competency c JOIN at a ON a.staff_id = c.staff_id
  WHERE c.level = ANY(%(any_levels)s) AND c.granted_on <= %(day)s AND (c.valid_until IS NULL OR c.valid_until >= %(day)s)
    AND (c.withdrawn_on IS NULL OR c.withdrawn_on > %(day)s)
),
able AS MATERIALIZED (
  SELECT w.no, h.staff_id, h.n FROM wanted w JOIN held h ON h.facility_id = w.facility_id AND h.device_type_id = w.type_id AND CASE WHEN w.high_risk THEN h.high ELSE h.other END
  WHERE w.by_competency OR (w.by_both AND h.staff_id = ANY(w.certified))
  UNION
  SELECT w.no, h.staff_id, h.n FROM wanted w JOIN held h ON h.facility_id = w.facility_id AND h.device_model_id = w.model_id AND CASE WHEN w.high_risk THEN h.high ELSE h.other END
  WHERE w.by_competency OR (w.by_both AND h.staff_id = ANY(w.certified))
  UNION
  SELECT w.no, a.staff_id, a.n FROM wanted w JOIN at a ON a.facility_id = w.facility_id AND a.staff_id = ANY(w.certified) WHERE w.by_credential
  UNION
  SELECT w.no, a.staff_id, a.n FROM wanted w JOIN at a ON a.facility_id = w.facility_id JOIN worker k ON k.id = a.staff_id
  JOIN identity_roleassignment r ON r.user_id = k.user_id AND r.role = ANY(w.roles) AND (r.facility_id IS NULL OR r.facility_id = w.facility_id)
  WHERE r.valid_from <= %(now)s AND (r.valid_until IS NULL OR r.valid_until > %(now)s)
  UNION
  SELECT t.no, a.staff_id, a.n FROM target t JOIN at a ON a.facility_id = t.facility_id WHERE NOT t.judged
),
ranked AS MATERIALIZED (
  SELECT no, staff_id, n, row_number() OVER (PARTITION BY no ORDER BY n, staff_id) AS place, count(*) OVER (PARTITION BY no) AS may FROM able
),
best AS MATERIALIZED (
  SELECT r.no, max(r.may) AS may, array_agg(w.id ORDER BY r.place) AS staff, array_agg(w.user_id ORDER BY r.place) AS users,
         array_agg(w.full_name ORDER BY r.place) AS names, array_agg(r.n ORDER BY r.place) AS busy
  FROM ranked r JOIN worker w ON w.id = r.staff_id WHERE r.place <= %(few)s GROUP BY r.no
)
SELECT o.id, o.judged, coalesce(b.may, 0), coalesce(h.n, 0), b.staff, b.users, b.names, b.busy
FROM work o LEFT JOIN best b ON b.no = o.no LEFT JOIN there h ON h.facility_id = o.facility_id
"""
