"""What happens on a work order: events, comments, files, labour, parts, vendors, costs, downtime."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.documents.models import StoredFile
from openhtm.inventory.models import Device
from openhtm.sites.models import ServiceProvider
from openhtm.workorders.models.codes import WorkCode
from openhtm.workorders.models.order import WorkOrder

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class WorkEvent(models.Model):
    """One thing that happened to an order: appended, never changed."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="happenings", db_index=False)
    kind = models.CharField(max_length=30, help_text="Stable code: opened, status, assigned, priority, planned, merged, released, visit …")
    before = models.CharField(max_length=200, blank=True)
    after = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=1000, blank=True, help_text="The reason, or what else there is to say.")
    public = models.BooleanField(default=False, help_text="Shown to whoever reported it.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    actor_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["-recorded_at", "-pk"]
        indexes = [models.Index(fields=["work_order", "-recorded_at"], name="work_event_order")]


class WorkComment(models.Model):
    """A remark on an order, signed by its author."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="comments", db_index=False)
    text = models.TextField(max_length=10_000)
    public = models.BooleanField(default=False, help_text="Shown to whoever reported it.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    author_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["recorded_at", "pk"]
        indexes = [models.Index(fields=["work_order", "recorded_at"], name="work_comment_order")]


@tracked()
class WorkAttachment(models.Model):
    """A file kept with an order. Taking it away hides it and keeps it."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="attachments")
    comment = models.ForeignKey(WorkComment, models.PROTECT, null=True, blank=True, related_name="attachments")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    public = models.BooleanField(default=False, help_text="Sent by whoever reported it, or shown to them.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    added_by_name = models.CharField(max_length=120, blank=True)
    added_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["added_at", "pk"]


@tracked()
class WorkWatcher(models.Model):
    """Somebody who wants to hear about an order."""

    work_order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="watchers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["work_order", "user"], name="work_watcher_once")]


@tracked()
class LabourEntry(models.Model):
    """Time of one person on an order. ``ended_at`` empty: the timer runs. A person has one running timer."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="labour")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    user_name = models.CharField(max_length=120)
    category = models.ForeignKey(WorkCode, models.PROTECT, related_name="+", db_index=False)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    minutes = models.PositiveIntegerField(default=0, help_text="Zero while the timer runs.")
    rate_cents = models.PositiveIntegerField(null=True, blank=True, help_text="Cost of an hour on that day; empty: unknown.")
    note = models.CharField(max_length=200, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["started_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(ended_at__isnull=True, removed_at__isnull=True),
                name="labour_one_timer",
                violation_error_message="Your timer already runs on another order. Stop it there first.",
            ),
            models.CheckConstraint(
                name="labour_ends_after_start",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                violation_error_message="The end must come after the start.",
            ),
            models.CheckConstraint(
                name="labour_minutes_of_a_week", condition=Q(minutes__lte=10_080), violation_error_message="Book at most a week."
            ),
        ]


@tracked()
class PartUsed(models.Model):
    """A part or consumable put into the device."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="parts")
    part_number = models.CharField(max_length=80, blank=True)
    description = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=10, decimal_places=2, default=1)
    unit_cost_cents = models.BigIntegerField(null=True, blank=True, help_text="Empty: unknown.")
    serial_or_lot = models.CharField(max_length=80, blank=True)
    expires_on = models.DateField(null=True, blank=True, help_text="Pads, batteries and other parts with a date.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    added_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["added_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="part_quantity_positive", condition=Q(quantity__gt=0), violation_error_message="The quantity must be above zero."
            ),
            models.CheckConstraint(name="part_cost_not_negative", condition=Q(unit_cost_cents__isnull=True) | Q(unit_cost_cents__gte=0)),
        ]


class ReportVerdict(models.TextChoices):
    RECEIVED = "received", "Received, to be reviewed"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Sent back"


@tracked()
class VendorReport(models.Model):
    """A service report of somebody from outside: work counts when one of us accepted it."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="vendor_reports")
    provider = models.ForeignKey(ServiceProvider, models.PROTECT, related_name="+")
    report_number = models.CharField(max_length=80, blank=True)
    performed_on = models.DateField()
    performed_by = models.CharField(max_length=120, blank=True)
    summary = models.TextField(max_length=4000, blank=True)
    labour_min = models.PositiveIntegerField(null=True, blank=True)
    cost_cents = models.BigIntegerField(null=True, blank=True, help_text="Empty: unknown or under contract.")
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    file_name = models.CharField(max_length=200, blank=True)
    verdict = models.CharField(max_length=10, choices=ReportVerdict.choices, default=ReportVerdict.RECEIVED)
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    received_at = models.DateTimeField(default=timezone.now)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["received_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="vendor_report_judged_by_somebody",
                condition=Q(verdict="received") | Q(reviewed_at__isnull=False),
            )
        ]


@tracked()
class OtherCost(models.Model):
    """A cost that is neither labour, part nor vendor report: freight, rental while repaired."""

    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="other_costs")
    description = models.CharField(max_length=200)
    cost_cents = models.BigIntegerField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    added_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["added_at", "pk"]


@tracked()
class Downtime(models.Model):
    """A time in which a device could not be used. ``ended_at`` empty: it still cannot."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    device = models.ForeignKey(Device, models.PROTECT, related_name="downtimes", db_index=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, null=True, blank=True, related_name="downtimes")
    planned = models.BooleanField(default=False, help_text="Agreed beforehand, such as for maintenance.")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["device"], condition=Q(ended_at__isnull=True), name="downtime_one_open"),
            models.CheckConstraint(
                name="downtime_ends_after_start",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                violation_error_message="The device cannot be back before it went down.",
            ),
        ]
        indexes = [models.Index(fields=["device", "-started_at"], name="downtime_device")]
