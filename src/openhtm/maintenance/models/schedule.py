"""A schedule: one procedure for one device, with the interval that holds for it now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.inventory.models import Device
from openhtm.maintenance.models.programme import CYCLES, UNITS, PlanLine, WindowStep
from openhtm.procedures.models import Procedure

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class ScheduleSource(models.TextChoices):
    TYPE = "type", "From the device type"
    MODEL = "model", "From the device model"
    DEVICE = "device", "For this device"


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def visible_to(self, actor: Actor) -> ScheduleQuerySet:
        reach = actor.reach()
        return self if reach.everywhere else self.filter(device__in=Device.objects.visible_to(actor))

    def live(self) -> ScheduleQuerySet:
        return self.filter(live=True)


@tracked()
class Schedule(models.Model):
    """Written by ``services.inherit`` from the plan lines; what a person decides stands in the lines."""

    device = models.ForeignKey(Device, models.PROTECT, related_name="schedules")
    procedure = models.ForeignKey(Procedure, models.PROTECT, related_name="schedules", db_index=False)
    plan_line = models.ForeignKey(PlanLine, models.PROTECT, related_name="schedules")
    inherited = models.CharField(max_length=6, choices=ScheduleSource.choices)
    cycle = models.CharField(max_length=10, choices=CYCLES)
    every_n = models.PositiveSmallIntegerField()
    every_unit = models.CharField(max_length=5, choices=UNITS)
    window_step = models.ForeignKey(WindowStep, models.PROTECT, related_name="+", db_index=False)
    blackout_months = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    meter = models.SlugField(max_length=40, blank=True, db_index=False)
    meter_every = models.FloatField(null=True, blank=True)
    meter_at_done = models.FloatField(null=True, blank=True, help_text="Reading when it was last done.")
    anchor_on = models.DateField(help_text="The grid counts from here.")
    starts_on = models.DateField(help_text="No visit is due before this day under this interval.")
    ends_on = models.DateField(null=True, blank=True, help_text="No visit is due after this day.")
    first_due_rule = models.CharField(max_length=40, default="acceptance", help_text="Why it starts when it starts.")
    live = models.BooleanField(default=True)
    changed_at = models.DateTimeField(
        default=timezone.now, help_text="Its visits are brought in line when this is newer than the last run."
    )

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ["device", "procedure"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "procedure"], name="schedule_once", violation_error_message="This device already has that procedure."
            ),
            models.CheckConstraint(name="schedule_every_positive", condition=Q(every_n__gte=1)),
            models.CheckConstraint(name="schedule_not_always_blacked_out", condition=Q(blackout_months__len__lt=12)),
        ]
        indexes = [
            models.Index(fields=["procedure", "device"], name="schedule_procedure"),
            models.Index(fields=["changed_at"], name="schedule_changed"),
        ]


class ScheduleChange(models.Model):
    """An interval, anchor or end that was changed: what, why, by whom. Appended, never changed."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=20, help_text="created, interval, anchor, window, ended, revived, levelled.")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=400, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    actor_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        ordering = ["-recorded_at", "-pk"]
