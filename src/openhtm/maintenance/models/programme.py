"""The maintenance programme: what is due how often for a type, a model or one device, and the policies around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.history import tracked
from openhtm.inventory.models import Device
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Department, Facility

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor

CYCLES = [("fixed", "Fixed calendar"), ("floating", "From the last time done"), ("meter", "By meter, with a calendar back-stop")]
UNITS = [("day", "day"), ("week", "week"), ("month", "month"), ("year", "year")]


class ProgrammeSource(models.TextChoices):
    OEM = "oem", "Manufacturer's document"
    AEM = "aem", "Alternate maintenance decision"
    LAW = "law", "Law or regulation"
    POLICY = "policy", "Hospital policy"
    STARTER = "starter", "Starter suggestion, to be confirmed"


@tracked()
class WindowProfile(models.Model):
    """When a visit may be done and still counts: one of several profiles that coexist in the field."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=400, blank=True)
    is_default = models.BooleanField(default=False)
    source = models.CharField(max_length=200, default="local")
    edition = models.CharField(max_length=60, blank=True)
    confidence = models.CharField(max_length=10, blank=True)
    effective_from = models.DateField(null=True, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="window_profile_one_default")]

    def __str__(self) -> str:
        return self.name


@tracked()
class WindowStep(models.Model):
    """The window for intervals from so many days on; the longest that fits applies."""

    profile = models.ForeignKey(WindowProfile, models.CASCADE, related_name="steps")
    from_interval_days = models.PositiveIntegerField(default=0)
    before_n = models.PositiveSmallIntegerField(default=0)
    before_unit = models.CharField(max_length=5, choices=UNITS, default="day")
    after_n = models.PositiveSmallIntegerField(default=0)
    after_unit = models.CharField(max_length=5, choices=UNITS, default="day")
    snap_to_month = models.BooleanField(default=False, help_text="Widened to the first and the last day of the month.")
    grace_days = models.PositiveSmallIntegerField(default=0, help_text="Decides late, never on time.")

    class Meta:
        ordering = ["profile", "from_interval_days"]
        constraints = [models.UniqueConstraint(fields=["profile", "from_interval_days"], name="window_step_once")]


@tracked()
class PlanLine(models.Model):
    """A procedure for a type, a model or one device, and how often. The most specific line wins; ``needed`` False switches off."""

    device_type = models.ForeignKey(DeviceType, models.PROTECT, null=True, blank=True, related_name="plan_lines")
    device_model = models.ForeignKey(DeviceModel, models.PROTECT, null=True, blank=True, related_name="plan_lines")
    device = models.ForeignKey(Device, models.PROTECT, null=True, blank=True, related_name="plan_lines")
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: everywhere.")
    procedure = models.ForeignKey(Procedure, models.PROTECT, related_name="plan_lines")
    needed = models.BooleanField(default=True, help_text="No: this procedure is not due here, with a reason.")
    cycle = models.CharField(max_length=10, choices=CYCLES, default="fixed")
    every_n = models.PositiveSmallIntegerField(default=12)
    every_unit = models.CharField(max_length=5, choices=UNITS, default="month")
    meter = models.SlugField(max_length=40, blank=True, help_text="Which meter, such as operating_hours.")
    meter_every = models.FloatField(null=True, blank=True)
    window_profile = models.ForeignKey(
        WindowProfile, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: the default profile."
    )
    blackout_months = ArrayField(
        models.PositiveSmallIntegerField(), default=list, blank=True, help_text="Months (1 to 12) in which it is not done."
    )
    join_base_month = models.BooleanField(default=True, help_text="Start in the department's base month.")
    anchor_on = models.DateField(null=True, blank=True, help_text="Fixed anchor; empty: from acceptance or the base month.")
    est_min = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: as the procedure says.")
    skill = models.SlugField(max_length=40, blank=True)
    priority = models.PositiveSmallIntegerField(default=3)
    source = models.CharField(max_length=10, choices=ProgrammeSource.choices, default=ProgrammeSource.POLICY)
    source_text = models.CharField(max_length=300, blank=True, help_text="Document and revision, decision number, paragraph.")
    reason = models.CharField(max_length=400, blank=True, help_text="Why a device differs from its model or type, or why it is not needed.")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    effective_from = models.DateField(default=timezone.localdate)
    ended_on = models.DateField(null=True, blank=True, help_text="From this day on it no longer holds.")
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["procedure", "pk"]
        constraints = [
            models.CheckConstraint(
                name="plan_line_one_subject",
                condition=Q(device_type__isnull=False, device_model__isnull=True, device__isnull=True)
                | Q(device_type__isnull=True, device_model__isnull=False, device__isnull=True)
                | Q(device_type__isnull=True, device_model__isnull=True, device__isnull=False),
                violation_error_message="A line is for a type, a model or one device.",
            ),
            models.CheckConstraint(
                name="plan_line_every_positive", condition=Q(every_n__gte=1), violation_error_message="The interval is at least 1."
            ),
            models.CheckConstraint(
                name="plan_line_meter_complete",
                condition=~Q(cycle="meter") | Q(meter__gt="", meter_every__gt=0),
                violation_error_message="Name the meter and how much of it.",
            ),
            models.CheckConstraint(
                name="plan_line_difference_has_reason",
                condition=(Q(device__isnull=True) & Q(needed=True)) | ~Q(reason=""),
                violation_error_message="Give the reason for the difference.",
            ),
            models.UniqueConstraint(
                fields=["procedure", "device_type", "device_model", "device", "facility"],
                condition=Q(ended_on__isnull=True),
                name="plan_line_once",
                nulls_distinct=False,
                violation_error_message="There is already a line for this procedure here.",
            ),
        ]


