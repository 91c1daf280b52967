"""Planning: what is foreseen of every schedule, its sums, and changes of who does what on which day."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.maintenance.models.visit import Visit
from openhtm.sites.models import Facility
from openhtm.workforce.models import Team
from openhtm.workorders.models import WorkOrder

STATUSES = [("proposed", "Proposed"), ("applied", "Carried out"), ("undone", "Undone")]


class ComingWork(models.Model):
    """What a live schedule adds to the work to come: a copy of facts, owned by ``services.workload``, compared nightly.

    Keys are plain numbers: with foreign keys, filling it for a million devices would cost more than computing it.
    """

    schedule_id = models.BigIntegerField(primary_key=True)
    facility_id = models.BigIntegerField()
    department_id = models.BigIntegerField(null=True)
    place_id = models.BigIntegerField(null=True, help_text="The floor (or building) in which the device stands.")
    line_id = models.BigIntegerField(help_text="Line of the programme: it says the procedure, the minutes and the skill.")
    first_on = models.DateField(help_text="Due day of the open visit.")
    anchor_on = models.DateField(help_text="Later visits count from here.")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    step_days = models.IntegerField()
    step_months = models.IntegerField()
    blackout = ArrayField(models.SmallIntegerField(), default=list)
    phase = models.IntegerField(
        null=True, help_text="Month of the first visit within the interval; empty for rhythms in days, with forbidden months or an end."
    )

    class Meta:
        indexes = [
            models.Index(fields=["facility_id", "first_on"], name="coming_work_facility"),
            models.Index(fields=["facility_id", "step_months", "phase"], name="coming_work_phase"),  # what is due in a month far ahead
            models.Index(fields=["facility_id"], name="coming_work_other", condition=Q(phase__isnull=True)),
        ]


class WorkloadSum(models.Model):
    """Sums of ComingWork by place, line and rhythm. Changes are appended, also negative ones, and put together by the nightly run.

    Rhythms in whole months are kept by the month of the first visit, those in days by its day; only those with forbidden months or
    an end keep where they count from.
    """

    facility_id = models.BigIntegerField()
    department_id = models.BigIntegerField(null=True)
    place_id = models.BigIntegerField(null=True)
    line_id = models.BigIntegerField()
    first_on = models.DateField()
    anchor_on = models.DateField(null=True, help_text="Only where months are forbidden or there is an end.")
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    step_days = models.IntegerField()
    step_months = models.IntegerField()
    blackout = ArrayField(models.SmallIntegerField(), default=list)
    visits = models.IntegerField(help_text="Schedules that share all this; less than 0 where a change takes some away.")
    loose = models.BooleanField(default=True, help_text="Appended since the sums were put together.")

    class Meta:
        indexes = [
            models.Index(fields=["facility_id"], name="workload_sum_facility"),
            models.Index(fields=["facility_id"], name="workload_sum_other", condition=Q(anchor_on__isnull=False)),
            models.Index(fields=["loose"], name="workload_sum_loose", condition=Q(loose=True)),
        ]


@tracked()
class Replan(models.Model):
    """Other days or other people for many visits at once: looked at first, then carried out or not, and undone if need be."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=[("batch", "Visits of one place"), ("replan", "Chosen visits")])
    title = models.CharField(max_length=120)
    wish = models.JSONField(default=dict, help_text="What was asked for: days, person, team, whether hours may be exceeded.")
    status = models.CharField(max_length=10, choices=STATUSES, default="proposed")
    reason = models.CharField(max_length=400, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    created_by_name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="replan_applied_has_time", condition=Q(status="proposed") | Q(applied_at__isnull=False)),
            models.CheckConstraint(name="replan_undone_has_time", condition=~Q(status="undone") | Q(undone_at__isnull=False)),
        ]
        indexes = [models.Index(fields=["facility", "-created_at"], name="replan_facility")]


@tracked()
class ReplanItem(models.Model):
    """One visit of a change: day, person and team before and after, or why it stays as it is."""

    replan = models.ForeignKey(Replan, models.CASCADE, related_name="items", db_index=False)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="+", db_index=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, null=True, related_name="+", db_index=False)
    minutes = models.PositiveIntegerField(default=0)
    from_planned_on = models.DateField(null=True)
    from_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    from_team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", db_index=False)
    to_planned_on = models.DateField(null=True)
    to_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    to_team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", db_index=False)
    verdict = models.CharField(max_length=12, help_text="fits, in_grace, overdue; or why it stays: early, late, past, full, no_day.")
    outcome = models.CharField(max_length=10, blank=True, help_text="moved, stayed, restored or kept; empty before anything was done.")
    opened = models.BooleanField(default=False, help_text="Its order was opened by this change.")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["replan", "visit"], name="replan_item_once")]
        indexes = [models.Index(fields=["visit"], name="replan_item_visit")]
