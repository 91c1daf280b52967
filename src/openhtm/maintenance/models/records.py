"""Meter readings, follow-ups of missed visits, runs of the reconcile, and levelling proposals."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.inventory.models import Device
from openhtm.maintenance.models.schedule import Schedule
from openhtm.maintenance.models.visit import Visit
from openhtm.sites.models import Facility


class MeterReading(models.Model):
    """What a meter of a device showed. Appended, never changed."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    device = models.ForeignKey(Device, models.PROTECT, related_name="meter_readings", db_index=False)
    meter = models.SlugField(max_length=40, db_index=False)
    value = models.FloatField()
    read_on = models.DateField()
    source = models.CharField(max_length=20, default="person")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    actor_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        ordering = ["-read_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="meter_not_negative", condition=Q(value__gte=0), violation_error_message="A meter does not show less than zero."
            )
        ]
        indexes = [models.Index(fields=["device", "meter", "-read_on"], name="meter_reading_device")]


@tracked()
class Escalation(models.Model):
    """A follow-up that the miss policy asks for: search, tell somebody, decide about missing."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="escalations")
    device = models.ForeignKey(Device, models.PROTECT, related_name="+")
    step = models.CharField(max_length=20, help_text="notify, search, escalate, flag, propose_missing.")
    due_on = models.DateField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    done_by_name = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=20, blank=True, help_text="found, not_found, told, first_signed, signed, no_longer_needed.")
    second_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    second_by_name = models.CharField(max_length=120, blank=True, help_text="Whoever signed second that the device is missing.")
    second_at = models.DateTimeField(null=True, blank=True, help_text="Second signature for declaring a device missing.")
    note = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "step", "due_on"], name="escalation_once"),
            models.CheckConstraint(
                name="escalation_two_people",
                condition=Q(second_by__isnull=True) | ~Q(second_by=F("done_by")),
                violation_error_message="A second person must sign this.",
            ),
        ]
        indexes = [models.Index(fields=["due_on"], name="escalation_open", condition=Q(done_at__isnull=True))]


class ReconcileRun(models.Model):
    """One run of bringing schedules, visits and orders in line with the facts."""

    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    as_of = models.DateField()
    whole = models.BooleanField(default=False, help_text="Everything was recomputed, not only what changed.")
    facts_until = models.DateTimeField(help_text="Facts recorded before this moment were taken into account.")
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]


@tracked()
class LevellingProposal(models.Model):
    """Another spread of the year's work over the months: proposed, then accepted or not, and undone if need be."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    scope = models.JSONField(default=dict, help_text="What was chosen: departments, skills, from which month.")
    before = models.JSONField(default=list, help_text="Minutes for each of the next twelve months.")
    after = models.JSONField(default=list)
    status = models.CharField(max_length=10, default="proposed", help_text="proposed, accepted, undone or dropped.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    created_by_name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]


@tracked()
class LevellingItem(models.Model):
    """One schedule that a proposal moves."""

    proposal = models.ForeignKey(LevellingProposal, models.CASCADE, related_name="items")
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="+")
    from_anchor_on = models.DateField()
    to_anchor_on = models.DateField()
    from_starts_on = models.DateField()
    to_starts_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proposal", "schedule"], name="levelling_item_once")]
