"""What happened to a device: appended, never changed."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.documents.models import StoredFile
from openhtm.inventory.models.device import STATUS_CHOICES, Device
from openhtm.sites.models import Department, Facility, Location

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class StatusChange(models.Model):
    """One step in a device's life. ``on`` is the day it took effect, ``recorded_at`` when it was written."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    device = models.ForeignKey(Device, models.CASCADE, related_name="status_changes", db_index=False)
    before = models.CharField(max_length=20, choices=STATUS_CHOICES, blank=True, help_text="Empty for the first.")
    after = models.CharField(max_length=20, choices=STATUS_CHOICES)
    on = models.DateField()
    reason = models.CharField(max_length=400, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["-recorded_at", "-pk"]
        indexes = [models.Index(fields=["device", "-recorded_at"], name="status_change_device")]


class DeviceMove(models.Model):
    """A change of place or owner. Empty places mean unknown, not nowhere."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    device = models.ForeignKey(Device, models.CASCADE, related_name="moves", db_index=False)
    from_facility = models.ForeignKey(Facility, models.PROTECT, related_name="+", db_index=False)
    to_facility = models.ForeignKey(Facility, models.PROTECT, related_name="+", db_index=False)
    from_location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+", db_index=False)
    to_location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+", db_index=False)
    from_department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+", db_index=False)
    to_department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+", db_index=False)
    reason = models.CharField(max_length=400, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["-recorded_at", "-pk"]
        indexes = [models.Index(fields=["device", "-recorded_at"], name="device_move_device")]


class SightingSource(models.TextChoices):
    SCAN = "scan", "Scan"
    PERSON = "person", "Person"
    IMPORT = "import", "Import"
    FEED = "feed", "Feed"


class Sighting(models.Model):
    """Somebody or something saw the device: evidence of where it was."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    device = models.ForeignKey(Device, models.CASCADE, related_name="sightings", db_index=False)
    seen_at = models.DateTimeField()
    location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+", db_index=False)
    source = models.CharField(max_length=10, choices=SightingSource.choices)
    detail = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["-seen_at", "-pk"]
        indexes = [models.Index(fields=["device", "-seen_at"], name="sighting_device")]


class DeviceNote(models.Model):
    """A remark, signed by its author."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    device = models.ForeignKey(Device, models.CASCADE, related_name="notes")
    text = models.TextField(max_length=10_000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    author_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["-recorded_at", "-pk"]


@tracked()
class DeviceAttachment(models.Model):
    """A file kept with a device. Taking it away hides it and keeps it."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    device = models.ForeignKey(Device, models.CASCADE, related_name="attachments")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    title = models.CharField(max_length=200, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-added_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "file", "file_name"],
                condition=models.Q(removed_at__isnull=True),
                name="attachment_once",
                violation_error_message="This file is already attached.",
            )
        ]
