"""What must hold between facts and visits; checked nightly and by ``openhtm doctor``."""

from __future__ import annotations

from django.db import connection

from openhtm.audit.invariants import Invariant, rows_that_break
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.inventory.rules.status import IN_INVENTORY
from openhtm.maintenance.models import ReconcileRun, Schedule, Visit
from openhtm.maintenance.queries.facts import FACTS, plan_of
from openhtm.maintenance.queries.lists import uncovered
from openhtm.maintenance.services import workload

SAMPLE = 50
"""Schedules computed row by row at each check; the equality tests compute thousands."""


_ONE_OPEN = """
SELECT d.control_number FROM maintenance_schedule s JOIN inventory_device d ON d.id = s.device_id
WHERE s.live AND s.ends_on IS NULL AND s.changed_at < (SELECT max(facts_until) FROM maintenance_reconcilerun WHERE finished_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM maintenance_visit v WHERE v.schedule_id = s.id AND v.is_open)
"""
_NOT_LIVE = """
SELECT d.control_number FROM maintenance_visit v JOIN maintenance_schedule s ON s.id = v.schedule_id JOIN inventory_device d ON d.id = v.device_id
WHERE v.is_open AND NOT s.live AND s.changed_at < (SELECT max(facts_until) FROM maintenance_reconcilerun WHERE finished_at IS NOT NULL)
"""
_SAME_DEVICE = """
SELECT d.control_number FROM maintenance_visit v JOIN maintenance_schedule s ON s.id = v.schedule_id JOIN inventory_device d ON d.id = v.device_id
WHERE v.device_id <> s.device_id
"""
_DONE_HAS_ATTEMPT = """
SELECT d.control_number FROM maintenance_visit v JOIN inventory_device d ON d.id = v.device_id
WHERE v.state = 'done' AND NOT EXISTS (SELECT 1 FROM maintenance_attempt a WHERE a.visit_id = v.id)
"""


def stored_as_computed() -> tuple[int, list[str]]:
    """Compute a sample of schedules row by row and compare with what is stored. Looks at those not touched since the last run."""
    last = ReconcileRun.objects.filter(finished_at__isnull=False).first()
    if last is None:
        return 0, []
    open_visits = Visit.objects.filter(is_open=True).order_by("next_change_on", "pk")[:SAMPLE]
    schedules = Schedule.objects.filter(pk__in=[visit.schedule_id for visit in open_visits], changed_at__lte=last.facts_until)
    found = {visit.schedule_id: visit for visit in open_visits}
    wrong = []
    for schedule in schedules.select_related(*FACTS):
        stored = found[schedule.pk]
        current = plan_of(schedule, today=last.as_of).current
        if current is None or (current.due_on, str(current.state)) != (stored.due_on, stored.state):
            wrong.append(schedule.device.control_number)
    return len(wrong), wrong[:5]


_UNDECIDED = """
WITH decided AS (SELECT device_type_id, device_model_id, device_id FROM maintenance_nomaintenancedecision WHERE withdrawn_at IS NULL)
SELECT d.id FROM inventory_device d WHERE d.status = ANY(%s) AND d.merged_into_id IS NULL
EXCEPT SELECT device_id FROM maintenance_schedule WHERE live
EXCEPT SELECT device_id FROM decided
EXCEPT SELECT d.id FROM inventory_device d JOIN decided n ON n.device_model_id = d.device_model_id
EXCEPT SELECT d.id FROM inventory_device d JOIN decided n ON n.device_type_id = d.device_type_id
"""


def every_device_accounted_for() -> tuple[int, list[str]]:
    """Compare the findings list with the devices nobody decided about, counted on their own. One statement, one more for names."""
    with connection.cursor() as cursor:
        cursor.execute(_UNDECIDED, [sorted(IN_INVENTORY)])
        undecided = {pk for (pk,) in cursor.fetchall()}
    wrong = undecided ^ set(uncovered(Actor.system("invariants")).values_list("pk", flat=True))
    return len(wrong), list(Device.objects.filter(pk__in=sorted(wrong)[:5]).values_list("control_number", flat=True)) if wrong else []


INVARIANTS = (
    Invariant(
        "device-maintenance-decided",
        "Every device of the inventory has a live schedule, a decision that none is needed, or stands in the list of findings.",
        every_device_accounted_for,
    ),
    Invariant("visit-one-open", "Every live schedule has exactly one open visit.", rows_that_break(_ONE_OPEN)),
    Invariant("visit-of-live-schedule", "Only live schedules have an open visit.", rows_that_break(_NOT_LIVE)),
    Invariant("visit-of-its-device", "A visit belongs to the device of its schedule.", rows_that_break(_SAME_DEVICE)),
    Invariant("visit-done-by-attempt", "A visit that is done has the attempt that did it.", rows_that_break(_DONE_HAS_ATTEMPT)),
    Invariant(
        "visit-state-as-computed",
        "The stored day and state of open visits are those that the rules compute (a sample).",
        stored_as_computed,
    ),
    Invariant("workload-as-facts", "The work to come of every schedule is stored as the facts say.", rows_that_break(workload.WRONG_ROWS)),
    Invariant("workload-sums", "The sums of planning are those of the schedules.", rows_that_break(workload.WRONG_SUMS)),
)