@tracked()
class NoMaintenanceDecision(models.Model):
    """Somebody decided that devices of a type, a model, or one device need no scheduled maintenance."""

    device_type = models.ForeignKey(DeviceType, models.PROTECT, null=True, blank=True, related_name="+")
    device_model = models.ForeignKey(DeviceModel, models.PROTECT, null=True, blank=True, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, null=True, blank=True, related_name="no_maintenance")
    reason = models.CharField(max_length=400)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_by_name = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="no_maintenance_one_subject",
                condition=Q(device_type__isnull=False, device_model__isnull=True, device__isnull=True)
                | Q(device_type__isnull=True, device_model__isnull=False, device__isnull=True)
                | Q(device_type__isnull=True, device_model__isnull=True, device__isnull=False),
                violation_error_message="A decision is for a type, a model or one device.",
            ),
            models.CheckConstraint(name="no_maintenance_has_reason", condition=~Q(reason=""), violation_error_message="Give the reason."),
        ]


@tracked()
class DepartmentMonth(models.Model):
    """The month in which a department's yearly round falls; other intervals count from it."""

    department = models.OneToOneField(Department, models.CASCADE, related_name="base_month")
    month = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="department_month_range",
                condition=Q(month__range=(1, 12)),
                violation_error_message="A month is a number from 1 to 12.",
            )
        ]


class MissPolicyQuerySet(models.QuerySet["MissPolicy"]):
    def visible_to(self, actor: Actor) -> MissPolicyQuerySet:
        """Policies of facilities the actor sees, and those for everywhere else."""
        return self.filter(Q(facility__isnull=True) | Q(facility__in=Facility.objects.visible_to(actor)))


@tracked()
class MissPolicy(models.Model):
    """What follows when a visit does not happen, in a period ``[effective_from, effective_to)``. All numbers are a site's own.

    An attempt is judged by the version in force on its day (``rules.policy_periods``), however often it is judged again.
    """

    facility = models.ForeignKey(Facility, models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: everywhere else.")
    search_after_days = models.PositiveSmallIntegerField(default=7, help_text="A search task is due so many days after the first attempt.")
    escalate_after_attempts = models.PositiveSmallIntegerField(default=2)
    in_use_retry_days = models.PositiveSmallIntegerField(default=5)
    missing_after_misses = models.PositiveSmallIntegerField(default=3)
    missing_after_months = models.PositiveSmallIntegerField(default=12)
    high_risk_steps_earlier = models.PositiveSmallIntegerField(default=1)
    recent_share = models.FloatField(
        default=0.5, help_text="Done later than this share of the interval before the next: the next may be skipped with a reason."
    )
    source = models.CharField(max_length=200, default="starter")
    confidence = models.CharField(max_length=10, blank=True)
    effective_from = models.DateField(
        null=True, blank=True, help_text="First day it holds, by the clocks of the facility; empty: from the beginning."
    )
    effective_to = models.DateField(null=True, blank=True, help_text="First day it no longer holds; empty: it still does.")
    reason = models.CharField(max_length=400, blank=True, help_text="Why it was set.")
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", help_text="Who set it; empty: the system."
    )
    set_by_name = models.CharField(max_length=120, blank=True, help_text="Their name as it was then.")
    set_at = models.DateTimeField(null=True, blank=True, help_text="When it was set; empty: it came with the system.")

    objects = MissPolicyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="miss_policy_positive",
                condition=Q(escalate_after_attempts__gte=1, missing_after_misses__gte=1, missing_after_months__gte=1),
            ),
            models.CheckConstraint(
                name="miss_policy_period",
                condition=Q(effective_from__isnull=True) | Q(effective_to__isnull=True) | Q(effective_to__gt=F("effective_from")),
                violation_error_message="The end must come after the start.",
            ),
            models.CheckConstraint(
                name="miss_policy_says_why",
                condition=Q(effective_from__isnull=True) | ~Q(reason=""),
                violation_error_message="Say why the policy changes.",
            ),
            ExclusionConstraint(
                name="miss_policy_no_overlap",
                expressions=[
                    (Coalesce("facility", Value(0), output_field=models.BigIntegerField()), RangeOperators.EQUAL),
                    (
                        Func(F("effective_from"), F("effective_to"), Value("[)"), function="daterange", output_field=DateRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message="Somebody changed this policy at the same time. Load the page again.",
            ),
        ]
