"""The facts behind coverage, each read in one statement for any number of units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Q

from openhtm.training.models import Clinician, TrainingPolicy
from openhtm.training.rules.coverage import Line, Standing

IN_USE = ("in_service", "in_repair", "out_of_service")
"""Statuses of devices that people of a unit may meet; stored, missing and retired ones ask for no training."""

_STANDINGS = """
SELECT department_id, device_type_id, device_model_id, bool_or(high_risk), min(since), count(*)
FROM (
    SELECT d.department_id, d.id, d.device_type_id, d.device_model_id, d.high_risk,
           coalesce(d.in_service_on, d.accepted_on, d.acquired_on) AS since
    FROM inventory_device d
    WHERE d.department_id = ANY(%(units)s) AND d.status = ANY(%(statuses)s) AND d.merged_into_id IS NULL
    UNION
    SELECT p.department_id, d.id, d.device_type_id, d.device_model_id, d.high_risk,
           coalesce(d.in_service_on, d.accepted_on, d.acquired_on)
    FROM training_unitplace p
    JOIN sites_location outer_place ON outer_place.id = p.location_id
    JOIN sites_location place ON place.path <@ outer_place.path
    JOIN inventory_device d ON d.location_id = place.id
    WHERE p.department_id = ANY(%(units)s) AND d.status = ANY(%(statuses)s) AND d.merged_into_id IS NULL
) standing
WHERE device_type_id IS NOT NULL AND (since IS NULL OR since <= %(on)s)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
"""
COUNTED = """
    SELECT a.session_id, a.clinician_id, a.uid
    FROM training_attendance a
    WHERE a.clinician_id = ANY(%(people)s) AND NOT EXISTS (SELECT FROM training_settlement t WHERE t.attendance_id = a.id)
    UNION ALL
    SELECT a.session_id, t.clinician_id, a.uid
    FROM training_settlement t
    JOIN training_attendance a ON a.id = t.attendance_id
    WHERE t.clinician_id = ANY(%(people)s)
      AND NOT EXISTS (
          SELECT FROM training_settlement later
          WHERE later.attendance_id = t.attendance_id AND (later.recorded_at, later.id) > (t.recorded_at, t.id))
"""
"""Attendances that count for people: as written, or as settled last."""
_TRAINED = f"""
SELECT counted.clinician_id, c.device_type_id, coalesce(c.device_model_id, 0), max((s.held_at AT TIME ZONE f.time_zone)::date)
FROM ({COUNTED}) counted
JOIN training_trainingsession s ON s.id = counted.session_id AND s.cancelled_at IS NULL
JOIN training_course c ON c.id = s.course_id
JOIN sites_facility f ON f.id = s.facility_id
WHERE (s.held_at AT TIME ZONE f.time_zone)::date <= %(on)s
GROUP BY 1, 2, 3
"""  # noqa: S608 - put together from constants


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a unit, as coverage needs them."""

    pk: int
    uid: str
    name: str
    department_id: int


def standings(units: Collection[int], *, on: date) -> dict[int, list[Standing]]:
    """Devices in use that a unit owns or that stand in its places, by unit and model. One statement.

    Where devices are is known for today; ``on`` leaves out what came into service later.
    """
    found: dict[int, list[Standing]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS, {"units": list(units), "statuses": list(IN_USE), "on": on})
        for unit, type_id, model_id, high_risk, since, devices in cursor.fetchall():
            found[unit].append(Standing(type_id, model_id, high_risk, since, devices))
    return found


def policy_lines(*, on: date) -> list[tuple[int | None, Line]]:
    """(facility or None for everywhere, line) of the policy in force on a day. One statement."""
    in_force = TrainingPolicy.objects.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=on), effective_from__lte=on)
    columns = ("facility_id", "pk", "device_type_id", "device_model_id", "each_model", "repeat_months", "roll_out_days")
    return [(facility, Line(*line)) for facility, *line in in_force.order_by("pk").values_list(*columns)]


def people(units: Collection[int], *, on: date) -> dict[int, list[Person]]:
    """Who works in each unit on a day, by name. One statement."""
    found: dict[int, list[Person]] = defaultdict(list)
    working = Clinician.objects.filter(
        Q(started_on__isnull=True) | Q(started_on__lte=on), Q(left_on__isnull=True) | Q(left_on__gt=on), department_id__in=list(units)
    )
    for pk, uid, name, unit in working.order_by("full_name", "pk").values_list("pk", "uid", "full_name", "department_id"):
        found[unit].append(Person(pk, str(uid), name, unit))
    return found


def trained(person_ids: Collection[int], *, on: date) -> dict[int, dict[tuple[int, int], date]]:
    """The newest day up to ``on`` on which each person was trained, by (type, model or 0). One statement."""
    found: dict[int, dict[tuple[int, int], date]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_TRAINED, {"people": list(person_ids), "on": on})
        for person, type_id, model_id, day in cursor.fetchall():
            found[person][type_id, model_id] = day
    return found
